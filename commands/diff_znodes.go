package commands

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"slices"

	"zook/jute"
)

// savedRecord is what a diff keeps of a znode: not its data.
type savedRecord struct {
	stat jute.StatPersisted
	sum  uint64 // of the data
	size int32  // of the data; -1 for none
	acl  int32  // in treeDiff.acls
}

// treeDiff compares two trees, of which it keeps the first.
type treeDiff struct {
	*diffOptions
	env    *Env
	shown  *progress
	seed   maphash.Seed
	acls   [][]jute.ACL // every one of both trees once
	aclRef map[string]int32

	paths   []string // of the first tree
	records []savedRecord
	index   map[string]int32
	seen    []bool // in the second

	diffs   []*foundDiff
	byPath  map[string]*foundDiff // for those whose data is wanted
	compare struct{ left, right int64 }
}

// foundDiff is a difference.
type foundDiff struct {
	path          string
	before, after *savedRecord // nil for what was not there
	fields        fieldSet

	old, new []byte // with --data
}

// diffZnodes prints the znodes that differ.
func (e *Env) diffZnodes(ctx context.Context, left, right savedTree, o *diffOptions) (bool, error) {
	t := &treeDiff{diffOptions: o, env: e, shown: e.progress("compared"), seed: maphash.MakeSeed(), aclRef: map[string]int32{},
		index: map[string]int32{}, byPath: map[string]*foundDiff{}}
	err := t.find(ctx, left, right)
	t.shown.Finish()
	if err != nil {
		return false, err
	}
	return len(t.diffs) > 0, t.print()
}

func (t *treeDiff) find(ctx context.Context, left, right savedTree) error {
	// Whether a snapshot is as it should be is for verify to say.
	facts, err := left.read(ctx, savedVisit{loose: true, znode: t.keep})
	if err != nil {
		return err
	}
	facts.warn(t.env, "diff")
	t.seen = make([]bool, len(t.records))
	if facts, err = right.read(ctx, savedVisit{loose: true, znode: t.match}); err != nil {
		return err
	}
	facts.warn(t.env, "diff")
	for i, seen := range t.seen {
		if !seen {
			t.add(&foundDiff{path: t.paths[i], before: &t.records[i]})
		}
	}
	slices.SortFunc(t.diffs, func(a, b *foundDiff) int { return cmp.Compare(a.path, b.path) })
	if !t.data {
		return nil
	}
	_, err = left.read(ctx, savedVisit{loose: true, znode: func(z *savedZnode) error {
		if d := t.byPath[z.path]; d != nil && d.before != nil {
			d.old = bytes.Clone(z.data)
		}
		return nil
	}})
	return err
}

func (t *treeDiff) record(z *savedZnode) savedRecord {
	r := savedRecord{stat: z.stat, size: int32(len(z.data)), sum: maphash.Bytes(t.seed, z.data), acl: t.ref(z.acl)}
	if z.data == nil {
		r.size = -1
	}
	return r
}

// ref is the place of an ACL in t.acls.
func (t *treeDiff) ref(acl []jute.ACL) int32 {
	var key []byte
	for i := range acl {
		key = acl[i].Append(key)
	}
	ref, ok := t.aclRef[string(key)]
	if !ok {
		ref = int32(len(t.acls))
		t.acls = append(t.acls, acl)
		t.aclRef[string(key)] = ref
	}
	return ref
}

// keep takes a znode of the first tree.
func (t *treeDiff) keep(z *savedZnode) error {
	t.shown.done.Add(1)
	if !t.wants(z) {
		return nil
	}
	t.compare.left++
	t.index[z.path] = int32(len(t.records))
	t.paths = append(t.paths, z.path)
	t.records = append(t.records, t.record(z))
	return nil
}

// match compares a znode of the second tree.
func (t *treeDiff) match(z *savedZnode) error {
	t.shown.done.Add(1)
	if !t.wants(z) {
		return nil
	}
	t.compare.right++
	r := t.record(z)
	d := &foundDiff{path: z.path, after: &r}
	if i, ok := t.index[z.path]; ok {
		t.seen[i] = true
		d.before = &t.records[i]
		if d.fields = t.differs.changed(d.before, &r); d.fields == 0 {
			return nil
		}
	}
	if t.data {
		d.new = bytes.Clone(z.data)
	}
	t.add(d)
	return nil
}

func (t *treeDiff) add(d *foundDiff) {
	t.diffs = append(t.diffs, d)
	if t.data {
		t.byPath[d.path] = d
	}
}

// print prints the differences, and for eyes how many there are.
func (t *treeDiff) print() error {
	p := t.env.Printer(true)
	var counts [3]int64
	for _, d := range t.diffs {
		item := t.item(d)
		counts[slices.Index(changeKinds, item.Change)]++
		if err := p.Print(item); err != nil {
			return err
		}
	}
	if err := p.Close(); err != nil {
		return err
	}
	return t.summary(counts)
}
