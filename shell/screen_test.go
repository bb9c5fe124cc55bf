package shell

import (
	"strings"
	"testing"

	"github.com/c-bata/go-prompt"
	"github.com/hinshun/vt10x"
)

// board is a screen on a terminal of its own.
type board struct {
	*screen
	*canvas
	vt            vt10x.Terminal
	columns, rows int
}

func newBoard(columns, rows int) *board {
	b := &board{vt: vt10x.New(vt10x.WithSize(columns, rows)), columns: columns, rows: rows}
	b.screen = &screen{out: b.vt, size: func() (int, int) { return b.columns, b.rows }, color: true}
	b.canvas = &canvas{show: b.screen.show}
	return b
}

// line draws a prompt with a line, the cursor back by so many columns, and a menu.
func (b *board) line(text string, back int, menu ...string) {
	b.CursorBackward(1000)
	b.SetColor(stateColor, prompt.DefaultColor, false)
	b.WriteStr("> ")
	b.SetColor(prompt.DefaultColor, prompt.DefaultColor, false)
	b.WriteStr(text)
	b.CursorBackward(back)
	for _, m := range menu {
		b.CursorDown(1)
		b.SetColor(menuText, menuColor, false)
		b.WriteStr(m)
		b.CursorBackward(width(m))
	}
	b.CursorUp(len(menu))
	b.canvas.Flush()
}

func (b *board) check(t *testing.T, when, want string, x, y int) {
	t.Helper()
	lines := strings.Split(b.vt.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if got := strings.TrimRight(strings.Join(lines, "\n"), "\n"); got != want {
		t.Errorf("%s: the screen is\n%s\nwant\n%s", when, got, want)
	}
	if c := b.vt.Cursor(); c.X != x || c.Y != y {
		t.Errorf("%s: the cursor is at %d,%d, want %d,%d", when, c.X, c.Y, x, y)
	}
}

func TestPrintAboveTheLine(t *testing.T) {
	b := newBoard(12, 8)
	b.line("get /a", 2)
	b.check(t, "at first", "> get /a", 6, 0)
	b.print("event\n")
	b.check(t, "after an event", "event\n> get /a", 6, 1)
	b.line("get /a", 0, " /ab", " /ac")
	b.print("a longer event\n")
	b.check(t, "with a menu", "event\na longer eve\nnt\n> get /a\n        /ab\n        /ac", 8, 3)
	b.line("get /a 1234567", 5)
	b.print("x\n")
	b.check(t, "with a wrapped line", "event\na longer eve\nnt\nx\n> get /a 123\n4567", 11, 4)
}

func TestLineAtTheEdge(t *testing.T) {
	b := newBoard(10, 6)
	b.line("12345678", 0)
	b.check(t, "a full row", "> 12345678", 0, 1)
	b.line("123456789", 0)
	b.check(t, "one more", "> 12345678\n9", 1, 1)
	b.line("12345678", 0)
	b.check(t, "one less", "> 12345678", 0, 1)
	b.line("1234567日本", 0) // 日 does not fit into the last column; vt10x shows it as narrow
	b.check(t, "a wide character", "> 1234567\n日本", 4, 1)
	b.line("e\u0301", 0)
	if c := b.vt.Cursor(); c.X != 3 || c.Y != 0 {
		t.Errorf("after a combining character the cursor is at %d,%d", c.X, c.Y)
	}
}

func TestBottomOfTheTerminal(t *testing.T) {
	b := newBoard(10, 4)
	b.print("1\n2\n3\n")
	b.line("x", 0, " a", " b", " c", " d", " e")
	b.check(t, "a menu scrolls the terminal", "> x\n    a\n    b\n    c", 3, 0)
	b.line("x", 0)
	b.check(t, "and goes", "> x", 3, 0)
	b.line(strings.Repeat("12345", 12), 0)
	b.check(t, "a line higher than the terminal", "4512345123\n4512345123\n4512345123\n45", 2, 3)
	b.line(strings.Repeat("12345", 12), 60)
	b.check(t, "its start", "> 12345123\n4512345123\n4512345123\n4512345123", 2, 0)
}

func TestEnteredLine(t *testing.T) {
	b := newBoard(20, 6)
	b.line("get /a", 0, " menu")
	b.WriteStr("> get /a\n")
	b.canvas.Flush()
	b.check(t, "entered", "> get /a", 0, 1)
	b.screen.Write([]byte("no newline"))
	b.print("event\n")
	b.line("", 0)
	b.check(t, "a command has run", "> get /a\nno newline\nevent\n>", 2, 3)
}

func TestResize(t *testing.T) {
	b := newBoard(20, 6)
	b.print("above\n")
	b.line("get /a/long/path", 0)
	b.columns = 10
	b.vt.Resize(10, 6)
	b.redraw() // vt10x cuts lines off; ours, like most, wraps them, so there is one row more
	if got := b.vt.String(); !strings.Contains(got, "> get /a/l\nong/path") {
		t.Errorf("the screen is\n%s", got)
	}
}

// What a znode or a line holds never reaches the terminal as a control sequence.
func TestControlCharactersInALine(t *testing.T) {
	b := newBoard(20, 3)
	b.line("a\x1b[2Jb\x07c\u009bd", 0)
	b.check(t, "drawn", "> a?[2Jb?c?d", 12, 0)
}

func TestNoColor(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out, size: func() (int, int) { return 80, 24 }}
	c := &canvas{show: s.show}
	c.SetColor(stateColor, 0, false)
	c.WriteStr("> ")
	c.CursorDown(1)
	c.SetColor(selectedText, selectedColor, true)
	c.WriteStr("chosen")
	c.Flush()
	for _, code := range strings.Split(out.String(), "\x1b[")[1:] {
		if end := strings.IndexFunc(code, func(r rune) bool { return r >= '@' }); code[end] == 'm' && code[:end] != "" && code[:end] != "0" && code[:end] != "0;7" {
			t.Errorf("without colour the terminal is sent %q", code)
		}
	}
}
