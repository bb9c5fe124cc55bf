package commands

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Without permission it is that which is told, and it is no damage.
func TestSnapshotToolsWithoutPermission(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		os.Chmod(parent, 0o755)
	}
	closed, file := filepath.Join(dir, "snapshot.e"), filepath.Join(dir, "snapshot.f")
	os.WriteFile(closed, good, 0)
	os.WriteFile(file, good, 0o644)
	done := make(chan bool)
	go func() { // without the rights of root
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with its rights
		unix.Setfsuid(65534)
		unix.Setfsgid(65534)
		for _, words := range []string{"stats " + closed, "verify " + closed, "export " + closed, "diff " + file + " " + closed,
			"restore --to-dir " + dir + "/new " + closed, "restore --to-dir " + dir + "/new " + file} {
			got := unserved(t, append([]string{"snapshot"}, strings.Fields(words)...)...)
			if !strings.Contains(got, ": permission denied\n") || strings.Count(got, "\n") != 2 || !strings.HasSuffix(got, "= 1\n") {
				t.Errorf("%s: %s", words, got)
			}
		}
	}()
	<-done
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}
