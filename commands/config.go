package commands

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

const configNode = "/zookeeper/config"

// ensemble is what config and reconfig print.
type ensemble struct {
	Version string   `json:"version"` // hex, "" if unknown
	Servers []member `json:"servers"`
	Stat    *Stat    `json:"stat,omitempty"`

	before  string // a line for zkCli
	text    string // the configuration as it is
	hasData bool
}

type member struct {
	ID     string `json:"id"`
	Spec   string `json:"spec"`             // host:port:port[:role][;[host:]port]
	Client string `json:"client,omitempty"` // host:port for clients
}

// parseConfig reads lines server.1=… and version=….
func parseConfig(data []byte) *ensemble {
	e := &ensemble{text: string(data), hasData: data != nil, Servers: []member{}}
	for line := range strings.Lines(e.text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if id, ok := strings.CutPrefix(key, "server."); ok {
			e.Servers = append(e.Servers, member{id, value, clientAddr(value)})
		} else if key == "version" {
			e.Version = value
		}
	}
	slices.SortFunc(e.Servers, func(a, b member) int { return strings.Compare(a.ID, b.ID) })
	return e
}

// clientAddr is where clients connect to a server: what follows the ";", on the
// server's own host if it is a port alone.
func clientAddr(spec string) string {
	_, addr, ok := strings.Cut(spec, ";")
	if !ok {
		return ""
	}
	addr = strings.TrimSpace(addr)
	if strings.Contains(addr, ":") {
		return addr
	}
	return net.JoinHostPort("0.0.0.0", addr)
}

func (e *ensemble) Text(w io.Writer, s Style) {
	if text := strings.TrimRight(e.text, "\n"); text != "" {
		fmt.Fprintln(w, text)
	}
	if e.Stat != nil {
		e.Stat.Text(w, configNode, s)
	}
}

func (e *ensemble) Row(Style) (columns []string, rows [][]string) {
	for _, m := range e.Servers {
		rows = append(rows, []string{m.ID, m.Spec, m.Client})
	}
	return []string{"id", "server", "clients"}, rows
}

func (e *ensemble) ZkCli(w io.Writer) {
	text := e.text
	if !e.hasData {
		text = "null"
	}
	fmt.Fprintln(w, e.before+text)
	if e.Stat != nil {
		zkcliStat(w, &e.Stat.stat)
	}
}

// clientString is the servers for the -S of clients, after the version.
func (e *ensemble) clientString() string {
	var addrs []string
	for _, m := range e.Servers {
		if m.Client != "" {
			addrs = append(addrs, m.Client)
		}
	}
	return e.Version + " " + strings.Join(addrs, ",")
}

func newConfig(env *Env) *cobra.Command {
	var stat, watch, clients bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the servers of the ensemble",
		Long: `Show the servers of the ensemble and the version of this configuration, as
/zookeeper/config has them: nothing for a server that stands alone.

` + watchHelp,
		Example: "  zook config\n  zook config -c                 # the version, and host:port,... for clients",
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			data, st, err := env.configData(ctx, watch)
			if err != nil {
				return err
			}
			e := parseConfig(data)
			if stat {
				e.Stat = NewStat(st)
			}
			if clients {
				e.text, e.hasData = e.clientString(), true
			}
			return env.awaitEvent(cmd, watch, env.print(e))
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&stat, "stat", "s", false, "and the metadata")
	f.BoolVarP(&watch, "watch", "w", false, "watch for the next change")
	f.BoolVarP(&clients, "clients", "c", false, "only the version and the addresses for clients")
	return cmd
}

func (e *Env) configData(ctx context.Context, watch bool) ([]byte, jute.Stat, error) {
	if watch {
		c, err := e.Session(ctx)
		if err != nil {
			return nil, jute.Stat{}, err
		}
		data, st, err := c.ConfigW(ctx)
		return data, st, onPath(configNode, err)
	}
	z, err := e.Znodes(ctx)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	data, st, err := z.Config(ctx)
	return data, st, onPath(configNode, err)
}
