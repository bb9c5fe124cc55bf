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

// conn is one client connection. Its reader goroutine takes frames and answers
// reads at once, unless writes of the same connection are on their way: then they
// wait behind those in pending, and whoever answers the write goes on with them.
// Its writer goroutine sends what has gathered in out.
type conn struct {
	srv  *Server
	nc   net.Conn
	addr netip.Addr

	// session is set by the server before the first request is read; others
	// than the reader look at it under srv.mu.
	session  *session
	awaits   int64         // the session that the handshake waits for
	welcomed chan struct{} // closed when the handshake has been answered
	timeout  time.Duration // negotiated
	oldStyle bool          // the client knows nothing of read-only servers (before 3.4)

	idsMu sync.Mutex
	ids   []jute.ID // replaced, never changed

	pending pendingOps
	out     *outbox

	once  sync.Once
	ended chan struct{} // closed by close
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, out: newOutbox(nc), welcomed: make(chan struct{}), ended: make(chan struct{})}
	c.pending.room = sync.NewCond(&c.pending.mu)
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
	defer c.srv.tree.RemoveWatcher(c)
	defer c.close()
	// A client that says nothing, or half a handshake, does not hold a
	// connection longer than the longest session could be idle.
	c.nc.SetReadDeadline(time.Now().Add(c.srv.cfg.MaxSessionTimeout))
	r := bufio.NewReaderSize(c.nc, 16<<10)
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return
	}
	if word := string(head[:]); c.srv.words[word] != nil {
		c.srv.fourLetter(c.nc, word)
		c.drain()
		return
	}
	c.srv.running.Add(1)
	go c.send()
	if err := c.handshake(r, head); err != nil {
		c.srv.log.Info("connection refused", "from", c.nc.RemoteAddr().String(), "reason", err.Error())
	} else if err := c.readLoop(r); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		c.srv.log.Info("connection closed", "from", c.nc.RemoteAddr().String(),
			"session", hex(c.session.id), "reason", err.Error())
	}
	if c.out.isEnding() {
		c.drain()
	}
}

// send runs beside serve.
func (c *conn) send() {
	defer c.srv.running.Done()
	if c.out.send(c.afterSending) {
		closeWrite(c.nc)
		select { // the reader closes when the client has
		case <-c.ended:
		case <-time.After(lastWord):
		}
	}
	c.close()
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
func (c *conn) drain() {
	c.nc.SetReadDeadline(time.Now().Add(lastWord))
	io.Copy(io.Discard, c.nc)
}

// readFrame reads the rest of a frame whose length has been read. It takes
// memory only as the bytes arrive, whatever the length claims.
func (c *conn) readFrame(r *bufio.Reader, head [4]byte) ([]byte, error) {
	const step = 64 << 10
	length := int32(binary.BigEndian.Uint32(head[:]))
	if length < 0 || int(length) > c.srv.cfg.MaxFrame {
		return nil, fmt.Errorf("frame of %d bytes; jute.maxbuffer is %d", length, c.srv.cfg.MaxFrame)
	}
	n := int(length)
	b := make([]byte, min(n, step))
	for got := 0; ; {
		if _, err := io.ReadFull(r, b[got:]); err != nil {
			return nil, err
		}
		if got = len(b); got == n {
			return b, nil
		}
		longer := make([]byte, min(n, 2*got))
		copy(longer, b)
		b = longer
	}
}

// readLoop takes requests. Writes go to the preparer in one piece for all that
// has arrived.
func (c *conn) readLoop(r *bufio.Reader) error {
	var writes []*request
	flush := func() {
		if len(writes) > 0 {
			c.submit(writes)
			writes = nil
		}
	}
	defer flush() // what came before a frame that is none
	for !c.out.isEnding() {
		if r.Buffered() < 4 {
			flush()
		}
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		b, err := c.readFrame(r, head)
		if err != nil || c.out.isEnding() {
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
		op := clientOp{xid: h.Xid, op: h.Type, body: d.Rest(), write: throughPipeline(h.Type), since: time.Since(epoch)}
		switch {
		case op.op == jute.OpAuth:
			if err := c.authenticate(&op); err != nil {
				return err
			}
		case c.srv.auth.mustAuthenticate(c.identities()):
			c.out.put(&jute.ReplyHeader{Xid: op.xid, Err: jute.ErrSessionClosedRequireSASLAuth}, nil)
			c.out.end()
			return errors.New("a request of a client that has not authenticated")
		case !c.enqueue(op):
			if op.write {
				return net.ErrClosed
			}
			c.answerRead(&op)
		case op.write:
			writes = append(writes, &request{c.session.id, op.xid, op.op, op.body, c.identities()})
		}
		if c.out.full() || c.behind() {
			flush() // what is waited for must not wait for us
			c.waitUntilAnswered()
			c.out.waitForRoom()
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
	c.srv.stats.answered(time.Since(epoch) - op.since)
	h := jute.ReplyHeader{Xid: op.xid, Zxid: c.srv.tree.LastZxid(), Err: err}
	if op.op == jute.OpPing {
		h.Xid = jute.XidPing // whatever the client called it
	}
	if err != jute.ErrOK {
		rec = nil
	}
	c.out.put(&h, rec)
}

// Notify sends a watch event (datatree.Watcher). It is called with the tree
// locked, so the event is in out before any read that could see the change.
func (c *conn) Notify(e *datatree.Event) {
	if !c.Allowed(e.ACL, jute.PermRead) {
		return
	}
	if !c.out.putFrame(e.Frame()) {
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
	ids, verdict := c.srv.auth.authenticate(&p, peer{addr: c.addr})
	switch verdict {
	case refused:
		c.out.put(&jute.ReplyHeader{Xid: op.xid, Err: jute.ErrAuthFailed}, nil)
		c.out.end()
		fallthrough
	case cut:
		return fmt.Errorf("authentication failed for scheme %q", p.Scheme)
	}
	c.addIdentities(ids...)
	c.out.put(&jute.ReplyHeader{Xid: op.xid}, nil)
	return nil
}

// addIdentities adds what the client has proved.
func (c *conn) addIdentities(ids ...jute.ID) {
	c.idsMu.Lock()
	defer c.idsMu.Unlock()
	for _, id := range ids {
		if !slices.Contains(c.ids, id) {
			c.ids = append(c.ids[:len(c.ids):len(c.ids)], id)
		}
	}
}

// close ends the connection at once; the session stays.
func (c *conn) close() {
	c.once.Do(func() {
		c.dropPending()
		c.out.close()
		close(c.ended)
		c.nc.Close()
		c.srv.detach(c)
	})
}
