package commands

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/mattn/go-runewidth"

	"zook/fourletter"
	"zook/internal/zktest"
)

// seenRound is what a program reads of a round.
type seenRound struct {
	Time    string
	Quorum  bool
	Servers []struct {
		Server, Role, Error                             string
		ReceivedPerSecond, SentPerSecond, TxnsPerSecond *float64
		Connections, Znodes                             *int64
	}
	Clients []struct {
		Client, Server, Session, LastOp string
		RequestsPerSecond               *float64
	}
}

func rounds(t *testing.T, server string, words ...string) (list []seenRound) {
	t.Helper()
	out := zook(t.Context(), server, "", append([]string{"top", "-o", "jsonl"}, words...)...)
	for line := range strings.Lines(out) {
		var r seenRound
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		list = append(list, r)
	}
	return list
}

// Rates are those of a load that is counted.
func TestTopRates(t *testing.T) {
	onFreshServers(t, func(t *testing.T, addr string) {
		c := zktest.Connect(t, addr)
		var done atomic.Int64
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					if _, err := c.Set("/zookeeper", nil, -1); err == nil || err == zk.ErrNoAuth {
						done.Add(1)
					}
				case <-stop:
					return
				}
			}
		}()
		near := func(rate *float64, want float64) bool { return rate != nil && *rate > 0.75*want && *rate < 1.25*want }
		session := fmt.Sprintf("0x%x", c.SessionID())
		var last string
		eventually(t, "the rates are not those of the load", func() bool {
			start, before := time.Now(), done.Load()
			list := rounds(t, addr, "-n", "2", "--interval", "1s")
			rate := float64(done.Load()-before) / time.Since(start).Seconds()
			if len(list) != 2 || len(list[1].Servers) != 1 || len(list[1].Clients) != 1 {
				t.Fatalf("%+v", list)
			}
			if list[0].Servers[0].ReceivedPerSecond != nil {
				t.Errorf("a rate out of one sample: %+v", list[0])
			}
			s, c := list[1].Servers[0], list[1].Clients[0]
			last = fmt.Sprintf("%.0f/s: %+v %+v", rate, s, c)
			return near(s.ReceivedPerSecond, rate) && near(s.SentPerSecond, rate) && near(s.TxnsPerSecond, rate) &&
				near(c.RequestsPerSecond, rate) && c.Session == session && c.LastOp == "SETD"
		})
		t.Log(last)
	})
}

// The same is there as tables, for eyes and for programs.
func TestTopTables(t *testing.T) {
	addr := zktest.Apache(t, "").Addr
	zktest.Connect(t, addr)
	dead := fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))
	mute := stranger(t, silent)
	out := mask(zook(t.Context(), addr+","+dead+","+mute, "", "top", "-n", "2", "--interval", "400ms", "--timeout", "1s"))
	for _, want := range []string{"\n" + addr + "  ", "  standalone  ", "down        connection refused\n", "-           no answer yet\n", "\n\nclient  "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Count(out, "\nserver  ") != 2 || strings.Contains(out, "= ") {
		t.Error(out)
	}
	out = zook(t.Context(), addr, "", "top", "-n", "2", "--interval", "100ms", "-o", "table")
	if strings.Count(out, "┌") != 2 {
		t.Error(out)
	}
	out = zook(t.Context(), addr, "", "top", "-n", "2", "--interval", "100ms", "-o", "json")
	if v := []seenRound{}; json.Unmarshal([]byte(out), &v) != nil || len(v) != 2 {
		t.Error(out)
	}
}

func TestTopUsage(t *testing.T) {
	play(t, "127.0.0.1:1", `
	$ zook top -n -1
	! zook: top: -n: a number of rounds is wanted, 0 for no end
	= 2
	$ zook top --interval 0
	! zook: top: --interval: it must be more than zero (zook top --help)
	= 2
`)
	out := zook(t.Context(), "127.0.0.1:1", "", "top", "-n", "1")
	if !strings.HasSuffix(out, "! zook: top: no server answers\n= 8\n") {
		t.Error(out)
	}
}

// A counter that was set back, a new leader, a server that does not answer: no rate.
func TestRates(t *testing.T) {
	at := time.Now()
	was := &serverSample{probe: &fourletter.Probe{Srvr: &fourletter.Srvr{Received: 1000, Sent: 900, Zxid: 1<<32 | 10}}, at: at, connsAt: at,
		conns: []fourletter.Conn{{Addr: "a:1", Session: 1, Received: 10}, {Addr: "b:1", Session: 2, Received: 10}}}
	now := func(srvr *fourletter.Srvr, conns ...fourletter.Conn) rates {
		after := at.Add(2 * time.Second)
		x := &serverSample{probe: &fourletter.Probe{Srvr: srvr}, at: after, connsAt: after, conns: conns, words: 4}
		return x.since(was)
	}
	r := now(&fourletter.Srvr{Received: 1204, Sent: 1004, Zxid: 1<<32 | 30}, fourletter.Conn{Addr: "a:1", Session: 1, Received: 40},
		fourletter.Conn{Addr: "b:1", Session: 3, Received: 40})
	if *r.received != 100 || *r.sent != 50 || *r.txns != 10 || len(r.clients) != 1 || r.clients[clientKey{"a:1", 1}] != 15 {
		t.Errorf("%v %v %v %v", *r.received, *r.sent, *r.txns, r.clients)
	}
	if r = now(&fourletter.Srvr{Received: 5, Sent: 900, Zxid: 2<<32 | 1}); r.received != nil || r.txns != nil || *r.sent != 0 {
		t.Errorf("after a restart: %+v", r)
	}
	if r = now(nil); r.received != nil {
		t.Errorf("without an answer: %+v", r)
	}
}

// No line is wider than the screen, whatever servers say, and nothing steers it.
func TestTopOfHostileServers(t *testing.T) {
	evil := "\x1b[2J\u202e測試" + strings.Repeat("x", 300)
	probe := &fourletter.Probe{Addr: "127.0.0.1:1", Srvr: &fourletter.Srvr{Mode: evil, Version: evil, Zxid: -1, Received: -5, MaxLatency: 1 << 62}}
	down := &fourletter.Probe{Addr: "127.0.0.1:2", Err: &fourletter.ForeignError{What: evil}}
	conns := []fourletter.Conn{{Addr: evil, Session: -1, LastOp: evil, Received: 1 << 62, AvgLatency: 1e300}}
	o := &observed{at: time.Now(), interval: time.Second, servers: []monitored{
		{addr: "127.0.0.1:1", last: &serverSample{probe: probe, conns: conns, dump: &fourletter.Dump{Expiries: []fourletter.Expiry{{At: evil, Sessions: []int64{1}}}}}},
		{addr: "127.0.0.1:2", last: &serverSample{probe: down, connsErr: down.Err}}, {addr: "127.0.0.1:3", asked: time.Now().Add(-time.Hour)}}}
	for _, size := range [][2]int{{80, 24}, {200, 50}, {40, 10}, {20, 5}, {1, 1}, {0, 0}, {1000, 8}} {
		for _, p := range []pane{clientsPane, sessionsPane, watchesPane, helpPane} {
			m := &topModel{monitor: &monitor{}, style: Style{Terminal: true, Width: size[0]}, height: size[1], shown: o, pane: p, server: evil,
				watches: &watchesAsked{at: time.Now(), errs: []string{evil}, paths: []watchedPath{{path: evil, clients: 1, servers: []string{"a"}}}}}
			m.round = o.round()
			m.arrange()
			lines := m.lines()
			if len(lines) > size[1] {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, line := range lines {
				if w := runewidth.StringWidth(line); w > size[0] || strings.ContainsAny(line, "\x1b\n\r") {
					t.Errorf("%v: %d columns: %q", size, w, line)
				}
			}
		}
	}
}
