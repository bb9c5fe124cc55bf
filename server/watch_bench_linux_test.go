package server

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// onBothServers runs a benchmark against a server of ours and against Apache's, each a
// process of its own.
func onBothServers(b *testing.B, bench func(b *testing.B, addr string, pid int)) {
	b.Run("zook", func(b *testing.B) {
		c := startChild(b, childConfig{Config: Config{DataDir: b.TempDir()}})
		bench(b, c.addr, c.cmd.Process.Pid)
		c.stdin.Close()
		<-c.waited
	})
	b.Run("apache", func(b *testing.B) {
		s := zktest.Apache(b, "", "maxClientCnxns=0", "tickTime=2000", "maxSessionTimeout=600000")
		bench(b, s.Addr, s.Pid())
	})
}

// memory is what a process has resident, and has had, in MB.
func memory(b *testing.B, pid int) (now, most float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		kb := func() float64 { n, _ := strconv.ParseFloat(f[1], 64); return n / 1024 }
		switch f[0] {
		case "VmRSS:":
			now = kb()
		case "VmHWM:":
			most = kb()
		}
	}
	return now, most
}

// cpu is the processor time that a process has taken.
func cpu(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip(err)
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	user, _ := strconv.Atoi(f[12])
	system, _ := strconv.Atoi(f[13])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkMillionWatches sets a million watches, on 1,000 connections and 10,000 paths, and
// reports the memory of the server. Run it with -benchtime 1x.
func BenchmarkMillionWatches(b *testing.B) {
	const conns, paths, each, inFlight = 1000, 10_000, 1000, 100
	onBothServers(b, func(b *testing.B, addr string, pid int) {
		for b.Loop() {
			before, _ := memory(b, pid)
			ws := make([]*wire, conns)
			for i := range ws {
				ws[i] = openSession(b, addr, 10*time.Minute)
				ws[i].nc.SetDeadline(time.Time{})
			}
			idle, _ := memory(b, pid)
			for i, w := range ws {
				for j := range each + inFlight {
					if j < each {
						w.send(jute.OpExists, reqExists(fmt.Sprintf("/watched/by/many/%05d", (i*7+j*10)%paths), true))
					}
					if j >= inFlight {
						if f, err := w.next(); err != nil || f.Err != jute.ErrNoNode {
							b.Fatalf("%+v, %v", f, err)
						}
					}
				}
			}
			now, most := memory(b, pid)
			b.ReportMetric(before, "MB-empty")
			b.ReportMetric(idle, "MB-connected")
			b.ReportMetric(now, "MB")
			b.ReportMetric(most, "MB-most")
			for _, w := range ws {
				w.nc.Close()
			}
		}
	})
}

// BenchmarkFanOut changes a znode that 10,000 connections watch: how long until each has been
// told, as a client sees it that does little else (one thread, epoll), but shares the machine.
// It needs 10,000 descriptors in each process. Run it with -benchtime 50x.
func BenchmarkFanOut(b *testing.B) {
	const watchers = 10_000
	onBothServers(b, func(b *testing.B, addr string, pid int) {
		w := openSession(b, addr, time.Minute)
		w.nc.SetDeadline(time.Time{})
		w.create("/fan", "", 0)
		events, err := newEventCounter()
		if err != nil {
			b.Fatal(err)
		}
		defer events.close()
		for range watchers {
			one := openSession(b, addr, 10*time.Minute)
			one.do(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/fan", Mode: jute.WatchPersistent}, nil)
			if err := events.add(one.nc.(*net.TCPConn)); err != nil {
				b.Fatal(err)
			}
		}
		var took []time.Duration
		before := cpu(b, pid)
		for b.Loop() {
			since := time.Now()
			w.send(jute.OpSetData, reqSet("/fan", "", -1))
			for range watchers {
				if err := events.next(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(since))
			}
			w.next()
		}
		used := cpu(b, pid) - before
		slices.Sort(took)
		ms := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))]) / 1e6 }
		b.ReportMetric(ms(0.5), "p50-ms")
		b.ReportMetric(ms(0.99), "p99-ms")
		b.ReportMetric(ms(1), "max-ms")
		b.ReportMetric(float64(used.Microseconds())/float64(len(took)), "cpu-us/event")
	})
}

// eventCounter waits for many connections at once, whose events are one read each.
type eventCounter struct {
	epoll int
	fds   []int
	ready []syscall.EpollEvent // that have not been read
	room  [256]syscall.EpollEvent
	buf   [4096]byte
}

func newEventCounter() (*eventCounter, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return &eventCounter{epoll: fd}, err
}

func (c *eventCounter) add(nc *net.TCPConn) error {
	f, err := nc.File() // a copy of the descriptor, which the runtime does not wait for
	if err != nil {
		return err
	}
	nc.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return err
	}
	f.Close()
	c.fds = append(c.fds, fd)
	return syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// next waits for one event.
func (c *eventCounter) next() error {
	for len(c.ready) == 0 {
		n, err := syscall.EpollWait(c.epoll, c.room[:], -1)
		if err != nil && err != syscall.EINTR {
			return err
		}
		c.ready = c.room[:max(n, 0)]
	}
	fd := int(c.ready[0].Fd)
	c.ready = c.ready[1:]
	n, err := syscall.Read(fd, c.buf[:])
	if n <= 0 {
		return fmt.Errorf("a connection ended: %d, %v", n, err)
	}
	return nil
}

func (c *eventCounter) close() {
	for _, fd := range append(c.fds, c.epoll) {
		syscall.Close(fd)
	}
}
