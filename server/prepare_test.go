package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"testing"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/snapshot"
)

// Requests are checked against what is prepared before them, long before that is
// applied. Here the disk stands still until all have been prepared.
func TestRequestsOnTheirWay(t *testing.T) {
	s := start(t, Config{ExtendedTypes: true})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/d", "", 0)
	s.engine.mu.Lock()
	steps := []struct {
		op   jute.OpCode
		body jute.Record
		want jute.ErrCode
		path string
	}{
		{jute.OpCreate, reqCreate("/a", "one", 0), 0, "/a"},
		{jute.OpCreate, reqCreate("/a", "", 0), jute.ErrNodeExists, ""},
		{jute.OpCreate, reqCreate("/a/b", "", 0), 0, "/a/b"},
		{jute.OpDelete, reqDelete("/a", -1), jute.ErrNotEmpty, ""},
		{jute.OpCreate, reqCreate("/a/s-", "", jute.PersistentSequential), 0, "/a/s-0000000001"},
		{jute.OpCreate, reqCreate("/a/s-", "", jute.EphemeralSequential), 0, "/a/s-0000000002"},
		{jute.OpCreate, reqCreate("/a/s-0000000002/x", "", 0), jute.ErrNoChildrenForEphemerals, ""},
		{jute.OpSetData, reqSet("/a", "two", 0), 0, ""},
		{jute.OpSetData, reqSet("/a", "no", 0), jute.ErrBadVersion, ""},
		{jute.OpSetData, reqSet("/a", "three", 1), 0, ""},
		{jute.OpSetACL, reqSetACL("/a/b", 0, entry("digest", "x:y", jute.PermAll)), 0, ""},
		{jute.OpSetData, reqSet("/a/b", "", -1), jute.ErrNoAuth, ""},
		{jute.OpCreate, reqCreate("/a/b/c", "", 0), jute.ErrNoAuth, ""},
		{jute.OpDelete, reqDelete("/d", 0), 0, ""},
		{jute.OpDelete, reqDelete("/d", 0), jute.ErrNoNode, ""},
		{jute.OpCreate, reqCreate("/d/x", "", 0), jute.ErrNoNode, ""},
		{jute.OpCreate, reqCreate("/d", "new", 0), 0, "/d"},
		{jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/m", "", 0)), opCheck("/none", 0)), 0, ""},
		{jute.OpCreate, reqCreate("/m/x", "", 0), jute.ErrNoNode, ""},
		{jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/m", "", 0)), op(jute.OpSetData, reqSet("/a", "four", 2))), 0, ""},
		{jute.OpSetData, reqSet("/a", "no", 2), jute.ErrBadVersion, ""},
		{jute.OpCreate, reqCreate("/m/x", "", jute.Ephemeral), 0, "/m/x"},
	}
	first := w.xid + 1
	for _, step := range steps {
		w.send(step.op, step.body)
	}
	eventually(t, "all are prepared", func() bool {
		s.prep.mu.Lock()
		defer s.prep.mu.Unlock()
		return s.prep.pending["/m/x"] != nil
	})
	if s.tree.LastZxid() != 2 {
		t.Fatalf("the tree is at zxid %d", s.tree.LastZxid())
	}
	get := w.send(jute.OpGetData, reqGet("/a", false)) // waits behind them
	s.engine.mu.Unlock()
	for i, step := range steps {
		f, err := w.next()
		if err != nil || f.Xid != first+int32(i) || f.Err != step.want {
			t.Fatalf("%v %+v: reply to %d: %v, %v, want %v", step.op, step.body, f.Xid, f.Err, err, step.want)
		}
		var r jute.CreateResponse
		if jute.Unmarshal(f.body, &r); step.path != "" && r.Path != step.path {
			t.Errorf("%v: created %s, want %s", step.op, r.Path, step.path)
		}
	}
	f, err := w.next()
	var r jute.GetDataResponse
	if jute.Unmarshal(f.body, &r); err != nil || f.Xid != get || string(r.Data) != "four" {
		t.Errorf("the read behind them: %+v, %v", f, err)
	}
	s.prep.mu.Lock()
	defer s.prep.mu.Unlock()
	if len(s.prep.pending)+len(s.prep.order) != 0 {
		t.Errorf("%d changes are left on their way", len(s.prep.order))
	}
}

// A multi of as many operations as fit into a frame, each of which sees those
// before it, done and, because of its last one, not done.
func TestLargeMulti(t *testing.T) {
	s := start(t, Config{})
	w := openSession(t, s.Addr(), 30*time.Second)
	w.create("/m", "", 0)
	var ops []jute.Op
	for i := range 11_000 {
		ops = append(ops, op(jute.OpCreate, &jute.CreateRequest{Path: fmt.Sprintf("/m/%d", i), ACL: jute.OpenACL()}),
			op(jute.OpSetData, reqSet(fmt.Sprintf("/m/%d", i), "x", 0)))
	}
	if n := len(jute.Marshal(multi(ops...))); n < 900_000 || n > 0xfffff {
		t.Fatalf("the request has %d bytes", n)
	}
	var m jute.MultiResponse
	w.do(jute.OpMulti, multi(append(ops[:len(ops):len(ops)], opCheck("/m/7", 5))...), &m)
	if last := m.Results[len(m.Results)-1]; last.Err != jute.ErrBadVersion || s.tree.Counts().Znodes != 5 {
		t.Fatalf("%+v, %d znodes", last, s.tree.Counts().Znodes)
	}
	w.do(jute.OpMulti, multi(ops...), &m)
	if len(m.Results) != len(ops) || w.get("/m/10999") != "x" || s.tree.Counts().Znodes != 11_005 {
		t.Errorf("%d results, %d znodes", len(m.Results), s.tree.Counts().Znodes)
	}
}

// What a connection asked for before it closes its session is done and answered;
// the ephemerals that were on their way go too.
func TestRequestsBeforeAClose(t *testing.T) {
	s := start(t, Config{})
	for i := range 30 {
		w := openSession(t, s.Addr(), 10*time.Second)
		e := fmt.Sprintf("/e%d", i)
		create := w.send(jute.OpCreate, reqCreate(e, "data", jute.Ephemeral))
		get := w.send(jute.OpGetData, reqGet(e, false))
		exists := w.send(jute.OpExists, reqExists(e, false))
		closing := w.send(jute.OpCloseSession, nil)
		w.tryWrite(encodeRequest(99, jute.OpCreate, reqCreate(e, "late", 0)))
		for _, xid := range []int32{create, get, exists, closing} {
			if f, err := w.next(); err != nil || f.Xid != xid || f.Err != jute.ErrOK {
				t.Fatalf("reply to %d: %+v, %v", xid, f, err)
			}
		}
		if f, err := w.next(); err == nil {
			t.Fatalf("something came after the close: %+v", f)
		}
	}
	if c := s.tree.Counts(); c.Znodes != 4 || c.Ephemerals != 0 {
		t.Errorf("left: %+v", c)
	}
}

// A session that the server ends while its requests are on their way leaves no
// ephemeral, and what it did before is in the log as it was applied.
func TestExpiryWhileRequestsAreOnTheirWay(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir})
	other := openSession(t, s.Addr(), 20*time.Second)
	other.create("/e", "", 0)
	for round := range 10 {
		w := openSession(t, s.Addr(), 20*time.Second)
		var running sync.WaitGroup
		running.Go(func() {
			for i := range 2000 {
				if w.tryWrite(encodeRequest(int32(i), jute.OpCreate, reqCreate(fmt.Sprintf("/e/%d-%d", round, i), "", jute.Ephemeral))) != nil {
					return
				}
			}
		})
		eventually(t, "some are created", func() bool { return s.tree.Counts().Ephemerals > round })
		s.requests.put(request{session: w.session.SessionID, op: jute.OpCloseSession})
		refused := false
		for {
			f, err := w.next()
			if err != nil {
				break
			}
			refused = refused || f.Err != jute.ErrOK
			if refused && f.Err != jute.ErrSessionExpired {
				t.Fatalf("round %d: %v after the end of the session", round, f.Err)
			}
		}
		running.Wait()
		if left := childrenOf(other, "/e"); len(left) > 0 || s.tree.Counts().Ephemerals > 0 {
			t.Fatalf("round %d: %d are left", round, len(left))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	st, err := datadir.Open(dir, "").Load(context.Background(), nil)
	if err != nil || len(st.Warnings) > 0 {
		t.Errorf("the log: %v, %q", err, st.Warnings)
	}
}

// Without a digest of the tree none is in the files, and servers start on them, with
// one and without.
func TestNoTreeDigest(t *testing.T) {
	dir := t.TempDir()
	for i, without := range []bool{true, true, false, true} {
		s := start(t, Config{DataDir: dir, NoTreeDigest: without, SnapCount: 4, NoForceSync: true})
		w := openSession(t, s.Addr(), 10*time.Second)
		for j := range 20 {
			w.create(fmt.Sprintf("/%d-%d", i, j), "", 0)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d := datadir.Open(dir, "")
	st, err := d.Load(context.Background(), nil)
	if err != nil || len(st.Warnings) > 0 || len(st.Doubts) > 0 || st.Tree.Counts().Znodes != 84 {
		t.Fatalf("%v, %+v", err, st)
	}
	snaps, err := d.Snapshots()
	if err != nil || len(snaps) < 2 {
		t.Fatalf("%v, %v", snaps, err)
	}
	with := 0
	for _, f := range snaps {
		st, err := snapshotDigest(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if st {
			with++
		}
	}
	if with == 0 || with == len(snaps) {
		t.Errorf("%d of %d snapshots have a digest", with, len(snaps))
	}
}

func snapshotDigest(path string) (bool, error) {
	r, err := snapshot.Open(path)
	if err != nil {
		return false, err
	}
	defer r.Close()
	for {
		if _, err := r.Next(); err == io.EOF {
			break
		} else if err != nil {
			return false, err
		}
	}
	_, ok := r.Digest()
	return ok, nil
}

// overflowing writes a directory where /s has counted its children up to the end.
func overflowing(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	d, err := datadir.Create(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	b := datatree.NewBuilder()
	b.Node("/", []byte{}, -1, jute.StatPersisted{Pzxid: 1, Cversion: 1})
	err = errors.Join(b.Node("/s", []byte{}, -1, jute.StatPersisted{Czxid: 1, Mzxid: 1, Pzxid: 1, Cversion: math.MaxInt32 - 2}),
		b.Node("/v", []byte{}, -1, jute.StatPersisted{Czxid: 1, Mzxid: 1, Pzxid: 1, Version: math.MaxInt32, Aversion: math.MaxInt32}),
		b.Node("/w", []byte{}, -1, jute.StatPersisted{Czxid: 1, Mzxid: 1, Pzxid: 1, Version: -2, Aversion: -2}),
		d.WriteSnapshot(b.Tree(1).Export(), nil))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Counters at their end do what Apache's do, and what we write of it can be read.
func TestCountersAtTheirEnd(t *testing.T) {
	program := func(p *program) {
		for i := range 6 {
			p.a(fmt.Sprintf("sequential %d", i), jute.OpCreate, reqCreate("/s/n-", "", jute.PersistentSequential))
			p.a(fmt.Sprintf("stat %d", i), jute.OpExists, reqExists("/s", false))
		}
		p.a("an ordinary child", jute.OpCreate, reqCreate("/s/x", "", 0))
		p.a("delete", jute.OpDelete, reqDelete("/s/x", -1))
		p.a("stat", jute.OpExists, reqExists("/s", false))
		for i := range 3 {
			p.a(fmt.Sprintf("set %d", i), jute.OpSetData, reqSet("/v", "", -1))
			p.a(fmt.Sprintf("setACL %d", i), jute.OpSetACL, reqSetACL("/v", -1, jute.OpenACL()...))
		}
		p.a("set after the largest", jute.OpSetData, reqSet("/v", "", math.MinInt32+2))
	}
	apache := zktest.Apache(t, overflowing(t), "tickTime=2000")
	dir := overflowing(t)
	ours := start(t, Config{DataDir: dir, TickTime: 2 * time.Second})
	compareRuns(t, run(t, apache.Addr, program), run(t, ours.Addr(), program), nil)

	// ZOOKEEPER-4743: -1 means any version, so none is -1.
	w := openSession(t, ours.Addr(), 10*time.Second)
	var r jute.SetDataResponse
	w.do(jute.OpSetData, reqSet("/w", "", -2), &r)
	if r.Stat.Version != 0 {
		t.Errorf("the version after -2 is %d", r.Stat.Version)
	}
	if err := ours.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, Config{DataDir: dir})
}
