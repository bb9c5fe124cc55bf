// Package datatree is the znode tree in memory.
//
// Apply is the only way to change a tree: the server applies what it commits,
// a start applies what the logs hold, and an offline reader applies the same up
// to the moment it asks about. What Apply does depends on the tree and on the
// transaction alone: zxids, times, generated names and error codes are in the
// transaction. It may be applied again to a tree that already holds its effect,
// as happens after a fuzzy snapshot, and then changes nothing.
//
// One goroutine applies; any number may read at the same time. Data slices are
// never changed once they are in a tree, so readers get them without a copy.
//
// Behaviour: DataTree.java, DataNode.java and DigestCalculator.java.
package datatree

import (
	"sync"
	"sync/atomic"

	"zook/jute"
)

// Paths that every tree has.
const (
	rootPath   = "/"
	procPath   = "/zookeeper"
	QuotaPath  = "/zookeeper/quota"
	ConfigPath = "/zookeeper/config"
)

// IsSpecial reports whether path is one that every tree has and none loses.
func IsSpecial(path string) bool {
	return path == rootPath || path == procPath || path == QuotaPath || path == ConfigPath
}

// Tree is a tree of znodes with the watches on it.
type Tree struct {
	mu         sync.RWMutex
	nodes      map[string]*node
	acls       aclTable
	ephemerals map[int64]map[string]struct{} // by session id
	due        map[string]struct{}           // containers and TTL nodes
	quotas     map[string]struct{}           // paths that have one
	digest     uint64
	dataSize   int64
	lastZxid   atomic.Int64

	watches watchTable
}

type node struct {
	data     []byte
	children map[string]struct{} // nil for a leaf
	stat     jute.StatPersisted
	acl      int64 // reference into the ACL table
	digest   uint32
}

// New returns a tree with what a new data directory holds: the root, /zookeeper,
// its quota and its config.
func New() *Tree {
	b := NewBuilder()
	return b.Tree(0)
}

// LastZxid is the zxid of the last transaction applied.
func (t *Tree) LastZxid() int64 { return t.lastZxid.Load() }

// Digest is the sum of the digests of all znodes, version 2 of Apache's digest,
// and the zxid of the last transaction in it.
func (t *Tree) Digest() (digest, zxid int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return int64(t.digest), t.LastZxid()
}

// Counts are the sizes that the four-letter words report.
type Counts struct {
	Znodes, Ephemerals, Watches int
	DataSize                    int64 // bytes of paths and data
}

// Counts returns the sizes of the tree.
func (t *Tree) Counts() Counts {
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := Counts{Znodes: len(t.nodes), Watches: t.watches.count(), DataSize: t.dataSize}
	for _, paths := range t.ephemerals {
		c.Ephemerals += len(paths)
	}
	return c
}

// Access decides what a reader may see. A nil Access sees everything.
type Access interface {
	// Allowed reports whether acl grants at least one of perms.
	Allowed(acl []jute.ACL, perms jute.Perms) bool
}

// clientStat is what a client sees: the tree counts creations of children, a
// client is shown creations plus deletions, and no owner that is no session
// (DataNode.copyStat).
func (n *node) clientStat() jute.Stat {
	s := n.stat
	if kind, _ := OwnerKind(s.EphemeralOwner); kind != KindEphemeral {
		s.EphemeralOwner = 0
	}
	return jute.Stat{
		Czxid: s.Czxid, Mzxid: s.Mzxid, Ctime: s.Ctime, Mtime: s.Mtime, Version: s.Version,
		Cversion: s.Cversion*2 - int32(len(n.children)), Aversion: s.Aversion, EphemeralOwner: s.EphemeralOwner,
		DataLength: int32(len(n.data)), NumChildren: int32(len(n.children)), Pzxid: s.Pzxid,
	}
}

// readable finds a znode that a may read. The caller holds the lock.
func (t *Tree) readable(path string, a Access, perms jute.Perms) (*node, jute.ErrCode) {
	n := t.nodes[path]
	if n == nil {
		return nil, jute.ErrNoNode
	}
	if a != nil && !a.Allowed(t.acls.get(n.acl), perms) {
		return nil, jute.ErrNoAuth
	}
	return n, jute.ErrOK
}

// Get returns the data and Stat of a znode, and sets a one-shot data watch if w
// is not nil: ErrNoNode, ErrNoAuth.
func (t *Tree) Get(path string, a Access, w Watcher) ([]byte, jute.Stat, jute.ErrCode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.readable(path, a, jute.PermRead)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	if w != nil {
		t.watches.add(path, w, watchData)
	}
	return n.data, n.clientStat(), jute.ErrOK
}

// Exists returns the Stat of a znode, and sets a one-shot data watch if w is
// not nil, also when there is no such znode: ErrNoNode, ErrNoAuth.
func (t *Tree) Exists(path string, a Access, w Watcher) (jute.Stat, jute.ErrCode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.readable(path, a, jute.PermRead)
	if w != nil && err != jute.ErrNoAuth {
		t.watches.add(path, w, watchData)
	}
	if err != jute.ErrOK {
		return jute.Stat{}, err
	}
	return n.clientStat(), jute.ErrOK
}

// Children returns the names of the children of a znode, in no order, and its
// Stat, and sets a one-shot child watch if w is not nil: ErrNoNode, ErrNoAuth.
func (t *Tree) Children(path string, a Access, w Watcher) ([]string, jute.Stat, jute.ErrCode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.readable(path, a, jute.PermRead)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	if w != nil {
		t.watches.add(path, w, watchChild)
	}
	return n.childNames(), n.clientStat(), jute.ErrOK
}

func (n *node) childNames() []string {
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	return names
}

// ACL returns the ACL of a znode and its Stat; whoever may read or administer
// it may see it: ErrNoNode, ErrNoAuth. The slice is shared: do not change it.
func (t *Tree) ACL(path string, a Access) ([]jute.ACL, jute.Stat, jute.ErrCode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.readable(path, a, jute.PermRead|jute.PermAdmin)
	if err != jute.ErrOK {
		return nil, jute.Stat{}, err
	}
	return t.acls.get(n.acl), n.clientStat(), jute.ErrOK
}

// AllChildrenNumber counts the descendants of a znode: ErrNoNode, ErrNoAuth.
func (t *Tree) AllChildrenNumber(path string, a Access) (int, jute.ErrCode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n, err := t.readable(path, a, jute.PermRead)
	if err != jute.ErrOK {
		return 0, err
	}
	if path == rootPath {
		return len(t.nodes) - 1, jute.ErrOK
	}
	count, _ := t.subtree(path, n)
	return count - 1, jute.ErrOK
}

// subtree counts the znodes from n down, n included, and their data.
func (t *Tree) subtree(path string, n *node) (count int, bytes int64) {
	count, bytes = 1, int64(len(n.data))
	for name := range n.children {
		child := jute.JoinPath(path, name)
		if cn := t.nodes[child]; cn != nil {
			c, b := t.subtree(child, cn)
			count, bytes = count+c, bytes+b
		}
	}
	return count, bytes
}

// Ephemerals returns the paths of the ephemerals of a session, in no order.
func (t *Tree) Ephemerals(session int64) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	paths := make([]string, 0, len(t.ephemerals[session]))
	for p := range t.ephemerals[session] {
		paths = append(paths, p)
	}
	return paths
}

// EphemeralOwners returns the sessions that have ephemerals, in no order.
func (t *Tree) EphemeralOwners() []int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	ids := make([]int64, 0, len(t.ephemerals))
	for id := range t.ephemerals {
		ids = append(ids, id)
	}
	return ids
}

// Due returns the paths that are to be deleted at now, milliseconds since the
// epoch: containers that have lost their last child, or have had none for
// neverUsed milliseconds (0: those stay), and TTL nodes without children that
// have been idle for their TTL. Behaviour: ContainerManager.getCandidates.
func (t *Tree) Due(now, neverUsed int64) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var paths []string
	for p := range t.due {
		n := t.nodes[p]
		if n == nil || len(n.children) > 0 {
			continue
		}
		switch kind, ttl := OwnerKind(n.stat.EphemeralOwner); kind {
		case KindContainer:
			if n.stat.Cversion > 0 || neverUsed > 0 && now-n.stat.Ctime > neverUsed {
				paths = append(paths, p)
			}
		case KindTTL:
			if now-n.stat.Mtime > ttl {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// Node is a znode as it stands in the tree and in a snapshot.
type Node struct {
	Data        []byte
	ACL         []jute.ACL // shared: do not change it
	ACLRef      int64      // of the ACL in ACLs, -1 for the open ACL
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

// ACLs returns the ACLs in use by reference, for a snapshot.
func (t *Tree) ACLs() map[int64][]jute.ACL {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.acls.all()
}

// Walk calls fn for every znode, parents before children. Each is consistent in
// itself; the tree may change between two calls, which is what makes a snapshot
// fuzzy. The lock is not held during fn.
func (t *Tree) Walk(fn func(path string, n Node) error) error { return t.walk(rootPath, fn) }

func (t *Tree) walk(path string, fn func(string, Node) error) error {
	t.mu.RLock()
	n := t.nodes[path]
	if n == nil {
		t.mu.RUnlock()
		return nil
	}
	out, names := t.export(n), n.childNames()
	t.mu.RUnlock()
	if err := fn(path, out); err != nil {
		return err
	}
	for _, name := range names {
		if err := t.walk(jute.JoinPath(path, name), fn); err != nil {
			return err
		}
	}
	return nil
}
