package txnlog

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"zook/internal/zktest"
)

// limitFileSize makes this process fail to make files longer than n, as a full
// disk does, until undo is called.
func limitFileSize(t *testing.T, n uint64) (undo func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		unix.Setrlimit(unix.RLIMIT_FSIZE, &was)
		signal.Reset(syscall.SIGXFSZ)
	}
}

// After the disk has failed once, the writer must not go on, even if the disk
// does: what was lost in between is not to be followed by anything.
func TestWriterStaysDeadAfterAnError(t *testing.T) {
	if !zktest.Alone(t) {
		return
	}
	for _, prealloc := range []int64{-1, 8192} {
		w, err := Create(t.TempDir(), 1, Options{Prealloc: prealloc})
		if err != nil {
			t.Fatal(err)
		}
		w.Append(session(1))
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		undo := limitFileSize(t, 10000)
		w.Append(set(2, bytes.Repeat([]byte("lost"), 5000)))
		first := w.Sync()
		undo()
		if !errors.Is(first, syscall.EFBIG) {
			t.Fatalf("Sync with a full disk: %v", first)
		}
		for name, err := range map[string]error{"Append": w.Append(session(3)), "AppendRaw": w.AppendRaw(make([]byte, 40)), "Sync": w.Sync(), "Close": w.Close()} {
			if err != first {
				t.Errorf("%s afterwards: %v", name, err)
			}
		}
		r, err := Open(w.Name())
		if err != nil {
			t.Fatal(err)
		}
		txns, _, err := readAll(r)
		var c *CorruptError
		if len(txns) != 1 || !errors.As(err, &c) || !c.Torn {
			t.Errorf("left behind: %d transactions, %v", len(txns), err)
		}
		r.Close()
	}
}

func TestCreateOnAFullDisk(t *testing.T) {
	if !zktest.Alone(t) {
		return
	}
	dir := t.TempDir()
	undo := limitFileSize(t, 8)
	w, err := Create(dir, 1, Options{})
	undo()
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("%v, %v", w, err)
	}
	if w, err = Create(dir, 1, Options{}); err != nil {
		t.Fatalf("once there is room: %v", err)
	}
	w.Close()
}

// asNobody calls f without the rights of root.
func asNobody(f func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with its rights
		unix.Setfsuid(65534)
		unix.Setfsgid(65534)
		f()
	}()
	<-done
}

func TestNoPermission(t *testing.T) {
	dir := t.TempDir()
	path := create(t, dir, Options{}, session(1))
	os.Chmod(path, 0)
	os.Chmod(dir, 0o500)
	defer os.Chmod(dir, 0o700)
	asNobody(func() {
		if _, err := Open(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Open: %v", err)
		}
		if _, err := Create(dir, 2, Options{}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Create: %v", err)
		}
	})
	if _, err := os.Stat(filepath.Join(dir, FileName(2))); err == nil {
		t.Error("Create left a file")
	}
}
