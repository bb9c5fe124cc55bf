package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

// piped runs zook with the script on its standard input and returns what a user
// sees, as zook does.
func piped(ctx context.Context, server, script string, words ...string) string {
	t := newTerminal(server)
	defer t.Close()
	t.Piped, t.In = true, strings.NewReader(script)
	t.Ask = func(context.Context, string) (bool, error) { return false, errors.New("a script was asked") }
	t.finish(Run(ctx, &t.Env, words))
	return mask(t.take())
}

func TestPipedScript(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		for _, test := range []struct{ script, want string }{
			{"create /app 'some text'\nget /app", "/app\nsome text"},
			{"get /app\nget /app\nls /\n", "some text\nsome text\napp\n"},
			{"# it's a comment\n\n   \n\t# another\nls /", "app\n"},
			{"cd /app\ncreate \\\n  child\npwd\nls", "/app/child\n/app\nchild\n"},
			{"set /app 'two\n# lines'\nget /app -o jsonl\n", `{"path":"/app","data":"two\n# lines"}` + "\n"},
			{"get /nope\nls /", "! zook: stdin:1: get /nope: no such node\n= 3\n"},
			{"ls /\n\n\nget /nope /app\nls /", "app\n! zook: stdin:4: get /nope: no such node\ntwo\n# lines= 3\n"},
			{"delete /app 9", "! zook: stdin:1: delete /app: bad version: it has version 1, not 9\n= 5\n"},
			{"create /app\n", "! zook: stdin:1: create /app: node exists\n= 4\n"},
			{"rmr /app/child\nls\nls /app", "app\n"},
			{"lss /", "! zook: stdin:1: unknown command \"lss\", did you mean ls? (zook help lists the commands)\n= 2\n"},
			{"set /app 'open\nls /\n", "! zook: stdin:1: a single quote (') is not closed\n= 2\n"},
			{"ls /\nls \\", "app\n! zook: stdin:2: the line ends in a backslash (\\)\n= 2\n"},
			{"set /app -\n", "! zook: stdin:1: set: - is standard input, and the script comes from there; @FILE is for data in a file, and zook -f leaves standard input free\n= 2\n"},
			{"txn\n", "! zook: stdin:1: txn: an operation is wanted, or - to read them from standard input (zook txn --help)\n= 2\n"},
			{"ls / -S localhost:1", "! zook: stdin:1: ls: --server is for the start of zook; connect and addauth change a session\n= 2\n"},
			{"-f other", "! zook: stdin:1: a command is wanted\n= 2\n"},
			{"create -e /e\nls /\ngetEphemerals", "/e\napp\ne\n/e\n"},
			{"ls /", "app\n"}, // the ephemeral has gone with the script
			{"ls /\nquit\nls /nope", "app\n"},
			{"ls /\nredo 0\n", "app\n! zook: stdin:2: redo: \"0\" is not the number of a line before this one (history shows them)\n= 2\n"},
			{"touch /x /y\nrmr /x\ndelete /y /app\nls /\n", ""}, // nobody is asked
			{"\x7fELF\x02\x01\x01\x00\x1b[2J\nls /", "! zook: stdin:1: unknown command \"\\x7fELF\\x02\\x01\\x01\\x00\\x1b[2J\" (zook help lists the commands)\n= 2\n"},
			{"", ""},
		} {
			if got := piped(t.Context(), server, test.script); got != test.want {
				t.Errorf("%q\n--- got\n%s\n--- want\n%s", test.script, got, test.want)
			}
		}
	})
}

func TestScriptThatKeepsGoing(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		const script = "get /nope\nls /x /y\ncreate /a\nbogus\nls /"
		const want = `! zook: stdin:1: get /nope: no such node
! zook: stdin:2: ls /x: no such node
! zook: stdin:2: ls /y: no such node
/a
! zook: stdin:4: unknown command "bogus" (zook help lists the commands)
a
= 3
`
		if got := piped(t.Context(), server, script, "-k"); got != want {
			t.Errorf("got\n%s--- want\n%s", got, want)
		}
		const json = `! zook: stdin:1: get /nope: no such node
{"path":"/","children":["a"]}
= 3
`
		if got := piped(t.Context(), server, "get /nope\nls /", "--keep-going", "-o", "jsonl"); got != json {
			t.Errorf("got\n%s--- want\n%s", got, json)
		}
	})
}

func TestScriptFile(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		file := filepath.Join(t.TempDir(), "set up.zk")
		script := "#!/usr/bin/env -S zook -f\r\ncreate /a\r\nset /a -\r\nget /a\r\nget /nope\r\n"
		if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
			t.Fatal(err)
		}
		env := newTerminal(server)
		env.Piped, env.In = true, strings.NewReader("from standard input\n")
		env.finish(Run(t.Context(), &env.Env, []string{"-f", file}))
		want := "/a\nfrom standard input\n! zook: " + file + ":5: get /nope: no such node\n= 3\n"
		if got := env.take(); got != want {
			t.Errorf("got\n%s--- want\n%s", got, want)
		}
		for _, test := range []struct{ words, want string }{
			{"-f /no/such/script", "! zook: /no/such/script: no such file or directory\n= 1\n"},
			{"-f " + t.TempDir(), "is a directory\n= 1\n"},
			{"-f x ls /", "! zook: ls: unknown flag -f, did you mean --force? (zook ls --help)\n= 2\n"},
			{"-f " + strings.ReplaceAll(file, " ", "") + " extra more", "unknown command \"extra\""},
			{"-k", "! zook: there is no script: -f names its file, or it comes through a pipe\n= 2\n"},
		} {
			if got := zook(t.Context(), server, "", strings.Fields(test.words)...); !strings.Contains(got, test.want) {
				t.Errorf("zook %s printed\n%s--- want\n%s", test.words, got, test.want)
			}
		}
		if got := zook(t.Context(), server, "ls /", "-f", "-"); got != "a\n" {
			t.Errorf("zook -f - printed %q", got)
		}
		if got := zook(t.Context(), server, "ls /"); !strings.Contains(got, "Usage: zook") {
			t.Errorf("zook alone at a terminal printed %q", got)
		}
	})
}

// A watch's event comes before the answer to the next command, so it is printed
// after that at the latest, on a line of its own.
func TestScriptPrintsEvents(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		const script = "create /a one\nget -w /a\nset /a two\nsync /\nls /\nstat -w /a\nprintwatches off\nset /a three\nsync /"
		got := piped(t.Context(), server, script)
		event := "NodeDataChanged /a\n"
		if n := strings.Count(got, event); n != 1 {
			t.Errorf("the event is printed %d times", n)
		}
		want := "/a\none\na\n/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=1 aversion=0 ephemeralOwner=0x0 dataLength=3 numChildren=0\n"
		if rest := strings.Replace(got, event, "", 1); rest != want {
			t.Errorf("got\n%s--- want, but for the event\n%s", rest, want)
		}
		got = piped(t.Context(), server, "exists -w /a/b\ncreate /a/b", "-o", "jsonl")
		if want := `{"type":"NodeCreated","path":"/a/b","state":"SyncConnected"`; !strings.Contains(got, want) {
			t.Errorf("got\n%s--- want a line\n%s", got, want)
		}
	})
}

// Ctrl-C ends a script that waits for its next line.
func TestScriptIsInterrupted(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		in, lines := io.Pipe()
		defer lines.Close()
		env := newTerminal(server)
		defer env.Close()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- RunScript(ctx, &env.Env, "stdin", in, true) }()
		fmt.Fprintln(lines, "create /a") // it answers line by line, as to a coprocess
		until(t, "the answer", func() bool { return env.peek() == "/a\n" })
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) || ExitCode(err) != ExitFailed {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
		}
	})
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("no %s", what)
		}
	}
}

// When the session expires the ephemerals of a script are gone: it must not go on
// as if nothing had happened.
func TestScriptWhoseSessionExpires(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		proxy := newProxy(t, server)
		in, lines := io.Pipe()
		env := newTerminal(proxy.server)
		defer env.Close()
		ended := make(chan error, 1)
		go func() { ended <- RunScript(t.Context(), &env.Env, "lock.zk", in, false) }()
		fmt.Fprintln(lines, "create -e /lock")
		until(t, "the lock", func() bool { return env.peek() == "/lock\n" })
		id := env.Connected().SessionID()
		proxy.cut()
		proxy.resume(true)
		until(t, "new session", func() bool {
			c := env.Connected()
			return c.State() == client.StateConnected && c.SessionID() != id
		})
		go fmt.Fprintln(lines, "set / 'I hold the lock'")
		err := <-ended
		if !errors.Is(err, jute.ErrSessionExpired) || ExitCode(err) != ExitNoConnection {
			t.Errorf("it ended with %v", err)
		}
		if got := Explain(err); got != "zook: lock.zk:2: session expired, and with it the ephemeral znodes and watches of the script" {
			t.Errorf("it ended with %q", got)
		}
	})
}

// A line without an end is refused before it fills the memory.
func TestScriptWithoutAnEnd(t *testing.T) {
	for name, script := range map[string]io.Reader{"one line": endless("x"), "an open quote": io.MultiReader(strings.NewReader("'"), endless("x\n"))} {
		var last scriptLine
		scanScript(script, func(l scriptLine) bool { last = l; return l.err == nil })
		if last.err == nil {
			t.Errorf("%s: read as %d bytes", name, len(last.text))
		}
	}
}

type endless string

func (e endless) Read(b []byte) (n int, err error) {
	for n+len(e) <= len(b) {
		n += copy(b[n:], e)
	}
	return n, nil
}
