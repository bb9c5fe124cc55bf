package txnlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"zook/jute"
)

// small is a log of three transactions, and where its records begin; the last of
// them is where it ends.
func small(t testing.TB) (b []byte, txns []*jute.Txn, bounds []int) {
	txns = []*jute.Txn{session(1), set(2, []byte("some data")), set(0x100000003, []byte("more"))}
	b = bytesOf(t, txns...)
	_, offsets, end, err := readBytes(t, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range append(offsets, end) {
		bounds = append(bounds, int(o))
	}
	return b, txns, bounds
}

// checkPrefix checks that got is the first n of want.
func checkPrefix(t *testing.T, what string, got []jute.Txn, want []*jute.Txn, n int) {
	t.Helper()
	if len(got) != n {
		t.Errorf("%s: %d transactions, want %d", what, len(got), n)
		return
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], *want[i]) {
			t.Errorf("%s: transaction %d is %+v", what, i, got[i])
		}
	}
}

// A crash leaves the beginning of what was written, and then the end of the file
// or zeros. All before the cut is read, and the cut is told from an end.
func TestTornAtEveryByte(t *testing.T) {
	whole, txns, bounds := small(t)
	for cut := 0; cut < len(whole); cut++ {
		for _, pad := range []int{0, 1, len(whole) - cut, 5000} {
			what := fmt.Sprintf("%d bytes and %d zeros", cut, pad)
			b := append(whole[:cut:cut], make([]byte, pad)...)
			got, _, end, err := readBytes(t, b)
			n := 0 // records that are whole
			for n < 3 && cut >= bounds[n+1] {
				n++
			}
			if cut > 0 && cut < 8 && pad > 0 { // magic and version are in one sector
				if err == nil {
					t.Errorf("%s: half a header was read", what)
				}
				continue
			}
			checkPrefix(t, what, got, txns, n)
			if len(b) >= headerSize && cut > 0 && zeros(b[bounds[n]:]) == len(b)-bounds[n] {
				if err != nil || end != int64(bounds[n]) {
					t.Errorf("%s: %v, end at %d", what, err, end)
				}
				continue
			}
			var c *CorruptError
			if !errors.As(err, &c) || !c.Torn {
				t.Errorf("%s: %v", what, err)
				continue
			}
			want := CorruptError{File: c.File, Torn: true, Reason: c.Reason}
			if n > 0 {
				want.Zxid = txns[n-1].Header.Zxid
			}
			if cut >= headerSize {
				want.Offset = int64(bounds[n])
			}
			if *c != want {
				t.Errorf("%s: %+v", what, *c)
			}
		}
	}
}

// A flipped bit is damage wherever it is, in the last record too, and never the
// trace of a crash: what is behind it was promised.
func TestEveryFlippedBit(t *testing.T) {
	whole, txns, bounds := small(t)
	for _, pad := range []int{0, 5000} {
		for bit := range len(whole) * 8 {
			at := bit / 8
			b := append(bytes.Clone(whole), make([]byte, pad)...)
			b[at] ^= 1 << (bit % 8)
			got, _, _, err := readBytes(t, b)
			if at >= 8 && at < headerSize {
				checkPrefix(t, "database id", got, txns, 3) // any is right
				continue
			}
			n := 0
			for n < 2 && at >= bounds[n+1] {
				n++
			}
			checkPrefix(t, "flipped", got, txns, n)
			var c *CorruptError
			if !errors.As(err, &c) || c.Torn {
				t.Errorf("bit %d of byte %d, %d zeros behind: %v", bit%8, at, pad, err)
				continue
			}
			if at >= headerSize && c.Offset != int64(bounds[n]) {
				t.Errorf("bit %d of byte %d: %v", bit%8, at, err)
			}
			if n < 2 && at >= headerSize && !strings.Contains(c.Reason, "whole") {
				t.Errorf("bit %d of byte %d: %v says nothing of what follows", bit%8, at, err)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	whole, _, bounds := small(t)
	put := func(at int, with string) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], with)
		return b
	}
	second, third, end := bounds[1], bounds[2], bounds[3]
	zero := func(b []byte, from, to int) []byte {
		b = bytes.Clone(b)
		clear(b[from:to])
		return b
	}
	// large ends in a record of several sectors.
	large := bytesOf(t, session(1), set(2, bytes.Repeat([]byte("x"), 3000)))
	// wrong is a record whose checksum is right and whose contents are not.
	wrong := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, adler32.Checksum(make([]byte, 40)))
	wrong = append(append(wrong, 0, 0, 0, 40), make([]byte, 40)...)
	wrong = append(append(whole[:second:second], wrong...), 'B')

	for _, c := range []struct {
		name string
		log  []byte
		n    int    // transactions before the fault
		want string // the error, without the file
	}{
		{"empty", nil, 0, "torn by a crash at offset 0 (no transaction before it): the file is empty"},
		{"short", whole[:9], 0, "torn by a crash at offset 0 (no transaction before it): a file of 9 bytes is shorter than its header"},
		{"short and foreign", []byte("hello"), 0, "damaged at offset 0 (no transaction before it): a file of 5 bytes is shorter than its header"},
		{"blank", make([]byte, 70000), 0, "torn by a crash at offset 0 (no transaction before it): no header, the file is all zeros"},
		{"blank header", zero(whole, 0, 16), 0, "damaged at offset 0 (no transaction before it): no header, zeros in its place"},
		{"magic", put(0, "ZKSN"), 0, `damaged at offset 0 (no transaction before it): not a transaction log: it begins with "ZKSN", not "ZKLG", as a snapshot does`},
		{"version", put(7, "\x03"), 0, "damaged at offset 4 (no transaction before it): log format version 3, only 2 is known"},
		{"end byte", put(third-1, "\x43"), 1, "damaged at offset 65 (last good zxid 0x1): a record of 67 bytes ends in 0x43, not in 'B'; the next whole record is at offset 145, zxid 0x100000003"},
		{"checksum", put(second+4, "\x01\x02\x03\x04"), 1, "damaged at offset 65 (last good zxid 0x1): the checksum of a record of 67 bytes is 0x885006e9, not 0x1020304 as it says; the next whole record is at offset 145, zxid 0x100000003"},
		{"checksum of the last", put(end-2, "\x63"), 2, "damaged at offset 145 (last good zxid 0x2): the checksum of a record of 62 bytes is 0x63cd0775, not 0x636a0712 as it says"},
		{"negative length", put(second+8, "\xff\xff\xff\xff"), 1, "damaged at offset 65 (last good zxid 0x1): a record of length -1; with another length the record is whole; the next whole record is at offset 145, zxid 0x100000003"},
		{"largest length", put(second+8, "\x7f\xff\xff\xff"), 1, "damaged at offset 65 (last good zxid 0x1): the file ends inside a record of 2147483647 bytes; with another length the record is whole; the next whole record is at offset 145, zxid 0x100000003"},
		{"largest length of the last", put(third+8, "\x7f\xff\xff\xff"), 2, "damaged at offset 145 (last good zxid 0x2): the file ends inside a record of 2147483647 bytes; with another length the record is whole"},
		{"short length", put(second+11, "\x1f"), 1, "damaged at offset 65 (last good zxid 0x1): a record of 31 bytes is too short for a transaction; with another length the record is whole; the next whole record is at offset 145, zxid 0x100000003"},
		{"no length", put(second+11, "\x00"), 1, "damaged at offset 65 (last good zxid 0x1): a record with a checksum and no length; with another length the record is whole; the next whole record is at offset 145, zxid 0x100000003"},
		{"zeros in the middle", zero(whole, second, third), 1, "damaged at offset 65 (last good zxid 0x1): zeros, but the file goes on at offset 149; the next whole record is at offset 145, zxid 0x100000003"},
		{"zeros in a record", zero(whole, second+30, third), 1, "damaged at offset 65 (last good zxid 0x1): a record of 67 bytes ends in 0x00, not in 'B'; the next whole record is at offset 145, zxid 0x100000003"},
		{"zeros before a cut record", zero(whole[:end-5], second, third), 1, "torn by a crash at offset 65 (last good zxid 0x1): zeros, but the file goes on at offset 149"},
		{"lost sector", zero(large, 1024, 1536), 1, "torn by a crash at offset 65 (last good zxid 0x1): the checksum of a record of 3058 bytes is 0xd78092b1, not 0xc57482c0 as it says"},
		{"zeros that no disk made", zero(large, 1000, 1500), 1, "damaged at offset 65 (last good zxid 0x1): the checksum of a record of 3058 bytes is 0x26429851, not 0xc57482c0 as it says"},
		{"older zxid behind", append(zero(whole, second, end), whole[16:65]...), 1, "torn by a crash at offset 65 (last good zxid 0x1): zeros, but the file goes on at offset 224"},
		{"not a transaction", wrong, 1, "damaged at offset 65 (no transaction before it): transaction of type notification: notification is not a transaction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, _, err := readBytes(t, c.log)
			if len(got) != c.n {
				t.Errorf("%d transactions before the fault, want %d", len(got), c.n)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if _, text, _ := strings.Cut(err.Error(), "log.1: "); text != c.want {
				t.Errorf("\n got %s\nwant %s", text, c.want)
			}
		})
	}
}

// Zeros that the disk does not hold are skipped, what is behind them is not.
func TestHoles(t *testing.T) {
	whole, _, bounds := small(t)
	path := filepath.Join(t.TempDir(), "log.1")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(whole[:bounds[2]])
	read := func() (int, error) {
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		txns, _, err := readAll(r)
		return len(txns), err
	}
	f.Truncate(10 << 20)
	if n, err := read(); n != 2 || err != nil {
		t.Errorf("a hole up to the end: %d transactions, %v", n, err)
	}
	f.WriteAt([]byte{0}, 20<<20) // as Apache lengthens its files
	if n, err := read(); n != 2 || err != nil {
		t.Errorf("a hole and a zero: %d transactions, %v", n, err)
	}
	f.WriteAt(whole[bounds[2]:], 20<<20-2) // the record begins where the disk holds nothing
	n, err := read()
	if want := fmt.Sprintf("the next whole record is at offset %d, zxid 0x100000003", 20<<20-2); n != 2 || err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("a hole and a record: %d transactions, %v", n, err)
	}
}

func TestErrorsStick(t *testing.T) {
	whole, _, _ := small(t)
	r, err := NewReader(bytes.NewReader(whole[:70]), "log.1")
	if err != nil {
		t.Fatal(err)
	}
	r.Next()
	_, first := r.Next()
	_, second := r.Next()
	if first == nil || first != second {
		t.Errorf("%v, then %v", first, second)
	}
}

// A gzip or disk that fails is neither an end nor damage.
func TestReadError(t *testing.T) {
	whole, _, bounds := small(t)
	boom := errors.New("boom")
	for _, cut := range []int{0, 10, headerSize, bounds[1], bounds[1] + 5, len(whole)} {
		r, err := NewReader(io.MultiReader(bytes.NewReader(whole[:cut]), iotest.ErrReader(boom)), "log.1")
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "log.1: ") {
			t.Errorf("after %d bytes: %v", cut, err)
		}
	}
}

func TestSlowSource(t *testing.T) {
	whole, txns, _ := small(t)
	r, err := NewReader(iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(append(whole, make([]byte, 3000)...)))), "log.1")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	checkPrefix(t, "byte by byte", got, txns, 3)
	if _, err := NewReader(stuck{}, "log.1"); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestMaxRecord(t *testing.T) {
	b := bytesOf(t, session(1), set(2, make([]byte, 9<<20)))
	r, err := NewReader(bytes.NewReader(b), "log.1")
	if err != nil {
		t.Fatal(err)
	}
	r.MaxRecord = 1 << 20
	_, _, err = readAll(r)
	const want = "log.1: offset 65: a record of 9437242 bytes is longer than the 1048576 that were allowed"
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	if txns, _, _, err := readBytes(t, b); len(txns) != 2 || err != nil {
		t.Errorf("without a limit: %d transactions, %v", len(txns), err)
	}
}

// Lengths that lie must cost neither memory nor the time to read on for each.
func TestLyingLengthsCostNothing(t *testing.T) {
	b := bytesOf(t, session(1))
	liar := make([]byte, 4<<20)
	for i := 0; i+4 <= len(liar); i += 4 {
		binary.BigEndian.PutUint32(liar[i:], []uint32{0, 0x12345678, 0x003fff42, 0x42424242}[i/4%4])
	}
	path := filepath.Join(t.TempDir(), "log.1")
	os.WriteFile(path, append(append(b, 0, 0, 0, 0, 0, 0, 0, 1, 0x00, 0x3f, 0, 0), liar...), 0o600)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, _, err = readAll(r)
	runtime.ReadMemStats(&after)
	var c *CorruptError
	if !errors.As(err, &c) {
		t.Error(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d bytes allocated", got)
	}
	// A stream does not know its size, so it finds out by reading to the end.
	huge := append(bytes.Clone(b), 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1)
	runtime.ReadMemStats(&before)
	s, err := NewReader(bytes.NewReader(huge), "log.1")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = readAll(s)
	runtime.ReadMemStats(&after)
	if !errors.As(err, &c) || !c.Torn {
		t.Error(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for a record of 2 GiB that is not there", got)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "log.1")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
}
