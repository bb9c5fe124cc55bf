package datadir

import (
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datatree"
	"zook/snapshot"
)

// The long form: go test ./datadir -run TestAStartOn -damage.rounds 20000 -timeout 30m
var damageRounds = flag.Int("damage.rounds", 400, "how many damaged files of each kind a start is tried on")

// damaged is a directory of two snapshots and three logs, one file of which is not as it
// was written.
type damaged struct {
	*Dir
	h     *history
	files map[string][]byte // by path
	logs  []string          // in their order
	snaps []string
}

func newDamaged(t *testing.T) *damaged {
	const n = 40
	d := &damaged{Dir: newDir(t), h: newHistory(t, n), files: map[string][]byte{}}
	first := d.h.snapshot(t, d.Dir, 0)
	d.logs = append(d.logs, d.h.log(t, d.Dir, 1, 15), d.h.log(t, d.Dir, 16, 30))
	digest := snapshot.Digest{Zxid: 30, Version: datatree.DigestVersion, Digest: d.h.txns[29].Digest.TreeDigest}
	d.h.snapshotWithDigest(t, d.Dir, 30, digest)
	d.snaps = []string{first, filepath.Join(d.SnapDir, "snapshot.1e")}
	d.logs = append(d.logs, d.h.log(t, d.Dir, 31, n))
	for path, content := range fingerprint(t, d.Dir) {
		d.files[path] = []byte(content)
	}
	return d
}

// start loads the directory with b in place of a file. What it serves is a tree that was,
// and less than all only with a word of it; cut says that the file is the last log, and
// ends early: then what there was behind it nobody can know.
func (d *damaged) start(t *testing.T, file string, b []byte, cut bool) (served bool) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(file, d.files[file], 0o644)
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), d.SnapDir) {
			t.Errorf("it says %q", err)
		}
		return false
	}
	at := int(st.Tree.LastZxid())
	if at < len(d.h.txns) && !cut && len(st.Warnings) == 0 {
		t.Errorf("%s: the tree is that of zxid %d, and nothing is said of it", filepath.Base(file), at)
	}
	if at > len(d.h.txns) {
		t.Errorf("%s: zxid %d was never", filepath.Base(file), at)
		return false
	}
	d.h.check(t, st, at)
	return true
}

func TestAStartOnEveryPrefix(t *testing.T) {
	d := newDamaged(t)
	step := 1
	if *damageRounds < 20_000 {
		step = 29
	}
	served := 0
	for _, file := range slices.Sorted(maps.Keys(d.files)) {
		last := file == d.logs[2]
		for n := 0; n < len(d.files[file]); n += step {
			if d.start(t, file, d.files[file][:n], last) {
				served++
			} else if last {
				t.Errorf("no start on the first %d bytes of the last log", n) // as a crash leaves it
			}
			// The same with the zeros that files are lengthened by.
			b := slices.Clone(d.files[file])
			clear(b[n:])
			d.start(t, file, b, last)
		}
	}
	if served == 0 {
		t.Error("nothing was ever served")
	}
}

func TestAStartOnDamage(t *testing.T) {
	d := newDamaged(t)
	seed := uint64(1)
	if *damageRounds >= 20_000 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for kind, files := range map[string][]string{"log": d.logs, "snapshot": d.snaps} {
		served, refused := 0, 0
		for range *damageRounds {
			file := files[rnd.IntN(len(files))]
			b := spoil(rnd, d.files[file])
			// What is cut off at the end of the last log, or zeroed, is as if never written.
			cut := file == d.logs[2] && endsEarly(d.files[file], b)
			if d.start(t, file, b, cut) {
				served++
			} else {
				refused++
			}
			if t.Failed() {
				t.Fatalf("%s, spoiled so: %q", file, b)
			}
		}
		t.Logf("%s: %d starts, %d refusals", kind, served, refused)
		if served == 0 || refused == 0 && kind == "log" {
			t.Error("that says little")
		}
	}
}

// spoil flips bits, or cuts, copies, moves or clears a piece.
func spoil(rnd *rand.Rand, whole []byte) []byte {
	b := slices.Clone(whole)
	at := rnd.IntN(len(b))
	n := 1 + rnd.IntN(min(200, len(b)-at))
	piece := slices.Clone(b[at : at+n])
	to := rnd.IntN(len(b))
	switch rnd.IntN(8) {
	case 0, 1, 2:
		for range 1 + rnd.IntN(3) {
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
	case 3:
		b = slices.Delete(b, at, at+n)
	case 4:
		b = slices.Insert(b, to, piece...)
	case 5:
		copy(b[to:], piece)
	case 6:
		clear(b[at : at+n])
	case 7:
		b = slices.Insert(slices.Delete(b, at, at+n), min(to, len(b)-n), piece...)
	}
	return b
}

// endsEarly reports whether b is a prefix of whole, but for zeros.
func endsEarly(whole, b []byte) bool {
	n := 0
	for n < len(b) && n < len(whole) && b[n] == whole[n] {
		n++
	}
	for _, c := range b[n:] {
		if c != 0 {
			return false
		}
	}
	return true
}
