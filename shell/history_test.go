package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestHistoryKeepsNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zook", "history")
	h := openHistory(path)
	for _, line := range []string{
		"get /a", "get /a", "addauth digest me:secret", "ADDAUTH digest me:secret", "ls --auth digest:me:secret /",
		"connect -auth digest:me:secret", "ls --auth=x", "set /db/password hunter2", "set /x '{\"password\":\"hunter2\"}'",
		" get /hidden", "get /authors", "whoami", "get /a",
	} {
		h.add(line)
	}
	b, err := os.ReadFile(path)
	if want := "get /a\nget /authors\nwhoami\nget /a\n"; err != nil || string(b) != want {
		t.Errorf("the file holds %q, %v; want %q", b, err, want)
	}
	if n := len(h.session()); n != 13 {
		t.Errorf("the session has %d lines", n)
	}
}

func TestHistoryOfSeveralShells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zook", "history")
	const shells, lines = 4, 300
	os.MkdirAll(filepath.Dir(path), 0o700)
	old := strings.Repeat("old\n", 2*maxHistory+1) // the first to come cuts it
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range shells {
		all.Go(func() {
			h := openHistory(path)
			for j := range lines {
				h.add(fmt.Sprintf("line %d of shell %d", j, i))
			}
		})
	}
	all.Wait()
	h := openHistory(path)
	if len(h.lines) != maxHistory+shells*lines {
		t.Errorf("the file has %d lines, want %d", len(h.lines), maxHistory+shells*lines)
	}
	for i := range shells {
		if !slices.Contains(h.lines, fmt.Sprintf("line %d of shell %d", lines-1, i)) {
			t.Errorf("the last line of shell %d is gone", i)
		}
	}
	if left, _ := filepath.Glob(path + ".*"); !slices.Equal(left, []string{path + ".lock"}) {
		t.Errorf("files left behind: %v", left)
	}
}

func TestHistoryThatCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "zook"), nil, 0o600) // a file where the folder should be
	for _, path := range []string{"", filepath.Join(dir, "zook", "history")} {
		h := openHistory(path)
		h.add("get /a")
		if got := h.session(); !slices.Equal(got, []string{"get /a"}) {
			t.Errorf("%q: the session has %q", path, got)
		}
	}
	path := filepath.Join(dir, "binary")
	os.WriteFile(path, []byte("get /a\r\n\n\x00\xff\nget /b"), 0o600)
	if got := openHistory(path).lines; !slices.Equal(got, []string{"get /a", "??", "get /b"}) {
		t.Errorf("read %q", got)
	}
}

func TestSearch(t *testing.T) {
	lines := []string{"get /a", "ls /b", "get /b", "get /b", "set /a x"}
	s := &search{lines: lines, at: len(lines), before: "half"}
	for _, c := range []struct{ key, line, prefix string }{
		{"g", "get /b", "(search) g: "},
		{"et", "get /b", "(search) get: "},
		{"\x12", "get /a", "(search) get: "}, // past the same line
		{"\x12", "get /a", "(no match) get: "},
		{"\x13", "get /b", "(search) get: "},
		{"\x7f", "get /b", "(search) ge: "},
		{"zz", "get /b", "(no match) gezz: "},
		{"\x7f", "get /b", "(no match) gez: "},
		{"\x7f", "get /b", "(search) ge: "},
		{"\x7f", "get /b", "(search) g: "},
		{"\x7f", "half", "(search) : "},
		{"\x7f", "half", "(search) : "},
	} {
		line, done, _ := s.key(c.key)
		if line != c.line || done || s.prefix() != c.prefix {
			t.Errorf("after %q: %s%s, done %v; want %s%s", c.key, s.prefix(), line, done, c.prefix, c.line)
		}
	}
	for key, want := range map[string]string{"\x07": "half", "\x03": "half", "\x1b": "ls /b", "\r": "ls /b", "\x1b[C": "ls /b"} {
		s := &search{lines: lines, at: len(lines), before: "half"}
		s.key("ls")
		line, done, rest := s.key(key)
		if line != want || !done || (rest != "" && rest != key) {
			t.Errorf("%q gives %q, %v, %q; want %q", key, line, done, rest, want)
		}
	}
}
