package commands

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"zook/txnlog"
)

func newTxnlogChop(env *Env) *cobra.Command {
	var to string
	var zxid zxidFlag
	cmd := &cobra.Command{
		Use:   "chop --zxid ZXID FILE",
		Short: "Make a new log that ends with a transaction",
		Long: `Write a new log, FILE.chopped, with the transactions of FILE up to and including ZXID, as
Apache's LogChopper does. FILE stays as it is, and a file that is there is never written
over. ZXID has to be in FILE; what is behind it does not matter, and may be damaged.

Where transactions are missing, a line on standard error says so.`,
		Example: `  zook txnlog chop --zxid 0x1f00000a12 log.1f00000001
  zook txnlog chop --zxid 0x1f00000a12 --to /tmp/log.1f00000001 log.1f00000001`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("zxid") {
				return usagef("--zxid says which transaction is to be the last (%s --help)", cmd.CommandPath())
			}
			return env.chop(cmd, args[0], to, int64(zxid))
		},
	}
	f := cmd.Flags()
	f.Var(&zxid, "zxid", "the last transaction of the new log")
	f.StringVar(&to, "to", "", "write this `file` (FILE.chopped)")
	return cmd
}

func (e *Env) chop(cmd *cobra.Command, file, to string, zxid int64) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	if to == "" {
		to = file + ".chopped"
	}
	shown := e.progress("bytes read:")
	shown.total.Store(st.Size())
	kept, err := txnlog.Chop(cmd.Context(), file, to, zxid, txnlog.ChopOptions{
		Gap: func(last, next int64) {
			what := "transactions are missing"
			if last>>32 != next>>32 {
				what = "an epoch does not begin with its first transaction"
			}
			e.note("%s: %s: 0x%x comes after 0x%x", file, what, next, last)
		},
		Progress: func(n int64) { shown.done.Store(n) },
	})
	shown.Finish()
	if err != nil {
		return explainNewLog(err, nil, file)
	}
	made := madeLog{File: file, To: to, Kept: newLogPart(kept), Warnings: []string{}}
	made.Warnings = append(made.Warnings, laterLogs(file, kept)...)
	return e.print(&made)
}

// note says something on standard error, above the progress.
func (e *Env) note(format string, args ...any) {
	if e.Progress != nil {
		fmt.Fprint(e.Progress, "\r\x1b[K")
	}
	fmt.Fprintln(e.Err, "zook: "+oneLine(fmt.Sprintf(format, args...)))
}
