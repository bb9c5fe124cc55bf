package datatree

import (
	"fmt"
	"testing"

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
