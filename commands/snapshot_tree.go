package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"zook/snapshot"
)

// snapTree is a snapshot's znodes in the order in which Apache's tools come by
// them: those that load the whole tree into Java's maps before they print it. A
// znode is a number, its place in the file; the root is 0. It takes some 60 bytes
// of memory a znode, none of them for data.
type snapTree struct {
	file     string
	sessions []snapshot.Session
	owned    map[int64]int // znodes by ephemeral owner

	with    treeParts
	blocks  [][]byte // records, one behind the other
	address []uint64 // of each record: block and place
	parent  []int32
	first   []int32 // kids[first[n]:first[n+1]] are the children of n
	kids    []int32
	parents []uint64 // a bit for each znode: whether it has children

	quotas map[int32]string // data that Apache's tools make anew when they load
}

// treeParts says what is kept of each znode beside its name and the length of its data.
type treeParts struct {
	stat   bool
	offset bool // of the data in the file
}

// loadSnapTree reads a whole snapshot. Damage anywhere is an error, so is a znode
// without its parent, and one that comes twice.
func (e *Env) loadSnapTree(ctx context.Context, r *snapshot.Reader, path string, with treeParts) (*snapTree, error) {
	shown := e.progress("read")
	defer shown.Finish()
	t := &snapTree{file: path, owned: map[int64]int{}, with: with}
	for s, err := range r.Sessions() {
		if err != nil {
			return nil, err
		}
		t.sessions = append(t.sessions, s)
	}
	if err := t.readZnodes(ctx, r, shown); err != nil {
		return nil, err
	}
	if len(t.address) == 0 {
		return nil, fmt.Errorf("%s: %w: it has no znodes, not even the root", path, errDamaged)
	}
	t.link()
	if err := t.sort(); err != nil {
		return nil, err
	}
	t.setUpQuotas()
	return t, nil
}

func (t *snapTree) readZnodes(ctx context.Context, r *snapshot.Reader, shown *progress) error {
	size := int64(0)
	if st, err := os.Stat(t.file); err == nil {
		size = st.Size()
	}
	parents := parentFinder{t: t}
	for {
		n, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		at, err := parents.of(n)
		if err != nil {
			return &snapshot.CorruptError{File: t.file, Offset: n.Offset, Path: parents.before(), Reason: err.Error()}
		}
		t.add(n, at)
		if len(t.address)%treeStride == 0 {
			shown.done.Add(treeStride)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if len(t.address) == treeStride {
			t.reserve(treeStride * size / n.Offset)
		}
	}
}

// treeStride is after how many znodes the reader looks up.
const treeStride = 1024

// reserve makes room for so many znodes, about. A size may lie: it is never much.
func (t *snapTree) reserve(znodes int64) {
	const most = 1 << 20
	if more := int(min(znodes+znodes/16, most)) - len(t.address); more > 0 {
		t.address, t.parent = slices.Grow(t.address, more), slices.Grow(t.parent, more)
	}
}

// children are the children of a znode.
func (t *snapTree) children(znode int32) []int32 {
	return t.kids[t.first[znode]:t.first[znode+1]]
}

// isParent reports whether a znode has children. It costs less than to look at them.
func (t *snapTree) isParent(znode int32) bool { return t.parents[znode>>6]>>(znode&63)&1 != 0 }

// link makes lists of children, in the order of the file.
func (t *snapTree) link() {
	t.first = make([]int32, len(t.parent)+1)
	t.parents = make([]uint64, len(t.parent)/64+1)
	for _, p := range t.parent[1:] {
		t.first[p+1]++
		t.parents[p>>6] |= 1 << (p & 63)
	}
	for i := range t.parent {
		t.first[i+1] += t.first[i]
	}
	t.kids = make([]int32, len(t.parent)-1)
	for n, p := range t.parent[1:] {
		t.kids[t.first[p]] = int32(n + 1)
		t.first[p]++
	}
	copy(t.first[1:], t.first)
	t.first[0] = 0
}

// sort puts all children in the order of the sets that Apache's tools hold them in
// (format: DataNode.addChild).
func (t *snapTree) sort() error {
	parts := int32(runtime.GOMAXPROCS(0))
	each := (int32(len(t.address)) + parts - 1) / parts
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() {
			s := newChildSorter(t)
			for n := part * each; n < min((part+1)*each, int32(len(t.address))) && errs[part] == nil; n++ {
				if set := t.children(n); len(set) > 1 {
					errs[part] = s.sort(set)
				}
			}
		})
	}
	wg.Wait()
	return cmp.Or(errs...)
}

// childSorter sorts the children of one znode after the other.
type childSorter struct {
	t     *snapTree
	lists javaLists
	trees *javaMap
	kids  []int32 // in the order of the file
	hash  []int32
	order []int32
}

func newChildSorter(t *snapTree) *childSorter {
	const bins = 8
	s := &childSorter{t: t, lists: javaLists{bins: bins}}
	s.trees = newJavaMap(bins, s.compare)
	return s
}

func (s *childSorter) compare(a, b int32) int {
	return javaCompare(s.t.name(s.kids[a]), s.t.name(s.kids[b]))
}

func (s *childSorter) sort(set []int32) error {
	s.kids = append(s.kids[:0], set...)
	s.hash, s.order = s.hash[:0], s.order[:0]
	for _, kid := range set {
		s.hash = append(s.hash, javaHash(s.t.name(kid)))
	}
	twice := int32(-1)
	if order, ok := s.lists.order(s.hash, s.order); ok {
		s.order = order
		s.lists.eachPair(s.hash, order, func(a, b int32) {
			if s.compare(a, b) == 0 {
				twice = b
			}
		})
	} else {
		s.trees.clear()
		for i, hash := range s.hash {
			if s.trees.add(hash) != int32(i) {
				twice = int32(i)
			}
		}
		s.trees.each(func(i int32) { s.order = append(s.order, i) })
	}
	if twice >= 0 {
		return fmt.Errorf("%s: %w: znode %q twice", s.t.file, errDamaged, s.t.path(s.kids[twice]))
	}
	for i, k := range s.order {
		set[i] = s.kids[k]
	}
	return nil
}
