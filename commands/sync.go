package commands

import (
	"context"

	"github.com/spf13/cobra"
)

func newSync(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "sync PATH...",
		Short: "Let the server catch up with the leader",
		Long: `Wait until the server that the session is connected to has applied all that the
leader had committed: what is read next is at least as new.`,
		Example:           "  zook sync /",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				c, err := env.Session(ctx)
				if err != nil {
					return nil, err
				}
				return &done{Path: path, eyes: "Sync is OK", zkcli: "Sync is OK"}, c.Sync(ctx, path)
			})
		},
	}
}
