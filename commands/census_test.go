package commands

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/fourletter"
	"zook/internal/zktest"
)

type seenSession struct {
	Session, Client, Server, Expires, LastOp string
	TimeoutMs                                int64
	Ephemerals, Watches                      []string
}

// Three clients, each on a server of its own with an ephemeral, as all servers tell
// of them together; then without one of the servers.
func TestSessionsAndClients(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	leader := members.Leader()
	for i, s := range members {
		c := zktest.Connect(t, s.Addr)
		path := "/held-" + string(rune('a'+i))
		if _, err := c.Create(path, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if _, _, _, err := c.GetW("/zookeeper"); err != nil {
				t.Fatal(err)
			}
		}
	}
	one := members[leader].Addr // the others are found in the configuration

	var sessions []seenSession
	eventually(t, "the sessions are not told", func() bool {
		sessions, _ = jsonOf[[]seenSession](t, one, "sessions")
		return len(sessions) == 3 && !slices.ContainsFunc(sessions, func(s seenSession) bool { return s.Expires == "" })
	})
	for i, s := range sessions { // the id begins with that of the server
		want := "/held-" + string(rune('a'+i))
		if s.Server != members[i].Addr || !strings.HasPrefix(s.Client, "127.0.0.1:") || s.TimeoutMs != 10000 || s.Expires == "" ||
			s.LastOp == "" || !slices.Equal(s.Ephemerals, []string{want}) {
			t.Errorf("session %+v, want %s on %s", s, want, members[i].Addr)
		}
	}
	b := sessions[1]
	if out := zook(t.Context(), one, "", "sessions", "--path", "/held-[bx]"); strings.Count(out, "\n") != 2 || !strings.HasPrefix(out, b.Session+"\t"+b.Client+"\t") || !strings.HasSuffix(out, "\n\t/held-b\n") {
		t.Errorf("who holds /held-b: %s", out)
	}

	clients, _ := jsonOf[[]seenSession](t, one, "clients", "--sort", "session")
	if len(clients) != 3 || clients[1].Session != b.Session || clients[1].Client != b.Client || clients[1].Server != members[1].Addr {
		t.Errorf("clients %+v, want one to be %+v", clients, b)
	}
	holds, _ := jsonOf[[]seenSession](t, one, "clients", "--path", "/held-b")
	if len(holds) != 1 || holds[0].Client != b.Client || !slices.Equal(holds[0].Ephemerals, []string{"/held-b"}) {
		t.Errorf("who holds /held-b: %+v", holds)
	}
	watches, _ := jsonOf[[]seenSession](t, one, "clients", "--path", "/zookeeper", "--watches")
	if len(watches) != 1 || watches[0].Client != b.Client || !slices.Equal(watches[0].Watches, []string{"/zookeeper"}) {
		t.Errorf("who watches /zookeeper: %+v", watches)
	}
	for ip, want := range map[string]int{"127.0.0.0/8": 3, "127.": 3, "127.0.0.1": 3, "10.0.0.0/8": 0, "127.0.0.2": 0, "10.": 0} {
		if got, _ := jsonOf[[]seenSession](t, one, "clients", "--ip", ip); len(got) != want {
			t.Errorf("--ip %s: %d clients, want %d", ip, len(got), want)
		}
	}

	stopped := members[(leader+1)%3]
	stopped.Suspend()
	start := time.Now()
	out := zook(t.Context(), one, "", "clients", "--timeout", "1s")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.HasPrefix(out, "! zook: clients "+stopped.Addr+": no answer in time\n") || strings.Count(out, "\n") != 4 || !strings.HasSuffix(out, "\n= 8\n") {
		t.Errorf("a server hangs: %s", out)
	}
	stopped.Resume()
}

// One server that stands alone tells of its clients all that the commands show.
func TestSessionsAndClientsOfOneServer(t *testing.T) {
	onFreshServers(t, func(t *testing.T, addr string) {
		c := zktest.Connect(t, addr)
		if _, err := c.Create("/held", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := c.GetW("/held"); err != nil {
			t.Fatal(err)
		}
		sessions, _ := jsonOf[[]seenSession](t, addr, "sessions")
		clients, _ := jsonOf[[]seenSession](t, addr, "clients", "--path", "/held", "--watches")
		id := fmt.Sprintf("0x%x", c.SessionID())
		if len(sessions) != 1 || sessions[0].Session != id || sessions[0].TimeoutMs != 10000 || sessions[0].Expires == "" ||
			sessions[0].LastOp != "GETD" || !slices.Equal(sessions[0].Ephemerals, []string{"/held"}) {
			t.Errorf("sessions %+v", sessions)
		}
		if len(clients) != 1 || clients[0].Session != id || !strings.HasPrefix(clients[0].Client, "127.0.0.1:") ||
			!slices.Equal(clients[0].Ephemerals, []string{"/held"}) || !slices.Equal(clients[0].Watches, []string{"/held"}) {
			t.Errorf("clients %+v", clients)
		}
		out := zook(t.Context(), addr, "", append([]string{"check"}, patient...)...)
		for _, name := range []string{"latency", "latency-p99", "outstanding", "connections", "znodes", "watches", "data-size", "descriptors", "zxid", "disk"} {
			if !strings.Contains(out, "ok\t"+name+"\t") {
				t.Errorf("%s is not checked:\n%s", name, out)
			}
		}
		status, _ := jsonOf[struct{ Servers []map[string]any }](t, addr, "status")
		for _, name := range []string{"znodes", "watches", "ephemerals", "dataSize", "openFiles", "maxFiles", "uptimeMs"} {
			if n, ok := status.Servers[0][name].(float64); !ok || n < 1 {
				t.Errorf("%s is not told: %v", name, status)
			}
		}
	})
}

// dumped is a reply to dump.
func dumped(t *testing.T, reply string) *fourletter.Dump {
	t.Helper()
	d, err := fourletter.ParseDump(reply)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestClientsUsage(t *testing.T) {
	play(t, "127.0.0.1:1", `
	$ zook clients --sort age
	! zook: clients: --sort: there is no "age"; there are client, server, session, received, sent, queued, latency, max, since
	= 2
	$ zook clients --ip zk1
	! zook: clients: --ip: "zk1" is no address such as 10.0.0.7, its beginning, or a range such as 10.0.0.0/8 (zook clients --help)
	= 2
	$ zook clients --ip 10.0.0.0/99
	! zook: clients: --ip: "10.0.0.0/99" is no range of addresses such as 10.0.0.0/8 (zook clients --help)
	= 2
	$ zook clients --watches
	! zook: clients: --watches needs a --path
	= 2
	$ zook clients
	! zook: clients 127.0.0.1:1: connection refused
	= 8
	$ zook sessions -o json
	! zook: sessions 127.0.0.1:1: connection refused
	[]
	= 8
`)
}

func TestIPFilter(t *testing.T) {
	for _, test := range []struct {
		filter, addr string
		want         bool
	}{
		{"10.1.", "10.1.2.3:4000", true}, {"10.1.", "10.12.2.3:4000", false}, {"10.1.2.3", "10.1.2.30:4000", false},
		{"10.0.0.0/8", "10.1.2.3:4000", true}, {"10.0.0.0/8", "[::ffff:10.1.2.3]:4000", true}, {"10.0.0.0/8", "[fe80::1%eth0]:4000", false},
		{"fe80::/10", "[fe80::1%eth0]:4000", true}, {"fe80:", "[fe80::1]:4000", true}, {"10.0.0.0/8", "", false}, {"", "", true},
	} {
		var f ipFilter
		if test.filter != "" {
			if err := f.Set(test.filter); err != nil {
				t.Fatal(err)
			}
		}
		if f.holds(test.addr) != test.want {
			t.Errorf("%q holds %q: %v", test.filter, test.addr, !test.want)
		}
	}
}

// A leader's word counts: a follower may still tell of ephemerals that are gone.
func TestCensusBelievesTheLeader(t *testing.T) {
	c := &census{servers: []*headcount{
		{addr: "f", dump: dumped(t, "SessionTracker dump:\nGlobal Sessions(2):\n0x1\t4000ms\n0x2\t5000ms\nephemeral nodes dump:\nSessions with Ephemerals (1):\n0x1:\n\t/gone\n")},
		{addr: "l", dump: dumped(t, "SessionTracker dump:\nSession Sets (1)/(2):\n2 expire at Sat Nov 21 14:18:15 UTC 2026:\n\t0x1\n\t0x3\nephemeral nodes dump:\nSessions with Ephemerals (1):\n0x3:\n\t/b\n\t/a\n")},
	}}
	got := c.sessions()
	if len(got) != 3 || len(got[0].Ephemerals) != 0 || got[0].TimeoutMs != 4000 || got[0].Expires != "2026-11-21T15:18:15.000+01:00" ||
		got[1].Expires != "" || !slices.Equal(got[2].Ephemerals, []string{"/a", "/b"}) || got[2].TimeoutMs != 0 {
		for _, s := range got {
			t.Errorf("%+v", *s)
		}
	}
	if d := "Sat Nov 21 14:18:15 XYZ 2026"; expiry(d) != d {
		t.Errorf("a zone that is not known: %s", expiry(d))
	}
}
