package server

import (
	"fmt"
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
// and reports its memory then.
func BenchmarkStartMillion(b *testing.B) {
	dir := millionZnodes(b)
	b.Run("zook", func(b *testing.B) {
		var now, most float64
		for b.Loop() {
			c := startChild(b, childConfig{Config: Config{DataDir: dir}})
			w := openSession(b, c.addr, time.Minute)
			w.get("/million/part-500/node-500")
			now, most = memory(b, c.cmd.Process.Pid)
			w.nc.Close()
			c.kill()
		}
		b.ReportMetric(now, "MB")
		b.ReportMetric(most, "MB-most")
	})
	b.Run("apache", func(b *testing.B) {
		var now, most float64
		for b.Loop() {
			s := zktest.Apache(b, dir)
			w := openSession(b, s.Addr, time.Minute)
			w.get("/million/part-500/node-500")
			now, most = memory(b, s.Pid())
			w.nc.Close()
			s.Kill()
		}
		b.ReportMetric(now, "MB")
		b.ReportMetric(most, "MB-most")
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
