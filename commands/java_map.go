package commands

import (
	"cmp"
	"slices"
)

// Apache's tools print children and sessions in the order in which
// java.util.HashMap iterates over them. It follows from the order of insertion:
// this file finds it, for maps that only grow. Keys are known by their numbers,
// in the order of insertion.
//
// A map is a table of bins. A key goes to the end of the bin that the low bits of
// its spread hash name; when more keys are in than three quarters of the bins, the
// table doubles, and each bin splits in two that keep their order. A bin that
// grows beyond 8 is also kept as a red-black tree, ordered by hash and key (in a
// table of fewer than 64 bins the table doubles instead). From then on a key is
// put behind its parent in the tree, and the tree's root is moved to the front.
// Iteration goes from bin to bin, and in each along the list.

const (
	treeBeyond  = 8  // keys of a bin
	listUpTo    = 6  // keys of half a tree bin when it splits
	leastForest = 64 // bins of a table with trees
)

// javaMap is a HashMap of keys 0, 1, 2….
type javaMap struct {
	compare func(a, b int32) int // compareTo of two keys
	bins    int                  // when it is empty
	table   []int32              // first key of each bin, -1 for none
	spare   []int32              // the table before it
	size    int
	hash    []int32 // of each key
	next    []int32 // in its bin, -1 for none
	trees   map[int32]*treeNode
}

// treeNode is a key in a bin that is a tree.
type treeNode struct {
	key                 int32
	red                 bool
	parent, left, right *treeNode
	prev                int32 // the key before it in the bin, -1 for none
}

// newJavaMap returns an empty map with so many bins, a power of two.
func newJavaMap(bins int, compare func(a, b int32) int) *javaMap {
	return &javaMap{compare: compare, bins: bins, table: emptyBins(nil, bins)}
}

// clear empties the map, as if it were new.
func (m *javaMap) clear() {
	m.table, m.hash, m.next = emptyBins(m.table, m.bins), m.hash[:0], m.next[:0]
	m.size, m.trees = 0, nil
}

// emptyBins returns n empty bins, in the place of old if they fit.
func emptyBins(old []int32, n int) []int32 {
	t := slices.Grow(old[:0], n)[:n]
	for i := range t {
		t[i] = -1
	}
	return t
}

// add puts in the key with the next number, whose hashCode is given, and returns
// its number, or that of the equal key that was in already.
func (m *javaMap) add(hashCode int32) int32 {
	key := int32(len(m.hash))
	hash := spread(hashCode)
	m.hash, m.next = append(m.hash, hash), append(m.next, -1)
	bin := hash & int32(len(m.table)-1)
	if first := m.table[bin]; first == -1 {
		m.table[bin] = key
	} else if is := m.append(first, key); is != key {
		return is
	}
	if m.size++; m.size > len(m.table)/4*3 {
		m.grow()
	}
	return key
}

// append adds key to the bin of first, unless it is in; it returns what is in.
func (m *javaMap) append(first, key int32) int32 {
	if root := m.trees[first]; root != nil {
		return m.addToTree(root, key)
	}
	last, n := first, 0
	for k := first; k != -1; k = m.next[k] {
		if m.hash[k] == m.hash[key] && m.compare(k, key) == 0 {
			return k
		}
		last, n = k, n+1
	}
	m.next[last] = key
	switch {
	case n+1 <= treeBeyond:
	case len(m.table) < leastForest:
		m.grow()
	default:
		m.plant(first)
	}
	return key
}

// grow doubles the table.
func (m *javaMap) grow() {
	old := m.table
	m.table, m.spare = emptyBins(m.spare, 2*len(old)), old
	for bin, first := range old {
		if first == -1 {
			continue
		}
		_, wasTree := m.trees[first]
		low, high := m.split(first, int32(len(old)))
		m.table[bin], m.table[bin+len(old)] = low.first, high.first
		if wasTree {
			m.replant(low, high.n > 0)
			m.replant(high, low.n > 0)
		}
	}
}

// list is a chain of keys.
type list struct {
	first, last int32
	n           int
}

// split parts the chain of first in two by a bit of the hash.
func (m *javaMap) split(first, bit int32) (low, high list) {
	low, high = list{-1, -1, 0}, list{-1, -1, 0}
	for k := first; k != -1; {
		next := m.next[k]
		to := &low
		if m.hash[k]&bit != 0 {
			to = &high
		}
		if t := m.trees[k]; t != nil {
			t.prev = to.last
		}
		if to.last == -1 {
			to.first = k
		} else {
			m.next[to.last] = k
		}
		m.next[k], to.last = -1, k
		to.n++
		k = next
	}
	return low, high
}

// replant makes a tree of a part of a bin that was one, if it has enough keys. If
// it is the whole of that bin, its tree stays.
func (m *javaMap) replant(part list, divided bool) {
	switch {
	case part.n == 0:
	case part.n <= listUpTo:
		for k := part.first; k != -1; k = m.next[k] {
			delete(m.trees, k)
		}
	case divided:
		m.plant(part.first)
	}
}

// plant makes a tree of a bin.
func (m *javaMap) plant(first int32) {
	if m.trees == nil {
		m.trees = map[int32]*treeNode{}
	}
	var root *treeNode
	prev := int32(-1)
	for k := first; k != -1; k = m.next[k] {
		t := &treeNode{key: k, prev: prev}
		m.trees[k] = t
		if prev = k; root != nil {
			t.parent, _ = m.seek(root, k)
			m.hang(t)
		}
		root = rebalance(root, t)
	}
	m.moveToFront(root)
}

// addToTree adds key to the tree whose root, the first of its bin, is given.
func (m *javaMap) addToTree(root *treeNode, key int32) int32 {
	parent, equal := m.seek(root, key)
	if equal {
		return parent.key
	}
	t := &treeNode{key: key, parent: parent, prev: parent.key}
	m.trees[key] = t
	m.hang(t)
	after := m.next[parent.key]
	m.next[parent.key], m.next[key] = key, after
	if after != -1 {
		m.trees[after].prev = key
	}
	m.moveToFront(rebalance(root, t))
	return key
}

// order compares keys as trees do.
func (m *javaMap) order(a, b int32) int {
	if c := cmp.Compare(m.hash[a], m.hash[b]); c != 0 {
		return c
	}
	return m.compare(a, b)
}

// seek returns the node below which key goes, or the one that holds its equal.
func (m *javaMap) seek(t *treeNode, key int32) (at *treeNode, equal bool) {
	for t != nil {
		at = t
		switch c := m.order(key, t.key); {
		case c == 0:
			return t, true
		case c < 0:
			t = t.left
		default:
			t = t.right
		}
	}
	return at, false
}

// hang makes t a child of its parent.
func (m *javaMap) hang(t *treeNode) {
	if m.order(t.key, t.parent.key) < 0 {
		t.parent.left = t
	} else {
		t.parent.right = t
	}
}

// moveToFront moves the root of a tree to the front of its bin.
func (m *javaMap) moveToFront(root *treeNode) {
	bin := &m.table[m.hash[root.key]&int32(len(m.table)-1)]
	first := *bin
	if first == root.key {
		return
	}
	after := m.next[root.key]
	m.next[root.prev] = after // it has one before it, or it were the first
	if after != -1 {
		m.trees[after].prev = root.prev
	}
	*bin, m.next[root.key] = root.key, first
	m.trees[first].prev, root.prev = root.key, -1
}

// rebalance makes a red-black tree of one to which the leaf t was added, as in
// Cormen et al., Introduction to Algorithms, and returns its root.
func rebalance(root, t *treeNode) *treeNode {
	if root == nil {
		root = t
	}
	t.red = true
	for t != root && t.parent.red {
		parent, above := t.parent, t.parent.parent
		left := parent == above.left
		uncle := above.right
		if !left {
			uncle = above.left
		}
		if uncle != nil && uncle.red {
			parent.red, uncle.red, above.red = false, false, true
			t = above
			continue
		}
		if (t == parent.left) != left { // the grandchild in the middle
			root = rotate(root, parent, left)
			parent = t
		}
		parent.red, above.red = false, true
		root = rotate(root, above, !left)
		break
	}
	root.red = false
	return root
}

// rotate moves t down, to the left or to the right, and its other child up.
func rotate(root, t *treeNode, toLeft bool) *treeNode {
	var up *treeNode
	if toLeft {
		up = t.right
		t.right, up.left = up.left, t
		adopt(t, t.right)
	} else {
		up = t.left
		t.left, up.right = up.right, t
		adopt(t, t.left)
	}
	up.parent, t.parent = t.parent, up
	switch {
	case up.parent == nil:
		root = up
	case up.parent.left == t:
		up.parent.left = up
	default:
		up.parent.right = up
	}
	return root
}

func adopt(parent, child *treeNode) {
	if child != nil {
		child.parent = parent
	}
}

// each calls do with the keys in the order of iteration.
func (m *javaMap) each(do func(key int32)) {
	for _, k := range m.table {
		for ; k != -1; k = m.next[k] {
			do(k)
		}
	}
}

// spread is the hash of a key with a hashCode.
func spread(hashCode int32) int32 { return hashCode ^ int32(uint32(hashCode)>>16) }
