package commands

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"zook/fourletter"
)

// topRound is what top shows at a moment.
type topRound struct {
	Time     Time        `json:"time"`
	Quorum   bool        `json:"quorum"`
	Servers  []topServer `json:"servers"`
	Clients  []topClient `json:"clients"`
	Findings []finding   `json:"findings"`

	summary string // of the quorum
}

type topServer struct {
	serverStatus
	Received   *float64 `json:"receivedPerSecond,omitempty"` // packets
	Sent       *float64 `json:"sentPerSecond,omitempty"`
	Txns       *float64 `json:"txnsPerSecond,omitempty"`
	ConnsError string   `json:"connectionsError,omitempty"` // why its clients are not known

	note string // what is shown instead of numbers
}

type topClient struct {
	connected
	Requests *float64 `json:"requestsPerSecond,omitempty"`
}

// round puts together what is known.
func (o *observed) round() *topRound {
	r := &topRound{Time: Time(o.at.UnixMilli()), Servers: []topServer{}, Clients: []topClient{}, Findings: []finding{}}
	var probes []*fourletter.Probe
	for _, s := range o.servers {
		if p := o.probe(s); p != nil {
			probes = append(probes, p)
		}
	}
	found := &surveyed{fourletter.Judge(probes, o.members), o.members}
	if len(probes) == len(o.servers) { // else too little is known for a judgement
		st := newStatus(found)
		r.Quorum, r.Findings, r.summary = st.Quorum, st.Findings, st.sentence(Style{})
	}
	for _, s := range o.servers {
		r.Servers = append(r.Servers, o.server(found, s))
		if s.last == nil {
			continue
		}
		late := o.late(s) != ""
		for i := range s.last.conns {
			c := topClient{connected: *newConnected(s.addr, &s.last.conns[i])}
			if rate, ok := s.last.clients[clientKey{s.last.conns[i].Addr, s.last.conns[i].Session}]; ok && !late {
				c.Requests = &rate
			}
			r.Clients = append(r.Clients, c)
		}
	}
	return r
}

// late is how long a server has been silent, "" if that is not worth a word.
func (o *observed) late(s monitored) string {
	silent := o.at.Sub(s.asked)
	if s.asked.IsZero() || silent <= max(o.interval, time.Second) {
		return ""
	}
	return "no answer for " + silent.Truncate(time.Second).String()
}

// probe is the last of a server, or of one that is silent now; nil if it has not had
// the time to answer.
func (o *observed) probe(s monitored) *fourletter.Probe {
	switch late := o.late(s); {
	case s.last == nil && late == "":
		return nil
	case s.last == nil:
		return &fourletter.Probe{Addr: s.addr, Err: errors.New(late)}
	case late != "" && s.last.probe.Err == nil:
		return &fourletter.Probe{Addr: s.addr, Err: errors.New(late), Conf: s.last.probe.Conf}
	}
	return s.last.probe
}

func (o *observed) server(found *surveyed, s monitored) topServer {
	if s.last == nil {
		return topServer{serverStatus: serverStatus{Server: s.addr, Role: "-", Error: cmp.Or(o.late(s), "no answer yet")}}
	}
	p := o.probe(s)
	t := topServer{serverStatus: newServerStatus(found, p)}
	switch {
	case p != s.last.probe:
		t.Role = s.last.probe.Srvr.Mode
	case p.Err == nil:
		t.Received, t.Sent, t.Txns = s.last.received, s.last.sent, s.last.txns
		if s.last.connsErr != nil {
			t.ConnsError = reason(s.last.connsErr)
		}
	}
	return t
}

var topServerColumns = []string{"server", "id", "role", "recv/s", "sent/s", "txn/s", "latency", "queued", "conns", "znodes", "watches", "ephem.", "zxid", "data", "version", "answer"}

// topServerExpendable are those that a narrow terminal goes without, the first ones
// first.
var topServerExpendable = []string{"answer", "version", "data", "ephem.", "id", "zxid", "watches", "znodes", "sent/s"}

func (t *topServer) cells(s Style) []string {
	all := map[string]string{}
	for i, cell := range t.serverStatus.cells(s) {
		all[statusColumns[i]] = cell
	}
	all["recv/s"], all["sent/s"], all["txn/s"] = showRate(t.Received), showRate(t.Sent), showRate(t.Txns)
	all["answer"] = fmt.Sprintf("%.1f ms", t.AnswerMs)
	cells := make([]string, len(topServerColumns))
	for i, name := range topServerColumns {
		cells[i] = all[name]
	}
	return cells
}

// showRate is a rate with as many digits as say something.
func showRate(r *float64) string {
	switch {
	case r == nil:
		return "-"
	case *r < 9.95:
		return fmt.Sprintf("%.1f", *r)
	}
	return Style{Terminal: true}.Count(int64(*r + 0.5))
}

var topClientColumns = []string{"client", "server", "req/s", "queued", "last op", "lat avg", "lat max", "session", "received", "sent", "since"}

var topClientExpendable = []string{"sent", "received", "since", "queued", "session"}

func (c *topClient) cells(s Style) []string {
	session, latency := "-", c.connected.latency()
	if c.Session != nil {
		session = c.Session.String()
	}
	return []string{c.Client, c.Server, showRate(c.Requests), s.Count(c.Queued), orDash(c.LastOp),
		fmt.Sprintf("%.4g", latency.Avg), s.Count(latency.Max), session, s.Count(c.Received), s.Count(c.Sent), s.since(c.Established)}
}

// clientOrders are what top sorts clients by, the first by default.
var clientOrders = []struct {
	name    string
	compare func(a, b topClient) int
}{
	{"requests/s", func(a, b topClient) int { return compareRates(b.Requests, a.Requests) }},
	{"average latency", func(a, b topClient) int { return clientSorts["latency"](&a.connected, &b.connected) }},
	{"highest latency", func(a, b topClient) int { return clientSorts["max"](&a.connected, &b.connected) }},
	{"queued", func(a, b topClient) int { return clientSorts["queued"](&a.connected, &b.connected) }},
	{"address", func(a, b topClient) int { return compareAddr(a.Client, b.Client) }},
}

func compareRates(a, b *float64) int {
	number := func(r *float64) float64 {
		if r == nil {
			return -1
		}
		return *r
	}
	return cmp.Compare(number(a), number(b))
}

func (r *topRound) sortClients(order int) {
	slices.SortFunc(r.Clients, func(a, b topClient) int {
		return cmp.Or(clientOrders[order].compare(a, b), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
	})
}

// Text is the round as --batch prints it.
func (r *topRound) Text(w io.Writer, s Style) {
	fmt.Fprintf(w, "%s  %s\n", r.Time, r.summary)
	for _, line := range r.serverTable(s).draw(s) {
		fmt.Fprintln(w, line)
	}
	if len(r.Clients) > 0 {
		fmt.Fprintln(w)
		for _, line := range r.clientTable(s).draw(s) {
			fmt.Fprintln(w, line)
		}
	}
	fmt.Fprintln(w)
}

func (r *topRound) Row(s Style) (columns []string, rows [][]string) {
	for i := range r.Servers {
		rows = append(rows, append([]string{r.Time.String()}, r.Servers[i].cells(s)...))
	}
	return append([]string{"time"}, topServerColumns...), rows
}

func (r *topRound) serverTable(s Style) *columnTable {
	t := &columnTable{columns: topServerColumns, expendable: topServerExpendable, keep: 3, left: []string{"server", "role", "zxid", "version"}}
	for i := range r.Servers {
		x := &r.Servers[i]
		t.rows = append(t.rows, tableRow{cells: x.cells(s), note: x.Error, bad: x.Error != ""})
	}
	return t
}

// newClientTable is a table of clients without its rows.
func newClientTable() *columnTable {
	return &columnTable{columns: topClientColumns, expendable: topClientExpendable, left: []string{"client", "server", "last op", "session"}}
}

func (r *topRound) clientTable(s Style) *columnTable {
	t := newClientTable()
	for i := range r.Clients {
		t.rows = append(t.rows, tableRow{cells: r.Clients[i].cells(s)})
	}
	return t
}
