package server

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the lock of an open file, without waiting. It goes with the process.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}
