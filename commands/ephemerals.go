package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// ephemerals is what getEphemerals prints.
type ephemerals struct {
	Prefix string   `json:"prefix"`
	Paths  []string `json:"ephemerals"` // sorted
}

func (l *ephemerals) Text(w io.Writer, _ Style) {
	for _, p := range l.Paths {
		fmt.Fprintln(w, printable(p))
	}
}

func (l *ephemerals) Row(Style) (columns []string, rows [][]string) {
	for _, p := range l.Paths {
		rows = append(rows, []string{printable(p)})
	}
	return []string{"path"}, rows
}

func (l *ephemerals) ZkCli(w io.Writer) { fmt.Fprintf(w, "[%s]\n", strings.Join(l.Paths, ", ")) }

func newGetEphemerals(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "getEphemerals [PREFIX]",
		Short: "List the ephemeral znodes of this session",
		Long: `List the ephemeral znodes of this session, those whose path starts with PREFIX if it
is given. A command of its own has a session of its own, and so none: this is for the
shell and for scripts.`,
		Example:           "  getEphemerals /locks",
		Args:              args(0, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix := "/"
			if len(args) > 0 {
				var err error
				if prefix, err = env.Path(args[0]); err != nil {
					return err
				}
			}
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			c, err := env.Session(ctx)
			if err != nil {
				return err
			}
			paths, err := c.Ephemerals(ctx, prefix)
			if err != nil {
				return onPath(prefix, err)
			}
			slices.Sort(paths)
			return env.print(&ephemerals{prefix, append([]string{}, paths...)})
		},
	}
}
