package commands

import (
	"context"

	"github.com/spf13/cobra"
)

func newListQuota(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "listquota PATH...",
		Short: "Show quotas and how much of them is used",
		Long: `Show the quotas on znodes: how many znodes there are at and below the path and how
many bytes of data, and the limits on both. A server logs a warning above a limit,
and refuses changes above a hard limit if it enforces quotas.`,
		Example:           "  zook listquota /app\n  zook listquota -o json /app",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachPath(cmd, env.TablePrinter(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				path, z, err := env.quotaTarget(ctx, path)
				if err != nil {
					return nil, err
				}
				return readQuota(ctx, z, path)
			})
		},
	}
}
