package datatree

import (
	"fmt"
	"runtime"
	"testing"

	"zook/jute"
)

// heap is the bytes that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkWatchTable sets a million watches, of a thousand watchers on a thousand of 10,000
// paths each, and reports what one takes to set, in memory and to take away with its watcher.
func BenchmarkWatchTable(b *testing.B) {
	const watchers, paths, each = 1000, 10_000, 1000
	names := make([]string, paths)
	for i := range names {
		names[i] = fmt.Sprintf("/watched/by/many/%05d", i)
	}
	var bytes, removing int64
	for b.Loop() {
		b.StopTimer()
		tree, ws := New(), make([]*counter, watchers)
		before := heap()
		b.StartTimer()
		for i := range ws {
			ws[i] = &counter{}
			for j := range each {
				tree.watches.add(names[(i*7+j*10)%paths], ws[i], watchData)
			}
		}
		b.StopTimer()
		bytes += heap() - before
		removing -= b.Elapsed().Nanoseconds()
		b.StartTimer()
		for _, w := range ws {
			tree.RemoveWatcher(w)
		}
		removing += b.Elapsed().Nanoseconds()
	}
	const n = watchers * each
	b.ReportMetric(float64(bytes)/float64(b.N)/n, "B/watch")
	b.ReportMetric(float64(removing)/float64(b.N)/n, "ns/removal")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds()-removing)/float64(b.N)/n, "ns/watch")
}

// BenchmarkFire changes a znode that 10,000 watch with a persistent watch: without what it
// takes to send the events.
func BenchmarkFire(b *testing.B) {
	w, paths := benchTree(b)
	for range 10_000 {
		addWatch(w.tree, paths[0], jute.WatchPersistent, &counter{})
	}
	benchApply(b, w, jute.OpSetData, func(i int) jute.Record { return &jute.SetDataTxn{Path: paths[0], Version: int32(i)} })
}
