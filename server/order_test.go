package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"zook/jute"
)

// setUntil sets a znode on a connection of its own, several sets in flight, until
// stop is closed.
func setUntil(t *testing.T, addr, path string, stop <-chan struct{}) (done *sync.WaitGroup) {
	w := openSession(t, addr, 20*time.Second)
	done = &sync.WaitGroup{}
	done.Add(1)
	go func() {
		defer done.Done()
		const inFlight = 8
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := w.tryWrite(encodeRequest(int32(i), jute.OpSetData, reqSet(path, "x", -1))); err != nil {
				t.Errorf("set: %v", err)
				return
			}
			if i < inFlight {
				continue
			}
			if _, err := w.next(); err != nil {
				t.Errorf("set: %v", err)
				return
			}
		}
	}()
	return done
}

// A reply is never behind the event of a change that it does not show, and an
// event never behind a reply that shows the change.
func TestEventsAndRepliesAreInOrder(t *testing.T) {
	s := start(t, Config{})
	w := openSession(t, s.Addr(), 20*time.Second)
	w.create("/x", "", 0)
	stop := make(chan struct{})
	done := setUntil(t, s.Addr(), "/x", stop)
	defer done.Wait()
	defer close(stop)

	// One-shot: the reply, then the event of the next change.
	var readers sync.WaitGroup
	for range 8 {
		w := openSession(t, s.Addr(), 20*time.Second)
		readers.Add(1)
		go func() {
			defer readers.Done()
			for range 1000 {
				if err := replyThenEvent(w); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	readers.Wait()

	// Persistent: no reply shows more than the events before it have told.
	w.do(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/x", Mode: jute.WatchPersistent}, nil)
	var told int64
	sent, answered := 0, 0
	for answered < 3000 {
		for sent < answered+16 {
			w.send(jute.OpGetData, reqGet("/x", false))
			sent++
		}
		f, err := w.next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Xid == jute.XidNotification {
			if f.Zxid <= told {
				t.Fatalf("an event of zxid %d behind one of %d", f.Zxid, told)
			}
			told = f.Zxid
			continue
		}
		answered++
		var r jute.GetDataResponse
		jute.Unmarshal(f.body, &r)
		if told != 0 && r.Stat.Mzxid > told {
			t.Fatalf("a reply shows zxid %d, of which no event has told; the last was of %d", r.Stat.Mzxid, told)
		}
	}
}

// replyThenEvent reads /x with a watch, and then the event of the next change.
func replyThenEvent(w *wire) error {
	w.xid++
	if err := w.tryWrite(encodeRequest(w.xid, jute.OpGetData, reqGet("/x", true))); err != nil {
		return err
	}
	f, err := w.next()
	if err != nil {
		return err
	}
	if f.Xid != w.xid {
		return errors.New("the event came before the reply to the request that set the watch")
	}
	var r jute.GetDataResponse
	jute.Unmarshal(f.body, &r)
	if r.Stat.Mzxid > f.Zxid {
		return fmt.Errorf("a reply of zxid %d shows a change of zxid %d", f.Zxid, r.Stat.Mzxid)
	}
	e, err := w.next()
	if err != nil || e.Xid != jute.XidNotification {
		return fmt.Errorf("%+v, %v instead of an event", e, err)
	}
	if e.Zxid <= r.Stat.Mzxid || e.Zxid <= f.Zxid {
		return fmt.Errorf("the event of zxid %d came behind a reply of zxid %d that shows %d", e.Zxid, f.Zxid, r.Stat.Mzxid)
	}
	return nil
}

// Each connection sees its own writes at once, and its replies in the order of
// its requests, however many are on their way.
func TestPipelinedRequestsOfSeveralConnections(t *testing.T) {
	s := start(t, Config{SnapCount: 500})
	var all sync.WaitGroup
	for n := range 4 {
		w := openSession(t, s.Addr(), 20*time.Second)
		all.Add(1)
		go func() {
			defer all.Done()
			if err := pipeline(w, n, 4000); err != nil {
				t.Errorf("connection %d: %v", n, err)
			}
		}()
	}
	all.Wait()
}

// pipeline sends a mix of requests on one znode of its own and checks each reply
// against what the requests before it must have done.
func pipeline(w *wire, n, requests int) error {
	rnd := rand.New(rand.NewPCG(7, uint64(n)))
	path := fmt.Sprintf("/p%d", n)
	type expected struct {
		xid     int32
		op      jute.OpCode
		exists  bool
		data    string
		version int32
	}
	expect := make(chan expected, 300)
	fail := make(chan error, 1)
	go func() {
		var zxid int64
		for e := range expect {
			f, err := w.next()
			if err == nil && (f.Xid != e.xid || f.Zxid < zxid) {
				err = fmt.Errorf("reply to %d at zxid %d, want one to %d behind zxid %d", f.Xid, f.Zxid, e.xid, zxid)
			}
			if err == nil && (f.Err == jute.ErrOK) != e.exists {
				err = fmt.Errorf("%v: %v, but the znode is there: %v", e.op, f.Err, e.exists)
			}
			var got jute.GetDataResponse
			if err == nil && e.op == jute.OpGetData && e.exists {
				jute.Unmarshal(f.body, &got)
				if string(got.Data) != e.data || got.Stat.Version != e.version {
					err = fmt.Errorf("get: %q version %d, set to %q version %d", got.Data, got.Stat.Version, e.data, e.version)
				}
			}
			if err != nil {
				fail <- err
				w.nc.Close()
				for range expect {
				}
				return
			}
			zxid = f.Zxid
		}
		fail <- nil
	}()
	now := expected{}
	for i := range requests {
		e := now
		e.xid = int32(i + 1)
		var body jute.Record
		switch k := rnd.IntN(10); {
		case k < 2 && !now.exists:
			e.op, body = jute.OpCreate, reqCreate(path, "new", 0)
			e.exists = true
			now = expected{exists: true, data: "new"}
		case k < 5:
			data := fmt.Sprint(i)
			e.op, body = jute.OpSetData, reqSet(path, data, -1)
			if now.exists {
				now.data, now.version = data, now.version+1
			}
		case k == 5 && rnd.IntN(4) == 0:
			e.op, body = jute.OpDelete, reqDelete(path, -1)
			now = expected{}
		case k == 6:
			e.op, body, e.exists = jute.OpSync, &jute.SyncRequest{Path: path}, true
		case k == 7:
			e.op, body = jute.OpExists, reqExists(path, false)
		default:
			e.op, body = jute.OpGetData, reqGet(path, false)
		}
		expect <- e
		if err := w.tryWrite(encodeRequest(e.xid, e.op, body)); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	close(expect)
	return <-fail
}

// A write that one client has seen acknowledged is there for every other one.
func TestOtherConnectionsSeeAcknowledgedWrites(t *testing.T) {
	s := start(t, Config{})
	a, b := openSession(t, s.Addr(), 20*time.Second), openSession(t, s.Addr(), 20*time.Second)
	a.create("/x", "", 0)
	for i := range 300 {
		want := fmt.Sprint(i)
		a.do(jute.OpSetData, reqSet("/x", want, int32(i)), nil)
		if got := b.get("/x"); got != want {
			t.Fatalf("%q was acknowledged to one and %q read by another", want, got)
		}
		a, b = b, a
	}
}

// Some clients count their xids anew on each connection. The answers that an
// earlier connection did not wait for must not be taken for those of this one.
func TestResumedSessionGetsItsOwnAnswers(t *testing.T) {
	s := start(t, Config{})
	w := openSession(t, s.Addr(), 20*time.Second)
	const writes = 200
	for round := range 10 {
		for i := range writes {
			w.tryWrite(encodeRequest(int32(i+1), jute.OpCreate, reqCreate(fmt.Sprintf("/r%d-", round), "", jute.PersistentSequential)))
		}
		next := w.resume(s.Addr())
		if next.session.SessionID != w.session.SessionID {
			t.Fatalf("the session was not kept: %+v", next.session)
		}
		for i := range 5 {
			path := fmt.Sprintf("/own%d-%d", round, i)
			if got := next.create(path, "", 0); got != path {
				t.Fatalf("create %s was answered with %s", path, got)
			}
			if !next.exists(path) {
				t.Fatalf("%s was acknowledged and is not there", path)
			}
		}
		if !w.isClosed(5 * time.Second) {
			t.Fatal("the earlier connection goes on")
		}
		w = next
	}
}
