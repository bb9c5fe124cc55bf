package datatree

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"zook/jute"
)

// modes are the ways in which a watcher watches a path in one of Apache's tables.
type modes uint8

const (
	standard modes = 1 << iota
	persistent
	recursive
	anyMode = standard | persistent | recursive
)

// apacheTable is what WatchManager.java of Apache ZooKeeper 3.9 does: watchers, by number,
// of paths.
type apacheTable map[string]map[int]modes

func (t apacheTable) add(path string, w int, m modes) {
	if t[path] == nil {
		t[path] = map[int]modes{}
	}
	t[path][w] |= m
}

func (t apacheTable) remove(path string, w int, m modes) bool {
	had := t[path][w]
	if had&m == 0 {
		return false
	}
	if t[path][w] = had &^ m; t[path][w] == 0 {
		delete(t[path], w)
		if len(t[path]) == 0 {
			delete(t, path)
		}
	}
	return true
}

// trigger returns those that are told.
func (t apacheTable) trigger(path string) map[int]bool {
	told := map[int]bool{}
	for w := range t[path] {
		told[w] = true
		t.remove(path, w, standard)
	}
	for p := path; p != rootPath; {
		p = jute.ParentPath(p)
		for w, m := range t[p] {
			if m&recursive != 0 {
				told[w] = true
			}
		}
	}
	return told
}

func (t apacheTable) size() (n int) {
	for _, ws := range t {
		n += len(ws)
	}
	return n
}

// apacheWatches is what DataTree.java makes of its two tables.
type apacheWatches struct{ data, child apacheTable }

func (a *apacheWatches) addWatch(path string, w int, m modes) {
	a.data.add(path, w, m)
	if m != recursive {
		a.child.add(path, w, m)
	}
}

// tablesOf are the table that says whether there is a watch of a type, and in which mode;
// those of a persistent watch agree.
func (a *apacheWatches) tablesOf(typ jute.WatcherType) ([]apacheTable, modes) {
	switch typ {
	case jute.WatcherChildren:
		return []apacheTable{a.child}, standard
	case jute.WatcherData:
		return []apacheTable{a.data}, standard
	case jute.WatcherPersistent:
		return []apacheTable{a.data, a.child}, persistent
	case jute.WatcherPersistentRecursive:
		return []apacheTable{a.data}, recursive
	}
	return []apacheTable{a.data, a.child}, anyMode
}

func (a *apacheWatches) has(path string, typ jute.WatcherType, w int) (yes bool) {
	tables, m := a.tablesOf(typ)
	for _, t := range tables {
		yes = yes || t[path][w]&m != 0
	}
	return yes
}

func (a *apacheWatches) remove(path string, typ jute.WatcherType, w int) (removed bool) {
	tables, m := a.tablesOf(typ)
	for _, t := range tables {
		removed = t.remove(path, w, m) || removed
	}
	return removed
}

// fire notes for each watcher what it is told of a change.
func (a *apacheWatches) fire(typ jute.EventType, path string, told [][]string) {
	tell := func(typ jute.EventType, path string, ws map[int]bool) {
		for w := range ws {
			told[w] = append(told[w], fmt.Sprintf("%v %s", typ, path))
		}
	}
	ws := a.data.trigger(path)
	if typ == jute.EventNodeDeleted {
		maps.Copy(ws, a.child.trigger(path))
	}
	tell(typ, path, ws)
	if typ != jute.EventNodeDataChanged {
		parent := jute.ParentPath(path)
		tell(jute.EventNodeChildrenChanged, parent, a.child.trigger(parent))
	}
}

func (a *apacheWatches) sums() WatchSums {
	watchers := map[int]bool{}
	for _, ws := range a.data {
		for w := range ws {
			watchers[w] = true
		}
	}
	return WatchSums{Data: a.data.size(), Child: a.child.size(), Paths: len(a.data), Watchers: len(watchers)}
}

// All kinds of watch together, on the same paths, are as Apache has them in two tables: who is
// told of which change, and how often, what is there, what can be removed, and the counts.
func TestWatchesAgainstApachesTables(t *testing.T) {
	types := []jute.WatcherType{jute.WatcherChildren, jute.WatcherData, jute.WatcherAny, jute.WatcherPersistent, jute.WatcherPersistentRecursive}
	for seed := range uint64(40) {
		h := &history{world: newWorld(t), rnd: rand.New(rand.NewPCG(5, seed))}
		a := &apacheWatches{data: apacheTable{}, child: apacheTable{}}
		watchers := []*recorder{{}, {}, {}}
		for range 400 {
			path, w, typ := h.path(), h.rnd.IntN(len(watchers)), types[h.rnd.IntN(len(types))]
			_, there := h.tree.Lookup(path)
			switch h.rnd.IntN(10) {
			case 0, 1:
				exists(h.tree, path, watchers[w])
				a.data.add(path, w, standard)
			case 2, 3:
				if there {
					list(t, h.tree, path, watchers[w])
					a.child.add(path, w, standard)
				}
			case 4:
				addWatch(h.tree, path, jute.WatchPersistent, watchers[w])
				a.addWatch(path, w, persistent)
			case 5:
				addWatch(h.tree, path, jute.WatchPersistentRecursive, watchers[w])
				a.addWatch(path, w, recursive)
			case 6, 7:
				if got, want := removeWatch(h.tree, path, typ, watchers[w]), a.remove(path, typ, w); got != want {
					t.Fatalf("seed %d, zxid %d: removing type %d of %s: %v instead of %v", seed, h.zxid, typ, path, got, want)
				}
			case 8:
				if got, want := hasWatch(h.tree, path, typ, watchers[w]), a.has(path, typ, w); got != want {
					t.Fatalf("seed %d, zxid %d: type %d of %s is there: %v instead of %v", seed, h.zxid, typ, path, got, want)
				}
			}
			want := make([][]string, len(watchers))
			spy := &recorder{} // sees every change but those of children
			addWatch(h.tree, "/", jute.WatchPersistentRecursive, spy)
			h.step()
			h.tree.RemoveWatcher(spy)
			for _, e := range spy.events {
				a.fire(e.Type, e.Path, want)
			}
			for i, r := range watchers {
				var got []string
				for _, e := range r.events {
					got = append(got, fmt.Sprintf("%v %s", e.Type, e.Path))
				}
				r.events = nil
				if !slices.Equal(got, want[i]) {
					t.Fatalf("seed %d, zxid %d, watcher %d:\n got %v\nwant %v", seed, h.zxid, i, got, want[i])
				}
			}
			if got := h.tree.WatchSums(); got != a.sums() {
				t.Fatalf("seed %d, zxid %d: %+v are counted instead of %+v", seed, h.zxid, got, a.sums())
			}
		}
		checkReports(t, h.tree, a.data, watchers)
	}
}

// checkReports compares what wchp and wchc will say.
func checkReports(t *testing.T, tree *Tree, data apacheTable, watchers []*recorder) {
	t.Helper()
	number := func(w Watcher) int { return slices.Index(watchers, w.(*recorder)) }
	byPath, byWatcher := map[string]map[int]bool{}, map[string]map[int]bool{}
	note := func(m map[string]map[int]bool, path string, w int) {
		if m[path] == nil {
			m[path] = map[int]bool{}
		}
		m[path][w] = true
	}
	tree.WatchesByPath(func(path string, ws []Watcher) {
		for _, w := range ws {
			note(byPath, path, number(w))
		}
	})
	tree.WatchesByWatcher(func(w Watcher, paths []string) {
		for _, path := range paths {
			note(byWatcher, path, number(w))
		}
	})
	want := map[string]map[int]bool{}
	for path, ws := range data {
		for w := range ws {
			note(want, path, w)
		}
	}
	if fmt.Sprint(byPath) != fmt.Sprint(want) || fmt.Sprint(byWatcher) != fmt.Sprint(want) {
		t.Fatalf("reported by path %v, by watcher %v; want %v", byPath, byWatcher, want)
	}
}
