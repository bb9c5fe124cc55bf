package server

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"zook/jute"
)

// BenchmarkIdle is what connections that do nothing cost a server, which runs in a
// process of its own: 10,000 that say nothing, and 10,000 sessions of 30 seconds
// whose clients ping every ten, as clients do. One run is enough:
//
//	go test ./server -run '^$' -bench Idle -benchtime 1x
//
// It needs 10,000 file descriptors for each of the two processes (ulimit -n).
func BenchmarkIdle(b *testing.B) {
	const n = 10_000
	for _, silent := range []bool{true, false} {
		name := "sessions"
		if silent {
			name = "silent"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c := startChild(b, childConfig{Config: Config{SilentTimeout: time.Hour}})
				measureIdle(b, c, n, silent)
				c.kill()
			}
		})
	}
}

func measureIdle(b *testing.B, c *child, n int, silent bool) {
	pid := c.cmd.Process.Pid
	empty := residentKB(b, pid)
	ws := make([]*wire, n)
	for i := range ws {
		if silent {
			ws[i] = connect(b, c.addr)
		} else {
			ws[i] = openSession(b, c.addr, 30*time.Second)
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
			// Ten seconds for a round.
			if i%100 == 99 {
				time.Sleep(10 * time.Second * 100 / time.Duration(n))
			}
		}
	}
	used, took := cpuTime(b, pid)-before, time.Since(begin)
	resident := residentKB(b, pid)
	b.ReportMetric(float64(resident)/1024, "MB-resident")
	b.ReportMetric(float64(resident-empty)*1024/float64(n), "B/connection")
	b.ReportMetric(100*used.Seconds()/took.Seconds(), "%cpu")
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
