package commands

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody calls f without the rights of root, as far as files that it opens itself
// are concerned.
func asNobody(f func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with its rights
		unix.Setfsuid(65534)
		unix.Setfsgid(65534)
		f()
	}()
	<-done
}

func TestTxnlogDumpWithoutPermission(t *testing.T) {
	dir := t.TempDir()
	all := sample()
	os.Chmod(writeTxns(t, dir, all[:2]...), 0)
	writeTxns(t, dir, all[2:]...)
	t.Chdir(dir)
	asNobody(func() {
		expect(t, zook(t.Context(), "", "", "txnlog", "dump", "."), "! zook: txnlog dump: log.1: permission denied\n= 1\n")
	})
	os.Chmod(dir, 0)
	defer os.Chmod(dir, 0o700)
	asNobody(func() {
		expect(t, zook(t.Context(), "", "", "txnlog", "stats", "."), "! zook: txnlog stats: .: permission denied\n= 1\n")
	})
}
