package txnlog

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"zook/jute"
)

// trickle writes b to a new file at path, in pieces of up to most bytes, over zeros
// that are ahead of it if padded, once there is a header. written is how much is there.
func trickle(t *testing.T, path string, b []byte, most int, padded bool, written *atomic.Int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for off := 0; off < len(b); {
		if n := off + 64<<10; padded && n > len(b) && off >= headerSize {
			f.Truncate(int64(n))
		}
		n := min(1+rand.IntN(most), len(b)-off)
		if _, err := f.WriteAt(b[off:off+n], int64(off)); err != nil {
			t.Error(err)
			return
		}
		off += n
		written.Store(int64(off))
	}
}

// many is a log of transactions of many sizes.
func many(t *testing.T, n int) []byte {
	b := bytesOf(t, session(1))
	for zxid := int64(2); zxid <= int64(n); zxid++ {
		size := rand.IntN(300)
		if zxid%100 == 0 {
			size = rand.IntN(100_000)
		}
		b = appendRecord(b, jute.Marshal(set(zxid, bytes.Repeat([]byte{byte(zxid)}, size))))
	}
	return b
}

// A log that is being written is read up to where it is, and never found damaged:
// neither by what was not there when it was opened, nor by what came while it was read.
func TestReadWhileWritten(t *testing.T) {
	for name, c := range map[string]struct {
		most   int
		padded bool
	}{"pieces": {30_000, false}, "pieces over zeros": {30_000, true}, "large pieces over zeros": {1 << 20, true}, "few bytes": {300, false}} {
		t.Run(name, func(t *testing.T) {
			whole := many(t, 5000)
			path := filepath.Join(t.TempDir(), "log.1")
			var written atomic.Int64
			done := make(chan struct{})
			go func() {
				defer close(done)
				trickle(t, path, whole, c.most, c.padded, &written)
			}()
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				before := written.Load()
				if before < headerSize {
					continue
				}
				end, err := readTo(path)
				var torn *CorruptError
				if err != nil && !(errors.As(err, &torn) && torn.Torn) {
					t.Fatalf("with %d bytes written before: %v", before, err)
				}
				if last && (err != nil || end != int64(len(whole))) {
					t.Fatalf("read up to %d of %d bytes, %v", end, len(whole), err)
				}
				if after, _, err := wholeRecords(whole[:before]); end < after {
					t.Fatalf("read up to %d, and %d were whole before, %v", end, after, err)
				}
			}
		})
	}
}

// readTo returns how far a log can be read.
func readTo(path string) (int64, error) {
	r, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		err = nil
	}
	return r.Offset(), err
}

// wholeRecords returns where the last record ends that is whole in b.
func wholeRecords(b []byte) (end int64, n int, err error) {
	r, err := NewReader(bytes.NewReader(b), "log")
	if err != nil {
		return 0, 0, err
	}
	for ; err == nil; n++ {
		_, err = r.Next()
	}
	return r.Offset(), n - 1, err
}

// What is written behind the size that the file had when it was opened is there.
func TestOutgrown(t *testing.T) {
	whole := bytesOf(t, session(1), set(2, bytes.Repeat([]byte("x"), 2*windowSize)), session(3))
	for _, cut := range []int{headerSize, 70, windowSize, len(whole) - 70} {
		path := write(t, t.TempDir(), "log.1", whole[:cut])
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		f.Write(whole[cut:])
		f.Close()
		if txns, _, err := readAll(r); len(txns) != 3 || err != nil {
			t.Errorf("opened with %d bytes: %d transactions, %v", cut, len(txns), err)
		}
		r.Close()
	}
}
