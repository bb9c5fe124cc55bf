package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/datadir"
	"zook/jute"
)

func TestExpireSession(t *testing.T) {
	s := start(t, Config{})
	w, watcher := openSession(t, s.Addr(), 30*time.Second), openSession(t, s.Addr(), 30*time.Second)
	w.create("/e", "", jute.Ephemeral)
	watcher.do(jute.OpExists, reqExists("/e", true), nil)
	if err := s.ExpireSession(w.session.SessionID); err != nil {
		t.Fatal(err)
	}
	if watcher.exists("/e") {
		t.Error("its ephemeral is there") // the event comes before the reply: exists would not find it
	}
	if !w.isClosed(5 * time.Second) {
		t.Error("its connection stays open")
	}
	if r := w.resume(s.Addr()); r.session.SessionID != 0 {
		t.Errorf("it was resumed: %+v", r.session)
	}
	for _, id := range []int64{w.session.SessionID, 0, -1} {
		if err := s.ExpireSession(id); err == nil || err.Error() != "there is no session "+hex(id) {
			t.Errorf("session %x: %v", id, err)
		}
	}
	// At once, and while nobody is connected.
	watcher.nc.Close()
	done := make(chan error)
	for range 3 {
		go func() { done <- s.ExpireSession(watcher.session.SessionID) }()
	}
	for range 3 {
		if err := <-done; err != nil && err.Error() != "there is no session "+hex(watcher.session.SessionID) {
			t.Error(err)
		}
	}
	if all := s.Sessions(); len(all) != 0 {
		t.Errorf("there are %+v", all)
	}
}

func TestSessionsAndTheirConnections(t *testing.T) {
	s := start(t, Config{})
	a, b, c := openSession(t, s.Addr(), 30*time.Second), openSession(t, s.Addr(), 20*time.Second), openSession(t, s.Addr(), 10*time.Second)
	connect(t, s.Addr()) // has none
	if !s.DropConnection(b.session.SessionID) || s.DropConnection(b.session.SessionID) || s.DropConnection(7) {
		t.Error("DropConnection does not say what it has done")
	}
	if !b.isClosed(5 * time.Second) {
		t.Error("it stays open")
	}
	want := []Session{{a.session.SessionID, 30 * time.Second, a.nc.LocalAddr().String()}, {b.session.SessionID, 20 * time.Second, ""},
		{c.session.SessionID, 10 * time.Second, c.nc.LocalAddr().String()}}
	if got := s.Sessions(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	b = b.resume(s.Addr())
	eventually(t, "four connections", func() bool { return s.connections() == 4 })
	if n := s.DropConnections(); n != 4 {
		t.Errorf("%d connections", n)
	}
	for _, w := range []*wire{a, b, c} {
		if !w.isClosed(5 * time.Second) {
			t.Error("it stays open")
		}
		if w = w.resume(s.Addr()); w.session.SessionID == 0 || !w.exists("/") {
			t.Errorf("the session is gone: %+v", w.session)
		}
	}
}

// A server that hangs takes connections and requests and says nothing; then all is
// as if it had been slow.
func TestPause(t *testing.T) {
	s := start(t, Config{TickTime: tick, Words: []string{"ruok"}})
	w, b := openSession(t, s.Addr(), 3*tick), openSession(t, s.Addr(), 20*tick)
	w.create("/e", "", jute.Ephemeral)
	b.do(jute.OpExists, reqExists("/e", true), nil)
	s.Pause()
	s.Pause()
	set, get := w.send(jute.OpSetData, reqSet("/e", "x", -1)), w.send(jute.OpGetData, reqGet("/e", false))
	late := connect(t, s.Addr())
	late.write(jute.Marshal(&jute.ConnectRequest{Timeout: 2000}))
	word := connect(t, s.Addr())
	word.nc.Write([]byte("ruok"))
	time.Sleep(6 * tick) // twice the timeout
	for name, nc := range map[string]net.Conn{"one with a session": w.nc, "a new one": late.nc, "a word": word.nc} {
		nc.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, err := nc.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	}
	s.Resume()
	s.Resume()
	for _, xid := range []int32{set, get} {
		if f, err := w.next(); err != nil || f.Xid != xid || f.Err != jute.ErrOK {
			t.Errorf("reply %+v, %v to %d", f.ReplyHeader, err, xid)
		}
	}
	if _, err := late.read(); err != nil {
		t.Errorf("the handshake: %v", err)
	}
	if got, err := io.ReadAll(word.r); string(got) != "imok" {
		t.Errorf("the word: %q, %v", got, err)
	}
	if f, err := b.next(); err != nil || f.event().Type != jute.EventNodeDataChanged {
		t.Errorf("the event: %+v, %v", f, err)
	}
	if !b.exists("/e") {
		t.Error("a session expired meanwhile")
	}

	s.Pause()
	if err := s.ExpireSession(w.session.SessionID); err != nil {
		t.Error(err)
	}
	s.Resume()
	if b.exists("/e") {
		t.Error("a session did not expire")
	}
	s.Pause()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s.Pause() // means nothing any more
	if !b.isClosed(5 * time.Second) {
		t.Error("a connection outlived the server")
	}
}

func TestRestart(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, dir := range []string{"", t.TempDir()} {
		s := start(t, Config{DataDir: dir, TickTime: time.Second})
		addr, dataDir := s.Addr(), s.cfg.DataDir
		c := dial(t, addr)
		id := c.SessionID()
		must(c.Create("/a", []byte("x"), 0, zk.WorldACL(zk.PermAll)))
		must(c.Create("/e", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))
		for round := range 2 {
			next, err := s.Restart(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { next.Close() })
			if err := s.Close(); err != nil {
				t.Errorf("closing what was closed: %v", err)
			}
			if s = next; s.Addr() != addr || s.cfg.DataDir != dataDir {
				t.Fatalf("round %d: %s in %s, it was %s in %s", round, s.Addr(), s.cfg.DataDir, addr, dataDir)
			}
			there := false
			eventually(t, "the client is back", func() bool {
				there, _, err = c.Exists("/e")
				return err == nil
			})
			if data, _, err := c.Get("/a"); !there || err != nil || string(data) != "x" || c.SessionID() != id {
				t.Fatalf("round %d: %v, %q, %v, session %x was %x", round, there, data, err, c.SessionID(), id)
			}
		}
		c.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dataDir); (err == nil) != (dir != "") {
			t.Errorf("%q: the directory afterwards: %v", dir, err)
		}
		// A server that was closed can be started again.
		next, err := s.Restart(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if found := openSession(t, addr, time.Second).exists("/a"); found != (dir != "") {
			t.Errorf("%q: /a is there: %v", dir, found)
		}
		if err := next.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dataDir); (err == nil) != (dir != "") {
			t.Errorf("%q: the directory in the end: %v", dir, err)
		}
	}
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before+1 })
}

// Everything that was done for a client before the end it is told of, in order, and
// then the connection ends as it does when a client closes it.
func TestCloseAnswersWhatItHasRead(t *testing.T) {
	for range 4 {
		dir := t.TempDir()
		s := start(t, Config{DataDir: dir})
		ws := make([]*wire, 4)
		for n := range ws {
			ws[n] = openSession(t, s.Addr(), 10*time.Second)
		}
		ws[0].create("/x", "", 0)
		for i := range 300 {
			for _, w := range ws[1:] { // the first is idle
				w.write(encodeRequest(int32(2*i), jute.OpSetData, reqSet("/x", "", -1)))
				w.write(encodeRequest(int32(2*i+1), jute.OpGetData, reqGet("/x", false)))
			}
		}
		eventually(t, "something is answered", func() bool {
			n, _ := s.tree.Lookup("/x")
			return n.Stat.Version > 0
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		told := int32(0)
		for _, w := range ws {
			for want := int32(0); ; want++ {
				f, err := w.next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("it ends with %v", err)
				}
				if f.Xid != want || f.Err != jute.ErrOK {
					t.Fatalf("reply %+v, want %d", f.ReplyHeader, want)
				}
				told += 1 - want%2
			}
		}
		state, err := datadir.Open(dir, "").Load(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := state.Tree.Lookup("/x"); n.Stat.Version != told {
			t.Errorf("%d sets were done, %d clients were told of", n.Stat.Version, told)
		}
	}
}

// Clients that take nothing do not keep a server from ending.
func TestCloseDoesNotWaitForClients(t *testing.T) {
	s := start(t, Config{})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.create("/big", string(make([]byte, 500<<10)), 0)
	deaf := openSession(t, s.Addr(), 10*time.Second)
	deaf.nc.SetWriteDeadline(time.Now().Add(time.Second))
	for i := range 1000 {
		if deaf.tryWrite(encodeRequest(int32(i), jute.OpGetData, reqGet("/big", false))) != nil {
			break
		}
	}
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > lastWord+5*time.Second {
		t.Errorf("it took %v", took)
	}
}
