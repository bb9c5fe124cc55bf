package commands

import (
	"bufio"
	"bytes"
	"encoding/json"
)

// jsonFormat prints one indented document: an array of all items if there may be
// many, else the item.
type jsonFormat struct {
	many    bool
	printed int
}

func (f *jsonFormat) print(w *bufio.Writer, item Item) error {
	b, err := encodeJSON(item)
	if err != nil {
		return err
	}
	prefix := ""
	if f.many {
		prefix = "  "
		w.WriteString(map[bool]string{true: "[\n  ", false: ",\n  "}[f.printed == 0])
	}
	f.printed++
	var indented bytes.Buffer
	if err := json.Indent(&indented, b, prefix, "  "); err != nil {
		return err
	}
	_, err = w.Write(bytes.TrimRight(indented.Bytes(), "\n"))
	return err
}

func (f *jsonFormat) close(w *bufio.Writer) error {
	switch {
	case f.many && f.printed == 0:
		w.WriteString("[]\n")
	case f.many:
		w.WriteString("\n]\n")
	case f.printed > 0:
		w.WriteString("\n")
	}
	return nil
}

// jsonlFormat prints an object a line.
type jsonlFormat struct{}

func (jsonlFormat) print(w *bufio.Writer, item Item) error {
	b, err := encodeJSON(item)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
func (jsonlFormat) close(*bufio.Writer) error { return nil }

// encodeJSON returns v as a line of JSON, < and > as they are.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
