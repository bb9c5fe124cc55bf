package commands

import (
	"slices"
	"strings"
	"testing"

	"zook/completions"
)

func TestCutOps(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" ; ;\n;", nil},
		{"create /a x; set /b y", []string{"create /a x", " set /b y"}},
		{"create /a x;set /b y;", []string{"create /a x", "set /b y"}},
		{`create /a "x; y" ; set /b 'z;'`, []string{`create /a "x; y" `, ` set /b 'z;'`}},
		{`create /a x\;y`, []string{`create /a x\;y`}},
		{"create /a 'two\nlines'\nset /b y", []string{"create /a 'two\nlines'", "set /b y"}},
		{"create /a \\\n x\nset /b y", []string{"create /a \\\n x", "set /b y"}},
		{"# it's a comment; really\nset /a y\n  # another\n", []string{"set /a y"}},
		{"set /a # ; set /b #", []string{"set /a # ", " set /b #"}},
		{"set /a 'open; set /b y\n", []string{"set /a 'open; set /b y\n"}},
	} {
		if got := cutOps(test.text); !slices.Equal(got, test.want) {
			t.Errorf("cutOps(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestScanScript(t *testing.T) {
	for _, test := range []struct {
		text string
		want []scriptLine
	}{
		{"", nil},
		{"ls /", []scriptLine{{"ls /", 1, nil}}},
		{"\ufeffls /\r\n\r\nget /a\r\n", []scriptLine{{"ls /", 1, nil}, {"", 2, nil}, {"get /a", 3, nil}}},
		{"# it's\n  # \"so\nls\n", []scriptLine{{"ls", 3, nil}}},
		{"set /a 'one\n# two\nthree' 1\nls", []scriptLine{{"set /a 'one\n# two\nthree' 1", 1, nil}, {"ls", 4, nil}}},
		{"set /a \\\n  x\nls", []scriptLine{{"set /a \\\n  x", 1, nil}, {"ls", 3, nil}}},
		{`set /a 'it'\''s'` + "\nls", []scriptLine{{`set /a 'it'\''s'`, 1, nil}, {"ls", 2, nil}}},
		{`set /a "\""` + "\nls", []scriptLine{{`set /a "\""`, 1, nil}, {"ls", 2, nil}}},
		{"ls\nset /a 'open\nls", []scriptLine{{"ls", 1, nil}, {"set /a 'open\nls", 2, nil}}},
		{"ls \\", []scriptLine{{"ls \\", 1, nil}}},
	} {
		var got []scriptLine
		scanScript(strings.NewReader(test.text), func(l scriptLine) bool {
			got = append(got, l)
			return true
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("%q\n got %+v\nwant %+v", test.text, got, test.want)
		}
	}
}

// What is cut must be what Split reads: no cut inside of a word, nothing lost.
func FuzzScanScript(f *testing.F) {
	for _, seed := range []string{"ls /\nget /a", "set /a 'x\ny'\n", "a \\\nb\n# c\n", "\"'\"\n'\"'\n", "a;b 'c;d'\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		var whole []string
		scanScript(strings.NewReader(text), func(l scriptLine) bool {
			if l.number <= last {
				t.Fatalf("line %d after line %d", l.number, last)
			}
			last = l.number
			words, err := completions.Split(l.text)
			if err == nil {
				whole = append(whole, words...)
				for _, op := range cutOps(l.text) {
					if _, err := completions.Split(op); err != nil {
						t.Fatalf("%q is cut into %q: %v", l.text, op, err)
					}
				}
			}
			return true
		})
		if strings.ContainsAny(text, "'\"\\#\ufeff\x00") || len(text) > 1000 {
			return
		}
		if want, err := completions.Split(text); err == nil && !slices.Equal(whole, want) {
			t.Fatalf("words %q, want %q", whole, want)
		}
	})
}
