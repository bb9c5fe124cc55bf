package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

var watchModes = []string{"PERSISTENT", "PERSISTENT_RECURSIVE"}

func newAddWatch(env *Env) *cobra.Command {
	var mode string
	cmd := &cobra.Command{
		Use:   "addWatch PATH...",
		Short: "Watch znodes until the watch is removed",
		Long: `Set a persistent watch, which tells of every change and not only of the next one.
PERSISTENT watches a znode and its children, PERSISTENT_RECURSIVE the znode and all
below it. It needs ZooKeeper 3.6.

In the shell and in scripts events are printed as they come. As a command of its own,
zook prints them until Ctrl-C.`,
		Example: `  zook addWatch -m PERSISTENT /app
  zook addWatch -o jsonl /brokers`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := jute.WatchPersistentRecursive
			switch strings.ToUpper(mode) {
			case watchModes[0]:
				m = jute.WatchPersistent
			case watchModes[1]:
			default:
				return usagef("-m: there is no mode %q; there are %s", mode, strings.Join(watchModes, " and "))
			}
			err := env.eachPath(cmd, nil, args, func(ctx context.Context, path string) (Item, error) {
				c, err := env.Session(ctx)
				if err != nil {
					return nil, err
				}
				return nil, c.AddWatch(ctx, path, m)
			})
			if err != nil {
				return err
			}
			if err = env.printEvents(cmd.Context(), cmd.CalledAs(), -1); errors.Is(err, context.Canceled) {
				return nil // the way to stop it
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&mode, "mode", "m", watchModes[1], strings.Join(watchModes, " or "))
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(watchModes, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}
