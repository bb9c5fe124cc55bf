package snapshot

import (
	"fmt"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"testing"

	"zook/jute"
)

const benchNodes = 200_000

// benchFile is a snapshot of 200,000 znodes with 100 bytes of data each.
func benchFile(b *testing.B, compression Compression) (path string, size int64) {
	path = filepath.Join(b.TempDir(), "snapshot.1")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := NewWriter(f, Options{compression})
	benchWrite(b, w)
	st, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return path, st.Size()
}

func benchWrite(b *testing.B, w *Writer) {
	data := make([]byte, 100)
	for i := range benchNodes {
		data[i%100]++
		if err := w.Node(fmt.Sprintf("/bench/parent-%03d/node-%06d", i%1000, i), data, 1, jute.StatPersisted{Czxid: int64(i)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSum reads and sums the file and does nothing else: what BenchmarkRead
// is measured by.
func BenchmarkSum(b *testing.B) {
	path, size := benchFile(b, None)
	b.SetBytes(size)
	buf := make([]byte, windowSize)
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		h := adler32.New()
		for {
			n, err := f.Read(buf)
			h.Write(buf[:n])
			if err != nil {
				break
			}
		}
		f.Close()
	}
}

func BenchmarkRead(b *testing.B) {
	for _, compression := range []Compression{None, Gzip, Snappy} {
		b.Run("compression="+compression.String(), func(b *testing.B) {
			path, size := benchFile(b, compression)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for ; err == nil; n++ {
					_, err = r.Next()
				}
				if err != io.EOF || n != benchNodes+1 {
					b.Fatalf("%d znodes, %v", n, err)
				}
				r.Close()
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, compression := range []Compression{None, Gzip, Snappy} {
		b.Run("compression="+compression.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				benchWrite(b, NewWriter(io.Discard, Options{compression}))
			}
		})
	}
}
