package datatree

import (
	"bytes"
	"fmt"
	"strings"

	"zook/jute"
)

// Builder makes a tree out of the parts of a snapshot.
type Builder struct {
	t *Tree
	// Snapshots hold the children of a znode one after the other.
	parentPath []byte
	parent     uint32
	warmed     uint32 // of no meaning: what warm has looked at must have an effect
}

// NewBuilder returns a builder without znodes.
func NewBuilder() *Builder {
	return &Builder{t: &Tree{watches: newWatchTable(), content: content{
		acls: newACLTable(), ephemerals: map[int64]map[uint32]struct{}{},
		due: map[uint32]struct{}{}, quotas: map[string]struct{}{},
	}}}
}

// Expect makes room for about n znodes, which takes less time than room made again and
// again.
func (b *Builder) Expect(n int) { b.t.index.reserve(&b.t.nodeTable, n) }

// ACL adds an ACL under the reference that znodes have it by. ACLs come first.
func (b *Builder) ACL(ref int64, acl []jute.ACL) {
	b.t.acls.define(ref, acl)
}

// Entry is a znode that is ready to be added: making it needs no builder, and can be
// done in another goroutine.
type Entry struct {
	path, data []byte
	name       int    // where it begins in the path
	hash       uint64 // of the name
	aclRef     int64
	stat       jute.StatPersisted
	digest     uint32
}

// NewEntry returns a znode for Add, which copies path and data: until then they must not
// be changed. The root may be "" or "/".
func (d *Digester) NewEntry(path, data []byte, aclRef int64, stat *jute.StatPersisted) Entry {
	name := bytes.LastIndexByte(path, '/') + 1
	return Entry{path: path, data: data, name: name, hash: nameHash(path[name:]), aclRef: aclRef, stat: *stat,
		digest: digest(d, path, data, stat)}
}

// Node adds a znode, after its parent: Add of an Entry.
func (b *Builder) Node(path string, data []byte, aclRef int64, stat jute.StatPersisted) error {
	e := b.t.digester.NewEntry([]byte(path), data, aclRef, &stat)
	return b.add(&e)
}

// Add adds znodes, each after its parent. With an error it returns how many were added.
func (b *Builder) Add(entries []Entry) (int, error) {
	warm := 0
	for i := range entries {
		if i == warm {
			warm += b.warm(entries[i:])
		}
		if err := b.add(&entries[i]); err != nil {
			return i, err
		}
	}
	return len(entries), nil
}

// warm looks at what adding the children that come first among entries will look at in a large
// table: all of it is elsewhere in memory, and the processor waits for many such looks at once,
// but for each by itself where something is done with what is found. That takes half of the
// time that it takes to add them. It returns how many entries it is done with.
func (b *Builder) warm(entries []Entry) int {
	t := b.t
	parent := entries[0].parent()
	id := b.find(parent)
	if id == 0 {
		return 1
	}
	n := 1
	var first [warmAtOnce]uint32
	for n < min(len(entries), warmAtOnce) && bytes.Equal(entries[n].parent(), parent) {
		n++
	}
	for i := range n {
		first[i] = t.index.first(hashChild(id, entries[i].hash))
	}
	for i := range n {
		if first[i] != 0 {
			b.warmed += t.nodes.at(first[i]).hash
		}
	}
	return n
}

const warmAtOnce = 64

// parent is the path of the parent, "" for the root's children.
func (e *Entry) parent() []byte { return e.path[:max(e.name-1, 0)] }

// add adds a znode, after its parent.
func (b *Builder) add(e *Entry) error {
	if len(e.path) == e.name && e.name <= 1 {
		if b.t.count > 0 {
			return fmt.Errorf("znode %s twice", rootPath)
		}
		b.insert(0, e)
		return nil
	}
	if e.name == 0 || e.name == len(e.path) {
		return fmt.Errorf("znode %s, which is no path", e.path)
	}
	parent := b.find(e.parent())
	if parent == 0 {
		return fmt.Errorf("znode %s without its parent", e.path)
	}
	if findChild(&b.t.nodeTable, parent, e.path[e.name:], e.hash) != 0 {
		return fmt.Errorf("znode %s twice", e.path)
	}
	b.insert(parent, e)
	return nil
}

// find is the number of the znode at a path, where "" is the root, or 0.
func (b *Builder) find(path []byte) uint32 {
	if b.parent == 0 || !bytes.Equal(path, b.parentPath) {
		b.parentPath = append(b.parentPath[:0], path...)
		if b.parent = b.t.find(string(path)); len(path) == 0 {
			b.parent = b.t.find(rootPath)
		}
	}
	return b.parent
}

func (b *Builder) insert(parent uint32, e *Entry) {
	t := b.t
	id := addNode(&t.nodeTable, parent, e.path[e.name:], e.hash, e.data, &e.stat)
	n := t.insert(id, max(len(e.path), 1))
	n.acl, n.digest = t.acls.useSaved(e.aclRef), e.digest
	t.digest += uint64(e.digest)
}

// Tree finishes the tree, as it stood at lastZxid. The znodes that every tree
// has are added if they are missing.
func (b *Builder) Tree(lastZxid int64) *Tree {
	t := b.t
	for _, path := range []string{rootPath, procPath, QuotaPath, ConfigPath} {
		if t.find(path) != 0 {
			continue
		}
		stat := jute.StatPersisted{}
		if path == ConfigPath {
			stat.Aversion = -1 // as DataTree.addConfigNode leaves it
		}
		b.Node(path, []byte{}, openACLSaved, stat)
		if path == ConfigPath {
			t.node(path).acl = t.acls.use([]jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}})
		}
	}
	t.acls.dropUnused()
	if quota := t.find(QuotaPath); quota != 0 {
		b.setUpQuotas(QuotaPath, quota)
	}
	t.lastZxid.Store(lastZxid)
	return t
}

func (b *Builder) setUpQuotas(path string, id uint32) {
	t := b.t
	for c := t.more(t.nodes.at(id)).first; c != 0; c = t.nodes.at(c).next {
		name := string(t.name(t.nodes.at(c)))
		if name == QuotaLimits && path != QuotaPath {
			real := strings.TrimPrefix(path, QuotaPath)
			t.quotas[real] = struct{}{}
			t.recount(real)
			continue
		}
		b.setUpQuotas(jute.JoinPath(path, name), c)
	}
}
