package server

import (
	"runtime"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for mb, want := range map[uint64]int{0: 1600, 1: 1600, 5: 320, 10: 160, 16: 100, 32: 100, 50: 64, 80: 40, 128: 25, 256: 12, 10_000: 10} {
		if got := gcPercent(mb << 20); got != want {
			t.Errorf("%d MB: %d %%, want %d", mb, got, want)
		}
	}
}

func TestAfterCollection(t *testing.T) {
	collected := make(chan struct{}, 1)
	for range 3 {
		afterCollection(collected)
		runtime.GC()
		select {
		case <-collected:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody says that garbage was collected")
		}
	}
}
