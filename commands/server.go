package commands

import (
	"github.com/spf13/cobra"
)

func newServer(env *Env) *cobra.Command {
	var o serverOptions
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the bundled ZooKeeper server",
		Long: `Run the bundled server, which speaks ZooKeeper's protocol and keeps ZooKeeper's files.

Every command takes the zoo.cfg as its argument: a path, or the name of a file in the
directory of --config. Without one it is what zkServer.sh takes: ZOOCFG in ZOOCFGDIR, or
else conf/zoo.cfg, /etc/zookeeper/conf/zoo.cfg or /etc/zookeeper/zoo.cfg, whichever is
there first. SERVER_JVMFLAGS and JVMFLAGS may set system properties (-Dzookeeper.x=y).`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.PersistentFlags().StringVar(&o.configDir, "config", "", "the `directory` of zoo.cfg, instead of ZOOCFGDIR")
	for _, newCommand := range []func(*Env, *serverOptions) *cobra.Command{
		newServerRun, newServerStart, newServerStop, newServerRestart, newOwnStatus, newServerInit,
		newServerPurge, newServerPrintConfig, newServerDoctor,
	} {
		cmd.AddCommand(newCommand(env, &o))
	}
	return cmd
}

// serverOptions are the flags that several server commands have.
type serverOptions struct {
	configDir string
	log       serverLog
}
