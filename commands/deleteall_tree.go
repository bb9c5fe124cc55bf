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
	deletesInFlight = 8
	maxBatchBytes   = maxPacket / 2
)

// treeDelete deletes subtrees.
type treeDelete struct {
	env      *Env
	session  *client.Client
	batch    int
	progress *progress
	deleted  atomic.Int64
}

// delete deletes the znodes of t from the end, so that children go before their
// parents. A batch is one multi; several are under way at a time, but never one
// with a parent and another with its child. left says that znodes are left
// because they had children that t does not know.
func (d *treeDelete) delete(ctx context.Context, t *subtree) (left bool, err error) {
	var (
		inFlight sync.WaitGroup
		slots    = make(chan struct{}, deletesInFlight)
		failed   = make(chan error, 1)
		notEmpty atomic.Bool
		batch    []string
		bytes    int
	)
	fail := func(err error) {
		select {
		case failed <- err:
		default: // the first one is told
		}
	}
	send := func() {
		paths := batch
		batch, bytes = nil, 0
		if len(paths) == 0 {
			return
		}
		slots <- struct{}{}
		inFlight.Go(func() {
			defer func() { <-slots }()
			some, err := d.deleteBatch(ctx, paths)
			if err != nil {
				fail(err)
			}
			if some {
				notEmpty.Store(true)
			}
		})
	}
	// batchOf is, of a parent, the number of the latest batch with a child of it.
	batchOf := make([]int32, t.len())
	current, finished := int32(1), int32(0)
	last := 0
	if t.root == "/" {
		last = 1
	}
	for i := t.len() - 1; i >= last && len(failed) == 0 && ctx.Err() == nil; i-- {
		if needs := batchOf[i]; needs > finished && needs < current {
			send()
			inFlight.Wait()
			finished = current
			current++
		}
		path := t.path(int32(i))
		batch = append(batch, path)
		bytes += len(path)
		if i > 0 {
			batchOf[t.parent[i]] = current
		}
		if len(batch) == d.batch || bytes > maxBatchBytes {
			send()
			current++
		}
	}
	if len(failed) == 0 && ctx.Err() == nil {
		send()
	}
	inFlight.Wait()
	select {
	case err = <-failed:
	default:
		err = ctx.Err()
	}
	return notEmpty.Load(), err
}

// deleteBatch deletes znodes in one multi; one by one if that fails, as it does
// where others are at work too. left says that some had children.
func (d *treeDelete) deleteBatch(ctx context.Context, paths []string) (left bool, err error) {
	ctx = context.WithoutCancel(ctx) // what has been sent is seen through: then the count is right
	ops := make([]jute.Op, len(paths))
	for i, path := range paths {
		ops[i] = jute.Op{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: path, Version: -1}}
	}
	answer, cancel := d.env.answerIn(ctx)
	_, err = d.session.Multi(answer, ops)
	cancel()
	if err == nil {
		d.count(len(paths))
		return false, nil
	}
	if !noNode(err) && !errors.Is(err, jute.ErrNotEmpty) && !errors.Is(err, jute.ErrNoAuth) {
		return false, err
	}
	for _, path := range paths {
		switch err := d.deleteOne(ctx, path); {
		case err == nil:
			d.count(1)
		case noNode(err):
		case errors.Is(err, jute.ErrNotEmpty):
			left = true
		default:
			return left, err
		}
	}
	return left, nil
}

func (d *treeDelete) deleteOne(ctx context.Context, path string) error {
	ctx, cancel := d.env.answerIn(ctx)
	defer cancel()
	err := d.session.Delete(ctx, path, -1)
	if errors.Is(err, jute.ErrNoAuth) {
		return &Error{Path: path, Err: err, Hint: deleteHint(path)}
	}
	if noNode(err) || errors.Is(err, jute.ErrNotEmpty) {
		return err
	}
	return onPath(path, err)
}

func (d *treeDelete) count(n int) {
	d.deleted.Add(int64(n))
	d.progress.done.Add(int64(n))
}
