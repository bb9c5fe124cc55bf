package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"zook/jute"
)

// listing is what ls prints of one znode.
type listing struct {
	Path     string   `json:"path"`
	Children []string `json:"children"` // names, sorted
	Stat     *Stat    `json:"stat,omitempty"`
	header   bool
}

func (l *listing) Text(w io.Writer, s Style) {
	printHeader(w, l.Path, l.header, s)
	names := make([]string, len(l.Children))
	for i, name := range l.Children {
		names[i] = printable(name)
		if l.header && !s.Terminal {
			names[i] = printable(jute.JoinPath(l.Path, name))
		}
	}
	printColumns(w, names, s)
	if l.Stat != nil {
		l.Stat.Text(w, l.Path, s)
	}
}

func (l *listing) Row(s Style) (columns []string, rows [][]string) {
	if l.Stat != nil {
		columns, row := l.Stat.row(l.Path, s)
		return append(columns, "children"), [][]string{append(row, printable(strings.Join(l.Children, " ")))}
	}
	for _, name := range l.Children {
		rows = append(rows, []string{printable(l.Path), printable(name)})
	}
	return []string{"path", "child"}, rows
}

func (l *listing) ZkCli(w io.Writer) {
	fmt.Fprintf(w, "[%s]\n", strings.Join(l.Children, ", "))
	if l.Stat != nil {
		zkcliStat(w, &l.Stat.stat)
	}
}

const watchHelp = `With -w a watch is set. In the shell and in scripts its event is printed when it
comes. As a command of its own, zook then waits for the event, prints it and
exits with 0; Ctrl-C stops waiting.`

func newLs(env *Env) *cobra.Command {
	var stat, watch, recursive bool
	cmd := &cobra.Command{
		Use:   "ls [PATH...]",
		Short: "List the children of znodes",
		Long: `List the children of znodes, sorted by name; of the working path if none is given.
Of several znodes, a program gets paths instead of names.

` + watchHelp,
		Example: `  zook ls /
  zook ls -s /brokers
  zook ls -R /app | wc -l
  zook ls -w /app/members         # wait for the next one to come or go`,
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{env.cwd()}
			}
			if recursive {
				return env.listTrees(cmd, args, watch)
			}
			return env.list(cmd, args, stat, watch)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&stat, "stat", "s", false, "and the metadata of the znode")
	f.BoolVarP(&watch, "watch", "w", false, "watch for the next child to come or go")
	f.BoolVarP(&recursive, "recursive", "R", false, "list paths of the znode and all below")
	return cmd
}

func newLs2(env *Env) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:               "ls2 PATH...",
		Short:             "List the children of znodes and their metadata: ls -s",
		Long:              "ls2 is ls -s, as zkCli once called it.",
		Example:           "  zook ls2 /brokers",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.list(cmd, args, true, watch)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "watch for the next child to come or go")
	return cmd
}

func (e *Env) list(cmd *cobra.Command, args []string, withStat, watch bool) error {
	err := e.eachPath(cmd, e.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
		names, stat, err := e.children(ctx, path, watch)
		if err != nil {
			return nil, err
		}
		l := &listing{Path: path, Children: names, header: len(args) > 1}
		if withStat {
			l.Stat = NewStat(stat)
		}
		return l, nil
	})
	return e.awaitEvent(cmd, watch, err)
}

// children is Children, sorted, with a watch if watch is set.
func (e *Env) children(ctx context.Context, path string, watch bool) (names []string, stat jute.Stat, err error) {
	if watch {
		c, err := e.Session(ctx)
		if err != nil {
			return nil, stat, err
		}
		names, stat, err = c.ChildrenW(ctx, path)
		if err != nil {
			return nil, stat, err
		}
	} else {
		z, err := e.Znodes(ctx)
		if err != nil {
			return nil, stat, err
		}
		if names, stat, err = z.Children(ctx, path); err != nil {
			return nil, stat, err
		}
	}
	if names == nil {
		names = []string{} // [] in JSON
	}
	slices.Sort(names)
	return names, stat, nil
}

// printColumns writes names in as many columns as fit, down and then across as
// ls does; one a line if the width is unknown.
func printColumns(w io.Writer, names []string, s Style) {
	width := 0
	for _, n := range names {
		width = max(width, runewidth.StringWidth(n)+2)
	}
	columns := 1
	if width > 0 {
		columns = max(1, s.Width/width)
	}
	lines := (len(names) + columns - 1) / columns
	for line := range lines {
		for i := line; i < len(names); i += lines {
			if i+lines >= len(names) {
				fmt.Fprintln(w, names[i])
			} else {
				io.WriteString(w, runewidth.FillRight(names[i], width))
			}
		}
	}
}
