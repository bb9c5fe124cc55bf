package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// Containers that have lost their last child, and TTL nodes that have been idle,
// are deleted, their watchers told; others stay.
func TestReaping(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, ExtendedTypes: true, ContainerCheckInterval: 20 * time.Millisecond})
	w := openSession(t, s.Addr(), 10*time.Second)
	for _, p := range []string{"/used", "/full", "/new"} {
		w.do(jute.OpCreateContainer, reqCreate(p, "", jute.Container), nil)
	}
	w.create("/used/x", "", 0)
	w.create("/full/x", "", 0)
	w.do(jute.OpCreateTTL, reqTTL("/short", jute.PersistentTTL, 50), nil)
	w.do(jute.OpCreateTTL, reqTTL("/long", jute.PersistentTTL, 1<<39), nil)
	w.do(jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL("/parent", jute.PersistentTTL, 50)), op(jute.OpCreate, reqCreate("/parent/x", "", 0))), nil)
	w.do(jute.OpExists, reqExists("/used", true), nil)
	w.do(jute.OpDelete, reqDelete("/used/x", -1), nil)
	f, err := w.next()
	if e := f.event(); err != nil || e.Type != jute.EventNodeDeleted || e.Path != "/used" {
		t.Fatalf("%+v, %v instead of the event", f, err)
	}
	want := []string{"full", "long", "new", "parent", "zookeeper"}
	eventually(t, "the idle one goes", func() bool { return slices.Equal(childrenOf(w, "/"), want) })
	time.Sleep(100 * time.Millisecond)
	if got := childrenOf(w, "/"); !slices.Equal(got, want) {
		t.Errorf("left: %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, Config{DataDir: dir, ContainerCheckInterval: 20 * time.Millisecond})
	w = openSession(t, s.Addr(), 10*time.Second)
	w.do(jute.OpDelete, reqDelete("/full/x", -1), nil)
	w.do(jute.OpDelete, reqDelete("/parent/x", -1), nil)
	eventually(t, "they go after a restart", func() bool { return slices.Equal(childrenOf(w, "/"), []string{"long", "new", "zookeeper"}) })
}

// The same containers and TTL nodes go as with Apache, and the others stay.
func TestReapingIsApaches(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=2000", "forceSync=no", "-Dznode.container.checkIntervalMs=100", "-Dznode.container.maxNeverUsedIntervalMs=2000")
	ours := start(t, Config{TickTime: 2 * time.Second, ExtendedTypes: true, NoForceSync: true,
		ContainerCheckInterval: 100 * time.Millisecond, ContainerMaxNeverUsed: 2 * time.Second})
	var clients []*wire
	for _, addr := range []string{apache.Addr, ours.Addr()} {
		w := openSession(t, addr, 20*time.Second)
		clients = append(clients, w)
		w.create("/r", "", 0)
		for _, p := range []string{"/r/used", "/r/full", "/r/emptied", "/r/never"} {
			w.do(jute.OpCreateContainer, reqCreate(p, "", jute.Container), nil)
		}
		for _, p := range []string{"/r/used/x", "/r/full/x", "/r/emptied/x"} {
			w.create(p, "", jute.Ephemeral)
		}
		w.create("/r/persistent", "", 0)
		w.create("/r/persistent/x", "", 0)
		w.create("/r/flags", "", jute.Container) // a create with the flags of a container makes none
		w.create("/r/flags/x", "", 0)
		w.do(jute.OpCreateTTL, reqTTL("/r/short", jute.PersistentTTL, 1), nil)
		w.do(jute.OpCreateTTL, reqTTL("/r/short-", jute.PersistentSequentialTTL, 200), nil)
		w.do(jute.OpCreateTTL, reqTTL("/r/long", jute.PersistentTTL, 1<<39), nil)
		w.do(jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL("/r/parent", jute.PersistentTTL, 1)), op(jute.OpCreate, reqCreate("/r/parent/x", "", 0))), nil)
		w.do(jute.OpMulti, multi(op(jute.OpCreateContainer, reqCreate("/r/multi", "", jute.Container)), op(jute.OpCreate, reqCreate("/r/multi/x", "", 0)),
			op(jute.OpDelete, reqDelete("/r/multi/x", -1)), op(jute.OpCreateTTL, reqTTL("/r/multi-ttl", jute.PersistentTTL, 1))), nil)
		for _, p := range []string{"/r/used/x", "/r/emptied/x", "/r/persistent/x", "/r/flags/x"} {
			w.do(jute.OpDelete, reqDelete(p, -1), nil)
		}
	}
	want := []string{"flags", "full", "long", "parent", "persistent"}
	for i, w := range clients {
		eventually(t, fmt.Sprintf("what is due goes (server %d)", i), func() bool { return slices.Equal(childrenOf(w, "/r"), want) })
	}
	time.Sleep(300 * time.Millisecond) // three times more
	for i, w := range clients {
		if got := childrenOf(w, "/r"); !slices.Equal(got, want) {
			t.Errorf("server %d: left are %v", i, got)
		}
	}
}

// No more are deleted than there may be in a minute.
func TestReapingTakesItsTime(t *testing.T) {
	s := start(t, Config{ContainerCheckInterval: 20 * time.Millisecond, ContainerMaxPerMinute: 600})
	w := openSession(t, s.Addr(), 10*time.Second)
	const n = 5
	for i := range n {
		p := fmt.Sprintf("/c%d", i)
		w.do(jute.OpMulti, multi(op(jute.OpCreateContainer, reqCreate(p, "", jute.Container)), op(jute.OpCreate, reqCreate(p+"/x", "", 0))), nil)
	}
	var empty []jute.Op
	for i := range n {
		empty = append(empty, op(jute.OpDelete, reqDelete(fmt.Sprintf("/c%d/x", i), -1)))
	}
	began := time.Now()
	w.do(jute.OpMulti, multi(empty...), nil)
	eventually(t, "all are deleted", func() bool { return len(childrenOf(w, "/")) == 1 })
	if took := time.Since(began); took < (n-1)*100*time.Millisecond {
		t.Errorf("%d were deleted in %v", n, took)
	}
}

// When its turn comes, a znode may have come back into use, or be another one.
func TestReapingLooksAgain(t *testing.T) {
	s := start(t, Config{ExtendedTypes: true, ContainerCheckInterval: time.Hour})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.do(jute.OpCreateContainer, reqCreate("/due", "", jute.Container), nil)
	w.create("/due/x", "", 0)
	w.do(jute.OpDelete, reqDelete("/due/x", -1), nil)
	w.do(jute.OpCreateContainer, reqCreate("/full", "", jute.Container), nil)
	w.create("/full/x", "", 0)
	w.do(jute.OpCreateContainer, reqCreate("/new", "", jute.Container), nil)
	w.do(jute.OpCreateTTL, reqTTL("/fresh", jute.PersistentTTL, 60_000), nil)
	w.create("/persistent", "", 0)
	w.create("/ephemeral", "", jute.Ephemeral)
	for _, p := range []string{"/due", "/full", "/new", "/fresh", "/persistent", "/ephemeral", "/none", "/", "/zookeeper", "/zookeeper/config", "x"} {
		s.requests.put(request{op: jute.OpDeleteContainer, body: jute.Marshal(&jute.DeleteContainerRequest{Path: p})})
	}
	w.create("/after", "", 0)
	if got := childrenOf(w, "/"); !slices.Equal(got, []string{"after", "ephemeral", "fresh", "full", "new", "persistent", "zookeeper"}) {
		t.Errorf("left: %v", got)
	}
}

func TestTTLWhereItIsNotAllowed(t *testing.T) {
	s := start(t, Config{})
	w := openSession(t, s.Addr(), 10*time.Second)
	for name, r := range map[string]jute.Op{
		"createTTL": op(jute.OpCreateTTL, reqTTL("/t", jute.PersistentTTL, 1000)), "sequential": op(jute.OpCreateTTL, reqTTL("/t", jute.PersistentSequentialTTL, 1000)),
		"create": op(jute.OpCreate, reqCreate("/t", "", jute.PersistentTTL)),
	} {
		if f, _ := w.call(r.Type, r.Body); f.Err != jute.ErrUnimplemented {
			t.Errorf("%s: %v", name, f.Err)
		}
	}
	var m jute.MultiResponse
	w.do(jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL("/t", jute.PersistentTTL, 1000))), &m)
	if len(m.Results) != 1 || m.Results[0].Err != jute.ErrUnimplemented {
		t.Errorf("in a multi: %+v", m.Results)
	}
	w.do(jute.OpCreateContainer, reqCreate("/c", "", jute.Container), nil) // these always are
}
