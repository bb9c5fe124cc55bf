package shell

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock holds the file path, for this process only, until unlock. Where it cannot
// be had nothing is locked.
func lock(path string) (unlock func()) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return func() {}
	}
	windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
	return func() { f.Close() }
}
