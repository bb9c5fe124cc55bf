//go:build unix

package shell

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock holds the file path, for this process only, until unlock. Where it cannot
// be had, as on some network file systems, nothing is locked.
func lock(path string) (unlock func()) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return func() {}
	}
	unix.Flock(int(f.Fd()), unix.LOCK_EX)
	return func() { f.Close() }
}
