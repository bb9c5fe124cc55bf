package datatree

import (
	"bytes"
	"maps"

	"zook/jute"
)

// Replace makes the tree hold what another holds, as of zxid, and fires the watches
// for whatever is different. The other tree must not be used any more.
func (t *Tree) Replace(with *Tree, zxid int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.content
	t.content = with.content
	t.lastZxid.Store(zxid)
	if sums := t.WatchSums(); sums.Data+sums.Child == 0 {
		return
	}
	for path, was := range old.nodes {
		if t.nodes[path] == nil {
			t.watches.fire(jute.EventNodeDeleted, path, zxid, old.acls.get(was.acl))
		}
	}
	for path, n := range t.nodes {
		acl := t.acls.get(n.acl)
		var children map[string]struct{}
		if was := old.nodes[path]; was == nil {
			t.watches.fire(jute.EventNodeCreated, path, zxid, acl)
		} else {
			children = was.children
			if was.stat.Mzxid != n.stat.Mzxid || !bytes.Equal(was.data, n.data) {
				t.watches.fire(jute.EventNodeDataChanged, path, zxid, acl)
			}
		}
		if !maps.Equal(children, n.children) {
			t.watches.fire(jute.EventNodeChildrenChanged, path, zxid, acl)
		}
	}
}
