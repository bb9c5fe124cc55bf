package server

import (
	"fmt"
	"math"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

const tick = 100 * time.Millisecond

func TestTimeoutsAreNegotiated(t *testing.T) {
	s := start(t, Config{TickTime: tick})
	for asked, want := range map[int32]int32{
		0: 200, 1: 200, -5: 200, 199: 200, 200: 200, 1234: 1234, 2000: 2000, 2001: 2000, math.MaxInt32: 2000, math.MinInt32: 200} {
		w := connect(t, s.Addr())
		if r := w.handshake(jute.ConnectRequest{Timeout: asked}); r.Timeout != want || r.SessionID == 0 || len(r.Passwd) != 16 {
			t.Errorf("asked for %d ms: %+v, want %d", asked, r, want)
		}
	}
	s = start(t, Config{TickTime: tick, MinSessionTimeout: time.Second, MaxSessionTimeout: 3 * time.Second})
	for asked, want := range map[int32]int32{1: 1000, 2500: 2500, 10_000: 3000} {
		if r := connect(t, s.Addr()).handshake(jute.ConnectRequest{Timeout: asked}); r.Timeout != want {
			t.Errorf("asked for %d ms: got %d, want %d", asked, r.Timeout, want)
		}
	}
}

func TestReconnectNegotiatesAgain(t *testing.T) {
	s := start(t, Config{TickTime: tick})
	w := openSession(t, s.Addr(), 2*time.Second)
	w.create("/e", "", jute.Ephemeral)
	w.session.Timeout = 300
	if w = w.resume(s.Addr()); w.session.Timeout != 300 {
		t.Fatalf("%+v", w.session)
	}
	b := openSession(t, s.Addr(), 2*time.Second)
	w.nc.Close()
	begin := time.Now()
	for b.exists("/e") && time.Since(begin) < 10*time.Second {
		time.Sleep(tick / 10)
	}
	if took := time.Since(begin); took < 200*time.Millisecond || took > 1900*time.Millisecond {
		t.Errorf("the session went after %v, its last timeout was 300 ms", took)
	}
}

// A session that is not heard of goes within a tick of its timeout, with its
// ephemerals, and its watchers are told.
func TestExpiry(t *testing.T) {
	s := start(t, Config{TickTime: tick})
	quiet, busy, w := openSession(t, s.Addr(), 3*tick), openSession(t, s.Addr(), 3*tick), openSession(t, s.Addr(), 20*tick)
	begin := time.Now()
	quiet.create("/quiet", "", jute.Ephemeral)
	busy.create("/busy", "", jute.Ephemeral)
	keepAlive(t, busy) // a ping is enough to live
	w.do(jute.OpExists, reqExists("/quiet", true), nil)
	f, err := w.next()
	took := time.Since(begin)
	if e := f.event(); err != nil || e.Type != jute.EventNodeDeleted || e.Path != "/quiet" {
		t.Fatalf("%+v, %v instead of the event", f, err)
	}
	if took < 3*tick {
		t.Errorf("it expired after %v", took)
	}
	if took > 4*tick+time.Second { // a second for a machine that is busy
		t.Errorf("it expired only after %v", took)
	}
	if !quiet.isClosed(5 * time.Second) {
		t.Error("the connection of an expired session stays open")
	}
	if r := quiet.resume(s.Addr()).session; r.SessionID != 0 || r.Timeout != 0 {
		t.Errorf("an expired session was resumed: %+v", r)
	}
	time.Sleep(4 * tick)
	if !w.exists("/busy") {
		t.Error("a session that pings has expired")
	}
}

func TestCloseSessionRemovesEphemeralsFirst(t *testing.T) {
	s := start(t, Config{})
	b := openSession(t, s.Addr(), 10*time.Second)
	for i := range 50 {
		a := openSession(t, s.Addr(), 10*time.Second)
		path := fmt.Sprintf("/e%d", i)
		a.create(path, "", jute.Ephemeral)
		a.send(jute.OpCreate, reqCreate(path+"-late", "", jute.Ephemeral))
		xid := a.send(jute.OpCloseSession, nil)
		for {
			f, err := a.next()
			if err != nil {
				t.Fatalf("no reply: %v", err)
			}
			if f.Xid == xid {
				break
			}
		}
		if b.exists(path) || b.exists(path+"-late") {
			t.Fatal("an ephemeral is there after its session was closed")
		}
		if !a.isClosed(5 * time.Second) {
			t.Fatal("the connection stays open")
		}
		if r := a.resume(s.Addr()).session; r.SessionID != 0 {
			t.Fatalf("a closed session was resumed: %+v", r)
		}
	}
	if n := s.tree.Counts().Ephemerals; n != 0 {
		t.Errorf("%d ephemerals are left", n)
	}
}

func TestResume(t *testing.T) {
	s := start(t, Config{TickTime: tick})
	a := openSession(t, s.Addr(), 20*tick)
	a.create("/e", "", jute.Ephemeral)
	a.do(jute.OpExists, reqExists("/e", true), nil)

	wrong := *a
	wrong.session.Passwd = make([]byte, 16)
	if r := wrong.resume(s.Addr()); r.session.SessionID != 0 || !r.isClosed(5*time.Second) {
		t.Errorf("a wrong password: %+v", r.session)
	}
	if !a.isClosed(5 * time.Second) {
		t.Error("whoever had the session is not disconnected, as Apache's server does it")
	}
	a = a.resume(s.Addr())
	wrong.session.Passwd = nil
	if r := wrong.resume(s.Addr()); r.session.SessionID != 0 {
		t.Errorf("no password: %+v", r.session)
	}
	a = a.resume(s.Addr())
	wrong = *a
	wrong.session.SessionID++
	if r := wrong.resume(s.Addr()); r.session.SessionID != 0 {
		t.Errorf("the password of another session: %+v", r.session)
	}
	wrong.session.Passwd = sessionPassword(wrong.session.SessionID)
	if r := wrong.resume(s.Addr()); r.session.SessionID != 0 {
		t.Errorf("a session that never was: %+v", r.session)
	}
	if !a.exists("/e") {
		t.Fatal("the session did not live through that")
	}

	b := a.resume(s.Addr())
	if b.session.SessionID != a.session.SessionID || string(b.session.Passwd) != string(a.session.Passwd) {
		t.Fatalf("resumed: %+v, was %+v", b.session, a.session)
	}
	if !a.isClosed(5 * time.Second) {
		t.Error("two connections have one session")
	}
	b.do(jute.OpSetData, reqSet("/e", "x", -1), nil)
	if f, _ := b.call(jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/e", Type: jute.WatcherAny}); f.Err != jute.ErrNoWatcher {
		t.Errorf("a watch outlived its connection: %v", f.Err)
	}
	b.nc.Close()
	if c := b.resume(s.Addr()); !c.exists("/e") {
		t.Error("the ephemeral did not live through a reconnect")
	}
}

// Many connections that want one session: the last one gets it, the others end.
func TestManyResumeAtOnce(t *testing.T) {
	s := start(t, Config{})
	a := openSession(t, s.Addr(), 10*time.Second)
	req := jute.Marshal(&jute.ConnectRequest{Timeout: 10_000, SessionID: a.session.SessionID, Passwd: a.session.Passwd})
	ws := make([]*wire, 20)
	for i := range ws {
		ws[i] = connect(t, s.Addr())
		ws[i].write(req)
	}
	alive := 0
	for _, w := range ws {
		w.tryWrite(encodeRequest(1, jute.OpExists, reqExists("/", false)))
		w.nc.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := w.read(); err != nil {
			continue
		}
		if _, err := w.next(); err == nil {
			alive++
		}
	}
	open := 0
	for _, w := range ws {
		if !w.isClosed(50 * time.Millisecond) {
			open++
		}
	}
	if open != 1 || alive < 1 {
		t.Errorf("%d connections were answered, %d are open", alive, open)
	}
}

// What a handshake is answered with, byte for byte but for ids and passwords.
func TestHandshakesAreApaches(t *testing.T) {
	apache := zktest.Apache(t, "")
	ours := start(t, Config{TickTime: 500 * time.Millisecond})
	plain := jute.Marshal(&jute.ConnectRequest{Timeout: 3000, Passwd: make([]byte, 16)})
	tell := func(addr string, b []byte) string {
		w := connect(t, addr)
		w.write(b)
		w.nc.SetReadDeadline(time.Now().Add(time.Second))
		reply, err := w.read()
		if err != nil {
			return "no reply"
		}
		var r jute.ConnectResponse
		jute.Unmarshal(reply, &r)
		return fmt.Sprintf("%d bytes, protocol %d, timeout %d, session %v, password of %d bytes, zeros %v, read-only %v, closed %v", len(reply),
			r.ProtocolVersion, r.Timeout, r.SessionID != 0, len(r.Passwd), string(r.Passwd) == string(make([]byte, 16)), r.ReadOnly, w.isClosed(200*time.Millisecond))
	}
	for name, b := range map[string][]byte{
		"new":                plain,
		"old client":         plain[:len(plain)-1],
		"may be read-only":   append(plain[:len(plain)-1:len(plain)-1], 1),
		"more than we know":  append(plain[:len(plain):len(plain)], 1, 2, 3),
		"other version":      jute.Marshal(&jute.ConnectRequest{ProtocolVersion: 7, Timeout: 3000, Passwd: make([]byte, 16)}),
		"no password":        jute.Marshal(&jute.ConnectRequest{Timeout: 3000}),
		"short password":     jute.Marshal(&jute.ConnectRequest{Timeout: 3000, Passwd: []byte("x")}),
		"unknown session":    jute.Marshal(&jute.ConnectRequest{Timeout: 3000, SessionID: 0x100000012345678, Passwd: sessionPassword(0x100000012345678)}),
		"wrong password":     jute.Marshal(&jute.ConnectRequest{Timeout: 3000, SessionID: 0x100000012345678, Passwd: make([]byte, 16)}),
		"negative session":   jute.Marshal(&jute.ConnectRequest{Timeout: 3000, SessionID: -7, Passwd: make([]byte, 16)}),
		"old, unknown":       jute.Marshal(&jute.ConnectRequest{Timeout: 3000, SessionID: 5, Passwd: make([]byte, 16)})[:44],
		"zxid of the future": jute.Marshal(&jute.ConnectRequest{LastZxidSeen: 1 << 50, Timeout: 3000, Passwd: make([]byte, 16)}),
		"empty":              {},
		"too short":          plain[:20],
		"lying password":     append(plain[:24:24], 0x7f, 0xff, 0xff, 0xff, 0),
	} {
		if got, want := tell(ours.Addr(), b), tell(apache.Addr, b); got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
}

// A client keeps its session while the data directory goes from Apache's server
// to ours and back: the password says so on each.
func TestSessionGoesFromServerToServer(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=2000")
	w := openSession(t, apache.Addr, 30*time.Second)
	w.create("/e", "made on Apache", jute.Ephemeral)
	apache.Kill()
	for round := range 2 {
		s := start(t, Config{DataDir: apache.DataDir, TickTime: 2 * time.Second})
		w = w.resume(s.Addr())
		if w.session.SessionID == 0 || w.get("/e") != "made on Apache" {
			t.Fatalf("round %d: not kept by us: %+v", round, w.session)
		}
		w.create(fmt.Sprintf("/e%d", round), "made by us", jute.Ephemeral)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		apache.Start()
		w = w.resume(apache.Addr)
		if w.session.SessionID == 0 || w.get(fmt.Sprintf("/e%d", round)) != "made by us" || w.get("/e") != "made on Apache" {
			t.Fatalf("round %d: not kept by Apache: %+v", round, w.session)
		}
		if round == 1 {
			w.do(jute.OpCloseSession, nil, nil)
			if b := openSession(t, apache.Addr, 30*time.Second); b.exists("/e") || b.exists("/e0") || b.exists("/e1") {
				t.Error("its ephemerals are left")
			}
		}
		apache.Stop()
	}
}

func TestSessionIDs(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	for id := range int64(254) {
		first := firstSessionID(id+1, now)
		if first>>56&0xff != id+1 || uint64(first)>>56 == 0xff {
			t.Fatalf("server %d counts from %x", id+1, first)
		}
	}
	first := newSessionTable(nil, 1, now, tick).newID()
	table := newSessionTable(map[int64]int32{first: 1000, first + 1: 1000}, 1, now, tick)
	if got := table.newID(); got != first+2 {
		t.Errorf("new id %x, taken are %x and the next", got, first)
	}
	if a, b := firstSessionID(1, now), firstSessionID(1, now.Add(time.Millisecond)); b <= a {
		t.Error("a later start repeats ids")
	}
}
