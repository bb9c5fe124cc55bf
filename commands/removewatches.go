package commands

import (
	"context"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newRemoveWatches(env *Env) *cobra.Command {
	var kinds [5]bool
	var local bool
	cmd := &cobra.Command{
		Use:   "removewatches PATH...",
		Short: "Remove watches of this session",
		Long: `Remove the watches that this session holds on znodes: all of them, or those of one
kind. A command of its own has a session of its own, and so none: this is for the
shell and for scripts.`,
		Example:           "  removewatches /app\n  removewatches -d /app",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, given := jute.WatcherAny, 0
			for i, k := range []jute.WatcherType{jute.WatcherChildren, jute.WatcherData, jute.WatcherPersistent, jute.WatcherPersistentRecursive, jute.WatcherAny} {
				if kinds[i] {
					kind, given = k, given+1
				}
			}
			if given > 1 {
				return usagef("-c, -d, -p, -r and -a cannot go together")
			}
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				c, err := env.Session(ctx)
				if err != nil {
					return nil, err
				}
				return &done{Path: path}, c.RemoveWatches(ctx, path, kind, local)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&kinds[0], "children", "c", false, "watches for children (ls -w)")
	f.BoolVarP(&kinds[1], "data", "d", false, "watches for data (get -w, stat -w)")
	f.BoolVarP(&kinds[2], "persistent", "p", false, "persistent watches, on servers from 3.9 on")
	f.BoolVarP(&kinds[3], "recursive", "r", false, "persistent recursive watches, on servers from 3.9 on")
	f.BoolVarP(&kinds[4], "any", "a", false, "all watches (the default)")
	f.BoolVarP(&local, "local", "l", false, "forget them here even if there is no connection")
	return cmd
}
