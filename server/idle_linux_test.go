package server

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// BenchmarkIdle is what 10,000 connections that do nothing cost a server in a process
// of its own: some that say nothing, and sessions of 30 seconds whose clients ping
// every ten, as clients do. Beside them are Apache's server, as far as it is
// installed, and what the same pings cost a server that only sends as many bytes
// back, which is what the machine takes for itself. One run is enough:
//
//	go test ./server -run '^$' -bench Idle -benchtime 1x
//
// It needs 10,000 file descriptors for each of two processes (ulimit -n).
func BenchmarkIdle(b *testing.B) {
	child := func(cfg childConfig) func(b *testing.B) (string, int) {
		return func(b *testing.B) (string, int) {
			c := startChild(b, cfg)
			return c.addr, c.cmd.Process.Pid
		}
	}
	zook := child(childConfig{Config: Config{SilentTimeout: time.Hour}})
	for _, m := range []struct {
		name   string
		silent bool
		start  func(b *testing.B) (addr string, pid int)
	}{
		{"silent", true, zook},
		{"sessions", false, zook},
		{"sessions-apache", false, func(b *testing.B) (string, int) {
			s := zktest.Apache(b, "", "tickTime=3000")
			return s.Addr, s.Pid()
		}},
		{"sessions-echo", false, child(childConfig{Echo: true})},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				addr, pid := m.start(b)
				measureIdle(b, addr, pid, 10_000, m.silent)
			}
		})
	}
}

func measureIdle(b *testing.B, addr string, pid, n int, silent bool) {
	empty := residentKB(b, pid)
	ws := make([]*wire, n)
	for i := range ws {
		ws[i] = connect(b, addr)
		if !silent {
			ws[i].write(jute.Marshal(&jute.ConnectRequest{Timeout: 30_000, Passwd: make([]byte, 16)}))
			if _, err := ws[i].read(); err != nil {
				b.Fatal(err)
			}
		}
		defer ws[i].nc.Close()
		ws[i].r = nil // as many buffers of ours would only get in the way
	}
	before, begin := cpuTime(b, pid), time.Now()
	for range 2 {
		for i, w := range ws {
			if !silent {
				ping(b, w)
			}
			if i%10 == 9 { // ten seconds for a round
				time.Sleep(10 * time.Second * 10 / time.Duration(n))
			}
		}
	}
	used, took := cpuTime(b, pid)-before, time.Since(begin)
	resident := residentKB(b, pid)
	b.ReportMetric(float64(resident)/1024, "MB-resident")
	b.ReportMetric(float64(resident-empty)*1024/float64(n), "B/connection")
	b.ReportMetric(100*used.Seconds()/took.Seconds(), "%cpu")
	if !silent {
		b.ReportMetric(float64(used.Microseconds())/float64(2*n), "cpu-µs/ping")
	}
}

func ping(b *testing.B, w *wire) {
	w.write(encodeRequest(jute.XidPing, jute.OpPing, nil))
	var reply [4 + 16]byte
	w.nc.SetDeadline(time.Now().Add(30 * time.Second))
	if n, err := w.nc.Read(reply[:]); err != nil || n != len(reply) {
		b.Fatalf("ping: %d bytes, %v", n, err)
	}
}

// residentKB is the resident memory of a process.
func residentKB(b testing.TB, pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.Atoi(kb)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// cpuTime is what a process has used so far.
func cpuTime(b *testing.B, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	const ticks = 100 // a second, as Linux tells every program
	return time.Duration(user+system) * time.Second / ticks
}
