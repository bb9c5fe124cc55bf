package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"zook/jute"
)

// eachRoot is eachPath for commands that walk the tree below each path that args
// name: do takes its own time, and prints by itself. It closes p.
func (e *Env) eachRoot(cmd *cobra.Command, p *Printer, args []string, do func(root string) error) error {
	var first error
	for _, arg := range args {
		root, err := e.Path(arg)
		if err == nil {
			err = do(root)
		}
		if err == nil {
			continue
		}
		if len(args) > 1 {
			p.Flush()
			err = e.report(cmd.CalledAs(), err)
		}
		if first == nil {
			first = err
		}
		if cmd.Context().Err() != nil || noTree(err) {
			break
		}
	}
	if err := p.Close(); first == nil {
		return err
	}
	return first
}

// workingPath is args, or the working path if there are none.
func (e *Env) workingPath(args []string) []string {
	if len(args) == 0 {
		return []string{e.cwd()}
	}
	return args
}

// unread reports a znode that a walk could not read. The walk goes on if the
// first result is nil; the second is for the exit code.
func (e *Env) unread(cmd *cobra.Command, p *Printer, path string, err error) (stop, reported error) {
	p.Flush()
	reported = e.report(cmd.CalledAs(), onPath(path, err))
	if noTree(err) {
		return reported, reported
	}
	return nil, reported
}

// statAndChildren reads a znode: its stat and, if deep, the names of its
// children, sorted. Whoever may not list them gets an error, and from servers that
// tell it to anybody, before 3.9, the stat all the same.
func (e *Env) statAndChildren(ctx context.Context, path string, deep bool) ([]string, jute.Stat, error) {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	return statAndChildren(ctx, z, path, deep)
}

func statAndChildren(ctx context.Context, z Znodes, path string, deep bool) ([]string, jute.Stat, error) {
	var refused error
	if deep {
		names, stat, err := z.Children(ctx, path)
		if !errors.Is(err, jute.ErrNoAuth) {
			slices.Sort(names)
			return names, stat, err
		}
		refused = err
	}
	stat, err := z.Exists(ctx, path)
	switch {
	case err != nil:
		return nil, jute.Stat{}, err
	case stat == nil:
		return nil, jute.Stat{}, jute.ErrNoNode
	}
	return nil, *stat, refused
}

// printAbove prints an item at once where a person watches the progress of the
// search for more, and over the line that shows it.
func (e *Env) printAbove(p *Printer, item Item) error {
	if e.Progress == nil {
		return p.Print(item)
	}
	fmt.Fprint(e.Progress, "\r\x1b[K")
	if err := p.Print(item); err != nil {
		return err
	}
	return p.Flush()
}
