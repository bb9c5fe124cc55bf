package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newMv(env *Env) *cobra.Command {
	var parents, steps bool
	cmd := &cobra.Command{
		Use:   "mv SRC... DST",
		Short: "Move znodes with all below them",
		Long: `Move a znode and all below it, with data and ACLs, in one transaction: others see it in
the one place or in the other. If somebody changes it meanwhile, mv looks again.

` + targetHelp + `
It is then replaced if it has no children.

A tree that does not fit into one request, which is 1 MB, is refused. --no-atomic moves
it in steps: everything is copied, then the copy is compared with the original, then the
original is deleted, but for what others have changed meanwhile. Nothing is lost; others
see both for a while.

The new znodes are persistent, as servers do not tell which are containers or have a TTL.
They have new zxids, times and versions, and the counters of sequential children begin
again. Ephemerals belong to their session and cannot be moved.`,
		Example: `  zook mv /app/old-name /app/new-name
  zook mv /a /b /archive/
  zook mv --no-atomic /big /archive/big`,
		Args:              args(2, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachSource(cmd, args, func(p *Printer, from, to string) error {
				return env.move(cmd.Context(), p, from, to, parents, steps)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&parents, "parents", "p", false, "create missing parents of DST too (no data, open ACL)")
	f.BoolVar(&steps, "no-atomic", false, "move in steps what does not fit into one request")
	return cmd
}

func (e *Env) move(ctx context.Context, p *Printer, from, to string, parents, steps bool) error {
	if err := e.protect(from); err != nil {
		return err
	}
	if isBelow(to, from) {
		return usagef("%s is below %s, which cannot go into itself", to, from)
	}
	if isBelow(from, to) && e.Force {
		return usagef("%s is below %s, and would go with what it replaces", from, to)
	}
	if parents {
		if _, err := e.statOf(ctx, from); err != nil { // before anything is created
			return err
		}
		if err := e.createParents(ctx, to); err != nil {
			return err
		}
	}
	n, err := e.moveAtOnce(ctx, from, to)
	if errors.Is(err, errTooLarge) {
		if !steps {
			return &Error{Path: from, Err: err, Hint: "--no-atomic moves it in steps"}
		}
		n, err = e.moveInSteps(ctx, from, to)
	}
	if err != nil {
		return onPath(from, err)
	}
	return p.Print(&copied{From: from, To: to, Znodes: n, did: "Moved"})
}

var errTooLarge = errors.New("it does not fit into one request of 1 MB, in which it would move at once")

// maxMoves is how often moveAtOnce tries again when others change the tree.
const maxMoves = 20

// moveAtOnce moves a tree in one transaction, which fails if anything has changed
// since it was read. It returns how many znodes that were.
func (e *Env) moveAtOnce(ctx context.Context, from, to string) (int64, error) {
	for try := 1; ; try++ {
		there, err := e.vacant(ctx, to, "replaces")
		if err != nil {
			return 0, err
		}
		ops, err := e.moveOps(ctx, from, to)
		if err != nil {
			return 0, err
		}
		n := int64(len(ops) / 2)
		if there != nil {
			ops = slices.Insert(ops, 0, deleteOp(to, there.Version))
		}
		if err = e.moveOnce(ctx, ops, to); !errors.Is(err, errChanged) || try == maxMoves {
			return n, err
		}
	}
}

// errChanged is a move that lost a race.
var errChanged = errors.New("others keep changing it; nothing was moved")

func deleteOp(path string, version int32) jute.Op {
	return jute.Op{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: path, Version: version}}
}

// moveOps is the operations that move a tree: creations, parents first, then
// deletions of what is still the same, children first. It is errTooLarge as soon
// as that is clear.
func (e *Env) moveOps(ctx context.Context, from, to string) ([]jute.Op, error) {
	var creates, deletes []jute.Op
	size := multiSize(nil)
	err := e.readTree(ctx, treeRead{from, true, true}, func(some []*original) error {
		for _, o := range some {
			if isEphemeral(&o.stat) {
				return &Error{Path: o.path, Err: errEphemeral}
			}
			ops := []jute.Op{o.createAt(rebase(o.path, from, to)), deleteOp(o.path, o.stat.Version)}
			if size += multiSize(ops) - multiSize(nil); size > maxPacket {
				return errTooLarge
			}
			creates, deletes = append(creates, ops[0]), append(deletes, ops[1])
		}
		return nil
	})
	slices.Reverse(deletes)
	return append(creates, deletes...), err
}

func (e *Env) moveOnce(ctx context.Context, ops []jute.Op, to string) error {
	if multiSize(ops) > maxPacket {
		return errTooLarge
	}
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	results, err := z.Multi(ctx, ops)
	if err == nil {
		return nil
	}
	return e.explainMove(ctx, z, ops, failedOp(results), to, err)
}

// explainMove tells a race that was lost, errChanged, from what will not go away.
func (e *Env) explainMove(ctx context.Context, z Znodes, ops []jute.Op, failed int, to string, err error) error {
	if failed < 0 || failed >= len(ops) {
		return unsure(err)
	}
	switch r := ops[failed].Body.(type) {
	case *jute.DeleteRequest:
		switch {
		case errors.Is(err, jute.ErrNoAuth):
			return &Error{Path: r.Path, Err: err, Hint: deleteHint(r.Path)}
		case r.Path == to && errors.Is(err, jute.ErrNotEmpty):
			return &Error{Path: to, Err: fmt.Errorf("%w, so it is not replaced", err), Hint: "rmr deletes it first"}
		case noNode(err), errors.Is(err, jute.ErrBadVersion), errors.Is(err, jute.ErrNotEmpty):
			return errChanged
		}
		return onPath(r.Path, err)
	case *jute.CreateRequest:
		return e.explainPlace(ctx, z, r.Path, to, err)
	}
	return err
}

// explainPlace explains why a znode could not be created in its new place.
func (e *Env) explainPlace(ctx context.Context, z Znodes, path, to string, err error) error {
	if errors.Is(err, jute.ErrNoAuth) && path != to {
		return &Error{Path: path, Err: fmt.Errorf("%w: the ACL of %s does not let you create below it", err, jute.ParentPath(path)),
			Hint: "--auth scheme:data gives another identity"}
	}
	if errors.Is(err, jute.ErrNodeExists) {
		return &Error{Path: path, Err: err}
	}
	return onPath(path, explainCreate(ctx, z, path, err))
}
