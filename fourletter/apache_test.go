package fourletter

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
)

// ask returns what Apache's server replies.
func ask(t *testing.T, addr, word string) string {
	t.Helper()
	reply, err := (&Client{}).Ask(t.Context(), addr, word)
	if err != nil {
		t.Fatalf("%s: %v", word, err)
	}
	return reply
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// What Apache's server replies is parsed whole: written again, it is the same.
func TestApachesReplies(t *testing.T) {
	for name, s := range map[string]*zktest.Server{"standalone": zktest.Apache(t, ""), "leader": zktest.ApacheEnsemble(t)} {
		t.Run(name, func(t *testing.T) {
			c := zktest.Connect(t, s.Addr)
			must[string](t)(c.Create("/eph", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))
			if _, _, _, err := c.GetW("/eph"); err != nil {
				t.Fatal(err)
			}
			for _, w := range parsers {
				reply := ask(t, s.Addr, w.name)
				_, text, err := w.parse(reply)
				if err != nil {
					t.Errorf("%s: %v", w.name, err)
					continue
				}
				if w.name == "dump" { // the heading of connections is not kept
					reply = dropLine(reply, "Connections Sets")
				}
				if strings.TrimSpace(text) != strings.TrimSpace(reply) {
					t.Errorf("%s\n got %q\nwant %q", w.name, text, reply)
				}
			}
			checkMeaning(t, s.Addr, c.SessionID())
		})
	}
}

// checkMeaning checks what a person would look at.
func checkMeaning(t *testing.T, addr string, session int64) {
	srvr := must[*Srvr](t)(ParseSrvr(ask(t, addr, "srvr")))
	if srvr.Number() != "3.8.0" || srvr.Znodes < 5 || srvr.Zxid == 0 || !slices.Contains([]string{"standalone", "leader"}, srvr.Mode) {
		t.Errorf("srvr %+v", srvr)
	}
	conns := must[[]Conn](t)(ParseCons(ask(t, addr, "cons")))
	if !slices.ContainsFunc(conns, func(c Conn) bool { return c.Session == session && strings.HasPrefix(c.Addr, "127.0.0.1:") }) {
		t.Errorf("cons %+v, without session 0x%x", conns, session)
	}
	dump := must[*Dump](t)(ParseDump(ask(t, addr, "dump")))
	if !slices.Contains(dump.Sessions(), session) || len(dump.Ephemerals) != 1 || !slices.Equal(dump.Ephemerals[0].Paths, []string{"/eph"}) {
		t.Errorf("dump %+v", dump)
	}
	wchp := must[[]PathSessions](t)(ParseWchp(ask(t, addr, "wchp")))
	if len(wchp) != 1 || wchp[0].Path != "/eph" || !slices.Equal(wchp[0].Sessions, []int64{session}) {
		t.Errorf("wchp %+v", wchp)
	}
	wchs := must[*Wchs](t)(ParseWchs(ask(t, addr, "wchs")))
	if *wchs != (Wchs{1, 1, 1}) {
		t.Errorf("wchs %+v", wchs)
	}
	mntr := must[*Mntr](t)(ParseMntr(ask(t, addr, "mntr")))
	if n, ok := mntr.Number("znode_count"); n < 5 || !ok {
		t.Errorf("mntr: %v znodes", n)
	}
	for word, parse := range map[string]func(string) error{"ruok": ParseRuok, "srst": ParseSrst, "crst": ParseCrst} {
		if err := parse(ask(t, addr, word)); err != nil {
			t.Error(err)
		}
	}
	if ro := must[bool](t)(ParseIsro(ask(t, addr, "isro"))); ro {
		t.Error("it says that it only reads")
	}
	if mask := must[int64](t)(ParseMask(ask(t, addr, Stmk(262)))); mask != 262 {
		t.Errorf("stmk %d", mask)
	}
	if mask := must[int64](t)(ParseMask(ask(t, addr, "gtmk"))); mask != 262 {
		t.Errorf("gtmk %d", mask)
	}
}

func dropLine(s, prefix string) string {
	var kept []string
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, prefix) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
