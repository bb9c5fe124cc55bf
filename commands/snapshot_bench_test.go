package commands

import (
	"fmt"
	"io"
	"math/rand"
	"os"
	"testing"

	"zook/snapshot"
)

// benchSnapshot writes a snapshot of 100,000 znodes with 100 bytes of data each, in
// the order of no server in particular.
func benchSnapshot(b *testing.B) (path string, size int64) {
	f := &treeFile{}
	f.top()
	data := make([]byte, 100)
	f.add("/app", data)
	for i := range 100 {
		parent := fmt.Sprintf("/app/service-%d", i)
		f.add(parent, data)
		for _, j := range rand.New(rand.NewSource(int64(i))).Perm(1000) {
			f.add(fmt.Sprintf("%s/node-%010d", parent, j), data)
		}
	}
	path = f.write(b, 5, snapshot.None)
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, st.Size()
}

// BenchmarkSnapshotDump is to be seen beside BenchmarkRead of package snapshot.
func BenchmarkSnapshotDump(b *testing.B) {
	path, size := benchSnapshot(b)
	for name, words := range map[string][]string{
		"text":       {"dump"},
		"jsonl":      {"dump", "-o", "jsonl"},
		"filter":     {"dump", "--path", "/none"},
		"zkcli":      {"dump", "-o", "zkcli"},
		"zkcli-data": {"dump", "-o", "zkcli", "-d"},
		"zkcli-json": {"dump", "--json"},
		"summary":    {"summary"},
	} {
		words := append(append([]string{"snapshot"}, words...), path)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := Run(b.Context(), &Env{Out: io.Discard, Err: os.Stderr}, words); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
