package commands

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"zook/snapshot"
)

// snapshotDump is what was asked of snapshot dump.
type snapshotDump struct {
	file   string
	data   dataMode
	filter znodeFilter
	ncdu   bool
}

func newSnapshotDump(env *Env) *cobra.Command {
	var d snapshotDump
	var asBase64 bool
	cmd := &cobra.Command{
		Use:   "dump FILE",
		Short: "Print what is in a snapshot",
		Long: `Print the znodes of a snapshot, a line each, in the order of the file: path, type, and
what else there is to tell; then its sessions, its table of ACLs, the digest of the tree
and the last zxid, if it has them. An ACL is shown unless it lets anyone do anything. A path
or other text that is not one plain word is in quotes, with escapes. --data shows the data.
With a filter there are only the znodes that pass all of them.

With -o jsonl each line is an object with every field, -o json is an array of them; data is
a string, or base64 in dataBase64 if it is not UTF-8. What is printed of a damaged snapshot
ends where the damage is, with a line on standard error and exit code 9; a JSON array is not
closed then. A wrong checksum is found at the end: what is printed before it may be wrong.

With -o zkcli the text is that of Apache's SnapshotFormatter (ZooKeeper 3.10): znodes are in
the order in which Java's sets hold them, and the usage of quotas is counted anew. -d prints
data as its -d does, and --json what its -json prints, which ncdu can browse. In these
formats nothing is printed of a damaged snapshot.

Filters of different kinds must all hold; of one that is given more than once, any.
` + pathHelp,
		Example: `  zook snapshot dump snapshot.1f00000001
  zook snapshot dump --type ephemeral --path /app/ snapshot.1f00000001
  zook snapshot dump --data text --depth 2 snapshot.1f00000001.gz
  zook snapshot dump -o jsonl snapshot.1f00000001 | jq 'select(.dataLength > 100000).path'
  zook snapshot dump -o zkcli -d snapshot.1f00000001
  zook snapshot dump --json snapshot.1f00000001 | ncdu -f-`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.file = args[0]
			if asBase64 {
				d.data = dataBase64
			}
			if err := d.check(cmd, env); err != nil {
				return err
			}
			if d.ncdu || env.Format == ZkCli {
				return env.dumpAsApache(cmd.Context(), &d)
			}
			return env.dumpSnapshot(cmd.Context(), &d)
		},
	}
	f := cmd.Flags()
	f.Var(&d.data, "data", "`how` to show data: none, text, hex or base64")
	f.BoolVarP(&asBase64, "base64", "d", false, "show data in base64: --data base64")
	f.BoolVar(&d.ncdu, "json", false, "print what SnapshotFormatter -json does, for ncdu")
	d.filter.addFlags(f)
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("data", cobra.FixedCompletions(dataModes, cobra.ShellCompDirectiveNoFileComp))
		cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(znodeTypes, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// check refuses flags that do not go together.
func (d *snapshotDump) check(cmd *cobra.Command, env *Env) error {
	apache := d.ncdu || env.Format == ZkCli
	given := changedOf(cmd.Flags(), "path", "type", "depth")
	switch {
	case cmd.Flags().Changed("data") && cmd.Flags().Changed("base64"):
		return usagef("-d is --data base64: one of them is enough")
	case d.filter.depth < 0:
		return usagef("--depth: a depth is 0 or more")
	case d.ncdu && env.Format != Auto && env.Format != ZkCli:
		return usagef("--json is what SnapshotFormatter prints; the JSON of zook is -o json without it")
	case apache && given != "":
		return usagef("--%s: SnapshotFormatter has no filters, so -o zkcli and --json have none", given)
	case d.ncdu && d.data != "" && d.data != dataNone:
		return usagef("--json has no data, as SnapshotFormatter -json has none")
	case apache && (d.data == dataText || d.data == dataHex):
		return usagef("--data: SnapshotFormatter prints data in base64 (-d), so -o zkcli does")
	}
	return nil
}

// dumpAsApache prints a snapshot as Apache's SnapshotFormatter does, once all of
// it has been read and found whole.
func (e *Env) dumpAsApache(ctx context.Context, d *snapshotDump) error {
	p := treePrinter{out: e.Out}
	var r *snapshot.Reader
	var err error
	if d.data == dataBase64 {
		var f *plainFile
		if f, err = openPlain(ctx, d.file); err != nil {
			return err
		}
		defer f.Close()
		p.data = f
		r, err = snapshot.NewReader(f, d.file)
	} else if r, err = snapshot.Open(d.file); err == nil {
		defer r.Close()
	}
	if err != nil {
		return err
	}
	if p.snapTree, err = e.loadSnapTree(ctx, r, d.file, treeParts{stat: !d.ncdu, offset: p.data != nil}); err != nil {
		return err
	}
	if d.ncdu {
		return p.printJSON(ctx, time.Now())
	}
	return p.printText(ctx, d.file)
}
