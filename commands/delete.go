package commands

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newDelete(env *Env) *cobra.Command {
	var version int32
	cmd := &cobra.Command{
		Use:   "delete PATH...",
		Short: "Delete znodes that have no children",
		Long: `Delete znodes that have no children. With -v only if the data has that version.
rmr deletes a znode with all below it.`,
		Example: `  zook delete /app/old
  zook delete -v 3 /app/lock
  zook delete /a /b`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				if err := env.confirm(cmd.Context(), "Delete "+several(args)+"?"); err != nil {
					return err
				}
			}
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				if err := env.protect(path); err != nil {
					return nil, err
				}
				z, err := env.Znodes(ctx)
				if err != nil {
					return nil, err
				}
				err = z.Delete(ctx, path, version)
				if errors.Is(err, jute.ErrNoAuth) {
					return nil, &Error{Path: path, Err: err, Hint: deleteHint(path)}
				}
				return &done{Path: path}, explainVersion(ctx, z, path, version, err, dataVersion)
			})
		},
	}
	cmd.Flags().Int32VarP(&version, "version", "v", -1, "only if the data has this version")
	return cmd
}

// deleteHint: the permission to delete is the parent's.
func deleteHint(path string) string {
	return "the ACL of " + jute.ParentPath(path) + " wants another identity (--auth scheme:data, or addauth)"
}
