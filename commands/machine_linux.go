package commands

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// diskKind is what is known of a file system but its room.
type diskKind struct {
	name             string // "" if it is one of the many on disks
	readOnly         bool
	files, freeFiles int64 // that it can have; 0 if it does not count them
}

var fileSystemNames = map[int64]string{
	unix.TMPFS_MAGIC: "tmpfs", unix.RAMFS_MAGIC: "ramfs", unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs",
	unix.SMB2_SUPER_MAGIC: "smb2", unix.FUSE_SUPER_MAGIC: "fuse", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
}

func fileSystemKind(dir string) (diskKind, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return diskKind{}, err
	}
	return diskKind{fileSystemNames[int64(st.Type)&0xffffffff], st.Flags&unix.ST_RDONLY != 0, int64(st.Files), int64(st.Ffree)}, nil
}

// clockState reports whether somebody keeps the clock in time, if that can be known.
func clockState() (known, synced bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil, err == nil && state != unix.TIME_ERROR
}

// portOwner is the process that listens on the port of an address, 0 if that is not to be
// seen.
func portOwner(addr string) int {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode := listeningInode(table, port); inode != "" {
			return socketOwner("socket:[" + inode + "]")
		}
	}
	return 0
}

// listeningInode is the inode of the socket that listens on a port.
func listeningInode(table string, port int) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		const local, state, inode, listening = 1, 3, 9, "0A"
		if x := strings.Fields(lines.Text()); len(x) > inode && strings.HasSuffix(x[local], suffix) && x[state] == listening {
			return x[inode]
		}
	}
	return ""
}

func socketOwner(socket string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*/fd")
	for _, dir := range processes {
		files, _ := os.ReadDir(dir) // others' may not be read
		for _, f := range files {
			if link, _ := os.Readlink(filepath.Join(dir, f.Name())); link == socket {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
				return pid
			}
		}
	}
	return 0
}
