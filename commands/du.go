package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// usage is what du prints of a znode: what it and all below it hold.
type usage struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`  // of data
	Znodes int64  `json:"znodes"` // itself among them
	depth  int
}

func (u *usage) Text(w io.Writer, s Style) {
	if s.Terminal {
		fmt.Fprintf(w, "%10s  %12s  %s\n", s.Size(u.Bytes), s.Count(u.Znodes), printable(u.Path))
	} else {
		fmt.Fprintf(w, "%d\t%d\t%s\n", u.Bytes, u.Znodes, printable(u.Path))
	}
}

func (u *usage) Row(s Style) ([]string, [][]string) {
	return []string{"bytes", "znodes", "path"}, [][]string{{s.Size(u.Bytes), s.Count(u.Znodes), printable(u.Path)}}
}

// What du sorts by.
const (
	sortPath   = "path"
	sortSize   = "size"
	sortZnodes = "znodes"
)

var sorts = []string{sortPath, sortSize, sortZnodes}

func newDu(env *Env) *cobra.Command {
	var levels int
	var total bool
	var sort string
	cmd := &cobra.Command{
		Use:   "du [PATH...]",
		Short: "Sum up the data and the number of znodes in trees",
		Long: `Print how many bytes of data and how many znodes there are at and below PATH (else the
working path), and each of its children; -d goes deeper. Names, ACLs and what a server
needs besides to keep a znode are not counted.

A line is bytes, znodes and path. For a program it is plain numbers and tabs. A znode
comes after those below it, as in du.`,
		Example: `  zook du /
  zook du -s /brokers /config
  zook du -d 2 --sort size / | head -20`,
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case total && cmd.Flags().Changed("depth"):
				return usagef("-s is -d 0: one of them is enough")
			case total:
				levels = 0
			case levels < 0:
				return usagef("-d: a depth is 0 or more")
			case !slices.Contains(sorts, sort):
				return usagef("--sort: there is no %q; there are %s", sort, strings.Join(sorts, ", "))
			}
			p := env.Printer(true)
			shown := env.progress("counted")
			defer shown.Finish()
			return env.eachRoot(cmd, p, env.workingPath(args), func(root string) error {
				return env.du(cmd, p, shown, root, levels, sort)
			})
		},
	}
	f := cmd.Flags()
	f.IntVarP(&levels, "depth", "d", 1, "print `N` levels below PATH")
	f.BoolVarP(&total, "summarize", "s", false, "print only the sum of each PATH")
	f.StringVar(&sort, "sort", sortPath, "`order`: "+strings.Join(sorts, ", ")+"; of the last two the biggest first")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(sorts, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// du prints the sums of root and of what is down to so many levels below.
func (e *Env) du(cmd *cobra.Command, p *Printer, shown *progress, root string, levels int, sort string) error {
	var all []*usage // what is to be sorted
	print := func(u *usage) error {
		if u.depth > levels {
			return nil
		}
		if sort != sortPath {
			all = append(all, u)
			return nil
		}
		return e.printAbove(p, u)
	}
	open := []*usage{} // the znode at hand and those above it
	closeLast := func() error {
		last := open[len(open)-1]
		if open = open[:len(open)-1]; len(open) > 0 {
			above := open[len(open)-1]
			above.Bytes += last.Bytes
			above.Znodes += last.Znodes
		}
		return print(last)
	}
	read := func(ctx context.Context, path string) ([]string, jute.Stat, error) {
		return e.statAndChildren(ctx, path, true)
	}
	var unread error
	err := walkTree(cmd.Context(), e, root, read, func(v visited[jute.Stat]) error {
		shown.done.Add(1)
		if v.Err != nil {
			stop, reported := e.unread(cmd, p, v.Path, v.Err)
			if unread = reported; stop != nil {
				return stop
			}
		}
		u := &usage{Path: v.Path, Bytes: int64(v.Value.DataLength), Znodes: 1, depth: depth(root, v.Path)}
		for len(open) > u.depth {
			if err := closeLast(); err != nil {
				return err
			}
		}
		open = append(open, u)
		return nil
	})
	if err != nil {
		return err
	}
	for len(open) > 0 {
		if err := closeLast(); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b *usage) int {
		bigger := cmp.Compare(b.Bytes, a.Bytes)
		if sort == sortZnodes {
			bigger = cmp.Compare(b.Znodes, a.Znodes)
		}
		return cmp.Or(bigger, cmp.Compare(a.Path, b.Path))
	})
	for _, u := range all {
		if err := e.printAbove(p, u); err != nil {
			return err
		}
	}
	return unread
}
