package datatree

import (
	"fmt"
	"maps"
	"strings"

	"zook/jute"
)

// Builder makes a tree out of the parts of a snapshot.
type Builder struct {
	t *Tree
	// Snapshots hold the children of a znode one after the other.
	parentPath string
	parent     *node
}

// NewBuilder returns a builder without znodes.
func NewBuilder() *Builder {
	return &Builder{t: &Tree{watches: newWatchTable(), content: content{
		nodes: map[string]*node{}, acls: newACLTable(), ephemerals: map[int64]map[string]struct{}{},
		due: map[string]struct{}{}, quotas: map[string]struct{}{},
	}}}
}

// Expect makes room for about n znodes, which takes less time than room made again and
// again.
func (b *Builder) Expect(n int) {
	nodes := make(map[string]*node, n)
	maps.Copy(nodes, b.t.nodes)
	b.t.nodes = nodes
}

// ACL adds an ACL under the reference that znodes have it by. ACLs come first.
func (b *Builder) ACL(ref int64, acl []jute.ACL) {
	b.t.acls.define(ref, acl)
}

// Entry is a znode that is ready to be added: making it needs no builder, and can be
// done in another goroutine.
type Entry struct {
	path string
	n    *node
}

// NewEntry returns a znode for Add. The root may be "" or "/". The data is kept.
func NewEntry(path string, data []byte, aclRef int64, stat jute.StatPersisted) Entry {
	if path == "" {
		path = rootPath
	}
	return Entry{path, &node{data: data, acl: aclRef, stat: stat, digest: NodeDigest(path, data, &stat)}}
}

// Node adds a znode, after its parent: Add of NewEntry.
func (b *Builder) Node(path string, data []byte, aclRef int64, stat jute.StatPersisted) error {
	return b.Add(NewEntry(path, data, aclRef, stat))
}

// Add adds a znode, after its parent.
func (b *Builder) Add(e Entry) error {
	t, path := b.t, e.path
	if path != rootPath {
		if parent := jute.ParentPath(path); parent != b.parentPath || b.parent == nil {
			b.parentPath, b.parent = parent, t.nodes[parent]
		}
		if b.parent == nil || path[0] != '/' {
			return fmt.Errorf("znode %s without its parent", path)
		}
		if b.parent.children == nil {
			b.parent.children = map[string]struct{}{}
		}
		b.parent.children[jute.BaseName(path)] = struct{}{}
	}
	before := len(t.nodes)
	e.n.acl = t.acls.useRef(e.n.acl)
	t.digest += uint64(e.n.digest)
	t.insert(path, e.n)
	if len(t.nodes) == before {
		return fmt.Errorf("znode %s twice", path)
	}
	return nil
}

// Tree finishes the tree, as it stood at lastZxid. The znodes that every tree
// has are added if they are missing.
func (b *Builder) Tree(lastZxid int64) *Tree {
	t := b.t
	for _, path := range []string{rootPath, procPath, QuotaPath, ConfigPath} {
		if t.nodes[path] != nil {
			continue
		}
		ref, stat := openACLRef, jute.StatPersisted{}
		if path == ConfigPath {
			ref = t.acls.use([]jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}})
			t.acls.byRef[ref].uses-- // Add counts it again
			stat.Aversion = -1       // as DataTree.addConfigNode leaves it
		}
		b.Add(NewEntry(path, []byte{}, ref, stat))
	}
	t.acls.dropUnused()
	b.setUpQuotas(QuotaPath)
	t.lastZxid.Store(lastZxid)
	return t
}

func (b *Builder) setUpQuotas(path string) {
	for name := range b.t.nodes[path].children {
		if name == QuotaLimits && path != QuotaPath {
			real := strings.TrimPrefix(path, QuotaPath)
			b.t.quotas[real] = struct{}{}
			b.t.recount(real)
			continue
		}
		b.setUpQuotas(jute.JoinPath(path, name))
	}
}
