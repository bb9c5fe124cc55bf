package commands

import (
	"github.com/spf13/cobra"
)

// restoreOptions are the flags of restore.
type restoreOptions struct {
	dir               string
	from, to          string
	overwrite, delete bool
	noACL, dryRun     bool
}

func newSnapshotRestore(env *Env) *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore SOURCE",
		Short: "Put a saved tree into a server or a new data directory",
		Long: `Put the znodes of a snapshot back: into a server, or with --to-dir into a new data
directory that a server can start from.

` + savedHelp + ` All of it is read and checked before anything is changed.

Into a server, what is missing there is created: data, ACLs, containers and TTLs as they
were, and znodes above --to if need be. What is there and the same stays. What is there
and differs in data or ACL is an error before anything is changed, unless --overwrite sets
it. --delete removes what SOURCE does not have. Ephemerals are left out, and those of the
server stay: they are for living sessions to make. / itself and /zookeeper are left alone
unless --force. Up to 500 znodes change in one transaction, and several of those are under
way; when something fails, how far it got is told.

Into a data directory goes the whole tree with its zxids, times, versions, sessions and
ephemerals, and its digest, which a server verifies. A server that starts from it
lets sessions that nobody takes up again expire, with their ephemerals, as after any start.`,
		Example: `  zook snapshot restore --path /app --dry-run /backup/version-2/snapshot.1f
  zook snapshot restore --path /app --to /app-restored -S zk1:2181 tree.json.gz
  zook snapshot restore --path /app --overwrite --delete /backup/zookeeper
  zook snapshot restore --to-dir /var/lib/zookeeper-new tree.json.gz`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name := changedOf(cmd.Flags(), "path", "to", "overwrite", "delete", "no-acl"); o.dir != "" && name != "" {
				return usagef("--to-dir takes the whole tree as it is; --%s is for a server", name)
			}
			tree, err := env.openSaved(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer tree.Close()
			if o.dir != "" {
				return env.restoreDir(cmd, tree, o.dir, o.dryRun)
			}
			return env.restoreLive(cmd, tree, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.dir, "to-dir", "", "make this data `directory`, which has no files yet, instead of changing a server")
	f.StringVar(&o.from, "path", "/", "only the znode at this `path`, and what is below it")
	f.StringVar(&o.to, "to", "", "it becomes the znode at this `path` (the same)")
	f.BoolVar(&o.overwrite, "overwrite", false, "set the data and ACL of znodes where they differ")
	f.BoolVar(&o.delete, "delete", false, "delete znodes that SOURCE does not have")
	f.BoolVar(&o.noACL, "no-acl", false, "new znodes have an open ACL, others keep theirs")
	f.BoolVar(&o.dryRun, "dry-run", false, "only print what would be done")
	if !env.nested {
		cmd.MarkFlagDirname("to-dir")
		cmd.RegisterFlagCompletionFunc("to", env.completePaths(-1))
	}
	return cmd
}
