//go:build unix

package shell_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// A person types, completes a path, is told of a change in the middle of a line,
// runs the line, and leaves.
func TestTypeCompleteWatchLeave(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/brokers", "/brokers/ids", "/brokers/topics", "/config")
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	prompt := func(path string, n int) string {
		return fmt.Sprintf("[zk %s(CONNECTED) %s %d]", s.Addr(), path, n)
	}
	p.waitsForEnd(prompt("/", 0))
	p.types("stat -w /conf<Tab><Enter>")
	p.waits("stat -w /config", "numChildren", prompt("/", 1))

	p.types("get /br")
	p.waits("get /br\n", " brokers/  2 children") // the menu
	p.types("<Tab>t<Tab>")
	p.waitsForEnd("get /brokers/topics")
	if _, err := someoneElse(t, s.Addr()).Set(context.Background(), "/config", []byte("new"), -1); err != nil {
		t.Fatal(err)
	}
	p.waits("NodeDataChanged /config\n" + prompt("/", 1) + " get /brokers/topics")
	p.types("<Enter>")
	p.waitsForEnd(" get /brokers/topics\nx\n" + prompt("/", 2))

	p.types("cd brokers<Enter>")
	p.waitsForEnd(prompt("/brokers", 3))
	p.types("ls <Tab>")
	p.waits(" ls ids\n", " topics")
	p.types("<Enter>quit<Enter>")
	p.left(0)
}

func TestTerminalIsAsItWas(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a")
	for _, c := range []struct {
		name string
		ends func(p *person)
		code int
	}{
		{"quit", func(p *person) { p.types("quit<Enter>") }, 0},
		{"exit in the middle of a paste", func(p *person) { p.types("ls /\rexit\rls /\r") }, 0},
		{"Ctrl-D", func(p *person) { p.types("<C-D>") }, 0},
		{"Ctrl-D, a menu open", func(p *person) { p.types("<Tab><Tab><C-C><C-D>") }, 0},
		{"Ctrl-D in the search", func(p *person) { p.types("<C-R>x<C-D><C-D>") }, 0},
		{"SIGTERM at the prompt", func(p *person) { p.types("get /a"); p.waits("get /a"); p.signal(syscall.SIGTERM) }, 1},
		{"SIGHUP at the prompt", func(p *person) { p.signal(syscall.SIGHUP) }, 1},
		{"SIGTERM in a command", func(p *person) {
			p.types("set /a -<Enter>")
			p.waitsBelow("set /a -")
			p.signal(syscall.SIGTERM)
		}, 1},
		{"SIGTERM after Ctrl-Cs", func(p *person) {
			for range 50 {
				p.types("get /<Tab><C-C>")
				p.signal(syscall.SIGINT)
			}
			p.signal(syscall.SIGTERM)
		}, 1},
		{"the end of the input in a command", func(p *person) {
			p.types("set /a -<Enter>")
			p.waitsBelow("set /a -")
			p.types("<C-D>")
			p.waits(" 1]")
			p.types("<C-D>")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
			p.waits("(CONNECTED) / 0]")
			c.ends(p)
			p.left(c.code)
		})
	}
}

func TestEmbedded(t *testing.T) {
	for name, end := range map[string]func(p *person) int{
		"Ctrl-D":  func(p *person) int { p.types("<C-D>"); return 0 },
		"SIGTERM": func(p *person) int { p.signal(syscall.SIGTERM); return 1 },
		"SIGHUP":  func(p *person) int { p.signal(syscall.SIGHUP); return 1 },
	} {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			p := sits(t, 80, 24, t.TempDir(), "shell", "--embedded")
			p.waits("A ZooKeeper server of your own, on 127.0.0.1:", "Try: ", "(CONNECTED) / 0]")
			p.types("create /hello world<Enter>get /hello<Enter>")
			p.waits("get /hello\nworld\n")
			if kept, _ := os.ReadDir(temp); len(kept) == 0 {
				t.Error("the server keeps nothing in TMPDIR: this test cannot fail")
			}
			p.left(end(p))
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A server that takes connections and never answers.
func TestMuteServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", l.Addr().String(), "--timeout", "2s")
	p.waits("(CONNECTING) / 0]")
	p.types("get /a<Tab><Tab>b")
	p.waitsForEnd("get /ab")
	p.types("<C-C>help pwd<Enter>")
	p.waits("Usage: zook pwd", "(CONNECTING) / 1]")
	p.types("get /a<Enter>")
	p.waits("no answer", "(CONNECTING) / 2]")
	p.types("get /a<Enter>")
	p.waitsBelow("get /a")
	p.types("<C-C>")
	p.waits("interrupted", "(CONNECTING) / 3]")
	p.types("<C-D>")
	p.left(0)
}

func TestNarrowTerminal(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/config")
	p := sits(t, 40, 12, t.TempDir(), "shell", "-S", s.Addr())
	p.waitsForEnd("[CONNECTED / 0]")
	p.types("stat -w /config<Enter>")
	p.waits("[CONNECTED / 1]")
	p.types("create /a 'a line that is longer than the terminal is wide'")
	wrapped := "[CONNECTED / 1] create /a 'a line that i\ns longer than the terminal is wide'"
	p.waitsForEnd("\n" + wrapped)
	someoneElse(t, s.Addr()).Set(context.Background(), "/config", nil, -1)
	p.waitsForEnd("\nNodeDataChanged /config\n" + wrapped)
	p.types("<Home><Left>x<C-A><End><C-W><C-W>1'<Enter>")
	p.waits("xcreate /a 'a line that\nis longer than the terminal 1'\n", "did you\n mean create?")
}

func TestCtrlC(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a")
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("/ 0]")
	p.types("get /nonsense<C-C>")
	p.waits("get /nonsense\n[zk")
	p.types("set /a -<Enter>")
	p.waitsBelow("set /a -")
	p.types("half a line\rnot the end<C-C>")
	p.waits("interrupted", "/ 1]")
	p.types("get /a<Enter>")
	p.waitsForEnd("get /a\nx\n" + fmt.Sprintf("[zk %s(CONNECTED) / 2]", s.Addr()))
	p.types("<C-D>")
	p.left(0)
}

func TestQuestionsAndData(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a", "/a/b", "/c")
	c := someoneElse(t, s.Addr())
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("/ 0]")
	p.types("set /c -<Enter>typed line<Enter><C-D>")
	p.waits("/ 1]")
	if data, _, err := c.Get(context.Background(), "/c"); err != nil || string(data) != "typed line\n" {
		t.Errorf("/c holds %q, %v", data, err)
	}
	p.types("rmr /a<Enter>")
	p.waits("[y/N]")
	p.types("n<Enter>")
	p.waits("nothing was changed", "/ 2]")
	p.types("rmr /a<Enter>")
	p.waits("/ 2] rmr /a\n")
	p.types("y<Enter>")
	p.waits("/ 3]")
	if st, err := c.Exists(context.Background(), "/a"); err != nil || st != nil {
		t.Errorf("/a is still there: %v, %v", st, err)
	}
}

// The server goes away and comes back; a person is told once of each, and goes
// on typing.
func TestServerGoesAndComesBack(t *testing.T) {
	dir := t.TempDir()
	cfg := server.Config{DataDir: dir, TickTime: 200 * time.Millisecond, MaxSessionTimeout: time.Minute}
	s := zooKeeper(t, cfg, "/a")
	cfg.Addr = s.Addr()
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("(CONNECTED) / 0]")
	p.types("get /a")
	s.Close()
	p.waits("lost; reconnecting")
	p.waitsUntil("the prompt to change", func(screen string) bool { return !strings.Contains(screen, "(CONNECTED)") })
	p.types("bc<Back>")
	p.waitsForEnd("/ 0] get /ab")
	time.Sleep(2 * time.Second) // of attempts
	if n := strings.Count(p.sees(), "reconnecting"); n != 1 {
		t.Errorf("told %d times:\n%s", n, p.sees())
	}
	zooKeeper(t, cfg)
	p.waits("connected to "+s.Addr(), "(CONNECTED) / 0] get /ab")
	p.types("<Back><Enter>")
	p.waits("(CONNECTED) / 0] get /a\nx\n", "(CONNECTED) / 1]")
	p.types("<C-D>")
	p.left(0)
}

// zook sleeps, as a notebook does, for longer than its session lives.
func TestSessionExpires(t *testing.T) {
	s := zooKeeper(t, server.Config{TickTime: 100 * time.Millisecond, MaxSessionTimeout: time.Second})
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("(CONNECTED) / 0]")
	p.types("create -e /mine<Enter>")
	p.waits("Created /mine", "/ 1]")
	c := someoneElse(t, s.Addr())
	p.signal(syscall.SIGSTOP)
	for st, err := c.Exists(context.Background(), "/mine"); st != nil; st, err = c.Exists(context.Background(), "/mine") {
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.signal(syscall.SIGCONT)
	p.waits("session has expired", "new session 0x", "(CONNECTED) / 1]")
	p.types("ls /<Enter>")
	p.waits("ls /\nzookeeper\n")
	p.types("<C-D>")
	p.left(0)
}

func TestApacheIsKilled(t *testing.T) {
	s := zktest.Apache(t, "")
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr)
	p.waits("(CONNECTED) / 0]")
	p.types("create /a one<Enter>stat -w /a<Enter>")
	p.waits("numChildren", "/ 2]")
	p.types("get /")
	s.Kill()
	p.waits("lost; reconnecting")
	s.Start()
	p.waits("connected to "+s.Addr, "(CONNECTED) / 2] get /")
	p.types("a<Enter>")
	p.waits("get /a\none\n")
	if _, err := someoneElse(t, s.Addr).Set(context.Background(), "/a", nil, -1); err != nil {
		t.Fatal(err)
	}
	p.waits("NodeDataChanged /a\n") // the watch has survived
	p.types("<C-D>")
	p.left(0)
}

func TestNoServer(t *testing.T) {
	addr := fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", addr)
	p.waits("cannot connect to "+addr, "will keep trying", "(CONNECTING) / 0]")
	p.types("get /a<Tab>")
	p.waitsForEnd("(CONNECTING) / 0] get /a")
	p.types("<Enter>")
	p.waits("zook: get: cannot connect", "(CONNECTING) / 1]")
	p.types("help ls<Enter>")
	p.waits("Usage: zook ls", "(CONNECTING) / 2]")
	zooKeeper(t, server.Config{Addr: addr}, "/abc")
	p.waits("connected to "+addr, "(CONNECTED) / 2]")
	p.types("get /a<Tab><Enter>")
	p.waits("get /abc\nx\n")
	if n := strings.Count(p.all.String(), "will keep trying"); n != 1 {
		t.Errorf("told %d times that zook tries again", n)
	}
	p.types("close<Enter>")
	p.waits("(CLOSED) / 4]")
	p.types("connect<Enter>")
	p.waits("Connected to", "(CONNECTED) / 5]")
	p.types("<C-D>")
	p.left(0)
}

// manyChildren creates n children of /big with the fewest round trips.
func manyChildren(t *testing.T, addr string, n int) {
	t.Helper()
	c := someoneElse(t, addr)
	ctx := context.Background()
	if _, _, err := c.Create(ctx, "/big", nil, jute.OpenACL(), jute.Persistent, 0); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	const each = 500
	for from := 0; from < n; from += each {
		all.Go(func() {
			var ops []jute.Op
			for i := from; i < from+each; i++ {
				ops = append(ops, jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{
					Path: fmt.Sprintf("/big/item-%05d", i), ACL: jute.OpenACL()}})
			}
			if _, err := c.Multi(ctx, ops); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestManyChildren(t *testing.T) {
	s := zooKeeper(t, server.Config{})
	manyChildren(t, s.Addr(), 100_000)
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("(CONNECTED) / 0]")
	began := time.Now()
	p.types("get /big/i")
	p.waits("/ 0] get /big/i") // typing goes on
	typed := time.Since(began)
	p.waits(" item-00 ", "1000 znodes", " item-07 ")
	t.Logf("typed after %v, menu after %v", typed, time.Since(began))
	p.types("<Tab>")
	p.waits("get /big/item-\n")
	began = time.Now()
	p.types("0712")
	p.waits(" item-07120\n", " item-07127")
	t.Logf("the next menu after %v", time.Since(began))
	p.types("3<Tab><Enter>")
	p.waits("get /big/item-07123\n")
	p.types("<C-D>")
	p.left(0)
}
