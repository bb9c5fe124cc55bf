package server

import (
	"context"

	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datadir"
	"zook/jute"
	"zook/snapshot"
)

// fileNames are the snapshots and logs of a data directory.
func fileNames(t *testing.T, dir string) (snaps, logs []string) {
	t.Helper()
	d := datadir.Open(dir, "")
	for _, f := range must(d.Snapshots()) {
		snaps = append(snaps, filepath.Base(f.Path))
	}
	for _, f := range must(d.Logs()) {
		logs = append(logs, filepath.Base(f.Path))
	}
	return snaps, logs
}

// setMuch writes so many kilobytes, a kilobyte a transaction.
func setMuch(t *testing.T, addr string, kb int) {
	t.Helper()
	w := openSession(t, addr, 10*time.Second)
	w.create("/big", "", 0)
	for range kb {
		w.do(jute.OpSetData, reqSet("/big", strings.Repeat("x", 1000), -1), nil)
	}
}

func TestSnapshotsAndLogsBySize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		cfg   Config
		snaps bool // more than the first snapshot
	}{
		{"snapSizeLimitInKb", Config{SnapSizeLimit: 20 << 10}, true},
		{"txnLogSizeLimitInKb", Config{TxnLogSizeLimit: 20 << 10}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.cfg.DataDir, c.cfg.PreAllocSize = t.TempDir(), -1
			s := start(t, c.cfg)
			setMuch(t, s.Addr(), 100)
			s.Close()
			snaps, logs := fileNames(t, c.cfg.DataDir)
			if len(logs) < 4 || len(logs) > 12 {
				t.Errorf("100 kB in logs of 10 to 20 kB: %q", logs)
			}
			if (len(snaps) > 1) != c.snaps {
				t.Errorf("snapshots %q", snaps)
			}
			s = start(t, c.cfg)
			if got := openSession(t, s.Addr(), 10*time.Second).get("/big"); len(got) != 1000 {
				t.Errorf("after a restart: %d bytes", len(got))
			}
		})
	}
}

func TestSnapshotsAreCompressed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := Config{DataDir: dir, Compression: snapshot.Snappy}
	s := start(t, cfg)
	openSession(t, s.Addr(), 10*time.Second).create("/a", "x", 0)
	s.Close()
	if snaps, _ := fileNames(t, dir); !slices.Equal(snaps, []string{"snapshot.0.snappy"}) {
		t.Errorf("snapshots %q", snaps)
	}
	s = start(t, Config{DataDir: dir})
	if got := openSession(t, s.Addr(), 10*time.Second).get("/a"); got != "x" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestAutopurge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var log lockedBuffer
	s := start(t, Config{DataDir: dir, SnapCount: 10, PreAllocSize: -1, PurgeInterval: 20 * time.Millisecond, Logger: textLogger(&log)})
	setMuch(t, s.Addr(), 100)
	eventually(t, "old files are removed", func() bool {
		snaps, logs := fileNames(t, dir)
		return len(snaps) == 3 && len(logs) <= 4 && snaps[0] != "snapshot.0"
	})
	s.Close()
	if !strings.Contains(log.String(), "msg=purged file="+filepath.Join(dir, "version-2", "snapshot.0")) {
		t.Errorf("log:\n%s", log.String())
	}
	s = start(t, Config{DataDir: dir})
	if got := openSession(t, s.Addr(), 10*time.Second).get("/big"); len(got) != 1000 {
		t.Errorf("after a restart: %d bytes", len(got))
	}
}

func TestPurgeLeavesASnapshotThatIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, SnapCount: 10, PreAllocSize: -1})
	setMuch(t, s.Addr(), 60)
	s.Close()
	half := filepath.Join(dir, "version-2", snapshot.TempPrefix+"99")
	os.WriteFile(half, []byte("half"), 0o644)
	var gone []string
	err := Purge(datadir.Open(dir, ""), 3, func(f datadir.File, _ os.FileInfo, err error) {
		if err != nil {
			t.Error(err)
		}
		gone = append(gone, filepath.Base(f.Path))
	})
	if err != nil || !slices.Contains(gone, "snapshot.0") {
		t.Errorf("removed %q, %v", gone, err)
	}
	if _, err := os.Stat(half); err != nil {
		t.Error(err)
	}
	start(t, Config{DataDir: dir}).Close()
	if _, err := os.Stat(half); err == nil {
		t.Error("a start leaves what a crash left half written")
	}
}

func TestDirectoriesThatNoServerStartsOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(dir string) Config
		says string
	}{
		{"missing", func(dir string) Config { return Config{DataDir: dir + "/none", NoAutocreate: true} }, "version-2: it is missing, and datadir.autocreate is false"},
		{"a snapshot among the logs", func(dir string) Config {
			start(t, Config{DataDir: dir + "/a"}).Close()
			return Config{DataDir: dir + "/b", DataLogDir: dir + "/a"}
		}, "/a/version-2/snapshot.0: a snapshot where dataLogDir has its logs"},
		{"logs among the snapshots", func(dir string) Config {
			s := start(t, Config{DataDir: dir + "/a", PreAllocSize: -1})
			openSession(t, s.Addr(), 10*time.Second)
			s.Close()
			return Config{DataDir: dir + "/a", DataLogDir: dir + "/b"}
		}, "/a/version-2/log.1: a log where dataDir has its snapshots"},
		{"logs alone", func(dir string) Config { return Config{DataDir: logsAlone(t, dir)} }, "log.1: there are logs and no snapshot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := c.make(t.TempDir())
			s, err := Start(context.Background(), cfg)
			if err == nil {
				s.Close()
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("snapshot.trust.empty", func(t *testing.T) {
		s := start(t, Config{DataDir: logsAlone(t, t.TempDir()), TrustEmptySnapshot: true})
		if got := openSession(t, s.Addr(), 10*time.Second).get("/a"); got != "x" {
			t.Errorf("%q", got)
		}
	})
}

// logsAlone makes a data directory whose snapshot has gone.
func logsAlone(t *testing.T, dir string) string {
	t.Helper()
	s := start(t, Config{DataDir: dir, PreAllocSize: -1})
	openSession(t, s.Addr(), 10*time.Second).create("/a", "x", 0)
	s.Close()
	if err := os.Remove(filepath.Join(dir, "version-2", "snapshot.0")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestASlowDiskIsToldOf(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := start(t, Config{FsyncWarning: 1, Logger: textLogger(&log)})
	openSession(t, s.Addr(), 10*time.Second)
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "the disk is slow") {
		t.Errorf("log:\n%s", log.String())
	}
	var quiet lockedBuffer
	s = start(t, Config{NoForceSync: true, FsyncWarning: 1, Logger: textLogger(&quiet)})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/a", "x", 0)
	if got := w.get("/a"); got != "x" || strings.Contains(quiet.String(), "WARN") {
		t.Errorf("forceSync=no: %q, log:\n%s", got, quiet.String())
	}
}

func TestInitializeFileGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "initialize")
	os.WriteFile(file, nil, 0o644)
	start(t, Config{DataDir: dir})
	if _, err := os.Stat(file); err == nil {
		t.Errorf("%s is still there", file)
	}
}
