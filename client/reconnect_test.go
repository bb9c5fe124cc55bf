package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// All watches outlive the server process; what changed between is told for the
// one-shot ones, as the server does.
func TestWatchesOutliveTheServer(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	p := newProxy(t, s.Addr)
	heard := &record{}
	c := session(t, Config{Servers: p.Addr + "/app", SessionTimeout: 30 * time.Second, OnState: heard.state, OnEvent: heard.event})
	other := session(t, Config{Servers: s.Addr + "/app", SessionTimeout: 30 * time.Second})
	create(t, other, "/", jute.Persistent)
	for _, path := range []string{"/changed", "/same", "/deleted", "/parent", "/quiet", "/persistent", "/tree"} {
		create(t, other, path, jute.Persistent)
	}
	for _, path := range []string{"/changed", "/same", "/deleted"} {
		must[jute.Stat](t)(second(c.GetW(ctx, path)))
	}
	for _, path := range []string{"/created", "/absent"} {
		if _, err := c.ExistsW(ctx, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/parent", "/quiet"} {
		must[jute.Stat](t)(second(c.ChildrenW(ctx, path)))
	}
	check(t, c.AddWatch(ctx, "/persistent", jute.WatchPersistent))
	check(t, c.AddWatch(ctx, "/tree", jute.WatchPersistentRecursive))
	id := c.SessionID()

	p.refuse.Store(true)
	s.Kill()
	s.Start()
	set(t, other, "/changed", "1")
	check(t, other.Delete(ctx, "/deleted", -1))
	create(t, other, "/created", jute.Persistent)
	create(t, other, "/parent/x", jute.Persistent)
	p.refuse.Store(false)
	// Waits for the connection, and is answered after the watches are set again.
	must[jute.Stat](t)(second(c.Get(ctx, "/")))
	if c.SessionID() != id {
		t.Errorf("session 0x%x was 0x%x", c.SessionID(), id)
	}
	want := []string{"connected", "disconnected", "connecting", "connected",
		"NodeDataChanged /changed", "NodeDeleted /deleted", "NodeCreated /created", "NodeChildrenChanged /parent"}
	eventually(t, "all events", func() bool { return len(heard.all()) >= len(want) })
	for _, line := range want {
		if !heard.has(line) {
			t.Errorf("not heard: %s", line)
		}
	}
	heard.clear()
	set(t, other, "/same", "1")
	create(t, other, "/absent", jute.Persistent)
	create(t, other, "/quiet/x", jute.Persistent)
	set(t, other, "/persistent", "1")
	create(t, other, "/tree/x", jute.Persistent)
	heard.expect(t, "NodeDataChanged /same", "NodeCreated /absent", "NodeChildrenChanged /quiet",
		"NodeDataChanged /persistent", "NodeCreated /tree/x")
}

// More watches than one request may hold.
func TestManyWatchesAreSetAgain(t *testing.T) {
	s := zook(t, server.Config{})
	ctx := testContext(t)
	heard := &record{}
	states := &record{}
	c := session(t, Config{Servers: s.Addr(), OnEvent: heard.event, OnState: states.state})
	long := strings.Repeat("x", 1000)
	const n = 1500 // about 1.5 MB of paths
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := c.ExistsW(ctx, fmt.Sprintf("/%s%d", long, i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	check(t, c.AddWatch(ctx, "/"+long+"0", jute.WatchPersistent))
	s.DropConnections()
	states.expect(t, "connected", "disconnected", "connecting", "connected")
	for _, i := range []int{1, n / 2, n - 1} {
		create(t, c, fmt.Sprintf("/%s%d", long, i), jute.Persistent)
	}
	eventually(t, "three events", func() bool { return len(heard.all()) == 3 })
	check(t, c.CheckWatches(ctx, "/"+long+"0", jute.WatcherAny))
}

// The stream is cut after every byte that the server sends: whatever the client
// was doing then, the session comes back and everything works.
func TestCutAtEveryByte(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	root := session(t, Config{Servers: s.Addr})
	create(t, root, "/cut", jute.Persistent)
	// Answers: handshake 41, auth 20, then get 20+4+12+68, addWatch 24, event 20+4+4+8.
	const bytes = 41 + 20 + 104 + 24 + 36 + 10
	gate := make(chan bool, 48)
	var wg sync.WaitGroup
	for at := range bytes {
		gate <- true
		wg.Go(func() {
			defer func() { <-gate }()
			if err := cutAt(t, s.Addr, int64(at)+1); err != nil {
				t.Errorf("cut at byte %d: %v", at+1, err)
			}
		})
	}
	wg.Wait()
}

func cutAt(t *testing.T, server string, at int64) error {
	p := newProxy(t, server)
	p.cutAt.Store(at)
	heard := &record{}
	ctx := testContext(t)
	heal := time.AfterFunc(300*time.Millisecond, func() { p.cutAt.Store(0) })
	defer heal.Stop()
	c, err := Dial(ctx, Config{Servers: p.Addr, SessionTimeout: 10 * time.Second, OnEvent: heard.event,
		Auth: []Auth{{"digest", []byte("u:p")}}})
	if err != nil {
		return err
	}
	defer c.Close()
	retry := func(op func() error) error {
		for {
			if err := op(); err != jute.ErrConnectionLoss {
				return err
			}
		}
	}
	if err := retry(func() error { _, _, err := c.Get(ctx, "/cut"); return err }); err != nil {
		return fmt.Errorf("get: %w", err)
	}
	if err := retry(func() error { return c.AddWatch(ctx, "/cut", jute.WatchPersistent) }); err != nil {
		return fmt.Errorf("addWatch: %w", err)
	}
	if err := retry(func() error { _, err := c.Set(ctx, "/cut", []byte("data of /cut"), -1); return err }); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	eventually(t, "an event after the cut", func() bool { return heard.has("NodeDataChanged /cut") || c.State() != StateConnected })
	return retry(func() error {
		who, err := c.WhoAmI(ctx)
		if err == nil && !strings.Contains(fmt.Sprint(who), "digest") {
			err = fmt.Errorf("the identity is lost: %v", who)
		}
		return err
	})
}

// Bytes arrive one by one, both ways.
func TestSplitAtEveryByte(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	p := newProxy(t, s.Addr)
	p.chunk.Store(1)
	heard := &record{}
	c := session(t, Config{Servers: p.Addr, OnEvent: heard.event})
	check(t, c.AddWatch(ctx, "/", jute.WatchPersistentRecursive))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			path := fmt.Sprintf("/n%02d", i)
			if got, _, err := c.Create(ctx, path, []byte(path), jute.OpenACL(), jute.Persistent, 0); err != nil || got != path {
				t.Errorf("create %s: %s %v", path, got, err)
			}
			if data, _, err := c.Get(ctx, path); err != nil || string(data) != path {
				t.Errorf("get %s: %q %v", path, data, err)
			}
		})
	}
	wg.Wait()
	eventually(t, "50 events", func() bool { return len(heard.all()) == 50 })
	p.chunk.Store(7)
	p.delay.Store(int64(2 * time.Millisecond))
	if names, _, err := c.Children(ctx, "/"); err != nil || len(names) != 51 {
		t.Errorf("%d children, %v", len(names), err)
	}
}

func TestOperationsWhileDisconnected(t *testing.T) {
	noLeaks(t)
	s := zook(t, server.Config{})
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr(), SessionTimeout: 10 * time.Second})
	create(t, c, "/e", jute.Ephemeral)

	// In flight when the connection ends.
	s.Pause()
	failed := make(chan error)
	go func() { _, _, err := c.Get(ctx, "/e"); failed <- err }()
	time.Sleep(50 * time.Millisecond)
	s.DropConnections()
	if err := <-failed; err != jute.ErrConnectionLoss {
		t.Errorf("in flight: %v", err)
	}
	if c.State() == StateConnected {
		t.Errorf("state %v without a connection", c.State())
	}

	// Issued without a connection.
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	var dial *DialError
	if _, _, err := c.Get(short, "/e"); !errors.As(err, &dial) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.Addr()) {
		t.Errorf("no connection in time: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, _, err := c.Get(cancelled, "/e"); err != context.Canceled {
		t.Errorf("cancelled while waiting: %v", err)
	}
	done := make(chan error)
	go func() { _, _, err := c.Get(ctx, "/e"); done <- err }()
	time.Sleep(50 * time.Millisecond)
	s.Resume()
	if err := <-done; err != nil {
		t.Errorf("after the connection is back: %v", err)
	}
	if c.State() != StateConnected || len(c.waiting) != 0 {
		t.Errorf("state %v, %d waiting", c.State(), len(c.waiting))
	}
}

// Whoever gives up leaves the stream in order for the others.
func TestCancelledOperations(t *testing.T) {
	s := zook(t, server.Config{})
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr(), SessionTimeout: 10 * time.Second})
	create(t, c, "/n", jute.Persistent)
	for round := range 20 {
		s.Pause()
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, _, err := c.Get(short, "/n"); err != context.DeadlineExceeded {
					t.Errorf("given up: %v", err)
				}
			})
		}
		wg.Wait()
		cancel()
		s.Resume()
		if data, _, err := c.Get(ctx, "/n"); err != nil || string(data) != "data of /n" {
			t.Fatalf("round %d: %q %v", round, data, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.conn.inflight) != 0 {
		t.Errorf("%d calls still in flight", len(c.conn.inflight))
	}
}

func TestSessionExpiry(t *testing.T) {
	noLeaks(t)
	s := zook(t, server.Config{})
	ctx := testContext(t)
	heard := &record{}
	c := session(t, Config{Servers: s.Addr(), SessionTimeout: 10 * time.Second, OnState: heard.state, OnEvent: heard.event})
	other := session(t, Config{Servers: s.Addr()})
	for _, path := range []string{"/one", "/many", "/tree"} {
		create(t, other, path, jute.Persistent)
	}
	create(t, c, "/e", jute.Ephemeral)
	must[jute.Stat](t)(second(c.GetW(ctx, "/one")))
	check(t, c.AddWatch(ctx, "/many", jute.WatchPersistent))
	check(t, c.AddWatch(ctx, "/tree", jute.WatchPersistentRecursive))
	id := c.SessionID()

	s.Pause()
	check(t, s.ExpireSession(id))
	eventually(t, "the connection is gone", func() bool { return c.State() != StateConnected })
	waited := make(chan error)
	go func() { _, _, err := c.Get(ctx, "/one"); waited <- err }()
	time.Sleep(50 * time.Millisecond)
	s.Resume()
	if err := <-waited; err != jute.ErrSessionExpired {
		t.Errorf("an operation that waited for the old session: %v", err)
	}
	must[jute.Stat](t)(second(c.Get(ctx, "/one")))
	if stat, err := other.Exists(ctx, "/e"); err != nil || stat != nil {
		t.Errorf("its ephemeral: %+v, %v", stat, err)
	}
	if c.SessionID() == id {
		t.Errorf("session 0x%x is still used", id)
	}
	heard.expect(t, "connected", "disconnected", "connecting", "expired", "connecting", "connected")
	heard.clear()
	set(t, other, "/one", "not told")
	set(t, other, "/many", "1")
	create(t, other, "/tree/x", jute.Persistent)
	heard.expect(t, "NodeDataChanged /many", "NodeCreated /tree/x")
	if w := c.Watches(); len(w.Data) != 0 || len(w.Persistent) != 1 || len(w.Recursive) != 1 {
		t.Errorf("watches %+v", w)
	}
}

// An ensemble that comes back without its data, as a test machine does, is served
// with a new session and not waited for for ever.
func TestServerLosesItsData(t *testing.T) {
	s := zook(t, server.Config{TickTime: 500 * time.Millisecond}) // its directory goes with it
	ctx := testContext(t)
	heard := &record{}
	c := session(t, Config{Servers: s.Addr(), SessionTimeout: time.Second, OnState: heard.state})
	for range 10 {
		create(t, c, "/n", jute.Persistent)
		check(t, c.Delete(ctx, "/n", -1))
	}
	check(t, s.Close())
	again, err := s.Restart(ctx)
	check(t, err)
	t.Cleanup(func() { again.Close() })
	eventually(t, "a new session", func() bool { _, err := c.Exists(ctx, "/n"); return err == nil })
	heard.expect(t, "connected", "disconnected", "connecting", "expired", "connecting", "connected")
}

func TestClose(t *testing.T) {
	noLeaks(t)
	s := zook(t, server.Config{})
	ctx := testContext(t)
	other := session(t, Config{Servers: s.Addr()})
	for range 10 {
		heard := &record{}
		c, err := Dial(ctx, Config{Servers: s.Addr(), OnState: heard.state})
		check(t, err)
		create(t, c, "/e", jute.Ephemeral)
		check(t, c.Close())
		if stat, err := other.Exists(ctx, "/e"); err != nil || stat != nil {
			t.Fatalf("the ephemeral after close: %+v %v", stat, err)
		}
		heard.expect(t, "connected", "closed")
		if _, _, err := c.Get(ctx, "/"); err != jute.ErrClosing {
			t.Errorf("get after close: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
		if c.State() != StateClosed {
			t.Errorf("state %v", c.State())
		}
	}
	// Without a server.
	c, err := Dial(ctx, Config{Servers: s.Addr()})
	check(t, err)
	check(t, s.Close())
	eventually(t, "the connection is gone", func() bool { return c.State() != StateConnected })
	waiting := make(chan error)
	go func() { _, _, err := c.Get(ctx, "/"); waiting <- err }()
	eventually(t, "an operation waits", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.waiting) == 1 })
	if err := c.Close(); err != jute.ErrConnectionLoss {
		t.Errorf("close without a connection: %v", err)
	}
	if err := <-waiting; err != jute.ErrClosing {
		t.Errorf("an operation that waited: %v", err)
	}
}

// The session moves to another host, and back.
func TestFailover(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	a, b := newProxy(t, s.Addr), newProxy(t, s.Addr)
	c := session(t, Config{Servers: a.Addr + "," + b.Addr, SessionTimeout: 10 * time.Second})
	id := c.SessionID()
	for range 4 {
		from, to := a, b
		if c.Server() == b.Addr {
			from, to = b, a
		}
		from.refuse.Store(true)
		from.cut()
		eventually(t, "the connection is gone", func() bool { return c.Server() == to.Addr || c.State() != StateConnected })
		must[jute.Stat](t)(second(c.Get(ctx, "/")))
		if c.Server() != to.Addr || c.SessionID() != id {
			t.Errorf("session 0x%x on %s, want 0x%x on %s", c.SessionID(), c.Server(), id, to.Addr)
		}
		from.refuse.Store(false)
	}
}
