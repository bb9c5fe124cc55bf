package shell

import (
	"strings"

	"github.com/c-bata/go-prompt"
)

// search is the search through the history that Ctrl-R starts, as in readline:
// what is typed is looked for, the line shows the last line that has it, Ctrl-R
// goes on to older ones and Ctrl-S back. Enter runs the line; Ctrl-C and Ctrl-G
// give back what was typed before; any other key edits the line.
type search struct {
	lines  []string
	before string // the line when the search began
	query  string
	at     int // of the line shown; len(lines) if it is the one from before
	failed bool
}

// prefix is the prompt while searching.
func (s *search) prefix() string {
	if s.failed {
		return "(no match) " + s.query + ": "
	}
	return "(search) " + s.query + ": "
}

// find goes to the nearest line with the query from index i on, in steps of 1 or
// -1. Lines equal to the one shown are passed over if others is true.
func (s *search) find(i, step int, others bool) {
	shown := s.text()
	for ; i >= 0 && i < len(s.lines); i += step {
		if strings.Contains(s.lines[i], s.query) && !(others && s.lines[i] == shown) {
			s.at, s.failed = i, false
			return
		}
	}
	s.failed = true
}

func (s *search) text() string {
	if s.at < len(s.lines) {
		return s.lines[s.at]
	}
	return s.before
}

// key takes a key. done says that the search is over; then key, if it is not "",
// is still to be done to the line.
func (s *search) key(key string) (line string, done bool, rest string) {
	switch {
	case key == "\x12": // Ctrl-R
		s.find(s.at-1, -1, true)
	case key == "\x13": // Ctrl-S
		s.find(s.at+1, 1, true)
	case key == "\x7f" || key == "\x08":
		if r := []rune(s.query); len(r) > 0 {
			s.query = string(r[:len(r)-1])
		}
		if s.query == "" {
			s.at, s.failed = len(s.lines), false
		} else {
			s.find(len(s.lines)-1, -1, false)
		}
	case key == ctrlC || key == "\x07" || key == "\x04":
		return s.before, true, ""
	case key == "\x1b":
		return s.text(), true, ""
	case key[0] >= ' ':
		s.query += key
		s.find(min(s.at, len(s.lines)-1), -1, false)
	default:
		return s.text(), true, key
	}
	return s.text(), false, ""
}

// setLine replaces the line being typed, the cursor at column at (in
// characters), or at the end if that is negative.
func setLine(buf *prompt.Buffer, text string, at int) {
	buf.CursorRight(len([]rune(buf.Document().TextAfterCursor())))
	buf.DeleteBeforeCursor(len([]rune(buf.Text())))
	buf.InsertText(text, false, true)
	if n := len([]rune(text)); at >= 0 && at < n {
		buf.CursorLeft(n - at)
	}
}
