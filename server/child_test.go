package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain makes the test binary a server where childEnv is set, so that a test
// can kill a real one.
func TestMain(m *testing.M) {
	if cfg := os.Getenv(childEnv); cfg != "" {
		os.Exit(childMain(cfg))
	}
	os.Exit(m.Run())
}

const childEnv = "ZOOK_TEST_CHILD_SERVER"

// childConfig is what a child is told.
type childConfig struct {
	Config
	FileSize uint64 // no file may become longer; 0 is no limit
	Echo     bool   // it is no ZooKeeper: it answers everything with as many bytes as a ping's answer has
	Files    uint64 // how many descriptors there may be; 0 is no limit of ours
}

// childMain serves until standard input ends, or until the server gives up.
func childMain(encoded string) int {
	var cfg childConfig
	if err := json.Unmarshal([]byte(encoded), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if cfg.FileSize != 0 {
		limitFileSize(cfg.FileSize)
	}
	if cfg.Files != 0 {
		limitFiles(cfg.Files)
	}
	if cfg.Echo {
		return echo()
	}
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := Start(context.Background(), cfg.Config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go PaceGC(context.Background())
	fmt.Println(s.Addr())
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case <-s.Done():
	case <-ended:
	}
	if err := s.Close(); err != nil {
		return 1
	}
	return 0
}

// echo takes any bytes and sends twenty, whose first four say so.
func echo() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(l.Addr())
	for {
		nc, err := l.Accept()
		if err != nil {
			return 1
		}
		go func() {
			request, answer := make([]byte, 256), [20]byte{3: 16}
			for {
				if _, err := nc.Read(request); err != nil {
					return
				}
				nc.Write(answer[:])
			}
		}()
	}
}

// child is a server in a process of its own.
type child struct {
	addr   string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *lockedBuffer
	waited chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startChild starts a server in a process of its own and waits until it serves.
func startChild(t testing.TB, cfg childConfig) *child {
	t.Helper()
	return startChildUnder(t, cfg)
}

// startChildUnder is startChild with a program that runs it.
func startChildUnder(t testing.TB, cfg childConfig, runner ...string) *child {
	t.Helper()
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	words := append(runner, os.Args[0])
	c := &child{cmd: exec.Command(words[0], words[1:]...), stderr: &lockedBuffer{}, waited: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childEnv+"="+string(encoded))
	c.cmd.Stderr = c.stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if len(runner) > 0 { // to kill that would be to let go of the server
		t.Cleanup(func() { c.stdin.Close() })
	} else {
		t.Cleanup(c.kill)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		c.cmd.Wait()
		close(c.waited)
	}()
	if err != nil {
		<-c.waited
		t.Fatalf("the server did not start: %v\n%s", err, c.stderr)
	}
	c.addr = strings.TrimSpace(line)
	return c
}

// kill ends the process as kill -9 does.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.waited
}

// exitCode waits for the process to end by itself.
func (c *child) exitCode(t testing.TB) int {
	t.Helper()
	select {
	case <-c.waited:
		return c.cmd.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		t.Fatalf("the server goes on\n%s", c.stderr)
		return 0
	}
}
