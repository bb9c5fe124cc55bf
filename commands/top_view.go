package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// lines are the rows of the screen.
func (t *topModel) lines() []string {
	if t.shown == nil || t.style.Width < 10 || t.height < 5 {
		return nil
	}
	r := t.round
	lines := append(t.heading(r), "")
	lines = append(lines, t.serverLines(r)...)
	lines = append(lines, "")
	if room := t.height - len(lines) - 1; room > 0 {
		lines = append(lines, t.paneLines(r, room)...)
	}
	for len(lines) < t.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:t.height-1], t.bottom())
	return lines
}

// cut makes a line as long as the screen is wide.
func (t *topModel) cut(line string) string { return runewidth.Truncate(line, t.style.Width, "…") }

// heading says where, how often and when, what the servers add up to, and what an
// operator should know.
func (t *topModel) heading(r *topRound) []string {
	right := fmt.Sprintf("every %v  %s", t.interval, t.shown.at.Format(time.TimeOnly))
	if t.paused {
		right = "PAUSED  " + right
	}
	left := "zook top  " + cmp.Or(r.summary, "asking "+printable(t.server)+" …")
	left = runewidth.Truncate(left, max(0, t.style.Width-runewidth.StringWidth(right)-2), "…")
	gap := strings.Repeat(" ", max(2, t.style.Width-runewidth.StringWidth(left)-runewidth.StringWidth(right)))
	lines := []string{t.style.Paint(t.cut(left+gap+right), bold), t.cut(t.totals(r))}
	for _, f := range r.Findings {
		if len(lines) == 4 || t.height < 16 {
			break
		}
		text, color := f.Text, yellow
		if f.Server != "" {
			text = f.Server + ": " + text
		}
		if f.Critical {
			color = red
		}
		lines = append(lines, t.style.Paint(t.cut("! "+printable(text)), color))
	}
	return lines
}

func (t *topModel) totals(r *topRound) string {
	var received, sent, txns float64
	var conns, znodes int64
	for i := range r.Servers {
		s := &r.Servers[i]
		for _, sum := range []struct {
			to *float64
			of *float64
		}{{&received, s.Received}, {&sent, s.Sent}} {
			if sum.of != nil {
				*sum.to += *sum.of
			}
		}
		if s.Txns != nil { // all servers apply the same ones
			txns = max(txns, *s.Txns)
		}
		if s.Znodes != nil {
			znodes = max(znodes, *s.Znodes)
		}
		if s.Connections != nil {
			conns += *s.Connections
		}
	}
	return fmt.Sprintf("received %s/s  sent %s/s  transactions %s/s  connections %s  znodes %s",
		showRate(&received), showRate(&sent), showRate(&txns), t.style.Count(conns), t.style.Count(znodes))
}

// serverLines are the servers, in at most half of the screen.
func (t *topModel) serverLines(r *topRound) []string {
	lines := r.serverTable(t.style).draw(t.style)
	if most := max(2, t.height/2-2); len(lines) > most {
		left := len(lines) - most + 1
		lines = append(lines[:most-1], fmt.Sprintf("… and %d more", left))
	}
	return lines
}

// paneLines are the lower part of the screen.
func (t *topModel) paneLines(r *topRound, room int) []string {
	switch t.pane {
	case sessionsPane:
		return t.sessionLines(room)
	case watchesPane:
		return t.watchLines(room)
	case helpPane:
		return t.helpLines()
	}
	title := "Clients by " + clientOrders[t.order].name
	for i := range r.Servers {
		if s := &r.Servers[i]; s.ConnsError != "" {
			title += "; " + s.Server + ": " + s.ConnsError
		}
	}
	return t.tableLines(title, len(r.Clients), newClientTable(), room, func(i int) []string { return r.Clients[i].cells(t.style) },
		func(i int) string {
			c := &r.Clients[i]
			return c.Client + " " + c.Server + " " + Hex(c.id()).String() + " " + c.LastOp
		})
}

// tableLines are the title, and those of n rows whose text passes the filter and that
// are not scrolled away.
func (t *topModel) tableLines(title string, n int, table *columnTable, room int, cells func(int) []string, text func(int) string) []string {
	var wanted []int
	filter := strings.ToLower(t.filter)
	for i := range n {
		if filter == "" || strings.Contains(strings.ToLower(text(i)), filter) {
			wanted = append(wanted, i)
		}
	}
	rows := max(0, room-2)
	t.scroll = max(0, min(t.scroll, len(wanted)-rows))
	last := min(len(wanted), t.scroll+rows)
	for _, i := range wanted[t.scroll:last] {
		table.rows = append(table.rows, tableRow{cells: cells(i)})
	}
	switch {
	case last < len(wanted) || t.scroll > 0:
		title = fmt.Sprintf("%s  (%d–%d of %d)", title, t.scroll+1, last, len(wanted))
	default:
		title = fmt.Sprintf("%s  (%d)", title, len(wanted))
	}
	if t.filter != "" {
		title += "  with “" + t.filter + "”"
	}
	return append([]string{t.style.Paint(t.cut(printable(title)), bold)}, table.draw(t.style)...)
}

func (t *topModel) sessionLines(room int) []string {
	title, told := "Sessions", false
	for _, s := range t.shown.servers {
		if s.last == nil {
			continue
		}
		told = told || s.last.dump != nil
		if s.last.dumpErr != nil && s.last.probe.Err == nil {
			title += "; " + s.addr + ": " + reason(s.last.dumpErr)
		}
	}
	if !told && title == "Sessions" {
		title = "Sessions, as far as they are connected: dump is asked for"
	}
	table := &columnTable{columns: sessionColumns, expendable: []string{"expires", "since", "timeout", "latency"},
		left: []string{"session", "client", "server", "last op", "expires"}}
	return t.tableLines(title, len(t.sessions), table, room, func(i int) []string {
		_, rows := t.sessions[i].Row(t.style)
		return rows[0]
	}, func(i int) string {
		x := t.sessions[i]
		return x.Session.String() + " " + x.Client + " " + x.Server + " " + x.LastOp + " " + strings.Join(x.Ephemerals, " ")
	})
}

func sortWatched(paths []watchedPath) {
	slices.SortFunc(paths, func(a, b watchedPath) int {
		return cmp.Or(cmp.Compare(b.clients, a.clients), cmp.Compare(a.path, b.path))
	})
}

func (t *topModel) watchLines(room int) []string {
	switch {
	case t.watches == nil:
		return []string{t.style.Paint("Watched paths", bold),
			t.cut("wchp makes a server go through all its watches while its clients wait:"),
			t.cut("costly where there are very many. Press w again to ask the servers once.")}
	case t.watches.at.IsZero():
		return []string{t.style.Paint("Watched paths", bold), "asking …"}
	}
	title := "Watched paths, as of " + t.watches.at.Format(time.TimeOnly) + " (w asks again)"
	for _, e := range t.watches.errs {
		title += "; " + e
	}
	table := &columnTable{columns: []string{"path", "clients", "servers"}, left: []string{"path", "servers"}}
	return t.tableLines(title, len(t.watches.paths), table, room, func(i int) []string {
		w := t.watches.paths[i]
		return []string{w.path, t.style.Count(int64(w.clients)), strings.Join(w.servers, " ")}
	}, func(i int) string { return t.watches.paths[i].path })
}

func (t *topModel) helpLines() []string {
	lines := []string{t.style.Paint("Keys", bold),
		"q, Ctrl-C   quit                     s   sort clients by something else",
		"p, Space    pause, and go on         /   show only rows with a text",
		"+ -         more, less often         Esc show all rows again",
		"c           clients                  Up Down PgUp PgDn Home End   scroll",
		"e           sessions (asks for dump) Ctrl-Z  leave for a moment",
		"w           watched paths (costly)   ?   this help",
		"",
		"recv/s, sent/s: packets; txn/s: transactions; latency: min/avg/max in ms",
		"since the server's start or srst; queued: requests that wait; answer: how",
		"long the server took to tell all this.",
	}
	for i := range lines[1:] {
		lines[i+1] = t.cut(lines[i+1])
	}
	return lines
}

func (t *topModel) bottom() string {
	if t.typing {
		return t.cut("Filter: " + t.filter + "▏ Enter keeps it, Escape drops it")
	}
	return t.style.Paint(t.cut("q quit  ? help  c clients  e sessions  w watches  s sort  / filter  p pause  +-"), faint)
}
