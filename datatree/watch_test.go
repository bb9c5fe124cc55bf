package datatree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zook/jute"
)

// get, exists and list read with a one-shot watch.
func get(t *testing.T, tree *Tree, path string, w Watcher) {
	t.Helper()
	v := tree.View()
	defer v.Close()
	if _, _, err := v.Get(path, nil, w); err != jute.ErrOK {
		t.Fatalf("get %s: %v", path, err)
	}
}

func exists(tree *Tree, path string, w Watcher) {
	v := tree.View()
	defer v.Close()
	v.Exists(path, nil, w)
}

func list(t *testing.T, tree *Tree, path string, w Watcher) {
	t.Helper()
	v := tree.View()
	defer v.Close()
	if _, _, err := v.Children(path, nil, w); err != jute.ErrOK {
		t.Fatalf("children of %s: %v", path, err)
	}
}

func addWatch(tree *Tree, path string, mode jute.AddWatchMode, w Watcher) {
	v := tree.View()
	defer v.Close()
	v.AddWatch(path, mode, w)
}

func hasWatch(tree *Tree, path string, typ jute.WatcherType, w Watcher) bool {
	v := tree.View()
	defer v.Close()
	return v.HasWatch(path, typ, w)
}

func removeWatch(tree *Tree, path string, typ jute.WatcherType, w Watcher) bool {
	v := tree.View()
	defer v.Close()
	return v.RemoveWatch(path, typ, w)
}

func expect(t *testing.T, what string, r *recorder, want ...string) {
	t.Helper()
	if got := r.take(); got != strings.Join(want, ", ") {
		t.Errorf("%s:\n got %s\nwant %s", what, got, strings.Join(want, ", "))
	}
}

func TestOneShotWatches(t *testing.T) {
	w := newWorld(t)
	r := &recorder{}
	exists(w.tree, "/a", r)
	w.create("/a", "") // 1
	expect(t, "exists, then created", r, "NodeCreated /a@1")
	w.set("/a", "x")
	expect(t, "only once", r)

	get(t, w.tree, "/a", r)
	w.create("/a/b", "") // 3
	expect(t, "a data watch does not see children", r)
	w.set("/a", "y") // 4
	expect(t, "get, then set", r, "NodeDataChanged /a@4")

	list(t, w.tree, "/a", r)
	w.set("/a", "z") // 5
	w.set("/a/b", "z")
	expect(t, "a child watch does not see data", r)
	w.create("/a/c", "") // 7
	expect(t, "list, then create", r, "NodeChildrenChanged /a@7")
	list(t, w.tree, "/a", r)
	w.delete("/a/c") // 8
	w.create("/a/d", "")
	expect(t, "list, then delete, once", r, "NodeChildrenChanged /a@8")

	get(t, w.tree, "/a/b", r)
	list(t, w.tree, "/a/b", r)
	list(t, w.tree, "/a", r)
	w.setACL("/a/b", digestACL("x", jute.PermAll))
	expect(t, "an ACL is no data", r)
	w.delete("/a/b") // 11
	expect(t, "one event of a delete for two watches, and the parent's after it", r,
		"NodeDeleted /a/b@11", "NodeChildrenChanged /a@11")
	if n := w.tree.Counts().Watches; n != 0 {
		t.Errorf("%d watches are left", n)
	}
}

func TestSeveralWatchers(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "")
	rs := []*recorder{{}, {}, {}}
	for _, r := range rs {
		get(t, w.tree, "/a", r)
		get(t, w.tree, "/a", r)
	}
	w.tree.RemoveWatcher(rs[1])
	w.set("/a", "x")
	expect(t, "first", rs[0], "NodeDataChanged /a@2")
	expect(t, "removed", rs[1])
	expect(t, "third", rs[2], "NodeDataChanged /a@2")
}

func TestPersistentWatches(t *testing.T) {
	w := newWorld(t)
	r := &recorder{}
	addWatch(w.tree, "/a", jute.WatchPersistent, r)
	w.create("/a", "")   // 1
	w.set("/a", "x")     // 2
	w.create("/a/b", "") // 3
	w.set("/a/b", "")    // 4
	w.delete("/a/b")     // 5
	w.delete("/a")       // 6
	expect(t, "persistent", r, "NodeCreated /a@1", "NodeDataChanged /a@2", "NodeChildrenChanged /a@3",
		"NodeChildrenChanged /a@5", "NodeDeleted /a@6")

	addWatch(w.tree, "/a", jute.WatchPersistentRecursive, r)
	w.create("/a", "")     // 7
	w.create("/a/b", "")   // 8
	w.create("/a/b/c", "") // 9
	w.set("/a/b/c", "x")   // 10
	w.create("/ab", "")
	w.delete("/a/b/c") // 12
	expect(t, "persistent and recursive, one event of each change", r,
		"NodeCreated /a@7", "NodeCreated /a/b@8", "NodeChildrenChanged /a@8", "NodeCreated /a/b/c@9",
		"NodeDataChanged /a/b/c@10", "NodeDeleted /a/b/c@12")

	all := &recorder{}
	addWatch(w.tree, "/", jute.WatchPersistentRecursive, all)
	addWatch(w.tree, "/a/b", jute.WatchPersistentRecursive, all)
	get(t, w.tree, "/a/b", all)
	w.set("/a/b", "y") // 13
	w.delete("/ab")    // 14
	expect(t, "recursive from the root, with three watches that match", all, "NodeDataChanged /a/b@13", "NodeDeleted /ab@14")
	get(t, w.tree, "/a/b", all)
	w.set("/a/b", "z") // 15
	expect(t, "the one-shot watch went alone", all, "NodeDataChanged /a/b@15")
}

func TestMultiTellsOfEachChange(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "")
	r := &recorder{}
	addWatch(w.tree, "/a", jute.WatchPersistentRecursive, r)
	w.apply(0, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
		subTxn(jute.OpCreate, &jute.CreateTxn{Path: "/a/b", ACL: jute.OpenACL(), ParentCVersion: 1}),
		subTxn(jute.OpSetData, &jute.SetDataTxn{Path: "/a/b", Version: 1}),
		subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/a/b"})}})
	expect(t, "multi", r, "NodeCreated /a/b@2", "NodeDataChanged /a/b@2", "NodeDeleted /a/b@2")
}

func TestCloseSessionTells(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "")
	w.createAs(1, "/a/e", "", jute.OpenACL())
	r := &recorder{}
	exists(w.tree, "/a/e", r)
	list(t, w.tree, "/a", r)
	w.apply(1, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/a/e"}})
	expect(t, "an ephemeral goes with its session", r, "NodeDeleted /a/e@3", "NodeChildrenChanged /a@3")
}

func TestRemoveWatches(t *testing.T) {
	tree := New()
	r, other := &recorder{}, &recorder{}
	set := func() {
		for _, w := range []*recorder{r, other} {
			exists(tree, "/zookeeper", w)
			list(t, tree, "/zookeeper", w)
			addWatch(tree, "/zookeeper", jute.WatchPersistent, w)
			addWatch(tree, "/zookeeper", jute.WatchPersistentRecursive, w)
		}
	}
	types := []jute.WatcherType{jute.WatcherData, jute.WatcherChildren, jute.WatcherPersistent, jute.WatcherPersistentRecursive}
	has := func() (s []jute.WatcherType) {
		for _, typ := range types {
			if hasWatch(tree, "/zookeeper", typ, r) {
				s = append(s, typ)
			}
		}
		return s
	}
	set()
	for i, typ := range types {
		if !removeWatch(tree, "/zookeeper", typ, r) || removeWatch(tree, "/zookeeper", typ, r) {
			t.Errorf("watcher type %d was not removed, or twice", typ)
		}
		if got := has(); !slices.Equal(got, types[i+1:]) {
			t.Errorf("after type %d: %v are left", typ, got)
		}
	}
	if hasWatch(tree, "/zookeeper", jute.WatcherAny, r) || removeWatch(tree, "/zookeeper", jute.WatcherAny, r) {
		t.Error("any is left of none")
	}
	set()
	if !removeWatch(tree, "/zookeeper", jute.WatcherAny, r) || has() != nil {
		t.Errorf("any left %v", has())
	}
	for _, typ := range append(types, jute.WatcherAny) {
		if !hasWatch(tree, "/zookeeper", typ, other) {
			t.Errorf("the other watcher lost type %d", typ)
		}
	}
	if hasWatch(tree, "/none", jute.WatcherAny, other) || removeWatch(tree, "/none", jute.WatcherAny, other) {
		t.Error("a watch on another path")
	}
	tree.RemoveWatcher(other)
	if sums := tree.WatchSums(); sums != (WatchSums{}) {
		t.Errorf("the table is not empty: %+v", sums)
	}
}

func TestSetWatches(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{"/same", "/changed", "/kids", "/gone", "/calm"} { // 1-5
		w.create(p, "")
	}
	const seen = 5
	w.set("/changed", "")     // 6
	w.create("/kids/x", "")   // 7
	w.delete("/gone")         // 8
	w.create("/appeared", "") // 9
	r := &recorder{}
	v := w.tree.View()
	v.SetWatches(&jute.SetWatches2{RelativeZxid: seen,
		DataWatches:                []string{"/same", "/changed", "/gone"},
		ExistWatches:               []string{"/appeared", "/never"},
		ChildWatches:               []string{"/calm", "/kids", "/gone"},
		PersistentWatches:          []string{"/p"},
		PersistentRecursiveWatches: []string{"/pr"}}, r)
	v.Close()
	expect(t, "missed", r, "NodeDataChanged /changed@-1", "NodeDeleted /gone@-1", "NodeCreated /appeared@-1",
		"NodeChildrenChanged /kids@-1", "NodeDeleted /gone@-1")
	w.set("/same", "")     // 10
	w.set("/changed", "")  // fired already
	w.create("/never", "") // 12
	w.create("/calm/x", "")
	w.create("/p", "")    // 14
	w.create("/pr", "")   // 15
	w.create("/pr/x", "") // 16
	expect(t, "set again", r, "NodeDataChanged /same@10", "NodeCreated /never@12", "NodeChildrenChanged /calm@13",
		"NodeCreated /p@14", "NodeCreated /pr@15", "NodeCreated /pr/x@16")
}

// The event names the ACL by which its receiver is judged.
func TestEventsCarryTheACL(t *testing.T) {
	w := newWorld(t)
	ann, bob := digestACL("ann", jute.PermAll), digestACL("bob", jute.PermAll)
	w.createAs(0, "/a", "", ann)
	r := &recorder{}
	addWatch(w.tree, "/a", jute.WatchPersistent, r)
	addWatch(w.tree, "/a/b", jute.WatchPersistent, r)
	w.createAs(0, "/a/b", "", bob)
	w.set("/a/b", "")
	w.delete("/a/b")
	var got []string
	for _, e := range r.events {
		got = append(got, fmt.Sprintf("%v of %s", e.Type, e.ACL[0].ID.ID))
	}
	want := []string{"NodeCreated of bob:hash", "NodeChildrenChanged of ann:hash", "NodeDataChanged of bob:hash",
		"NodeDeleted of bob:hash", "NodeChildrenChanged of ann:hash"}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// A table that many have used is as good as new.
func TestManyWatches(t *testing.T) {
	tree := New()
	ws := make([]*recorder, 300)
	for round := range 2 {
		for i := range ws {
			ws[i] = &recorder{}
			for j := range 300 {
				exists(tree, fmt.Sprintf("/%d", (i*7+j)%1000), ws[i])
			}
		}
		if n := tree.WatchSums(); n != (WatchSums{Data: 90000, Paths: 1000, Watchers: 300}) {
			t.Fatalf("round %d: %+v", round, n)
		}
		if !hasWatch(tree, "/299", jute.WatcherData, ws[0]) || hasWatch(tree, "/300", jute.WatcherData, ws[0]) {
			t.Fatal("a watch is not found, or one that was never set")
		}
		for i, w := range ws {
			if i%2 == 0 {
				tree.RemoveWatcher(w)
			}
		}
		if n := tree.WatchSums(); n.Data != 45000 || n.Watchers != 150 {
			t.Fatalf("round %d: %+v are left", round, n)
		}
		for _, w := range ws {
			tree.RemoveWatcher(w)
		}
		if n := tree.WatchSums(); n != (WatchSums{}) {
			t.Fatalf("round %d: %+v are left of none", round, n)
		}
	}
}
