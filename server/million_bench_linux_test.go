package server

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
)

// million is how many znodes of 100 bytes of data the benchmarks below have, a thousand
// below each of a thousand others.
const million = 1_000_000

// millionZnodes writes a snapshot of that many znodes, and returns its directory.
func millionZnodes(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	d, err := datadir.Create(dir, "")
	if err != nil {
		b.Fatal(err)
	}
	bl := datatree.NewBuilder()
	data := make([]byte, 100)
	add := func(path string, data []byte, children, zxid int) {
		stat := jute.StatPersisted{Czxid: int64(zxid), Mzxid: int64(zxid), Pzxid: int64(zxid + children), Cversion: int32(children),
			Ctime: 1_700_000_000_000, Mtime: 1_700_000_000_000}
		if err := bl.Node(path, data, -1, stat); err != nil {
			b.Fatal(err)
		}
	}
	add("/", nil, 1, 0)
	add("/million", nil, 1000, 1)
	zxid := 1
	for i := range million / 1000 {
		parent := fmt.Sprintf("/million/part-%03d", i)
		zxid++
		add(parent, nil, 1000, zxid)
		for j := range 1000 {
			zxid++
			copy(data, fmt.Sprint(zxid))
			add(fmt.Sprintf("%s/node-%03d", parent, j), append([]byte{}, data...), 0, zxid)
		}
	}
	if err := d.WriteSnapshot(bl.Tree(int64(zxid)).Export(), nil); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkStartMillion starts a server on a million znodes, until it has answered a request,
// and reports its memory and processor time then.
func BenchmarkStartMillion(b *testing.B) {
	dir := millionZnodes(b)
	start := func(b *testing.B, start func() (addr string, pid int, kill func())) {
		var now, most float64
		var used time.Duration
		for b.Loop() {
			addr, pid, kill := start()
			w := openSession(b, addr, time.Minute)
			w.get("/million/part-500/node-500")
			now, most = memory(b, pid)
			used += cpu(b, pid)
			w.nc.Close()
			kill()
		}
		b.ReportMetric(now, "MB")
		b.ReportMetric(most, "MB-most")
		b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s")
	}
	b.Run("zook", func(b *testing.B) {
		start(b, func() (string, int, func()) {
			c := startChild(b, childConfig{Config: Config{DataDir: dir}})
			return c.addr, c.cmd.Process.Pid, c.kill
		})
	})
	b.Run("apache", func(b *testing.B) {
		start(b, func() (string, int, func()) {
			s := zktest.Apache(b, dir)
			return s.Addr, s.Pid(), s.Kill
		})
	})
}

// BenchmarkCreateMillion creates a million znodes, many requests at once on four connections,
// and reports the memory of the server then. Run it with -benchtime 1x.
func BenchmarkCreateMillion(b *testing.B) {
	const conns, inFlight = 4, 128
	onBothServers(b, func(b *testing.B, addr string, pid int) {
		w := openSession(b, addr, time.Minute)
		w.create("/million", "", 0)
		for i := range million / 1000 {
			w.create(fmt.Sprintf("/million/part-%03d", i), "", 0)
		}
		data := string(make([]byte, 100))
		for b.Loop() {
			var all sync.WaitGroup
			for c := range conns {
				w := openSession(b, addr, time.Minute)
				w.nc.SetDeadline(time.Time{})
				all.Add(1)
				go func() {
					defer all.Done()
					for i := range million/conns + inFlight {
						if n := i*conns + c; n < million {
							w.send(jute.OpCreate, reqCreate(fmt.Sprintf("/million/part-%03d/node-%03d", n%1000, n/1000), data, 0))
						}
						if i >= inFlight {
							if f, err := w.next(); err != nil || f.Err != jute.ErrOK {
								b.Errorf("%+v, %v", f, err)
								return
							}
						}
					}
				}()
			}
			all.Wait()
		}
		now, most := memory(b, pid)
		b.ReportMetric(now, "MB")
		b.ReportMetric(most, "MB-most")
		b.ReportMetric(float64(cpu(b, pid).Microseconds())/million, "cpu-us/op")
		time.Sleep(10 * time.Second)
		now, _ = memory(b, pid)
		b.ReportMetric(now, "MB-later")
	})
}

// BenchmarkSnapshotMillion sets znodes, one request at a time, while the server writes one
// snapshot of a million after the other, and while it writes none: what a client waits for.
// Run it with -benchtime 10000x.
func BenchmarkSnapshotMillion(b *testing.B) {
	sets := func(b *testing.B, addr string) {
		w := openSession(b, addr, time.Minute)
		w.nc.SetDeadline(time.Time{})
		data := string(make([]byte, 100))
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			began := time.Now()
			w.do(jute.OpSetData, reqSet(fmt.Sprintf("/million/part-%03d/node-%03d", i%1000, i*7%1000), data, -1), nil)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		for what, i := range map[string]int{"p50-ms": len(took) / 2, "p99-ms": len(took) * 99 / 100, "p99.9-ms": len(took) * 999 / 1000, "longest-ms": len(took) - 1} {
			b.ReportMetric(float64(took[i].Nanoseconds())/1e6, what)
		}
	}
	dir := millionZnodes(b)
	for name, count := range map[string]int{"none": 1 << 30, "always": 1} {
		b.Run("zook-"+name, func(b *testing.B) {
			c := startChild(b, childConfig{Config: Config{DataDir: dir, SnapCount: count}})
			sets(b, c.addr)
			c.kill()
		})
	}
	b.Run("apache-always", func(b *testing.B) { sets(b, zktest.Apache(b, dir, "snapCount=2").Addr) })
}
