package commands

import (
	"fmt"
	"io"
)

// Items that several commands print.

// found is a path that a command found.
type found struct {
	Path string `json:"path"`
}

func (f *found) Text(w io.Writer, _ Style) { fmt.Fprintln(w, printable(f.Path)) }
func (f *found) Row(Style) ([]string, [][]string) {
	return []string{"path"}, [][]string{{printable(f.Path)}}
}

// done is a path to which a command has done its work. It is told to eyes and
// where a format is asked for; a program that asked for none sees no lines.
type done struct {
	Path string `json:"path"`

	eyes  string // the line for a person; "" for none
	zkcli string // that of zkCli
}

func (d *done) Text(w io.Writer, s Style) {
	if s.Terminal && d.eyes != "" {
		fmt.Fprintln(w, d.eyes)
	}
}

func (d *done) Row(Style) ([]string, [][]string) {
	return []string{"path"}, [][]string{{printable(d.Path)}}
}

func (d *done) ZkCli(w io.Writer) {
	if d.zkcli != "" {
		fmt.Fprintln(w, d.zkcli)
	}
}

// changed is the metadata of a znode after a change: printed as text with -s.
type changed struct {
	Path string `json:"path"`
	*Stat
	show bool
}

func (c *changed) Text(w io.Writer, s Style) {
	if c.show {
		c.Stat.Text(w, c.Path, s)
	}
}

func (c *changed) Row(s Style) ([]string, [][]string) {
	columns, row := c.Stat.row(c.Path, s)
	return columns, [][]string{row}
}

func (c *changed) ZkCli(w io.Writer) {
	if c.show {
		zkcliStat(w, &c.stat)
	}
}

// word is one value that a command prints: its text is the same in every format
// but JSON, where it is named.
type word struct {
	name, value string
}

func (x *word) Text(w io.Writer, _ Style)        { fmt.Fprintln(w, x.value) }
func (x *word) Row(Style) ([]string, [][]string) { return []string{x.name}, [][]string{{x.value}} }
func (x *word) MarshalJSON() ([]byte, error)     { return encodeJSON(map[string]string{x.name: x.value}) }

// printHeader writes "path:" before what belongs to one of several paths, for
// eyes only.
func printHeader(w io.Writer, path string, several bool, s Style) {
	if several && s.Terminal {
		fmt.Fprintln(w, s.Paint(printable(path)+":", bold))
	}
}
