package commands

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"zook/server"
)

func newServer(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the bundled ZooKeeper server",
		Long:  "Run the bundled server, which speaks ZooKeeper's protocol and keeps ZooKeeper's files.",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	cmd.AddCommand(newServerRun(env))
	return cmd
}

func newServerRun(env *Env) *cobra.Command {
	var listen, dir string
	cmd := &cobra.Command{
		Use:   "run [zoo.cfg]",
		Short: "Run a server until it is interrupted",
		Long: `Run a standalone server in the foreground until SIGINT or SIGTERM.

With a zoo.cfg it takes the configuration of Apache ZooKeeper; a key that has no
meaning here is a warning. Its dataDir may be one that Apache ZooKeeper wrote, and
the other way round. Without a zoo.cfg it listens on --listen and keeps its files
in --dir, or in a temporary directory that goes when the server ends.`,
		Example: `  zook server run /etc/zookeeper/conf/zoo.cfg
  zook server run --listen 127.0.0.1:2181 --dir ./data
  zook server run                 # for a try: nothing is kept`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			log := slog.New(slog.NewTextHandler(env.Err, nil))
			cfg := server.Config{Addr: listen, DataDir: dir, ExtendedTypes: true, Words: []string{"*"}}
			if len(args) == 1 {
				if cmd.Flags().Changed("listen") || cmd.Flags().Changed("dir") {
					return usagef("--listen and --dir are for a start without zoo.cfg")
				}
				var warnings []string
				var err error
				cfg, warnings, err = server.ReadConfig(args[0])
				for _, w := range warnings {
					log.Warn(w)
				}
				if err != nil {
					return err
				}
			}
			cfg.Logger = log
			return runServer(cmd.Context(), cfg)
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:2181", "host:port to listen on")
	f.StringVar(&dir, "dir", "", "data directory; a temporary one if not given")
	return cmd
}

// runServer runs a server until ctx ends or the server gives up.
func runServer(ctx context.Context, cfg server.Config) error {
	s, err := server.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-s.Done():
	}
	return s.Close()
}
