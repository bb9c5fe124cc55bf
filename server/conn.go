package server

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"zook/datatree"
	"zook/jute"
)

// Limits of one connection. Beyond the first two a client is not read from until
// it has caught up; beyond the last, which only watch events can reach, it is
// disconnected.
const (
	maxPending   = 4096
	maxOut       = 4 << 20
	maxOutEvents = 64 << 20
)

// conn is one client connection. Its reader goroutine takes frames and answers
// reads at once, unless writes of the same connection are on their way: then they
// wait behind those in pending, and whoever answers the write goes on with them.
// Its writer goroutine sends what has gathered in out.
type conn struct {
	srv     *Server
	nc      net.Conn
	addr    netip.Addr
	session *session // set once, before the first request

	idsMu sync.Mutex
	ids   []jute.ID // replaced, never changed

	mu      sync.Mutex
	pending []pendingOp
	popped  *sync.Cond

	outMu    sync.Mutex
	out      []byte
	outWake  *sync.Cond // for the writer: out has bytes or is ending
	outSpace *sync.Cond // for the reader: out has room
	ending   bool       // close once out is sent
	closed   bool

	established chan *session // carries the new session of a handshake
	ended       chan struct{} // closed by close
	once        sync.Once
}

// pendingOp is a request that waits: a write for its transaction, a read for the
// write before it.
type pendingOp struct {
	xid   int32
	op    jute.OpCode
	body  []byte
	write bool          // or sync: answered by complete
	since time.Duration // since epoch
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, established: make(chan *session, 1), ended: make(chan struct{})}
	c.popped = sync.NewCond(&c.mu)
	c.outWake, c.outSpace = sync.NewCond(&c.outMu), sync.NewCond(&c.outMu)
	if ap, err := netip.ParseAddrPort(nc.RemoteAddr().String()); err == nil {
		c.addr = ap.Addr().Unmap()
	}
	c.ids = []jute.ID{{Scheme: "ip", ID: c.addr.String()}}
	return c
}

// serve reads until the connection ends.
func (c *conn) serve() {
	defer c.close()
	// A client that says nothing, or half a handshake, does not hold a
	// connection longer than the longest session could be idle.
	c.nc.SetReadDeadline(time.Now().Add(c.srv.cfg.MaxSessionTimeout))
	r := bufio.NewReaderSize(c.nc, 64<<10)
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return
	}
	if word := string(head[:]); c.srv.words[word] != nil {
		c.srv.fourLetter(c.nc, word)
		return
	}
	go c.writeLoop()
	if err := c.handshake(r, head); err != nil {
		c.srv.log.Info("connection refused", "from", c.nc.RemoteAddr().String(), "reason", err.Error())
	} else {
		c.nc.SetReadDeadline(time.Time{})
		err = c.readLoop(r)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			c.srv.log.Info("connection closed", "from", c.nc.RemoteAddr().String(),
				"session", hex(c.session.id), "reason", err.Error())
		}
	}
	c.outMu.Lock()
	ending := c.ending
	c.outMu.Unlock()
	if ending { // the writer closes once the last reply is out
		c.nc.SetWriteDeadline(time.Now().Add(time.Second))
		<-c.ended
	}
}

// frame reads the rest of a frame whose length has been read.
func (c *conn) frame(r *bufio.Reader, head [4]byte) ([]byte, error) {
	n := int32(binary.BigEndian.Uint32(head[:]))
	if n < 0 || int(n) > c.srv.cfg.MaxFrame {
		return nil, fmt.Errorf("frame of %d bytes; jute.maxbuffer is %d", n, c.srv.cfg.MaxFrame)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// readLoop takes requests. Writes go to the preparer in one piece for all that
// has arrived.
func (c *conn) readLoop(r *bufio.Reader) error {
	var writes []*request
	flush := func() {
		if len(writes) > 0 {
			c.srv.requests.put(writes...)
			writes = nil
		}
	}
	for {
		if r.Buffered() < 4 {
			flush()
		}
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		b, err := c.frame(r, head)
		if err != nil {
			return err
		}
		var h jute.RequestHeader
		d := jute.NewDecoder(b)
		h.Decode(d)
		if d.Err() != nil {
			return fmt.Errorf("request header: %w", d.Err())
		}
		c.session.touch()
		c.srv.stats.received.Add(1)
		op := pendingOp{h.Xid, h.Type, d.Rest(), throughPipeline(h.Type), time.Since(epoch)}
		switch {
		case op.op == jute.OpAuth:
			if !c.authenticate(op) {
				return nil
			}
		case op.write:
			c.enqueue(op)
			writes = append(writes, &request{c.session.id, op.xid, op.op, op.body, c.identities()})
		case !c.tryEnqueue(op):
			c.answerRead(op)
		}
		if c.behind() {
			flush() // what is waited for must not wait for us
			c.catchUp()
		}
	}
}

// behind reports whether the client has sent or not received too much.
func (c *conn) behind() bool {
	c.mu.Lock()
	pending := len(c.pending)
	c.mu.Unlock()
	c.outMu.Lock()
	defer c.outMu.Unlock()
	return pending > maxPending || len(c.out) > maxOut
}

func (c *conn) catchUp() {
	c.mu.Lock()
	for len(c.pending) > maxPending && !c.isClosed() {
		c.popped.Wait()
	}
	c.mu.Unlock()
	c.outMu.Lock()
	for len(c.out) > maxOut && !c.closed {
		c.outSpace.Wait()
	}
	c.outMu.Unlock()
}

func (c *conn) isClosed() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// throughPipeline reports whether a request waits for the pipeline.
func throughPipeline(op jute.OpCode) bool {
	switch op {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpSetData,
		jute.OpSetACL, jute.OpMulti, jute.OpCheck, jute.OpReconfig, jute.OpCloseSession,
		jute.OpSync:
		return true
	}
	return false
}

func (c *conn) enqueue(op pendingOp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, op)
}

// tryEnqueue puts a read behind the writes that wait, and reports false if there
// are none.
func (c *conn) tryEnqueue(op pendingOp) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return false
	}
	c.pending = append(c.pending, op)
	return true
}

// complete answers the write that waits longest, if it is the one with this
// cxid, and then the reads that waited for it.
func (c *conn) complete(cxid int32, res datatree.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 || !c.pending[0].write || c.pending[0].xid != cxid {
		return // of an earlier connection of this session
	}
	c.answerWrite(c.pending[0], res)
	i := 1
	for ; i < len(c.pending) && !c.pending[i].write; i++ {
		c.answerRead(c.pending[i])
	}
	n := copy(c.pending, c.pending[i:])
	clear(c.pending[n:])
	c.pending = c.pending[:n]
	c.popped.Signal()
}

// reply sends a reply; rec is nil for one without a body.
func (c *conn) reply(op pendingOp, err jute.ErrCode, rec jute.Record) {
	c.srv.stats.answered(time.Since(epoch) - op.since)
	h := jute.ReplyHeader{Xid: op.xid, Zxid: c.srv.tree.LastZxid(), Err: err}
	if err != jute.ErrOK && op.op != jute.OpMulti {
		rec = nil
	}
	c.send(&h, rec)
}

// send appends a frame of one or two records to what the writer sends.
func (c *conn) send(first, second jute.Record) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if c.closed || c.ending {
		return
	}
	start := len(c.out)
	c.out = first.Append(append(c.out, 0, 0, 0, 0))
	if second != nil {
		c.out = second.Append(c.out)
	}
	binary.BigEndian.PutUint32(c.out[start:], uint32(len(c.out)-start-4))
	c.outWake.Signal()
}

// Notify sends a watch event (datatree.Watcher). It is called with the tree
// locked, so the event is in out before any read that could see the change.
func (c *conn) Notify(e datatree.Event) {
	if !c.Allowed(e.ACL, jute.PermRead) {
		return
	}
	c.outMu.Lock()
	tooMuch := len(c.out) > maxOutEvents
	c.outMu.Unlock()
	if tooMuch {
		go c.close()
		return
	}
	c.send(&jute.ReplyHeader{Xid: jute.XidNotification, Zxid: e.Zxid},
		&jute.WatcherEvent{Type: e.Type, State: jute.StateSyncConnected, Path: e.Path})
}

// Allowed reports whether the client may do one of perms (datatree.Access).
func (c *conn) Allowed(acl []jute.ACL, perms jute.Perms) bool {
	return c.srv.auth.allowed(acl, perms, c.identities())
}

func (c *conn) identities() []jute.ID {
	c.idsMu.Lock()
	defer c.idsMu.Unlock()
	return c.ids
}

// authenticate handles an auth packet and reports whether the connection goes on.
func (c *conn) authenticate(op pendingOp) bool {
	var p jute.AuthPacket
	h := jute.ReplyHeader{Xid: op.xid}
	err := jute.Unmarshal(op.body, &p)
	id, ok := c.srv.auth.authenticate(&p, c.addr)
	if err != nil || !ok {
		h.Err = jute.ErrAuthFailed
		c.send(&h, nil)
		c.closeAfterSending()
		return false
	}
	c.idsMu.Lock()
	if !slices.Contains(c.ids, id) {
		c.ids = append(c.ids[:len(c.ids):len(c.ids)], id)
	}
	c.idsMu.Unlock()
	c.send(&h, nil)
	return true
}

// closeAfterSending closes the connection once everything so far is sent.
func (c *conn) closeAfterSending() {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.ending = true
	c.outWake.Signal()
}

func (c *conn) writeLoop() {
	var sending []byte
	for {
		c.outMu.Lock()
		for len(c.out) == 0 && !c.ending && !c.closed {
			c.outWake.Wait()
		}
		if c.closed || len(c.out) == 0 {
			c.outMu.Unlock()
			c.close()
			return
		}
		sending, c.out = c.out, sending[:0]
		c.outSpace.Signal()
		c.outMu.Unlock()
		if _, err := c.nc.Write(sending); err != nil {
			c.close()
			return
		}
		if cap(sending) > maxOut {
			sending = nil
		}
	}
}

// close ends the connection at once; the session stays.
func (c *conn) close() {
	c.once.Do(func() {
		c.outMu.Lock()
		c.closed = true
		c.outWake.Broadcast()
		c.outSpace.Broadcast()
		c.outMu.Unlock()
		close(c.ended)
		c.mu.Lock()
		c.popped.Broadcast()
		c.mu.Unlock()
		c.nc.Close()
		c.srv.detach(c)
	})
}
