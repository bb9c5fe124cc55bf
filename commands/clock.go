package commands

import (
	"strconv"
	"time"
)

// clock writes times in the local zone. It is made for millions of times of which
// many are of the same days. It is not for concurrent use.
type clock struct {
	from, to int64  // seconds since the epoch in which the zone holds
	offset   int64  // seconds east of Greenwich
	zone     string // as Java has it
	isoZone  string // "Z"
	days     [64]clockDay
}

// clockDay is what the times of a day have in common.
type clockDay struct {
	day      int64  // since the epoch
	iso      []byte // "1970-01-01T"
	java     []byte // "Thu Jan 01 "
	javaYear []byte // " UTC 1970"
}

func newClock() *clock { return &clock{from: 1} }

const daySeconds = 24 * 60 * 60

// at returns what there is to a time in milliseconds since the epoch: its day, the
// second of that, and the millisecond.
func (c *clock) at(ms int64) (day *clockDay, second, milli int64) {
	seconds := floorDiv(ms, 1000)
	milli = ms - seconds*1000
	if seconds < c.from || seconds >= c.to {
		c.setZone(seconds)
	}
	local := seconds + c.offset
	number := floorDiv(local, daySeconds)
	second = local - number*daySeconds
	day = &c.days[number&int64(len(c.days)-1)]
	if day.day != number || day.iso == nil {
		day.set(number, c.zone)
	}
	return day, second, milli
}

// setZone finds the zone of a time, and how long it holds.
func (c *clock) setZone(seconds int64) {
	t := javaTime(seconds)
	_, offset := t.Zone()
	*c = clock{from: -1 << 63, to: 1<<63 - 1, zone: javaZone(t), offset: int64(offset), isoZone: t.Format("Z07:00")}
	if seconds < in1900 {
		c.to = in1900
		return
	}
	c.from = in1900
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		c.from = max(start.Unix(), in1900)
	}
	if !end.IsZero() {
		c.to = end.Unix()
	}
}

func (d *clockDay) set(day int64, zone string) {
	t := time.Unix(day*daySeconds, 0).UTC()
	year, month, date := t.Date()
	d.day, d.iso = day, t.AppendFormat(d.iso[:0], "2006-01-02T")
	if day < gregorian/daySeconds {
		year, month, date = julian(day)
		if year <= 0 {
			year = 1 - year // before Christ
		}
	}
	d.java = append(append(d.java[:0], t.Weekday().String()[:3]...), ' ')
	d.java = append(append(d.java, month.String()[:3]...), ' ')
	d.java = append(appendTwo(d.java, date), ' ')
	d.javaYear = append(append(append(d.javaYear[:0], ' '), zone...), ' ')
	d.javaYear = strconv.AppendInt(d.javaYear, int64(year), 10)
}

// appendJava appends a time as Java's Date.toString writes it.
func (c *clock) appendJava(b []byte, ms int64) []byte {
	day, second, _ := c.at(ms)
	return append(appendTimeOfDay(append(b, day.java...), second), day.javaYear...)
}

// appendTime appends a time as Time.String writes it.
func (c *clock) appendTime(b []byte, ms int64) []byte {
	day, second, milli := c.at(ms)
	b = appendTimeOfDay(append(b, day.iso...), second)
	b = append(b, '.', byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10))
	return append(b, c.isoZone...)
}

// appendTimeOfDay appends 23:59:59.
func appendTimeOfDay(b []byte, second int64) []byte {
	s := int(second)
	return appendTwo(append(appendTwo(append(appendTwo(b, s/3600), ':'), s/60%60), ':'), s%60)
}
