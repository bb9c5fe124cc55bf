package datatree

import (
	"errors"
	"maps"
	"slices"

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
	return Node{t.data(n), t.acls.get(n.acl), t.acls.saved(n.acl), t.stat(n), int(t.more(n).children), n.digest}
}

// Lookup returns a znode.
func (t *Tree) Lookup(path string) (Node, bool) {
	v := t.View()
	defer v.Close()
	return v.Lookup(path)
}

// Lookup returns a znode.
func (v View) Lookup(path string) (Node, bool) {
	n := v.t.node(path)
	if n == nil {
		return Node{}, false
	}
	return v.t.export(n), true
}

// Export is what a snapshot is written from: the ACLs of one moment, and the
// znodes while the tree goes on changing. Applying again what was applied since
// that moment makes a tree of it that equals the one it came from.
type Export struct {
	t    *Tree
	zxid int64
	acls map[int64][]jute.ACL

	// down is the way from the root to where a Walk is: the child of each that comes
	// next. Whoever removes that one moves it on.
	down []uint32
	lost bool // the tree now holds something else

	limit int // of batch
	batch []exported
	paths []byte // of the batch
}

type exported struct {
	Node
	pathEnd int // in paths
}

// Export begins a snapshot of the tree as it stands.
func (t *Tree) Export() *Export {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &Export{t: t, zxid: t.LastZxid(), acls: t.acls.all(), limit: walkBatch}
}

// Zxid is the zxid of the last transaction applied when the export began.
func (e *Export) Zxid() int64 { return e.zxid }

// ACLs are the ACLs that Node.ACLRef refers to.
func (e *Export) ACLs() map[int64][]jute.ACL { return maps.Clone(e.acls) }

// Walk calls fn for every znode, parents before children; fn may take its time.
// Each is consistent in itself. Znodes created since the export began are left
// out, and an ACL set since then is nobody's: replay brings both.
//
// The tree is locked for some znodes at a time, about 0.1 ms, and goes on changing in
// between. One Walk of an export runs at a time. The error is fn's, or says that Replace
// has come in between.
func (e *Export) Walk(fn func(path string, n Node) error) error {
	t := e.t
	t.mu.Lock()
	e.down = append(e.down[:0], rootID)
	t.walks = append(t.walks, e)
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.walks = slices.DeleteFunc(t.walks, func(w *Export) bool { return w == e })
		e.batch, e.paths = nil, nil
	}()
	for e.some() {
		paths, start := string(e.paths), 0
		for i := range e.batch {
			n := &e.batch[i]
			path := paths[start:n.pathEnd]
			start = n.pathEnd
			if _, ok := e.acls[n.ACLRef]; !ok && n.ACLRef != openACLSaved {
				n.ACLRef, n.ACL = nobodyACLSaved, nobodyACL
			}
			if err := fn(path, n.Node); err != nil {
				return err
			}
		}
	}
	if e.lost {
		return errors.New("the tree was replaced while it was walked")
	}
	return nil
}

// walkBatch is how many znodes are looked at under one lock.
const walkBatch = 256

// some takes the next znodes into batch, and reports whether there were any left.
func (e *Export) some() bool {
	t := e.t
	t.mu.RLock()
	defer t.mu.RUnlock()
	e.batch, e.paths = e.batch[:0], e.paths[:0]
	for range e.limit {
		for len(e.down) > 0 && e.down[len(e.down)-1] == 0 {
			e.down = e.down[:len(e.down)-1]
		}
		if len(e.down) == 0 || e.lost {
			break
		}
		id := e.down[len(e.down)-1]
		n := t.nodes.at(id)
		e.down[len(e.down)-1] = n.next
		if n.czxid > e.zxid {
			continue
		}
		e.paths = t.appendPath(e.paths, id)
		e.batch = append(e.batch, exported{t.export(n), len(e.paths)})
		if first := t.more(n).first; first != 0 {
			e.down = append(e.down, first)
		}
	}
	return len(e.batch) > 0 || len(e.down) > 0 && !e.lost
}

// passOver is called before a znode is removed.
func (e *Export) passOver(id uint32) {
	for i, next := range e.down {
		if next == id {
			e.down[i] = e.t.nodes.at(id).next
		}
	}
}

// Digest is the digest of the tree as it stands now, and the zxid of the last
// transaction in it: what replay has to arrive at.
func (e *Export) Digest() (digest, zxid int64) { return e.t.Digest() }
