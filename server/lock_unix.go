//go:build unix

package server

import (
	"os"
	"syscall"
)

// lock takes the lock of an open file, without waiting. It goes with the process.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
