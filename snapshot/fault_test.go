package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/golang/snappy"

	"zook/jute"
)

// A snapshot that is cut anywhere must not pass for one, except where an older
// server's would have ended.
func TestCutAtEveryByte(t *testing.T) {
	want := sample()
	for _, compression := range []Compression{None, Gzip, Snappy} {
		whole := want.bytes(t, compression)
		const digestSize = 8 + 4 + 8 + sealSize
		older := map[int]bool{len(whole) - 8 - sealSize: true, len(whole) - 8 - sealSize - digestSize: true}
		for cut := range whole {
			got, err := readBytes(whole[:cut])
			if compression == None && older[cut] {
				if err != nil || !reflect.DeepEqual(got.nodes, want.nodes) {
					t.Errorf("cut at %d of %d, behind a section: %v", cut, len(whole), err)
				}
				continue
			}
			var c *CorruptError
			if !errors.As(err, &c) {
				t.Errorf("compression %q, cut at %d of %d: %v", compression, cut, len(whole), err)
			}
			for i, n := range got.nodes {
				if !reflect.DeepEqual(n, want.nodes[i]) {
					t.Errorf("compression %q, cut at %d: znode %d is %+v", compression, cut, i, n)
				}
			}
		}
	}
}

// Every bit of a snapshot is under a checksum. A compressed one can differ in a
// bit and say the same.
func TestEveryFlippedBit(t *testing.T) {
	want := sample()
	for _, compression := range []Compression{None, Gzip, Snappy} {
		whole := want.bytes(t, compression)
		for bit := range len(whole) * 8 {
			b := bytes.Clone(whole)
			b[bit/8] ^= 1 << (bit % 8)
			got, err := readBytes(b)
			if err == nil && compression != None && reflect.DeepEqual(got, want) {
				continue
			}
			var c *CorruptError
			if !errors.As(err, &c) {
				t.Errorf("compression %q, bit %d of byte %d: %v", compression, bit%8, bit/8, err)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	c := sample()
	whole := c.bytes(t, None)
	put := func(at int, with string) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], with)
		return b
	}
	find := func(s string) int { return bytes.Index(whole, []byte(s)) }
	gz := c.bytes(t, Gzip)
	for _, f := range []struct {
		name string
		file []byte
		want string // the error, without the file
	}{
		{"empty", nil, "damaged at offset 0 (no znode before it): the file is empty"},
		{"zeros", make([]byte, 1000), `damaged at offset 0 (no znode before it): not a snapshot: it begins with "\x00\x00\x00\x00", not "ZKSN"`},
		{"a log", put(0, "ZKLG"), `damaged at offset 0 (no znode before it): not a snapshot: it begins with "ZKLG", not "ZKSN"`},
		{"version", put(7, "\x03"), "damaged at offset 4 (no znode before it): snapshot format version 3, only 2 is known"},
		{"no header", whole[:7], "damaged at offset 0 (no znode before it): the file ends inside the header: record cut short: 4 bytes wanted at offset 4, 3 left"},
		{"sessions negative", put(16, "\xff"), "damaged at offset 16 (no znode before it): a count of -16777214"},
		{"too many sessions", put(16, "\x7f"), "damaged at offset 548 (no znode before it): the file ends inside a session: record cut short: 4 bytes wanted at offset 8, 1 left"},
		{"ACLs negative", put(44, "\x80"), "damaged at offset 44 (no znode before it): a count of -2147483645"},
		{"ACL null", put(44+4+8, "\xff\xff\xff\xff"), "damaged at offset 48 (no znode before it): an ACL: its list is null"},
		{"path negative", put(find("/a/e")-4, "\xff"), `damaged at offset 403 (last znode "/a/größe"): a znode: negative length -16777212 at offset 0`},
		{"path null", put(find("/a/e")-4, "\xff\xff\xff\xff"), `damaged at offset 403 (last znode "/a/größe"): a znode: its path is null`},
		{"data longer than the file", put(find("some data")-4, "\x7f"), `damaged at offset 230 (last znode "/"): the file ends inside a znode: record cut short: 2130706441 bytes wanted at offset 10, 317 left`},
		{"data changed", put(find("some data"), "same"), `damaged at offset 490 (last znode "/a/e"): the checksum is 0x3b343333, not 0x48d23341 as it says`},
		{"digest changed", put(len(whole)-8-13-13-1, "\x00"), `damaged at offset 523 (last znode "/a/e"): the checksum is 0x36be3bfd, not 0x37b73cf6 as it says`},
		{"last zxid changed", put(len(whole)-13-1, "\x00"), `damaged at offset 544 (last znode "/a/e"): the checksum is 0x59f03f46, not 0x59f43f4a as it says`},
		{"last slash", put(len(whole)-1, "x"), `damaged at offset 552 (last znode "/a/e"): "x" follows the checksum, not "/"`},
		{"more behind it", append(bytes.Clone(whole), 0), `damaged at offset 557 (last znode "/a/e"): bytes behind the end of the snapshot`},
		{"ends in a znode", whole[:find("/a/e")+20], `damaged at offset 403 (last znode "/a/größe"): the file ends inside a znode: record cut short: 8 bytes wanted at offset 22, 2 left`},
		{"no checksum", whole[:490], `damaged at offset 490 (last znode "/a/e"): the file ends inside a checksum: record cut short: 8 bytes wanted at offset 0, 0 left`},
		{"gzip cut", gz[:10], `damaged at offset 0 (no znode before it): the compressed file ends too early`},
		{"gzip checksum", append(bytes.Clone(gz[:len(gz)-8]), make([]byte, 8)...), `damaged at offset 557 (last znode "/a/e"): the compressed bytes are damaged: gzip: invalid checksum`},
		{"snappy cut", []byte(snappyHeader + "\x00\x00"), `damaged at offset 0 (no znode before it): the compressed file ends too early`},
		{"snappy version", []byte(strings.Replace(snappyHeader, "\x01", "\x02", 2)), `damaged at offset 0 (no znode before it): the compressed bytes are damaged: snappy: needs a reader of version 2`},
		{"snappy block too long", []byte(snappyHeader + "\x7f\xff\xff\xff12345"), `damaged at offset 0 (no znode before it): the compressed bytes are damaged: snappy: a block of 2147483647 bytes`},
		{"snappy block that lies", []byte(snappyHeader + "\x00\x00\x00\x06\xff\xff\xff\x7f\x00a"), `damaged at offset 0 (no znode before it): the compressed bytes are damaged: snappy: a block of 6 bytes cannot hold 268435455`},
	} {
		t.Run(f.name, func(t *testing.T) {
			_, err := readBytes(f.file)
			if err == nil {
				t.Fatal("no error")
			}
			if text := strings.TrimPrefix(err.Error(), "snapshot.1: "); text != f.want {
				t.Errorf("\n got %s\nwant %s", text, f.want)
			}
		})
	}
}

func TestErrorsStick(t *testing.T) {
	c := sample()
	b := c.bytes(t, None)
	r, err := NewReader(bytes.NewReader(b[:30]), "snapshot.1")
	if err != nil {
		t.Fatal(err)
	}
	var first error
	for _, err := range r.Sessions() {
		first = err
	}
	var second error
	for _, err := range r.ACLs() {
		second = err
	}
	if _, err := r.Next(); first == nil || second != first || err != first {
		t.Errorf("%v, then %v, then %v", first, second, err)
	}
}

// A disk that fails is neither an end nor damage.
func TestReadError(t *testing.T) {
	c := sample()
	boom := errors.New("boom")
	for _, compression := range []Compression{None, Gzip, Snappy} {
		whole := c.bytes(t, compression)
		for cut := range whole {
			r, err := NewReader(io.MultiReader(bytes.NewReader(whole[:cut]), iotest.ErrReader(boom)), "snapshot.1")
			for err == nil {
				_, err = r.Next()
			}
			if !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "snapshot.1: ") {
				t.Errorf("compression %q, after %d bytes: %v", compression, cut, err)
			}
		}
	}
}

func TestSlowSource(t *testing.T) {
	want := sample()
	for _, compression := range []Compression{None, Gzip, Snappy} {
		r, err := NewReader(iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(want.bytes(t, compression)))), "snapshot.1")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(r); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("compression %q, byte by byte: %v", compression, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "snapshot.1")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestMemoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot.1")
	for _, compression := range []Compression{None, Gzip, Snappy} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := NewWriter(f, Options{compression})
		data := make([]byte, 10_000)
		for range 2000 {
			w.Node("/n", data, 1, jute.StatPersisted{})
		}
		w.Node("/big", make([]byte, 1<<20), 1, jute.StatPersisted{})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		n := 0
		got := allocated(func() {
			r, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for ; err == nil; n++ {
				_, err = r.Next()
			}
			if err != io.EOF {
				t.Error(err)
			}
		})
		if n != 2002 || got > 8<<20 {
			t.Errorf("compression %q: %d bytes allocated for 21 MB in %d znodes", compression, got, n-1)
		}
	}
}

// Lengths that lie cost no more than the file has.
func TestLyingLengthsCostNothing(t *testing.T) {
	header := jute.Marshal(&jute.FileHeader{Magic: jute.SnapMagic, Version: 2, DBID: -1})
	huge := "\x7f\xff\xff\xff"
	block := []byte(strings.Repeat("\xff\xff\xff\x7f", 4))
	for name, b := range map[string][]byte{
		"sessions":          append(header[:16:16], huge+"12345678abcd"...),
		"ACL table":         append(header[:16:16], "\x00\x00\x00\x00"+huge+"12345678abcd"...),
		"ACL":               append(header[:16:16], "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"+huge+"1234"...),
		"path":              append(header[:16:16], "\x00\x00\x00\x00\x00\x00\x00\x00"+huge+"/a"...),
		"data":              append(header[:16:16], "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02/a"+huge+"data"...),
		"snappy compressed": []byte(snappyHeader + "\x1f\xff\xff\xff" + "abc"),
		"snappy raw":        append(binary.BigEndian.AppendUint32([]byte(snappyHeader), uint32(len(block))), block...),
	} {
		got := allocated(func() {
			var c *CorruptError
			if _, err := readBytes(b); !errors.As(err, &c) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if got > 1<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, got, len(b))
		}
	}
}

// Streams put one behind the other are one, as for snappy-java.
func TestSnappyConcatenated(t *testing.T) {
	want := sample()
	plain := want.bytes(t, None)
	var b []byte
	for _, part := range [][]byte{plain[:100], plain[100:101], plain[101:]} {
		packed := snappy.Encode(nil, part)
		b = append(b, snappyHeader...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(packed))), packed...)
	}
	if got, err := readBytes(b); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v", err)
	}
}
