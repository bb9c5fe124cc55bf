package fourletter

import (
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
)

// word is one word's parser, and its value written again.
type word struct {
	name  string
	parse func(reply string) (value any, text string, err error)
}

func value[T any](parse func(string) (T, error), text func(T) string) func(string) (any, string, error) {
	return func(reply string) (any, string, error) {
		v, err := parse(reply)
		if err != nil {
			return nil, "", err
		}
		return v, text(v), nil
	}
}

var parsers = []word{
	{"conf", value(ParseConf, (*Conf).Text)},
	{"cons", value(ParseCons, ConsText)},
	{"dirs", value(ParseDirs, (*Dirs).Text)},
	{"dump", value(ParseDump, (*Dump).Text)},
	{"envi", value(ParseEnvi, (*Envi).Text)},
	{"hash", value(ParseHash, HashText)},
	{"mntr", value(ParseMntr, (*Mntr).Text)},
	{"srvr", value(ParseSrvr, func(s *Srvr) string { return s.Text(false) })},
	{"stat", value(ParseSrvr, func(s *Srvr) string { return s.Text(true) })},
	{"wchc", value(ParseWchc, written(WriteWchc))},
	{"wchp", value(ParseWchp, written(WriteWchp))},
	{"wchs", value(ParseWchs, (*Wchs).Text)},
}

// written makes of a function that writes a list one that returns the text.
func written[T any](write func(io.Writer, iter.Seq[T])) func([]T) string {
	return func(list []T) string {
		var b strings.Builder
		write(&b, slices.Values(list))
		return b.String()
	}
}

func parserOf(t testing.TB, name string) word {
	t.Helper()
	for _, w := range parsers {
		if w.name == name {
			return w
		}
	}
	t.Fatalf("no parser of %s", name)
	return word{}
}

// A refusal is told apart from a reply, whatever the word.
func TestRefusals(t *testing.T) {
	for _, w := range parsers {
		if _, _, err := w.parse(NotServing()); !errors.Is(err, ErrNotServing) {
			t.Errorf("%s: %v", w.name, err)
		}
		if _, _, err := w.parse(NotAllowed(w.name)); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: %v", w.name, err)
		}
		for _, bad := range []string{"<html>\n<body>", "imok", "\x00\x01"} {
			if v, _, err := w.parse(bad); err == nil {
				t.Errorf("%s took %q for %+v", w.name, bad, v)
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %q is more than a line", w.name, err)
			}
		}
	}
	if err := ParseRuok("imok"); err != nil {
		t.Error(err)
	}
	if err := ParseRuok("imo"); err == nil {
		t.Error("imo is taken for imok")
	}
	if _, err := ParseIsro("null"); !errors.Is(err, ErrNotServing) {
		t.Error(err)
	}
	if ro, err := ParseIsro("ro"); !ro || err != nil {
		t.Error(ro, err)
	}
	if v, err := ParseMask("306"); v != 306 || err != nil {
		t.Error(v, err)
	}
}

// FuzzParse feeds every parser anything: what one takes, it writes so that it
// reads, and writes, the same again.
func FuzzParse(f *testing.F) {
	for _, fixture := range fixtures(f) {
		f.Add(fixture.text)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		for _, w := range parsers {
			_, text, err := w.parse(reply)
			if err != nil {
				continue
			}
			_, again, err := w.parse(text)
			if err != nil {
				t.Fatalf("%s: %v\nof %q\nwhich was %q", w.name, err, text, reply)
			}
			if again != text {
				t.Fatalf("%s\n got %q\nwant %q", w.name, again, text)
			}
		}
	})
}
