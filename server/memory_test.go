package server

import "testing"

func TestGCPercent(t *testing.T) {
	for mb, want := range map[uint64]int{0: 100, 5: 100, 64: 100, 100: 64, 160: 40, 190: 40, 10_000: 40} {
		if got := gcPercent(mb << 20); got != want {
			t.Errorf("%d MB: %d %%, want %d", mb, got, want)
		}
	}
}
