package datadir

import (
	"fmt"
	"strings"
	"time"
)

// Moment is a point in the history of a tree. The zero value is its end.
type Moment struct {
	kind momentKind
	zxid int64
	ms   int64 // since the epoch
}

type momentKind int

const (
	atEnd momentKind = iota
	atZxid
	atTime
)

// AtZxid is behind the transaction of that zxid, or behind the last one before it where
// there is none, between two epochs.
func AtZxid(zxid int64) Moment { return Moment{kind: atZxid, zxid: zxid} }

// AtTime is before the first transaction that is later than t by the server's clock.
// Clocks may be set back: transactions are looked at in the order of their zxids, from
// the beginning of the last log that begins at t or earlier.
func AtTime(t time.Time) Moment { return Moment{kind: atTime, ms: t.UnixMilli()} }

func (m Moment) String() string {
	switch m.kind {
	case atZxid:
		return fmt.Sprintf("0x%x", uint64(m.zxid))
	case atTime:
		return formatTime(m.ms)
	}
	return "the end"
}

// Point is a transaction in the history of a tree. Its time, milliseconds since the
// epoch, is 0 if it is not known.
type Point struct {
	Zxid int64
	Time int64
}

// String is such as "0x1f (2026-02-03T10:00:00.000Z)".
func (p Point) String() string {
	if p.Time == 0 {
		return fmt.Sprintf("0x%x", uint64(p.Zxid))
	}
	return fmt.Sprintf("0x%x (%s)", uint64(p.Zxid), formatTime(p.Time))
}

func formatTime(ms int64) string { return time.UnixMilli(ms).Format("2006-01-02T15:04:05.000Z07:00") }

// Span is a part of the history of which every moment is known: From is the first, To
// the last.
type Span struct{ From, To Point }

// RangeError is a moment that the files do not cover.
type RangeError struct {
	Dir     string // where the files are
	Moment  Moment
	Covered []Span // what they cover, the oldest first
}

func (e *RangeError) Error() string {
	if len(e.Covered) == 0 {
		return fmt.Sprintf("%s: %v is not covered: the files cover nothing", e.Dir, e.Moment)
	}
	var spans []string
	for _, s := range e.Covered {
		spans = append(spans, fmt.Sprintf("%v to %v", s.From, s.To))
	}
	return fmt.Sprintf("%s: %v is not covered: the files cover %s", e.Dir, e.Moment, strings.Join(spans, ", and "))
}
