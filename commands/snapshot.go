package commands

import "github.com/spf13/cobra"

func newSnapshot(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Read, check, compare and restore snapshots",
		Long: `Work on snapshots, the files version-2/snapshot.<zxid> of a data directory, of Apache
ZooKeeper 3.4 or later and of zook: plain, gzip or snappy. Reading needs no server, and no
file is ever changed.`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSnapshotDump(env), newSnapshotSummary(env), newSnapshotStats(env), newSnapshotVerify(env),
		newSnapshotDiff(env), newSnapshotExport(env), newSnapshotRestore(env))
	return cmd
}
