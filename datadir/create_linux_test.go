package datadir

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"zook/internal/zktest"
	"zook/jute"
	"zook/snapshot"
)

// A full disk leaves no directory behind that a server would start on, nor
// anything else.
func TestCreateFromOnAFullDisk(t *testing.T) {
	if !zktest.Alone(t) {
		return
	}
	there := t.TempDir()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ) // a write fails with EFBIG instead
	defer signal.Reset(syscall.SIGXFSZ)
	for _, room := range []uint64{0, 1000, 150_000} {
		for _, dir := range []string{there, filepath.Join(there, "new")} {
			unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: room, Max: was.Max})
			_, err := CreateFrom(dir, 1, snapshot.Options{}, func(w *snapshot.Writer) error {
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
			if left, _ := os.ReadDir(there); len(left) != 0 {
				t.Errorf("left in the directory: %v", left)
			}
		}
	}
}
