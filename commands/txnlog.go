package commands

import (
	"github.com/spf13/cobra"

	"zook/txnlog"
)

func newTxnlog(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "txnlog",
		Short: "Read, check and repair transaction logs",
		Long: `Work on transaction logs, the files version-2/log.<zxid> of a data directory, of Apache
ZooKeeper 3.4 or later and of zook. No server is needed, and no file is ever changed.`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTxnlogDump(env), newTxnlogStats(env), newTxnlogFollow(env), newTxnlogSession(env),
		newTxnlogVerify(env), newTxnlogRepair(env), newTxnlogChop(env))
	return cmd
}

// txnlogs are the logs that paths name or, where they name none, those of --data-dir.
func (e *Env) txnlogs(cmd *cobra.Command, paths []string) ([]string, error) {
	if len(paths) > 0 {
		return txnlog.Files(paths...)
	}
	dir, err := e.txnlogDir(cmd)
	if err != nil {
		return nil, err
	}
	return txnlog.Files(dir)
}

// txnlogDir is where --data-dir says that logs are. All of them: it is for commands that
// have flags of their own for what to leave out.
func (e *Env) txnlogDir(cmd *cobra.Command) (string, error) {
	if !e.Offline() {
		return "", usagef("which logs? usage: %s", useLine(cmd))
	}
	if e.Files.At != (moment{}) {
		return "", usagef("--at is a moment of the znodes: --zxid and --until say which transactions")
	}
	dir, err := e.dataDir()
	if err != nil {
		return "", err
	}
	return dir.LogDir, nil
}
