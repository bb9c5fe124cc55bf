package commands

import (
	"context"
	"io"
)

// treePrinter prints the znodes of a tree, each before its children, and those in
// Apache's order.
type treePrinter struct {
	*snapTree
	out  io.Writer
	data io.ReaderAt // the snapshot, to print data; nil to print lengths
	zxid int64       // the highest printed
}

// treeBatch is a part of the walk through a tree.
type treeBatch struct {
	steps   []treeStep
	parents []byte // paths, one behind the other
	entered int64  // znodes before this batch

	out     []byte
	zxid    int64 // the highest
	err     error
	touched byte
}

// treeStep enters a znode, or leaves one that has children.
type treeStep struct {
	znode    int32 // leaveStep to leave
	from, to int   // the parent's path in parents
}

const (
	leaveStep      = -1
	treeBatchSteps = 512
)

// touch brings the records of a batch into the processor's cache. They are all over
// the memory: to wait for each of them when it is formatted takes ten times as long.
func (p *treePrinter) touch(b *treeBatch) {
	const line = 64
	for _, s := range b.steps {
		if s.znode != leaveStep {
			record := p.bytes(s.znode)
			b.touched += record[0] + record[min(line, len(record)-1)]
		}
	}
}

// walk prints all znodes. Each worker asks for a format of its own.
func (p *treePrinter) walk(ctx context.Context, format func() func(*treeBatch)) error {
	return runPipeline(ctx, manyWorkers(), p.steps, format, func(b *treeBatch) error {
		p.zxid = max(p.zxid, b.zxid)
		if b.err != nil {
			return b.err
		}
		_, err := p.out.Write(b.out)
		return err
	})
}

// steps fills batches with the walk.
func (p *treePrinter) steps(next func() *treeBatch) error {
	w := treeWalk{snapTree: p.snapTree, open: []walkLevel{{kids: []int32{0}}}}
	entered := int64(0)
	for len(w.open) > 0 {
		b := next()
		if b == nil {
			return nil
		}
		*b = treeBatch{steps: b.steps[:0], parents: b.parents[:0], out: b.out[:0], entered: entered}
		entered += w.fill(b)
	}
	return nil
}

// treeWalk is where a walk has come to.
type treeWalk struct {
	*snapTree
	open []walkLevel
	path []byte // of the last znode that has children
}

// walkLevel is the children of one znode.
type walkLevel struct {
	kids []int32 // that are left
	path int     // length of the znode's path
}

// fill fills a batch, and returns how many znodes it enters.
func (w *treeWalk) fill(b *treeBatch) (entered int64) {
	for level := 0; len(w.open) > 0 && len(b.steps) < treeBatchSteps; {
		at := &w.open[len(w.open)-1]
		if len(at.kids) == 0 {
			if w.open = w.open[:len(w.open)-1]; len(w.open) > 0 {
				b.steps = append(b.steps, treeStep{znode: leaveStep})
			}
			continue
		}
		if level != len(w.open) {
			level = len(w.open)
			b.parents = append(b.parents, w.path[:at.path]...)
		}
		kid := at.kids[0]
		at.kids = at.kids[1:]
		b.steps = append(b.steps, treeStep{kid, len(b.parents) - at.path, len(b.parents)})
		entered++
		if w.isParent(kid) {
			w.path = w.path[:at.path]
			if kid != 0 {
				w.path = append(append(w.path, '/'), w.name(kid)...)
			}
			w.open = append(w.open, walkLevel{w.children(kid), len(w.path)})
		}
	}
	return entered
}
