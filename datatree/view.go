package datatree

import (
	"strings"

	"zook/jute"
)

// View is the tree as it stands: nothing is applied while one is open. Whoever
// answers a client hands the answer on before Close, so that it is on its way
// before the event of any later change. A View must not be held for long, and
// whoever holds one must not open a second.
type View struct{ t *Tree }

// View opens a view.
func (t *Tree) View() View {
	t.mu.RLock()
	return View{t}
}

// Close closes the view.
func (v View) Close() { v.t.mu.RUnlock() }

// LastZxid is the zxid of the last transaction in the view.
func (v View) LastZxid() int64 { return v.t.LastZxid() }

// Access decides what a reader may see. A nil Access sees everything.
type Access interface {
	// Allowed reports whether acl grants at least one of perms.
	Allowed(acl []jute.ACL, perms jute.Perms) bool
}

// node finds a znode, or nil. As in Apache's tree "" is the root, too.
func (v View) node(path string) *node {
	if path == "" {
		path = rootPath
	}
	return v.t.node(path)
}

// readable finds a znode that a may read.
func (v View) readable(path string, a Access, perms jute.Perms) (*node, jute.ErrCode) {
	n := v.node(path)
	if n == nil {
		return nil, jute.ErrNoNode
	}
	if a != nil && !a.Allowed(v.t.acls.get(n.acl), perms) {
		return nil, jute.ErrNoAuth
	}
	return n, jute.ErrOK
}

// Get returns the data and Stat of a znode, and sets a one-shot data watch if w
// is not nil: ErrNoNode, ErrNoAuth. The data is shared: do not change it.
func (v View) Get(path string, a Access, w Watcher) ([]byte, jute.Stat, jute.ErrCode) {
	n, err := v.readable(path, a, jute.PermRead)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	if w != nil {
		v.t.watches.add(path, w, watchData)
	}
	return v.t.data(n), v.t.clientStat(n), jute.ErrOK
}

// Exists returns the Stat of a znode, and sets a one-shot data watch if w is
// not nil, also when there is no such znode: ErrNoNode, ErrNoAuth.
func (v View) Exists(path string, a Access, w Watcher) (jute.Stat, jute.ErrCode) {
	n, err := v.readable(path, a, jute.PermRead)
	if w != nil && err != jute.ErrNoAuth {
		v.t.watches.add(path, w, watchData)
	}
	if err != jute.ErrOK {
		return jute.Stat{}, err
	}
	return v.t.clientStat(n), jute.ErrOK
}

// Children returns the names of the children of a znode, in no order, and its
// Stat, and sets a one-shot child watch if w is not nil: ErrNoNode, ErrNoAuth.
func (v View) Children(path string, a Access, w Watcher) ([]string, jute.Stat, jute.ErrCode) {
	n, err := v.readable(path, a, jute.PermRead)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	if w != nil {
		v.t.watches.add(path, w, watchChild)
	}
	return v.t.childNames(n), v.t.clientStat(n), jute.ErrOK
}

// ACL returns the ACL of a znode and its Stat; whoever may read or administer
// it may see it: ErrNoNode, ErrNoAuth. The slice is shared: do not change it.
func (v View) ACL(path string, a Access) ([]jute.ACL, jute.Stat, jute.ErrCode) {
	n, err := v.readable(path, a, jute.PermRead|jute.PermAdmin)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	return v.t.acls.get(n.acl), v.t.clientStat(n), jute.ErrOK
}

// AllChildrenNumber counts the descendants of a znode: ErrNoNode, ErrNoAuth.
func (v View) AllChildrenNumber(path string, a Access) (int, jute.ErrCode) {
	if _, err := v.readable(path, a, jute.PermRead); err != jute.ErrOK {
		return 0, err
	}
	id := v.t.find(path)
	if id == rootID || path == "" {
		return v.t.count - 1, jute.ErrOK
	}
	count, _ := v.t.subtree(id)
	return count - 1, jute.ErrOK
}

// Ephemerals returns the paths of the ephemerals of a session that begin with
// prefix, in no order.
func (v View) Ephemerals(session int64, prefix string) []string {
	paths := make([]string, 0, len(v.t.ephemerals[session]))
	for id := range v.t.ephemerals[session] {
		if p := v.t.path(id); strings.HasPrefix(p, prefix) {
			paths = append(paths, p)
		}
	}
	return paths
}

// AddWatch sets a watch that stays until it is removed or its watcher is.
func (v View) AddWatch(path string, mode jute.AddWatchMode, w Watcher) {
	kind := watchPersist
	if mode == jute.WatchPersistentRecursive {
		kind = watchRecursive
	}
	v.t.watches.add(path, w, kind)
}

// SetWatches sets watches again after a reconnect; those whose znode has changed
// since fire at once, with zxid -1. Behaviour: DataTree.setWatches.
func (v View) SetWatches(s *jute.SetWatches2, w Watcher) {
	t, since := v.t, s.RelativeZxid
	tell := func(typ jute.EventType, path string, acl []jute.ACL) {
		w.Notify(&Event{Type: typ, Path: path, Zxid: -1, ACL: acl})
	}
	for _, path := range s.DataWatches {
		switch n := v.node(path); {
		case n == nil:
			tell(jute.EventNodeDeleted, path, openACL)
		case t.lastSet(n).mzxid > since:
			tell(jute.EventNodeDataChanged, path, t.acls.get(n.acl))
		default:
			t.watches.add(path, w, watchData)
		}
	}
	for _, path := range s.ExistWatches {
		if n := v.node(path); n != nil {
			tell(jute.EventNodeCreated, path, t.acls.get(n.acl))
		} else {
			t.watches.add(path, w, watchData)
		}
	}
	for _, path := range s.ChildWatches {
		switch n := v.node(path); {
		case n == nil:
			tell(jute.EventNodeDeleted, path, openACL)
		case t.more(n).pzxid > since:
			tell(jute.EventNodeChildrenChanged, path, t.acls.get(n.acl))
		default:
			t.watches.add(path, w, watchChild)
		}
	}
	for _, path := range s.PersistentWatches {
		t.watches.add(path, w, watchPersist)
	}
	for _, path := range s.PersistentRecursiveWatches {
		t.watches.add(path, w, watchRecursive)
	}
}

// HasWatch reports whether w has a watch of the type on path.
func (v View) HasWatch(path string, typ jute.WatcherType, w Watcher) bool {
	return v.t.watches.has(path, w, kindsOf(typ))
}

// RemoveWatch removes watches of the type and reports whether there were any.
func (v View) RemoveWatch(path string, typ jute.WatcherType, w Watcher) bool {
	return v.t.watches.remove(path, w, kindsOf(typ))
}
