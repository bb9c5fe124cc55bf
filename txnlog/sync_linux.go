package txnlog

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes the file's bytes and its length durable, but not its times:
// that saves a journal commit where the length stays as it was preallocated.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR { // no attempt was made yet, so this is no retry of a failed one
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
