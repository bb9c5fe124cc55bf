package server

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

var (
	mixedSeeds = flag.Int("mixed.seeds", 3, "how many loads of each kind TestMixedLoadsAreApaches plays")
	mixedFirst = flag.Int("mixed.first", 0, "the first seed")
	mixedSteps = flag.Int("mixed.steps", 700, "how many requests a load has")
)

// TestMixedLoadsAreApaches plays recorded loads to Apache's server and to ours: requests
// of all kinds by several sessions, right ones and wrong ones, and what becomes of the
// connections. What each connection gets has to be equal field by field and in the same
// order, events included, but for times and session ids; in the end so have the trees in
// the data directories of both. At last each server starts on the files of the other, and
// shows the same.
//
// A load that makes a difference is made smaller until nothing can be left out of it.
//
//	go test ./server -run TestMixedLoads -mixed.seeds 100 -timeout 1h
func TestMixedLoadsAreApaches(t *testing.T) {
	if *mixedSeeds == 0 {
		t.Skip("-mixed.seeds=0")
	}
	m := &mixed{t: t}
	m.start("", t.TempDir())
	for seed := *mixedFirst; seed < *mixedFirst+*mixedSeeds; seed++ {
		for kind := range atOnce + 1 {
			t.Run(fmt.Sprintf("%v, seed %d", kind, seed), func(t *testing.T) {
				m.t = t
				if m.failed {
					t.Skip("the servers are out of step")
				}
				l := makeLoad(uint64(seed), *mixedSteps, kind)
				if d := m.play(l); d.at >= 0 {
					m.failed = true
					t.Errorf("the load makes a difference at %s\n%s", d.name, m.shrink(l, d))
				}
			})
		}
	}
	t.Run("change of places", func(t *testing.T) {
		if m.failed {
			t.Skip("the servers are out of step")
		}
		m.t = t
		m.apache.Stop()
		if err := m.ours.Close(); err != nil {
			t.Fatal(err)
		}
		m.start(m.ours.cfg.DataDir, m.apache.DataDir)
		compareRuns(t, run(t, m.apache.Addr, everyZnode), run(t, m.ours.Addr(), everyZnode), nil)
	})
}

// start starts Apache's server and ours. The reaper has no part in this: when it runs
// is left to chance.
func (m *mixed) start(apacheDir, ourDir string) {
	m.apache = zktest.Apache(m.t, apacheDir, "tickTime=2000", "enforceQuota=true", "forceSync=no", "-Dznode.container.checkIntervalMs=2000000000")
	m.ours = start(m.t, Config{DataDir: ourDir, TickTime: 2 * time.Second, ExtendedTypes: true, EnforceQuota: true, ContainerCheckInterval: time.Hour})
}

// everyZnode notes what a client with several identities sees of each znode.
func everyZnode(p *program) {
	for _, user := range []string{"ann", "bob", "cy"} {
		p.a("user "+user, jute.OpAuth, reqAuth("digest", user+":secret"))
	}
	var below func(path string)
	below = func(path string) {
		p.a("data of "+path, jute.OpGetData, reqGet(path, false))
		p.a("ACL of "+path, jute.OpGetACL, reqACL(path))
		p.a("children of "+path, jute.OpGetChildren2, reqList(path, false))
		p.a("number below "+path, jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: path})
		for _, name := range childrenOf(p.on("a"), path) {
			below(jute.JoinPath(path, name))
		}
	}
	below("/")
}

// load is a recorded load.
type load struct {
	steps []loadStep
	root  string // of all its paths
	kind  loadKind
}

// loadStep is one thing that a client does.
type loadStep struct {
	conn  string
	does  string // in words
	op    jute.OpCode
	frame []byte // the request but its length; none: the connection is lost, and the session comes back on another
	since int64  // of setWatches: transactions since the load began
	burst int    // steps of the same number go out together; 0 is none
}

type mixed struct {
	t      *testing.T
	apache *zktest.Server
	ours   *Server
	plays  int
	failed bool
}

// difference is the first step of which different things came; at is -1 for none.
type difference struct {
	at                 int
	name, apache, ours string
}

// play plays a load to both servers, below a root of its own.
func (m *mixed) play(l *load) difference {
	m.plays++
	root := fmt.Sprintf("/mixed%05d/r", m.plays) // of the same length each time
	here := &load{root: root, kind: l.kind}
	for _, s := range l.steps {
		s.frame = bytes.ReplaceAll(s.frame, []byte(l.root[1:]), []byte(root[1:]))
		here.steps = append(here.steps, s)
	}
	got := run(m.t, m.ours.Addr(), func(p *program) {
		if l.kind == atOnce {
			here = here.playAtOnce(p, m.ours.cfg.DataDir)
		} else {
			here.playTo(p, m.ours.cfg.DataDir)
		}
	})
	want := run(m.t, m.apache.Addr, func(p *program) { here.playTo(p, m.apache.DataDir) })
	for i := range max(len(want), len(got)) {
		d := difference{at: i}
		if i < len(want) {
			d.name, d.apache = want[i].name, alike(want[i].came)
		}
		if i < len(got) {
			d.name, d.ours = got[i].name, alike(got[i].came)
		}
		if d.apache != d.ours && !sinceThen(d) {
			return d
		}
	}
	return difference{at: -1}
}

// shrink leaves out steps as long as there is a difference, and tells what remains.
func (m *mixed) shrink(l *load, d difference) string {
	end := time.Now().Add(time.Minute)
	steps := l.steps[:min(d.at+1, len(l.steps))]
	if again := m.play(&load{steps, l.root, l.kind}); again.at < 0 {
		steps = l.steps // it is in the trees alone
	}
	for size := (len(steps) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(steps) && time.Now().Before(end); {
			fewer := slices.Concat(steps[:at], steps[min(at+size, len(steps)):])
			if again := m.play(&load{fewer, l.root, l.kind}); again.at >= 0 {
				steps, d = fewer, again
			} else {
				at += size
			}
		}
	}
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "    %s: %s\n", s.conn, s.does)
	}
	fmt.Fprintf(&b, "of the last, %s,\nApache  %s\nours    %s", d.name, d.apache, d.ours)
	return b.String()
}

// playTo plays a load to one server, whose files are in dir.
func (l *load) playTo(p *program, dir string) {
	l.begin(p)
	for i := 0; i < len(l.steps); {
		n := 1
		for s := l.steps[i]; s.burst != 0 && i+n < len(l.steps) && l.steps[i+n].burst == s.burst; {
			n++
		}
		l.burst(p, i, l.steps[i:i+n])
		i += n
	}
	l.end(p, dir)
}

// begin opens the sessions and makes what everything is below.
func (l *load) begin(p *program) {
	for _, conn := range mixedConns {
		p.on(conn)
		if l.kind == atOnce { // when authentication would overtake requests
			p.do(conn, conn+" is", jute.OpAuth, reqAuth("digest", mixedUsers[conn]))
		}
	}
	for _, path := range []string{jute.ParentPath(l.root), l.root, l.root + "/e"} {
		p.a(path, jute.OpCreate, reqCreate(path, "", 0))
	}
}

// end notes what has not been seen yet.
func (l *load) end(p *program, dir string) {
	for _, conn := range mixedConns {
		if p.conns[conn] != nil {
			p.note(conn+" saw", "%s", p.pinged(conn))
		}
	}
	// Apache writes a wrong digest of a container with the flags of an ephemeral; the
	// next one is right again.
	for _, end := range []string{"-1", "-2"} {
		p.a("end"+end, jute.OpCreate, reqCreate(jute.ParentPath(l.root)+end, "", 0))
	}
	p.wholeTree(dir, l.root)
}

// burst sends what goes out together, on one connection, and notes what comes.
func (l *load) burst(p *program, first int, steps []loadStep) {
	p.t.Helper()
	conn := steps[0].conn
	w := p.on(conn)
	w.nc.SetDeadline(time.Now().Add(2 * time.Minute))
	if steps[0].frame == nil {
		w.nc.Close()
		n := w.resume(p.addr)
		p.note(fmt.Sprintf("%d %s %s", first, conn, steps[0].does), "back: %v", n.session.SessionID == w.session.SessionID)
		p.conns[conn] = n
		return
	}
	for _, s := range steps {
		frame := s.frame
		if s.since > 0 {
			frame = slices.Clone(frame)
			binary.BigEndian.PutUint64(frame[8:], uint64(p.base+s.since))
		}
		w.tryWrite(frame)
	}
	for i, s := range steps {
		came := p.replyTo(w, int32(binary.BigEndian.Uint32(s.frame)), s.op)
		if s.op == jute.OpCloseSession {
			came = inOrder(came)
		}
		p.note(fmt.Sprintf("%d %s %s", first+i, conn, s.does), "%s", came)
		if s.op == jute.OpCloseSession {
			p.note(fmt.Sprintf("%d %s closes", first+i, conn), "closed: %v", w.isClosed(20*time.Second))
			delete(p.conns, conn)
			if l.kind != atOnce {
				p.othersSee(first + i)
			}
			return
		}
	}
}

// replyTo reads up to the reply of a request.
func (p *program) replyTo(w *wire, xid int32, op jute.OpCode) string {
	var came []string
	for {
		f, err := w.next()
		if err != nil {
			return strings.Join(append(came, "closed"), "; ")
		}
		came = append(came, p.frameText(op, xid, &f))
		if f.Xid != jute.XidNotification {
			return strings.Join(came, "; ")
		}
	}
}

// frameText is an event, or what should be the reply to a request, in words.
func (p *program) frameText(op jute.OpCode, xid int32, f *frame) string {
	if f.Xid == jute.XidNotification {
		e := f.event()
		text := fmt.Sprintf("event %v %v %s", e.Type, e.State, e.Path)
		if zktest.OtherVersion() { // before 3.9 they had no zxid
			text += " at " + p.zxid(f.Zxid)
		}
		return text
	}
	text := p.describe(op, f)
	if op == jute.OpPing {
		xid = jute.XidPing
	}
	if f.Xid != xid {
		text = fmt.Sprintf("xid %d: %s", f.Xid, text)
	}
	return text
}

// othersSee takes the events of a session's end from all connections: they come in no
// order with Apache.
func (p *program) othersSee(at int) {
	for _, conn := range mixedConns {
		if p.conns[conn] != nil {
			p.note(fmt.Sprintf("%d %s sees", at, conn), "%s", inOrder(p.pinged(conn)))
		}
	}
}

// pinged is what has come by now.
func (p *program) pinged(conn string) string {
	w := p.conns[conn]
	w.tryWrite(encodeRequest(jute.XidPing, jute.OpPing, nil))
	return p.replyTo(w, jute.XidPing, jute.OpPing)
}

// inOrder puts what came in an order.
func inOrder(came string) string {
	all := strings.Split(came, "; ")
	slices.Sort(all)
	return strings.Join(all, "; ")
}
