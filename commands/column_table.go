package commands

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// columnTable is a table without lines between its cells, made to fit a width.
type columnTable struct {
	columns    []string
	expendable []string // that are left out when it is too wide, the first ones first
	left       []string // whose cells stand to the left
	rows       []tableRow
	keep       int // columns that a row with a note has
}

type tableRow struct {
	cells []string
	note  string // if not "" it takes the place of the cells behind the first
	bad   bool   // painted so
}

const columnGap = 2

// draw returns the lines, the names of the columns first; none is wider than the
// style's width, if there is one, and nothing in a cell steers a terminal.
func (t *columnTable) draw(s Style) []string {
	for i := range t.rows {
		r := &t.rows[i]
		r.note = printable(r.note)
		for c := range r.cells {
			r.cells[c] = printable(r.cells[c])
		}
	}
	shown, widths := t.fit(s.Width)
	line := func(cells []string, note string) string {
		var b strings.Builder
		for i, c := range shown {
			if note != "" && c >= t.keep {
				break
			}
			if i > 0 {
				b.WriteString(strings.Repeat(" ", columnGap))
			}
			cell := runewidth.Truncate(cells[c], widths[i], "…")
			pad := strings.Repeat(" ", max(0, widths[i]-runewidth.StringWidth(cell)))
			if slices.Contains(t.left, t.columns[c]) {
				b.WriteString(cell + pad)
			} else {
				b.WriteString(pad + cell)
			}
		}
		text := b.String()
		if note != "" {
			text += strings.Repeat(" ", columnGap) + note
		}
		if s.Width > 0 {
			text = runewidth.Truncate(text, s.Width, "…")
		}
		return strings.TrimRight(text, " ")
	}
	lines := []string{s.Paint(line(t.columns, ""), bold)}
	for _, r := range t.rows {
		text := line(r.cells, r.note)
		if r.bad {
			text = s.Paint(text, red)
		}
		lines = append(lines, text)
	}
	return lines
}

// fit chooses the columns that a width has room for; if that is not enough, the
// first is made narrower.
func (t *columnTable) fit(width int) (shown, widths []int) {
	natural := make([]int, len(t.columns))
	for c, name := range t.columns {
		natural[c] = runewidth.StringWidth(name)
		for _, r := range t.rows {
			if r.note == "" || c < t.keep {
				natural[c] = max(natural[c], runewidth.StringWidth(r.cells[c]))
			}
		}
		shown = append(shown, c)
	}
	total := func() (n int) {
		for _, c := range shown {
			n += natural[c] + columnGap
		}
		return n - columnGap
	}
	for _, name := range t.expendable {
		if width == 0 || total() <= width {
			break
		}
		shown = slices.DeleteFunc(shown, func(c int) bool { return t.columns[c] == name })
	}
	for _, c := range shown {
		widths = append(widths, natural[c])
	}
	if over := total() - width; width > 0 && over > 0 {
		widths[0] = max(8, widths[0]-over)
	}
	return shown, widths
}
