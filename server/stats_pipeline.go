package server

import (
	"strings"
	"time"

	"zook/datadir"
	"zook/jute"
)

// This file is what the pipeline counts: once for each batch, where it can.

// runs adds values to a summary, equal ones behind each other at once.
type runs struct {
	to   *summary
	v, n int64
}

func (r *runs) add(v, n int64) {
	if v != r.v {
		r.flush()
		r.v = v
	}
	r.n += n
}

func (r *runs) flush() {
	if r.n > 0 {
		r.to.add(r.v, r.n)
	}
	r.n = 0
}

// toPrepare counts requests whose turn to be prepared has come, and returns when
// that was.
func (s *stats) toPrepare(reqs []request) (now time.Duration) {
	now = time.Since(epoch)
	s.prepQueued.add(int64(len(reqs)))
	s.prepQueueSize.add(int64(len(reqs)-1), 1) // behind the first
	waited := runs{to: s.prepQueueTime}
	for i := range reqs {
		if since := reqs[i].since; since > 0 {
			waited.add((now - since).Milliseconds(), 1)
		}
	}
	waited.flush()
	return now
}

// prepared counts n requests that have been prepared since began.
func (s *stats) prepared(n int, began time.Duration) {
	s.prepTime.add((time.Since(epoch)-began).Milliseconds()/int64(n), int64(n))
}

// prepare prepares a request.
func (s *Server) prepare(r *request) *jute.Txn {
	if r.op != jute.OpCloseSession {
		return s.prep.prepare(r)
	}
	began := time.Now()
	txn := s.prep.prepare(r)
	s.stats.closeSessionPrepTime.add(time.Since(began).Milliseconds(), 1)
	return txn
}

// commit hands a batch on.
func (s *Server) commit(b batch) {
	s.prep.closeView()
	b.more = b.alone == nil && !s.requests.empty() // what is alone is waited for
	b.since = time.Since(epoch)
	n := int64(len(b.txns))
	s.stats.syncQueued.add(n)
	s.engine.commit(b)
	if n > 0 {
		s.stats.proposalTime.add((time.Since(epoch) - b.since).Milliseconds(), n)
	}
}

// toSync counts batches whose turn to be appended to the log has come, and returns
// when that was.
func (s *stats) toSync(batches []batch) (now time.Duration) {
	now = time.Since(epoch)
	n := int64(0)
	waited := runs{to: s.syncQueueTime}
	for _, b := range batches {
		waited.add((now - b.since).Milliseconds(), int64(len(b.txns)))
		n += int64(len(b.txns))
	}
	waited.flush()
	s.syncQueueSize.add(max(n-1, 0), 1)
	return now
}

// synced counts batches that are durable now: they were appended between began and
// appended.
func (s *stats) synced(batches []batch, began, appended time.Duration) {
	now := time.Since(epoch)
	n := int64(0)
	took := runs{to: s.syncQueueAndFlushTime}
	for _, b := range batches {
		took.add((now - b.since).Milliseconds(), int64(len(b.txns)))
		n += int64(len(b.txns))
	}
	took.flush()
	s.syncBatch.add(n, 1)
	s.syncTime.add((appended-began).Milliseconds()/n, n)
	s.syncFlushTime.add((now - appended).Milliseconds(), 1)
	s.fsyncTime.add((now - appended).Milliseconds(), 1)
}

// applying counts transactions that are applied next.
func (s *stats) applying(txns []*jute.Txn) {
	if len(txns) == 0 {
		return
	}
	now := time.Now().UnixMilli()
	took := runs{to: s.propagation}
	for _, txn := range txns {
		took.add(now-txn.Header.Time, 1)
	}
	took.flush()
}

// loaded counts the start from a data directory.
func (s *stats) loaded(state *datadir.State, took time.Duration) {
	s.dbInitTime.add(took.Milliseconds(), 1)
	s.startupTxns.add(int64(state.Replayed), 1)
	s.digestMismatches.add(int64(len(state.Doubts)))
}

// fired counts the watchers that an event had (datatree.Tree.OnFired).
func (s *stats) fired(typ jute.EventType, watchers int) {
	var sum *summary
	switch typ {
	case jute.EventNodeCreated:
		sum = s.nodeCreatedWatch
	case jute.EventNodeDeleted:
		sum = s.nodeDeletedWatch
	case jute.EventNodeDataChanged:
		sum = s.nodeChangedWatch
	case jute.EventNodeChildrenChanged:
		sum = s.nodeChildrenWatch
	default:
		return
	}
	sum.add(int64(watchers), 1)
}

// written counts a znode that was created, deleted or got data
// (datatree.Tree.OnWritten).
//
// Behaviour: DataTree.updateWriteStat.
func (s *stats) written(path string, bytes int) {
	if namespace := topNamespace(path); namespace != "" {
		n := int64(len(path) + bytes)
		s.writePerNamespace.join(namespace, spread{1, n, n, n})
	}
}

// topNamespace is the first name of a path, "" for the root.
func topNamespace(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name
}
