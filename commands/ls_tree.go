package commands

import (
	"context"

	"github.com/spf13/cobra"

	"zook/jute"
)

// listTrees is ls -R: the paths of all znodes below each of args.
func (e *Env) listTrees(cmd *cobra.Command, args []string, watch bool) error {
	p := e.Printer(true)
	first := error(nil)
	for _, arg := range args {
		err := e.listTree(cmd, p, arg, watch)
		if err != nil && (len(args) > 1 || first != nil) {
			p.Flush()
			err = e.report(cmd.CalledAs(), err)
		}
		if first == nil {
			first = err
		}
		if noTree(err) {
			break
		}
	}
	if err := p.Close(); first == nil {
		first = err
	}
	return e.awaitEvent(cmd, watch, first)
}

// listTree prints a tree. Znodes that cannot be read are reported and left out.
func (e *Env) listTree(cmd *cobra.Command, p *Printer, arg string, watch bool) error {
	root, err := e.Path(arg)
	if err != nil {
		return err
	}
	var unread error
	visit := func(v visited[struct{}]) error {
		if v.Err != nil {
			p.Flush()
			unread = e.report(cmd.CalledAs(), onPath(v.Path, v.Err))
			if noTree(v.Err) {
				return unread
			}
		}
		return e.printTree(p, root, v)
	}
	if watch {
		err = walk(cmd.Context(), root, func(ctx context.Context, path string) ([]string, struct{}, error) {
			ctx, cancel := e.answerIn(ctx)
			defer cancel()
			names, _, err := e.children(ctx, path, true)
			return names, struct{}{}, err
		}, visit)
	} else {
		err = e.walkNames(cmd.Context(), root, visit)
	}
	if err == nil {
		err = unread
	}
	return err
}

// printTree prints what a visit of a znode adds to ls -R. zkCli's order is its own:
// all children of a znode before it goes below any.
func (e *Env) printTree(p *Printer, root string, v visited[struct{}]) error {
	if e.Format != ZkCli {
		return p.Print(&found{v.Path})
	}
	if v.Path == root {
		p.Print(&found{root})
	}
	for _, name := range v.Children {
		if err := p.Print(&found{jute.JoinPath(v.Path, name)}); err != nil {
			return err
		}
	}
	return nil
}
