package datatree

import (
	"maps"

	"zook/jute"
)

// Node is a znode as it stands in the tree and in a snapshot.
type Node struct {
	Data        []byte
	ACL         []jute.ACL // shared: do not change it
	ACLRef      int64      // of the ACL in a snapshot's table, -1 for the open ACL
	Stat        jute.StatPersisted
	NumChildren int
	Digest      uint32 // of this znode alone
}

func (t *Tree) export(n *node) Node {
	return Node{n.data, t.acls.get(n.acl), n.acl, n.stat, len(n.children), n.digest}
}

// Lookup returns a znode.
func (t *Tree) Lookup(path string) (Node, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := t.nodes[path]
	if n == nil {
		return Node{}, false
	}
	return t.export(n), true
}

// Export is what a snapshot is written from: the ACLs of one moment, and the
// znodes while the tree goes on changing. Applying again what was applied since
// that moment makes a tree of it that equals the one it came from.
type Export struct {
	t    *Tree
	zxid int64
	acls map[int64][]jute.ACL
}

// Export begins a snapshot of the tree as it stands.
func (t *Tree) Export() *Export {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &Export{t: t, zxid: t.LastZxid(), acls: t.acls.all()}
}

// Zxid is the zxid of the last transaction applied when the export began.
func (e *Export) Zxid() int64 { return e.zxid }

// ACLs are the ACLs that Node.ACLRef refers to.
func (e *Export) ACLs() map[int64][]jute.ACL { return maps.Clone(e.acls) }

// Walk calls fn for every znode, parents before children; fn may take its time.
// Each is consistent in itself. Znodes created since the export began are left
// out, and an ACL set since then is nobody's: replay brings both.
func (e *Export) Walk(fn func(path string, n Node) error) error { return e.walk(rootPath, fn) }

func (e *Export) walk(path string, fn func(string, Node) error) error {
	e.t.mu.RLock()
	n := e.t.nodes[path]
	if n == nil || n.stat.Czxid > e.zxid {
		e.t.mu.RUnlock()
		return nil
	}
	out, names := e.t.export(n), n.childNames()
	e.t.mu.RUnlock()
	if _, ok := e.acls[out.ACLRef]; !ok && out.ACLRef != openACLRef {
		out.ACLRef, out.ACL = nobodyACLRef, nobodyACL
	}
	if err := fn(path, out); err != nil {
		return err
	}
	for _, name := range names {
		if err := e.walk(jute.JoinPath(path, name), fn); err != nil {
			return err
		}
	}
	return nil
}

// Digest is the digest of the tree as it stands now, and the zxid of the last
// transaction in it: what replay has to arrive at.
func (e *Export) Digest() (digest, zxid int64) { return e.t.Digest() }
