package server

import "testing"

func TestGCPercent(t *testing.T) {
	for mb, want := range map[uint64]int{0: 1600, 1: 1600, 5: 320, 10: 160, 16: 100, 32: 100, 50: 64, 80: 40, 128: 25, 256: 12, 10_000: 10} {
		if got := gcPercent(mb << 20); got != want {
			t.Errorf("%d MB: %d %%, want %d", mb, got, want)
		}
	}
}
