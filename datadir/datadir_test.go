package datadir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// history is transactions with the trees that they make: trees[z] is the tree at
// zxid z.
type history struct {
	txns  []*jute.Txn
	trees []*datatree.Tree
}

const session = 0x100000000000001

// newHistory makes n transactions: a session, creates, sets and an ephemeral,
// and at the end the session's close.
func newHistory(t testing.TB, n int) *history {
	t.Helper()
	h := &history{trees: []*datatree.Tree{datatree.New()}}
	live := datatree.New()
	for z := int64(1); z <= int64(n); z++ {
		txn := &jute.Txn{Header: jute.TxnHeader{ClientID: session, Cxid: int32(z), Zxid: z, Time: 1_700_000_000_000 + z, Type: jute.OpCreate}}
		root, _ := live.Lookup("/")
		switch {
		case z == 1:
			txn.Header.Type, txn.Body = jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 4000}
		case z == int64(n):
			txn.Header.Type, txn.Body = jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/eph"}}
		case z == 2:
			txn.Body = &jute.CreateTxn{Path: "/eph", ACL: jute.OpenACL(), Ephemeral: true, ParentCVersion: root.Stat.Cversion + 1}
		case z%5 == 0:
			txn.Header.Type, txn.Body = jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode}
		case z%3 == 0:
			txn.Header.Type, txn.Body = jute.OpSetData, &jute.SetDataTxn{Path: "/", Data: fmt.Append(nil, z), Version: root.Stat.Version + 1}
		default:
			txn.Body = &jute.CreateTxn{Path: fmt.Sprintf("/n%d", z), Data: []byte("data"), ACL: jute.OpenACL(), ParentCVersion: root.Stat.Cversion + 1}
		}
		apply(t, live, txn)
		digest, _ := live.Digest()
		txn.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: digest}
		h.txns = append(h.txns, txn)
		at := datatree.New()
		for _, txn := range h.txns {
			apply(t, at, txn)
		}
		h.trees = append(h.trees, at)
	}
	return h
}

func apply(t testing.TB, tree *datatree.Tree, txn *jute.Txn) {
	t.Helper()
	if _, err := tree.Apply(txn); err != nil {
		t.Fatal(err)
	}
}

// log writes the transactions from first to last as one file.
func (h *history) log(t testing.TB, d *Dir, first, last int) string {
	t.Helper()
	return writeLog(t, d, int64(first), h.txns[first-1:last])
}

func writeLog(t testing.TB, d *Dir, first int64, txns []*jute.Txn) string {
	t.Helper()
	w, err := txnlog.Create(d.LogDir, first, txnlog.Options{Prealloc: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, txn := range txns {
		if err := w.Append(txn); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Name()
}

// snapshot writes the tree at a zxid.
func (h *history) snapshot(t testing.TB, d *Dir, at int) string {
	t.Helper()
	sessions := map[int64]int32{session: 4000}
	if at == 0 || at == len(h.txns) {
		sessions = nil
	}
	if err := d.WriteSnapshot(h.trees[at].Export(), sessions); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(d.SnapDir, snapshot.FileName(int64(at), snapshot.None))
}

func newDir(t testing.TB) *Dir {
	t.Helper()
	d, err := Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// contents is the tree in a form to compare.
func contents(t testing.TB, tree *datatree.Tree) map[string]datatree.Node {
	t.Helper()
	m := map[string]datatree.Node{}
	err := tree.Export().Walk(func(path string, n datatree.Node) error {
		n.ACLRef = 0
		m[path] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (h *history) check(t testing.TB, st *State, at int) {
	t.Helper()
	if got := st.Tree.LastZxid(); got != int64(at) {
		t.Fatalf("the tree is at zxid %d, want %d", got, at)
	}
	if got, want := contents(t, st.Tree), contents(t, h.trees[at]); !reflect.DeepEqual(got, want) {
		t.Errorf("the tree at %d\n got %+v\nwant %+v", at, got, want)
	}
	want := map[int64]int32{}
	if at > 0 && at < len(h.txns) {
		want[session] = 4000
	}
	if !reflect.DeepEqual(st.Sessions, want) {
		t.Errorf("sessions %v, want %v", st.Sessions, want)
	}
}

// fingerprint is the bytes of every file.
func fingerprint(t testing.TB, d *Dir) map[string]string {
	t.Helper()
	m := map[string]string{}
	filepath.WalkDir(d.SnapDir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			b, _ := os.ReadFile(path)
			m[path] = string(b)
		}
		return nil
	})
	return m
}

func TestLoad(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	truncate := func(file string, by int64) {
		st, _ := os.Stat(file)
		os.Truncate(file, st.Size()-by)
	}
	for _, c := range []struct {
		name    string
		write   func(d *Dir)
		at      int
		replay  int
		warning string
	}{
		{"nothing", func(d *Dir) {}, 0, 0, ""},
		{"a log without a snapshot", func(d *Dir) { h.log(t, d, 1, n) }, n, n, ""},
		{"a first snapshot and a log", func(d *Dir) { h.snapshot(t, d, 0); h.log(t, d, 1, 20) }, 20, 20, ""},
		{"several logs", func(d *Dir) { h.log(t, d, 1, 10); h.log(t, d, 11, 12); h.log(t, d, 13, n) }, n, n, ""},
		{"a snapshot amid a log", func(d *Dir) { h.log(t, d, 1, 20); h.snapshot(t, d, 15); h.log(t, d, 21, 30) }, 30, 15, ""},
		{"a snapshot at the end of a log", func(d *Dir) { h.log(t, d, 1, 20); h.snapshot(t, d, 20) }, 20, 0, ""},
		{"a snapshot and no log", func(d *Dir) { h.snapshot(t, d, 25) }, 25, 0, ""},
		{"old files", func(d *Dir) {
			h.log(t, d, 1, 5) // what was between is purged
			h.snapshot(t, d, 20)
			h.log(t, d, 18, 25)
			h.snapshot(t, d, 3)
		}, 25, 5, ""},
		{"other files", func(d *Dir) {
			h.log(t, d, 1, 5)
			for _, name := range []string{"snapshot.tmp.5", "log.x", "snapshot.", "acceptedEpoch", "log.-1"} {
				os.WriteFile(filepath.Join(d.SnapDir, name), []byte("junk"), 0o644)
			}
			os.Mkdir(filepath.Join(d.SnapDir, "snapshot.9"), 0o755)
		}, 5, 5, ""},
		{"a link to a log", func(d *Dir) {
			elsewhere := filepath.Join(filepath.Dir(d.LogDir), "elsewhere")
			os.Rename(h.log(t, d, 1, 5), elsewhere)
			os.Symlink(elsewhere, filepath.Join(d.LogDir, "log.1"))
			os.Symlink("nowhere", filepath.Join(d.LogDir, "log.7"))
		}, 5, 5, ""},
		{"a damaged snapshot, and an older one", func(d *Dir) {
			h.snapshot(t, d, 10)
			truncate(h.snapshot(t, d, 20), 3)
			h.log(t, d, 1, 30)
		}, 30, 20, "snapshot passed over"},
		{"a last log that a crash tore", func(d *Dir) { h.log(t, d, 1, 10); truncate(h.log(t, d, 11, 20), 3) }, 19, 19, "unfinished transaction"},
		{"an empty last log", func(d *Dir) { h.log(t, d, 1, 10); truncate(writeLog(t, d, 11, nil), 16) }, 10, 10, "unfinished transaction"},
		{"a last log that is a header", func(d *Dir) { h.log(t, d, 1, 10); writeLog(t, d, 11, nil) }, 10, 10, ""},
		{"a log that a crash tore, and the next one", func(d *Dir) { truncate(h.log(t, d, 1, 10), 3); h.log(t, d, 10, 20) }, 20, 20, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDir(t)
			c.write(d)
			before := fingerprint(t, d)
			st, err := d.Load(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			h.check(t, st, c.at)
			if st.Replayed != c.replay {
				t.Errorf("%d transactions were replayed, want %d", st.Replayed, c.replay)
			}
			if w := strings.Join(st.Warnings, "\n"); (c.warning == "") != (w == "") || !strings.Contains(w, c.warning) {
				t.Errorf("warnings %q, want %q", w, c.warning)
			}
			if !reflect.DeepEqual(fingerprint(t, d), before) {
				t.Error("loading changed the files")
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	const n = 40
	h := newHistory(t, n)
	damage := func(file string, offset int64) {
		b, _ := os.ReadFile(file)
		b[(int64(len(b))+offset)%int64(len(b))] ^= 0x20
		os.WriteFile(file, b, 0o644)
	}
	for _, c := range []struct {
		name  string
		write func(d *Dir)
		says  string
	}{
		{"damage amid a log", func(d *Dir) { damage(h.log(t, d, 1, n), 200) }, "offset"},
		{"a log that is none", func(d *Dir) { damage(h.log(t, d, 1, n), 0) }, "ZKLG"},
		{"a gap between logs", func(d *Dir) { h.log(t, d, 1, 10); h.log(t, d, 12, 20) }, "zxid 0xc comes after 0xa: the transactions between them are missing"},
		{"a gap behind the snapshot", func(d *Dir) { h.snapshot(t, d, 10); h.log(t, d, 12, 20) }, "missing"},
		{"logs that do not begin at the first transaction", func(d *Dir) { h.log(t, d, 5, 20) }, "missing"},
		{"an empty log amid the others", func(d *Dir) {
			h.log(t, d, 1, 10)
			os.WriteFile(filepath.Join(d.LogDir, "log.b"), nil, 0o644)
			h.log(t, d, 12, 20)
		}, "missing"},
		{"a torn log amid the others, and what it lost", func(d *Dir) {
			f := h.log(t, d, 1, 10)
			st, _ := os.Stat(f)
			os.Truncate(f, st.Size()-100)
			h.log(t, d, 11, 20)
		}, "missing"},
		{"transactions in a wrong order", func(d *Dir) { writeLog(t, d, 1, append(h.txns[:5:5], h.txns[3], h.txns[4])) }, "zxid 0x4 comes after 0x5"},
		{"a damaged snapshot and no older one", func(d *Dir) { damage(h.snapshot(t, d, 10), -5); h.log(t, d, 1, 20) }, "no snapshot is whole"},
		{"a damaged snapshot, and logs that do not reach the older one", func(d *Dir) {
			h.snapshot(t, d, 5)
			damage(h.snapshot(t, d, 20), 100)
			h.log(t, d, 15, 30)
		}, "missing"},
		{"another history behind the snapshot", func(d *Dir) {
			h.snapshot(t, d, 10)
			other := *h.txns[10]
			other.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: 1}
			writeLog(t, d, 11, []*jute.Txn{&other})
		}, "digest"},
		{"a snapshot with another digest", func(d *Dir) { h.snapshotWithDigest(t, d, 10, snapshot.Digest{Zxid: 10, Version: 2, Digest: 5}) }, "digest"},
		{"a fuzzy snapshot that does not become its digest", func(d *Dir) {
			h.snapshotWithDigest(t, d, 10, snapshot.Digest{Zxid: 15, Version: 2, Digest: 5})
			h.log(t, d, 11, 20)
		}, "digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDir(t)
			c.write(d)
			before := fingerprint(t, d)
			_, err := d.Load(t.Context(), nil)
			if err == nil {
				t.Fatal("it loads")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), d.SnapDir) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it says %q, want one line with the file and %q", err, c.says)
			}
			if !reflect.DeepEqual(fingerprint(t, d), before) {
				t.Error("loading changed the files")
			}
		})
	}
}

// snapshotWithDigest writes a snapshot that says what it is told of the digest.
func (h *history) snapshotWithDigest(t testing.TB, d *Dir, at int, g snapshot.Digest) {
	t.Helper()
	e := h.trees[at].Export()
	_, err := snapshot.Create(d.SnapDir, int64(at), snapshot.Options{}, func(w *snapshot.Writer) error {
		w.Sessions(1, func(yield func(int64, int32) bool) { yield(session, 4000) })
		acls := e.ACLs()
		w.ACLs(len(acls), func(yield func(int64, []jute.ACL) bool) {
			for ref, acl := range acls {
				if !yield(ref, acl) {
					return
				}
			}
		})
		err := e.Walk(func(path string, n datatree.Node) error {
			return w.Node(strings.TrimSuffix(path, "/"), n.Data, n.ACLRef, n.Stat)
		})
		if err != nil {
			return err
		}
		return w.Digest(g)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A digest that is wrong once and right after it is Apache's mistake, not ours.
func TestDigestsThatRecover(t *testing.T) {
	h := newHistory(t, 20)
	d := newDir(t)
	txns := append([]*jute.Txn{}, h.txns...)
	wrong := *txns[7]
	wrong.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: 12345}
	txns[7] = &wrong
	writeLog(t, d, 1, txns)
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, st, 20)
	if len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "0x8") {
		t.Errorf("warnings: %q", st.Warnings)
	}
}

// Digests of another version say nothing, and neither do those of a snapshot
// that knows of none, or of an earlier zxid than its own.
func TestDigestsThatSayNothing(t *testing.T) {
	h := newHistory(t, 20)
	for name, g := range map[string]snapshot.Digest{
		"none": {Version: 2}, "an earlier one": {Zxid: 5, Version: 2, Digest: 77}, "another version": {Zxid: 10, Version: 3, Digest: 77}} {
		d := newDir(t)
		h.snapshotWithDigest(t, d, 10, g)
		h.log(t, d, 11, 20)
		st, err := d.Load(t.Context(), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h.check(t, st, 20)
	}
	d := newDir(t)
	txns := append([]*jute.Txn{}, h.txns...)
	for i, txn := range txns {
		other := *txn
		other.Digest = &jute.TxnDigest{Version: 3, TreeDigest: 1}
		txns[i] = &other
	}
	writeLog(t, d, 1, txns)
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, st, 20)
}

// Apache logs a request that it could not read with the zxid of the one before,
// and an ensemble's zxids jump to a new epoch.
func TestZxidsOfApache(t *testing.T) {
	h := newHistory(t, 20)
	d := newDir(t)
	refused := &jute.Txn{Header: jute.TxnHeader{ClientID: session, Zxid: 10, Type: jute.OpError}, Body: &jute.ErrorTxn{Err: jute.ErrMarshallingError}}
	writeLog(t, d, 1, append(h.txns[:10:10], append([]*jute.Txn{refused}, h.txns[10:15]...)...))
	epoch := &jute.Txn{Header: jute.TxnHeader{Zxid: 3<<32 | 1, Type: jute.OpDelete}, Body: &jute.DeleteTxn{Path: "/n4"}}
	writeLog(t, d, epoch.Header.Zxid, []*jute.Txn{epoch})
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := st.Tree.Lookup("/n4"); there || st.Tree.LastZxid() != 3<<32|1 || st.Replayed != 16 {
		t.Errorf("at 0x%x after %d transactions", st.Tree.LastZxid(), st.Replayed)
	}
}

func TestLogsInAnotherDirectory(t *testing.T) {
	h := newHistory(t, 20)
	d, err := Create(t.TempDir(), filepath.Join(t.TempDir(), "deep", "logs"))
	if err != nil {
		t.Fatal(err)
	}
	h.snapshot(t, d, 10)
	h.log(t, d, 11, 20)
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, st, 20)
}

func TestDirectoriesThatCannotBe(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none"), "").Load(t.Context(), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o644)
	if _, err := Create(file, ""); err == nil {
		t.Error("a file became a directory")
	}
}

// A snapshot that is written while the tree changes, and the log, are the tree.
func TestFuzzySnapshot(t *testing.T) {
	const n = 400
	h := newHistory(t, n)
	for _, from := range []int{1, 5, 100, n / 2} {
		d := newDir(t)
		live := datatree.New()
		for _, txn := range h.txns[:from] {
			apply(t, live, txn)
		}
		done := make(chan error)
		e := live.Export()
		go func() { done <- d.WriteSnapshot(e, map[int64]int32{session: 4000}) }()
		for _, txn := range h.txns[from:] {
			apply(t, live, txn)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		h.log(t, d, 1, n)
		st, err := d.Load(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if st.Snapshot == nil || st.Replayed != n-from {
			t.Errorf("replayed %d", st.Replayed)
		}
		h.check(t, st, n)
	}
}

// What a log holds stays what it is when the reader goes on.
func TestDataIsNotShared(t *testing.T) {
	d := newDir(t)
	var txns []*jute.Txn
	big := bytes.Repeat([]byte{7}, 100<<10)
	for z := int64(1); z <= 20; z++ {
		txns = append(txns, &jute.Txn{Header: jute.TxnHeader{Zxid: z, Type: jute.OpCreate},
			Body: &jute.CreateTxn{Path: fmt.Sprintf("/n%d", z), Data: append([]byte{byte(z)}, big...), ACL: jute.OpenACL(), ParentCVersion: int32(z)}})
	}
	writeLog(t, d, 1, txns)
	load := func() *State {
		st, err := d.Load(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	check := func(st *State) {
		t.Helper()
		for z := 1; z <= 20; z++ {
			if n, _ := st.Tree.Lookup(fmt.Sprintf("/n%d", z)); len(n.Data) != len(big)+1 || n.Data[0] != byte(z) || n.Data[1] != 7 {
				t.Fatalf("/n%d has other data", z)
			}
		}
	}
	st := load()
	check(st)
	if err := d.WriteSnapshot(st.Tree.Export(), nil); err != nil {
		t.Fatal(err)
	}
	check(load())
}
