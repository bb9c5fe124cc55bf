package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newSet(env *Env) *cobra.Command {
	var stat bool
	var version int32
	cmd := &cobra.Command{
		Use:   "set PATH DATA",
		Short: "Set the data of a znode",
		Long: `Set the data of a znode. With -v only if its data has that version, so that
nobody's change is overwritten unseen.

` + dataHelp,
		Example: `  zook set /app/config @config.json
  echo hello | zook set /app/greeting -
  zook set -v 3 /app/config new`,
		Args:              args(2, 2),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := env.Path(args[0])
			if err != nil {
				return err
			}
			data, err := env.readData(args[1])
			if err != nil {
				return err
			}
			if err := env.checkSize(&jute.SetDataRequest{Path: path}, data); err != nil {
				return onPath(path, err)
			}
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			z, err := env.Znodes(ctx)
			if err != nil {
				return err
			}
			st, err := z.Set(ctx, path, data, version)
			if err != nil {
				return onPath(path, explainVersion(ctx, z, path, version, err, dataVersion))
			}
			return env.print(&changed{path, NewStat(st), stat})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&stat, "stat", "s", false, "print the metadata after the change")
	f.Int32VarP(&version, "version", "v", -1, "only if the data has this version")
	return cmd
}

func dataVersion(s *jute.Stat) int32 { return s.Version }
func aclVersion(s *jute.Stat) int32  { return s.Aversion }

// explainVersion adds to a bad version the one that the znode has.
func explainVersion(ctx context.Context, z Znodes, path string, wanted int32, err error, of func(*jute.Stat) int32) error {
	if !errors.Is(err, jute.ErrBadVersion) {
		return err
	}
	stat, e := z.Exists(ctx, path)
	if e != nil || stat == nil {
		return err
	}
	return fmt.Errorf("%w: it has version %d, not %d", err, of(stat), wanted)
}
