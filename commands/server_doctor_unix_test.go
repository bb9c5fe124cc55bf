//go:build unix

package commands

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// Modes and owners are looked at for whom the server runs as, whoever asks.
func TestDoctorOfOwners(t *testing.T) {
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skip(err)
	}
	dir := filepath.Dir(writeHistory(t, 50, 0, 33))
	for _, d := range []string{dir, dir + "/data", dir + "/data/version-2"} {
		os.Chmod(d, 0o777)
	}
	inside := dir + "/data/version-2"
	asNobody := func(cfg string) string { return doctorOf(t, dir, cfg, "--user", "nobody") }
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	check := func(name, got string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in\n%s", name, w, got)
			}
		}
	}

	// Another's files that can be read: a warning. It names the first of them.
	check("files of another", asNobody(fine), "warning: DIR/data/version-2/log.1: it is "+me.Username+"'s, as 7 files in this directory are not nobody's; chown -R nobody DIR/data/version-2\n")
	os.Chmod(inside+"/snapshot.21", 0o600)
	check("one that cannot be read", asNobody(fine), "error: DIR/data/version-2/snapshot.21: nobody may not use it, it is "+me.Username+"'s; chown -R nobody DIR/data/version-2/snapshot.21\n= 1\n")
	os.Chmod(inside+"/log.1", 0o600)
	check("two that cannot be read", asNobody(fine), "error: DIR/data/version-2: nobody may not use 2 of the files in it, such as log.1, which is ")
	os.Chmod(inside, 0o755)
	check("a directory that cannot be written", asNobody(fine), "error: DIR/data/version-2: nobody may not write in it, it is ")
	os.WriteFile(dir+"/data/myid", []byte("1"), 0o600)
	check("myid", asNobody(fine), "error: DIR/data/myid: nobody may not read it, it is ")
	os.Chmod(dir, 0o755)
	check("a directory that cannot be made", asNobody(strings.ReplaceAll(fine, "data\n", "new\n")), "error: DIR/new: it is missing, and nobody may not make it in DIR; mkdir -p DIR/new, and give it to nobody\n")

	if got := doctorOf(t, dir, fine, "--user", "no-such-user"); !strings.Contains(got, "--user: there is no user no-such-user\n= 2\n") {
		t.Errorf("nobody at all: %s", got)
	}
}

// Root looks with the eyes of whoever owns the data directory.
func TestDoctorAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("for root")
	}
	dir := filepath.Dir(writeHistory(t, 5, 0))
	for _, d := range []string{dir, dir + "/data", dir + "/data/version-2", dir + "/data/version-2/snapshot.0"} {
		if err := os.Chown(d, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir+"/data/version-2/log.1", 0o600) // which root wrote
	got := doctorOf(t, dir, fine)
	if want := "error: DIR/data/version-2/log.1: 12345 may not use it, it is root's; chown -R 12345 DIR/data/version-2/log.1\n= 1\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}
