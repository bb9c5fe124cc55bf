package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zook": main})
}

// TestScripts runs testdata/script against both servers. A script has a tree of
// its own, $SERVER is its host:port/chroot, and ZOOK_SERVER is set to that. $ADDR and
// $TREE are the two parts of it, and $DATA is the data directory of the server.
//
//	exits CODE COMMAND [ARG...]   runs a command that is to exit with CODE
//	serve DIR SCRIPT              runs a server on DIR, and a script of zook on it
//	damage FILE OFFSET            changes a byte
func TestScripts(t *testing.T) {
	for _, s := range []struct {
		name  string
		start func(t *testing.T, dir string) string
	}{{"zook", bundledOn}, {"apache", func(t *testing.T, dir string) string { return zktest.Apache(t, dir).Addr }}} {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			addr := s.start(t, dir)
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/script",
				RequireUniqueNames:  true,
				RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error {
					tree, err := newTree(addr)
					if err != nil {
						return err
					}
					env.Setenv("SERVER", addr+tree)
					env.Setenv("ZOOK_SERVER", addr+tree)
					env.Setenv("ADDR", addr)
					env.Setenv("TREE", tree)
					env.Setenv("DATA", dir)
					env.Setenv("HOME", env.WorkDir)
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "serve": serve, "damage": damage},
			})
		})
	}
}

func bundled(t *testing.T) string { return bundledOn(t, t.TempDir()) }

func bundledOn(t *testing.T, dir string) string {
	s, err := server.Start(context.Background(), server.Config{DataDir: dir, ExtendedTypes: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr()
}

func newTree(addr string) (string, error) {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Config{Servers: addr})
	if err != nil {
		return "", err
	}
	defer c.Close()
	tree, _, err := c.Create(ctx, "/script-", nil, jute.OpenACL(), jute.PersistentSequential, 0)
	return tree, err
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s exited with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve DIR SCRIPT")
	}
	s, err := server.Start(context.Background(), server.Config{DataDir: ts.MkAbs(args[0]), ExtendedTypes: true})
	ts.Check(err)
	defer s.Close()
	ts.Check(ts.Exec("zook", "-S", s.Addr(), "-f", ts.MkAbs(args[1])))
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE OFFSET")
	}
	offset, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], offset)
	ts.Check(err)
	b[0] ^= 0x20
	_, err = f.WriteAt(b[:], offset)
	ts.Check(err)
}

// build builds zook as users get it.
func build(t *testing.T) string {
	t.Helper()
	zook := filepath.Join(t.TempDir(), "zook")
	cmd := exec.Command("go", "build", "-o", zook, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return zook
}

// TestOnATerminal looks at what a person sees: colour, unless NO_COLOR is set, and
// a question before more than one znode goes.
func TestOnATerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pty on windows")
	}
	zook, addr := build(t), bundled(t)
	at := func(env, answer string, args ...string) string {
		cmd := exec.Command(zook, append([]string{"-S", addr}, args...)...)
		cmd.Env = append(os.Environ(), "TERM=xterm", env)
		terminal, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		defer terminal.Close()
		fmt.Fprint(terminal, answer)
		out := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(terminal) // ends in an error when the other side closes
			out <- strings.ReplaceAll(string(b), "\r\n", "\n")
		}()
		cmd.Wait()
		select {
		case s := <-out:
			return s
		case <-time.After(10 * time.Second):
			t.Fatal("the terminal does not end")
			return ""
		}
	}
	if got := at("A=b", "", "create", "-p", "/a/b", "data"); got != "Created /a/b\n" {
		t.Errorf("create printed %q", got)
	}
	if got := at("A=b", "", "get", "/a/b", "/a/b"); !strings.Contains(got, "\x1b[1m/a/b:\x1b[") {
		t.Errorf("get printed without colour: %q", got)
	}
	if got := at("NO_COLOR=1", "", "get", "/a/b", "/a/b"); got != "/a/b:\ndata\n/a/b:\ndata\n" {
		t.Errorf("with NO_COLOR get printed %q", got)
	}
	if got := at("A=b", "n\n", "rmr", "/a"); !strings.Contains(got, "Delete /a and the 1 znodes below it? [y/N]") || !strings.Contains(got, "zook: rmr /a: cancelled, nothing was changed") {
		t.Errorf("rmr and a no printed %q", got)
	}
	if got := at("A=b", "y\n", "rmr", "/a"); !strings.Contains(got, "Deleted 2 znodes") {
		t.Errorf("rmr and a yes printed %q", got)
	}
}
