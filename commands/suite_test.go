package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/client"
	"zook/completions"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// servers are what all tests of commands run against. start returns host:port;
// the server lasts until the process ends.
var servers = []struct {
	name  string
	start func(testing.TB) string
}{
	{"zook", once(func(tb testing.TB) string {
		s, err := server.Start(context.Background(), server.Config{ExtendedTypes: true, Words: []string{"*"}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Close() })
		return s.Addr()
	})},
	{"apache", once(func(tb testing.TB) string { return zktest.Apache(tb, "").Addr })},
}

// onFreshServers runs a test on servers that nobody else uses: ours and Apache's.
func onFreshServers(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("zook", func(t *testing.T) {
		s, err := server.Start(t.Context(), server.Config{TickTime: 500 * time.Millisecond, Words: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, s.Addr())
	})
	t.Run("apache", func(t *testing.T) { test(t, zktest.Apache(t, "").Addr) })
}

// once starts a server once, at its first use.
func once(start func(testing.TB) string) func(testing.TB) string {
	var addr string
	return func(tb testing.TB) string {
		tb.Helper()
		if addr == "" {
			addr = start(processTB{tb})
		}
		return addr
	}
}

// processTB puts off to the end of the process what would be cleaned up at the
// end of a test.
type processTB struct{ testing.TB }

var cleanups []func()

func (processTB) Cleanup(f func()) { cleanups = append(cleanups, f) }

func (p processTB) TempDir() string {
	dir, err := os.MkdirTemp("", "zook-commands-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "zook-home-")
	if err != nil {
		panic(err)
	}
	cleanups = append(cleanups, func() { os.RemoveAll(home) })
	os.Setenv("XDG_CONFIG_HOME", home) // nobody's own servers
	os.Setenv("HOME", home)
	os.Unsetenv("ZOOK_SERVER")
	time.Local = time.FixedZone("CET", 3600)
	if name := os.Getenv(zoneOfTest); name != "" {
		if time.Local, err = time.LoadLocation(name); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	for i := len(cleanups) - 1; i >= 0; i-- {
		cleanups[i]()
	}
	os.Exit(code)
}

// onServers runs a test against each server, in a tree of its own: server is
// host:port/chroot.
func onServers(t *testing.T, test func(t *testing.T, server string)) {
	t.Helper()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			addr := s.start(t)
			test(t, addr+emptyTree(t, addr))
		})
	}
}

// emptyTree creates an empty tree and returns its path.
func emptyTree(t *testing.T, addr string) string {
	t.Helper()
	c := dial(t, addr)
	name, _, err := c.Create(t.Context(), "/test-", nil, jute.OpenACL(), jute.PersistentSequential, 0)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func dial(t *testing.T, server string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{Servers: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// terminal is an Env whose output can be looked at while commands run.
type terminal struct {
	Env
	mu     sync.Mutex
	all    bytes.Buffer
	events bytes.Buffer // lines after "~ ", shown last
}

type lockedWriter struct {
	t      *terminal
	prefix string
}

// Write adds to the transcript: lines of standard error after "! ".
func (w lockedWriter) Write(b []byte) (int, error) {
	w.t.mu.Lock()
	defer w.t.mu.Unlock()
	if w.prefix == "" {
		w.t.all.Write(b)
		return len(b), nil
	}
	for line := range strings.Lines(string(b)) {
		w.t.all.WriteString(w.prefix + line)
	}
	return len(b), nil
}

func newTerminal(server string) *terminal {
	t := &terminal{}
	t.Env.Connect.Server = server
	t.Out, t.Err = lockedWriter{t, ""}, lockedWriter{t, "! "}
	return t
}

// take returns the transcript since the last take.
func (t *terminal) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.all.String() + t.events.String()
	t.all.Reset()
	t.events.Reset()
	return s
}

func (t *terminal) peek() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all.String() + t.events.String()
}

// hear is an OnEvent.
func (t *terminal) hear(e client.Event) {
	if t.HideEvents.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events.WriteString("~ ")
	EventItem(e).Text(&t.events, Style{})
}

// finish adds to the transcript what main or the shell says of an error.
func (t *terminal) finish(err error) {
	if line := Explain(err); line != "" {
		fmt.Fprintln(t.Err, line)
	}
	if code := ExitCode(err); code != 0 {
		fmt.Fprintf(t.Out, "= %d\n", code)
	}
}

// zook runs the words as a command of its own and returns what a user sees:
// standard output, standard error after "! ", and the exit code after "= ".
func zook(ctx context.Context, server string, stdin string, words ...string) string {
	t := newTerminal(server)
	defer t.Close()
	t.In = strings.NewReader(stdin)
	t.finish(Run(ctx, &t.Env, words))
	return t.take()
}

// transcript plays a session against each server. Lines "$ zook …" are commands
// of their own; lines "> …" are of one shell. What follows is what the user sees:
// standard output, standard error after "! ", the exit code after "= " unless it is
// 0, and watch events after "~ ". Zxids and times are written 0xN and TIME.
func transcript(t *testing.T, text string) {
	t.Helper()
	onServers(t, func(t *testing.T, server string) { play(t, server, text) })
}

// rootTranscript is transcript on the whole tree of each server, for what is
// outside of a chroot. The text cleans up after itself.
func rootTranscript(t *testing.T, text string) {
	t.Helper()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) { play(t, s.start(t), text) })
	}
}

func play(t *testing.T, server, text string) {
	t.Helper()
	shell := newTerminal(server)
	shell.OnEvent = shell.hear
	past := &pastLines{}
	shell.Shell = past
	defer shell.Close()
	for _, step := range steps(text) {
		var got string
		if line, ok := strings.CutPrefix(step.line, "$ zook"); ok {
			words, err := completions.Split(line)
			if err != nil {
				t.Fatal(err)
			}
			got = mask(zook(t.Context(), server, "", words...))
		} else {
			line := strings.TrimPrefix(step.line, "> ")
			past.lines = append(past.lines, line)
			shell.finish(RunLine(t.Context(), &shell.Env, line))
			for wait := 0; wait < 200 && mask(shell.peek()) != step.want; wait++ {
				time.Sleep(10 * time.Millisecond) // for events
			}
			got = mask(shell.take())
		}
		if got != step.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", step.line, got, step.want)
		}
	}
}

type pastLines struct {
	lines []string
	quit  bool
}

func (p *pastLines) Lines() []string { return p.lines }
func (p *pastLines) Quit()           { p.quit = true }

type step struct{ line, want string }

func steps(text string) (all []step) {
	for line := range strings.Lines(strings.TrimLeft(text, "\n")) {
		line = strings.TrimLeft(line, "\t")
		switch {
		case strings.HasPrefix(line, "$ "), strings.HasPrefix(line, "> "):
			all = append(all, step{line: strings.TrimSpace(line)})
		case len(all) > 0 && strings.TrimSpace(line) != "" || strings.Contains(line, "\n") && len(all) > 0 && line != "\n":
			all[len(all)-1].want += line
		}
	}
	return all
}

var masks = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`0x[1-9a-f][0-9a-f]*`), "0xN"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)`), "TIME"},
	{regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [A-Z]+ \d{4}`), "DATE"},
}

func mask(s string) string {
	for _, m := range masks {
		s = m.pattern.ReplaceAllString(s, m.with)
	}
	return s
}

// lockedBuffer is a buffer that events and answers are written to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	l.b.Reset()
	return s
}
