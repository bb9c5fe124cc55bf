package txnlog

import (
	"errors"
	"io"
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

// seekData moves f from offset over a hole, to what the disk holds behind it or
// to the end. It returns where it is then.
func seekData(f *os.File, offset int64) (int64, error) {
	to, err := f.Seek(offset, unix.SEEK_DATA)
	switch {
	case err == nil:
		return to, nil
	case errors.Is(err, unix.ENXIO): // there is nothing but the hole
		return f.Seek(0, io.SeekEnd)
	}
	return f.Seek(offset, io.SeekStart) // this file system does not know holes
}
