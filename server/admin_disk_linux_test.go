package server

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A snapshot that does not fit on the disk is refused, and everything is as it was.
func TestRestoreOnFullDisk(t *testing.T) {
	large := withAdmin(t, Config{})
	w := openSession(t, large.Addr(), 20*time.Second)
	for i := range 40 {
		w.create(fmt.Sprintf("/n%d", i), strings.Repeat("x", 50_000), 0)
	}
	image := takeSnapshot(t, large)

	s := withAdmin(t, Config{DataDir: smallDisk(t, 1<<20), PreAllocSize: -1})
	w = openSession(t, s.Addr(), 20*time.Second)
	w.create("/here", "x", 0)
	small, digest := takeSnapshot(t, s), digestOf(s)
	r := restore(t, s, bytes.NewReader(image))
	if r.status != http.StatusInternalServerError || !strings.Contains(r.body, "no space left on device") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if got := digestOf(s); got != digest {
		t.Errorf("digest %d, was %d", got, digest)
	}
	files, err := os.ReadDir(s.dir.SnapDir)
	if err != nil || len(files) > 4 { // two snapshots, a log and the lock
		t.Errorf("%v, %v", files, err)
	}
	w.create("/goes-on", "x", 0)
	if r := restore(t, s, bytes.NewReader(small)); r.status != http.StatusOK || digestOf(s) != digest {
		t.Errorf("%d %s", r.status, r.body)
	}
}
