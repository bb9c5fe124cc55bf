package commands

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"zook/jute"
)

// noQuota is what zkCli prints of a path without a quota.
type noQuota struct{ done }

func (q *noQuota) ZkCli(w io.Writer) { fmt.Fprintln(w, "Quota does not exist for "+q.Path) }

func newDelQuota(env *Env) *cobra.Command {
	kinds := map[string]*bool{}
	cmd := &cobra.Command{
		Use:               "delquota [-n|-b|-N|-B] PATH...",
		Short:             "Remove limits of setquota",
		Long:              "Remove the quotas on znodes: all limits, or those of some kinds.",
		Example:           "  zook delquota /app\n  zook delquota -n -N /app",
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for flag, set := range kinds {
				if *set {
					names = append(names, quotaFlags[flag].name)
				}
			}
			p := env.Printer(len(args) > 1)
			return env.eachPath(cmd, p, args, func(ctx context.Context, path string) (Item, error) {
				path, z, err := env.quotaTarget(ctx, path)
				if err != nil {
					return nil, err
				}
				err = deleteQuota(ctx, z, path, names)
				if errors.As(err, &errNoQuota{}) && env.Format == ZkCli {
					p.Print(&noQuota{done{Path: path}})
				}
				return &done{Path: path}, err
			})
		},
	}
	for flag, f := range quotaFlags {
		kinds[flag] = cmd.Flags().BoolP(flag, f.short, false, "only the limit on "+f.help)
	}
	return cmd
}

// deleteQuota removes the limits of those names on path, or the quota if there
// are no names, with the znodes above it that are there for it alone.
func deleteQuota(ctx context.Context, z Znodes, path string, names []string) error {
	lim, err := readTrack(ctx, z, limitsPath(path))
	if noNode(err) {
		return errNoQuota{}
	}
	if err != nil && !(errors.Is(err, errDamaged) && len(names) == 0) {
		return err
	}
	if len(names) > 0 {
		for _, name := range names {
			lim[name] = -1
		}
		_, err := z.Set(ctx, limitsPath(path), []byte(lim.String()), -1)
		return err
	}
	for _, p := range []string{limitsPath(path), statsPath(path)} {
		if err := z.Delete(ctx, p, -1); err != nil && !noNode(err) {
			return err
		}
	}
	for p := quotaPath(path); p != quotaRoot; p = jute.ParentPath(p) {
		err := z.Delete(ctx, p, -1)
		if errors.Is(err, jute.ErrNotEmpty) {
			return nil // others have a quota below it
		}
		if err != nil && !noNode(err) {
			return err
		}
	}
	return nil
}
