package shell

import (
	"strings"

	"github.com/c-bata/go-prompt"
	"github.com/mattn/go-runewidth"
)

// canvas is where go-prompt draws instead of on the terminal: a sheet so wide
// that nothing wraps, whose first row is the prompt with the line being typed and
// whose other rows are the menu. Every Flush hands the finished frame to the
// screen, which alone knows the size of the terminal and what else is on it.
//
// So go-prompt's own idea of the terminal, which is wrong after a resize, a
// wrapped wide character or a line printed by anyone else, does not matter.
type canvas struct {
	show     func(frame)
	menuLeft int // columns from the menu's start to the cursor

	rows  [][]cell
	x, y  int
	style style
	begun bool // something has been written since the last Flush
	ended bool // the line has been entered
}

// sheetSize is the size of the terminal that go-prompt is told of.
const sheetSize = 1<<16 - 1

// cell is a column of a row: a character with what combines with it, "" for the
// second half of a wide one.
type cell struct {
	text  string
	style style
}

type style struct {
	fg, bg prompt.Color
	bold   bool
}

// frame is one state of what the person sees.
type frame struct {
	line   []cell // prompt and input
	cursor int    // column of line
	menu   []menuRow
	ended  bool // the line has been entered: no menu, and what follows goes below
}

type menuRow struct {
	x     int // column of line below which it starts
	cells []cell
}

// put writes text at the current position. Everything go-prompt draws starts
// with moves back to where the last frame began: until the first text they are
// moves to the corner of a new sheet.
func (c *canvas) put(text string) {
	if !c.begun {
		c.rows, c.x, c.y, c.begun = nil, 0, 0, true
	}
	for _, r := range text {
		if r == '\n' {
			c.ended = true
			continue
		}
		w := runewidth.RuneWidth(r)
		for len(c.rows) <= c.y {
			c.rows = append(c.rows, nil)
		}
		row := c.rows[c.y]
		for len(row) < c.x+w {
			row = append(row, cell{text: " "})
		}
		switch {
		case w > 0:
			row[c.x] = cell{string(r), c.style}
			for i := 1; i < w; i++ {
				row[c.x+i] = cell{"", c.style}
			}
		case c.x > 0 && c.x <= len(row):
			row[c.x-1].text += string(r)
		}
		c.rows[c.y] = row
		c.x += w
	}
}

// Flush implements prompt.ConsoleWriter.
func (c *canvas) Flush() error {
	if c.begun {
		f := frame{cursor: c.x, ended: c.ended}
		for i, row := range c.rows {
			if i == 0 {
				f.line = row
			} else if !c.ended {
				f.menu = append(f.menu, c.menuOf(row))
			}
		}
		c.show(f)
	}
	c.begun, c.ended = false, false
	return nil
}

func (c *canvas) menuOf(row []cell) menuRow {
	x := 0
	for x < len(row) && row[x].style == (style{}) {
		x++
	}
	return menuRow{max(x-c.menuLeft, 0), row[x:]}
}

func (c *canvas) move(dx, dy int) {
	if c.begun {
		c.x, c.y = max(c.x+dx, 0), max(c.y+dy, 0)
	}
}

// The rest implements prompt.ConsoleWriter. Control characters in text never
// reach the terminal.

func (c *canvas) WriteRaw([]byte)         {} // how go-prompt makes a terminal wrap
func (c *canvas) Write(data []byte)       { c.WriteStr(string(data)) }
func (c *canvas) WriteRawStr(data string) { c.put(data) }
func (c *canvas) WriteStr(data string)    { c.put(strings.Map(visible, data)) }

func visible(r rune) rune {
	if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
		return '?'
	}
	return r
}

func (c *canvas) CursorUp(n int)       { c.move(0, -n) }
func (c *canvas) CursorDown(n int)     { c.move(0, n) }
func (c *canvas) CursorForward(n int)  { c.move(n, 0) }
func (c *canvas) CursorBackward(n int) { c.move(-n, 0) }

func (c *canvas) SetColor(fg, bg prompt.Color, bold bool) { c.style = style{fg, bg, bold} }

// Making room, erasing and hiding the cursor is the screen's business.

func (c *canvas) EraseScreen()        {}
func (c *canvas) EraseUp()            {}
func (c *canvas) EraseDown()          {}
func (c *canvas) EraseStartOfLine()   {}
func (c *canvas) EraseEndOfLine()     {}
func (c *canvas) EraseLine()          {}
func (c *canvas) ShowCursor()         {}
func (c *canvas) HideCursor()         {}
func (c *canvas) CursorGoTo(int, int) {}
func (c *canvas) AskForCPR()          {}
func (c *canvas) SaveCursor()         {}
func (c *canvas) UnSaveCursor()       {}
func (c *canvas) ScrollDown()         {}
func (c *canvas) ScrollUp()           {}
func (c *canvas) SetTitle(string)     {}
func (c *canvas) ClearTitle()         {}
