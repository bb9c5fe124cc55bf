package snapshot

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash/adler32"
	"io"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zook/jute"
)

// content is a whole snapshot.
type content struct {
	sessions []Session
	acls     []ACL
	nodes    []Node
	digest   *Digest
	zxid     int64 // -1 for none
}

// sample is a small snapshot with all that there can be.
func sample() content {
	stat := func(z int64) jute.StatPersisted {
		return jute.StatPersisted{Czxid: z, Mzxid: z + 1, Ctime: 1000 * z, Mtime: 1000*z + 1, Version: 1, Cversion: 2, Aversion: 3, Pzxid: z}
	}
	eph := stat(3)
	eph.EphemeralOwner = 0x10000000001
	return content{
		sessions: []Session{{0x10000000001, 30000}, {5, 4000}},
		acls: []ACL{{1, jute.OpenACL()}, {4, []jute.ACL{}},
			{2, []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "10.0.0.0/8"}}, {Perms: jute.PermAdmin, ID: jute.ID{Scheme: "digest", ID: "bob:x"}}}}},
		nodes: []Node{
			{Path: []byte{}, ACL: OpenACL},
			{Path: []byte("/a"), Data: []byte("some data"), ACL: 1, Stat: stat(1)},
			{Path: []byte("/a/größe"), Data: []byte{}, ACL: 2, Stat: stat(2)},
			{Path: []byte("/a/e"), Data: []byte{0, 255}, ACL: 1, Stat: eph},
		},
		digest: &Digest{Zxid: 3, Version: 2, Digest: -7},
		zxid:   4,
	}
}

// parts writes all of it but the end.
func (c *content) parts(w *Writer) error {
	w.Sessions(len(c.sessions), func(yield func(int64, int32) bool) {
		for _, s := range c.sessions {
			if !yield(s.ID, s.Timeout) {
				return
			}
		}
	})
	w.ACLs(len(c.acls), func(yield func(int64, []jute.ACL) bool) {
		for _, a := range c.acls {
			if !yield(a.ID, a.List) {
				return
			}
		}
	})
	for _, n := range c.nodes {
		if err := w.Node(string(n.Path), n.Data, n.ACL, n.Stat); err != nil {
			return err
		}
	}
	if c.digest != nil {
		w.Digest(*c.digest)
	}
	if c.zxid >= 0 {
		return w.LastZxid(c.zxid)
	}
	return nil
}

func (c *content) bytes(t testing.TB, compression Compression) []byte {
	var b bytes.Buffer
	w := NewWriter(&b, Options{compression})
	if err := c.parts(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll reads to the end; without an error, c is all that there is.
func readAll(r *Reader) (c content, err error) {
	c.zxid = -1
	for s, err := range r.Sessions() {
		if err != nil {
			return c, err
		}
		c.sessions = append(c.sessions, s)
	}
	for a, err := range r.ACLs() {
		if err != nil {
			return c, err
		}
		c.acls = append(c.acls, a)
	}
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return c, err
		}
		keep := *n
		keep.Path, keep.Data = bytes.Clone(n.Path), bytes.Clone(n.Data)
		keep.Offset = 0
		c.nodes = append(c.nodes, keep)
	}
	if g, ok := r.Digest(); ok {
		c.digest = &g
	}
	if z, ok := r.LastZxid(); ok {
		c.zxid = z
	}
	return c, nil
}

func readBytes(b []byte) (content, error) {
	r, err := NewReader(bytes.NewReader(b), "snapshot.1")
	if err != nil {
		return content{}, err
	}
	return readAll(r)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// The bytes are laid out by hand from FileSnap.java.
func TestKnownBytes(t *testing.T) {
	c := content{
		sessions: []Session{{0x1122334455667788, 4000}},
		acls:     []ACL{{1, []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "::1"}}}}},
		nodes: []Node{{Path: []byte{}, ACL: OpenACL}, {Path: []byte("/a"), Data: []byte("x"), ACL: 1,
			Stat: jute.StatPersisted{Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7, EphemeralOwner: 8, Pzxid: 9}}},
		digest: &Digest{Zxid: 10, Version: 2, Digest: 11},
		zxid:   12,
	}
	want := unhex(`
		5a4b534e 00000002 ffffffffffffffff
		00000001 1122334455667788 00000fa0
		00000001 0000000000000001 00000001 00000001 00000002 6970 00000003 3a3a31
		00000000 ffffffff ffffffffffffffff
			0000000000000000 0000000000000000 0000000000000000 0000000000000000
			00000000 00000000 00000000 0000000000000000 0000000000000000
		00000002 2f61 00000001 78 0000000000000001
			0000000000000001 0000000000000002 0000000000000003 0000000000000004
			00000005 00000006 00000007 0000000000000008 0000000000000009
		00000001 2f
		00000000 83181b39 00000001 2f
		000000000000000a 00000002 000000000000000b
		00000000 24571c6f 00000001 2f
		000000000000000c
		00000000 8ad71db1 00000001 2f`)
	if got := c.bytes(t, None); !bytes.Equal(got, want) {
		t.Fatalf("\n got %x\nwant %x", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	big := sample()
	big.nodes = append(big.nodes, Node{Path: []byte("/big"), Data: bytes.Repeat([]byte("0123456789"), 300_000), ACL: 1})
	for i := range 3000 {
		big.nodes = append(big.nodes, Node{Path: []byte("/big/" + strings.Repeat("x", i%700)), Data: make([]byte, i), ACL: int64(i)})
	}
	plain, noTrailer, digestOnly := sample(), sample(), sample()
	noTrailer.digest, noTrailer.zxid = nil, -1
	digestOnly.zxid = -1
	hexDigest := sample()
	hexDigest.digest = &Digest{Zxid: 3, Version: 1, Digest: 0x1234abcd}
	none := content{zxid: -1}
	for name, want := range map[string]content{"sample": plain, "without digest and last zxid": noTrailer,
		"without last zxid": digestOnly, "hex digest": hexDigest, "many and large": big, "nothing": none} {
		for _, compression := range []Compression{None, Gzip, Snappy} {
			b := want.bytes(t, compression)
			path := filepath.Join(t.TempDir(), "snapshot.1")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(r)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, compression %q: %v\n got %.1000v\nwant %.1000v", name, compression, err, got, want)
			}
			if r.Compression() != compression || r.Header() != (jute.FileHeader{Magic: jute.SnapMagic, Version: 2, DBID: -1}) {
				t.Errorf("%s: compression %q, header %+v", name, r.Compression(), r.Header())
			}
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("%s: behind the end: %v", name, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPartsCanBeSkipped(t *testing.T) {
	want := sample()
	b := want.bytes(t, None)
	r, err := NewReader(bytes.NewReader(b), "snapshot.1")
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.Next()
	if err != nil || len(n.Path) != 0 {
		t.Fatalf("first znode %+v, %v", n, err)
	}
	for range r.Sessions() {
		t.Error("a session behind the first znode")
	}
	r, _ = NewReader(bytes.NewReader(b), "snapshot.1")
	for s := range r.Sessions() {
		if s.ID == want.sessions[0].ID {
			break
		}
	}
	var acls []ACL
	for a := range r.ACLs() {
		acls = append(acls, a)
	}
	if !reflect.DeepEqual(acls, want.acls) {
		t.Errorf("after a look at the sessions: %+v", acls)
	}
	rest, err := readAll(r)
	if err != nil || !reflect.DeepEqual(rest.nodes, want.nodes) {
		t.Errorf("%d znodes, %v", len(rest.nodes), err)
	}
}

func TestOffsets(t *testing.T) {
	c := sample()
	b := c.bytes(t, None)
	r, _ := NewReader(bytes.NewReader(b), "snapshot.1")
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if at := b[n.Offset:]; !bytes.HasPrefix(at[4:], n.Path) || at[3] != byte(len(n.Path)) {
			t.Errorf("%q is not at offset %d", n.Path, n.Offset)
		}
	}
}

// A last zxid without a digest is what a server writes whose digests are off.
func TestLastZxidWithoutDigest(t *testing.T) {
	c := sample()
	c.digest, c.zxid = nil, -1
	b := c.bytes(t, None)
	b = jute.AppendLong(b, 77)
	b = jute.AppendUstring(jute.AppendLong(b, sumOf(b)), "/")
	got, err := readBytes(b)
	if err != nil || got.zxid != 77 || got.digest != nil {
		t.Errorf("%+v, %v", got, err)
	}
	// What we write in that case has a digest that says nothing.
	c.zxid = 77
	got, err = readBytes(c.bytes(t, None))
	if err != nil || got.zxid != 77 || got.digest == nil || *got.digest != (Digest{Version: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWriterRefuses(t *testing.T) {
	none := func(func(int64, int32) bool) {}
	for name, use := range map[string]func(*Writer) error{
		"sessions twice":         func(w *Writer) error { w.Sessions(0, none); return w.Sessions(0, none) },
		"sessions after znodes":  func(w *Writer) error { w.Node("", nil, 0, jute.StatPersisted{}); return w.Sessions(0, none) },
		"znodes after digest":    func(w *Writer) error { w.Digest(Digest{}); return w.Node("", nil, 0, jute.StatPersisted{}) },
		"digest after last zxid": func(w *Writer) error { w.LastZxid(1); return w.Digest(Digest{}) },
		"znode after Close":      func(w *Writer) error { w.Close(); return w.Node("", nil, 0, jute.StatPersisted{}) },
		"Close twice":            func(w *Writer) error { w.Close(); return w.Close() },
		"too few sessions":       func(w *Writer) error { return w.Sessions(2, maps.All(map[int64]int32{1: 1})) },
		"too many ACLs":          func(w *Writer) error { return w.ACLs(0, maps.All(map[int64][]jute.ACL{1: nil})) },
		"too many to count":      func(w *Writer) error { return w.Sessions(1<<31, none) },
		`root as "/"`:            func(w *Writer) error { return w.Node("/", nil, 0, jute.StatPersisted{}) },
	} {
		w := NewWriter(io.Discard, Options{})
		err := use(w)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if again := w.LastZxid(1); again != err {
			t.Errorf("%s: the error does not stick: %v, then %v", name, err, again)
		}
	}
}

func TestWriterReportsItsOutput(t *testing.T) {
	full := errors.New("no space")
	data := make([]byte, 100)
	for _, compression := range []Compression{None, Gzip, Snappy} {
		for room := 0; room < 300_000; room += 20_000 {
			w := NewWriter(&limited{room, full}, Options{compression})
			rnd := rand.New(rand.NewSource(1))
			for range 3000 {
				rnd.Read(data)
				w.Node("/a", data, 1, jute.StatPersisted{})
			}
			if err := w.Close(); err != full {
				t.Errorf("compression %q, room for %d bytes: %v", compression, room, err)
			}
		}
	}
}

// limited takes so many bytes and then fails.
type limited struct {
	room int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.room {
		return l.room, l.err
	}
	l.room -= len(p)
	return len(p), nil
}

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		zxid        int64
		compression Compression
	}{"snapshot.0": {0, None}, "snapshot.1f": {31, None}, "snapshot.8800000003.gz": {0x8800000003, Gzip}, "snapshot.7fffffffffffffff.snappy": {1<<63 - 1, Snappy}} {
		if got := FileName(c.zxid, c.compression); got != name {
			t.Errorf("FileName(%#x, %q) = %q", c.zxid, c.compression, got)
		}
		if got, ok := ParseName(name); got != c.zxid || !ok {
			t.Errorf("ParseName(%q) = %#x, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "snapshot", "snapshot.", "snapshot.gz", "snapshot..gz", "snapshot.x", "snapshot.1.gz.gz", "snapshot.1.tmp", "snapshot.-1", TempPrefix + "1", "log.1"} {
		if zxid, ok := ParseName(name); ok {
			t.Errorf("ParseName(%q) = %#x", name, zxid)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	for _, compression := range []Compression{None, Gzip, Snappy} {
		want := sample()
		path, err := Create(dir, 0x1f, Options{compression}, func(w *Writer) error {
			if slices.Contains(names(t, dir), FileName(0x1f, compression)) {
				t.Error("it has its name before it is written")
			}
			return want.parts(w)
		})
		if err != nil || path != filepath.Join(dir, FileName(0x1f, compression)) {
			t.Fatalf("%q, %v", path, err)
		}
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(r)
		r.Close()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got := names(t, dir); !reflect.DeepEqual(got, []string{"snapshot.1f", "snapshot.1f.gz", "snapshot.1f.snappy"}) {
		t.Errorf("left in the directory: %q", got)
	}
}

func TestCreateThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	boom := errors.New("boom")
	if _, err := Create(dir, 1, Options{}, func(w *Writer) error { w.Node("", nil, 0, jute.StatPersisted{}); return boom }); err != boom {
		t.Errorf("write failed: %v", err)
	}
	if _, err := Create(dir, 1, Options{}, func(w *Writer) error { w.Node("/", nil, 0, jute.StatPersisted{}); return nil }); err == nil {
		t.Error("the writer's own error was lost")
	}
	func() {
		defer func() { recover() }()
		Create(dir, 1, Options{}, func(w *Writer) error { panic("boom") })
	}()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left in the directory: %q", got)
	}
	// One that is there already stays until there is a whole one to take its place.
	old := filepath.Join(dir, "snapshot.1")
	os.WriteFile(old, []byte("old"), 0o600)
	Create(dir, 1, Options{}, func(w *Writer) error { return boom })
	if b, _ := os.ReadFile(old); string(b) != "old" {
		t.Errorf("the old snapshot is now %q", b)
	}
	if _, err := Create(dir, 1, Options{}, func(w *Writer) error { return nil }); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(old); string(b) == "old" {
		t.Error("the old snapshot is still there")
	}
	if _, err := Create(filepath.Join(dir, "none"), 1, Options{}, func(*Writer) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in no directory: %v", err)
	}
}

func sumOf(b []byte) int64 { return int64(adler32.Checksum(b)) }
