package snapshot

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReader reads what is no snapshot. Whatever it is, there is an end; and what
// is a snapshot is the same bytes when it is written again.
func FuzzReader(f *testing.F) {
	c := sample()
	none := content{zxid: -1}
	for _, compression := range []Compression{None, Gzip, Snappy} {
		f.Add(c.bytes(f, compression))
		f.Add(none.bytes(f, compression))
	}
	whole := c.bytes(f, None)
	f.Add(whole[:len(whole)-21])
	f.Add(whole[:100])
	f.Add(append(whole[:16:16], "\x7f\xff\xff\xff"...))
	files, _ := filepath.Glob("testdata/*/snapshot.e*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b), "snapshot.1")
		var c content
		if err == nil {
			c, err = readAll(r)
		}
		var corrupt *CorruptError
		if err != nil && !errors.As(err, &corrupt) {
			t.Fatal(err)
		}
		if err != nil || r.Compression() != None {
			return
		}
		if zxid, ok := r.LastZxid(); ok && (zxid < 0 || c.digest == nil) || c.digest != nil && c.digest.Version < 2 {
			return // what we write differently, or not at all
		}
		if again := c.bytes(t, None); !bytes.Equal(again, b) {
			t.Fatalf("read  %x\nwrote %x", b, again)
		}
	})
}
