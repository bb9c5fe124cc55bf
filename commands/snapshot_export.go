package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newSnapshotExport(env *Env) *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "export SOURCE",
		Short: "Write a tree as JSON lines",
		Long: `Write all that a snapshot holds as JSON, an object a line: znodes with their data, ACLs,
times, versions and zxids, parents before their children, and the sessions. The last line
says that nothing is missing. restore reads it; jq edits it. docs/snapshot-json.md says what
the fields are.

` + savedHelp,
		Example: `  zook snapshot export /var/lib/zookeeper/version-2/snapshot.1f | gzip > tree.json.gz
  zook snapshot export --path /app /var/lib/zookeeper > app.json
  zook snapshot export snapshot.1f | jq -r 'select(.path) | .path'`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f := env.Format; f != Auto && f != JSON && f != JSONL {
				return usagef("an export is JSON lines, not %s", f)
			}
			return env.export(cmd, args[0], root)
		},
	}
	cmd.Flags().StringVar(&root, "path", "/", "only the znode at this `path`, and what is below it")
	return cmd
}

func (e *Env) export(cmd *cobra.Command, source, path string) error {
	root, err := e.Path(path)
	if err != nil {
		return err
	}
	tree, err := e.openSaved(cmd.Context(), source)
	if err != nil {
		return err
	}
	defer tree.Close()
	shown := e.progress("exported")
	defer shown.Finish()
	x := newExportWriter(e.Out)
	var head *savedFacts
	facts, err := tree.read(cmd.Context(), savedVisit{
		begin: func(f *savedFacts) error { head = f; return nil },
		znode: func(z *savedZnode) error {
			if z.path != root && !isBelow(z.path, root) {
				return nil
			}
			if x.znodes == 0 {
				x.begin(head, z.path) // the writer's error sticks
			}
			shown.done.Add(1)
			return onPath(z.path, x.znode(z))
		},
	})
	if err != nil {
		x.w.Flush() // the end is missing, which tells that it is a part
		return err
	}
	facts.warn(e, "export")
	if x.znodes == 0 {
		return errNotSaved(root, facts.Name)
	}
	return x.finish(facts)
}

// errNotSaved says that a tree lacks a znode.
func errNotSaved(path, name string) error {
	return &Error{Path: path, Err: fmt.Errorf("%w in %s", jute.ErrNoNode, name)}
}
