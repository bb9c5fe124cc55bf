package server

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// PaceGC keeps what the garbage collector lets gather in proportion, until ctx ends: for a
// process that is a server and little else, as it sets what holds for all of the process. A
// tree has no pointers to follow, so that collecting often costs little, and twice the memory
// for its sake, which is Go's rule, is much where a million znodes are. Whoever sets GOGC
// knows better.
func PaceGC(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	was := 100
	debug.FreeOSMemory() // what reading the files has left behind
	collected := make(chan struct{}, 1)
	for {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if percent := gcPercent(live[0].Value.Uint64()); percent < was*9/10 || percent > was*11/10 {
			debug.SetGCPercent(percent)
			was = percent
		}
		afterCollection(collected)
		select {
		case <-ctx.Done():
			return
		case <-collected:
		}
	}
}

// afterCollection tells a channel when garbage has been collected next. What is right for a
// small heap is far too much for what it may have become since, so that nobody may wait for
// a clock then.
func afterCollection(collected chan<- struct{}) {
	runtime.AddCleanup(new([64]byte), func(to chan<- struct{}) {
		select {
		case to <- struct{}{}:
		default:
		}
	}, collected)
}

// gcPercent is how much garbage may gather beside so many bytes that live: 32 MB, but at
// least a tenth of them and at most as much again, or 16 MB. (With the 4 MB that Go would
// begin with, an eighth of the time of a small server under load went to collections.)
func gcPercent(live uint64) int {
	const room, least = 32 << 20, 16 << 20
	live = max(live, 1<<20)
	return int(min(max(100*room/live, 10), max(100, 100*least/live)))
}
