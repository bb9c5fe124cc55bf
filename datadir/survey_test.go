package datadir

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zook/internal/zktest"
	"zook/snapshot"
)

func TestSurvey(t *testing.T) {
	h := newHistory(t, 40)
	d := newDir(t)
	h.snapshot(t, d, 0)
	h.log(t, d, 1, 10)
	torn := h.log(t, d, 11, 20)
	st, _ := os.Stat(torn)
	os.Truncate(torn, st.Size()-3)
	h.log(t, d, 23, 30)
	h.snapshotWithDigest(t, d, 24, snapshot.Digest{Zxid: 27, Version: 2, Digest: 5})
	flip(t, h.snapshot(t, d, 30), -20)
	flip(t, h.log(t, d, 31, 40), 250)
	s, err := d.Survey(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	say := func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }
	reason := func(err error) string {
		if err == nil {
			return "whole"
		}
		what, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), d.SnapDir+string(filepath.Separator)), " at offset")
		return what
	}
	for _, f := range s.Snapshots {
		say("%s from %d, %d znodes, %d sessions: %s", filepath.Base(f.Path), f.Settled, f.Znodes, f.Sessions, reason(f.Err))
	}
	for _, f := range s.Logs {
		say("%s %d to %d, %d: %s", filepath.Base(f.Path), f.First.Zxid, f.Last.Zxid, f.Txns, reason(f.Err))
		if f.Size <= f.Used == (f.Err != nil) || f.Txns > 0 && f.First.Time != h.txns[f.First.Zxid-1].Header.Time {
			t.Errorf("%+v", f)
		}
	}
	say("covered %v missing %v", zxids(s.Covered), zxids(s.Missing))
	want := []string{
		"snapshot.0 from 0, 4 znodes, 0 sessions: whole",
		"snapshot.18 from 27, 16 znodes, 1 sessions: whole",
		"snapshot.1e from 0, 19 znodes, 1 sessions: snapshot.1e: damaged",
		"log.1 1 to 10, 10: whole",
		"log.b 11 to 19, 9: log.b: torn by a crash",
		"log.17 23 to 30, 8: whole",
		"log.1f 31 to 32, 2: log.1f: damaged",
		"covered [0-19 27-32] missing [20-22]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	left := s.Without([]File{s.Snapshots[1].File, s.Logs[0].File})
	if got := zxids(left.Covered); fmt.Sprint(got) != "[0-0]" {
		t.Errorf("without the files %v are covered", got)
	}
}

func zxids(spans []Span) (all []string) {
	for _, s := range spans {
		all = append(all, fmt.Sprintf("%d-%d", s.From.Zxid, s.To.Zxid))
	}
	return all
}

// What Apache's PurgeTxnLog removes is what Purge says.
func TestPurgeIsApaches(t *testing.T) {
	h := newHistory(t, 60)
	for name, write := range map[string]func(d *Dir){
		"logs that roll with the snapshots": func(d *Dir) {
			for z := 0; z < 60; z += 10 {
				h.snapshot(t, d, z)
				h.log(t, d, z+1, z+10)
			}
		},
		"logs that do not": func(d *Dir) {
			for _, z := range []int{0, 5, 12, 30, 40, 41, 42} {
				h.snapshot(t, d, z)
			}
			h.log(t, d, 1, 20)
			h.log(t, d, 21, 35)
			h.log(t, d, 36, 60)
		},
		"few snapshots": func(d *Dir) { h.snapshot(t, d, 20); h.snapshot(t, d, 30); h.log(t, d, 1, 25); h.log(t, d, 26, 40) },
		"no log so old": func(d *Dir) { h.snapshot(t, d, 20); h.snapshot(t, d, 30); h.snapshot(t, d, 40); h.log(t, d, 50, 60) },
		"no snapshot":   func(d *Dir) { h.log(t, d, 1, 25); h.log(t, d, 26, 40) },
		"broken, packed and strange names": func(d *Dir) {
			for _, z := range []int{0, 10, 20, 30, 40, 50} {
				h.snapshot(t, d, z)
			}
			repack(t, d, 30, snapshot.Gzip)
			repack(t, d, 20, snapshot.Snappy)
			os.Truncate(filepath.Join(d.SnapDir, "snapshot.28"), 100)
			flip(t, filepath.Join(d.SnapDir, "snapshot.32"), 200) // which Apache does not notice here
			h.log(t, d, 1, 35)
			h.log(t, d, 36, 60)
			for _, name := range []string{"snapshot.tmp.1", "snapshot.5.gz", "snapshot.3c.snappy", "snapshot.3c", "log.x", "log.5.bak", "log.5", "log.ff.gz", "logs", "acceptedEpoch"} {
				os.WriteFile(filepath.Join(d.SnapDir, name), []byte("junk of a size"), 0o644)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			write(d)
			gone, err := d.Purge(3)
			if err != nil {
				t.Fatal(err)
			}
			said := []string{}
			for _, f := range gone {
				said = append(said, filepath.Base(f.Path))
			}
			before := names(t, d.SnapDir)
			dir := filepath.Dir(d.SnapDir)
			if out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.PurgeTxnLog", dir, dir, "-n", "3").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			after := names(t, d.SnapDir)
			removed := slices.DeleteFunc(before, func(name string) bool { return slices.Contains(after, name) })
			slices.Sort(said)
			if !slices.Equal(said, removed) {
				t.Errorf("said %v, Apache removes %v", said, removed)
			}
		})
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
