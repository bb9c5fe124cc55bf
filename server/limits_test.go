package server

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
	"zook/txnlog"
)

// isReset opens a connection, asks for a session and reports whether that ends with
// a reset.
func isReset(t *testing.T, addr string) bool {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) { // it was too quick for us
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = nc.Read(make([]byte, 1))
	return errors.Is(err, syscall.ECONNRESET)
}

// One connection more than an address may have is reset, and takes the place of
// none; one that ends makes room.
func TestConnectionsPerAddress(t *testing.T) {
	logger := &lockedBuffer{}
	ours := start(t, Config{MaxClientConns: 3, Logger: textLogger(logger)})
	for name, addr := range map[string]string{"Apache": zktest.Apache(t, "", "maxClientCnxns=3").Addr, "ours": ours.Addr()} {
		ws := []*wire{openSession(t, addr, 10*time.Second), connect(t, addr), openSession(t, addr, 10*time.Second)}
		eventually(t, "one more is reset", func() bool { return isReset(t, addr) })
		ws[0].create("/"+name, "", 0)
		ws[1].nc.Close()
		eventually(t, "there is room again", func() bool {
			nc, err := net.Dial("tcp", addr)
			if err != nil { // it was too quick for us
				return false
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(10 * time.Second))
			w := &wire{t: t, nc: nc, r: bufio.NewReader(nc)}
			w.tryWrite(jute.Marshal(&jute.ConnectRequest{Timeout: 10_000, Passwd: make([]byte, 16)}))
			_, err = w.read()
			return err == nil
		})
		if !ws[2].exists("/" + name) {
			t.Errorf("%s: another client was harmed", name)
		}
	}
	if !strings.Contains(logger.String(), "3 connections from one address are all that maxClientCnxns allows") {
		t.Errorf("it says %s", logger)
	}
	if ours.stats.connectionsRejected.get() == 0 {
		t.Error("nobody counted it")
	}
}

// The limit of one address is nothing to another.
func TestAddressesAreCountedApart(t *testing.T) {
	s := start(t, Config{MaxClientConns: 1, Addr: "0.0.0.0:0"})
	_, port, _ := net.SplitHostPort(s.Addr())
	openSession(t, "127.0.0.1:"+port, 10*time.Second)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	nc, err := d.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Skipf("a second address: %v", err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	w := &wire{t: t, nc: nc, r: bufio.NewReader(nc)}
	if r := w.handshake(jute.ConnectRequest{Timeout: 10_000}); r.SessionID == 0 {
		t.Error("the other address has no room")
	}
}

func TestConnectionsInAll(t *testing.T) {
	s := start(t, Config{MaxConns: 2})
	a, b := openSession(t, s.Addr(), 10*time.Second), openSession(t, s.Addr(), 10*time.Second)
	for range 5 {
		if !isReset(t, s.Addr()) {
			t.Error("a third connection")
		}
	}
	a.nc.Close()
	eventually(t, "there is room again", func() bool { return s.connections() == 1 })
	openSession(t, s.Addr(), 10*time.Second)
	if !b.exists("/") {
		t.Error("another client was harmed")
	}
}

// Of what all clients ask for, only so much waits for the disk.
func TestOutstandingRequests(t *testing.T) {
	const limit = 50
	s := start(t, Config{MaxOutstanding: limit})
	other := openSession(t, s.Addr(), 10*time.Second)
	other.create("/x", "", 0)
	s.engine.mu.Lock() // the disk does not answer
	ws := []*wire{openSessionBehind(t, s), openSessionBehind(t, s), openSessionBehind(t, s)}
	for i := range 1000 {
		for _, w := range ws {
			w.write(encodeRequest(int32(i), jute.OpSetData, reqSet("/x", "", -1)))
		}
	}
	eventually(t, "so many wait", func() bool { return s.waiting.Load() > limit })
	time.Sleep(50 * time.Millisecond)
	if n := s.waiting.Load(); n > limit+int64(len(ws)) {
		t.Errorf("%d requests wait, %d may", n, limit)
	}
	if !other.exists("/x") { // who has nothing waiting is served
		t.Error("another client was harmed")
	}
	s.engine.mu.Unlock()
	for i := range 1000 {
		for _, w := range ws {
			if f, err := w.next(); err != nil || f.Xid != int32(i) {
				t.Fatalf("reply %+v to %d: %v", f.ReplyHeader, i, err)
			}
		}
	}
	eventually(t, "nothing waits", func() bool { return s.waiting.Load() == 0 && s.inFlight.Load() == 0 })
}

// Large requests that arrive and never end are bounded together. Others wait for them,
// small ones do not.
func TestLargeRequestsThatArrive(t *testing.T) {
	const frame = 900_000
	s := start(t, Config{MaxLargeBytes: 2 * frame, TickTime: tick})
	other := openSession(t, s.Addr(), 20*tick)
	other.create("/x", "", 0)
	before := heap()
	slow := make([]*wire, 40)
	for i := range slow {
		slow[i] = openSession(t, s.Addr(), 20*tick)
		slow[i].nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // most of it is not taken
		slow[i].nc.Write(append(jute.AppendInt(nil, frame), make([]byte, frame-100)...))
		other.do(jute.OpSetData, reqSet("/x", "small", -1), nil)
	}
	if grown := heap() - before; grown > 10<<20 {
		t.Errorf("%d requests of %d bytes took %d MB", len(slow), frame, grown>>20)
	}
	large := openSession(t, s.Addr(), 20*tick)
	for _, w := range slow {
		w.nc.Close()
	}
	for range 10 {
		large.do(jute.OpSetData, reqSet("/x", strings.Repeat("x", frame), -1), nil)
	}
	if got := large.get("/x"); len(got) != frame {
		t.Errorf("%d bytes arrived", len(got))
	}
	large.send(jute.OpSetData, reqSet("/x", strings.Repeat("y", frame), -1))
	large.nc.Close()
	eventually(t, "all is given back", func() bool {
		s.large.mu.Lock()
		defer s.large.mu.Unlock()
		return s.large.used == 0
	})
}

// Without paths in the transaction, the ephemerals of a closed session go all the
// same, here, after a restart, and on Apache's server.
func TestCloseSessionWithoutPaths(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, NoClosePaths: true})
	w, b := openSession(t, s.Addr(), 30*time.Second), openSession(t, s.Addr(), 30*time.Second)
	w.create("/e", "", jute.Ephemeral)
	w.do(jute.OpCloseSession, nil, nil)
	if b.exists("/e") {
		t.Error("the ephemeral is there")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "version-2", "log.*"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	if got := closeBodies(t, logs[0]); fmt.Sprint(got) != "[<nil>]" {
		t.Errorf("the log says %v", got)
	}
	s = start(t, Config{DataDir: dir})
	b = b.resume(s.Addr())
	if b.exists("/e") {
		t.Error("it is there after a restart")
	}
	b.create("/after", "", 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b = b.resume(zktest.Apache(t, dir, "tickTime=2000").Addr)
	if b.exists("/e") || !b.exists("/after") {
		t.Error("Apache reads something else")
	}
}

// closeBodies are the bodies of the closeSessions in a log.
func closeBodies(t *testing.T, path string) (bodies []jute.Record) {
	t.Helper()
	r, err := txnlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if err != nil {
			return bodies
		}
		txn, err := rec.Txn()
		if err != nil {
			t.Fatal(err)
		}
		if txn.Header.Type == jute.OpCloseSession {
			bodies = append(bodies, txn.Body)
		}
	}
}

// Clients that do the same wrong thing over and over do not fill a disk with it.
func TestCalmLog(t *testing.T) {
	logger := &lockedBuffer{}
	s := start(t, Config{Logger: textLogger(logger)})
	const n = 300
	for range n {
		w := connect(t, s.Addr())
		w.write([]byte("no handshake"))
		if !w.isClosed(5 * time.Second) {
			t.Fatal("it stays open")
		}
		w.nc.Close()
	}
	lines := func() (n int) {
		for line := range strings.Lines(logger.String()) {
			if strings.Contains(line, "connection refused") {
				n++
			}
		}
		return n
	}
	if got := lines(); got != calmBurst {
		t.Errorf("%d lines of %d connections:\n%s", got, n, logger)
	}
	s.calm.settle(time.Now().Add(calmWindow))
	want := fmt.Sprintf(`level=WARN msg="connection refused" moreLikeThese=%d`, n-calmBurst)
	if got := lines(); got != calmBurst+1 || !strings.Contains(logger.String(), want) {
		t.Errorf("no line has %s:\n%s", want, logger)
	}
	connect(t, s.Addr()).write([]byte("no handshake"))
	eventually(t, "the next is told again", func() bool { return lines() == calmBurst+2 })
}

func TestConnConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	for _, c := range []struct {
		lines string
		want  Config
	}{
		{"", Config{MaxClientConns: 60}},
		{"maxClientCnxns=0", Config{}},
		{"maxClientCnxns=7\nmaxCnxns=9\nglobalOutstandingLimit=11\nlargeRequestMaxBytes=13\nclientTcpKeepAlive=true\ncloseSessionTxn.enabled=false\nzookeeper.nio.sessionlessCnxnTimeout=1500",
			Config{MaxClientConns: 7, MaxConns: 9, MaxOutstanding: 11, MaxLargeBytes: 13, KeepAlive: true, NoClosePaths: true, SilentTimeout: 1500 * time.Millisecond}},
	} {
		if err := os.WriteFile(file, []byte("dataDir=/d\n"+c.lines), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg, warnings, err := ReadConfig(file)
		got := Config{MaxClientConns: cfg.MaxClientConns, MaxConns: cfg.MaxConns, MaxOutstanding: cfg.MaxOutstanding, MaxLargeBytes: cfg.MaxLargeBytes, KeepAlive: cfg.KeepAlive,
			NoClosePaths: cfg.NoClosePaths, SilentTimeout: cfg.SilentTimeout}
		if err != nil || len(warnings) > 0 || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q: %v, %q\n got %+v\nwant %+v", c.lines, err, warnings, got, c.want)
		}
	}
}
