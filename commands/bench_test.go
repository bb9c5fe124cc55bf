package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"zook/jute"
	"zook/server"
)

func benchResults(t *testing.T, out string) []benchResult {
	t.Helper()
	var results []benchResult
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return results
}

// Every load does what was asked for, with no error, and leaves nothing.
func TestBench(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		out := zook(t.Context(), server, "", "bench", "-n", "203", "-c", "3", "--depth", "7", "--size", "50", "--znodes", "20", "-o", "json")
		results := benchResults(t, out)
		if len(results) != len(benchLoads()) {
			t.Fatalf("%d results: %s", len(results), out)
		}
		for i, r := range results {
			l := r.Latency
			if r.Load != benchLoads()[i] || r.Operations < 203 || r.Operations > 205 || len(r.Errors) > 0 || r.Connections != 3 ||
				r.PerSecond <= 0 || l == nil || l.Min > l.P50 || l.P50 > l.P95 || l.P95 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max || l.Min <= 0 {
				t.Errorf("%+v %+v", r, l)
			}
		}
		if got := zook(t.Context(), server, "", "ls", "/"); got != "" {
			t.Errorf("left behind: %s", got)
		}
	})
}

func TestBenchText(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		got := zook(t.Context(), server, "", "bench", "-n", "64", "get", "watch")
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "get\t64\t") || !strings.HasPrefix(lines[1], "watch\t64\t") || strings.Count(lines[0], "\t") != 8 {
			t.Errorf("%s", got)
		}
	})
}

// With a rate, time is what ends a load, and latencies count from when a request was due.
func TestBenchRate(t *testing.T) {
	s := startServer(t)
	start := time.Now()
	r := benchResults(t, zook(t.Context(), s.Addr(), "", "bench", "mixed", "watch", "--rate", "200", "--duration", "1s", "-o", "json"))
	if took := time.Since(start); took < 2*time.Second {
		t.Errorf("two loads of a second took %v", took)
	}
	// Fewer on a machine that does not keep up, never more.
	if n := r[0].Operations; n < 20 || n > 204 {
		t.Errorf("%d requests at 200 a second", n)
	}
	if n := r[1].Operations; n < 20 || n > 208 {
		t.Errorf("%d events at 200 a second", n)
	}
}

func startServer(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Ctrl-C ends a load that would last, tells what it saw and cleans up.
func TestBenchIsEnded(t *testing.T) {
	for _, load := range []string{"create", "watch"} {
		s := startServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		got := zook(ctx, s.Addr(), "", "bench", load, "--duration", "10m")
		if !strings.HasPrefix(got, load+"\t") {
			t.Errorf("%s: %s", load, got)
		}
		if left := zook(t.Context(), s.Addr(), "", "ls", "/"); left != "zookeeper\n" {
			t.Errorf("%s left behind: %s", load, left)
		}
	}
}

// A server that goes away in the middle is said, with what had been answered.
func TestBenchServerGoesAway(t *testing.T) {
	s := startServer(t)
	time.AfterFunc(500*time.Millisecond, func() { s.Close() })
	got := zook(t.Context(), s.Addr(), "", "--timeout", "1s", "bench", "get", "--duration", "10m")
	if !strings.Contains(got, "! zook: bench: connection lost: ") || !strings.HasSuffix(got, "= 8\n") {
		t.Errorf("%s", got)
	}
}

func TestBenchWhatTheServerRefuses(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		if _, err := c.SetACL(t.Context(), "/", []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}, -1); err != nil {
			t.Fatal(err)
		}
		got := zook(t.Context(), server, "", "bench", "get")
		if !strings.HasPrefix(got, "! zook: bench /: not authorised") || !strings.HasSuffix(got, "= 7\n") {
			t.Errorf("%s", got)
		}
		got = zook(t.Context(), server, "", "latency")
		if !strings.Contains(got, ": create of an ephemeral: not authorised") || !strings.HasSuffix(got, "= 7\n") {
			t.Errorf("%s", got)
		}
	})
}

func TestBenchUsage(t *testing.T) {
	for line, want := range map[string]string{
		"put":              `there is no load "put"; there are create, set, get, exists, ls, mixed, delete, watch`,
		"get -c 0":         "-c: a number from 1 to 65536",
		"get --depth 0":    "--depth: a number from 1 to 65536",
		"get --size -1":    "--size: a number from 0 to ",
		"get --size 2g":    "",
		"get --rate -5":    "--rate: a number from 0 to 1073741824",
		"get -n -1":        "-n: a number of requests is 0 or more",
		"get --duration 0": "more than zero",
	} {
		got := zook(t.Context(), "127.0.0.1:1", "", append([]string{"bench"}, strings.Fields(line)...)...)
		if !strings.Contains(got, want) || !strings.HasSuffix(got, "= 2\n") {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := zook(t.Context(), "127.0.0.1:1", "", "latency", "-n", "0"); !strings.HasSuffix(got, "= 2\n") {
		t.Error(got)
	}
}

// Each server is tried by itself; one that is not there does not spoil the others.
func TestLatency(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := nobody.Addr().String()
	nobody.Close()
	onServers(t, func(t *testing.T, server string) {
		addr, chroot, _ := strings.Cut(server, "/")
		got := zook(t.Context(), addr+","+gone+"/"+chroot, "", "latency", "-n", "5", "-o", "jsonl")
		var here, there serverLatency
		i := 0
		for line := range strings.Lines(got) {
			if !strings.HasPrefix(line, "{") {
				continue
			}
			if err := json.Unmarshal([]byte(line), []*serverLatency{&here, &there}[i]); err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			i++
		}
		if here.Server != addr || here.Rounds != 5 || here.Connect == nil || here.Error != "" {
			t.Errorf("%+v", here)
		}
		for i, l := range []*latencies{here.Steps.Create, here.Steps.Get, here.Steps.Set, here.Steps.Delete, here.Steps.Watch} {
			if l == nil || l.P50 <= 0 || l.Max < l.P50 {
				t.Errorf("step %d: %+v", i, l)
			}
		}
		if there.Server != gone || there.Rounds != 0 || there.Connect != nil || there.Error != "connection refused" {
			t.Errorf("%+v", there)
		}
		if !strings.Contains(got, fmt.Sprintf("! zook: latency: %s: connection refused\n", gone)) || !strings.HasSuffix(got, "= 1\n") {
			t.Errorf("%s", got)
		}
		if left := zook(t.Context(), server, "", "ls", "/"); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
	if got := zook(t.Context(), gone, "", "latency"); !strings.HasSuffix(got, "= 8\n") {
		t.Error(got)
	}
}
