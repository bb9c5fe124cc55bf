package completions

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{" \t ", nil},
		{"ls /a", []string{"ls", "/a"}},
		{"  set\t/a  'two words' ", []string{"set", "/a", "two words"}},
		{`set /a "it's" 'say "hi"'`, []string{"set", "/a", "it's", `say "hi"`}},
		{`set /a ""`, []string{"set", "/a", ""}},
		{`a'b'"c"\d`, []string{"abcd"}},
		{`/my\ node`, []string{"/my node"}},
		{`"\a\\\"\$"`, []string{`\a\"$`}},
		{`'\'`, []string{`\`}},
		{"ls /a\r", []string{"ls", "/a"}}, // a line of a file from Windows
		{"ls \\\n/a", []string{"ls", "/a"}},
		{`set /a x;y|z>w&$HOME#*`, []string{"set", "/a", "x;y|z>w&$HOME#*"}},
		{"set /a \x00b\x00", []string{"set", "/a", "\x00b\x00"}}, // binary data
		{`set /日本 données`, []string{"set", "/日本", "données"}},
	} {
		got, err := Split(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Split(%q) = %q, %v; want %q", c.line, got, err, c.want)
		}
	}
}

func TestSplitUnfinished(t *testing.T) {
	for line, want := range map[string]string{
		`set /a 'x`: "single quote",
		`set /a "x`: "double quote",
		`set /a x\`: "backslash",
	} {
		if words, err := Split(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Split(%q) = %q, %v; want an error about the %s", line, words, err, want)
		}
	}
}

// A line that a person copies from zook into sh, or back, means the same.
func TestShReadsWhatQuoteWrites(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	words := []string{"", "plain", "/a b", "it's", `"`, `\`, "$HOME", "`x`", "*", "#", "~", "a;b", "tab\there", "-x=y", "日本", "!", "a\nb"}
	line := "printf '%s\\0'"
	for _, w := range words {
		line += " " + quote(w)
	}
	out, err := exec.Command(sh, "-c", line).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, words) {
		t.Errorf("sh reads %q\nwant     %q", got, words)
	}
}

// FuzzSplit holds Split to mvdan.cc/sh's reading of POSIX wherever a line has
// none of the characters that only a real shell treats specially.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"ls /a", `a 'b c' "d\"e" f\ g`, `"`, `'a`, `\`, "a\\\nb", `''`, `"\$"`} {
		f.Add(s)
	}
	parser := syntax.NewParser(syntax.Variant(syntax.LangPOSIX))
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		quoted := ""
		for _, w := range words {
			if back, err := Split(quote(w)); err != nil || !slices.Equal(back, []string{w}) {
				t.Fatalf("quote(%q) = %s reads as %q, %v", w, quote(w), back, err)
			}
			quoted += " " + quote(w)
		}
		if back, err := Split(quoted); err != nil || !slices.Equal(back, words) {
			t.Fatalf("%q became %q, %v", words, back, err)
		}
		if strings.ContainsAny(line, "$`;|&<>(){}*?[]#~!=\n\r\v\f\x00") || strings.ToValidUTF8(line, "") != line {
			return
		}
		var parsed []*syntax.Word
		for w, err := range parser.WordsSeq(strings.NewReader(line)) {
			if err != nil {
				return
			}
			parsed = append(parsed, w)
		}
		want, err := expand.Fields(nil, parsed...)
		if err != nil {
			return
		}
		if !slices.Equal(words, want) {
			t.Fatalf("Split(%q) = %q; sh reads %q", line, words, want)
		}
	})
}

// quote is the reverse of Split: the shortest plain spelling of word that Split
// reads back as exactly that one word.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
