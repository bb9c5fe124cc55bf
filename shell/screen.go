package shell

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/c-bata/go-prompt"
	"github.com/mattn/go-runewidth"
)

// screen is the only writer on the terminal. While a line is being typed it
// keeps the prompt, the line and the menu at the bottom, whatever else is
// printed; while a command runs it passes through what the command prints.
type screen struct {
	out   io.Writer
	size  func() (columns, rows int)
	color bool

	mu      sync.Mutex
	state   prompt.Color // of the prompt, which go-prompt draws in stateColor
	shown   *frame       // the prompt on the screen; nil while a command runs
	columns int          // for which it was laid out
	above   int          // rows of it above the cursor
	midLine bool         // output has not ended its last line
}

// stateColor stands for the colour of the connection's state.
const stateColor prompt.Color = -1

const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	eraseDown  = "\x1b[J"
	resetStyle = "\x1b[m"
)

// show draws f where the last frame was.
func (s *screen) show(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draw(&f, "")
}

// draw replaces what is shown by f, with text, whole lines, above it. All goes
// out in one write, so that nothing flickers. s.mu is held.
func (s *screen) draw(f *frame, text string) {
	var b bytes.Buffer
	b.WriteString(hideCursor)
	s.toTop(&b)
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n"))
	columns, rows := s.size()
	p := s.layout(f, columns, rows)
	for i, row := range p.rows {
		if i > 0 && !p.wraps[i-1] {
			b.WriteString("\r\n")
		}
		b.WriteString(row)
	}
	s.columns, s.above, s.shown = columns, p.cursorRow, f
	if f.ended {
		b.WriteString("\r\n")
		s.shown, s.midLine = nil, false
	} else {
		moveTo(&b, len(p.rows)-1-p.cursorRow, p.cursorColumn)
	}
	b.WriteString(showCursor)
	s.out.Write(b.Bytes())
}

// toTop moves the cursor to where the shown frame starts and erases the frame.
// s.mu is held.
func (s *screen) toTop(b *bytes.Buffer) {
	if s.shown == nil {
		if s.midLine {
			b.WriteString("\r\n")
			s.midLine = false
		}
		return
	}
	if columns, rows := s.size(); columns != s.columns { // the terminal has wrapped it anew
		s.above = s.layout(s.shown, columns, rows).cursorRow
	}
	moveTo(b, s.above, 0)
	b.WriteString(eraseDown)
}

func moveTo(b *bytes.Buffer, up, column int) {
	if up > 0 {
		fmt.Fprintf(b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if column > 0 {
		fmt.Fprintf(b, "\x1b[%dC", column)
	}
}

// print prints text, whole lines, above the line being typed, which stays as it
// is; while a command runs, below what it has printed.
func (s *screen) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown != nil {
		s.draw(s.shown, text)
		return
	}
	var b bytes.Buffer
	s.toTop(&b)
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n"))
	s.out.Write(b.Bytes())
}

// Write is for the output of commands.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown != nil { // a command has left something running
		text := string(p)
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		s.draw(s.shown, text)
		return len(p), nil
	}
	if len(p) > 0 {
		s.midLine = p[len(p)-1] != '\n' && !bytes.HasSuffix(p, []byte("\r\x1b[K"))
	}
	return s.out.Write(p)
}

// redraw draws the frame again after something else has been on the terminal. A
// resize is found out while drawing.
func (s *screen) redraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown != nil {
		s.draw(s.shown, "")
	}
}

// redrawHere draws the frame from the cursor's row on, wherever that is.
func (s *screen) redrawHere() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown != nil {
		s.above = 0
		s.draw(s.shown, "")
	}
}

func (s *screen) isShown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown != nil
}

// setState sets the colour of the prompt, from the next frame on.
func (s *screen) setState(c prompt.Color) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = c
}

// startLine goes to a new line after something that the screen has not seen,
// such as the echo of a key. newLine says that the terminal has done so.
func (s *screen) startLine() {
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.out, "\r\n")
	s.midLine = false
}

func (s *screen) newLine() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.midLine = false
}

func (s *screen) inColor(text string, c prompt.Color) string {
	if !s.color {
		return text
	}
	return "\x1b[0" + colorCode(c, 30) + "m" + text + resetStyle
}

// clear empties the terminal but for the frame.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.out, "\x1b[H\x1b[2J")
	s.above = 0
}

// forget leaves the shown frame where it is, without its menu: what comes next
// is drawn below.
func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == nil {
		return
	}
	f := *s.shown
	f.menu, f.ended = nil, true
	s.draw(&f, "")
}

// picture is a frame laid out for a size of the terminal.
type picture struct {
	rows                    []string // with colours
	wraps                   []bool   // the terminal goes on to the next row by itself
	cursorRow, cursorColumn int
}

// layout wraps the line at the width of the terminal and puts the menu below it,
// shifted left as far as it must be to fit. Of what is too high it keeps the rows
// around the cursor.
func (s *screen) layout(f *frame, columns, height int) picture {
	var p picture
	var starts []int // of the rows in f.line
	add := func(from, to int) {
		starts = append(starts, from)
		p.rows = append(p.rows, s.paint(f.line[from:to]))
		p.wraps = append(p.wraps, to-from == columns && to < len(f.line))
	}
	for from, to := 0, 0; from == 0 || from < len(f.line); from = to {
		to = min(from+columns, len(f.line))
		if to < len(f.line) && f.line[to].text == "" && to > from+1 {
			to-- // a wide character does not fit any more
		}
		add(from, to)
		if to == 0 {
			break
		}
	}
	if n := len(f.line); f.cursor == starts[len(starts)-1]+columns && !f.ended {
		add(n, n) // the line fills its last row: the cursor is on the next one
	}
	for p.cursorRow+1 < len(starts) && f.cursor >= starts[p.cursorRow+1] {
		p.cursorRow++
	}
	p.cursorColumn = min(f.cursor-starts[p.cursorRow], columns-1)

	if over := len(p.rows) - height; over > 0 {
		top := min(p.cursorRow, over)
		p.rows, p.wraps = p.rows[top:top+height], p.wraps[top:top+height]
		p.cursorRow -= top
		p.wraps[height-1] = false
	}
	for _, m := range f.menu {
		if len(p.rows) >= height || len(m.cells) == 0 {
			break
		}
		width := min(len(m.cells), columns-1)
		x := min(m.x%columns, columns-1-width)
		p.rows = append(p.rows, strings.Repeat(" ", x)+s.paint(m.cells[:width]))
		p.wraps = append(p.wraps, false)
	}
	return p
}

// paint is cells with their colours, or as they are if there is no colour: then
// only what is selected in the menu is shown in reverse.
func (s *screen) paint(cells []cell) string {
	var b strings.Builder
	now := style{}
	for _, c := range cells {
		if c.style != now {
			now = c.style
			b.WriteString(s.code(now))
		}
		b.WriteString(c.text)
	}
	if now != (style{}) {
		b.WriteString(resetStyle)
	}
	return b.String()
}

func (s *screen) code(st style) string {
	if st.fg == stateColor {
		st.fg = s.state
	}
	code := "\x1b[0"
	if !s.color {
		if st.bg == selectedColor {
			code += ";7"
		}
		return code + "m"
	}
	if st.bold {
		code += ";1"
	}
	return code + colorCode(st.fg, 30) + colorCode(st.bg, 40) + "m"
}

// colorCode is the SGR parameter of a colour; base is 30 for text, 40 for the
// background.
func colorCode(c prompt.Color, base int) string {
	switch {
	case c >= prompt.Black && c <= prompt.LightGray:
		return fmt.Sprintf(";%d", base+int(c-prompt.Black))
	case c >= prompt.DarkGray && c <= prompt.White:
		return fmt.Sprintf(";%d", base+60+int(c-prompt.DarkGray))
	}
	return ""
}

func width(s string) int { return runewidth.StringWidth(s) }
