package commands

import (
	"bufio"
	"io"
	"strings"
)

// Format is how a command prints what it found.
type Format string

// The formats. Auto is text, laid out for eyes on a terminal.
const (
	Auto  Format = ""
	Text  Format = "text"
	Table Format = "table"
	JSON  Format = "json"
	JSONL Format = "jsonl"
	ZkCli Format = "zkcli"
)

var formats = []string{string(Text), string(Table), string(JSON), string(JSONL), string(ZkCli)}

// Set, Type and String make a Format a flag.
func (f *Format) Set(s string) error {
	for _, name := range formats {
		if s == name {
			*f = Format(s)
			return nil
		}
	}
	if n := nearest(s, formats); n != "" {
		return usagef("there is no format %q; did you mean %s?", s, n)
	}
	return usagef("there is no format %q; there are %s", s, strings.Join(formats, ", "))
}
func (f *Format) Type() string   { return "format" }
func (f *Format) String() string { return string(*f) }

// Item is one thing that a command prints. Its exported fields are its JSON:
// times are Time, zxids and session ids Hex.
type Item interface {
	// Text writes whole lines (only the data of a znode may end otherwise).
	Text(w io.Writer, s Style)
	// Row returns the item as rows of a table. All items of a command have the
	// same columns.
	Row(s Style) (columns []string, rows [][]string)
}

// zkcliItem is an Item that zkCli.sh prints otherwise than as text.
type zkcliItem interface {
	ZkCli(w io.Writer)
}

// Printer prints items in one format.
type Printer struct {
	w *bufio.Writer
	formatter
}

type formatter interface {
	print(w *bufio.Writer, item Item) error
	close(w *bufio.Writer) error
}

// Printer returns a printer of the format asked for. many says that the command
// may print any number of items: json is then an array, else the one item.
func (e *Env) Printer(many bool) *Printer {
	p := &Printer{w: bufio.NewWriter(e.Out)}
	s := e.style()
	switch e.Format {
	case Table:
		p.formatter = &tableFormat{style: s}
	case JSON:
		p.formatter = &jsonFormat{many: many}
	case JSONL:
		p.formatter = jsonlFormat{}
	case ZkCli:
		p.formatter = zkcliFormat{s}
	default:
		p.formatter = textFormat{s}
	}
	return p
}

// TablePrinter is Printer for commands whose items are easiest on the eye as a
// table: on a terminal they print one unless another format is asked for.
func (e *Env) TablePrinter(many bool) *Printer {
	if e.Format == Auto && e.Terminal {
		return &Printer{bufio.NewWriter(e.Out), &tableFormat{style: e.style()}}
	}
	return e.Printer(many)
}

// Print prints an item, or keeps it until Close if the format needs them all.
func (p *Printer) Print(item Item) error { return p.print(p.w, item) }

// Flush passes on what has been printed, for items that come slowly.
func (p *Printer) Flush() error { return p.w.Flush() }

// Close ends the output; it must be called after errors too.
func (p *Printer) Close() error {
	if err := p.close(p.w); err != nil {
		return err
	}
	return p.w.Flush()
}

// print prints one item that is all a command prints.
func (e *Env) print(item Item) error {
	p := e.Printer(false)
	if err := p.Print(item); err != nil {
		return err
	}
	return p.Close()
}
