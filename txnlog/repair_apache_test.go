package txnlog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
)

// Chop makes what Apache's own tool makes. (That says that it failed where the
// transaction is the last one, and writes the file all the same.)
func TestChopAsApache(t *testing.T) {
	for _, log := range []string{"testdata/apache-3.8.0/log.1", "testdata/apache-3.10/log.1"} {
		dir := t.TempDir()
		for _, zxid := range []int64{1, 7, 13} {
			ours, theirs := filepath.Join(dir, fmt.Sprint("ours", zxid)), filepath.Join(dir, fmt.Sprint("theirs", zxid))
			if _, err := Chop(t.Context(), log, ours, zxid, ChopOptions{}); err != nil {
				t.Fatal(err)
			}
			out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.util.LogChopper", fmt.Sprint(zxid), log, theirs).CombinedOutput()
			if err != nil {
				t.Fatalf("LogChopper: %v\n%s", err, out)
			}
			a, aerr := os.ReadFile(ours)
			b, berr := os.ReadFile(theirs)
			if aerr != nil || berr != nil || !bytes.Equal(a, b) || len(a) < headerSize+1 {
				t.Errorf("%s up to %d: %d bytes, and %d by Apache, %v, %v", log, zxid, len(a), len(b), aerr, berr)
			}
		}
	}
}

// Apache's server does not start on a damaged log, and does on the repaired one: without
// what was behind the damage, or with it.
func TestApacheStartsOnRepairedLog(t *testing.T) {
	s := zktest.Apache(t, "")
	c := zktest.Connect(t, s.Addr)
	for i := range 10 {
		if _, err := c.Create(fmt.Sprintf("/n%d", i), []byte(fmt.Sprintf("data %d", i)), 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	s.Stop()
	log := filepath.Join(s.DataDir, "version-2", "log.1")
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("data 5"))
	b[at+5] = '6'
	if err := os.WriteFile(log, b, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, fix := range []bool{false, true} {
		// As a person would: the repaired log takes the place of the damaged one, which stays
		// elsewhere.
		fixed := filepath.Join(t.TempDir(), "log.1.fixed")
		done, err := Repair(t.Context(), log, fixed, RepairOptions{Keep: func(*Fix) (bool, error) { return fix, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if fix != (done.Cut == nil) {
			t.Errorf("fixing %v: %+v", fix, done)
		}
		version2 := filepath.Join(t.TempDir(), "version-2")
		os.Mkdir(version2, 0o755)
		snapshot, err := os.ReadFile(filepath.Join(s.DataDir, "version-2", "snapshot.0"))
		if err != nil {
			t.Fatal(err)
		}
		repaired, err := os.ReadFile(fixed)
		if err != nil {
			t.Fatal(err)
		}
		write(t, version2, "snapshot.0", snapshot)
		write(t, version2, "log.1", repaired)
		again := zktest.Apache(t, filepath.Dir(version2))
		c := zktest.Connect(t, again.Addr)
		if got, _, err := c.Get("/n4"); string(got) != "data 4" || err != nil {
			t.Errorf("fixing %v: /n4 is %q, %v", fix, got, err)
		}
		got, _, err := c.Get("/n5")
		if fix && (string(got) != "data 5" || err != nil) || !fix && !errors.Is(err, zk.ErrNoNode) {
			t.Errorf("fixing %v: /n5 is %q, %v", fix, got, err)
		}
		c.Close()
		again.Stop()
	}
}

// With a new checksum a transaction is kept as Apache's toolkit keeps it.
func TestRepairAsApache(t *testing.T) {
	b, err := os.ReadFile("testdata/apache-3.8.0/log.1")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("last"))
	copy(b[at:], "LAST")
	dir := t.TempDir()
	path := write(t, dir, "log.1", b)
	out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.persistence.TxnLogToolkit", "-r", "-y", path).CombinedOutput()
	if err != nil {
		t.Fatalf("TxnLogToolkit: %v\n%s", err, out)
	}
	theirs, err := os.ReadFile(path + ".fixed")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []FixKind
	done, err := Repair(t.Context(), path, filepath.Join(dir, "ours"), RepairOptions{Keep: func(f *Fix) (bool, error) {
		kinds = append(kinds, f.Kind)
		return true, nil
	}})
	if err != nil || len(kinds) != 1 || kinds[0] != NewChecksum {
		t.Fatalf("%+v, %v, fixes %v", done, err, kinds)
	}
	ours, err := os.ReadFile(filepath.Join(dir, "ours"))
	if err != nil || len(ours) < at {
		t.Fatalf("%d bytes, %v", len(ours), err)
	}
	if rest := theirs[len(ours):]; !bytes.Equal(ours, theirs[:len(ours)]) || zeros(rest) != len(rest) {
		t.Errorf("%d bytes are not the first of Apache's %d", len(ours), len(theirs))
	}
}
