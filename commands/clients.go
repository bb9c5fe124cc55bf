package commands

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/fourletter"
)

// connected is a connection of a client, as cons tells it.
type connected struct {
	Server      string       `json:"server,omitempty"`
	Client      string       `json:"client,omitempty"`  // host:port; "" of a session that is not connected
	Session     *Hex         `json:"session,omitempty"` // what follows is of a session
	TimeoutMs   int64        `json:"timeoutMs,omitempty"`
	Established *Time        `json:"established,omitempty"`
	Received    int64        `json:"received"` // packets
	Sent        int64        `json:"sent"`
	Queued      int64        `json:"queued"` // requests that wait
	LastOp      string       `json:"lastOp,omitempty"`
	LastZxid    *Hex         `json:"lastZxid,omitempty"`
	Latency     *connLatency `json:"latencyMs,omitempty"`
	Ephemerals  []string     `json:"ephemerals,omitempty"` // that were asked for
	Watches     []string     `json:"watches,omitempty"`    // that were asked for
}

type connLatency struct {
	Last int64   `json:"last"`
	Min  int64   `json:"min"`
	Avg  float64 `json:"avg"`
	Max  int64   `json:"max"`
}

func newConnected(server string, c *fourletter.Conn) *connected {
	x := &connected{Server: server, Client: c.Addr, Received: c.Received, Sent: c.Sent, Queued: c.Queued}
	if c.Session == 0 {
		return x
	}
	id, zxid := Hex(c.Session), Hex(c.LastZxid)
	x.Session, x.LastZxid, x.TimeoutMs, x.LastOp = &id, &zxid, c.Timeout, c.LastOp
	if c.Established > 0 {
		at := Time(c.Established)
		x.Established = &at
	}
	x.Latency = &connLatency{c.LastLatency, c.MinLatency, c.AvgLatency, c.MaxLatency}
	return x
}

var connectedColumns = []string{"client", "server", "session", "received", "sent", "queued", "last op", "latency", "since"}

func (x *connected) Row(s Style) ([]string, [][]string) {
	row := []string{orDash(printable(x.Client)), orDash(x.Server), "-", "-", "-", "-", "-", "-", "-"}
	if x.Client != "" {
		row[3], row[4], row[5] = s.Count(x.Received), s.Count(x.Sent), s.Count(x.Queued)
	}
	if x.Session != nil {
		row[2], row[6] = x.Session.String(), orDash(printable(x.LastOp))
	}
	if l := x.Latency; l != nil {
		row[7] = fmt.Sprintf("%d/%.4g/%d", l.Min, l.Avg, l.Max)
	}
	row[8] = s.since(x.Established)
	rows := [][]string{row}
	for _, p := range x.Ephemerals {
		rows = append(rows, below("holds "+printable(p), len(row)))
	}
	for _, p := range x.Watches {
		rows = append(rows, below("watches "+printable(p), len(row)))
	}
	return connectedColumns, rows
}

// below is a row of a table that belongs to the one above it.
func below(text string, columns int) []string {
	row := make([]string, columns)
	row[0] = "└ " + text
	return row
}

// writeRows writes rows as lines with tabs, those that belong to the one above with
// a tab first.
func writeRows(w io.Writer, rows [][]string) {
	for _, r := range rows {
		line := strings.TrimRight(strings.Join(r, "\t"), "\t")
		if text, ok := strings.CutPrefix(line, "└ "); ok {
			line = "\t" + text
		}
		fmt.Fprintln(w, line)
	}
}

func (x *connected) Text(w io.Writer, s Style) {
	_, rows := x.Row(s)
	writeRows(w, rows)
}

// orDash is text, or "-" for what is not there.
func orDash(text string) string { return cmp.Or(text, "-") }

// since is a moment: for eyes how long ago it is.
func (s Style) since(t *Time) string {
	switch {
	case t == nil:
		return "-"
	case s.Terminal:
		return uptime(max(0, time.Now().UnixMilli()-int64(*t)))
	}
	return t.String()
}

// What clients sorts by; of numbers the biggest first.
var clientSorts = map[string]func(a, b *connected) int{
	"client":   func(a, b *connected) int { return 0 },
	"server":   func(a, b *connected) int { return cmp.Compare(a.Server, b.Server) },
	"session":  func(a, b *connected) int { return cmp.Compare(a.id(), b.id()) },
	"received": func(a, b *connected) int { return cmp.Compare(b.Received, a.Received) },
	"sent":     func(a, b *connected) int { return cmp.Compare(b.Sent, a.Sent) },
	"queued":   func(a, b *connected) int { return cmp.Compare(b.Queued, a.Queued) },
	"latency":  func(a, b *connected) int { return cmp.Compare(b.latency().Avg, a.latency().Avg) },
	"max":      func(a, b *connected) int { return cmp.Compare(b.latency().Max, a.latency().Max) },
	"since":    func(a, b *connected) int { return cmp.Compare(a.since(), b.since()) },
}

var clientSortNames = []string{"client", "server", "session", "received", "sent", "queued", "latency", "max", "since"}

func (x *connected) id() uint64 {
	if x.Session == nil {
		return 0
	}
	return uint64(*x.Session)
}

func (x *connected) latency() connLatency {
	if x.Latency == nil {
		return connLatency{}
	}
	return *x.Latency
}

func (x *connected) since() Time {
	if x.Established == nil {
		return 0
	}
	return *x.Established
}

// compareAddr orders host:port by address, then port.
func compareAddr(a, b string) int {
	x, errX := netip.ParseAddrPort(a)
	y, errY := netip.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

// ipFilter is which addresses a flag wants: 10.0.0.0/8, 10.0.0.7, or the beginning
// of one, 10.1. ; the zero value is all.
type ipFilter struct {
	text   string
	prefix netip.Prefix
}

func (f *ipFilter) Set(s string) error {
	f.text, f.prefix = s, netip.Prefix{}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("%q is no range of addresses such as 10.0.0.0/8", s)
		}
		f.prefix = p
	} else if a, err := netip.ParseAddr(s); err == nil {
		f.prefix = netip.PrefixFrom(a, a.BitLen())
	} else if strings.Trim(s, "0123456789abcdefABCDEF.:") != "" || s == "" {
		return fmt.Errorf("%q is no address such as 10.0.0.7, its beginning, or a range such as 10.0.0.0/8", s)
	}
	return nil
}

func (f *ipFilter) Type() string   { return "address" }
func (f *ipFilter) String() string { return f.text }

// holds reports whether the filter wants the client at host:port.
func (f *ipFilter) holds(addr string) bool {
	if f.text == "" {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	if !f.prefix.IsValid() {
		return strings.HasPrefix(host, f.text)
	}
	a, err := netip.ParseAddr(host)
	return err == nil && f.prefix.Contains(a.WithZone("").Unmap())
}

type clientsOptions struct {
	ip      ipFilter
	path    *pathsFlag
	watches bool
	sort    string
}

func newClients(env *Env) *cobra.Command {
	o := clientsOptions{path: newPathsFlag()}
	cmd := &cobra.Command{
		Use:   "clients",
		Short: "List the clients of all servers",
		Long: `List the connections of all servers of the ensemble (those of --server, and the other
members of its configuration), as the four-letter word cons tells them, or AdminServer where
4lw.commands.whitelist forbids it. Packets are counted since the connection began or crst
was sent; latency is min/avg/max in milliseconds. Connections without a session, such as
those that four-letter words come on, are left out.

With --path list only the clients that hold an ephemeral there, connected or not, and with
--watches also those that watch it. A path is the whole one, without the chroot of --server:
/a that znode alone, /a/ it and all below it, '/a/*' a pattern.
--watches asks every server for wchp, which is costly for one with many watches: it holds up
its clients meanwhile.

A line is client, server, session, received, sent, queued, last operation, latency, since.
A server that does not answer is told on standard error, and the rest is shown.`,
		Example: `  zook clients --sort latency
  zook clients --ip 10.1.0.0/16
  zook clients --path /brokers/ids/3      # who is broker 3?
  zook clients --path /config --watches`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case clientSorts[o.sort] == nil:
				return usagef("--sort: there is no %q; there are %s", o.sort, strings.Join(clientSortNames, ", "))
			case o.watches && !o.path.isSet():
				return usagef("--watches needs a --path")
			}
			return env.clients(cmd, &o)
		},
	}
	f := cmd.Flags()
	f.Var(&o.ip, "ip", "only clients at this `address`, range (10.0.0.0/8) or beginning of one (10.1.)")
	f.Var(o.path, "path", "only clients that hold an ephemeral there")
	f.BoolVar(&o.watches, "watches", false, "with --path also those that watch it; costly for the servers")
	f.StringVar(&o.sort, "sort", "client", "`order`: "+strings.Join(clientSortNames, ", "))
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(clientSortNames, cobra.ShellCompDirectiveNoFileComp))
		cmd.RegisterFlagCompletionFunc("path", env.completePaths(-1))
	}
	return cmd
}

func (e *Env) clients(cmd *cobra.Command, o *clientsOptions) error {
	byPath := o.path.isSet()
	c, err := e.census(cmd, byPath, o.watches)
	if err != nil {
		return err
	}
	var list []*connected
	for _, n := range c.servers {
		for i := range n.conns {
			list = append(list, newConnected(n.addr, &n.conns[i]))
		}
	}
	if byPath {
		list = concerned(list, c, o.path)
	}
	list = slices.DeleteFunc(list, func(x *connected) bool { return !o.ip.holds(x.Client) })
	slices.SortFunc(list, func(a, b *connected) int {
		return cmp.Or(clientSorts[o.sort](a, b), compareAddr(a.Client, b.Client), cmp.Compare(a.id(), b.id()))
	})
	p := e.TablePrinter(true)
	for _, x := range list {
		if err := p.Print(x); err != nil {
			return err
		}
	}
	return cmp.Or(p.Close(), c.failed)
}

// concerned are those of the connections whose sessions hold or watch what the
// filter wants, and such sessions that are not connected.
func concerned(list []*connected, c *census, f *pathsFlag) []*connected {
	holds, watches := map[int64][]string{}, c.watchers(f)
	for id, paths := range c.owners() {
		if paths = f.wanted(paths); len(paths) > 0 {
			holds[id] = paths
		}
	}
	seen := map[int64]bool{}
	list = slices.DeleteFunc(list, func(x *connected) bool {
		id := int64(x.id())
		x.Ephemerals, x.Watches = holds[id], watches[id]
		seen[id] = true
		return len(x.Ephemerals)+len(x.Watches) == 0
	})
	for id, paths := range holds {
		if !seen[id] {
			session := Hex(id)
			list = append(list, &connected{Session: &session, Ephemerals: paths})
		}
	}
	return list
}
