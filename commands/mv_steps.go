package commands

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"zook/jute"
)

// movedZnode is what moveInSteps remembers of a znode that it has copied.
type movedZnode struct {
	path    string
	version int32  // of the data
	sum     uint64 // of data and ACL
}

// stepMove moves a tree that does not fit into one request.
type stepMove struct {
	env      *Env
	from, to string
	seed     maphash.Seed
	done     []movedZnode // parents first
}

// moveInSteps copies the tree, compares the copy with it, and deletes what is
// still as it was copied. Whatever fails, all data is in the one place or in the
// other.
func (e *Env) moveInSteps(ctx context.Context, from, to string) (int64, error) {
	m := newStepMove(e, from, to)
	if n, err := m.copy(ctx); err != nil {
		return 0, soFar(from, err, fmt.Sprintf("nothing was moved; %s had been copied to %s before", znodes(Style{Terminal: true}, n), to))
	}
	if err := m.verify(ctx); err != nil {
		return 0, soFar(from, err, "nothing was moved; the copy is at "+to)
	}
	if n, err := m.delete(ctx); err != nil {
		return 0, soFar(from, err, fmt.Sprintf("the copy at %s is whole; of the original %s were deleted", to, znodes(Style{Terminal: true}, int64(n))))
	}
	return int64(len(m.done)), nil
}

func newStepMove(e *Env, from, to string) *stepMove {
	return &stepMove{env: e, from: from, to: to, seed: maphash.MakeSeed()}
}

func (m *stepMove) sum(data []byte, acl []jute.ACL) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.Write(data)
	if data == nil {
		h.WriteByte(0) // which is not the same as empty data
	}
	for _, a := range acl {
		fmt.Fprintf(&h, "\x00%s", a)
	}
	return h.Sum64()
}

// copy returns how many znodes it copied.
func (m *stepMove) copy(ctx context.Context) (int64, error) {
	if err := m.refuseEphemerals(ctx); err != nil {
		return 0, err
	}
	there, err := m.env.vacant(ctx, m.to, "replaces")
	if err != nil {
		return 0, err
	}
	if there != nil {
		if err := m.env.deleteAt(ctx, m.to, there.Version); err != nil {
			return 0, err
		}
	}
	c := &treeCopy{env: m.env, from: m.from, to: m.to, recursive: true, withACL: true, progress: m.env.progress("copied")}
	defer c.progress.Finish()
	c.onCopy = func(o *original) {
		m.done = append(m.done, movedZnode{o.path, o.stat.Version, m.sum(o.data, o.acl)})
	}
	if err = c.run(ctx); err == nil && c.leftOut > 0 {
		err = errEphemeral // it came meanwhile
	}
	return c.done, err
}

// refuseEphemerals looks before anything is copied.
func (m *stepMove) refuseEphemerals(ctx context.Context) error {
	shown := m.env.progress("looked at")
	defer shown.Finish()
	read := func(ctx context.Context, path string) ([]string, jute.Stat, error) {
		return m.env.statAndChildren(ctx, path, true)
	}
	return walk(ctx, m.from, read, func(v visited[jute.Stat]) error {
		shown.done.Add(1)
		switch {
		case v.Err != nil:
			return onPath(v.Path, v.Err)
		case isEphemeral(&v.Value):
			return &Error{Path: v.Path, Err: errEphemeral}
		}
		return nil
	})
}

// deleteAt deletes a znode that is to be replaced.
func (e *Env) deleteAt(ctx context.Context, path string, version int32) error {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	err = z.Delete(ctx, path, version)
	if errors.Is(err, jute.ErrNotEmpty) {
		return &Error{Path: path, Err: fmt.Errorf("%w, so it is not replaced", err), Hint: "rmr deletes it first"}
	}
	return onPath(path, err)
}

// verify compares the copy, as it is on the server, with what was read.
func (m *stepMove) verify(ctx context.Context) error {
	shown := m.env.progress("compared")
	defer shown.Finish()
	shown.total.Store(int64(len(m.done)))
	return parallel(ctx, readsInFlight, len(m.done), func(ctx context.Context, i int) error {
		shown.done.Add(1)
		path := rebase(m.done[i].path, m.from, m.to)
		o, err := m.env.readOriginal(ctx, path, treeRead{withACL: true})
		if err != nil {
			return err
		}
		if m.sum(o.data, o.acl) != m.done[i].sum {
			return &Error{Path: path, Err: errors.New("the copy is not the same: somebody has changed it")}
		}
		return nil
	})
}

// delete deletes the originals, children first, each unless it has changed since.
func (m *stepMove) delete(ctx context.Context) (deleted int, err error) {
	shown := m.env.progress("deleted")
	defer shown.Finish()
	shown.total.Store(int64(len(m.done)))
	for left := m.done; len(left) > 0; {
		n := min(len(left), copyBatch)
		batch := left[len(left)-n:]
		left = left[:len(left)-n]
		if err := m.deleteBatch(ctx, batch); err != nil {
			return deleted, err
		}
		deleted += n
		shown.done.Store(int64(deleted))
	}
	return deleted, nil
}

func (m *stepMove) deleteBatch(ctx context.Context, batch []movedZnode) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ops := make([]jute.Op, len(batch))
	for i, z := range batch {
		ops[len(ops)-1-i] = deleteOp(z.path, z.version)
	}
	ctx, cancel := m.env.answerIn(context.WithoutCancel(ctx))
	defer cancel()
	z, err := m.env.Znodes(ctx)
	if err != nil {
		return err
	}
	results, err := z.Multi(ctx, ops)
	i := failedOp(results)
	if err == nil || i < 0 || i >= len(ops) {
		return unsure(err)
	}
	path := ops[i].Body.(*jute.DeleteRequest).Path
	switch {
	case errors.Is(err, jute.ErrNoAuth):
		return &Error{Path: path, Err: err, Hint: deleteHint(path)}
	case errors.Is(err, jute.ErrBadVersion), errors.Is(err, jute.ErrNotEmpty), noNode(err):
		return &Error{Path: path, Err: fmt.Errorf("%w: somebody has changed it during the move", err)}
	}
	return onPath(path, err)
}
