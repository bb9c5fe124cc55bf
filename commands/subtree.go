package commands

import (
	"context"
	"sync"
	"sync/atomic"

	"zook/client"
	"zook/jute"
)

// readsInFlight is how many reads of many znodes are under way at a time.
const readsInFlight = 64

// subtree is the znodes at and below a path, parents before their children. It
// keeps names instead of paths, to hold millions.
type subtree struct {
	root   string
	names  []string
	parent []int32 // index; that of the root is -1
}

func (t *subtree) len() int { return len(t.names) }

func (t *subtree) path(i int32) string {
	if i == 0 {
		return t.root
	}
	return jute.JoinPath(t.path(t.parent[i]), t.names[i])
}

// subtree finds the znodes below root, level by level. If the server can count them,
// it stops once it has found as many: then the last level, which is most of the
// tree, need not be looked at. That is a guess where others are changing the tree. The
// path skip is left out, with what is below it.
func (e *Env) subtree(ctx context.Context, c *client.Client, root, skip string, mayGuess bool, shown *progress) (*subtree, error) {
	t := &subtree{root: root, names: []string{""}, parent: []int32{-1}}
	total := -1
	if mayGuess {
		if n, err := c.AllChildrenNumber(ctx, root); err == nil {
			total = n + 1
		} // servers before 3.6 cannot
	}
	for start, end := 0, 1; start < end && (len(t.names) != total || start == 0); start, end = end, len(t.names) {
		if err := e.listLevel(ctx, c, t, skip, shown, start, end); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// listLevel adds the children of the znodes start to end to t.
func (e *Env) listLevel(ctx context.Context, c *client.Client, t *subtree, skip string, shown *progress, start, end int) error {
	children := make([][]string, end-start)
	err := parallel(ctx, readsInFlight, end-start, func(ctx context.Context, i int) error {
		path := t.path(int32(start + i))
		ctx, cancel := e.answerIn(ctx)
		defer cancel()
		names, _, err := c.Children(ctx, path)
		if noNode(err) && path != t.root {
			return nil // gone already
		}
		children[i] = names
		shown.done.Add(int64(len(names)))
		return onPath(path, err)
	})
	if err != nil {
		return err
	}
	for i, names := range children {
		for _, name := range names {
			if skip != "" && name == jute.BaseName(skip) && jute.JoinPath(t.path(int32(start+i)), name) == skip {
				continue
			}
			t.names = append(t.names, name)
			t.parent = append(t.parent, int32(start+i))
		}
	}
	return nil
}

// parallel calls do for 0 to n-1, up to limit at a time, and returns the first
// error, after which it starts no more.
func parallel(ctx context.Context, limit, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(limit, n) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
