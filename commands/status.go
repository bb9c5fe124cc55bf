package commands

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"zook/fourletter"
)

// status is what status prints: an ensemble at a glance.
type status struct {
	Quorum     bool           `json:"quorum"`
	Leader     string         `json:"leader,omitempty"`
	Standalone bool           `json:"standalone"`
	Voters     int            `json:"voters"`
	Up         int            `json:"up"`      // voters that serve
	MayFail    int            `json:"mayFail"` // voters more
	Servers    []serverStatus `json:"servers"`
	Findings   []finding      `json:"findings"`
}

type finding struct {
	Server   string `json:"server,omitempty"`
	Critical bool   `json:"critical"`
	Text     string `json:"text"`
}

// serverStatus is a server. What is not told is left out of JSON.
type serverStatus struct {
	Server      string   `json:"server"`
	ID          *int64   `json:"id,omitempty"`
	Role        string   `json:"role"` // leader, follower, observer, standalone, read-only; "not serving" or "down"
	Error       string   `json:"error,omitempty"`
	Version     string   `json:"version,omitempty"`
	Zxid        *Hex     `json:"zxid,omitempty"`
	Behind      *int64   `json:"behind,omitempty"` // transactions, behind the leader
	Connections *int64   `json:"connections,omitempty"`
	Outstanding *int64   `json:"outstanding,omitempty"`
	Latency     *latency `json:"latencyMs,omitempty"`
	Znodes      *int64   `json:"znodes,omitempty"`
	Watches     *int64   `json:"watches,omitempty"`
	Ephemerals  *int64   `json:"ephemerals,omitempty"`
	DataSize    *int64   `json:"dataSize,omitempty"` // bytes
	OpenFiles   *int64   `json:"openFiles,omitempty"`
	MaxFiles    *int64   `json:"maxFiles,omitempty"`
	UptimeMs    *int64   `json:"uptimeMs,omitempty"`
	AnswerMs    float64  `json:"answerMs"` // how long the server took to tell
	Notes       []string `json:"notes,omitempty"`
}

type latency struct {
	Min int64   `json:"min"`
	Avg float64 `json:"avg"`
	Max int64   `json:"max"`
}

func newStatus(s *surveyed) *status {
	st := &status{Quorum: s.Quorum, Standalone: s.Standalone, Voters: s.Voters, Up: s.Up, MayFail: s.MayFail, Findings: []finding{}}
	if s.Leader != nil {
		st.Leader = s.Leader.Addr
	}
	for _, p := range s.Probes {
		st.Servers = append(st.Servers, newServerStatus(s, p))
	}
	for _, f := range s.Findings {
		if p := s.probe(f.Addr); p == nil || p.Err == nil { // else it is in the server's row
			st.Findings = append(st.Findings, finding{f.Addr, f.Critical, f.Text})
		}
	}
	return st
}

func (s *surveyed) probe(addr string) *fourletter.Probe {
	i := slices.IndexFunc(s.Probes, func(p *fourletter.Probe) bool { return p.Addr == addr })
	if i < 0 {
		return nil
	}
	return s.Probes[i]
}

func newServerStatus(s *surveyed, p *fourletter.Probe) serverStatus {
	st := serverStatus{Server: p.Addr, AnswerMs: float64(p.Took.Microseconds()) / 1000, Notes: p.Notes}
	if len(p.Admin) > 0 {
		st.Notes = append(st.Notes, strings.Join(p.Admin, " and ")+" are not in 4lw.commands.whitelist: AdminServer was asked")
	}
	if id, ok := p.ID(); ok {
		st.ID = &id
	}
	if p.Err != nil {
		st.Role, st.Error = "down", reason(p.Err)
		if errors.Is(p.Err, fourletter.ErrNotServing) {
			st.Role = "not serving"
		}
		return st
	}
	r := p.Srvr
	st.Role, st.Version = r.Mode, r.Number()
	zxid := Hex(r.Zxid)
	st.Zxid = &zxid
	if n, ok := s.Behind(p); ok && p != s.Leader {
		st.Behind = &n
	}
	st.Connections, st.Outstanding, st.Znodes = &r.Connections, &r.Outstanding, &r.Znodes
	st.Latency = &latency{r.MinLatency, r.AvgLatency, r.MaxLatency}
	for name, to := range map[string]**int64{"watch_count": &st.Watches, "ephemerals_count": &st.Ephemerals,
		"approximate_data_size": &st.DataSize, "open_file_descriptor_count": &st.OpenFiles,
		"max_file_descriptor_count": &st.MaxFiles, "uptime": &st.UptimeMs} {
		if v, ok := p.Metric(name); ok {
			n := int64(v)
			*to = &n
		}
	}
	return st
}

var statusColumns = []string{"server", "id", "role", "version", "zxid", "behind", "conns", "queued", "latency", "znodes", "watches", "ephem.", "data", "files", "uptime"}

// expendable are the columns that a narrow terminal goes without, the first ones
// first.
var expendable = []string{"ephem.", "watches", "files", "data", "queued", "id", "uptime", "conns", "znodes"}

// fitting leaves out columns until a table fits the width, 0 if that is unknown.
func fitting(columns []string, rows [][]string, expendable []string, width int) ([]string, [][]string) {
	total := func() (n int) {
		for i, c := range columns {
			most := runewidth.StringWidth(c)
			for _, r := range rows {
				most = max(most, runewidth.StringWidth(r[i]))
			}
			n += most + 3 // a line and two blanks
		}
		return n + 1
	}
	for _, name := range expendable {
		if width == 0 || total() <= width {
			break
		}
		i := slices.Index(columns, name)
		columns = slices.Delete(slices.Clone(columns), i, i+1)
		for j := range rows {
			rows[j] = slices.Delete(rows[j], i, i+1)
		}
	}
	return columns, rows
}

// cells are the columns of a server; what is not known is "-".
func (st *serverStatus) cells(s Style) []string {
	number := func(n *int64, format func(int64) string) string {
		if n == nil {
			return "-"
		}
		return format(*n)
	}
	plain := func(n int64) string { return strconv.FormatInt(n, 10) }
	latency, zxid := "-", "-"
	if st.Latency != nil {
		latency = fmt.Sprintf("%d/%.4g/%d", st.Latency.Min, st.Latency.Avg, st.Latency.Max)
		zxid = st.Zxid.String()
	}
	files := number(st.OpenFiles, s.Count)
	if st.MaxFiles != nil && s.Terminal {
		files += "/" + s.Count(*st.MaxFiles)
	}
	version := printable(st.Version)
	if st.Error != "" {
		version = printable(st.Error)
	}
	return []string{st.Server, number(st.ID, plain), printable(st.Role), version, zxid, number(st.Behind, s.Count),
		number(st.Connections, s.Count), number(st.Outstanding, s.Count), latency, number(st.Znodes, s.Count),
		number(st.Watches, s.Count), number(st.Ephemerals, s.Count), number(st.DataSize, s.Size), files, number(st.UptimeMs, uptime)}
}

// uptime is such as 3d04h, 2h07m or 45s.
func uptime(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.Truncate(time.Second).String()
}

func (st *status) Row(s Style) (columns []string, rows [][]string) {
	for i := range st.Servers {
		rows = append(rows, st.Servers[i].cells(s))
	}
	return statusColumns, rows
}

// Text is a server a line; for eyes a table, and what to know about it.
func (st *status) Text(w io.Writer, s Style) {
	_, rows := st.Row(s)
	if !s.Terminal {
		for _, r := range rows {
			fmt.Fprintln(w, strings.Join(r, "\t"))
		}
		return
	}
	columns, rows := fitting(statusColumns, rows, expendable, s.Width)
	renderTable(w, columns, rows)
	fmt.Fprintln(w, st.sentence(s))
	for _, f := range st.Findings {
		text := f.Text
		if f.Server != "" {
			text = f.Server + ": " + text
		}
		color := yellow
		if f.Critical {
			color = red
		}
		fmt.Fprintln(w, s.Paint("! "+printable(text), color))
	}
	for _, server := range st.Servers {
		for _, n := range server.Notes {
			fmt.Fprintln(w, s.Paint(printable(server.Server+": "+n), faint))
		}
	}
}

// sentence sums the ensemble up.
func (st *status) sentence(s Style) string {
	switch {
	case !st.Quorum:
		return s.Paint("No quorum.", red, bold)
	case st.Standalone:
		return "One server that stands alone."
	case st.MayFail == 1:
		return fmt.Sprintf("Quorum: %d of %d voters serve; 1 more may fail.", st.Up, st.Voters)
	}
	return fmt.Sprintf("Quorum: %d of %d voters serve; %d more may fail.", st.Up, st.Voters, st.MayFail)
}

var (
	errNoQuorum = errors.New("no server serves requests: there is no quorum")
	errNoServer = &connectError{errors.New("no server answers")}
)

// outcome is the error of a state in which clients are not served.
func (st *status) outcome() error {
	switch {
	case st.Quorum:
		return nil
	case slices.ContainsFunc(st.Servers, func(s serverStatus) bool { return s.Role != "down" }):
		return errNoQuorum
	}
	return errNoServer
}

func newStatusCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the whole ensemble at a glance",
		Long: `Show every server of the ensemble: those of --server, and the other members of its
configuration. All are asked at once, so that a dead one costs one --timeout.

A server is asked with the four-letter words srvr, mntr and conf; where
4lw.commands.whitelist forbids one, its AdminServer is asked instead. "behind" is how many
transactions a server is behind the leader, as of the moments when the two were asked;
"latency" is min/avg/max in milliseconds.

Exit code: 0 with a quorum, 1 without, 8 if no server answers.`,
		Example: `  zook status
  zook status -S zk1:2181,zk2:2181,zk3:2181 -o json | jq .quorum`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := env.survey(cmd.Context())
			if err != nil {
				return err
			}
			st := newStatus(found)
			if err := env.print(st); err != nil {
				return err
			}
			return st.outcome()
		},
	}
}
