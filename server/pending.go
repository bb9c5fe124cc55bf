package server

import (
	"sync"
	"sync/atomic"
	"time"

	"zook/datatree"
	"zook/jute"
)

// Limits of the requests that wait for an answer: how many of one connection, and
// their bytes, of one connection and of all. A client beyond the first two is not
// read from, and beyond the third none is that has a request waiting.
const (
	maxPending      = 4096
	maxPendingBytes = 2 << 20
	maxInFlight     = 64 << 20
)

// opWeight is about what a request takes beside its own bytes, from its arrival to
// its answer.
const opWeight = 256

// clientOp is a request of a client as it arrived.
type clientOp struct {
	xid   int32
	op    jute.OpCode
	body  []byte
	since time.Duration // since epoch
	large int           // bytes of the budget

	write bool // it goes through the pipeline; so does a sync
	done  bool // a write that has been applied
	res   datatree.Result
}

// pendingOps keeps the answers of one connection in the order of its requests: a
// write waits for its transaction, and what came after it waits behind it.
type pendingOps struct {
	mu     sync.Mutex
	ops    []clientOp // from first on; before it are zeros
	first  int
	bytes  int
	closed bool
	room   sync.Cond
	// stalled is set while a read at the head waits for room in the outbox.
	stalled atomic.Bool
}

// enqueue puts a request at the end. A read is only enqueued where something
// waits before it; ok is false for one that can be answered at once, and once
// the connection is closed.
func (c *conn) enqueue(op clientOp) (ok bool) {
	p := &c.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !op.write && len(p.ops) == p.first {
		if op.op == jute.OpPing { // the client has nothing to do
			p.ops, p.first = nil, 0
		}
		return false
	}
	p.ops = append(p.ops, op)
	c.weigh(1, opWeight+len(op.body))
	return true
}

// weigh counts requests that wait, and their bytes. The caller holds pending.mu.
func (c *conn) weigh(requests, bytes int) {
	c.pending.bytes += bytes
	c.srv.inFlight.Add(int64(bytes))
	c.srv.waiting.Add(int64(requests))
}

// submit hands writes to the preparer, unless the connection is closed: whoever
// has closed it may rely on nothing coming after.
func (c *conn) submit(writes []request) {
	c.pending.mu.Lock()
	defer c.pending.mu.Unlock()
	if c.pending.closed {
		c.srv.stats.staleDropped.add(int64(len(writes)))
		return
	}
	c.srv.requests.put(writes...)
}

// complete takes the result of the write that has waited longest and answers
// what can be answered now.
func (c *conn) complete(w waiting, res datatree.Result) {
	p := &c.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := p.first; i < len(p.ops); i++ {
		op := &p.ops[i]
		if !op.write || op.done {
			continue
		}
		if op.xid != w.cxid || (op.op == jute.OpCloseSession) != (w.op == jute.OpCloseSession) {
			return // the session was closed by the server itself
		}
		op.done, op.res = true, res
		break
	}
	c.advance()
}

// advance answers from the head on what needs to wait no longer. The caller
// holds pending.mu.
func (c *conn) advance() {
	p := &c.pending
	before := p.first
	for ; p.first < len(p.ops) && !p.closed; p.first++ {
		op := &p.ops[p.first]
		if op.write {
			if !op.done {
				break
			}
			c.answerWrite(op)
		} else if c.stall() {
			break
		} else {
			c.answerRead(op)
		}
		c.weigh(-1, -opWeight-len(op.body))
		c.srv.large.give(op.large)
		*op = clientOp{}
	}
	if p.first == before {
		return
	}
	if p.first > len(p.ops)/2 { // so that each is moved once at most
		n := copy(p.ops, p.ops[p.first:])
		clear(p.ops[n:])
		p.ops, p.first = p.ops[:n], 0
	}
	p.room.Signal()
}

// stall reports whether the outbox is full. Then afterSending goes on: the flag
// is up before the outbox is looked at, so one of the two sees the other.
func (c *conn) stall() bool {
	c.pending.stalled.Store(true)
	if c.out.full() {
		return true
	}
	c.pending.stalled.Store(false)
	return false
}

// afterSending goes on with reads that waited for the client to receive.
func (c *conn) afterSending() {
	if c.pending.stalled.Load() {
		c.pending.mu.Lock()
		defer c.pending.mu.Unlock()
		c.advance()
	}
}

// behind reports whether so much waits that the client must not be read from.
func (c *conn) behind() bool {
	c.pending.mu.Lock()
	defer c.pending.mu.Unlock()
	return c.tooMuchWaits()
}

func (c *conn) tooMuchWaits() bool {
	p := &c.pending
	n := len(p.ops) - p.first
	return n > maxPending || p.bytes > maxPendingBytes || n > 0 && c.srv.muchWaits()
}

// muchWaits reports whether all clients together have asked for too much.
func (s *Server) muchWaits() bool {
	limit := int64(s.cfg.MaxOutstanding)
	return s.inFlight.Load() > maxInFlight || limit > 0 && s.waiting.Load() > limit
}

// waitUntilAnswered waits until less waits.
func (c *conn) waitUntilAnswered() {
	c.pending.mu.Lock()
	defer c.pending.mu.Unlock()
	for c.tooMuchWaits() {
		c.pending.room.Wait()
	}
}

// settle waits until all is answered. It reports false if nothing was waiting.
func (c *conn) settle() bool {
	p := &c.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ops) == p.first {
		return false
	}
	for len(p.ops) > p.first {
		p.room.Wait()
	}
	return true
}

// dropPending drops what waits, and all that may come.
func (c *conn) dropPending() {
	p := &c.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := p.first; i < len(p.ops); i++ {
		op := &p.ops[i]
		c.srv.large.give(op.large)
		if op.write && !op.done {
			c.srv.stats.staleReplies.add(1)
		}
	}
	c.weigh(p.first-len(p.ops), -p.bytes)
	p.closed, p.ops, p.first = true, nil, 0
	p.room.Broadcast()
}

func (p *pendingOps) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ops) - p.first
}
