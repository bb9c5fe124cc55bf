package server

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zook/fourletter"
	"zook/jute"
)

// floods are ways to begin a connection and leave it there.
var floods = [][]byte{
	nil,
	{0},
	{0, 0, 0, 45, 0, 0},
	append(binary.BigEndian.AppendUint32(nil, 1_000_000), make([]byte, 700)...), // most of it never comes
	[]byte("no handshake, and a little more so that it is none"),
}

// Ten thousand connections that say nothing, or half of something, or nonsense: they
// cost little, all others are served, and it passes.
func TestFlood(t *testing.T) {
	n := 10_000
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil {
		n = min(n, int(r.Cur)-500)
	}
	c := startChild(t, childConfig{Config: Config{SilentTimeout: time.Minute, Words: []string{"*"}}})
	other := openSession(t, c.addr, 30*time.Second)
	other.create("/x", "", 0)
	quiet := residentKB(t, c.cmd.Process.Pid)
	conns := make([]net.Conn, n)
	for i := range conns {
		nc, err := net.Dial("tcp", c.addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer nc.Close()
		nc.Write(floods[i%len(floods)])
		conns[i] = nc
		if i%1000 == 0 {
			other.do(jute.OpSetData, reqSet("/x", fmt.Sprint(i), -1), nil)
		}
	}
	if !openSession(t, c.addr, 10*time.Second).exists("/x") {
		t.Error("a new client is not served")
	}
	stand := n * (len(floods) - 1) / len(floods)
	if got := connectionsOf(t, c.addr); got < int64(stand) {
		t.Errorf("%d connections, want %d: those that say too little", got, stand)
	}
	each := (residentKB(t, c.cmd.Process.Pid) - quiet) << 10 / n
	t.Logf("%d bytes a connection", each)
	if most := 16 << 10; each > most && !raceEnabled {
		t.Errorf("a connection costs %d bytes, more than %d", each, most)
	}
	for _, nc := range conns {
		nc.Close()
	}
	eventually(t, "all are gone", func() bool { return connectionsOf(t, c.addr) < 10 })
	if got := other.get("/x"); got == "" {
		t.Error("another client was harmed")
	}
	if lines := strings.Count(c.stderr.String(), "\n"); lines > 2*calmBurst {
		t.Errorf("%d lines about it", lines)
	}
}

func connectionsOf(t *testing.T, addr string) int64 {
	t.Helper()
	reply, err := (&fourletter.Client{}).Ask(t.Context(), addr, "srvr")
	if err != nil {
		t.Fatal(err)
	}
	s, err := fourletter.ParseSrvr(reply)
	if err != nil {
		t.Fatal(err)
	}
	return s.Connections
}

// More connections than there are descriptors for: what is too many is reset, and
// logs and snapshots find theirs.
func TestFloodTakesNoDescriptorOfTheFiles(t *testing.T) {
	c := startChild(t, childConfig{Config: Config{SnapCount: 20, MaxConns: 1000}, Files: 256})
	w := openSession(t, c.addr, 30*time.Second)
	refused := 0
	for range 400 {
		nc, err := net.Dial("tcp", c.addr)
		if err != nil {
			refused++
			continue
		}
		defer nc.Close()
	}
	for i := range 200 {
		w.create(fmt.Sprintf("/n%d", i), "", 0)
	}
	if !strings.Contains(c.stderr.String(), "are all that there may be") || strings.Contains(c.stderr.String(), "level=ERROR") {
		t.Errorf("it says %s", c.stderr)
	}
	select {
	case <-c.waited:
		t.Fatalf("the server has ended:\n%s", c.stderr)
	default:
	}
}

// failing is a listener that first has no descriptor for a connection.
type failing struct {
	net.Listener
	times int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.times--; f.times >= 0 {
		return nil, &net.OpError{Op: "accept", Err: unix.EMFILE}
	}
	return f.Listener.Accept()
}

func TestNoDescriptorForAWhile(t *testing.T) {
	logger := &lockedBuffer{}
	s, err := Start(context.Background(), Config{Logger: textLogger(logger)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.running.Add(1)
	go s.acceptLoop(&failing{l, 3}, func(nc net.Conn) net.Conn { return nc })
	if !openSession(t, l.Addr().String(), 10*time.Second).exists("/") {
		t.Error("nobody is served")
	}
	l.Close()
	if got := strings.Count(logger.String(), "too many open files"); got != 3 {
		t.Errorf("it says %d times that there were none:\n%s", got, logger)
	}
}
