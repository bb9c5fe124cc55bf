package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What java.util.Properties makes of these, by JDK 17; keys and values trimmed as
// Apache does.
func TestProperties(t *testing.T) {
	for file, want := range map[string]string{
		"a=b":               "a|b|1",
		"a:b":               "a|b|1",
		"a b":               "a|b|1",
		"a\tb":              "a|b|1",
		"a\fb":              "a|b|1",
		" \t a \t = \t b ":  "a|b|1",
		"a = : b":           "a|: b|1",
		"a  b = c":          "a|b = c|1",
		"a":                 "a||1",
		"a=":                "a||1",
		"=b":                "|b|1",
		"# a=b\n! c=d\ne=f": "e|f|3",
		"a=b # c":           "a|b # c|1",
		"a=1\r\nb=2\rc=3\n": "a|1|1 b|2|2 c|3|3",
		"a=b\\\n   c\nd=e":  "a|bc|1 d|e|3",
		"a=b\\\r\n\tc":      "a|bc|1",
		"a=b\\\\\nc=d":      `a|b\|1 c|d|2`,
		"a=b\\\\\\\nc":      `a|b\c|1`,
		"a=b\\\n#c":         "a|b#c|1",
		"a\\\n=b":           "a|b|1",
		"# a \\\nb=c":       "b|c|2",
		"\\\n# a\nb=c":      "b|c|3",
		"a=b\\":             "a|b|1",
		`a\=b\:c\ d=e`:      "a=b:c d|e|1",
		`a=C:\\zk\\data`:    `a|C:\zk\data|1`,
		`a=C:\zk\data`:      `a|C:zkdata|1`,
		`a=\u0041\u00e9\t.`: "a|Aé\t.|1",
		`a=\ud83d\ude00`:    "a|😀|1",
		"a=\xe9\xa0":        "a|é\u00a0|1",
		"a=\x00b\x00":       "a|b|1",
		"":                  "",
		"\n \n\t\n":         "",
	} {
		props, problems := parseProperties([]byte(file), "f")
		var got []string
		for _, p := range props {
			got = append(got, p.key+"|"+p.value+"|"+strings.TrimPrefix(p.place, "f:"))
		}
		if strings.Join(got, " ") != want || len(problems) > 0 {
			t.Errorf("%q: %q, want %q; %v", file, got, want, problems)
		}
	}
	for _, file := range []string{`a=\u12`, `a=\u12g4`, `\uzzzz=a`} {
		props, problems := parseProperties([]byte("b=c\n"+file+"\nd=e"), "f")
		if len(props) != 2 || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "f:2: ") || !problems[0].Fatal {
			t.Errorf("%q: %v, %v", file, props, problems)
		}
	}
}

// Letters that a person wrote as UTF-8 are read as Java reads them, and warned about.
func TestPropertiesInUTF8(t *testing.T) {
	props, problems := parseProperties([]byte("dataDir=/ä\ntickTime=5"), "f")
	if props[0].value != "/\u00c3\u00a4" || len(problems) != 1 || problems[0].Fatal || !strings.HasPrefix(problems[0].String(), "f:1: dataDir has letters beyond ASCII") {
		t.Errorf("%q, %v", props, problems)
	}
}

func TestFilesThatAreNoConfiguration(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"binary": "dataDir=/d\x00\x01", "large": strings.Repeat("a=b\n", 1<<18+1),
	} {
		file := filepath.Join(dir, name)
		os.WriteFile(file, []byte(content), 0o644)
		if _, _, err := ReadConfig(file); err == nil || !strings.HasPrefix(err.Error(), file+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := ReadConfig(dir); err == nil {
		t.Error("a directory is a configuration")
	}
}
