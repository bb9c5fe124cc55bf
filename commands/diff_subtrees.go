package commands

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zook/datatree"
)

// subtreeSum is a znode with what it and all below it hold.
type subtreeSum struct {
	path  string // "" for the root, as SnapshotComparer has it
	bytes int64  // of data
	below int64  // znodes
}

// subtreeSums are the sums of a tree.
type subtreeSums struct {
	all    []subtreeSum // parents before their children
	parent []int32      // -1 of the first
	index  map[string]int32
	took   [2]time.Duration // to read and to sum up
}

// sumSubtrees reads a tree. wants chooses what counts; nil is everything.
func sumSubtrees(ctx context.Context, tree savedTree, shown *progress, wants func(*savedZnode) bool) (*subtreeSums, *savedFacts, error) {
	t := &subtreeSums{}
	start := time.Now()
	facts, err := tree.read(ctx, savedVisit{loose: true, znode: func(z *savedZnode) error {
		shown.done.Add(1)
		if wants == nil || wants(z) {
			t.add(z)
		}
		return nil
	}})
	switch {
	case err != nil:
		return nil, nil, err
	case len(t.all) == 0:
		return nil, nil, fmt.Errorf("%s: there is no znode to compare", facts.Name)
	}
	t.took[0], start = time.Since(start), time.Now()
	for i := len(t.all) - 1; i > 0; i-- {
		if p := t.parent[i]; p >= 0 {
			t.all[p].bytes += t.all[i].bytes
			t.all[p].below += t.all[i].below + 1
		}
	}
	t.recount()
	t.took[1] = time.Since(start)
	return t, facts, nil
}

func (t *subtreeSums) add(z *savedZnode) {
	parent, path := int32(-1), z.path
	if path == "/" {
		path = ""
	} else {
		parent = t.find(path[:strings.LastIndexByte(path, '/')])
	}
	if t.index != nil {
		t.index[path] = int32(len(t.all))
	}
	t.all, t.parent = append(t.all, subtreeSum{path, int64(len(z.data)), 0}), append(t.parent, parent)
}

// find is where a path is, -1 if nowhere. Servers write a tree depth first: then a
// parent is above the znode before.
func (t *subtreeSums) find(path string) int32 {
	if t.index == nil {
		for i := int32(len(t.all)) - 1; i >= 0; i = t.parent[i] {
			if t.all[i].path == path {
				return i
			}
		}
		t.index = make(map[string]int32, len(t.all))
		for i := range t.all {
			t.index[t.all[i].path] = int32(i)
		}
	}
	if i, ok := t.index[path]; ok {
		return i
	}
	return -1
}

// recount gives the statistics of quotas the size that Apache's servers give them
// when they load a snapshot: they count again. Behaviour: DataTree.setupQuota.
func (t *subtreeSums) recount() {
	for i := range t.all {
		limits := t.all[i].path
		if t.all[i].below > 0 || !strings.HasPrefix(limits, datatree.QuotaPath+"/") || !strings.HasSuffix(limits, "/"+datatree.QuotaLimits) {
			continue
		}
		node := strings.TrimSuffix(limits, "/"+datatree.QuotaLimits)
		var bytes, count int64
		if j := t.find(strings.TrimPrefix(node, datatree.QuotaPath)); j >= 0 {
			bytes, count = t.all[j].bytes, t.all[j].below+1
		}
		stats := t.find(node + "/" + datatree.QuotaStats)
		if stats < 0 {
			continue
		}
		grown := int64(len(fmt.Sprintf("count=%d,bytes=%d", count, bytes))) - t.all[stats].bytes
		for j := stats; j >= 0; j = t.parent[j] {
			t.all[j].bytes += grown
		}
	}
}

// subtreeDiff is what diff prints of a subtree.
type subtreeDiff struct {
	Path   string `json:"path"`
	Change string `json:"change"` // added, removed or changed
	// Bytes and Znodes are how much more the second tree has.
	Bytes  int64     `json:"bytes"`
	Znodes int64     `json:"znodes"`
	Before *sizeBoth `json:"before,omitempty"`
	After  *sizeBoth `json:"after,omitempty"`

	left, right *subtreeSum
}

// sizeBoth is how much a subtree holds, its root included.
type sizeBoth struct {
	Bytes  int64 `json:"bytes"`
	Znodes int64 `json:"znodes"`
}

// compareSums is the difference of two subtrees, one of which may be nil. it is
// nil if it is not over the thresholds.
func (o *diffOptions) compareSums(left, right *subtreeSum) *subtreeDiff {
	d := &subtreeDiff{Change: wasChanged, left: left, right: right}
	var bytes, below int64
	if left != nil {
		d.Path, d.Before = left.path, &sizeBoth{left.bytes, left.below + 1}
		bytes, below = -left.bytes, -left.below
		d.Bytes, d.Znodes = -left.bytes, -left.below-1
	} else {
		d.Change = wasAdded
	}
	if right != nil {
		d.Path, d.After = right.path, &sizeBoth{right.bytes, right.below + 1}
		bytes, below = bytes+right.bytes, below+right.below
		d.Bytes, d.Znodes = d.Bytes+right.bytes, d.Znodes+right.below+1
	} else {
		d.Change = wasRemoved
	}
	if d.Path == "" {
		d.Path = "/"
	}
	if max(bytes, -bytes) <= o.bytes && max(below, -below) <= o.nodes {
		return nil
	}
	return d
}

func (d *subtreeDiff) Text(w io.Writer, s Style) {
	sign := signs[d.Change]
	if s.Terminal {
		fmt.Fprintf(w, "%12s  %12s  %s\n", plus(s.Size(d.Bytes)), plus(s.Count(d.Znodes)), s.Paint(sign.sign+" "+printable(d.Path), sign.color))
	} else {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", d.Change, d.Bytes, d.Znodes, printable(d.Path))
	}
}

// plus puts a plus before a number that is not negative.
func plus(n string) string {
	if strings.HasPrefix(n, "-") {
		return n
	}
	return "+" + n
}

func (d *subtreeDiff) Row(s Style) ([]string, [][]string) {
	return []string{"change", "bytes", "znodes", "path"}, [][]string{{d.Change, plus(s.Size(d.Bytes)), plus(s.Count(d.Znodes)), printable(d.Path)}}
}

// ZkCli writes the line of SnapshotComparer.
func (d *subtreeDiff) ZkCli(w io.Writer) {
	only := func(sum *subtreeSum, side string) {
		fmt.Fprintf(w, "Node %s found only in %s tree. Descendant size: %d. Descendant count: %d\n", sum.path, side, sum.bytes, sum.below)
	}
	switch {
	case d.right == nil:
		only(d.left, "left")
	case d.left == nil:
		only(d.right, "right")
	default:
		fmt.Fprintf(w, "Node %s found in both trees. Delta: %d bytes, %d descendants\n", d.left.path, d.Bytes, d.right.below-d.left.below)
	}
}

// diffSubtrees prints the subtrees whose sums differ.
func (e *Env) diffSubtrees(ctx context.Context, left, right savedTree, o *diffOptions) (differ bool, err error) {
	shown := e.progress("summed up")
	defer shown.Finish()
	wants := o.wants
	if e.Format == ZkCli {
		wants = nil
	}
	var sums [2]*subtreeSums
	var names [2]string
	for i, tree := range []savedTree{left, right} {
		var facts *savedFacts
		if sums[i], facts, err = sumSubtrees(ctx, tree, shown, wants); err != nil {
			return false, err
		}
		names[i] = facts.Name
	}
	if e.Format == ZkCli {
		return e.printComparer(sums, names, o)
	}
	p := e.Printer(true)
	err = o.merge(sums[0].all, sums[1].all, func(d *subtreeDiff) error {
		differ = true
		return p.Print(d)
	})
	if cerr := p.Close(); err == nil {
		err = cerr
	}
	return differ, err
}

// merge sorts two lists by path, and calls fn for their differences.
func (o *diffOptions) merge(left, right []subtreeSum, fn func(*subtreeDiff) error) error {
	compare := func(a, b subtreeSum) int { return cmp.Compare(a.path, b.path) }
	slices.SortFunc(left, compare)
	slices.SortFunc(right, compare)
	for len(left) > 0 || len(right) > 0 {
		var l, r *subtreeSum
		switch {
		case len(right) == 0 || len(left) > 0 && compare(left[0], right[0]) < 0:
			l = &left[0]
		case len(left) == 0 || compare(left[0], right[0]) > 0:
			r = &right[0]
		default:
			l, r = &left[0], &right[0]
		}
		if l != nil {
			left = left[1:]
		}
		if r != nil {
			right = right[1:]
		}
		if d := o.compareSums(l, r); d != nil {
			if err := fn(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// printComparer prints what Apache's SnapshotComparer prints of the trees. Format:
// SnapshotComparer.java.
func (e *Env) printComparer(sums [2]*subtreeSums, names [2]string, o *diffOptions) (differ bool, err error) {
	w := bufio.NewWriter(e.Out)
	fmt.Fprintln(w, "Successfully parsed options!")
	var levels [2][][]subtreeSum
	for i, t := range sums {
		levels[i] = t.levels()
		fmt.Fprintf(w, "Deserialized snapshot in %s in %f seconds\n", filepath.Base(names[i]), t.took[0].Seconds())
		fmt.Fprintf(w, "Processed data tree in %f seconds\n", t.took[1].Seconds())
	}
	for i, t := range sums {
		fmt.Fprintf(w, "Node count: %d\nTotal size: %d\nMax depth: %d\n", len(t.all), t.all[0].bytes, len(levels[i]))
		for depth, level := range levels[i] {
			fmt.Fprintf(w, "Count of nodes at depth %d: %d\n", depth, len(level))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "Printing analysis for nodes difference larger than %d bytes or node count difference larger than %d.\n", o.bytes, o.nodes)
	for depth := range max(len(levels[0]), len(levels[1])) {
		var level [2][]subtreeSum
		for i := range levels {
			if depth < len(levels[i]) {
				level[i] = levels[i][depth]
			}
		}
		fmt.Fprintf(w, "Analysis for depth %d\n", depth)
		o.merge(level[0], level[1], func(d *subtreeDiff) error {
			differ = true
			d.ZkCli(w)
			return nil
		})
	}
	fmt.Fprintln(w, "All layers compared.")
	return differ, w.Flush()
}

// levels are the sums by depth.
func (t *subtreeSums) levels() (levels [][]subtreeSum) {
	for _, s := range t.all {
		depth := strings.Count(s.path, "/")
		for len(levels) <= depth {
			levels = append(levels, nil)
		}
		levels[depth] = append(levels[depth], s)
	}
	return levels
}
