package server

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// resume is a program's step: one connection asks for the session of another. It
// notes what the handshake is answered with and whether the connection is closed.
func (p *program) resume(name, from, to string, change func(*jute.ConnectRequest)) {
	p.t.Helper()
	old := p.conns[from]
	req := jute.ConnectRequest{Timeout: old.session.Timeout, SessionID: old.session.SessionID, Passwd: old.session.Passwd}
	if change != nil {
		change(&req)
	}
	w := connect(p.t, p.addr)
	w.write(jute.Marshal(&req))
	b, err := w.read()
	if err != nil {
		p.note(name, "no answer")
		return
	}
	if err := jute.Unmarshal(b, &w.session); err != nil {
		p.t.Fatalf("%s: %v in % x", name, err, b)
	}
	r := w.session
	p.note(name, "%d bytes, timeout %d, the same session %v, the same password %v, zeros %v, read-only %v", len(b), r.Timeout,
		r.SessionID == old.session.SessionID, string(r.Passwd) == string(old.session.Passwd), string(r.Passwd) == string(make([]byte, 16)), r.ReadOnly)
	if r.SessionID == 0 {
		p.note(name+": closed", "%v", w.isClosed(5*time.Second))
		return
	}
	p.conns[to] = w
}

// Who gets a session, who loses it, and what each of them is told.
func TestSessionsAreApaches(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=200")
	ours := start(t, Config{TickTime: 200 * time.Millisecond})
	wrong := func(r *jute.ConnectRequest) { r.Passwd = []byte("0123456789abcdef") }
	for name, body := range map[string]func(*program){
		"taken over": func(p *program) {
			p.a("digest", jute.OpAuth, reqAuth("digest", "me:pw"))
			p.a("create", jute.OpCreate, reqCreate("/taken", "", jute.Ephemeral))
			p.a("watch", jute.OpGetData, reqGet("/taken", true))
			p.resume("from another connection", "a", "b", func(r *jute.ConnectRequest) { r.Timeout, r.ReadOnly = 1000, true })
			p.closed("a", "the first")
			p.b("the ephemeral", jute.OpGetData, reqGet("/taken", false))
			p.b("the watch", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/taken", Type: jute.WatcherAny})
			p.b("who", jute.OpWhoAmI, nil)
			p.resume("with less", "b", "c", func(r *jute.ConnectRequest) { r.Timeout = 1 })
			p.closed("b", "the second")
			p.do("c", "the ephemeral still", jute.OpGetData, reqGet("/taken", false))
			p.do("c", "delete", jute.OpDelete, reqDelete("/taken", 0))
		},
		"wrong password": func(p *program) {
			p.a("create", jute.OpCreate, reqCreate("/wrong", "", jute.Ephemeral))
			first := p.on("a").session
			p.resume("wrong", "a", "b", wrong)
			p.closed("a", "whoever had the session")
			p.conns["a"] = &wire{t: p.t, session: first}
			p.resume("right", "a", "c", nil)
			delete(p.conns, "a")
			p.do("c", "the session lives", jute.OpGetData, reqGet("/wrong", false))
			p.resume("none", "c", "d", func(r *jute.ConnectRequest) { r.Passwd = nil })
			p.closed("c", "again")
		},
		"zxid of the future": func(p *program) {
			p.a("create", jute.OpCreate, reqCreate("/future", "", jute.Ephemeral))
			p.resume("ahead", "a", "b", func(r *jute.ConnectRequest) { r.LastZxidSeen = 1 << 50 })
			p.a("nobody is disturbed", jute.OpGetData, reqGet("/future", false))
			p.resume("of another session", "a", "b", func(r *jute.ConnectRequest) { r.SessionID++ })
			p.a("nor by that", jute.OpGetData, reqGet("/future", false))
			p.resume("not ours at all", "a", "b", func(r *jute.ConnectRequest) { r.SessionID = -r.SessionID })
			p.a("nor by this", jute.OpGetData, reqGet("/future", false))
		},
		"closed": func(p *program) {
			p.b("another", jute.OpExists, reqExists("/closed", true))
			p.a("create", jute.OpCreate, reqCreate("/closed", "", jute.Ephemeral))
			p.b("it is told", jute.OpExists, reqExists("/closed", true))
			session := p.on("a").session
			p.a("close", jute.OpCloseSession, nil)
			p.closed("a", "it ends")
			p.b("it is told again", jute.OpExists, reqExists("/closed", false))
			p.conns["a"] = &wire{t: p.t, session: session}
			p.resume("it is no more", "a", "c", nil)
			delete(p.conns, "a")
		},
		"expired": func(p *program) {
			p.noZxids = true
			w := connect(p.t, p.addr)
			w.handshake(jute.ConnectRequest{Timeout: 400})
			p.on("b")
			p.conns["a"] = w
			p.a("create", jute.OpCreate, reqCreate("/expired", "", jute.Ephemeral))
			p.note("it ends without a word", "%v", w.isClosed(10*time.Second))
			p.b("the ephemeral", jute.OpExists, reqExists("/expired", false))
			p.resume("it is no more", "a", "c", nil)
			delete(p.conns, "a")
		},
		"many handshakes": func(p *program) {
			p.on("a")
			for i := range 5 {
				from, to := fmt.Sprint(i), fmt.Sprint(i+1)
				if i == 0 {
					from = "a"
				}
				p.resume("round "+to, from, to, nil)
				p.do(to, "create "+to, jute.OpCreate, reqCreate("/many-", "", jute.EphemeralSequential))
				p.closed(from, "closed "+from)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			compareRuns(t, run(t, apache.Addr, body), run(t, ours.Addr(), body), nil)
		})
	}
}

// What Apache's own client makes of it.
func TestSessionsOfJavaClients(t *testing.T) {
	if _, err := exec.LookPath("javac"); err != nil {
		zktest.NeedPeer(t, "no javac: apt-get install default-jdk-headless")
	}
	apache, ours := bothServers(t)
	program := filepath.Join("testdata", "SessionProgram.java")
	got := output(t, zktest.Java(t, nil, program, ours))
	if !strings.HasSuffix(got, "done\n") {
		t.Errorf("it did not come to its end:\n%s", got)
	}
	sameLines(t, got, output(t, zktest.Java(t, nil, program, apache)))
}
