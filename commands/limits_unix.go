//go:build linux || darwin

package commands

import "golang.org/x/sys/unix"

// openFiles is how many files and connections a process may have.
func openFiles() (uint64, error) {
	var r unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r)
	return r.Cur, err
}
