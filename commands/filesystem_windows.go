package commands

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// fileSystem returns the bytes of the file system that holds dir, and those that are
// free for this user.
func fileSystem(dir string) (total, free uint64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &free, &total, nil)
	}
	if err != nil {
		return 0, 0, &fs.PathError{Op: "GetDiskFreeSpaceEx", Path: dir, Err: err}
	}
	return total, free, nil
}
