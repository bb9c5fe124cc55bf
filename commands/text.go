package commands

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"
)

type textFormat struct{ style Style }

func (f textFormat) print(w *bufio.Writer, item Item) error {
	item.Text(w, f.style)
	return nil
}
func (textFormat) close(*bufio.Writer) error { return nil }

// Style is who text is for.
type Style struct {
	Terminal bool // a person: laid out for eyes; else one item a line
	Color    bool
	Width    int // columns; 0 if unknown
}

func (e *Env) style() Style {
	s := Style{Terminal: e.Terminal, Color: e.Color}
	if e.Terminal && e.Width != nil {
		s.Width = e.Width()
	}
	return s
}

// What Paint may do.
const (
	bold   = color.Bold
	faint  = color.Faint
	red    = color.FgRed
	yellow = color.FgYellow
)

// Paint colours a piece of text, if there is colour.
func (s Style) Paint(text string, attributes ...color.Attribute) string {
	if !s.Color {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

// Size is a number of bytes: "1.4 MB" for eyes, else plain.
func (s Style) Size(n int64) string {
	if !s.Terminal || n < 1000 && n > -1000 {
		return strconv.FormatInt(n, 10)
	}
	f := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if f /= 1000; f < 999.95 && f > -999.95 {
			return fmt.Sprintf("%.1f %s", f, unit)
		}
	}
	return fmt.Sprintf("%.1f TB", f/1000)
}

// Count is a number of things: with commas for eyes, else plain.
func (s Style) Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	if !s.Terminal {
		return text
	}
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// Time is milliseconds since the epoch, written as RFC 3339 with the local zone.
type Time int64

func (t Time) String() string {
	return time.UnixMilli(int64(t)).Format(timeLayout)
}

// MarshalText makes it a string in JSON.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Hex is a zxid or a session id, written 0x….
type Hex int64

func (h Hex) String() string { return "0x" + strconv.FormatUint(uint64(h), 16) }

// MarshalText makes it a string in JSON.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// printable is text from a znode or a server without what could steer a terminal.
func printable(s string) string {
	if strings.IndexFunc(s, isControl) == -1 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
