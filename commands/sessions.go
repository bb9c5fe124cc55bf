package commands

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// sessionInfo is a session, as dump and cons of all servers tell it.
type sessionInfo struct {
	Session     Hex          `json:"session"`
	TimeoutMs   int64        `json:"timeoutMs,omitempty"` // 0 if no server tells
	Expires     string       `json:"expires,omitempty"`   // unless it is heard of; a leader knows
	Client      string       `json:"client,omitempty"`    // host:port; "" if it is not connected
	Server      string       `json:"server,omitempty"`    // that it is connected to
	Established *Time        `json:"established,omitempty"`
	LastOp      string       `json:"lastOp,omitempty"`
	LastZxid    *Hex         `json:"lastZxid,omitempty"`
	Latency     *connLatency `json:"latencyMs,omitempty"`
	Ephemerals  []string     `json:"ephemerals"`

	list bool // the ephemerals in text
}

var sessionColumns = []string{"session", "client", "server", "timeout", "ephemerals", "last op", "latency", "since", "expires"}

func (x *sessionInfo) Row(s Style) ([]string, [][]string) {
	timeout, latency := "-", "-"
	if x.TimeoutMs > 0 {
		timeout = (time.Duration(x.TimeoutMs) * time.Millisecond).String()
	}
	if l := x.Latency; l != nil {
		latency = fmt.Sprintf("%d/%.4g/%d", l.Min, l.Avg, l.Max)
	}
	rows := [][]string{{x.Session.String(), orDash(printable(x.Client)), orDash(x.Server), timeout, s.Count(int64(len(x.Ephemerals))),
		orDash(printable(x.LastOp)), latency, s.since(x.Established), orDash(printable(x.Expires))}}
	if x.list {
		for _, p := range x.Ephemerals {
			rows = append(rows, below(printable(p), len(sessionColumns)))
		}
	}
	return sessionColumns, rows
}

func (x *sessionInfo) Text(w io.Writer, s Style) {
	_, rows := x.Row(s)
	writeRows(w, rows)
}

func newSessions(env *Env) *cobra.Command {
	var list bool
	path := newPathsFlag()
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "List the sessions of the ensemble",
		Long: `List the sessions of the ensemble, also those whose client is not connected: who it is, to
which server it is connected, its ephemerals, last operation and latency (min/avg/max in
milliseconds). All servers are asked (those of --server, and the other members of its
configuration) with the four-letter words dump and cons, or through AdminServer where
4lw.commands.whitelist forbids them.

Only the leader knows when a session expires if it is not heard of, and only followers and
the server that a client is connected to know the timeout; what no server tells is "-".

With --path list only the sessions with an ephemeral there: /a is that znode alone, /a/ it
and all below it, '/a/*' a pattern. It is the whole path, without the chroot of --server.

A line is session, client, server, timeout, number of ephemerals, last operation, latency,
since, expires. A server that does not answer is told on standard error, and the rest is
shown.`,
		Example: `  zook sessions
  zook sessions -v                  # and their ephemerals
  zook sessions --path /brokers/ids/ # whose ephemerals are these?`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := env.census(cmd, true, false)
			if err != nil {
				return err
			}
			p := env.TablePrinter(true)
			for _, x := range c.sessions() {
				if path.isSet() {
					if x.Ephemerals = path.wanted(x.Ephemerals); len(x.Ephemerals) == 0 {
						continue
					}
				}
				x.list = list || path.isSet()
				if err := p.Print(x); err != nil {
					return err
				}
			}
			return cmp.Or(p.Close(), c.failed)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&list, "verbose", "v", false, "list the ephemerals")
	f.Var(path, "path", "only sessions with an ephemeral there, which is listed")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("path", env.completePaths(-1))
	}
	return cmd
}

// sessions merges what all servers tell, by session.
func (c *census) sessions() []*sessionInfo {
	byID := map[int64]*sessionInfo{}
	get := func(id int64) *sessionInfo {
		if byID[id] == nil {
			byID[id] = &sessionInfo{Session: Hex(id), Ephemerals: []string{}}
		}
		return byID[id]
	}
	for _, n := range c.servers {
		if n.dump == nil {
			continue
		}
		for _, x := range n.dump.Expiries {
			for _, id := range x.Sessions {
				get(id).Expires = expiry(x.At)
			}
		}
		for _, g := range n.dump.Global {
			get(g.Session).TimeoutMs = g.Timeout
		}
	}
	for id, paths := range c.owners() {
		get(id).Ephemerals = slices.Sorted(slices.Values(paths))
	}
	for _, n := range c.servers {
		for i := range n.conns {
			conn := &n.conns[i]
			if conn.Session == 0 {
				continue
			}
			x := get(conn.Session)
			if x.Established != nil && int64(*x.Established) > conn.Established {
				continue // it has moved to another server since
			}
			now := newConnected(n.addr, conn)
			x.Client, x.Server, x.Established, x.TimeoutMs = now.Client, now.Server, now.Established, now.TimeoutMs
			x.LastOp, x.LastZxid, x.Latency = now.LastOp, now.LastZxid, now.Latency
		}
	}
	var list []*sessionInfo
	for _, x := range byID {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *sessionInfo) int { return cmp.Compare(uint64(a.Session), uint64(b.Session)) })
	return list
}

// expiry is the server's date as other times are written, where its zone is known;
// else as the server writes it.
func expiry(date string) string {
	t, err := time.Parse("Mon Jan _2 15:04:05 MST 2006", date)
	if err != nil {
		return date
	}
	if zone, offset := t.Zone(); offset == 0 && zone != "UTC" && zone != "GMT" {
		return date
	}
	return Time(t.UnixMilli()).String()
}
