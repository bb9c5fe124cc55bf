//go:build unix

package shell_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"

	"zook/client"
	"zook/commands"
	"zook/jute"
	"zook/server"
	"zook/shell"
)

// TestMain lets this test binary be zook itself, for person.
func TestMain(m *testing.M) {
	if os.Getenv("ZOOK_TEST_IS_ZOOK") == "" {
		os.Exit(m.Run())
	}
	if path := os.Getenv("ZOOK_TEST_PID"); path != "" {
		os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	env := &commands.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: terminal, StartShell: shell.Run}
	if env.Color = terminal && os.Getenv("NO_COLOR") == ""; terminal {
		env.Console = &commands.Console{In: os.Stdin, Out: os.Stdout}
	}
	err := commands.Run(ctx, env, os.Args[1:])
	env.Close()
	if line := commands.Explain(err); line != "" {
		fmt.Fprintln(os.Stderr, line)
	}
	os.Exit(commands.ExitCode(err))
}

// person sits before a real terminal with zook in it.
type person struct {
	t   *testing.T
	pty *os.File
	dir string
	cmd *exec.Cmd

	looked chan struct{} // closed when there is nothing more to see

	mu     sync.Mutex
	screen vt10x.Terminal
	all    strings.Builder // all that the terminal was sent
}

// sits starts zook with args in a terminal of a size. state is its folder for
// the history. A shell around it prints the settings of the terminal, which are
// not the usual ones, before and after.
func sits(t *testing.T, columns, rows int, state string, args ...string) *person {
	t.Helper()
	script := `trap : INT; stty -echoctl erase '^H' || exit 1
stty -a > "$DIR/before"; ZOOK_TEST_IS_ZOOK=1 ZOOK_TEST_PID="$DIR/pid" "$0" "$@"; echo $? > "$DIR/code"; stty -a > "$DIR/after"`
	cmd := exec.Command("sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	return sitsAt(t, columns, rows, cmd)
}

// sitsAt starts any program in a terminal.
func sitsAt(t *testing.T, columns, rows int, cmd *exec.Cmd) *person {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	if err := pty.Setsize(master, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, pty: master, dir: t.TempDir(), screen: vt10x.New(vt10x.WithSize(columns, rows)), cmd: cmd, looked: make(chan struct{})}
	cmd.Env = append(cmd.Env, "DIR="+p.dir, "TERM=xterm-256color", "GORACE=atexit_sleep_ms=0", "ZOOK_SERVER=", "ZOOK_CONFIG=")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.look()
	t.Cleanup(func() {
		cmd.Process.Kill()
		p.signal(syscall.SIGKILL)
		cmd.Wait()
		master.Close()
	})
	return p
}

func (p *person) look() {
	defer close(p.looked)
	buf := make([]byte, 4096)
	for {
		n, err := p.pty.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.screen.Write(buf[:n])
		p.all.Write(buf[:n])
		p.mu.Unlock()
	}
}

// sees is the screen, without blanks at the ends of lines and empty lines below.
func (p *person) sees() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.Split(p.screen.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// types types keys; <Tab> and the like stand for themselves.
func (p *person) types(keys string) {
	p.t.Helper()
	for name, code := range map[string]string{"<Tab>": "\t", "<Enter>": "\r", "<Up>": "\x1b[A", "<Down>": "\x1b[B",
		"<Left>": "\x1b[D", "<Home>": "\x1b[H", "<End>": "\x1b[F", "<Back>": "\x7f"} {
		keys = strings.ReplaceAll(keys, name, code)
	}
	for c := 'A'; c <= 'Z'; c++ {
		keys = strings.ReplaceAll(keys, fmt.Sprintf("<C-%c>", c), string(c-'@'))
	}
	if _, err := p.pty.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// waits waits until the screen has every part.
func (p *person) waits(parts ...string) {
	p.t.Helper()
	p.waitsUntil(fmt.Sprintf("%q", parts), func(screen string) bool {
		for _, part := range parts {
			if !strings.Contains(screen, part) {
				return false
			}
		}
		return true
	})
}

// waitsBelow waits until line is the last on the screen and the cursor is below:
// a command runs.
func (p *person) waitsBelow(line string) {
	p.t.Helper()
	p.waitsUntil(fmt.Sprintf("%q to run", line), func(screen string) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return strings.HasSuffix(screen, line) && p.screen.Cursor().Y == strings.Count(screen, "\n")+1
	})
}

// waitsForEnd waits until what is on the screen ends so.
func (p *person) waitsForEnd(end string) {
	p.t.Helper()
	p.waitsUntil(fmt.Sprintf("%q at the end", end), func(screen string) bool { return strings.HasSuffix(screen, end) })
}

func (p *person) waitsUntil(what string, done func(screen string) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if done(p.sees()) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s; the screen is\n%s", what, p.sees())
		}
	}
}

// signal sends zook a signal.
func (p *person) signal(s syscall.Signal) {
	b, err := os.ReadFile(filepath.Join(p.dir, "pid"))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(string(b)); err == nil {
		syscall.Kill(pid, s)
	}
}

// left waits for the end of zook and checks its exit code and that the terminal
// is as it was.
func (p *person) left(code int) {
	p.t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("zook does not end; the screen is\n%s", p.sees())
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			p.t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	if got := read("code"); got != strconv.Itoa(code) {
		p.t.Errorf("exit code %s, want %d; the screen is\n%s", got, code, p.sees())
	}
	if before, after := read("before"), read("after"); before != after {
		p.t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
	select {
	case <-p.looked:
	case <-time.After(30 * time.Second):
		p.t.Error("somebody holds on to the terminal")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if all := p.all.String(); strings.LastIndex(all, "\x1b[?25l") > strings.LastIndex(all, "\x1b[?25h") {
		p.t.Error("the cursor is left hidden")
	}
}

// zooKeeper starts a server; what was at the paths is created.
func zooKeeper(t *testing.T, cfg server.Config, paths ...string) *server.Server {
	t.Helper()
	s, err := server.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := someoneElse(t, s.Addr())
	for _, p := range paths {
		if _, _, err := c.Create(context.Background(), p, []byte("x"), jute.OpenACL(), jute.Persistent, 0); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// someoneElse is another session.
func someoneElse(t *testing.T, addr string) *client.Client {
	t.Helper()
	c, err := client.Dial(context.Background(), client.Config{Servers: addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
