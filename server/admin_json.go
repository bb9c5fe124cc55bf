package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"zook/fourletter"
)

// jsonObject is a JSON object whose fields stay in their order. Values are nil,
// bool, string, int, int64, float64, jsonNumber, jsonObject, and slices of
// string, int64 and jsonObject.
type jsonObject []jsonField

type jsonField struct {
	name  string
	value any
}

// jsonNumber is a number as it is to be written.
type jsonNumber string

// has reports whether there is a field of that name.
func (o jsonObject) has(name string) bool {
	for _, f := range o {
		if f.name == name {
			return true
		}
	}
	return false
}

// jsonWriter writes JSON as Apache's AdminServer does, space for space: people
// grep in it. Format: Jackson's DefaultPrettyPrinter.
type jsonWriter struct {
	bytes.Buffer
	depth int
	enc   *json.Encoder // of strings
}

func writeJSON(o jsonObject) *jsonWriter {
	w := &jsonWriter{}
	w.enc = json.NewEncoder(&w.Buffer)
	w.enc.SetEscapeHTML(false)
	w.object(o)
	return w
}

func (w *jsonWriter) object(o jsonObject) {
	if len(o) == 0 {
		w.WriteString("{ }")
		return
	}
	w.WriteByte('{')
	w.depth++
	for i, f := range o {
		if i > 0 {
			w.WriteByte(',')
		}
		w.line()
		w.text(f.name)
		w.WriteString(" : ")
		w.value(f.value)
	}
	w.depth--
	w.line()
	w.WriteByte('}')
}

// line begins a line.
func (w *jsonWriter) line() {
	w.WriteByte('\n')
	for range w.depth {
		w.WriteString("  ")
	}
}

// text writes a string; what is no UTF-8 in it becomes U+FFFD.
func (w *jsonWriter) text(s string) {
	w.enc.Encode(s) // into memory: it cannot fail
	w.Truncate(w.Len() - 1)
}

func (w *jsonWriter) value(v any) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		w.WriteString(strconv.FormatBool(v))
	case string:
		w.text(v)
	case int:
		w.WriteString(strconv.Itoa(v))
	case int64:
		w.WriteString(strconv.FormatInt(v, 10))
	case float64:
		w.WriteString(fourletter.Double(v))
	case jsonNumber:
		w.WriteString(string(v))
	case jsonObject:
		w.object(v)
	case []string:
		writeArray(w, v, w.text)
	case []int64:
		writeArray(w, v, func(n int64) { w.WriteString(strconv.FormatInt(n, 10)) })
	case []jsonObject:
		writeArray(w, v, w.object)
	default:
		panic(fmt.Sprintf("%T in JSON", v))
	}
}

func writeArray[T any](w *jsonWriter, list []T, write func(T)) {
	w.WriteString("[ ")
	for i, v := range list {
		if i > 0 {
			w.WriteString(", ")
		}
		write(v)
	}
	if len(list) > 0 {
		w.WriteByte(' ')
	}
	w.WriteByte(']')
}
