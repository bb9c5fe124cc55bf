package commands

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// connection is what connect prints.
type connection struct {
	Server  string `json:"server"` // the one of the list that answered
	Session Hex    `json:"session"`
	Timeout int64  `json:"timeoutMs"` // of the session, as granted
}

func (c *connection) Text(w io.Writer, s Style) {
	fmt.Fprintf(w, "Connected to %s, session %v\n", c.Server, c.Session)
}

func (c *connection) Row(Style) ([]string, [][]string) {
	return []string{"server", "session", "timeoutMs"}, [][]string{{c.Server, c.Session.String(), fmt.Sprint(c.Timeout)}}
}

// ZkCli prints nothing: zkCli connects in the background.
func (c *connection) ZkCli(io.Writer) {}

func newConnect(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "connect [HOST:PORT[,HOST:PORT...][/CHROOT]]",
		Short: "Open a new session",
		Long: `End the session and open a new one: with the servers given, else with the same ones.
Ephemeral znodes and watches of the old session are gone.`,
		Example: "  connect zk1:2181,zk2:2181/app",
		Args:    args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				env.Connect.Server = args[0]
			}
			c, err := env.reconnect(cmd.Context())
			if err != nil {
				return err
			}
			return env.print(&connection{c.Server(), Hex(c.SessionID()), c.SessionTimeout().Milliseconds()})
		},
	}
}
