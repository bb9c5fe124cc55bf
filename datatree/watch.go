package datatree

import (
	"sync"

	"zook/jute"
)

// Event is a change that a watch was set for.
type Event struct {
	Type jute.EventType
	Path string
	Zxid int64
	ACL  []jute.ACL // of the znode: a watcher that may not read it is not told
}

// Watcher is told of changes. Notify is called while the tree is locked: it must
// not block and must not call the tree.
type Watcher interface{ Notify(Event) }

// watchKind is a set of kinds of watch.
type watchKind uint8

const (
	watchData      watchKind = 1 << iota // one-shot, set by getData and exists
	watchChild                           // one-shot, set by getChildren
	watchPersist                         // stays; data and children of one znode
	watchRecursive                       // stays; a subtree, without child events
	watchAll       = watchData | watchChild | watchPersist | watchRecursive
)

// watchTable has its own lock since watches are set by readers of the tree.
type watchTable struct {
	mu        sync.Mutex
	byPath    map[string]map[Watcher]watchKind
	byWatcher map[Watcher]map[string]struct{}
	recursive int // number of recursive watches, to skip the climb where there are none
}

func newWatchTable() watchTable {
	return watchTable{byPath: map[string]map[Watcher]watchKind{}, byWatcher: map[Watcher]map[string]struct{}{}}
}

func (t *watchTable) add(path string, w Watcher, kind watchKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.byPath[path]
	if at == nil {
		at = map[Watcher]watchKind{}
		t.byPath[path] = at
	}
	paths := t.byWatcher[w]
	if paths == nil {
		paths = map[string]struct{}{}
		t.byWatcher[w] = paths
	}
	paths[path] = struct{}{}
	if kind&^at[w]&watchRecursive != 0 {
		t.recursive++
	}
	at[w] |= kind
}

// remove takes kinds of a watch away and returns those that were there.
func (t *watchTable) remove(path string, w Watcher, kinds watchKind) watchKind {
	at := t.byPath[path]
	had := at[w] & kinds
	if had == 0 {
		return 0
	}
	if had&watchRecursive != 0 {
		t.recursive--
	}
	if at[w] &^= kinds; at[w] == 0 {
		delete(at, w)
		if len(at) == 0 {
			delete(t.byPath, path)
		}
		delete(t.byWatcher[w], path)
		if len(t.byWatcher[w]) == 0 {
			delete(t.byWatcher, w)
		}
	}
	return had
}

func (t *watchTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, paths := range t.byWatcher {
		n += len(paths)
	}
	return n
}

// fire tells every watcher of an event once, and takes one-shot watches away.
func (t *watchTable) fire(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byPath) == 0 {
		return
	}
	var oneShot, staying watchKind
	switch e.Type {
	case jute.EventNodeCreated, jute.EventNodeDataChanged:
		oneShot, staying = watchData, watchPersist|watchRecursive
	case jute.EventNodeDeleted:
		oneShot, staying = watchData|watchChild, watchPersist|watchRecursive
	case jute.EventNodeChildrenChanged:
		oneShot, staying = watchChild, watchPersist
	}
	var told map[Watcher]struct{} // only kept where a second watch could match
	climb := t.recursive > 0 && e.Type != jute.EventNodeChildrenChanged
	if climb {
		told = map[Watcher]struct{}{}
	}
	for w, kinds := range t.byPath[e.Path] {
		if kinds&(oneShot|staying) == 0 {
			continue
		}
		w.Notify(e)
		t.remove(e.Path, w, oneShot)
		if climb {
			told[w] = struct{}{}
		}
	}
	for path := e.Path; climb && path != rootPath; {
		path = jute.ParentPath(path)
		for w, kinds := range t.byPath[path] {
			if _, done := told[w]; kinds&watchRecursive != 0 && !done {
				w.Notify(e)
				told[w] = struct{}{}
			}
		}
	}
}

func kindsOf(typ jute.WatcherType) watchKind {
	switch typ {
	case jute.WatcherChildren:
		return watchChild
	case jute.WatcherData:
		return watchData
	case jute.WatcherPersistent:
		return watchPersist
	case jute.WatcherPersistentRecursive:
		return watchRecursive
	case jute.WatcherAny:
		return watchAll
	}
	return 0
}

// RemoveWatcher removes all watches of w.
func (t *Tree) RemoveWatcher(w Watcher) {
	t.watches.mu.Lock()
	defer t.watches.mu.Unlock()
	for path := range t.watches.byWatcher[w] {
		t.watches.remove(path, w, watchAll)
	}
}
