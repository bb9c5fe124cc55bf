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

// FuzzRepair repairs what is no log. Whatever it is, nothing is wrong with what comes
// of it, and the log itself stays as it is.
func FuzzRepair(f *testing.F) {
	b := bytesOf(f, session(1), set(2, []byte("data")), set(3, nil), session(4))
	for _, at := range []int{0, 20, 27, 40, 64, 70, 75, 76, 80, 90, 130, 145, len(b) - 1} {
		changed := bytes.Clone(b)
		changed[at] ^= 0x15
		f.Add(changed, true)
	}
	f.Add(b[:len(b)-1], false)
	f.Add(append(bytes.Clone(b[:65]), append(make([]byte, 20), b[65:]...)...), true)
	f.Add(append(bytes.Clone(b), b[16:]...), true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		repaired, done, err := repairBytes(t, b, fix)
		if err == nil && !fix && !bytes.Equal(repaired, b[:len(repaired)]) {
			t.Fatal("the valid prefix is not one")
		}
		if err == nil && done.Kept.Bytes != int64(len(repaired)) {
			t.Fatalf("%+v, and %d bytes", done, len(repaired))
		}
		if done != nil && done.Cut != nil && done.Lost.Bytes > int64(len(b)) {
			t.Fatalf("%+v of %d bytes", done, len(b))
		}
	})
}
