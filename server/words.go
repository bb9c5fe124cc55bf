package server

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Version is the ZooKeeper whose protocol the server speaks. Clients and
// monitoring read a number here.
const Version = "3.9.0-zook"

// fourLetterWords are the words that can be answered. A word is a whole
// connection: four bytes and no frame.
func (s *Server) fourLetterWords() map[string]func() string {
	return map[string]func() string{
		"ruok": func() string { return "imok" },
		"srvr": s.srvr,
	}
}

func (s *Server) fourLetter(nc net.Conn, word string) {
	nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if slices.Contains(s.cfg.Words, "*") || slices.Contains(s.cfg.Words, word) {
		fmt.Fprint(nc, s.words[word]())
	} else {
		fmt.Fprintf(nc, "%s is not executed because it is not in the whitelist.\n", word)
	}
	closeWrite(nc)
}

// srvr is in the form of ServerStats.toString.
func (s *Server) srvr() string {
	var b strings.Builder
	st := s.stats.read()
	s.mu.Lock()
	conns := len(s.conns)
	outstanding := 0
	for _, c := range s.attached {
		outstanding += c.pending.count()
	}
	s.mu.Unlock()
	fmt.Fprintf(&b, "Zookeeper version: %s, built on 1970-01-01 00:00 UTC\n", Version)
	fmt.Fprintf(&b, "Latency min/avg/max: %d/%.1f/%d\n", st.min.Milliseconds(), st.avgMillis(), st.max.Milliseconds())
	fmt.Fprintf(&b, "Received: %d\nSent: %d\nConnections: %d\nOutstanding: %d\nZxid: %s\nMode: standalone\nNode count: %d\n",
		s.stats.received.Load(), st.count, conns, outstanding, hex(s.tree.LastZxid()), s.tree.Counts().Znodes)
	return b.String()
}

// stats counts what srvr tells.
type stats struct {
	received atomic.Int64

	mu sync.Mutex
	latencies
}

type latencies struct {
	count    int64
	total    time.Duration
	min, max time.Duration
}

func (l latencies) avgMillis() float64 {
	if l.count == 0 {
		return 0
	}
	return float64(l.total) / float64(l.count) / float64(time.Millisecond)
}

// answered counts a reply and the time since its request arrived.
func (s *stats) answered(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == 0 || took < s.min {
		s.min = took
	}
	s.max = max(s.max, took)
	s.count++
	s.total += took
}

func (s *stats) read() latencies {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latencies
}
