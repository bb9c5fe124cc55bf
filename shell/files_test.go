//go:build unix

package shell_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/server"
)

// left is the directory of a server that has made the paths and ended.
func left(t *testing.T, paths ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "old-data")
	zooKeeper(t, server.Config{DataDir: dir}, paths...).Close()
	return dir
}

// A person looks around in files: completes paths, moves in time, is refused a change,
// and leaves.
func TestShellOnFiles(t *testing.T) {
	dir := left(t, "/brokers", "/brokers/ids", "/brokers/topics", "/config")
	p := sits(t, 80, 24, t.TempDir(), "shell", "--data-dir", dir)
	p.waitsForEnd("[zk old-data(0x5) / 0]")
	p.types("get /br")
	p.waits("get /br\n", " brokers/  2 children")
	p.types("<Tab>t<Tab>")
	p.waitsForEnd("get /brokers/topics")
	p.types("<Enter>")
	p.waitsForEnd(" get /brokers/topics\nx\n[zk old-data(0x5) / 1]")
	p.types("cd /brokers<Enter>ls<Enter>")
	p.waitsForEnd("ls\nids\ntopics\n[zk old-data(0x5) /brokers 3]")
	p.types("at 0x3<Enter>")
	p.waits("0x3 20", "[zk old-data(0x3) /brokers 4]")
	p.types("ls /br<Tab>")
	p.waits("ls /brokers/\n", " ids") // the one child of then
	p.types("<Enter>")
	p.waitsForEnd("ls /brokers/\nids\n[zk old-data(0x3) /brokers 5]")
	p.types("create /new x<Enter>")
	p.waits("zook: create: only a server can do this: --data-dir reads files, which cannot be\n changed")
	p.types("at 0x77<Enter>")
	p.waits("the files cover 0x0", "[zk old-data(0x3) /brokers 7]")
	p.types("at last<Enter>")
	p.waits("[zk old-data(0x5) /brokers 8]")
	p.types("quit<Enter>")
	p.left(0)
	if all := p.sees(); strings.Contains(all, "CONNECT") || strings.Contains(all, "connect") {
		t.Errorf("talk of connections:\n%s", all)
	}
}

func TestShellOnFilesAsOfATime(t *testing.T) {
	dir := left(t, "/a")
	p := sits(t, 80, 24, t.TempDir(), "shell", "--data-dir", filepath.Join(dir, "version-2"), "--at", "0s")
	p.waits("[zk old-data(20", ") / 0]")
	p.types("<C-D>")
	p.left(0)
}

// What cannot be read is told before the shell begins, with its code.
func TestShellOnDamagedFiles(t *testing.T) {
	dir := left(t, "/a", "/b", "/c")
	log := filepath.Join(dir, "version-2", "log.1")
	f, err := os.OpenFile(log, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0xff}, 200)
	f.Close()
	p := sits(t, 240, 24, t.TempDir(), "shell", "--data-dir", dir)
	p.left(9)
	p.waits("log.1: damaged at offset")
	p = sits(t, 240, 24, t.TempDir(), "shell", "--data-dir", dir+"-none")
	p.left(1)
	p.waits("no such file or directory")
	p = sits(t, 240, 24, t.TempDir(), "shell", "--data-dir", dir, "--embedded")
	p.left(2)
	p.waits("one of them is enough")
}
