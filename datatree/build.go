package datatree

import (
	"fmt"
	"strings"

	"zook/jute"
)

// Builder makes a tree out of the parts of a snapshot.
type Builder struct{ t *Tree }

// NewBuilder returns a builder without znodes.
func NewBuilder() *Builder {
	return &Builder{&Tree{
		nodes: map[string]*node{}, acls: newACLTable(), ephemerals: map[int64]map[string]struct{}{},
		due: map[string]struct{}{}, quotas: map[string]struct{}{}, watches: newWatchTable(),
	}}
}

// ACL adds an ACL under the reference that znodes have it by. ACLs come first.
func (b *Builder) ACL(ref int64, acl []jute.ACL) {
	b.t.acls.define(ref, acl)
}

// Node adds a znode, after its parent. The root may be "" or "/".
func (b *Builder) Node(path string, data []byte, aclRef int64, stat jute.StatPersisted) error {
	t := b.t
	if path == "" {
		path = rootPath
	}
	if t.nodes[path] != nil {
		return fmt.Errorf("znode %s twice", path)
	}
	if path != rootPath {
		parent := t.nodes[jute.ParentPath(path)]
		if parent == nil || path[0] != '/' {
			return fmt.Errorf("znode %s without its parent", path)
		}
		if parent.children == nil {
			parent.children = map[string]struct{}{}
		}
		parent.children[jute.BaseName(path)] = struct{}{}
	}
	t.insert(path, &node{data: data, acl: t.acls.useRef(aclRef), stat: stat})
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
			t.acls.byRef[ref].uses-- // Node counts it again
			stat.Aversion = -1       // as DataTree.addConfigNode leaves it
		}
		b.Node(path, []byte{}, ref, stat)
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
