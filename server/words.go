package server

import (
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zook/fourletter"
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
		io.WriteString(nc, s.words[word]())
	} else {
		io.WriteString(nc, fourletter.NotAllowed(word))
	}
	closeWrite(nc)
}

func (s *Server) srvr() string {
	st := s.stats.read()
	s.mu.Lock()
	conns := len(s.conns)
	outstanding := 0
	for _, c := range s.attached {
		outstanding += c.pending.count()
	}
	s.mu.Unlock()
	return (&fourletter.Srvr{
		Version:    Version + ", built on 1970-01-01 00:00 UTC",
		MinLatency: st.min.Milliseconds(), AvgLatency: st.avgMillis(), MaxLatency: st.max.Milliseconds(),
		Received: s.stats.received.Load(), Sent: st.count, Connections: int64(conns), Outstanding: int64(outstanding),
		Zxid: s.tree.LastZxid(), Mode: "standalone", Znodes: int64(s.tree.Counts().Znodes),
	}).Text(false)
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
	ms := float64(l.total) / float64(l.count) / float64(time.Millisecond)
	return math.Round(ms*1e4) / 1e4 // as Apache's AvgMinMaxCounter
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
