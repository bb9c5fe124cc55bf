package txnlog

import (
	"hash/adler32"
	"io"
	"os"
	"testing"

	"zook/jute"
)

// benchLog is a log of 100,000 transactions with 100 bytes of data each.
func benchLog(b *testing.B) (path string, size int64) {
	txns := make([]*jute.Txn, 100_000)
	for i := range txns {
		txns[i] = set(int64(i+1), make([]byte, 100))
	}
	path = create(b, b.TempDir(), Options{Prealloc: -1}, txns...)
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, st.Size()
}

// BenchmarkSum reads and sums the file and does nothing else: what BenchmarkNext
// and BenchmarkTxn are measured by.
func BenchmarkSum(b *testing.B) {
	path, size := benchLog(b)
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

func BenchmarkNext(b *testing.B) { benchRead(b, func(*Record) error { return nil }) }

func BenchmarkTxn(b *testing.B) {
	benchRead(b, func(rec *Record) error { _, err := rec.Txn(); return err })
}

func benchRead(b *testing.B, each func(*Record) error) {
	path, size := benchLog(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; ; n++ {
			rec, err := r.Next()
			if err == io.EOF && n == 100_000 {
				break
			}
			if err == nil {
				err = each(rec)
			}
			if err != nil {
				b.Fatalf("after %d: %v", n, err)
			}
		}
		r.Close()
	}
}

// BenchmarkAppend is without the disk's part, as far as that goes.
func BenchmarkAppend(b *testing.B) {
	w, err := Create(b.TempDir(), 1, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	txn := set(1, make([]byte, 100))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Append(txn); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSync(b *testing.B) {
	for name, batch := range map[string]int{"batch=1": 1, "batch=100": 100} {
		b.Run(name, func(b *testing.B) {
			w, err := Create(b.TempDir(), 1, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			txn := set(1, make([]byte, 100))
			for b.Loop() {
				for range batch {
					w.Append(txn)
				}
				if err := w.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
