package snapshot

import (
	"bytes"
	standard "hash/adler32"
	"math/rand"
	"testing"
)

// It is the standard library's, whatever the bytes and however they are cut.
func TestAdler32(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	random := make([]byte, 3<<20)
	r.Read(random)
	for _, all := range [][]byte{random, bytes.Repeat([]byte{255}, 3<<20), make([]byte, 3<<20)} {
		for n := range 1000 {
			if got, want := addAdler(1, all[:n]), standard.Checksum(all[:n]); got != want {
				t.Fatalf("%d bytes: got %#x, want %#x", n, got, want)
			}
		}
		for range 20 {
			sum, want := uint32(1), standard.New()
			for rest := all; len(rest) > 0; {
				n := min(len(rest), 1+r.Intn(1<<r.Intn(22)))
				sum = addAdler(sum, rest[:n])
				want.Write(rest[:n])
				rest = rest[n:]
				if sum != want.Sum32() {
					t.Fatalf("%d bytes: got %#x, want %#x", len(all)-len(rest), sum, want.Sum32())
				}
			}
		}
	}
}
