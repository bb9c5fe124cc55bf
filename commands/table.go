package commands

import (
	"bufio"
	"io"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// tableFormat draws one table of all items, when it is closed.
type tableFormat struct {
	style   Style
	columns []string
	rows    [][]string
}

func (f *tableFormat) print(_ *bufio.Writer, item Item) error {
	columns, rows := item.Row(f.style)
	f.columns, f.rows = columns, append(f.rows, rows...)
	return nil
}

func (f *tableFormat) close(w *bufio.Writer) error {
	if f.columns == nil {
		return nil
	}
	return renderTable(w, f.columns, f.rows)
}

// renderTable draws a table as all tables of zook are.
func renderTable(w io.Writer, columns []string, rows [][]string) error {
	t := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRowAlignment(tw.AlignLeft))
	t.Header(columns)
	if err := t.Bulk(rows); err != nil {
		return err
	}
	return t.Render()
}
