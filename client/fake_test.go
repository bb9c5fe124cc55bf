package client

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"zook/jute"
)

// fakeServer answers like a server whatever the script says: it is called for
// every frame after the handshake with its xid and op, and returns frames to
// send, and whether to hang up after them.
type fakeServer struct {
	Addr  string
	hello func(jute.ConnectRequest) []byte // the answer to the handshake, with its length; nil for a session

	mu       sync.Mutex
	requests []jute.OpCode // of all connections, in order
}

func newFakeServer(t testing.TB, script func(h jute.RequestHeader, body []byte) (frames []byte, hangUp bool)) *fakeServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	s := &fakeServer{Addr: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, script)
		}
	}()
	return s
}

func (s *fakeServer) serve(conn net.Conn, script func(jute.RequestHeader, []byte) ([]byte, bool)) {
	defer conn.Close()
	first, err := readFrameFrom(conn)
	if err != nil {
		return
	}
	var req jute.ConnectRequest
	if jute.Unmarshal(first, &req) != nil {
		return
	}
	if s.hello != nil {
		conn.Write(s.hello(req))
	} else {
		conn.Write(framed(&jute.ConnectResponse{Timeout: req.Timeout, SessionID: 0x77, Passwd: make([]byte, 16)}))
	}
	for {
		frame, err := readFrameFrom(conn)
		if err != nil {
			return
		}
		d := jute.NewDecoder(frame)
		var h jute.RequestHeader
		h.Decode(d)
		if h.Type != jute.OpPing {
			s.mu.Lock()
			s.requests = append(s.requests, h.Type)
			s.mu.Unlock()
		}
		switch h.Type {
		case jute.OpPing, jute.OpCloseSession:
			conn.Write(framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 1}))
			continue
		}
		out, hangUp := script(h, d.Rest())
		conn.Write(out)
		if hangUp {
			return
		}
	}
}

func (s *fakeServer) seen() []jute.OpCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func readFrameFrom(r io.Reader) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	b := make([]byte, int(n[0])<<24|int(n[1])<<16|int(n[2])<<8|int(n[3]))
	_, err := io.ReadFull(r, b)
	return b, err
}

// framed is records one after another with their length before them.
func framed(records ...jute.Record) []byte {
	b := make([]byte, 4)
	for _, r := range records {
		b = r.Append(b)
	}
	n := len(b) - 4
	b[0], b[1], b[2], b[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return b
}

// What go-zookeeper does not see it cannot tell the next server: we do.
func TestReconnectTellsTheLastZxid(t *testing.T) {
	var mu sync.Mutex
	var hellos []jute.ConnectRequest
	s := newFakeServer(t, func(h jute.RequestHeader, _ []byte) ([]byte, bool) {
		return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 0x500000007}), h.Type == jute.OpSync
	})
	s.hello = func(r jute.ConnectRequest) []byte {
		mu.Lock()
		defer mu.Unlock()
		hellos = append(hellos, r)
		return framed(&jute.ConnectResponse{Timeout: 4000, SessionID: 0x77, Passwd: []byte("password of it..")})
	}
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr, SessionTimeout: 7 * time.Second})
	check(t, c.Delete(ctx, "/x", -1))
	if c.LastZxid() != 0x500000007 {
		t.Errorf("last zxid 0x%x", c.LastZxid())
	}
	c.Sync(ctx, "/")
	eventually(t, "the connection is gone", func() bool { mu.Lock(); defer mu.Unlock(); return len(hellos) == 2 })
	first, again := hellos[0], hellos[1]
	if first.SessionID != 0 || first.LastZxidSeen != 0 || first.Timeout != 7000 {
		t.Errorf("first handshake %+v", first)
	}
	if again.SessionID != 0x77 || again.LastZxidSeen != 0x500000007 || again.Timeout != 7000 || string(again.Passwd) != "password of it.." {
		t.Errorf("second handshake %+v", again)
	}
}

// Servers of 3.4 do not know create2: they say so and close the connection.
func TestCreateOnAnOldServer(t *testing.T) {
	stat := jute.Stat{Czxid: 5, Version: 3}
	s := newFakeServer(t, func(h jute.RequestHeader, _ []byte) ([]byte, bool) {
		switch h.Type {
		case jute.OpCreate:
			return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 5}, &jute.CreateResponse{Path: "/app/n"}), false
		case jute.OpExists:
			return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 5}, &jute.ExistsResponse{Stat: stat}), false
		}
		return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: -1, Err: jute.ErrUnimplemented}), true
	})
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr + "/app"})
	for range 2 {
		path, got, err := c.Create(ctx, "/n", nil, jute.OpenACL(), jute.Persistent, 0)
		if err != nil || path != "/n" || got != stat {
			t.Fatalf("create: %s %+v %v", path, got, err)
		}
	}
	if seen, want := fmt.Sprint(s.seen()), "[create2 create exists create exists]"; seen != want {
		t.Errorf("the server saw %s, want %s", seen, want)
	}
	if _, err := c.WhoAmI(ctx); err != jute.ErrUnimplemented {
		t.Errorf("whoami: %v", err)
	}
	if err := c.AddWatch(ctx, "/n", jute.WatchPersistent); err != jute.ErrUnimplemented {
		t.Errorf("addWatch right after: %v", err)
	}
	if _, err := c.Exists(ctx, "/n"); err != nil {
		t.Errorf("exists right after: %v", err)
	}
}
