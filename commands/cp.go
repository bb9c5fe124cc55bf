package commands

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newCp(env *Env) *cobra.Command {
	var recursive, parents, noACL bool
	cmd := &cobra.Command{
		Use:   "cp SRC... DST",
		Short: "Copy znodes",
		Long: `Copy a znode: its data and its ACL. With -r all below it too. The copies are persistent:
servers do not tell which znodes are containers or have a TTL.

` + targetHelp + `
It then gets the data and the ACL of SRC; what else is below it stays.

An ephemeral cannot be copied: a copy would not go with its session. Below SRC it is
left out, and that is told. Up to 500 znodes are copied in one transaction; of a larger
tree a part may have been copied when something fails, which is told too.`,
		Example: `  zook cp /app/config /app/config.bak
  zook cp -r /app /backup/app-before -p
  zook cp /a /b /archive/`,
		Args:              args(2, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachSource(cmd, args, func(p *Printer, from, to string) error {
				return env.copy(cmd, p, from, to, recursive, parents, !noACL)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&recursive, "recursive", "r", false, "copy all below it too")
	f.BoolVarP(&parents, "parents", "p", false, "create missing parents of DST too (no data, open ACL)")
	f.BoolVar(&noACL, "no-acl", false, "copies have an open ACL")
	return cmd
}

func (e *Env) copy(cmd *cobra.Command, p *Printer, from, to string, recursive, parents, withACL bool) error {
	ctx := cmd.Context()
	if recursive && (isBelow(to, from) || isBelow(from, to)) {
		return usagef("%s and %s: one is below the other, and -r would copy the copy", from, to)
	}
	original, err := e.statOf(ctx, from)
	if err != nil {
		return err
	}
	if isEphemeral(&original) {
		return &Error{Path: from, Err: errEphemeral}
	}
	there, err := e.vacant(ctx, to, "overwrites")
	if err != nil {
		return err
	}
	if there != nil && recursive && original.NumChildren > 0 {
		question := fmt.Sprintf("Overwrite what %s and %s have in common?", to, from)
		if err := e.confirm(ctx, question); err != nil {
			return err
		}
	}
	if parents {
		if err := e.createParents(ctx, to); err != nil {
			return err
		}
	}
	c := &treeCopy{env: e, from: from, to: to, recursive: recursive, withACL: withACL,
		overwrite: there != nil, progress: e.progress("copied")}
	defer c.progress.Finish()
	if err := c.run(ctx); err != nil {
		return c.stopped(err)
	}
	if c.leftOut > 0 {
		fmt.Fprintf(e.Err, "zook: %s %s: left out what is ephemeral, %s\n", cmd.Name(), printable(from), znodes(Style{Terminal: true}, c.leftOut))
	}
	return p.Print(&copied{from, to, c.done, c.leftOut, "Copied"})
}

// stopped says how far the copying got.
func (c *treeCopy) stopped(err error) error {
	if c.done == 0 {
		return err
	}
	return soFar(c.from, err, fmt.Sprintf("%s had been copied to %s before", znodes(Style{Terminal: true}, c.done), c.to))
}

// createParents is createParents within the time for answers.
func (e *Env) createParents(ctx context.Context, path string) error {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	return createParents(ctx, z, path)
}
