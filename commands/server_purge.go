package commands

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"zook/datadir"
	"zook/server"
)

// purged is a file that server purge removed.
type purged struct {
	File     string `json:"file"`
	Size     int64  `json:"size"`
	Modified Time   `json:"modified"`
	Error    string `json:"error,omitempty"` // why it is still there
}

func (x *purged) Text(w io.Writer, _ Style) {
	if x.Error == "" { // else it is told on standard error
		fmt.Fprintf(w, "Removing file: %s\t%s\n", x.Modified, printable(x.File))
	}
}

func (x *purged) Row(s Style) ([]string, [][]string) {
	return []string{"file", "size", "modified", "error"}, [][]string{{printable(x.File), s.Size(x.Size), x.Modified.String(), x.Error}}
}

func newServerPurge(env *Env, so *serverOptions) *cobra.Command {
	var count int
	cmd := &cobra.Command{
		Use:   "purge [zoo.cfg | DATALOGDIR [DATADIR]] -n COUNT",
		Short: "Remove old snapshots and logs",
		Long: `Remove the snapshots of a zoo.cfg but the newest COUNT, and the logs that none of those
needs, as zkCleanup.sh does. A server, ours or Apache's, may be running. Instead of a zoo.cfg
it takes the directories themselves, as PurgeTxnLog does: that of the logs first.

zook datadir --retain COUNT shows before what would go, and what is known of the past then.
A server does the same by itself with autopurge.purgeInterval.`,
		Example: `  zook server purge -n 3
  zook server purge /srv/zk/log /srv/zk/data -n 5`,
		Args: args(0, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 3 {
				return usagef("-n: the number of snapshots to keep, at least 3")
			}
			dir, err := so.dirToPurge(args)
			if err != nil {
				return err
			}
			return env.purge(cmd.Name(), dir, count)
		},
	}
	cmd.Flags().IntVarP(&count, "count", "n", 0, "snapshots to keep, at least 3")
	return cmd
}

func (o *serverOptions) dirToPurge(args []string) (*datadir.Dir, error) {
	if len(args) > 0 {
		if st, err := os.Stat(args[0]); err == nil && st.IsDir() {
			return datadir.FindBoth(args[len(args)-1], args[0])
		}
	}
	if len(args) > 1 {
		return nil, usagef("%s is no directory", args[0])
	}
	f, err := o.readConfig(args)
	if err != nil {
		return nil, err
	}
	return datadir.FindBoth(f.Config.DataDir, f.Config.DataLogDir)
}

func (e *Env) purge(command string, dir *datadir.Dir, count int) error {
	p := e.Printer(true)
	var failed, printing error
	err := server.Purge(dir, count, func(f datadir.File, st os.FileInfo, err error) {
		x := &purged{File: f.Path, Size: st.Size(), Modified: Time(st.ModTime().UnixMilli())}
		if err != nil {
			x.Error = err.Error()
			failed = e.report(command, err)
		}
		if perr := p.Print(x); printing == nil {
			printing = perr
		}
	})
	if cerr := p.Close(); printing == nil {
		printing = cerr
	}
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	}
	return printing
}
