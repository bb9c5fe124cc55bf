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
	"time"

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
	mu sync.RWMutex
	content
	lastZxid atomic.Int64

	watches watchTable

	onWritten func(path string, bytes int) // what OnWritten set
}

// content is all that a snapshot brings.
type content struct {
	nodeTable
	acls       aclTable
	ephemerals map[int64]map[uint32]struct{} // znodes by session id
	due        map[uint32]struct{}           // containers and TTL nodes
	quotas     map[string]struct{}           // paths that have one
	digest     uint64
	digester   Digester
	dataSize   int64
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

// OnWritten sets a function that is told of each znode that is created, deleted or
// gets data, and how many bytes of data that were. It is called while the tree is
// locked. Set it before anything is applied.
func (t *Tree) OnWritten(fn func(path string, bytes int)) { t.onWritten = fn }

func (t *Tree) written(path string, bytes int) {
	if t.onWritten != nil {
		t.onWritten(path, bytes)
	}
}

// Counts are the sizes that the four-letter words report.
type Counts struct {
	Znodes, Ephemerals int
	Watches            int   // in both of Apache's tables (DataTree.getWatchCount)
	DataSize           int64 // bytes of paths and data
}

// Counts returns the sizes of the tree.
func (t *Tree) Counts() Counts {
	t.mu.RLock()
	defer t.mu.RUnlock()
	sums := t.WatchSums()
	c := Counts{Znodes: t.count, Watches: sums.Data + sums.Child, DataSize: t.dataSize}
	for _, ids := range t.ephemerals {
		c.Ephemerals += len(ids)
	}
	return c
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

// Due returns the paths that are to be deleted at a moment: containers and TTL
// nodes without children for which IsDue holds. Behaviour:
// ContainerManager.getCandidates.
func (t *Tree) Due(now time.Time, neverUsed time.Duration) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var paths []string
	for id := range t.due {
		n := t.nodes.at(id)
		if s := t.stat(n); t.more(n).children == 0 && IsDue(&s, now, neverUsed) {
			paths = append(paths, t.path(id))
		}
	}
	return paths
}

// IsDue reports whether a znode without children is to be deleted at a moment:
// a container that has lost its last child or had none for neverUsed (up to 0:
// those stay), a TTL node that has been idle for its TTL.
func IsDue(s *jute.StatPersisted, now time.Time, neverUsed time.Duration) bool {
	idle := now.UnixMilli() - s.Mtime
	switch kind, ttl := OwnerKind(s.EphemeralOwner); kind {
	case KindContainer:
		return s.Cversion > 0 || neverUsed > 0 && idle > neverUsed.Milliseconds()
	case KindTTL:
		return idle > ttl
	}
	return false
}
