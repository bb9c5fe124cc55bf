package commands

import (
	"context"
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
	var session zxidFlag
	cmd := &cobra.Command{
		Use:   "getEphemerals [PREFIX]",
		Short: "List the ephemeral znodes of this session",
		Long: `List the ephemeral znodes of this session, those whose path starts with PREFIX if it
is given. A command of its own has a session of its own, and so none: this is for the
shell and for scripts.

With --data-dir they are those of --session, or of every session.`,
		Example:           "  getEphemerals /locks\n  zook --data-dir /var/lib/zookeeper getEphemerals --session 0x100021aab530004",
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
			paths, err := env.ephemerals(ctx, int64(session), prefix)
			if err != nil {
				return onPath(prefix, err)
			}
			slices.Sort(paths)
			return env.print(&ephemerals{prefix, append([]string{}, paths...)})
		},
	}
	cmd.Flags().Var(&session, "session", "with --data-dir: those of this session (0x...)")
	return cmd
}

// ephemerals lists ephemerals: of files those of a session, or of every one if it is 0;
// a server tells only those of the session that asks.
func (e *Env) ephemerals(ctx context.Context, session int64, prefix string) ([]string, error) {
	if e.Offline() {
		o, err := e.offline(ctx)
		if err != nil {
			return nil, err
		}
		return o.ephemerals(session, prefix), nil
	}
	if session != 0 {
		return nil, usagef("--session is for --data-dir: find --owner asks a server")
	}
	c, err := e.Session(ctx)
	if err != nil {
		return nil, err
	}
	return c.Ephemerals(ctx, prefix)
}
