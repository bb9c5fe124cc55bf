package commands

import (
	"strconv"
	"time"
)

// gregorian is when Java's calendar goes from Julian to Gregorian dates, in seconds
// since the epoch: 15 October 1582.
const gregorian = -12219292800

// appendJavaTime appends a time as Java's DateFormat does in English, with a SHORT
// date and a LONG time: "1/2/06, 3:04:05 PM UTC". Any time at all may stand in a
// transaction that is damaged.
func appendJavaTime(b []byte, t time.Time) []byte {
	t = javaTime(t.Unix())
	year, month, day := t.Date()
	_, offset := t.Zone()
	if number := floorDiv(t.Unix()+int64(offset), daySeconds); number < gregorian/daySeconds {
		year, month, day = julian(number)
	}
	if year < 1 {
		year = 1 - year // BC
	}
	hour, minute, second := t.Clock()
	half := "AM "
	if hour >= 12 {
		hour, half = hour-12, "PM "
	}
	if hour == 0 {
		hour = 12
	}
	b = append(strconv.AppendInt(b, int64(month), 10), '/')
	b = append(strconv.AppendInt(b, int64(day), 10), '/')
	b = append(appendTwo(b, year%100), ", "...)
	b = append(strconv.AppendInt(b, int64(hour), 10), ':')
	b = append(appendTwo(b, minute), ':')
	b = append(appendTwo(b, second), ' ')
	return append(append(b, half...), javaZone(t)...)
}

func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// julian is the date of a day, counted from 1970, in the Julian calendar.
func julian(day int64) (year int, month time.Month, dayOfMonth int) {
	const epoch = 719470 // days from 1 March of the year 0 to 1970
	const fourYears = 4*365 + 1
	day += epoch
	cycle := floorDiv(day, fourYears)
	rest := int(day - cycle*fourYears)
	y := min(rest/365, 3)
	rest -= y * 365
	m := (5*rest + 2) / 153 // from March
	year, dayOfMonth = int(4*cycle)+y, rest-(153*m+2)/5+1
	if m >= 10 {
		return year + 1, time.Month(m - 9), dayOfMonth
	}
	return year, time.Month(m + 3), dayOfMonth
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
