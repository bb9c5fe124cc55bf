package commands

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"zook/jute"
)

// deletion is what deleteall prints of one path: nothing to a program that did
// not ask for a format.
type deletion struct {
	Path    string `json:"path"`
	Deleted int64  `json:"deleted"` // znodes
}

func (d *deletion) Text(w io.Writer, s Style) {
	if s.Terminal {
		fmt.Fprintf(w, "Deleted %s znodes\n", s.Count(d.Deleted))
	}
}

func (d *deletion) Row(s Style) ([]string, [][]string) {
	return []string{"path", "deleted"}, [][]string{{printable(d.Path), s.Count(d.Deleted)}}
}

func newDeleteAll(env *Env) *cobra.Command {
	var batch int
	cmd := &cobra.Command{
		Use:     "deleteall PATH...",
		Aliases: []string{"rmr"},
		Short:   "Delete znodes and all below them",
		Long: `Delete znodes and all below them, children first, many at a time. Others may go on
working below: what they delete is fine, and what they create is deleted too, for as
long as that is a race that can be won.

Deleting / leaves / itself, and /zookeeper.`,
		Example: `  zook rmr /app/old
  zook deleteall --yes /a /b`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if batch < 1 {
				return usagef("-b: a batch has at least one znode")
			}
			p := env.Printer(len(args) > 1)
			var first error
			for _, arg := range args {
				err := env.deleteAll(cmd.Context(), p, arg, batch)
				if err != nil && len(args) > 1 {
					p.Flush()
					err = env.report(cmd.CalledAs(), err)
				}
				if first == nil {
					first = err
				}
				if cmd.Context().Err() != nil {
					break
				}
			}
			if err := p.Close(); first == nil {
				return err
			}
			return first
		},
	}
	cmd.Flags().IntVarP(&batch, "batch", "b", 500, "znodes to delete in one request, at most")
	return cmd
}

// maxRounds is how often deleteAll looks again at a tree that others add to.
const maxRounds = 20

func (e *Env) deleteAll(ctx context.Context, p *Printer, arg string, batch int) error {
	root, err := e.Path(arg)
	if err != nil {
		return err
	}
	if err := e.protect(root); err != nil {
		return err
	}
	session, err := e.Session(ctx)
	if err != nil {
		return err
	}
	keep := "" // servers do not let it go
	if session.Chroot() == "" {
		keep = "/zookeeper"
	}
	listing := e.progress("listed")
	tree, err := e.subtree(ctx, session, root, keep, true, listing)
	listing.Finish()
	if err != nil {
		return onPath(root, err)
	}
	if n := tree.len() - 1; n > 0 {
		question := fmt.Sprintf("Delete %s and the %s znodes below it?", root, Style{Terminal: true}.Count(int64(n)))
		if err := e.confirm(ctx, question); err != nil {
			return onPath(root, err)
		}
	}
	d := &treeDelete{env: e, session: session, batch: batch, progress: e.progress("deleted")}
	defer d.progress.Finish()
	for round := 1; ; round++ {
		d.progress.total.Store(d.deleted.Load() + int64(tree.len()))
		left, err := d.delete(ctx, tree)
		if err != nil {
			return d.stopped(root, err)
		}
		if !left {
			break
		}
		if round == maxRounds {
			return d.stopped(root, fmt.Errorf("%w: others keep creating children there", jute.ErrNotEmpty))
		}
		if tree, err = e.subtree(ctx, session, root, keep, false, &progress{}); noNode(err) {
			break
		} else if err != nil {
			return d.stopped(root, err)
		}
	}
	return p.Print(&deletion{root, d.deleted.Load()})
}

// stopped says how far the work got. The error is about the znode that it names,
// or about root.
func (d *treeDelete) stopped(root string, err error) error {
	var known *Error
	hint := ""
	if errors.As(err, &known) {
		root, err, hint = known.Path, known.Err, known.Hint
	}
	n := Style{Terminal: true}.Count(d.deleted.Load())
	return &Error{Path: root, Err: fmt.Errorf("%w (%s znodes were deleted before)", err, n), Hint: hint}
}
