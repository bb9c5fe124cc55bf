package datatree

import (
	"hash/maphash"
	"slices"
	"strings"

	"zook/jute"
)

// nodeTable is the znodes. They are numbered; a path is found by going down from the root,
// with one look into the index for each name on the way. So nothing holds a path, and a
// znode's memory is its node, which is a line of the processor's cache, 4 bytes of the index,
// its blob, 24 bytes once its data were set, and extra where it has children or an unusual
// stat: of most some 75 bytes and those of its name and data, of which none is a pointer that
// the garbage collector has to follow.
type nodeTable struct {
	nodes  slab[node]
	extras slab[extra]
	sets   slab[lastSet]
	index  hashIndex // by parent and name
	blobs  blobs
	count  int
	walks  []*Export // that are under way
}

// node is a znode.
type node struct {
	// What is looked at on the way down is together.
	hash       uint32 // of parent and name
	parent     uint32
	nextOfHash uint32
	at         place // of its name and data
	dataLen    int32 // -1 is null

	acl        aclRef
	extra, set uint32 // 0 where all of that is as in a new znode
	digest     uint32
	czxid      int64
	ctime      int64
	next, prev uint32 // child of the parent
}

// extra is what most leaves have no need of.
type extra struct {
	pzxid              int64 // of a new znode its czxid; the rest is 0
	owner              int64
	cversion, aversion int32
	children           int32
	first              uint32 // child; there is no order
}

// lastSet is what a change of its data has left on a znode.
type lastSet struct {
	mzxid   int64 // of a new znode its czxid
	mtime   int64 // of a new znode its ctime
	version int32
}

// rootID is the number of the root, which is the first znode of every tree.
const rootID = 1

// hashSeed makes it impossible to know which names share a bucket.
var hashSeed = maphash.MakeSeed()

// nameHash is what hashOf needs of a name.
func nameHash(name []byte) uint64 { return maphash.Bytes(hashSeed, name) }

func hashChild(parent uint32, name uint64) uint32 {
	h := (name ^ uint64(parent)*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
	return uint32(h >> 32)
}

// hashOf and nextOf are for the index.
func (t *nodeTable) hashOf(id uint32) uint32  { return t.nodes.at(id).hash }
func (t *nodeTable) nextOf(id uint32) *uint32 { return &t.nodes.at(id).nextOfHash }

// find returns the number of the znode at a path, or 0.
func (t *nodeTable) find(path string) uint32 {
	if path == "" || path[0] != '/' || t.count == 0 {
		return 0
	}
	id := uint32(rootID)
	for rest, more := path[1:], len(path) > 1; more && id != 0; {
		var name string
		name, rest, more = strings.Cut(rest, "/")
		id = t.childNamed(id, name)
	}
	return id
}

// node returns the znode at a path, or nil.
func (t *nodeTable) node(path string) *node {
	if id := t.find(path); id != 0 {
		return t.nodes.at(id)
	}
	return nil
}

// childNamed returns the number of a child, or 0.
func (t *nodeTable) childNamed(parent uint32, name string) uint32 {
	return findChild(t, parent, name, maphash.String(hashSeed, name))
}

// findChild is childNamed where the nameHash is known.
func findChild[N string | []byte](t *nodeTable, parent uint32, name N, hash uint64) uint32 {
	h := hashChild(parent, hash)
	id := t.index.first(h)
	for id != 0 {
		n := t.nodes.at(id)
		if n.hash == h && n.parent == parent && string(t.name(n)) == string(name) {
			break
		}
		id = n.nextOfHash
	}
	return id
}

// name is the name of a znode; "" is the root's. It must not be changed.
func (t *nodeTable) name(n *node) []byte {
	name, _ := t.blobs.name(n.at)
	return name
}

// data is the data of a znode. It must not be changed.
func (t *nodeTable) data(n *node) []byte {
	if n.dataLen < 0 {
		return nil
	}
	_, rest := t.blobs.name(n.at)
	return rest[:n.dataLen:n.dataLen]
}

// putData gives a znode a copy of data.
func (t *nodeTable) putData(id uint32, data []byte) {
	n := t.nodes.at(id)
	was, size := n.at, n.dataLen
	n.at, n.dataLen = putBlob(&t.blobs, id, t.name(n), data), dataLen(data)
	t.dropBlob(was, size)
}

func dataLen(data []byte) int32 {
	if data == nil {
		return -1
	}
	return int32(len(data))
}

// more is what a znode has beyond its node, to be read.
func (t *nodeTable) more(n *node) extra {
	if n.extra == 0 {
		return extra{pzxid: n.czxid}
	}
	return *t.extras.at(n.extra)
}

// change is what a znode has beyond its node, to be changed.
func (t *nodeTable) change(n *node) *extra {
	if n.extra == 0 {
		n.extra = t.extras.take()
		t.extras.at(n.extra).pzxid = n.czxid
	}
	return t.extras.at(n.extra)
}

// lastSet is when and how often the data of a znode were set.
func (t *nodeTable) lastSet(n *node) lastSet {
	if n.set == 0 {
		return lastSet{mzxid: n.czxid, mtime: n.ctime}
	}
	return *t.sets.at(n.set)
}

// noteSet changes what lastSet returns.
func (t *nodeTable) noteSet(n *node, last lastSet) {
	if n.set == 0 {
		n.set = t.sets.take()
	}
	*t.sets.at(n.set) = last
}

// stat is the stat of a znode as files have it.
func (t *nodeTable) stat(n *node) jute.StatPersisted {
	x, last := t.more(n), t.lastSet(n)
	return jute.StatPersisted{Czxid: n.czxid, Mzxid: last.mzxid, Ctime: n.ctime, Mtime: last.mtime, Version: last.version,
		Cversion: x.cversion, Aversion: x.aversion, EphemeralOwner: x.owner, Pzxid: x.pzxid}
}

// clientStat is what a client sees: the tree counts creations of children, a
// client is shown creations plus deletions, and no owner that is no session
// (DataNode.copyStat).
func (t *nodeTable) clientStat(n *node) jute.Stat {
	x, last := t.more(n), t.lastSet(n)
	if kind, _ := OwnerKind(x.owner); kind != KindEphemeral {
		x.owner = 0
	}
	return jute.Stat{
		Czxid: n.czxid, Mzxid: last.mzxid, Ctime: n.ctime, Mtime: last.mtime, Version: last.version,
		Cversion: x.cversion*2 - x.children, Aversion: x.aversion, EphemeralOwner: x.owner,
		DataLength: max(n.dataLen, 0), NumChildren: x.children, Pzxid: x.pzxid,
	}
}

// childNames are the names of the children of a znode, all in one piece of memory.
func (t *nodeTable) childNames(n *node) []string {
	x := t.more(n)
	size := 0
	for id := x.first; id != 0; {
		c := t.nodes.at(id)
		size += len(t.name(c))
		id = c.next
	}
	var b strings.Builder
	b.Grow(size)
	names := make([]string, 0, x.children)
	for id := x.first; id != 0; {
		c := t.nodes.at(id)
		b.Write(t.name(c))
		names = append(names, b.String()[b.Len()-len(t.name(c)):])
		id = c.next
	}
	return names
}

// path is the path of a znode.
func (t *nodeTable) path(id uint32) string { return string(t.appendPath(nil, id)) }

// appendPath appends the path of a znode.
func (t *nodeTable) appendPath(b []byte, id uint32) []byte {
	if id == rootID {
		return append(b, '/')
	}
	size := 0
	for up := id; up != rootID; up = t.nodes.at(up).parent {
		size += 1 + len(t.name(t.nodes.at(up)))
	}
	b = slices.Grow(b, size)
	end := len(b) + size
	b = b[:end]
	for up := id; up != rootID; up = t.nodes.at(up).parent {
		name := t.name(t.nodes.at(up))
		end -= len(name)
		copy(b[end:], name)
		end--
		b[end] = '/'
	}
	return b
}

// addNode makes a znode below a parent, 0 for the root, and returns its number. hash is
// nameHash of the name.
func addNode[N string | []byte](t *nodeTable, parent uint32, name N, hash uint64, data []byte, s *jute.StatPersisted) uint32 {
	id := t.nodes.take()
	n := t.nodes.at(id)
	*n = node{czxid: s.Czxid, ctime: s.Ctime,
		at: putBlob(&t.blobs, id, name, data), dataLen: dataLen(data), parent: parent, hash: hashChild(parent, hash)}
	t.count++
	if s.Mzxid != s.Czxid || s.Mtime != s.Ctime || s.Version != 0 {
		t.noteSet(n, lastSet{s.Mzxid, s.Mtime, s.Version})
	}
	if s.Pzxid != s.Czxid || s.Cversion != 0 || s.Aversion != 0 || s.EphemeralOwner != 0 {
		*t.change(n) = extra{pzxid: s.Pzxid, owner: s.EphemeralOwner, cversion: s.Cversion, aversion: s.Aversion}
	}
	if parent == 0 {
		return id
	}
	t.index.insert(t, id)
	x := t.change(t.nodes.at(parent))
	if n.next = x.first; n.next != 0 {
		t.nodes.at(n.next).prev = id
	}
	x.first = id
	x.children++
	return id
}

// remove takes a znode, which is not the root, from its parent, and forgets it.
func (t *nodeTable) remove(id uint32) {
	for _, e := range t.walks {
		e.passOver(id)
	}
	n := t.nodes.at(id)
	x := t.change(t.nodes.at(n.parent))
	if n.prev != 0 {
		t.nodes.at(n.prev).next = n.next
	} else {
		x.first = n.next
	}
	if n.next != 0 {
		t.nodes.at(n.next).prev = n.prev
	}
	x.children--
	t.index.remove(t, id)
	if n.extra != 0 {
		t.extras.give(n.extra)
	}
	if n.set != 0 {
		t.sets.give(n.set)
	}
	at, size := n.at, n.dataLen
	t.nodes.give(id)
	t.count--
	t.dropBlob(at, size)
}

// subtree counts the znodes from one down, itself included, and their data.
func (t *nodeTable) subtree(id uint32) (count int, bytes int64) {
	n := t.nodes.at(id)
	count, bytes = 1, int64(max(n.dataLen, 0))
	for c := t.more(n).first; c != 0; c = t.nodes.at(c).next {
		below, size := t.subtree(c)
		count, bytes = count+below, bytes+size
	}
	return count, bytes
}
