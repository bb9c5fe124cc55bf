package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

// watcherRun is a watch command that runs.
type watcherRun struct {
	*terminal
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
}

// startWatch starts a watch and returns when its watches are set.
func startWatch(t *testing.T, server string, words ...string) *watcherRun {
	t.Helper()
	w := &watcherRun{terminal: newTerminal(server), t: t, ended: make(chan error, 1)}
	w.Connect.SessionTimeout = 5 * time.Second
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	t.Cleanup(cancel)
	go func() { w.ended <- Run(ctx, &w.Env, append([]string{"watch"}, words...)) }()
	until(t, "watch", func() bool { return strings.Contains(w.peek(), "! zook: watching ") || len(w.ended) > 0 })
	return w
}

// stop is Ctrl-C; it returns what was printed, the code too, if it is not 0.
func (w *watcherRun) stop() string {
	w.cancel()
	return w.wait()
}

func (w *watcherRun) wait() string {
	w.t.Helper()
	select {
	case err := <-w.ended:
		w.finish(err)
	case <-time.After(20 * time.Second):
		w.t.Fatalf("it does not end; printed\n%s", w.peek())
	}
	return mask(w.take())
}

// events are the lines so far without their times; JSON lines as "type path".
func (w *watcherRun) events() (lines []string) {
	for line := range strings.Lines(w.peek()) {
		line = strings.TrimSuffix(line, "\n")
		var c heard
		switch {
		case strings.HasPrefix(line, "! "), strings.HasPrefix(line, "= "):
			continue
		case json.Unmarshal([]byte(line), &c) == nil:
			lines = append(lines, c.Type+" "+c.Path)
		default:
			_, line, _ = strings.Cut(line, " ")
			lines = append(lines, line)
		}
	}
	return lines
}

type heard struct{ Type, Path, Data string }

func (w *watcherRun) until(what string, done func() bool) {
	w.t.Helper()
	for start := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			w.t.Fatalf("no %s; printed\n%s", what, w.peek())
		}
	}
}

func (w *watcherRun) expect(want ...string) {
	w.t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if slices.Equal(w.events(), want) {
			return
		}
	}
	w.t.Fatalf("got\n%s--- want\n%s", w.peek(), strings.Join(want, "\n"))
}

// onOldServers runs a test on each server, and on each behind a proxy that makes
// it one without persistent watches, as before 3.6.
func onOldServers(t *testing.T, test func(t *testing.T, server string)) {
	t.Helper()
	onServers(t, func(t *testing.T, server string) {
		test(t, server)
		t.Run("3.5", func(t *testing.T) {
			c := dial(t, server)
			names, _, err := c.Children(t.Context(), "/")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				zook(t.Context(), server, "", "rmr", "/"+name)
			}
			test(t, newProxy(t, server, jute.OpAddWatch, jute.OpSetWatches2).server)
		})
	})
}

func TestWatchTree(t *testing.T) {
	onOldServers(t, func(t *testing.T, server string) {
		c, ctx := dial(t, server), t.Context()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		create := func(path string) {
			t.Helper()
			_, _, err := c.Create(ctx, path, []byte("x"), jute.OpenACL(), jute.Persistent, 0)
			do(err)
		}
		set := func(path string) { t.Helper(); _, err := c.Set(ctx, path, []byte("y"), -1); do(err) }
		create("/a")
		create("/a/b")
		create("/not")
		w := startWatch(t, server, "-r", "/a", "/later")
		var want []string
		expect := func(lines ...string) { t.Helper(); want = append(want, lines...); w.expect(want...) }
		set("/a/b")
		expect("NodeDataChanged /a/b")
		create("/a/b/c")
		expect("NodeCreated /a/b/c")
		create("/a/b/c/d")
		expect("NodeCreated /a/b/c/d")
		set("/a/b/c/d")
		expect("NodeDataChanged /a/b/c/d")
		set("/not")
		set("/a")
		expect("NodeDataChanged /a")
		do(c.Delete(ctx, "/a/b/c/d", -1))
		expect("NodeDeleted /a/b/c/d")
		create("/a/b/c/d")
		expect("NodeCreated /a/b/c/d")
		create("/later")
		expect("NodeCreated /later")
		create("/later/on")
		expect("NodeCreated /later/on")
		do(c.Delete(ctx, "/later/on", -1))
		expect("NodeDeleted /later/on")
		do(c.Delete(ctx, "/later", -1))
		expect("NodeDeleted /later")
		create("/later")
		expect("NodeCreated /later")
		set("/later")
		expect("NodeDataChanged /later")
		out := w.stop()
		if strings.Contains(out, "= ") || strings.Count(out, "! ") != 1 {
			t.Errorf("it printed\n%s", out)
		}
	})
}

func TestWatchZnodes(t *testing.T) {
	onOldServers(t, func(t *testing.T, server string) {
		c, ctx := dial(t, server), t.Context()
		w := startWatch(t, server, "-o", "jsonl", "--data", "/a")
		var want []string
		expect := func(lines ...string) { t.Helper(); want = append(want, lines...); w.expect(want...) }
		c.Create(ctx, "/a", []byte("one\n\x1b"), jute.OpenACL(), jute.Persistent, 0)
		expect("NodeCreated /a")
		c.Set(ctx, "/a", []byte{0xff}, -1)
		expect("NodeDataChanged /a")
		c.Create(ctx, "/a/b", nil, jute.OpenACL(), jute.Persistent, 0)
		expect("NodeChildrenChanged /a")
		c.Create(ctx, "/a/b/c", nil, jute.OpenACL(), jute.Persistent, 0)
		c.Set(ctx, "/a/b", nil, -1)
		c.Delete(ctx, "/a/b/c", -1)
		c.Delete(ctx, "/a/b", -1)
		expect("NodeChildrenChanged /a")
		c.Delete(ctx, "/a", -1)
		expect("NodeDeleted /a")
		out := w.stop()
		for _, line := range []string{
			`"type":"NodeCreated","path":"/a"`, `,"data":"one\n\u001b"}`,
			`"type":"NodeDataChanged","path":"/a"`, `,"dataBase64":"/w=="}`,
		} {
			if !strings.Contains(out, line) {
				t.Errorf("no %s in\n%s", line, out)
			}
		}
	})
}

func TestWatchEnds(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c, ctx := dial(t, server), t.Context()
		w := startWatch(t, server, "-n", "2", "/a")
		c.Create(ctx, "/a", nil, jute.OpenACL(), jute.Persistent, 0)
		for n := range 5 {
			c.Set(ctx, "/a", fmt.Append(nil, n), -1)
		}
		if got, want := w.wait(), "! zook: watching /a\nTIME NodeCreated /a\nTIME NodeDataChanged /a\n"; got != want {
			t.Errorf("-n 2: got\n%s--- want\n%s", got, want)
		}
		w = startWatch(t, server, "-n", "2", "--for", "300ms", "-r", "/a")
		c.Set(ctx, "/a", nil, -1)
		if got, want := w.wait(), "! zook: watching /a and all below\nTIME NodeDataChanged /a\n! zook: watch: only 1 of 2 events came within 300ms\n= 1\n"; got != want {
			t.Errorf("-n 2 --for: got\n%s--- want\n%s", got, want)
		}
		w = startWatch(t, server, "--for", "100ms", "/a")
		if got, want := w.wait(), "! zook: watching /a\n"; got != want {
			t.Errorf("--for: got\n%s--- want\n%s", got, want)
		}
		w = startWatch(t, server, "-n", "2", "/a")
		if got, want := w.stop(), "! zook: watching /a\n! zook: watch: interrupted\n= 1\n"; got != want {
			t.Errorf("-n 2 and Ctrl-C: got\n%s--- want\n%s", got, want)
		}
		w = startWatch(t, server, "-o", "json", "-n", "1", "/a")
		c.Set(ctx, "/a", nil, -1)
		if got, want := w.wait(), "\"type\": \"NodeDataChanged\",\n  \"path\": \"/a\""; !strings.Contains(got, want) {
			t.Errorf("-o json: got\n%s--- want\n%s", got, want)
		}
		w = startWatch(t, server, "-o", "zkcli", "/a")
		c.Set(ctx, "/a", nil, -1)
		until(t, "the event", func() bool { return strings.Contains(w.peek(), "path:/a\n") })
		if got, want := w.stop(), "WatchedEvent state:SyncConnected type:NodeDataChanged path:/a\n"; !strings.HasSuffix(got, want) {
			t.Errorf("-o zkcli: got\n%s--- want\n%s", got, want)
		}
	})
	transcript(t, `
	$ zook watch
	! zook: watch: too few arguments; usage: zook watch PATH...
	= 2
	$ zook watch -n 0 /a
	! zook: watch: -n: at least one event
	= 2
	$ zook watch --for soon /a
	! zook: watch: --for: "soon" is not a duration such as 500ms, 5s or 2m (zook watch --help)
	= 2
	$ zook watch /a b
	! zook: watch: invalid path "b": it must start with /
	= 2
`)
}

// Whatever happens while there is no connection is told once it is back.
func TestWatchOverALostConnection(t *testing.T) {
	onOldServers(t, func(t *testing.T, server string) {
		proxy := newProxy(t, server)
		c, ctx := dial(t, server), t.Context()
		create := func(path string) { c.Create(ctx, path, nil, jute.OpenACL(), jute.Persistent, 0) }
		for _, path := range []string{"/a", "/a/changes", "/a/goes", "/a/same", "/a/below", "/a/below/goes"} {
			create(path)
		}
		for _, test := range []struct {
			words   []string
			want    []string // in any order
			expires bool
		}{
			{words: []string{"-r", "/a"}, want: []string{"NodeCreated /a/new", "NodeCreated /a/new/child", "NodeDataChanged /a/changes", "gone /a/goes", "gone /a/below/goes"}},
			{words: []string{"/a", "/a/goes", "/missing"}, want: []string{"NodeChildrenChanged /a", "NodeDeleted /a/goes", "NodeCreated /missing"}},
			{words: []string{"-r", "/a"}, expires: true, want: []string{"NodeCreated /a/new", "NodeCreated /a/new/child", "NodeDataChanged /a/changes", "gone /a/goes", "gone /a/below/goes"}},
			{words: []string{"/a", "/a/goes", "/missing"}, expires: true, want: []string{"NodeChildrenChanged /a", "NodeDeleted /a/goes", "NodeCreated /missing"}},
		} {
			proxy.resume(false)
			w := startWatch(t, proxy.server, test.words...)
			c.Set(ctx, "/a/same", nil, -1) // before the loss: told once, or twice
			w.until("event or rest", func() bool { return len(w.events()) > 0 || test.words[0] != "-r" })
			proxy.cut()
			w.until("loss", func() bool { return strings.Contains(w.peek(), "is lost, trying again\n") })
			create("/a/new")
			create("/a/new/child")
			create("/missing")
			c.Set(ctx, "/a/changes", nil, -1)
			c.Delete(ctx, "/a/goes", -1)
			c.Delete(ctx, "/a/below/goes", -1)
			proxy.resume(test.expires)
			var got []string
			complete := func() bool {
				got = w.events()
				for _, want := range test.want {
					_, path, _ := strings.Cut(want, " ")
					parent := jute.ParentPath(path)
					if !slices.Contains(got, want) && !(strings.HasPrefix(want, "gone ") &&
						(slices.Contains(got, "NodeDeleted "+path) || slices.Contains(got, "NodeChildrenChanged "+parent))) {
						return false
					}
				}
				return true
			}
			w.until("events", complete)
			// And it goes on watching what it has found.
			c.Set(ctx, "/a", []byte("again"), -1)
			w.until("event of today", func() bool { return slices.Contains(w.events(), "NodeDataChanged /a") })
			if n := len(got); n > 9 {
				t.Errorf("%q: %d events, some more than once: %q", test.words, n, got)
			}
			out := w.stop()
			if !strings.Contains(out, "zook: connected again, to "+strings.Split(proxy.server, "/")[0]) || strings.Contains(out, "= ") {
				t.Errorf("it printed\n%s", out)
			}
			if expired := strings.Contains(out, "in a new session"); expired != test.expires {
				t.Errorf("expired %v: it printed\n%s", test.expires, out)
			}
			for _, path := range []string{"/a/new/child", "/a/new", "/missing"} {
				c.Delete(ctx, path, -1)
			}
			create("/a/goes")
			create("/a/below/goes")
		}
	})
}

func TestWatchOfManyChanges(t *testing.T) {
	onOldServers(t, func(t *testing.T, server string) {
		c, ctx := dial(t, server), t.Context()
		c.Create(ctx, "/a", nil, jute.OpenACL(), jute.Persistent, 0)
		w := startWatch(t, server, "-r", "--data", "-o", "jsonl", "/a")
		const n = 300
		want := map[string]bool{}
		for i := range n {
			path := fmt.Sprintf("/a/%d", i)
			if _, _, err := c.Create(ctx, path, []byte(path), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
			want["NodeCreated "+path] = true
		}
		until(t, "all events", func() bool { return len(w.events()) >= n })
		for _, e := range w.events() {
			if !want[e] {
				t.Errorf("%s: twice, or it never happened", e)
			}
			delete(want, e)
		}
		out := w.stop()
		for line := range strings.Lines(out) {
			var c heard
			if json.Unmarshal([]byte(line), &c) == nil && c.Data != c.Path {
				t.Errorf("the data is wrong: %s", line)
			}
		}
	})
}

// In a shell, watch has the identities of the session, and leaves nothing behind.
func TestWatchInAShell(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		shell := newTerminal(server)
		defer shell.Close()
		shell.OnEvent = shell.hear
		run := func(ctx context.Context, line string) { shell.finish(RunLine(ctx, &shell.Env, line)) }
		run(t.Context(), "addauth digest bob:secret")
		run(t.Context(), "create /mine x auth::cdrwa")
		shell.take()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan bool)
		go func() { run(ctx, "watch --data /mine"); close(ended) }()
		until(t, "watch", func() bool { return strings.Contains(shell.peek(), "watching") })
		owner, err := client.Dial(t.Context(), client.Config{Servers: server, Auth: []client.Auth{{Scheme: "digest", Data: []byte("bob:secret")}}})
		if err != nil {
			t.Fatal(err)
		}
		defer owner.Close()
		owner.Set(t.Context(), "/mine", []byte("seen"), -1)
		until(t, "event", func() bool { return strings.Contains(shell.peek(), "NodeDataChanged /mine\tseen\n") })
		cancel()
		<-ended
		shell.take()
		run(t.Context(), "set /mine y")
		run(t.Context(), "close")
		run(t.Context(), "watch /mine")
		if got, want := shell.take(), "! zook: watch: not connected: connect opens a session\n= 8\n"; got != want {
			t.Errorf("got\n%s--- want\n%s", got, want)
		}
	})
}

func TestWatchWithoutAServer(t *testing.T) {
	got := zook(t.Context(), "127.0.0.1:1", "", "watch", "/a")
	if want := "! zook: watch: cannot connect to 127.0.0.1:1: connection refused\n= 8\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	got = zook(t.Context(), silent.Addr().String(), "", "watch", "--for", "200ms", "/a")
	if !strings.HasPrefix(got, "! zook: watch: ") || !strings.HasSuffix(got, "= 8\n") {
		t.Errorf("it never watched, and says %s", got)
	}
}

func TestChangeForEyes(t *testing.T) {
	e := client.Event{Type: jute.EventNodeDeleted, State: jute.StateSyncConnected, Path: "/a\x1b[2J"}
	c := newChange(e)
	c.Problem = errors.New("not\nauthorised").Error()
	var b strings.Builder
	c.Text(&b, Style{Terminal: true})
	if got := b.String(); !strings.HasSuffix(got, ` NodeDeleted         /a\x1b[2J`+"\t"+`(not\x0aauthorised)`+"\n") {
		t.Errorf("printed %q", got)
	}
}
