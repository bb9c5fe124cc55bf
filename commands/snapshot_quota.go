package commands

import (
	"fmt"
	"strings"
)

// setUpQuotas does what Apache's servers and tools do once they have loaded a tree:
// it counts anew what is used of each quota, whatever the file says (format:
// DataTree.setupQuota).
func (t *snapTree) setUpQuotas() {
	root, ok := t.find(quotaRoot)
	if !ok {
		return
	}
	t.quotas = map[int32]string{}
	t.eachLeaf(root, func(leaf int32) {
		path := string(t.path(leaf))
		if !strings.HasSuffix(path, "/"+limitsName) {
			return
		}
		real := path[len(quotaRoot):strings.Index(path, "/"+limitsName)]
		stats, ok := t.find(statsPath(real))
		if !ok {
			return
		}
		var used treeSum
		if znode, ok := t.find(real); ok {
			used = t.sum(znode)
		}
		t.quotas[stats] = fmt.Sprintf("count=%d,bytes=%d", used.znodes, used.bytes)
	})
}

// find returns the znode at path, "" for the root.
func (t *snapTree) find(path string) (znode int32, ok bool) {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path[1:], "/")
		if path != "" {
			path = "/" + path
		}
		ok = false
		for _, kid := range t.children(znode) {
			if string(t.name(kid)) == name {
				znode, ok = kid, true
				break
			}
		}
		if !ok {
			return 0, false
		}
	}
	return znode, true
}

// eachLeaf calls do for all znodes without children, from znode down, in the
// order of the sets of children.
func (t *snapTree) eachLeaf(znode int32, do func(leaf int32)) {
	kids := t.children(znode)
	if len(kids) == 0 {
		do(znode)
	}
	for _, kid := range kids {
		t.eachLeaf(kid, do)
	}
}

// treeSum is what is at a znode and below.
type treeSum struct {
	znodes, bytes int64
}

func (t *snapTree) sum(znode int32) treeSum {
	s := treeSum{1, int64(t.length(znode))}
	for _, kid := range t.children(znode) {
		below := t.sum(kid)
		s.znodes += below.znodes
		s.bytes += below.bytes
	}
	return s
}
