package commands

import (
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mountSmall mounts a file system in memory.
func mountSmall(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestDoctorOfFileSystems(t *testing.T) {
	for _, c := range []struct {
		options string
		harm    func(dir string)
		says    string
	}{
		{"size=1m", func(string) {}, "error DIR: 1.0 MB are free, and the next log and snapshot take 67.1 MB"},
		{"size=1g,nr_inodes=100000", func(string) {}, "warning DIR: it is in memory (tmpfs): all goes with the next start of the machine"},
		{"size=1g,nr_inodes=50", func(string) {}, "warning DIR: only 49 more files can be made on the disk"},
		{"size=1g,nr_inodes=3", func(dir string) { os.WriteFile(dir+"/a", nil, 0o600); os.WriteFile(dir+"/b", nil, 0o600) },
			"error DIR: no more files can be made on the disk: it is out of inodes"},
		{"size=1g", func(dir string) { unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "") }, "error DIR: the file system is read-only"},
	} {
		dir := mountSmall(t, c.options)
		c.harm(dir)
		d := &doctor{}
		d.cfg.PreAllocSize = 64 << 20
		d.examineDisk(dir)
		var said []string
		for _, x := range d.found {
			said = append(said, strings.ReplaceAll(string(x.Severity)+" "+x.About+": "+x.Problem, dir, "DIR"))
		}
		if got := strings.Join(said, "\n"); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q is not in\n%s", c.options, c.says, got)
		}
	}
}

// The process that has a port is found, if it is one of ours.
func TestPortOwner(t *testing.T) {
	if got := portOwner("127.0.0.1:1"); got != 0 {
		t.Errorf("nobody's port: process %d", got)
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err)
			continue
		}
		if got := portOwner(l.Addr().String()); got != os.Getpid() {
			t.Errorf("%s: process %d, want %d", addr, got, os.Getpid())
		}
		l.Close()
	}
}
