//go:build unix

package server

import (
	"os"

	"golang.org/x/sys/unix"
)

// osVersion is the version of the system's kernel, "" if it is not known.
func osVersion() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// openFiles is how many descriptors the process has, and may have; -1 if that is
// not known.
func openFiles() (open, limit int64) {
	open, limit = -1, -1
	if d, err := os.Open("/dev/fd"); err == nil {
		if names, err := d.Readdirnames(-1); err == nil {
			open = int64(len(names)) - 1 // without d
		}
		d.Close()
	}
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil {
		limit = int64(r.Cur)
	}
	return open, limit
}
