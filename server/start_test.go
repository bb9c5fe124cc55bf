package server

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/jute"
	"zook/txnlog"
)

// A damaged transaction amid a log stops the start: the line says where, what was last, and
// what to run; nothing is changed.
func TestDamageStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, PreAllocSize: -1})
	w := openSession(t, s.Addr(), 10*time.Second)
	for _, path := range []string{"/a", "/b", "/c"} {
		w.create(path, strings.Repeat("x", 100), 0)
	}
	s.Close()
	file := filepath.Join(dir, "version-2", "log.1")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("/b"))] ^= 1
	os.WriteFile(file, b, 0o644)
	_, err = Start(context.Background(), Config{DataDir: dir})
	if err == nil {
		t.Fatal("it starts")
	}
	for _, want := range []string{file + ": damaged at offset ", "last good zxid 0x2", "zook txnlog repair " + file, "zook txnlog verify " + filepath.Dir(file)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if after, _ := os.ReadFile(file); !bytes.Equal(after, b) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the log was changed, or more than a line: %q", err)
	}
}

// A transaction that is larger than today's jute.maxbuffer stays readable. Apache says
// "Unreasonable length" and does not start.
func TestTransactionsAboveMaxBuffer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, MaxFrame: 8 << 20})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/large", strings.Repeat("x", 4<<20), 0)
	s.Close()
	var log lockedBuffer
	s = start(t, Config{DataDir: dir, Logger: textLogger(&log)})
	if got := openSession(t, s.Addr(), 10*time.Second).get("/large"); len(got) != 4<<20 {
		t.Errorf("%d bytes", len(got))
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "bytes=4194") {
		t.Errorf("log:\n%s", log.String())
	}
}

// After a crash that left a log of nothing, or of a header, the server goes on; and so does
// Apache's, on what it then writes.
func TestAnEmptyLastLog(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"nothing": {}, "a header": (&jute.FileHeader{Magic: jute.LogMagic, Version: 2}).Append(nil), "zeros": make([]byte, 4096),
	} {
		dir := t.TempDir()
		s := start(t, Config{DataDir: dir})
		openSession(t, s.Addr(), 10*time.Second).create("/a", "x", 0)
		s.Close()
		last := filepath.Join(dir, "version-2", txnlog.FileName(3))
		os.WriteFile(last, content, 0o644)
		s = start(t, Config{DataDir: dir})
		w := openSession(t, s.Addr(), 10*time.Second)
		if got := w.get("/a"); got != "x" {
			t.Errorf("%s: %q", name, got)
		}
		w.create("/b", "y", 0)
		s.Close()
		s = start(t, Config{DataDir: dir})
		if got := openSession(t, s.Addr(), 10*time.Second).get("/b"); got != "y" {
			t.Errorf("%s: %q after it went on", name, got)
		}
	}
}
