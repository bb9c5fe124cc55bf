package commands

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

var dirColumns = []string{"file", "state", "first", "last", "from", "to", "size", "used", "holds"}

// Row is a row a file; what they add up to is only in the other formats.
func (r *dirReport) Row(s Style) ([]string, [][]string) { return dirColumns, r.rows(s) }

func (r *dirReport) rows(s Style) (rows [][]string) {
	for _, f := range r.Snapshots {
		row := []string{f.Name, f.State, f.Zxid.String(), "-", "-", textOf(f.Time), s.Size(f.Size), "-", "-"}
		if f.Complete != nil {
			row[3], row[7], row[8] = f.Complete.String(), row[6], s.Count(int64(f.Znodes))+" znodes"
		}
		rows = append(rows, row)
	}
	for _, f := range r.Logs {
		row := []string{f.Name, f.State, "-", "-", "-", "-", s.Size(f.Size), s.Size(f.Used), s.Count(int64(f.Transactions)) + " transactions"}
		if f.First != nil {
			row[2], row[3], row[4], row[5] = f.First.Zxid.String(), f.Last.Zxid.String(), textOf(f.First.Time), textOf(f.Last.Time)
		}
		rows = append(rows, row)
	}
	return rows
}

func textOf(t *Time) string {
	if t == nil {
		return "-"
	}
	return t.String()
}

// Text writes a line a file, and then lines of what they add up to: a keyword and what
// belongs to it, after a tab for programs.
func (r *dirReport) Text(w io.Writer, s Style) {
	var out io.Writer = w
	if s.Terminal {
		fmt.Fprintln(w, s.Paint(printable(r.Dir), bold))
		if r.LogDir != r.Dir {
			fmt.Fprintln(w, s.Paint(printable(r.LogDir), bold))
		}
		columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(columns, strings.Join(dirColumns, "\t"))
		defer columns.Flush()
		out = columns
	}
	for _, row := range r.rows(s) {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	if s.Terminal {
		fmt.Fprintln(out)
	}
	line := func(keyword, text string) { fmt.Fprintf(out, "%s\t%s\n", keyword, printable(text)) }
	for _, f := range r.Snapshots {
		if f.Error != "" {
			line(f.State, f.Error)
		}
	}
	for _, f := range r.Logs {
		if f.Error != "" {
			line(f.State, f.Error)
		}
	}
	line("covered", textOfSpans(r.Covered))
	for _, m := range r.Missing {
		line("missing", m.String())
	}
	r.Start.lines(s, line)
	line("purge", r.Purge.text(s))
}

func (p point) String() string {
	if p.Time == nil {
		return p.Zxid.String()
	}
	return fmt.Sprintf("%v (%v)", p.Zxid, p.Time)
}

func (s span) String() string { return fmt.Sprintf("%v to %v", s.From, s.To) }

func textOfSpans(spans []span) string {
	if len(spans) == 0 {
		return "nothing"
	}
	var all []string
	for _, s := range spans {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

func (t *start) lines(s Style, line func(keyword, text string)) {
	if !t.OK {
		line("start", "fails: "+t.Error)
		return
	}
	from := "an empty tree"
	if t.Snapshot != "" {
		from = t.Snapshot
	}
	logs := "no log"
	switch n := len(t.Logs); n {
	case 0:
	case 1:
		logs = t.Logs[0]
	default:
		logs = fmt.Sprintf("%s to %s", t.Logs[0], t.Logs[n-1])
	}
	line("start", fmt.Sprintf("%s and %s, %s transactions: %v, %s znodes, %s sessions", from, logs,
		s.Count(int64(t.Replayed)), t.Last, s.Count(t.Znodes), s.Count(int64(t.Sessions))))
	for _, w := range t.Warnings {
		line("warning", w)
	}
}

func (p *purge) text(s Style) string {
	if len(p.Files) == 0 {
		return fmt.Sprintf("nothing, to keep %d snapshots", p.Retain)
	}
	return fmt.Sprintf("%s (%s), to keep %d snapshots: then %s are covered",
		strings.Join(p.Files, " "), s.Size(p.Bytes), p.Retain, textOfSpans(p.Covered))
}
