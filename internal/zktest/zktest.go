// Package zktest starts the real Apache ZooKeeper, from Debian's packages, for
// tests that compare with it.
//
// A test that needs a peer which is not installed is skipped, and says what to
// install; with ZOOK_REQUIRE_PEERS=1, as in CI, it fails instead.
package zktest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// NeedPeer skips the test, or fails it under ZOOK_REQUIRE_PEERS=1.
func NeedPeer(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("ZOOK_REQUIRE_PEERS") == "1" {
		tb.Fatalf("ZOOK_REQUIRE_PEERS=1: "+format, args...)
	}
	tb.Skipf(format, args...)
}

// classesEnv names the class path of another version of Apache ZooKeeper, compiled
// by whoever runs the tests (compile-apache.sh). It goes before Debian's jars, whose libraries it uses.
const classesEnv = "ZOOK_PEER_CLASSES"

// OtherVersion reports whether the peer is not Debian's 3.8, but what classesEnv
// says: for runs by hand, to see which differences are of the version alone.
func OtherVersion() bool { return os.Getenv(classesEnv) != "" }

// Java returns a command that runs a main class of Apache ZooKeeper 3.8 with
// Debian's jars on the class path. extra are more class path entries.
func Java(tb testing.TB, extra []string, args ...string) *exec.Cmd {
	tb.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		NeedPeer(tb, "no java: apt-get install default-jre-headless")
	}
	cp := append([]string{}, extra...)
	if OtherVersion() {
		cp = append(cp, os.Getenv(classesEnv))
	}
	for _, jar := range []string{
		"zookeeper", "zookeeper-jute", "jackson-core", "jackson-databind", "jackson-annotations",
		"jetty9-server", "jetty9-servlet", "jetty9-util", "jetty9-util-ajax", "jetty9-http", "jetty9-io", "jetty9-security",
		"servlet-api", "metrics-core", "snappy-java", "slf4j-api", "slf4j-simple", "commons-cli",
		"netty-handler", "netty-transport", "netty-common", "netty-buffer", "netty-codec", "netty-resolver",
		"netty-transport-native-epoll", "netty-transport-native-unix-common",
	} {
		p := "/usr/share/java/" + jar + ".jar"
		if _, err := os.Stat(p); err != nil {
			NeedPeer(tb, "no %s: apt-get install zookeeper", p)
		}
		cp = append(cp, p)
	}
	jvm := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"} // quick to start
	if _, ok := tb.(*testing.B); ok {
		jvm = []string{"-Xmx4g"} // as people run it, for a fair comparison
	}
	cmd := exec.Command(java, append(append(jvm,
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-Dzookeeper.extendedTypesEnabled=true",
		"-cp", strings.Join(cp, ":")), args...)...)
	diesWithUs(cmd)
	return cmd
}

// Server is a running Apache ZooKeeper.
type Server struct {
	Addr    string // 127.0.0.1:port
	DataDir string // holds version-2

	tb     testing.TB
	main   string   // class
	flags  []string // of the JVM
	cfg    string
	cmd    *exec.Cmd
	waited chan struct{}
	log    logBuffer
}

// logBuffer takes what a server logs while a test looks at it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Apache starts Apache ZooKeeper standalone on a free port of 127.0.0.1 and on
// dataDir, a new directory if that is "", and stops it when the test ends. Each
// of config is a line of zoo.cfg, or -Dname=value, a system property that zoo.cfg
// cannot set.
func Apache(tb testing.TB, dataDir string, config ...string) *Server {
	tb.Helper()
	if dataDir == "" {
		dataDir = tb.TempDir()
	}
	port := FreePort(tb)
	return start(tb, &Server{main: "org.apache.zookeeper.server.ZooKeeperServerMain", DataDir: dataDir}, port,
		append([]string{fmt.Sprintf("clientPort=%d", port), "clientPortAddress=127.0.0.1"}, config...))
}

// ApacheEnsemble is Apache as the only member of an ensemble, whose configuration
// can be changed.
func ApacheEnsemble(tb testing.TB, config ...string) *Server {
	tb.Helper()
	port := FreePort(tb)
	s := &Server{main: "org.apache.zookeeper.server.quorum.QuorumPeerMain", DataDir: tb.TempDir()}
	if err := os.WriteFile(filepath.Join(s.DataDir, "myid"), []byte("1"), 0o644); err != nil {
		tb.Fatal(err)
	}
	return start(tb, s, port, append([]string{
		fmt.Sprintf("server.1=127.0.0.1:%d:%d:participant;127.0.0.1:%d", FreePort(tb), FreePort(tb), port),
		"reconfigEnabled=true", "standaloneEnabled=false", "skipACL=yes", "initLimit=10", "syncLimit=10",
	}, config...))
}

func start(tb testing.TB, s *Server, port int, config []string) *Server {
	tb.Helper()
	configure(tb, s, port, config)
	s.Start()
	tb.Cleanup(s.Stop)
	return s
}

// configure writes zoo.cfg. Of a name that comes twice the last counts.
func configure(tb testing.TB, s *Server, port int, config []string) {
	tb.Helper()
	s.tb, s.Addr, s.cfg = tb, fmt.Sprintf("127.0.0.1:%d", port), filepath.Join(tb.TempDir(), "zoo.cfg")
	lines := []string{
		"dataDir=" + s.DataDir, "tickTime=500", "admin.enableServer=false", "4lw.commands.whitelist=*", "maxClientCnxns=0",
	}
	for _, line := range config {
		if strings.HasPrefix(line, "-D") {
			s.flags = append(s.flags, line)
		} else {
			lines = append(lines, line)
		}
	}
	if err := os.WriteFile(s.cfg, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Start starts a stopped server again and waits until it serves.
func (s *Server) Start() {
	s.tb.Helper()
	s.Launch()
	s.Await()
}

// Launch starts a stopped server again and does not wait: a member of an ensemble
// that has no quorum never serves.
func (s *Server) Launch() {
	s.tb.Helper()
	cmd := Java(s.tb, nil, append(slices.Clone(s.flags), s.main, s.cfg)...)
	s.log = logBuffer{}
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := startToLast(cmd); err != nil {
		s.tb.Fatal(err)
	}
	waited := make(chan struct{})
	go func() { cmd.Wait(); close(waited) }()
	s.cmd, s.waited = cmd, waited
}

// Await waits until a launched server serves.
func (s *Server) Await() {
	s.tb.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.waited:
			s.tb.Fatalf("Apache ZooKeeper did not start:\n%s", s.log.String())
		default:
		}
		// A word that comes while the server starts is at times never answered.
		if out, err := fourLetter(s.Addr, "srvr", 500*time.Millisecond); err == nil && strings.Contains(out, "Mode:") {
			return
		}
		if time.Now().After(deadline) {
			s.Kill()
			s.tb.Fatalf("Apache ZooKeeper does not serve:\n%s", s.log.String())
		}
	}
}

// Log is what the server has logged: warnings and errors.
func (s *Server) Log() string { return s.log.String() }

// Pid is the server's process id.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Stop ends the server with SIGTERM and waits for it.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server with SIGKILL and waits for it.
func (s *Server) Kill() { s.end(os.Kill) }

func (s *Server) end(sig os.Signal) {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(sig)
	s.Resume() // it may be suspended, and hear no SIGTERM
	<-s.waited
	s.cmd = nil
}

// FreePort returns a port of 127.0.0.1 that nothing listens on. It is below those
// that systems give to connections, so that none takes it before a server has
// started there.
func FreePort(tb testing.TB) int {
	tb.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port
	}
	tb.Fatal("no free port")
	return 0
}

// FourLetter sends a four-letter word and returns the whole reply.
func FourLetter(addr, word string) (string, error) {
	return fourLetter(addr, word, 5*time.Second)
}

func fourLetter(addr, word string, timeout time.Duration) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(timeout))
	if _, err := io.WriteString(c, word); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	return string(b), err
}

// ZkCli runs one command of zkCli.sh's main class against addr and returns its
// standard output and standard error.
func ZkCli(tb testing.TB, addr string, args ...string) (stdout, stderr string, err error) {
	tb.Helper()
	cmd := Java(tb, nil, append([]string{"org.apache.zookeeper.ZooKeeperMain", "-server", addr}, args...)...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Run()
	return o.String(), e.String(), err
}
