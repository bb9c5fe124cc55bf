package commands

import (
	"fmt"
	"io"
	"time"
)

func (t *txnStats) Text(w io.Writer, s Style)          { printStats(w, s, t.groups(s)) }
func (t *txnStats) Row(s Style) ([]string, [][]string) { return statsTable(t.groups(s)) }

// groups are the rows: single facts first, then a list each.
func (t *txnStats) groups(s Style) [][]statsRow {
	return append([][]statsRow{t.facts(s), t.sessionFacts(s)}, t.lists(s)...)
}

func (t *txnStats) facts(s Style) []statsRow {
	facts := []statsRow{{"transactions", s.Count(t.Transactions), ""}}
	if t.Damaged > 0 {
		facts = append(facts, statsRow{"damaged", s.Count(t.Damaged), "not counted"})
	}
	if t.FirstZxid != nil {
		epochs := fmt.Sprintf("%s epochs", s.Count(t.Epochs))
		if t.Epochs == 1 {
			epochs = "one epoch"
		}
		span := time.Duration(*t.LastTime-*t.FirstTime) * time.Millisecond
		facts = append(facts, statsRow{"first zxid", t.FirstZxid.String(), ""}, statsRow{"last zxid", t.LastZxid.String(), epochs},
			statsRow{"from", t.FirstTime.String(), ""}, statsRow{"until", t.LastTime.String(), span.String()},
			statsRow{"a second", fmt.Sprintf("%.1f", t.PerSecond), "on average"})
	}
	facts = append(facts, statsRow{"bytes of logs", s.Size(t.Bytes), ""}, statsRow{"bytes of data", s.Size(t.DataBytes), ""},
		statsRow{"refused", s.Count(t.Refused.Transactions), fmt.Sprintf("multis among them: %s", s.Count(t.Refused.Multis))},
		statsRow{"zxids missing", s.Count(t.Gaps.Missing), fmt.Sprintf("in gaps: %s", s.Count(t.Gaps.Count))})
	if t.Unsorted.Count > 0 {
		facts = append(facts, statsRow{"out of order", s.Count(t.Unsorted.Count), "the first is zxid " + t.Unsorted.First.String()})
	}
	if t.Back.Count > 0 {
		facts = append(facts, statsRow{"time runs back", s.Count(t.Back.Count),
			fmt.Sprintf("at most %v, at zxid %v", time.Duration(t.Back.Most)*time.Millisecond, t.Back.Zxid)})
	}
	return facts
}

func (t *txnStats) sessionFacts(s Style) (rows []statsRow) {
	for _, f := range []struct {
		of string
		n  int64
	}{{"opened", t.Sessions.Opened}, {"closed by their clients", t.Sessions.Closed}, {"expired", t.Sessions.Expired},
		{"open at the end", t.Sessions.Open}, {"opened before", t.Sessions.Before}} {
		rows = append(rows, statsRow{"sessions", s.Count(f.n), f.of})
	}
	return rows
}

func (t *txnStats) lists(s Style) [][]statsRow {
	var types, errs, sessions, seconds, largest, gaps, files []statsRow
	for _, y := range t.Types {
		of := y.Type
		if y.Parts > 0 {
			of += fmt.Sprintf(", and %s in multis", s.Count(y.Parts))
		}
		types = append(types, statsRow{"types", s.Count(y.Transactions), of})
	}
	for _, e := range t.Refused.Errors {
		errs = append(errs, statsRow{"errors", s.Count(e.Count), fmt.Sprintf("%d (%s)", e.Err, e.Error)})
	}
	for _, b := range t.Sessions.Busiest {
		sessions = append(sessions, statsRow{"busiest sessions", s.Count(b.Transactions), fmt.Sprintf("%v%s%s", b.Session, ofData(s, b.Bytes), missed(s, b.Missed))})
	}
	for _, b := range t.Busiest {
		seconds = append(seconds, statsRow{"busiest seconds", s.Count(b.Transactions), b.Time.String()})
	}
	for _, l := range t.Largest {
		largest = append(largest, statsRow{"largest writes", s.Size(l.Bytes), fmt.Sprintf("%s, %s, %v, %v", printable(l.Path), l.Type, l.Zxid, l.Time)})
	}
	for _, g := range t.Gaps.Largest {
		gaps = append(gaps, statsRow{"largest gaps", s.Count(g.Missing), fmt.Sprintf("between %v and %v", g.After, g.Before)})
	}
	for _, l := range t.Files {
		of := fmt.Sprintf("%s, %s used, %s allocated ahead", printable(l.File), s.Size(l.Used), s.Size(l.Preallocated))
		if l.FirstZxid != nil {
			of += fmt.Sprintf(", zxid %v to %v", l.FirstZxid, l.LastZxid)
		}
		files = append(files, statsRow{"files", s.Count(l.Transactions), of})
	}
	return [][]statsRow{types, errs, pathRows("trees", t.Prefixes, s), pathRows("hottest znodes", t.Hottest, s),
		sessions, seconds, largest, gaps, files}
}

func pathRows(what string, paths []pathStats, s Style) (rows []statsRow) {
	for _, p := range paths {
		rows = append(rows, statsRow{what, s.Count(p.Changes), printable(p.Path) + ofData(s, p.Bytes) + missed(s, p.Missed)})
	}
	return rows
}

// ofData is how much data was written.
func ofData(s Style, n int64) string {
	if n == 0 {
		return ""
	}
	if !s.Terminal || n < 1000 {
		return fmt.Sprintf(", %d bytes", n)
	}
	return ", " + s.Size(n)
}

func missed(s Style, n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", perhaps %s more", s.Count(n))
}
