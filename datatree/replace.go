package datatree

import (
	"bytes"

	"zook/jute"
)

// Replace makes the tree hold what another holds, as of zxid, and fires the watches
// for whatever is different. The other tree must not be used any more.
func (t *Tree) Replace(with *Tree, zxid int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.content
	for _, e := range old.walks {
		e.lost = true
	}
	t.content = with.content
	t.walks = nil
	t.lastZxid.Store(zxid)
	if sums := t.WatchSums(); sums.Data+sums.Child == 0 {
		return
	}
	old.each(rootPath, rootID, func(path string, was *node) {
		if t.find(path) == 0 {
			t.watches.fire(jute.EventNodeDeleted, path, zxid, old.acls.get(was.acl))
		}
	})
	t.each(rootPath, rootID, func(path string, n *node) {
		acl := t.acls.get(n.acl)
		wasID := old.find(path)
		was := old.nodes.at(wasID)
		switch {
		case wasID == 0:
			t.watches.fire(jute.EventNodeCreated, path, zxid, acl)
		case old.lastSet(was).mzxid != t.lastSet(n).mzxid || !bytes.Equal(old.data(was), t.data(n)):
			t.watches.fire(jute.EventNodeDataChanged, path, zxid, acl)
		}
		if !t.sameChildren(n, &old, wasID) {
			t.watches.fire(jute.EventNodeChildrenChanged, path, zxid, acl)
		}
	})
}

// each calls fn for a znode and all below it.
func (t *nodeTable) each(path string, id uint32, fn func(path string, n *node)) {
	n := t.nodes.at(id)
	fn(path, n)
	for c := t.more(n).first; c != 0; c = t.nodes.at(c).next {
		t.each(jute.JoinPath(path, string(t.name(t.nodes.at(c)))), c, fn)
	}
}

// sameChildren reports whether a znode has the names for children that another has; 0 has none.
func (t *content) sameChildren(n *node, old *content, was uint32) bool {
	if t.more(n).children != old.more(old.nodes.at(was)).children {
		return false
	}
	for c := t.more(n).first; c != 0; c = t.nodes.at(c).next {
		if old.childNamed(was, string(t.name(t.nodes.at(c)))) == 0 {
			return false
		}
	}
	return true
}
