package txnlog

import (
	"os"
	"path/filepath"
	"testing"
)

// A crash may come at any moment of Create: whatever has the name of a log then has its
// header. Apache ZooKeeper 3.8 does not start on one that has none.
func TestNoLogIsEverWithoutItsHeader(t *testing.T) {
	dir := t.TempDir()
	stop, found := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(found)
		for {
			select {
			case <-stop:
				return
			default:
			}
			names, _ := filepath.Glob(filepath.Join(dir, "log.*"))
			for _, name := range names {
				st, err := os.Stat(name)
				if _, isLog := ParseName(filepath.Base(name)); isLog && err == nil && st.Size() < 16 {
					found <- name
					return
				}
			}
		}
	}()
	for zxid := int64(1); zxid <= 300; zxid++ {
		w, err := Create(dir, zxid, Options{Prealloc: 8192})
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(w.Name()) != FileName(zxid) {
			t.Fatalf("the log of 0x%x is %s", zxid, w.Name())
		}
		w.Close()
		os.Remove(w.Name())
	}
	close(stop)
	if name, ok := <-found; ok {
		t.Errorf("%s had no header", name)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
