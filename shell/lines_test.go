//go:build unix

package shell_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/server"
)

func TestHistory(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/first", "/second")
	state := t.TempDir()
	p := sits(t, 80, 24, state, "shell", "-S", s.Addr())
	p.waits("/ 0]")
	p.types("get /first<Enter>addauth digest u:secret<Enter>get /second<Enter>history<Enter>")
	p.waits("0 - get /first\n1 - addauth digest u:secret\n2 - get /second\n3 - history\n", "/ 4]")
	p.types("redo 0<Enter>")
	p.waits("redo 0\nx\n")
	p.types("<C-D>")
	p.left(0)

	file := filepath.Join(state, "zook", "history")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "get /first\nget /second\nhistory\nredo 0\n"; string(b) != want {
		t.Errorf("the history file holds %q, want %q", b, want)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}

	p = sits(t, 80, 24, state, "shell", "-S", s.Addr())
	p.waits("/ 0]")
	p.types("<Up><Up>")
	p.waitsForEnd("/ 0] history")
	p.types("<C-C>half<C-R>get")
	p.waitsForEnd("(search) get: get /second")
	p.types("<C-R>")
	p.waitsForEnd("(search) get: get /first")
	p.types("nonsense")
	p.waitsForEnd("(no match) getnonsense: get /first")
	p.types("<C-G>")
	p.waitsForEnd("/ 0] half")
	p.types("<C-R>sec<Enter>")
	p.waits("/ 0] get /second\nx\n", "/ 1]")
	p.types("<C-R>fir<End> /second")
	p.waitsForEnd("/ 1] get /first /second")
}

// Many events while a person types: all are shown, in order, and the line stays.
func TestManyEvents(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a")
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("/ 0]")
	p.types("addWatch -m persistent /a<Enter>")
	p.waits("/ 1]")
	p.types("create /some")
	c := someoneElse(t, s.Addr())
	const n = 200
	for i := range n {
		if _, err := c.Set(context.Background(), "/a", nil, -1); err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 {
			p.types("x")
		}
	}
	line := "/ 1] create /some" + strings.Repeat("x", n/20)
	p.waitsUntil("all events", func(string) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return strings.Count(p.all.String(), "NodeDataChanged") == n
	})
	p.waitsUntil("the line below the events", func(screen string) bool {
		lines := strings.Split(screen, "\n")
		for _, l := range lines[:len(lines)-1] {
			if !strings.Contains(l, "NodeDataChanged /a") {
				return false
			}
		}
		return strings.HasSuffix(lines[len(lines)-1], line)
	})
	p.types("<Enter>printwatches off<Enter>")
	p.waits("/ 3]")
	if _, err := c.Set(context.Background(), "/a", nil, -1); err != nil {
		t.Fatal(err)
	}
	p.types("get /a -s<Enter>")
	p.waits("/ 4]")
	if strings.Contains(p.sees(), fmt.Sprintf("%s\nNodeDataChanged", "printwatches off")) {
		t.Error("an event was printed after printwatches off")
	}
}
