package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"zook/internal/zktest"
	"zook/jute"
)

// A full disk leaves no snapshot behind, neither whole nor in part.
func TestCreateOnAFullDisk(t *testing.T) {
	if !zktest.Alone(t) {
		return
	}
	dir := t.TempDir()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // a write fails with EFBIG instead
	defer signal.Reset(syscall.SIGXFSZ)
	for _, room := range []uint64{0, 1000, 150_000} {
		unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: room, Max: was.Max})
		_, err := Create(dir, 1, Options{}, func(w *Writer) error {
			for range 200 {
				if err := w.Node("", make([]byte, 1000), 1, jute.StatPersisted{}); err != nil {
					return err
				}
			}
			return nil
		})
		unix.Setrlimit(unix.RLIMIT_FSIZE, &was)
		if !errors.Is(err, syscall.EFBIG) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
		if got := names(t, dir); len(got) != 0 {
			t.Errorf("left in the directory: %q", got)
		}
	}
}

func TestNoPermission(t *testing.T) {
	dir := t.TempDir()
	path, err := Create(dir, 1, Options{}, func(*Writer) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0)
	os.Chmod(dir, 0o500)
	defer os.Chmod(dir, 0o700)
	done := make(chan bool)
	go func() { // without the rights of root
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with its rights
		unix.Setfsuid(65534)
		unix.Setfsgid(65534)
		if _, err := Open(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Open: %v", err)
		}
		if _, err := Create(dir, 2, Options{}, func(*Writer) error { return nil }); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Create: %v", err)
		}
	}()
	<-done
}
