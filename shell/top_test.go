//go:build unix

package shell_test

import (
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// row is the line of the screen that begins so, as its words.
func row(screen, begin string) []string {
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, begin) {
			return strings.Fields(line)
		}
	}
	return nil
}

// shows reports whether a screen is what a person should see: nothing is wider than
// the terminal, the keys are on the last line.
func shows(t *testing.T, screen string, columns, rows int) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) != rows || !strings.HasPrefix(lines[rows-1], "q quit  ? help") || !strings.HasPrefix(lines[0], "zook top  ") || len([]rune(lines[0])) != columns {
		t.Errorf("%d lines on %dx%d:\n%s", len(lines), columns, rows, screen)
	}
}

// An ensemble at work on a small terminal and on a large one: roles, rates, clients,
// a server that hangs, one that dies.
func TestTopOfAnEnsemble(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	leader := members.Leader()
	var conns []*client.Client
	for _, s := range members {
		c, err := client.Dial(t.Context(), client.Config{Servers: s.Addr})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, _, err := c.Create(t.Context(), "/e", nil, jute.OpenACL(), jute.EphemeralSequential, 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.GetW(t.Context(), "/zookeeper"); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-tick.C:
				conns[leader].Get(t.Context(), "/")
			case <-stop:
				return
			}
		}
	}()

	one := members[leader].Addr // it tells of the others
	small := sits(t, 80, 24, t.TempDir(), "top", "-S", one, "--interval", "500ms", "--timeout", "3s")
	small.waits("Quorum: 3 of 3 voters serve; 1 more may fail.", "every 500ms", "Clients by requests/s  (3)")
	small.waitsUntil("the rates of a busy client", func(screen string) bool {
		r := row(screen, one)
		if len(r) < 3 || r[1] != "leader" {
			return false
		}
		rate, err := strconv.ParseFloat(r[2], 64)
		busiest := regexp.MustCompile(`(?m)^client +server.*\n127\.0\.0\.1:\d+ +` + regexp.QuoteMeta(one) + ` +([\d.]+) `).FindStringSubmatch(screen)
		return err == nil && rate > 20 && rate < 120 && len(busiest) == 2
	})
	shows(t, small.sees(), 80, 24)

	large := sits(t, 200, 50, t.TempDir(), "top", "-S", one, "--interval", "500ms", "--timeout", "3s")
	large.waits("server           id  role      recv/s  sent/s  txn/s", "znodes  watches  ephem.  zxid", "version   answer", "received", "since")
	large.waits("Clients by requests/s  (3)")
	shows(t, large.sees(), 200, 50)
	large.types("e")
	large.waits("Sessions  (3)", "expires")
	large.types("w")
	large.waits("while its clients wait", "Press w again")
	large.types("w")
	large.waits("Watched paths, as of", "\n/zookeeper        3  ")
	large.types("?")
	large.waits("Keys\nq, Ctrl-C   quit")
	large.types("c")
	large.waits("Clients by requests/s  (3)")

	hangs := members[(leader+1)%3]
	hangs.Suspend()
	small.waits(hangs.Addr + "  follower  no answer for ")
	small.waits(hangs.Addr + "  down      no answer in time")
	if r := row(small.sees(), one); len(r) < 3 || r[1] != "leader" {
		t.Errorf("the others are not shown any more:\n%s", small.sees())
	}
	hangs.Resume()
	small.waitsUntil("it to follow again", func(screen string) bool {
		r := row(screen, hangs.Addr)
		return len(r) > 3 && r[1] == "follower" && r[2] != "no"
	})
	dies := members[(leader+2)%3]
	dies.Kill()
	small.waits(dies.Addr+"  down      connection refused", "Quorum: 2 of 3 voters serve; 0 more may fail.")
	small.types("q")
	small.left(0)
	large.types("<C-C>")
	large.left(0)
}

func TestTopKeys(t *testing.T) {
	s := zktest.Apache(t, "")
	for range 30 {
		zktest.Connect(t, s.Addr)
	}
	p := sits(t, 80, 24, t.TempDir(), "top", "-S", s.Addr, "--interval", "200ms")
	p.waits("Clients by requests/s  (1–15 of 30)", "every 200ms")
	p.types("<End>")
	p.waits("(16–30 of 30)")
	p.types("<Up>")
	p.waits("(15–29 of 30)")
	p.types("<Home>s")
	p.waits("Clients by average latency  (1–15 of 30)")
	lines := strings.Split(p.sees(), "\n")
	client := strings.Fields(lines[22])[0] // the last one on the screen
	p.types("/" + strings.TrimPrefix(client, "127.0.0.1") + " x<Back><Back>")
	p.waits("Filter: :", "(1)  with “:")
	p.types("<Enter>")
	p.waits("q quit", "(1)  with “:")
	p.types("\x1b")
	p.waits("(1–15 of 30)")

	p.types("p")
	p.waits("PAUSED  every 200ms")
	before := p.sees()
	time.Sleep(1500 * time.Millisecond)
	if after := p.sees(); after != before {
		t.Errorf("it changes while paused:\n%s\n%s", before, after)
	}
	p.types("p---")
	p.waits("every 2s")
	p.types("+")
	p.waits("every 1s")
	p.resizes(60, 20)
	p.waitsUntil("less space to be used", func(screen string) bool {
		lines := strings.Split(screen, "\n")
		return len(lines) == 20 && strings.HasPrefix(lines[19], "q quit") && len([]rune(lines[0])) == 60
	})
	p.resizes(80, 24)
	p.types("q")
	p.left(0)
}

// resizes changes the size of the terminal.
func (p *person) resizes(columns, rows int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.Resize(columns, rows)
	if err := pty.Setsize(p.pty, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		p.t.Fatal(err)
	}
}

// However it ends, the terminal is as it was.
func TestTopRestoresTheTerminal(t *testing.T) {
	s := zooKeeper(t, server.Config{})
	for _, c := range []struct {
		name string
		ends func(p *person)
		code int
	}{
		{"q", func(p *person) { p.types("q") }, 0},
		{"Ctrl-C", func(p *person) { p.types("<C-C>") }, 0},
		{"Ctrl-C while a filter is typed", func(p *person) { p.types("/ab<C-C>") }, 0},
		{"SIGTERM", func(p *person) { p.signal(syscall.SIGTERM) }, 1},
		{"SIGINT", func(p *person) { p.signal(syscall.SIGINT) }, 1},
		{"SIGHUP", func(p *person) { p.signal(syscall.SIGHUP) }, 1},
		{"SIGQUIT", func(p *person) { p.signal(syscall.SIGQUIT) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sits(t, 80, 24, t.TempDir(), "top", "-S", s.Addr())
			p.waits("standalone", "q quit")
			c.ends(p)
			p.left(c.code)
			p.mu.Lock()
			defer p.mu.Unlock()
			if all := p.all.String(); !strings.Contains(all, "\x1b[?1049h") || strings.LastIndex(all, "\x1b[?1049l") < strings.LastIndex(all, "\x1b[?1049h") ||
				strings.LastIndex(all, "\x1b[?25h") < strings.LastIndex(all, "\x1b[?25l") {
				t.Errorf("the screen or the cursor is not given back: %q", all)
			}
		})
	}
}

func TestTopInTheShell(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a")
	p := sits(t, 80, 24, t.TempDir(), "shell", "-S", s.Addr())
	p.waits("(CONNECTED) / 0]")
	p.types("top<Enter>")
	p.waits("zook top  One server that stands alone.", "q quit")
	p.types("q")
	p.waitsForEnd("(CONNECTED) / 1]")
	p.types("get /a<Enter>")
	p.waits("get /a\nx\n", "/ 2]")
	p.types("top<Enter>")
	p.waits("q quit")
	p.signal(syscall.SIGTERM)
	p.left(1)
}

func TestTopWithoutColor(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	p := sits(t, 80, 24, t.TempDir(), "top", "-S", "127.0.0.1:1")
	p.waits("connection refused", "no server serves requests", "q quit")
	p.types("q")
	p.left(0)
	if color := regexp.MustCompile(`\x1b\[[0-9;]*m`).FindAllString(p.all.String(), -1); strings.Trim(strings.Join(color, ""), "\x1b[0m") != "" {
		t.Errorf("colour: %q", color)
	}
}
