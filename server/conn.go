package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"zook/datatree"
	"zook/internal/digestmd5"
	"zook/jute"
)

// conn is one client connection. Its reader goroutine takes frames and answers
// reads at once, unless writes of the same connection are on their way: then they
// wait behind those in pending, and whoever answers the write goes on with them.
// What is answered gathers in out.
type conn struct {
	srv   *Server
	nc    net.Conn
	addr  netip.Addr
	certs []*x509.Certificate // that the client has shown, its own first

	// session is set by the server before the first request is read; others
	// than the reader look at it under srv.mu.
	session  *session
	awaits   int64         // the session that the handshake waits for
	asked    time.Duration // when a new session was asked for, since epoch
	welcomed chan struct{} // closed when the handshake has been answered
	timeout  time.Duration // negotiated
	oldStyle bool          // the client knows nothing of read-only servers (before 3.4)

	idsMu sync.Mutex
	ids   []jute.ID // replaced, never changed

	in      frameReader
	claimed int               // of the budget, for what is being read
	writes  *requests         // read and not yet given to the preparer; nil if there are none
	sasl    *digestmd5.Server // nil until the client begins to log in
	pending pendingOps
	out     outbox
	gathers bool // it is in srv.gathering
	stats   connStats

	once  sync.Once
	ended chan struct{} // closed by close
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, welcomed: make(chan struct{}), ended: make(chan struct{})}
	c.in = frameReader{nc: nc, max: s.cfg.MaxFrame, user: c}
	c.pending.room.L = &c.pending.mu
	c.stats.established, c.stats.connCounts = time.Now(), noCounts
	c.out.init(nc, &s.gate, c.afterSending)
	if ap, err := netip.ParseAddrPort(nc.RemoteAddr().String()); err == nil {
		c.addr = ap.Addr().Unmap()
	}
	c.ids = []jute.ID{ipIdentity(c.addr)}
	return c
}

// serve reads until the connection ends.
func (c *conn) serve() {
	// Watches go last: until the reader and the pipeline have let go of the
	// connection, they may set some.
	defer func() {
		if c.srv.serving() {
			c.srv.tree.RemoveWatcher(c)
		}
	}()
	defer c.flushStats() // what was counted since close has
	defer c.close()
	if err := c.secure(); err != nil {
		c.srv.stats.tlsHandshakesFailed.add(1)
		c.srv.stats.authFailed.add(1)
		c.srv.clients.Info("TLS handshake failed", "from", c.nc.RemoteAddr().String(), "reason", err.Error())
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(c.srv.cfg.SilentTimeout))
	if c.srv.draining.Load() {
		return // whose deadline would have been earlier
	}
	defer func() {
		c.in.release()
		c.srv.large.give(c.claimed)
	}()
	head, err := c.in.head()
	if err != nil {
		c.srv.stats.lost(err, false)
		return
	}
	if word := string(head[:]); word == telnetClose {
		return
	} else if words[word] != nil {
		c.answerWord(word)
		return
	}
	select {
	case <-c.srv.ready:
	case <-c.ended:
		return
	}
	if err := c.handshake(head); err != nil {
		c.srv.stats.lost(err, false)
		c.srv.clients.Info("connection refused", "from", c.nc.RemoteAddr().String(), "reason", err.Error())
	} else if err := c.readLoop(); c.srv.draining.Load() {
		c.finish()
	} else if err != nil {
		if !c.out.isEnding() {
			c.srv.stats.lost(err, true)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			c.srv.clients.Info("connection closed", "from", c.nc.RemoteAddr().String(),
				"session", hex(c.session.id), "reason", err.Error())
		}
	}
	c.idle() // what came before a frame that is none
	if c.out.isEnding() {
		within := lastWord
		if c.srv.draining.Load() {
			within = goodbye
		}
		c.drain(within)
		c.out.waitUntilOver()
	}
}

// finish answers what has been read and not answered, when the server ends. Who is
// owed nothing, and has not asked for more, is not waited for.
func (c *conn) finish() {
	c.idle()
	if c.settle() || c.out.isSending() || c.hasMore() {
		c.out.end()
	}
}

// hasMore reports whether something has arrived that nobody has read.
func (c *conn) hasMore() bool {
	c.nc.SetReadDeadline(time.Now().Add(time.Millisecond)) // of one that has passed, nothing is read
	n, _ := c.nc.Read(c.in.small[:])
	return n > 0
}

// closeWrite tells the client that there is no more.
func closeWrite(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// drain reads on until the client closes its side. Otherwise what it has sent
// and nobody read would make a reset of the close, which can take the last reply
// from the client again.
func (c *conn) drain(within time.Duration) {
	c.nc.SetReadDeadline(time.Now().Add(within))
	io.Copy(io.Discard, c.nc)
}

// idle is called before the reader waits for anything: what it has gathered must
// not wait with it. Writes go to the preparer in one piece for all that had
// arrived.
func (c *conn) idle() {
	c.countArrived()
	if c.writes != nil {
		c.submit(c.writes.all)
		clear(c.writes.all)
		c.writes.all = c.writes.all[:0]
		requestLists.Put(c.writes)
		c.writes = nil
	}
	c.out.flush()
}

// busy is called when the reader goes on.
func (c *conn) busy() {
	c.srv.gate.pass()
	c.out.hold()
}

// reserve takes a share of the budget for a large request.
func (c *conn) reserve(n int) error {
	c.idle()
	if !c.srv.large.take(n, c.ended) {
		return net.ErrClosed
	}
	c.claimed += n
	return nil
}

// readLoop takes requests.
func (c *conn) readLoop() error {
	for !c.out.isEnding() {
		head, err := c.in.head()
		if err != nil {
			return err
		}
		b, err := c.in.body(head)
		if err != nil || c.out.isEnding() {
			return err
		}
		if err := c.request(b); err != nil {
			return err
		}
		if c.out.full() || c.behind() {
			c.idle()
			c.waitUntilAnswered()
			c.out.waitForRoom()
			c.busy()
		}
	}
	return nil
}

// request takes one request: answers it, or makes it wait.
func (c *conn) request(b []byte) error {
	var h jute.RequestHeader
	d := jute.NewDecoder(b)
	h.Decode(d)
	if d.Err() != nil {
		return fmt.Errorf("request header: %w", d.Err())
	}
	op := clientOp{xid: h.Xid, op: h.Type, body: d.Rest(), write: throughPipeline(h.Type), since: time.Since(epoch), large: c.claimed}
	if c.claimed = 0; op.large > 0 {
		defer func() { c.srv.large.give(op.large) }()
	}
	switch {
	case op.op == jute.OpAuth:
		return c.authenticate(&op)
	case op.op == jute.OpSASL:
		return c.stepSASL(&op)
	case len(c.srv.auth.enforced) > 0 && c.srv.auth.mustAuthenticate(c.identities()):
		c.out.put((&jute.ReplyHeader{Xid: op.xid, Err: jute.ErrSessionClosedRequireSASLAuth}).Append, nil)
		c.out.end()
		return errors.New("a request of a client that has not authenticated")
	case !c.session.touch(op.since):
		// Its end is on its way, and is the answer.
	case !c.enqueue(op):
		if op.write {
			return net.ErrClosed
		}
		c.answerRead(&op)
	default:
		op.large = 0 // whoever answers gives it back
		if op.write {
			if c.writes == nil {
				c.writes = requestLists.Get().(*requests)
			}
			c.writes.all = append(c.writes.all, request{session: c.session.id, cxid: op.xid, op: op.op, body: op.body, ids: c.identities(), since: op.since})
		}
	}
	return nil
}

// throughPipeline reports whether a request waits for the pipeline.
func throughPipeline(op jute.OpCode) bool {
	switch op {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpSetData,
		jute.OpSetACL, jute.OpMulti, jute.OpReconfig, jute.OpCloseSession, jute.OpSync:
		return true
	}
	return false
}

// reply sends a reply; rec is nil for one without a body. The caller holds a
// view, or is the goroutine that applies.
func (c *conn) reply(op *clientOp, err jute.ErrCode, rec jute.Record) {
	if rec == nil {
		c.replyWith(op, err, nil)
	} else {
		c.replyWith(op, err, rec.Append)
	}
}

// replyWith is reply with what appends the body. A record behind an interface is in
// memory of its own; the commonest answers do without that.
func (c *conn) replyWith(op *clientOp, err jute.ErrCode, body func([]byte) []byte) {
	h := jute.ReplyHeader{Xid: op.xid, Zxid: c.srv.tree.LastZxid(), Err: err}
	if op.op == jute.OpPing {
		h.Xid = jute.XidPing // whatever the client called it
	}
	if err != jute.ErrOK {
		body = nil
	}
	size, _ := c.out.put(h.Append, body)
	c.answered(kindOf(op.op, err), op.xid, h.Zxid, op.since, size)
}

// Notify sends a watch event (datatree.Watcher). It is called with the tree
// locked, so the event is in out before any read that could see the change.
func (c *conn) Notify(e *datatree.Event) {
	if !c.Allowed(e.ACL, jute.PermRead) {
		return
	}
	frame := e.Frame()
	c.notified(len(frame) - 4)
	if !c.out.putFrame(frame) {
		c.out.close() // nothing more gathers, though closing takes other locks
		go c.close()
	}
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

// authenticate handles an auth packet. One that is refused ends the connection.
func (c *conn) authenticate(op *clientOp) error {
	var p jute.AuthPacket
	if err := jute.Unmarshal(op.body, &p); err != nil {
		return fmt.Errorf("auth packet: %w", err)
	}
	ids, verdict := c.srv.auth.authenticate(&p, c.peer())
	if verdict == accepted && !c.addIdentities(ids...) {
		verdict = refused
	}
	switch verdict {
	case refused:
		c.out.put((&jute.ReplyHeader{Xid: op.xid, Err: jute.ErrAuthFailed}).Append, nil)
		c.out.end()
		fallthrough
	case cut:
		return fmt.Errorf("authentication failed for scheme %q", p.Scheme)
	}
	c.out.put((&jute.ReplyHeader{Xid: op.xid}).Append, nil)
	return nil
}

// peer is what is known of the client without asking it.
func (c *conn) peer() peer { return peer{c.addr, c.certs} }

// A client has no more identities than this, and no more in bytes, so that one which
// invents users does not fill the memory.
const (
	maxIdentities    = 1000
	maxIdentityBytes = 1 << 20
)

// addIdentities adds what the client has proved. It reports false if that is too much;
// then none is added.
func (c *conn) addIdentities(ids ...jute.ID) bool {
	c.idsMu.Lock()
	defer c.idsMu.Unlock()
	all := slices.Clone(c.ids)
	size := 0
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	for _, id := range all {
		size += len(id.ID)
	}
	if len(all) > maxIdentities || size > maxIdentityBytes {
		return false
	}
	c.ids = all
	return true
}

// close ends the connection at once; the session stays.
func (c *conn) close() {
	c.once.Do(func() {
		c.dropPending()
		c.out.close()
		close(c.ended)
		c.srv.large.recheck()
		c.nc.Close()
		c.srv.detach(c)
	})
}
