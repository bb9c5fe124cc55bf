package server

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/jute"
)

// heap is the memory in use, garbage left out.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Whatever the first bytes are, the connection ends and the others do not.
func TestBadFirstBytes(t *testing.T) {
	s := start(t, Config{TickTime: tick, SilentTimeout: 400 * time.Millisecond})
	other := openSession(t, s.Addr(), 20*tick)
	keepAlive(t, other)
	hello := jute.Marshal(&jute.ConnectRequest{Timeout: 1000, Passwd: make([]byte, 16)})
	framed := func(length int32, b []byte) []byte { return append(jute.AppendInt(nil, length), b...) }
	for name, b := range map[string][]byte{
		"nothing":                     {},
		"one byte":                    {0},
		"half a length":               {0, 0},
		"a negative length":           framed(-1, hello),
		"the most negative length":    framed(-1<<31, hello),
		"a huge length":               framed(1<<31-1, hello),
		"more than jute.maxbuffer":    framed(1<<20, hello),
		"a length that is a lie":      framed(1<<19, hello),
		"an empty frame":              framed(0, nil),
		"half a handshake":            framed(int32(len(hello)), hello[:20]),
		"a short handshake":           framed(20, hello[:20]),
		"a request without handshake": framed(8, encodeRequest(1, jute.OpPing, nil)),
		"HTTP":                        []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"TLS":                         {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
		"an unknown word":             []byte("abcd"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := connect(t, s.Addr())
			w.nc.Write(b)
			if !w.isClosed(5 * time.Second) {
				t.Error("it stays open")
			}
		})
	}
	t.Cleanup(func() {
		if r := other.resume(s.Addr()); r.session.SessionID == 0 || !r.exists("/") {
			t.Error("another client was harmed")
		}
	})
}

// keepAlive pings for a client that does nothing else, until the test ends.
func keepAlive(t *testing.T, w *wire) {
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(tick / 2):
				w.tryWrite(encodeRequest(jute.XidPing, jute.OpPing, nil))
			}
		}
	}()
}

func TestBadFrames(t *testing.T) {
	s := start(t, Config{})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.create("/x", "", 0)
	for name, b := range map[string][]byte{
		"a negative length":        jute.AppendInt(nil, -2),
		"more than jute.maxbuffer": jute.AppendInt(nil, 1<<20),
		"an empty frame":           jute.AppendInt(nil, 0),
		"half a header":            append(jute.AppendInt(nil, 4), 0, 0, 0, 1),
	} {
		w := openSession(t, s.Addr(), 10*time.Second)
		w.send(jute.OpSetData, reqSet("/x", name, -1)) // what came before it counts
		w.nc.Write(b)
		if !w.isClosed(5 * time.Second) {
			t.Errorf("%s: it stays open", name)
		}
		eventually(t, "the write before "+name, func() bool { return other.get("/x") == name })
		if r := w.resume(s.Addr()); r.session.SessionID == 0 {
			t.Errorf("%s: the session ended too", name)
		}
	}
}

// What servers ask of themselves is for no client, and what is not known ends
// the connection, in the order of the requests.
func TestRequestsThatAreNone(t *testing.T) {
	s := start(t, Config{})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.do(jute.OpCreateContainer, reqCreate("/box", "", jute.Container), nil)
	for _, op := range []jute.OpCode{jute.OpNotification, jute.OpCheck, jute.OpDeleteContainer, jute.OpCreateSession, jute.OpError, opResume, 55, -77} {
		w := openSession(t, s.Addr(), 10*time.Second)
		w.tryWrite(encodeRequest(1, jute.OpSetData, reqSet("/box", "", -1)))
		w.tryWrite(encodeRequest(2, op, &jute.DeleteContainerRequest{Path: "/box"}))
		first, err := w.next()
		if err != nil || first.Xid != 1 || first.Err != jute.ErrOK {
			t.Errorf("%v: the reply before it: %+v, %v", op, first, err)
		}
		f, err := w.next()
		if err != nil || f.Xid != 2 || f.Err != jute.ErrUnimplemented || len(f.body) != 0 {
			t.Errorf("%v: %+v, %v", op, f, err)
		}
		if !w.isClosed(5 * time.Second) {
			t.Errorf("%v: the connection stays open", op)
		}
	}
	if !other.exists("/box") {
		t.Error("a client has deleted the container that way")
	}
}

// A client that asks and never reads costs no more than a few answers.
func TestClientThatNeverReads(t *testing.T) {
	s := start(t, Config{})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.create("/big", strings.Repeat("x", 500<<10), 0)
	other.create("/small", "", 0)
	before := heap()
	deaf := openSession(t, s.Addr(), 10*time.Second)
	behind := openSession(t, s.Addr(), 10*time.Second)
	for _, w := range []*wire{deaf, behind} {
		w.nc.SetWriteDeadline(time.Now().Add(2 * time.Second))
		var b []byte
		for i := range 4000 {
			var q []byte
			if w == behind && i%1000 == 0 { // all else waits behind a write
				q = encodeRequest(int32(i), jute.OpSetData, reqSet("/small", "", -1))
			} else {
				q = encodeRequest(int32(i), jute.OpGetData, reqGet("/big", false))
			}
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(q))), q...)
		}
		w.nc.Write(b)
	}
	for range 200 {
		other.do(jute.OpSetData, reqSet("/small", "x", -1), nil)
	}
	if grown := heap() - before; grown > 40<<20 {
		t.Errorf("two clients that read nothing of 4 GB cost %d MB", grown>>20)
	}
	// And one that begins to read gets everything, in order.
	behind.nc.SetDeadline(time.Now().Add(60 * time.Second))
	for i := range 100 {
		f, err := behind.next()
		if err != nil || f.Xid != int32(i) || i%1000 != 0 && len(f.body) < 500<<10 {
			t.Fatalf("reply %d: xid %d, %d bytes, %v", i, f.Xid, len(f.body), err)
		}
	}
}

// Requests that wait for the disk are bounded by their bytes, not their number.
func TestLargeRequestsThatWait(t *testing.T) {
	s := start(t, Config{})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.create("/x", "", 0)
	s.engine.mu.Lock() // the disk does not answer
	before := heap()
	w := openSessionBehind(t, s)
	w.nc.SetWriteDeadline(time.Now().Add(2 * time.Second))
	for i := range 200 {
		if w.tryWrite(encodeRequest(int32(i), jute.OpSetData, reqSet("/x", strings.Repeat("x", 1_000_000), -1))) != nil {
			break
		}
	}
	grown := heap() - before
	s.engine.mu.Unlock()
	if grown > 40<<20 {
		t.Errorf("requests of 200 MB took %d MB", grown>>20)
	}
	other.do(jute.OpSetData, reqSet("/x", "", -1), nil)
}

// openSessionBehind gives a connection a session without the pipeline, which
// stands still.
func openSessionBehind(t *testing.T, s *Server) *wire {
	t.Helper()
	w := connect(t, s.Addr())
	id := s.sessions.newID()
	s.sessions.open(id, 10_000)
	w.write(jute.Marshal(&jute.ConnectRequest{Timeout: 10_000, SessionID: id, Passwd: sessionPassword(id)}))
	eventually(t, "the handshake", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.awaiting[id] != nil
	})
	s.welcome(id)
	if _, err := w.read(); err != nil {
		t.Fatal(err)
	}
	return w
}

// Events cannot wait for their receiver: one who does not take them is let go.
func TestWatcherThatNeverReads(t *testing.T) {
	s := start(t, Config{})
	deaf, other := openSession(t, s.Addr(), 30*time.Second), openSession(t, s.Addr(), 30*time.Second)
	path := "/" + strings.Repeat("n", 900_000)
	other.create(path, "", 0)
	before := heap()
	deaf.do(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/", Mode: jute.WatchPersistentRecursive}, nil)
	for range 100 {
		other.do(jute.OpSetData, reqSet(path, "", -1), nil)
	}
	eventually(t, "one connection is left", func() bool { return s.connections() == 1 })
	eventually(t, "its watches are gone", func() bool { return s.tree.Counts().Watches == 0 })
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("%d MB are left of it", grown>>20)
	}
	if r := deaf.resume(s.Addr()); r.session.SessionID == 0 {
		t.Error("its session ended too")
	}
}

// Lengths that are lies cost what was sent, not what was said.
func TestLyingLengthsCostNothing(t *testing.T) {
	s := start(t, Config{})
	before := heap()
	for range 200 {
		w := openSession(t, s.Addr(), 10*time.Second)
		w.nc.Write(append(jute.AppendInt(nil, 1_000_000), make([]byte, 100)...))
	}
	if grown := heap() - before; grown > 40<<20 {
		t.Errorf("200 frames that say a megabyte cost %d MB", grown>>20)
	}
}

// Connections that come and go, at every stage, leave nothing.
func TestConnectionsComeAndGo(t *testing.T) {
	s := start(t, Config{TickTime: tick, MaxSessionTimeout: time.Minute})
	other := openSession(t, s.Addr(), time.Minute)
	openSession(t, s.Addr(), tick).nc.Close()
	eventually(t, "it begins with one connection", func() bool { return s.connections() == 1 })
	goroutines, before := runtime.NumGoroutine(), heap()
	const workers, each = 20, 100
	var all sync.WaitGroup
	for n := range workers {
		rnd := rand.New(rand.NewPCG(9, uint64(n)))
		all.Add(1)
		go func() {
			defer all.Done()
			for range each {
				nc, err := net.Dial("tcp", s.Addr())
				if err != nil {
					t.Errorf("refused: %v", err)
					return
				}
				w := &wire{t: t, nc: nc}
				if k := rnd.IntN(6); k > 0 {
					hello := jute.Marshal(&jute.ConnectRequest{Timeout: 1, Passwd: make([]byte, 16)})
					if k == 1 {
						hello = hello[:rnd.IntN(len(hello))]
					}
					w.tryWrite(hello)
					if k > 2 {
						w.tryWrite(encodeRequest(1, jute.OpExists, reqExists("/x", true)))
						w.tryWrite(encodeRequest(2, jute.OpCreate, reqCreate("/x", "", jute.Ephemeral)))
					}
					if k > 4 {
						w.tryWrite(encodeRequest(3, jute.OpCloseSession, nil))
					}
					if k > 3 {
						var b [64]byte
						nc.Read(b[:])
					}
				}
				nc.Close()
			}
		}()
	}
	all.Wait()
	if !other.exists("/") {
		t.Error("another client was harmed")
	}
	eventually(t, "one connection is left", func() bool { return s.connections() == 1 })
	eventually(t, "no watch is left", func() bool { return s.tree.Counts().Watches == 0 })
	eventually(t, "the sessions expire", func() bool {
		s.sessions.mu.Lock()
		defer s.sessions.mu.Unlock()
		other.tryWrite(encodeRequest(jute.XidPing, jute.OpPing, nil))
		return len(s.sessions.byID) == 1
	})
	eventually(t, "their ephemerals go", func() bool { return s.tree.Counts().Ephemerals == 0 })
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	s.mu.Lock()
	attached, awaiting := len(s.attached), len(s.awaiting)
	s.mu.Unlock()
	s.prep.mu.Lock()
	pending, order := len(s.prep.pending), len(s.prep.order)
	s.prep.mu.Unlock()
	if attached != 1 || awaiting != 0 || pending != 0 || order != 0 {
		t.Errorf("left: %d attached, %d awaiting, %d and %d changes", attached, awaiting, pending, order)
	}
	if grown := heap() - before; grown > 10<<20 {
		t.Errorf("%d MB are left", grown>>20)
	}
}

// Close ends everything, whatever the clients are at.
func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	for round := range 3 {
		s := start(t, Config{SnapCount: 10})
		var load sync.WaitGroup
		stopped := make(chan struct{})
		writers := make([]*wire, 4)
		for n := range writers {
			writers[n] = openSession(t, s.Addr(), 10*time.Second)
		}
		for n, w := range writers {
			load.Add(1)
			go func() {
				defer load.Done()
				for i := 0; ; i++ {
					if w.tryWrite(encodeRequest(int32(i), jute.OpCreate, reqCreate(fmt.Sprintf("/n%d-%d", n, i), "", 0))) != nil {
						return
					}
					select {
					case <-stopped:
						return
					default:
					}
				}
			}()
		}
		connect(t, s.Addr()) // says nothing
		connect(t, s.Addr()).nc.Write([]byte{0, 0})
		time.Sleep(time.Duration(3*round) * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		close(stopped)
		if err := s.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		select {
		case <-s.Done():
		default:
			t.Error("Done is not closed")
		}
		load.Wait()
	}
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before+1 })
}
