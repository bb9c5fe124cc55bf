package server

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zook/datadir"
	"zook/jute"
)

// limitFileSize lets no file of this process become longer.
func limitFileSize(n uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n})
}

// limitFiles lets this process have no more descriptors.
func limitFiles(n uint64) {
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n})
}

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fillUntilItStops creates znodes until the server is gone, and returns those
// that it acknowledged.
func fillUntilItStops(t *testing.T, w *wire) []string {
	t.Helper()
	var acknowledged []string
	data := string(make([]byte, 5000))
	const inFlight = 8
	for i := 0; i < 20_000; i++ {
		w.tryWrite(encodeRequest(int32(i), jute.OpCreate, reqCreate(fmt.Sprintf("/n%d", i), data, 0)))
		if i < inFlight {
			continue
		}
		f, err := w.next()
		if err != nil {
			return acknowledged
		}
		if f.Err != jute.ErrOK || f.Xid != int32(len(acknowledged)) {
			t.Fatalf("reply %+v to request %d", f, len(acknowledged))
		}
		acknowledged = append(acknowledged, fmt.Sprintf("/n%d", f.Xid))
	}
	t.Fatal("the disk does not fill")
	return nil
}

// checkStopped looks at what a server that gave up has said.
func checkStopped(t *testing.T, log, reason string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") {
			n++
			if !strings.Contains(line, reason) || !strings.Contains(line, "transaction log") {
				t.Errorf("it says %s, want the log and %q", line, reason)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d lines say why:\n%s", n, log)
	}
}

// A full disk: nothing more is acknowledged, one line says why, the process can
// end with an error, and what was acknowledged is there.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, 2<<20)
	testNoRoom(t, childConfig{Config: Config{DataDir: t.TempDir(), DataLogDir: disk, PreAllocSize: 64 << 10}}, "no space left on device")
}

func TestFilesTooLarge(t *testing.T) {
	testNoRoom(t, childConfig{Config: Config{DataDir: t.TempDir(), PreAllocSize: -1}, FileSize: 1 << 20}, "file too large")
}

func testNoRoom(t *testing.T, cfg childConfig, reason string) {
	c := startChild(t, cfg)
	w, idle := openSession(t, c.addr, 10*time.Second), openSession(t, c.addr, 10*time.Second)
	acknowledged := fillUntilItStops(t, w)
	if len(acknowledged) < 20 {
		t.Fatalf("only %d writes went in", len(acknowledged))
	}
	if code := c.exitCode(t); code == 0 {
		t.Error("it ended as if nothing had been")
	}
	if !idle.isClosed(time.Second) {
		t.Error("another connection stays open")
	}
	checkStopped(t, c.stderr.String(), reason)
	state, err := datadir.Open(cfg.DataDir, cfg.DataLogDir).Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range acknowledged {
		if n, ok := state.Tree.Lookup(path); !ok || len(n.Data) != 5000 {
			t.Fatalf("%s was acknowledged and is not there", path)
		}
	}
	if extra := state.Tree.Counts().Znodes - len(acknowledged) - 4; extra < 0 || extra > 8 {
		t.Errorf("%d znodes more than were acknowledged", extra)
	}
}

// A full disk that only takes the snapshots is no reason to stop.
func TestNoRoomForSnapshots(t *testing.T) {
	disk := smallDisk(t, 256<<10)
	logs := t.TempDir()
	logger := &lockedBuffer{}
	s := start(t, Config{DataDir: disk, DataLogDir: logs, SnapCount: 20, PreAllocSize: -1, Logger: textLogger(logger)})
	w := openSession(t, s.Addr(), 10*time.Second)
	for i := range 200 {
		w.create(fmt.Sprintf("/n%d", i), string(make([]byte, 5000)), 0)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(logger.String(), "no snapshot") || !strings.Contains(logger.String(), "no space left") {
		t.Errorf("it says %s", logger)
	}
	state, err := datadir.Open(disk, logs).Load(t.Context(), nil)
	if err != nil || state.Tree.Counts().Znodes != 204 {
		t.Fatalf("%v: %+v", err, state)
	}
}

// A log directory that goes away, or never could be written.
func TestUnwritableLogDirectory(t *testing.T) {
	dir := t.TempDir()
	logger := &lockedBuffer{}
	logs := filepath.Join(t.TempDir(), "logs")
	s, err := Start(context.Background(), Config{DataDir: dir, DataLogDir: logs, Logger: textLogger(logger)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(logs); err != nil {
		t.Fatal(err)
	}
	w := connect(t, s.Addr())
	w.write(jute.Marshal(&jute.ConnectRequest{Timeout: 10_000})) // a session is a transaction
	if b, err := w.read(); err == nil {
		t.Errorf("acknowledged: % x", b)
	}
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the server goes on")
	}
	if s.Err() == nil || s.Close() == nil {
		t.Errorf("Err says %v", s.Err())
	}
	checkStopped(t, logger.String(), "no such file")

	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o644)
	for _, cfg := range []Config{{DataDir: file}, {DataDir: dir, DataLogDir: file}, {DataDir: "/proc/none"}} {
		if s, err := Start(context.Background(), cfg); err == nil {
			s.Close()
			t.Errorf("started on %+v", cfg)
		}
	}
}

func TestTwoServersOnOneDirectory(t *testing.T) {
	dir, logs := t.TempDir(), t.TempDir()
	s := start(t, Config{DataDir: dir, DataLogDir: logs})
	for _, cfg := range []Config{{DataDir: dir, DataLogDir: logs}, {DataDir: dir}, {DataDir: t.TempDir(), DataLogDir: logs}} {
		other, err := Start(context.Background(), cfg)
		if err == nil {
			other.Close()
			t.Fatalf("a second server runs on %+v", cfg)
		}
		if !strings.Contains(err.Error(), "another server runs on this directory") {
			t.Errorf("it says %v", err)
		}
	}
	s.Close()
	again := start(t, Config{DataDir: dir, DataLogDir: logs})
	again.Close()
	c := startChild(t, childConfig{Config: Config{DataDir: dir, DataLogDir: logs}})
	if _, err := Start(context.Background(), Config{DataDir: dir, DataLogDir: logs}); err == nil {
		t.Error("a second process runs on the directory")
	}
	c.kill()
	start(t, Config{DataDir: dir, DataLogDir: logs})
}
