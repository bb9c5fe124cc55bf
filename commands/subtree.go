package commands

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"zook/client"
	"zook/jute"
)

const (
	readsInFlight = 64 // requests for one znode each, at a time
	namesBatch    = 64 // znodes whose children are asked for in one request
	namesInFlight = 8  // such requests at a time
)

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
	children := make([]childNames, end-start)
	batches := (len(children) + namesBatch - 1) / namesBatch
	err := parallel(ctx, namesInFlight, batches, func(ctx context.Context, i int) error {
		first, last := i*namesBatch, min((i+1)*namesBatch, len(children))
		paths := make([]string, last-first)
		for j := range paths {
			paths[j] = t.path(int32(start + first + j))
		}
		copy(children[first:], e.childrenOf(ctx, c, paths))
		for j, l := range children[first:last] {
			if l.err != nil && (!noNode(l.err) || start == 0) { // else gone already
				return onPath(paths[j], l.err)
			}
			shown.done.Add(int64(len(l.names)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, l := range children {
		for _, name := range l.names {
			if skip != "" && name == jute.BaseName(skip) && jute.JoinPath(t.path(int32(start+i)), name) == skip {
				continue
			}
			t.names = append(t.names, name)
			t.parent = append(t.parent, int32(start+i))
		}
	}
	return nil
}

// childNames is the children of a znode, or why they are unknown.
type childNames struct {
	names []string
	err   error
}

// multiReader is what a session with a server from 3.6 on has.
type multiReader interface {
	MultiRead(ctx context.Context, ops []jute.Op) ([]jute.OpResult, error)
}

// childrenOf lists the children of each of paths, in one request if it can be.
func (e *Env) childrenOf(ctx context.Context, z Znodes, paths []string) []childNames {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	lists := make([]childNames, len(paths))
	if m, ok := z.(multiReader); ok && len(paths) > 1 && !e.noMultiRead.Load() {
		ops := make([]jute.Op, len(paths))
		for i, p := range paths {
			ops[i] = jute.Op{Type: jute.OpGetChildren, Body: &jute.GetChildrenRequest{Path: p}}
		}
		results, err := m.MultiRead(ctx, ops)
		if err == nil {
			for i, r := range results[:min(len(results), len(lists))] {
				if body, ok := r.Body.(*jute.GetChildrenResponse); ok {
					lists[i].names = body.Children
				} else {
					lists[i].err = r.Err
				}
			}
			return lists
		}
		if !errors.Is(err, jute.ErrUnimplemented) {
			for i := range lists {
				lists[i].err = err
			}
			return lists
		}
		e.noMultiRead.Store(true)
	}
	parallel(ctx, readsInFlight, len(paths), func(ctx context.Context, i int) error {
		lists[i].names, _, lists[i].err = z.Children(ctx, paths[i])
		return nil
	})
	return lists
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
