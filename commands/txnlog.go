package commands

import "github.com/spf13/cobra"

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
