package client

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestWatches(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	other := session(t, Config{Servers: s.Addr})
	heard := &record{}
	c := session(t, Config{Servers: s.Addr, OnEvent: heard.event})
	fresh := func(t *testing.T, path string) string {
		heard.clear()
		return create(t, other, path, jute.Persistent)
	}

	t.Run("one-shot", func(t *testing.T) {
		a := fresh(t, "/a")
		must[jute.Stat](t)(second(c.GetW(ctx, a)))
		if _, err := c.ExistsW(ctx, "/later"); err != nil {
			t.Fatal(err)
		}
		must[jute.Stat](t)(second(c.ChildrenW(ctx, a)))
		if _, _, err := c.GetW(ctx, "/none"); err != jute.ErrNoNode {
			t.Fatal(err)
		}
		if got, want := c.Watches(), (Watches{Data: []string{"/a"}, Exist: []string{"/later"}, Children: []string{"/a"}}); !reflect.DeepEqual(got, want) {
			t.Errorf("watches %+v, want %+v", got, want)
		}
		set(t, other, a, "1")
		set(t, other, a, "2") // not told: the watch is used up
		create(t, other, "/later", jute.Persistent)
		create(t, other, "/a/b", jute.Persistent)
		create(t, other, "/a/c", jute.Persistent)
		heard.expect(t, "NodeDataChanged /a", "NodeCreated /later", "NodeChildrenChanged /a")
		if got := c.Watches(); !reflect.DeepEqual(got, Watches{}) {
			t.Errorf("watches left: %+v", got)
		}
	})
	t.Run("of what is deleted", func(t *testing.T) {
		p := fresh(t, "/deleted")
		must[jute.Stat](t)(second(c.GetW(ctx, p)))
		must[jute.Stat](t)(second(c.ChildrenW(ctx, p)))
		if _, err := c.ExistsW(ctx, p); err != nil {
			t.Fatal(err)
		}
		check(t, other.Delete(ctx, p, -1))
		heard.expect(t, "NodeDeleted /deleted")
		if got := c.Watches(); !reflect.DeepEqual(got, Watches{}) {
			t.Errorf("watches left: %+v", got)
		}
	})
	t.Run("persistent", func(t *testing.T) {
		p := fresh(t, "/p")
		check(t, c.AddWatch(ctx, p, jute.WatchPersistent))
		set(t, other, p, "1")
		set(t, other, p, "2")
		create(t, other, "/p/x", jute.Persistent)
		set(t, other, "/p/x", "not watched")
		check(t, other.Delete(ctx, "/p/x", -1))
		check(t, other.Delete(ctx, p, -1))
		create(t, other, p, jute.Persistent)
		heard.expect(t, "NodeDataChanged /p", "NodeDataChanged /p", "NodeChildrenChanged /p",
			"NodeChildrenChanged /p", "NodeDeleted /p", "NodeCreated /p")
		if got, want := c.Watches(), (Watches{Persistent: []string{"/p"}}); !reflect.DeepEqual(got, want) {
			t.Errorf("watches %+v, want %+v", got, want)
		}
		heard.clear()
		check(t, c.CheckWatches(ctx, p, jute.WatcherAny))
		check(t, c.RemoveWatches(ctx, p, jute.WatcherAny, false))
		heard.expect(t, "PersistentWatchRemoved /p")
		if err := c.CheckWatches(ctx, p, jute.WatcherAny); err != jute.ErrNoWatcher {
			t.Errorf("check of what was removed: %v", err)
		}
		if err := c.RemoveWatches(ctx, p, jute.WatcherAny, false); err != jute.ErrNoWatcher {
			t.Errorf("remove again: %v", err)
		}
	})
	t.Run("recursive", func(t *testing.T) {
		p := fresh(t, "/r")
		check(t, c.AddWatch(ctx, p, jute.WatchPersistentRecursive))
		create(t, other, "/r/x", jute.Persistent)
		create(t, other, "/r/x/y", jute.Persistent)
		set(t, other, "/r/x/y", "1")
		set(t, other, p, "1")
		check(t, other.Delete(ctx, "/r/x/y", -1))
		create(t, other, "/rx", jute.Persistent)
		create(t, other, "/r/end", jute.Persistent)
		heard.expect(t, "NodeCreated /r/x", "NodeCreated /r/x/y", "NodeDataChanged /r/x/y", "NodeDataChanged /r",
			"NodeDeleted /r/x/y", "NodeCreated /r/end")
		if got, want := c.Watches(), (Watches{Recursive: []string{"/r"}}); !reflect.DeepEqual(got, want) {
			t.Errorf("watches %+v, want %+v", got, want)
		}
		heard.clear()
		check(t, c.RemoveWatches(ctx, p, jute.WatcherAny, false))
		set(t, other, p, "2")
		must[jute.Stat](t)(second(c.GetW(ctx, p)))
		set(t, other, p, "3")
		heard.expect(t, "PersistentWatchRemoved /r", "NodeDataChanged /r")
	})
	t.Run("removed by type", func(t *testing.T) {
		p := fresh(t, "/t")
		must[jute.Stat](t)(second(c.GetW(ctx, p)))
		must[jute.Stat](t)(second(c.ChildrenW(ctx, p)))
		if _, err := c.ExistsW(ctx, "/t/later"); err != nil {
			t.Fatal(err)
		}
		check(t, c.CheckWatches(ctx, p, jute.WatcherData))
		check(t, c.RemoveWatches(ctx, p, jute.WatcherData, false))
		if err := c.CheckWatches(ctx, p, jute.WatcherData); err != jute.ErrNoWatcher {
			t.Errorf("check of what was removed: %v", err)
		}
		if got, want := c.Watches(), (Watches{Exist: []string{"/t/later"}, Children: []string{p}}); !reflect.DeepEqual(got, want) {
			t.Errorf("watches %+v, want %+v", got, want)
		}
		check(t, c.RemoveWatches(ctx, p, jute.WatcherChildren, false))
		check(t, c.RemoveWatches(ctx, "/t/later", jute.WatcherData, true))
		heard.expect(t, "DataWatchRemoved /t", "ChildWatchRemoved /t", "DataWatchRemoved /t/later")
	})
	t.Run("in a chroot", func(t *testing.T) {
		fresh(t, "/app")
		in := session(t, Config{Servers: s.Addr + "/app", OnEvent: heard.event})
		must[jute.Stat](t)(second(in.GetW(ctx, "/")))
		check(t, in.AddWatch(ctx, "/sub", jute.WatchPersistent))
		set(t, other, "/app", "1")
		create(t, other, "/app/sub", jute.Persistent)
		heard.expect(t, "NodeDataChanged /", "NodeCreated /sub")
		if got, want := in.Watches(), (Watches{Persistent: []string{"/sub"}}); !reflect.DeepEqual(got, want) {
			t.Errorf("watches %+v, want %+v", got, want)
		}
	})
}

// More events than go-zookeeper's channel holds, to a listener that is slow.
func TestNoEventIsDropped(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	heard := &record{}
	c := session(t, Config{Servers: s.Addr, OnEvent: func(e Event) {
		if len(heard.all())%200 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
		heard.event(e)
	}})
	create(t, c, "/storm", jute.Persistent)
	check(t, c.AddWatch(ctx, "/storm", jute.WatchPersistentRecursive))
	const n = 2000
	var want []string
	var ops []jute.Op
	for i := range n {
		path := fmt.Sprintf("/storm/%d", i)
		ops = append(ops, jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: path, ACL: jute.OpenACL()}})
		want = append(want, "NodeCreated "+path)
	}
	if _, err := c.Multi(ctx, ops); err != nil {
		t.Fatal(err)
	}
	heard.expect(t, want...)
}
