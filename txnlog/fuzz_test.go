package txnlog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReader reads what is no log. Whatever it is, there is an end, what was read
// was really there, and the same records written again are the same bytes.
func FuzzReader(f *testing.F) {
	b := bytesOf(f, session(1), set(2, []byte("data")), session(3))
	f.Add(b)
	f.Add(append(bytes.Clone(b), make([]byte, 100)...))
	f.Add(b[:len(b)-1])
	f.Add(b[:10])
	f.Add(append(bytes.Clone(b[:65]), 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff))
	f.Add(append(append(bytes.Clone(b[:65]), make([]byte, 20)...), b[65:]...))
	files, _ := filepath.Glob("testdata/*/log.*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b), "log.1")
		if len(b) >= flushSize {
			return
		}
		var w Writer // has no file, so it must not flush
		for err == nil {
			var rec *Record
			if rec, err = r.Next(); err == nil {
				rec.Txn()
				w.AppendRaw(rec.Raw)
			}
		}
		var c *CorruptError
		if err != io.EOF && !errors.As(err, &c) {
			t.Fatalf("%v", err)
		}
		if c != nil && (c.Offset < 0 || c.Offset > int64(len(b))) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if r == nil {
			return
		}
		if !bytes.Equal(w.buf, b[headerSize:r.Offset()]) {
			t.Fatalf("read %x\nwrote %x", b[headerSize:r.Offset()], w.buf)
		}
	})
}
