package commands

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Flags that name a place in the history of a tree. They take what zook prints,
// and what a person at a terminal would type.

// zxidFlag is a zxid: hexadecimal after 0x, else decimal.
type zxidFlag int64

func (z *zxidFlag) Set(s string) error {
	v, err := parseZxid(s)
	*z = zxidFlag(v)
	return err
}

func (z *zxidFlag) Type() string   { return "zxid" }
func (z *zxidFlag) String() string { return Hex(*z).String() }

// parseZxid parses a zxid, or a session id: 0x… as zook prints it, or decimal. A
// session id may have its highest bit set.
func parseZxid(s string) (int64, error) {
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		if u, err := strconv.ParseUint(hex, 16, 64); err == nil {
			return int64(u), nil
		}
	} else if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, nil
	}
	return 0, fmt.Errorf("%q is not a number such as 0x1f00000002 or 12", s)
}

// zxidRange is a range of zxids, both ends included: A..B, A.., ..B or A. The
// zero value is every zxid.
type zxidRange struct {
	set      bool
	from, to int64
}

func (r *zxidRange) Set(s string) error {
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		high = low
	}
	if low == "" && high == "" {
		return fmt.Errorf("%q is not a range such as 0x100..0x1ff", s)
	}
	v := zxidRange{set: true, to: math.MaxInt64}
	var err error
	if low != "" {
		if v.from, err = parseZxid(low); err != nil {
			return err
		}
	}
	if high != "" {
		if v.to, err = parseZxid(high); err != nil {
			return err
		}
	}
	if v.from > v.to {
		return errors.New("the range ends before it begins")
	}
	*r = v
	return nil
}

func (r *zxidRange) Type() string { return "zxid..zxid" }
func (r *zxidRange) String() string {
	if !r.set {
		return ""
	}
	return Hex(r.from).String() + ".." + Hex(r.to).String()
}

// holds reports whether zxid is in the range.
func (r *zxidRange) holds(zxid int64) bool { return !r.set || r.from <= zxid && zxid <= r.to }

// timeFlag is a time; zero if it was not given.
type timeFlag struct{ time.Time }

func (t *timeFlag) Set(s string) error {
	v, err := parseTime(s, time.Now())
	t.Time = v
	return err
}

func (t *timeFlag) Type() string { return "time" }
func (t *timeFlag) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// timeLayouts are how a time may be written; without a zone it is local.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

// clockLayouts are times of a day: the last time that the clock showed it.
var clockLayouts = []string{"15:04", "15:04:05"}

const timeHelp = "a time such as 2006-01-02T15:04:05Z, \"2006-01-02 15:04\" or 15:04, or how long ago such as 90m or 3d"

// parseTime parses a time, or a duration before now.
func parseTime(s string, now time.Time) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	for _, layout := range clockLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.Local)
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, nil
		}
	}
	if days, rest, ok := strings.Cut(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			if rest == "" {
				return now.AddDate(0, 0, -int(n)), nil
			}
			if d, err := time.ParseDuration(rest); err == nil && d >= 0 {
				return now.AddDate(0, 0, -int(n)).Add(-d), nil
			}
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is not %s", s, timeHelp)
}

// moment is a point in the history of a tree: behind a transaction, or at a time.
type moment struct {
	zxid   int64
	time   time.Time // zero if zxid says it
	isZxid bool
}

func (m *moment) Set(s string) error {
	if zxid, err := parseZxid(s); err == nil {
		*m = moment{zxid: zxid, isZxid: true}
		return nil
	}
	t, err := parseTime(s, time.Now())
	if err != nil {
		return fmt.Errorf("%q is neither a zxid such as 0x1f00000002 nor %s", s, timeHelp)
	}
	*m = moment{time: t}
	return nil
}

func (m *moment) Type() string { return "zxid|time" }
func (m *moment) String() string {
	switch {
	case m.isZxid:
		return Hex(m.zxid).String()
	case !m.time.IsZero():
		return m.time.Format(time.RFC3339)
	}
	return ""
}
