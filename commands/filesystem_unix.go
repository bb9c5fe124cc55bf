//go:build linux || darwin

package commands

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// fileSystem returns the bytes of the file system that holds dir, and those that are
// free for everyone.
func fileSystem(dir string) (total, free uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	size := uint64(st.Bsize)
	reserved := uint64(st.Bfree) - uint64(st.Bavail) // for root
	return (uint64(st.Blocks) - reserved) * size, uint64(st.Bavail) * size, nil
}
