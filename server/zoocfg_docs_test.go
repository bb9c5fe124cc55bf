package server

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// documented are the keys that a part of a page names in backticks; `a.*` stands for all
// that begin with a., and `.c` behind `a.b` for a.c.
type documented []string

func readDocumented(t *testing.T, page, from, to string) documented {
	t.Helper()
	b, err := os.ReadFile("../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), from)
	if !ok {
		t.Fatalf("%s has no %q", page, from)
	}
	text, _, _ = strings.Cut(text, to)
	var names documented
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "| `") {
			cell, _, _ := strings.Cut(line[2:], " | ")
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
				name := m[1]
				if strings.HasPrefix(name, ".") {
					before := names[len(names)-1]
					name = before[:strings.LastIndexByte(before, '.')] + name
				}
				names = append(names, name)
			}
		}
	}
	return names
}

func (d documented) has(key string) bool {
	for _, name := range d {
		prefix, all := strings.CutSuffix(name, "*")
		if name == key || all && strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// Every key of Apache's is parsed and documented, or absent and documented with the reason.
func TestKeysAreDocumented(t *testing.T) {
	present := readDocumented(t, "configuration.md", "# Configuration", "\x00")
	absent := readDocumented(t, "compatibility.md", "## Configuration keys", "\n## ")
	b, err := os.ReadFile("testdata/apache-keys.txt")
	if err != nil {
		t.Fatal(err)
	}
	for key := range strings.Lines(string(b)) {
		key = strings.TrimSpace(key)
		if strings.HasPrefix(key, "#") {
			continue
		}
		_, parsed := settingOf(key)
		switch why := absentReason(key); {
		case !parsed && why == "":
			t.Errorf("%s is neither parsed nor known as absent", key)
		case !parsed && !absent.has(key):
			t.Errorf("%s is absent, and docs/compatibility.md does not say so", key)
		}
	}
	for _, group := range keys {
		for key := range group {
			if strings.HasSuffix(key, ".") {
				key += "1"
			}
			if !present.has(key) {
				t.Errorf("%s is parsed, and docs/configuration.md does not have it", key)
			}
		}
	}
	for _, group := range absentKeys {
		for _, key := range group.keys {
			if !absent.has(key) && !absent.has(key+"*") {
				t.Errorf("%s is absent, and docs/compatibility.md does not say so", key)
			}
			if _, parsed := settingOf(key); parsed {
				t.Errorf("%s is parsed and known as absent", key)
			}
		}
	}
	for _, name := range present {
		if _, ok := settingOf(strings.TrimSuffix(name, "*") + map[bool]string{true: "1"}[strings.HasSuffix(name, "*")]); !ok {
			t.Errorf("docs/configuration.md has %s, which is not parsed", name)
		}
	}
}
