package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestServerScripts runs testdata/server: a server in the background, and what people
// do to it. $PORT is a free port, and zoo.cfg is a file with that as clientPort and data
// as dataDir.
//
//	process FILE                  $PROCESS is the number in a pid file
//	freed                         fails if somebody listens on $PORT
func TestServerScripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the scripts use sh and kill")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/server",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			port, err := freePort()
			if err != nil {
				return err
			}
			env.Setenv("PORT", port)
			env.Setenv("HOME", env.WorkDir)
			env.Defer(func() { endLeftOver(filepath.Join(env.WorkDir, "data", "zookeeper_server.pid")) })
			cfg := fmt.Sprintf("tickTime=2000\ndataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\n", filepath.Join(env.WorkDir, "data"), port)
			return os.WriteFile(filepath.Join(env.WorkDir, "zoo.cfg"), []byte(cfg), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"process": func(ts *testscript.TestScript, neg bool, args []string) {
				ts.Setenv("PROCESS", strings.TrimSpace(ts.ReadFile(args[0])))
			},
			"freed": func(ts *testscript.TestScript, neg bool, args []string) {
				l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("PORT"))
				if err != nil {
					ts.Fatalf("%v", err)
				}
				l.Close()
			},
		},
	})
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// endLeftOver ends the server of a script that failed.
func endLeftOver(pidFile string) {
	b, err := os.ReadFile(pidFile)
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && pid > 1 {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
}

// running starts server run and waits until it serves. It returns the process, its
// address, and where its standard error goes.
func running(t *testing.T, environ []string, words ...string) (*exec.Cmd, string, *strings.Builder) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"zook", "server", "run", "--print-address"}, words...) // see TestMain
	cmd.Env = append(os.Environ(), environ...)
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil {
		cmd.Wait()
		t.Fatalf("it ended: %s", log.String())
	}
	return cmd, strings.TrimSpace(string(line[:n])), &log
}

// TestSystemd is what systemd hears on its socket of a service of Type=notify.
func TestSystemd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	hear := func() string {
		l.SetReadDeadline(time.Now().Add(30 * time.Second))
		b := make([]byte, 1000)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	cmd, _, log := running(t, []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=40000"}, "--listen", "127.0.0.1:0", "--log-format", "json")
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := hear(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	for got := "WATCHDOG=1"; got != "STOPPING=1"; {
		if got = hear(); got != "WATCHDOG=1" && got != "STOPPING=1" {
			t.Errorf("%q after SIGTERM", got)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if !strings.Contains(log.String(), `"level":"INFO","msg":"serving"`) || !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals on windows")
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(sig) { // as below nohup: then a server goes on, too
			continue
		}
		cmd, addr, log := running(t, nil, "--listen", "127.0.0.1:0")
		client, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(sig)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after %v: %v\n%s", sig, err, log.String())
		}
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := client.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("after %v a client has %v", sig, err)
		}
	}
}

// TestUnitFile is the service in contrib: systemd takes it, and zook takes its line.
func TestUnitFile(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("../../contrib/systemd/zook.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := string(b)
	_, line, ok := strings.Cut(unit, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	words := strings.Fields(line)
	if !ok || words[0] != "/usr/bin/zook" || !strings.Contains(unit, "\nType=notify\n") {
		t.Fatalf("ExecStart is %q", line)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"zook"}, append(words[1:], "--help")...)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Usage: zook server run") {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "zook.service")
	os.WriteFile(file, []byte(strings.ReplaceAll(unit, "/usr/bin/zook", self)), 0o644)
	if out, err := exec.Command(verify, "verify", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
