package commands

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// childrenNumber is what getAllChildrenNumber prints of one znode.
type childrenNumber struct {
	Path  string `json:"path"`
	Count int    `json:"count"`

	several bool
}

func (c *childrenNumber) Text(w io.Writer, s Style) {
	if c.several {
		fmt.Fprint(w, printable(c.Path)+" ")
	}
	fmt.Fprintln(w, s.Count(int64(c.Count)))
}

func (c *childrenNumber) Row(s Style) ([]string, [][]string) {
	return []string{"path", "count"}, [][]string{{printable(c.Path), s.Count(int64(c.Count))}}
}

func (c *childrenNumber) ZkCli(w io.Writer) { fmt.Fprintln(w, c.Count) }

func newGetAllChildrenNumber(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:               "getAllChildrenNumber PATH...",
		Short:             "Count all znodes below znodes",
		Long:              "Count all znodes below znodes, at any depth. It needs ZooKeeper 3.6.",
		Example:           "  zook getAllChildrenNumber /brokers",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				z, err := env.Znodes(ctx)
				if err != nil {
					return nil, err
				}
				n, err := z.AllChildrenNumber(ctx, path)
				return &childrenNumber{path, n, len(args) > 1}, err
			})
		},
	}
}
