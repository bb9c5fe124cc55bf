package commands

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/fourletter"
	"zook/server"
)

// ownStatus is what server status prints of the server of a zoo.cfg.
type ownStatus struct {
	Config  string `json:"config"`
	Address string `json:"address"` // host:port that was asked
	TLS     bool   `json:"tls"`
	Mode    string `json:"mode"`
}

func (x *ownStatus) Text(w io.Writer, _ Style) { fmt.Fprintln(w, "Mode: "+printable(x.Mode)) }

func (x *ownStatus) Row(Style) ([]string, [][]string) {
	return []string{"address", "mode"}, [][]string{{x.Address, printable(x.Mode)}}
}

func newOwnStatus(env *Env, so *serverOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "status [zoo.cfg]",
		Short: "Ask the server of a zoo.cfg in which mode it runs",
		Long: `Ask the server of a zoo.cfg, ours or Apache's, on its client port in which mode it runs, as
zkServer.sh status does: standalone, leader, follower or observer. Where there is only a
port for TLS it shows the server's own certificate, unless --tls-cert and --tls-key name
another. Apache's server has to allow the word srvr (4lw.commands.whitelist).

The exit code is 1 if it does not answer.`,
		Example: `  zook server status
  zook server status -o json /srv/zk/zoo.cfg | jq -r .mode`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			env.tellConfig(f)
			asker, x, err := env.ownAddress(f)
			if err != nil {
				return err
			}
			host, port, _ := net.SplitHostPort(x.Address)
			fmt.Fprintf(env.Err, "Client port found: %s. Client address: %s. Client SSL: %v.\n", port, printable(host), x.TLS)
			reply, err := asker.Ask(cmd.Context(), x.Address, "srvr")
			if err == nil {
				err = fourletter.Refusal(reply)
			}
			if err != nil {
				return fmt.Errorf("error contacting service, it is probably not running: %s: %s", x.Address, reason(err))
			}
			if x.Mode = modeOf(reply); x.Mode == "" {
				return fmt.Errorf("%s: it does not say in which mode it runs", x.Address)
			}
			return env.print(x)
		},
	}
}

// ownAddress is where to ask the server of a zoo.cfg, and how. On a port for TLS that is
// with the server's own certificate, unless flags name another.
func (e *Env) ownAddress(f *server.ConfigFile) (*fourletter.Client, *ownStatus, error) {
	asker := &fourletter.Client{Timeout: cmp.Or(e.Connect.Timeout, 5*time.Second)}
	x := &ownStatus{Config: f.Path}
	if f.Config.Addr != "" {
		x.Address = net.JoinHostPort(clientAddress(f.Config.Addr))
		return asker, x, nil
	}
	x.TLS, x.Address = true, net.JoinHostPort(clientAddress(f.Config.SecureAddr))
	var err error
	if asker.TLS, err = e.Connect.TLS.load(); asker.TLS == nil && err == nil {
		asker.TLS, err = f.Config.OwnClientTLS()
	}
	return asker, x, err
}

// modeOf is the mode in a reply to srvr, "" if there is none.
func modeOf(reply string) string {
	for line := range strings.Lines(reply) {
		if mode, ok := strings.CutPrefix(line, "Mode: "); ok {
			return strings.TrimSpace(mode)
		}
	}
	return ""
}
