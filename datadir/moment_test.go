package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// at is a moment of newHistory: its transaction z is at that time.
func (h *history) time(z int) time.Time { return time.UnixMilli(h.txns[z-1].Header.Time) }

func flip(t testing.TB, file string, offset int64) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[(int64(len(b))+offset)%int64(len(b))] ^= 0x20
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// What is covered, what is not, and which of the files matter.
func TestMoments(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	early, late := h.time(1).Add(-time.Hour), time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		write   func(d *Dir)
		good    []int    // zxids that are covered
		edge    int      // one of them, whose time is not: who knows when the next one was
		bad     []Moment // that are not
		covered string
	}{
		{"logs from the start", func(d *Dir) { h.log(t, d, 1, 20); h.log(t, d, 21, n) }, []int{0, 1, 20, 21, n}, 0,
			[]Moment{AtZxid(n + 1), AtZxid(-1), AtZxid(1<<32 + 1), AtTime(early), AtTime(late)}, "0x0 to 0x28"},
		{"snapshots amid logs", func(d *Dir) {
			h.snapshot(t, d, 0)
			h.log(t, d, 1, 20)
			h.snapshot(t, d, 15)
			h.log(t, d, 21, 30)
			h.snapshot(t, d, 30)
		},
			[]int{0, 14, 15, 16, 21, 29, 30}, 0, []Moment{AtZxid(31)}, "0x0 to 0x1e"},
		{"purged", func(d *Dir) { h.log(t, d, 11, 20); h.snapshot(t, d, 20); h.log(t, d, 21, 30) },
			[]int{20, 21, 30}, 0, []Moment{AtZxid(15), AtZxid(19), AtTime(h.time(15)), AtTime(early)}, "0x14 to 0x1e"},
		{"a snapshot alone", func(d *Dir) { h.snapshot(t, d, 25) }, []int{25}, 0, []Moment{AtZxid(24), AtZxid(26), AtTime(early)}, "0x19 to 0x19"},
		{"a gap, and a snapshot behind it", func(d *Dir) { h.log(t, d, 1, 10); h.snapshot(t, d, 20); h.log(t, d, 15, 30) },
			[]int{1, 10, 20, 30}, 10, []Moment{AtZxid(11), AtZxid(14), AtZxid(19), AtTime(h.time(12)), AtTime(h.time(17))}, "0x0 to 0xa, 0x14 to 0x1e"},
		{"a gap between snapshots", func(d *Dir) { h.snapshot(t, d, 5); h.log(t, d, 6, 10); h.snapshot(t, d, 20); h.log(t, d, 21, 30) },
			[]int{5, 10, 20, 30}, 10, []Moment{AtZxid(4), AtZxid(11), AtZxid(19)}, "0x5 to 0xa, 0x14 to 0x1e"},
		{"a damaged log that newer moments do not need", func(d *Dir) {
			flip(t, h.log(t, d, 1, 10), 300)
			h.snapshot(t, d, 20)
			h.log(t, d, 11, 30)
		}, []int{0, 1, 3, 20, 30}, 3, nil, "0x0 to 0x3, 0x14 to 0x1e"},
		{"a damaged log that older moments do not need", func(d *Dir) { h.log(t, d, 1, 20); flip(t, h.log(t, d, 21, 30), 0) },
			[]int{0, 1, 20}, 20, nil, "0x0 to 0x14"},
		{"damaged snapshots", func(d *Dir) {
			h.log(t, d, 1, 30)
			flip(t, h.snapshot(t, d, 10), -20)
			h.snapshot(t, d, 5)
			os.WriteFile(filepath.Join(d.SnapDir, "snapshot.1e"), nil, 0o644)
		}, []int{0, 5, 10, 20, 30}, 0, []Moment{AtZxid(31)}, "0x0 to 0x1e"},
		{"snapshots that are all damaged, and logs from the start", func(d *Dir) { h.log(t, d, 1, 30); flip(t, h.snapshot(t, d, 10), -20) },
			[]int{0, 10, 30}, 0, []Moment{AtZxid(31)}, "0x0 to 0x1e"},
		{"a torn log in between", func(d *Dir) {
			f := h.log(t, d, 1, 20)
			st, _ := os.Stat(f)
			os.Truncate(f, st.Size()-3)
			h.log(t, d, 20, 30)
		}, []int{0, 19, 20, 30}, 0, []Moment{AtZxid(31)}, "0x0 to 0x1e"},
		{"packed snapshots", func(d *Dir) {
			h.snapshot(t, d, 10)
			repack(t, d, 10, snapshot.Gzip)
			h.snapshot(t, d, 20)
			repack(t, d, 20, snapshot.Snappy)
			h.log(t, d, 11, 30)
		}, []int{10, 15, 20, 25, 30}, 0, []Moment{AtZxid(9)}, "0xa to 0x1e"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDir(t)
			c.write(d)
			before := fingerprint(t, d)
			for _, z := range c.good {
				h.checkAt(t, d, AtZxid(int64(z)), z)
				if z > 0 && z != c.edge {
					h.checkAt(t, d, AtTime(h.time(z)), z)
				}
			}
			for _, m := range c.bad {
				_, err := d.At(t.Context(), m, nil)
				var out *RangeError
				if !errors.As(err, &out) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), d.SnapDir+": "+m.String()+" is not covered") {
					t.Errorf("at %v: %v", m, err)
				}
			}
			s, err := d.Survey(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for z := range int64(n + 2) { // what is said to be covered is, and nothing else
				_, err := d.At(t.Context(), AtZxid(z), nil)
				covered := slices.ContainsFunc(s.Covered, func(s Span) bool { return s.From.Zxid <= z && z <= s.To.Zxid })
				if covered != (err == nil) {
					t.Errorf("at 0x%x, covered %v: %v", z, covered, err)
				}
			}
			var covered []string
			for _, s := range s.Covered {
				covered = append(covered, fmt.Sprintf("0x%x to 0x%x", s.From.Zxid, s.To.Zxid))
			}
			if got := strings.Join(covered, ", "); got != c.covered {
				t.Errorf("covered %s, want %s", got, c.covered)
			}
			if fmt.Sprint(fingerprint(t, d)) != fmt.Sprint(before) {
				t.Error("reading changed the files")
			}
		})
	}
}

func (h *history) checkAt(t *testing.T, d *Dir, m Moment, z int) {
	t.Helper()
	st, err := d.At(t.Context(), m, nil)
	if err != nil {
		t.Errorf("at %v: %v", m, err)
		return
	}
	h.check(t, st, z)
	if want := h.txns; st.Replayed > 0 && st.Time != want[z-1].Header.Time {
		t.Errorf("at %v the time is %d", m, st.Time)
	}
}

// repack writes a snapshot again, compressed.
func repack(t *testing.T, d *Dir, at int, c snapshot.Compression) {
	t.Helper()
	plain := filepath.Join(d.SnapDir, snapshot.FileName(int64(at), snapshot.None))
	r, err := snapshot.Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sessions, acls := map[int64]int32{}, map[int64][]jute.ACL{}
	for s := range r.Sessions() {
		sessions[s.ID] = s.Timeout
	}
	for a := range r.ACLs() {
		acls[a.ID] = a.List
	}
	_, err = snapshot.Create(d.SnapDir, int64(at), snapshot.Options{Compression: c}, func(w *snapshot.Writer) error {
		w.Sessions(len(sessions), maps.All(sessions))
		w.ACLs(len(acls), maps.All(acls))
		for {
			n, err := r.Next()
			if err != nil {
				break
			}
			if err := w.Node(string(n.Path), n.Data, n.ACL, n.Stat); err != nil {
				return err
			}
		}
		g, _ := r.Digest()
		return w.Digest(g)
	})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(plain)
}

// Damage that is in the way of a moment is an error that names file and offset.
func TestMomentsBehindDamage(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	for name, c := range map[string]struct {
		write func(d *Dir)
		m     Moment
		says  string
	}{
		"amid the last log":       {func(d *Dir) { flip(t, h.log(t, d, 1, n), 300) }, Moment{}, "log.1: damaged at offset"},
		"before the zxid":         {func(d *Dir) { flip(t, h.log(t, d, 1, n), 300) }, AtZxid(n), "log.1: damaged at offset"},
		"before the time":         {func(d *Dir) { flip(t, h.log(t, d, 1, n), 300) }, AtTime(h.time(n)), "log.1: damaged at offset"},
		"an earlier log":          {func(d *Dir) { flip(t, h.log(t, d, 1, 10), 300); h.log(t, d, 11, n) }, AtZxid(n), "log.1: damaged at offset"},
		"a log that is something": {func(d *Dir) { flip(t, h.log(t, d, 1, n), 0) }, AtZxid(1), "ZKLG"},
		"its version":             {func(d *Dir) { flip(t, h.log(t, d, 1, n), 7) }, AtTime(h.time(3)), "version"},
		"no whole snapshot":       {func(d *Dir) { flip(t, h.snapshot(t, d, 20), 100); h.log(t, d, 21, n) }, AtZxid(30), "snapshot.14: damaged at offset"},
		"another digest": {func(d *Dir) {
			h.snapshot(t, d, 10)
			txns := append([]*jute.Txn{}, h.txns[10:n]...)
			for i, txn := range txns {
				other := *txn
				other.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: 1}
				txns[i] = &other
			}
			writeLog(t, d, 11, txns)
		}, AtZxid(20), "digest"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			c.write(d)
			_, err := d.At(t.Context(), c.m, nil)
			var log *txnlog.CorruptError
			var snap *snapshot.CorruptError
			if !errors.As(err, &log) && !errors.As(err, &snap) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want damage and %q", err, c.says)
			}
		})
	}
}

// Clocks go back: a moment is before the first transaction that is later, counted from
// the last log that begins at the time or before it.
func TestTimesThatGoBack(t *testing.T) {
	h := newHistory(t, 12)
	base := h.txns[0].Header.Time
	for i, ms := range []int64{0, 10, 20, 5, 15, 30, 30, 25, 40, 35, 50, 60} {
		h.txns[i].Digest = nil // the times are in it
		h.txns[i].Header.Time = base + ms
	}
	d := newDir(t)
	h.log(t, d, 1, 6)
	h.log(t, d, 7, 8)
	h.log(t, d, 9, 12)
	for ms, want := range map[int64]int{0: 1, 4: 1, 7: 1, 10: 2, 19: 2, 20: 5, 29: 5, 30: 8, 39: 8, 40: 10, 50: 11, 60: 12, 100: 12} {
		st, err := d.At(t.Context(), AtTime(time.UnixMilli(base+ms)), nil)
		if err != nil {
			t.Errorf("at %d: %v", ms, err)
		} else if got := st.Tree.LastZxid(); got != int64(want) {
			t.Errorf("at %d the tree is at %d, want %d", ms, got, want)
		}
	}
}

// A snapshot of a server before 3.6 does not say up to when it holds what happened while
// it was written. It was complete when the next one began; until then, the one before it
// is better.
func TestFuzzySnapshotsWithoutDigest(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	// begun at one transaction, but with the znodes of a later one
	fuzzy := func(d *Dir, at, holds int) {
		e := h.trees[holds].Export()
		_, err := snapshot.Create(d.SnapDir, int64(at), snapshot.Options{}, func(w *snapshot.Writer) error {
			w.Sessions(1, func(yield func(int64, int32) bool) { yield(session, 4000) })
			acls := e.ACLs()
			w.ACLs(len(acls), maps.All(acls))
			return e.Walk(func(path string, n datatree.Node) error {
				return w.Node(strings.TrimSuffix(path, "/"), n.Data, n.ACLRef, n.Stat)
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	d := newDir(t)
	h.log(t, d, 1, n)
	h.snapshot(t, d, 0)
	fuzzy(d, 10, 14)
	fuzzy(d, 20, 26)
	for z := range n + 1 {
		st, err := d.At(t.Context(), AtZxid(int64(z)), nil)
		if err != nil {
			t.Fatal(err)
		}
		h.check(t, st, z)
		from := int64(0)
		if z >= 20 { // the second begins: the first was complete
			from = 10
		}
		if st.Snapshot.Zxid != from {
			t.Errorf("at %d from snapshot.%x", z, st.Snapshot.Zxid)
		}
	}
	// Without an older one the znodes say what they can.
	d = newDir(t)
	h.log(t, d, 11, n)
	fuzzy(d, 10, 14)
	for z := 10; z <= n; z++ {
		st, err := d.At(t.Context(), AtZxid(int64(z)), nil)
		if out := (*RangeError)(nil); z < 14 && !errors.As(err, &out) {
			t.Errorf("at %d: %v", z, err)
		} else if z >= 14 {
			if err != nil {
				t.Fatal(err)
			}
			h.check(t, st, z)
		}
	}
	// And without the logs nothing helps.
	d = newDir(t)
	h.log(t, d, 11, 12)
	fuzzy(d, 10, 14)
	st, err := d.At(t.Context(), Moment{}, nil)
	if err != nil || st.Fuzzy != 14 || !strings.Contains(strings.Join(st.Warnings, "\n"), "snapshot.a was written while the tree changed, up to 0xe at the most, and the logs end at 0xc") {
		t.Errorf("%v, fuzzy %d, warnings %q", err, st.Fuzzy, st.Warnings)
	}
}

// A digest of Apache's that is wrong and then right again is no damage to a moment either.
func TestMomentsAtAWrongDigest(t *testing.T) {
	h := newHistory(t, 20)
	d := newDir(t)
	txns := append([]*jute.Txn{}, h.txns...)
	wrong := *txns[7]
	wrong.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: 12345}
	txns[7] = &wrong
	writeLog(t, d, 1, txns)
	for _, z := range []int{7, 8, 9, 20} {
		h.checkAt(t, d, AtZxid(int64(z)), z)
	}
	d = newDir(t)
	writeLog(t, d, 1, txns[:8])
	st, err := d.At(t.Context(), Moment{}, nil)
	if err != nil || len(st.Doubts) != 1 || !strings.Contains(st.Doubts[0], "zxid 0x8, the tree does not have the digest") {
		t.Errorf("at the end: %v, %v", err, st)
	}
}

func TestFind(t *testing.T) {
	h := newHistory(t, 10)
	dir := t.TempDir()
	d, err := Create(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "version-2")
	for _, name := range []string{dir, inside} { // empty ones are data directories too
		if got, err := Find(name); err != nil || *got != *d {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	h.log(t, d, 1, 10)
	elsewhere := filepath.Join(t.TempDir(), "collected") // files copied from somewhere
	if err := os.Rename(inside, elsewhere); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(elsewhere); err != nil || got.LogDir != elsewhere {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Find(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "not a data directory") {
		t.Errorf("something else: %v", err)
	}
	for _, name := range []string{filepath.Join(dir, "none"), filepath.Join(elsewhere, "log.1")} {
		if _, err := Find(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	snaps := t.TempDir()
	if got, err := FindBoth(snaps, elsewhere); err == nil {
		t.Errorf("an empty directory is %v", got)
	}
	h.snapshot(t, &Dir{SnapDir: snaps}, 5)
	if got, err := FindBoth(snaps, elsewhere); err != nil || got.SnapDir != snaps || got.LogDir != elsewhere {
		t.Errorf("%v, %v", got, err)
	}
}

func TestNothingToRead(t *testing.T) {
	d := newDir(t)
	if _, err := d.At(t.Context(), Moment{}, nil); err == nil || !strings.Contains(err.Error(), "there is no snapshot") {
		t.Errorf("an empty directory: %v", err)
	}
	h := newHistory(t, 20)
	h.log(t, d, 5, 20)
	if _, err := d.At(t.Context(), Moment{}, nil); err == nil || !strings.Contains(err.Error(), "there is no snapshot") {
		t.Errorf("logs that begin somewhere: %v", err)
	}
}

func TestWithoutPermission(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may read everything")
	}
	h := newHistory(t, 20)
	d := newDir(t)
	h.snapshot(t, d, 10)
	f := h.log(t, d, 11, 20)
	os.Chmod(f, 0)
	if _, err := d.At(t.Context(), Moment{}, nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), f) {
		t.Errorf("a log: %v", err)
	}
	if _, err := d.At(t.Context(), AtZxid(10), nil); err != nil {
		t.Errorf("a log that is not needed: %v", err)
	}
	os.Chmod(d.SnapDir, 0)
	defer os.Chmod(d.SnapDir, 0o755)
	if _, err := d.At(t.Context(), Moment{}, nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a directory: %v", err)
	}
}

// Whatever happens to a file, what is shown is a tree that was, or nothing.
func TestAnyDamage(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	whole := newDir(t)
	h.snapshot(t, whole, 0)
	h.log(t, whole, 1, 15)
	h.snapshot(t, whole, 15)
	h.log(t, whole, 16, 30)
	h.snapshotWithDigest(t, whole, 30, snapshot.Digest{Zxid: 30, Version: datatree.DigestVersion, Digest: h.txns[29].Digest.TreeDigest})
	h.log(t, whole, 31, n)
	files := fingerprint(t, whole)
	names := slices.Sorted(maps.Keys(files))
	r := rand.New(rand.NewPCG(1, 2))
	shown, refused := 0, 0
	for range 700 {
		d := newDir(t)
		victim := names[r.IntN(len(names))]
		for name, content := range files {
			b := []byte(content)
			if name == victim {
				switch at := r.IntN(len(b)); r.IntN(5) {
				case 0:
					b = b[:at]
				case 1:
					clear(b[at:])
				case 2:
					b = append(b, make([]byte, r.IntN(100))...)
				case 3:
					b = append(b, b[at:]...)
				default:
					b[at] ^= 1 << r.IntN(8)
				}
			}
			if err := os.WriteFile(filepath.Join(d.SnapDir, filepath.Base(name)), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		z := r.IntN(n + 1)
		m := AtZxid(int64(z))
		if r.IntN(3) == 0 {
			m = Moment{}
		}
		st, err := d.At(t.Context(), m, nil)
		switch {
		case err != nil:
			refused++
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), d.SnapDir) {
				t.Errorf("it says %q", err)
			}
		case m != Moment{} && st.Tree.LastZxid() != int64(z):
			t.Errorf("at %d the tree is at %d", z, st.Tree.LastZxid())
		default:
			shown++
			h.check(t, st, int(st.Tree.LastZxid()))
		}
		if _, err := d.Survey(t.Context(), nil); err != nil {
			t.Error(err)
		}
		os.RemoveAll(filepath.Dir(d.SnapDir))
	}
	if shown < 300 || refused < 15 {
		t.Errorf("%d trees and %d errors: that says little", shown, refused)
	}
}
