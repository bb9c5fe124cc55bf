package server

import (
	"math/rand/v2"
	"sync"
	"time"
)

// snapshotter writes a snapshot every so many transactions, while the server
// goes on.
type snapshotter struct {
	srv   *Server
	since int // transactions since the last snapshot; of the applying goroutine
	limit int

	sizeFrom, sizeLimit int64 // in bytes of transactions

	mu      sync.Mutex
	writing sync.WaitGroup
	busy    bool
}

// newSnapshotter counts on from what was replayed at the start, so that a server
// which ends often has less and less to replay, not more and more.
func newSnapshotter(s *Server, replayed int) *snapshotter {
	sn := &snapshotter{srv: s}
	sn.drawLimit()
	sn.since = replayed
	return sn
}

// drawLimit chooses when the next snapshot is due: between half of SnapCount and
// all of it, so that the members of an ensemble do not write theirs at once
// (SyncRequestProcessor). The same goes for SnapSizeLimit.
func (sn *snapshotter) drawLimit() {
	c := &sn.srv.cfg
	sn.since, sn.limit = 0, c.SnapCount/2+rand.IntN(c.SnapCount/2+1)
	if c.SnapSizeLimit > 0 {
		sn.sizeLimit = c.SnapSizeLimit/2 + rand.Int64N(c.SnapSizeLimit/2+1)
	}
}

// due reports whether n more transactions make it time for a snapshot.
func (sn *snapshotter) due(n int) bool {
	sn.since += n
	return sn.since > sn.limit || sn.sizeLimit > 0 && sn.srv.engine.appended.Load()-sn.sizeFrom > sn.sizeLimit
}

// countForSnapshot begins a snapshot and a new log when enough has been applied.
func (s *Server) countForSnapshot(n int) {
	sn := s.snaps
	if !sn.due(n) {
		return
	}
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if sn.busy {
		return // still writing the last one
	}
	sn.drawLimit()
	sn.sizeFrom = s.engine.appended.Load()
	sn.busy = true
	s.engine.rollLog()
	// Taken together, in the goroutine that applies: a session that a transaction
	// up to zxid opened is among them.
	export, sessions := s.tree.Export(), s.sessions.timeouts()
	sn.writing.Add(1)
	go func() {
		defer sn.writing.Done()
		began := time.Now()
		if err := s.dir.WriteSnapshot(export, sessions); err != nil {
			// The logs hold everything; the next one may succeed.
			s.log.Error("no snapshot", "reason", err.Error())
		}
		s.stats.snapshotTime.add(time.Since(began).Milliseconds(), 1)
		sn.mu.Lock()
		sn.busy = false
		sn.mu.Unlock()
	}()
}

func (sn *snapshotter) wait() { sn.writing.Wait() }
