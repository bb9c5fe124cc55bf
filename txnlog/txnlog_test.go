package txnlog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zook/jute"
)

// header is that of every log.
const header = "5a4b4c47 00000002 0000000000000000"

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// session is the transaction that opens session 7, for zxid.
func session(zxid int64) *jute.Txn {
	return &jute.Txn{Header: jute.TxnHeader{ClientID: 7, Zxid: zxid, Time: 1000, Type: jute.OpCreateSession},
		Body: &jute.CreateSessionTxn{Timeout: 30000}}
}

// set is a transaction that holds data.
func set(zxid int64, data []byte) *jute.Txn {
	return &jute.Txn{Header: jute.TxnHeader{ClientID: 7, Cxid: int32(zxid), Zxid: zxid, Time: 2000, Type: jute.OpSetData},
		Body:   &jute.SetDataTxn{Path: "/a", Data: data, Version: int32(zxid)},
		Digest: &jute.TxnDigest{Version: 2, TreeDigest: zxid * 1e15}}
}

// create writes a log into dir.
func create(t testing.TB, dir string, opts Options, txns ...*jute.Txn) (path string) {
	t.Helper()
	w, err := Create(dir, txns[0].Header.Zxid, opts)
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

// bytesOf is a log as create writes it, without zeros behind the records.
func bytesOf(t testing.TB, txns ...*jute.Txn) []byte {
	t.Helper()
	b, err := os.ReadFile(create(t, t.TempDir(), Options{Prealloc: -1}, txns...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readAll reads to the end; err is nil if that is a clean one.
func readAll(r *Reader) (txns []jute.Txn, offsets []int64, err error) {
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return txns, offsets, nil
		}
		if err != nil {
			return txns, offsets, err
		}
		rec.Raw = bytes.Clone(rec.Raw)
		txn, err := rec.Txn()
		if err != nil {
			return txns, offsets, err
		}
		txns, offsets = append(txns, txn), append(offsets, rec.Offset)
	}
}

// readBytes reads a log from a file, and from a plain stream, which must give the same.
func readBytes(t testing.TB, b []byte) (txns []jute.Txn, offsets []int64, end int64, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.1")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err == nil {
		txns, offsets, err = readAll(r)
		end = r.Offset()
		r.Close()
	}
	var streamed []jute.Txn
	s, serr := NewReader(bytes.NewReader(b), path)
	if serr == nil {
		streamed, _, serr = readAll(s)
	}
	if !reflect.DeepEqual(txns, streamed) || !reflect.DeepEqual(err, serr) {
		t.Fatalf("from a file: %d transactions, %v\nfrom a stream: %d transactions, %v", len(txns), err, len(streamed), serr)
	}
	return txns, offsets, end, err
}

// The bytes are laid out by hand from FileTxnLog.java.
func TestKnownBytes(t *testing.T) {
	got := bytesOf(t, session(1), set(2, []byte("xy")))
	want := unhex(header + `
		00000000 2419058c 00000024
			0000000000000007 00000000 0000000000000001 00000000000003e8 fffffff6 00007530
		42
		00000000 45570465 0000003c
			0000000000000007 00000002 0000000000000002 00000000000007d0 00000005
			00000002 2f61 00000002 7879 00000002
			00000002 00071afd498d0000
		42`)
	if !bytes.Equal(got, want) {
		t.Fatalf("\n got %x\nwant %x", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	want := []*jute.Txn{session(1), set(2, nil), set(3, []byte{}), set(5, bytes.Repeat([]byte("z"), 3<<20)), session(9)}
	path := create(t, t.TempDir(), Options{}, want...)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, offsets, err := readAll(r)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d transactions, %v", len(got), err)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], *want[i]) {
			t.Errorf("transaction %d: %+v, want %+v", i, got[i], *want[i])
		}
	}
	if offsets[0] != 16 || offsets[1] != 16+12+36+1 {
		t.Errorf("offsets %v", offsets)
	}
	if h := r.Header(); h.Magic != jute.LogMagic || h.Version != 2 || h.DBID != 0 {
		t.Errorf("header %+v", h)
	}
	st, _ := os.Stat(path)
	if r.Offset() >= st.Size() || st.Size() != 64<<20+16 {
		t.Errorf("whole up to %d of %d bytes", r.Offset(), st.Size())
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}

func TestAppendRaw(t *testing.T) {
	want := bytesOf(t, session(1), set(2, []byte("xy")))
	r, err := NewReader(bytes.NewReader(want), "log.1")
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(t.TempDir(), 1, Options{Prealloc: -1})
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := r.Next(); err == nil; rec, err = r.Next() {
		if err := w.AppendRaw(rec.Raw); err != nil {
			t.Fatal(err)
		}
	}
	if w.Size() != int64(len(want)) {
		t.Errorf("size %d, want %d", w.Size(), len(want))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(w.Name()); !bytes.Equal(got, want) {
		t.Errorf("\n got %x\nwant %x", got, want)
	}
}

func TestNothingIsOnDiskBeforeSync(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, 1, Options{Prealloc: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	count := func() int {
		r, err := Open(w.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		txns, _, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return len(txns)
	}
	w.Append(session(1))
	w.Append(session(2))
	if n := count(); n != 0 {
		t.Errorf("%d transactions before Sync", n)
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 2 {
		t.Errorf("%d transactions after Sync", n)
	}
}

// The sizes are those of FilePadding.calculateFileSizeWithPadding.
func TestPrealloc(t *testing.T) {
	const step = 64 << 10
	w, err := Create(t.TempDir(), 1, Options{Prealloc: step})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, c := range []struct{ data, size int64 }{
		{1000, step + 16},    // far from the end
		{60500, step + 16},   // comes within 4096 bytes of it
		{1000, 2*step + 16},  // so this one lengthens the file first
		{100000, 162800},     // goes past its end, and is the end
		{1, 3 * step},        // whence the next multiple
		{step * 3, 359551},   // past the end again
		{1, 6 * step},        //
		{1 << 20, 1_408_270}, // more than is buffered
	} {
		if err := w.Append(set(1, make([]byte, c.data))); err != nil {
			t.Fatal(err)
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		if st, _ := os.Stat(w.Name()); st.Size() != c.size {
			t.Errorf("after %d bytes of data, at %d: the file has %d bytes, want %d", c.data, w.Size(), st.Size(), c.size)
		}
	}
}

func TestCreateKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := create(t, dir, Options{}, session(1))
	if _, err := Create(dir, 1, Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a log with a transaction: %v", err)
	}
	whole := bytesOf(t, session(1))
	for name, b := range map[string][]byte{
		"empty":        {},
		"header only":  whole[:16],
		"half header":  whole[:7],
		"zeros":        make([]byte, 100),
		"cut record":   whole[:40],
		"preallocated": append(whole[:16:16], make([]byte, 5000)...),
	} {
		os.WriteFile(path, b, 0o600)
		w, err := Create(dir, 1, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.Close()
	}
	for name, b := range map[string][]byte{
		"another file":   []byte("something else altogether"),
		"damaged record": append(bytes.Replace(whole, []byte{0x75, 0x30}, []byte{0x75, 0x31}, 1), make([]byte, 100)...),
	} {
		os.WriteFile(path, b, 0o600)
		if w, err := Create(dir, 1, Options{}); err == nil {
			t.Errorf("%s: was replaced", name)
			w.Close()
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, b) {
			t.Errorf("%s: was changed", name)
		}
	}
	if _, err := Create(filepath.Join(dir, "none"), 1, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no directory: %v", err)
	}
}

func TestClosedWriter(t *testing.T) {
	w, err := Create(t.TempDir(), 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Append(session(1))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if err := w.Append(session(2)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if err := w.Sync(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Sync: %v", err)
	}
	r, err := Open(w.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if txns, _, err := readAll(r); len(txns) != 1 || err != nil {
		t.Errorf("%d transactions, %v", len(txns), err)
	}
}

func TestNames(t *testing.T) {
	for zxid, name := range map[int64]string{0: "log.0", 1: "log.1", 0x8800000003: "log.8800000003", 1<<63 - 1: "log.7fffffffffffffff"} {
		if got := FileName(zxid); got != name {
			t.Errorf("FileName(%#x) = %q", zxid, got)
		}
		if got, ok := ParseName(name); got != zxid || !ok {
			t.Errorf("ParseName(%q) = %#x, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "log", "log.", "log.x", "log.-1", "log.+1", "log.1.gz", "log.1_0", "log.0x1", "log.8000000000000000", "snapshot.1", "xlog.1"} {
		if zxid, ok := ParseName(name); ok {
			t.Errorf("ParseName(%q) = %#x", name, zxid)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	w, err := Create(t.TempDir(), 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	txn := set(1, make([]byte, 100))
	batch := func() {
		for range 100 {
			w.Append(txn)
		}
		w.Sync()
	}
	batch()
	if n := testing.AllocsPerRun(10, batch); n > 1 {
		t.Errorf("%v allocations for 100 appends and a sync", n)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	txns := make([]*jute.Txn, 10000)
	for i := range txns {
		txns[i] = set(int64(i+1), make([]byte, 100))
	}
	b := bytesOf(t, txns...)
	n := testing.AllocsPerRun(5, func() {
		r, err := NewReader(bytes.NewReader(b), "log.1")
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next()
		}
	})
	if n > 20 {
		t.Errorf("%v allocations for 10000 records", n)
	}
}
