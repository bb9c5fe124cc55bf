package datatree

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zook/jute"
)

const benchNodes = 10_000

// benchTree has benchNodes znodes of 100 bytes below /bench.
func benchTree(b *testing.B) (*world, []string) {
	b.Helper()
	w := newWorld(b)
	w.create("/bench", "")
	paths := make([]string, benchNodes)
	data := string(make([]byte, 100))
	for i := range paths {
		paths[i] = fmt.Sprintf("/bench/%08d", i)
		w.create(paths[i], data)
	}
	w.log = nil
	return w, paths
}

func BenchmarkGet(b *testing.B) {
	w, paths := benchTree(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := w.tree.View()
		if _, _, err := v.Get(paths[i%benchNodes], anyPerm{}, nil); err != jute.ErrOK {
			b.Fatal(err)
		}
		v.Close()
	}
}

func BenchmarkGetParallel(b *testing.B) {
	w, paths := benchTree(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			v := w.tree.View()
			v.Get(paths[i%benchNodes], anyPerm{}, nil)
			v.Close()
		}
	})
}

func benchApply(b *testing.B, w *world, typ jute.OpCode, body func(i int) jute.Record) {
	b.Helper()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.zxid++
		txn := jute.Txn{Header: jute.TxnHeader{Zxid: w.zxid, Time: timeOf(w.zxid), Type: typ}, Body: body(i)}
		if _, err := w.tree.Apply(&txn); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplySet(b *testing.B) {
	w, paths := benchTree(b)
	data := make([]byte, 100)
	benchApply(b, w, jute.OpSetData, func(i int) jute.Record {
		return &jute.SetDataTxn{Path: paths[i%benchNodes], Data: data, Version: int32(i)}
	})
}

func BenchmarkApplyCreateDelete(b *testing.B) {
	w, _ := benchTree(b)
	data := make([]byte, 100)
	sub := jute.SubTxn{Type: jute.OpCreate, Data: jute.Marshal(&jute.CreateTxn{Path: "/bench/new", Data: data, ACL: jute.OpenACL()})}
	del := jute.SubTxn{Type: jute.OpDelete, Data: jute.Marshal(&jute.DeleteTxn{Path: "/bench/new"})}
	benchApply(b, w, jute.OpMulti, func(int) jute.Record { return &jute.MultiTxn{Txns: []jute.SubTxn{sub, del}} })
}

// BenchmarkApplySetWatched has a thousand persistent watchers of each change.
func BenchmarkApplySetWatched(b *testing.B) {
	w, paths := benchTree(b)
	for range 1000 {
		addWatch(w.tree, "/bench", jute.WatchPersistentRecursive, &counter{})
	}
	benchApply(b, w, jute.OpSetData, func(i int) jute.Record {
		return &jute.SetDataTxn{Path: paths[i%benchNodes], Version: int32(i)}
	})
}

type counter struct{ n int }

func (c *counter) Notify(*Event) { c.n++ }

func BenchmarkBuild(b *testing.B) {
	_, paths := benchTree(b)
	data := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		bl := NewBuilder()
		bl.Node("/", nil, -1, jute.StatPersisted{})
		bl.Node("/bench", nil, -1, jute.StatPersisted{})
		for _, p := range paths {
			bl.Node(p, data, -1, jute.StatPersisted{})
		}
		bl.Tree(1)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchNodes, "ns/znode")
}

// BenchmarkExport walks a million znodes, all children of one, while others change: how long
// a change had to wait for the walk, and the same without a walk, which is what the machine
// adds.
func BenchmarkExport(b *testing.B) {
	bl := NewBuilder()
	bl.Node("/", nil, -1, jute.StatPersisted{})
	data := make([]byte, 100)
	for i := range 1_000_000 {
		bl.Node(fmt.Sprintf("/node-%d", i), data, -1, jute.StatPersisted{})
	}
	tree := bl.Tree(0)
	zxid := int64(0)
	change := func() time.Duration {
		zxid++
		txn := &jute.Txn{Header: jute.TxnHeader{Zxid: zxid, Type: jute.OpSetData},
			Body: &jute.SetDataTxn{Path: fmt.Sprintf("/node-%d", zxid*7919%1_000_000), Data: data, Version: 1}}
		began := time.Now()
		if _, err := tree.Apply(txn); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	var took, alone []time.Duration
	for b.Loop() {
		var walked atomic.Bool
		var walk sync.WaitGroup
		walk.Go(func() {
			defer walked.Store(true)
			tree.Export().Walk(func(string, Node) error { return nil })
		})
		for !walked.Load() {
			took = append(took, change())
		}
		walk.Wait()
		b.StopTimer()
		for len(alone) < len(took) {
			alone = append(alone, change())
		}
		b.StartTimer()
	}
	for what, all := range map[string][]time.Duration{"walked": took, "alone": alone} {
		slices.Sort(all)
		ms := func(i int) float64 { return float64(all[i].Nanoseconds()) / 1e6 }
		b.ReportMetric(ms(len(all)-1), what+"-longest-ms")
		b.ReportMetric(ms(len(all)*999/1000), what+"-p99.9-ms")
	}
}

// BenchmarkChildren lists 10,000 children.
func BenchmarkChildren(b *testing.B) {
	w, _ := benchTree(b)
	b.ReportAllocs()
	for b.Loop() {
		v := w.tree.View()
		if names, _, _ := v.Children("/bench", anyPerm{}, nil); len(names) != benchNodes {
			b.Fatal(len(names))
		}
		v.Close()
	}
}
