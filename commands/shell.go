package commands

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zook/server"
)

func newShell(env *Env) *cobra.Command {
	var embedded bool
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Type commands, with live completion",
		Long: `Open the shell: every command of zook in one session, with completion of commands,
flags and live paths (Tab), history (Up, Ctrl-R), and watch events as they happen.
Ctrl-C ends a running command, Ctrl-D or quit the shell.

If standard input is not a terminal its lines are run as a script.

With --data-dir it is a shell on files, which cannot be changed; the command at moves it
to another moment that they cover.

--embedded starts a ZooKeeper server in this process to play with: on a free port
of 127.0.0.1, which other clients can use too, and on a temporary directory. Both
are gone when the shell ends.`,
		Example: "  zook shell -S zk1:2181,zk2:2181\n  zook shell --embedded\n  zook shell --data-dir /var/lib/zookeeper --at 90m",
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if env.Shell != nil || env.StartShell == nil {
				return usagef("this is the shell")
			}
			if env.Offline() {
				if embedded {
					return usagef("--embedded starts a server and --data-dir reads files: one of them is enough")
				}
				if _, err := env.Znodes(cmd.Context()); err != nil {
					return err
				}
			}
			if !embedded {
				return env.StartShell(cmd.Context(), env)
			}
			s, err := server.Start(cmd.Context(), server.Config{ExtendedTypes: true, Words: []string{"*"}})
			if err != nil {
				return fmt.Errorf("the embedded server does not start: %w", err)
			}
			defer func() { err = errors.Join(err, env.Close(), s.Close()) }()
			env.Connect.Server, env.Connect.Auth, env.Connect.SASL, env.Connect.TLS = s.Addr(), nil, SASL{}, TLS{}
			if env.Terminal {
				fmt.Fprintf(env.Out, "A ZooKeeper server of your own, on %s; it is gone when you leave.\n"+
					"Try: create /hello world, ls /, help. Tab completes, Ctrl-D leaves.\n", s.Addr())
			}
			return env.StartShell(cmd.Context(), env)
		},
	}
	cmd.Flags().BoolVar(&embedded, "embedded", false, "start a temporary server in this process")
	return cmd
}
