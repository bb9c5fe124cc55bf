package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"zook/jute"
)

// FrameTooLargeError is the error of a request that is larger than
// Config.MaxFrame. Nothing was sent.
type FrameTooLargeError struct {
	Op          jute.OpCode
	Size, Limit int // bytes
}

func (e *FrameTooLargeError) Error() string {
	return fmt.Sprintf("the request is %d bytes, over the %d that servers accept unless their jute.maxbuffer is raised", e.Size, e.Limit)
}

// call is a request and whoever waits for its reply.
type call struct {
	op    jute.OpCode
	frame []byte      // with its length; the xid is put in when it is sent
	done  chan result // takes one without blocking

	// onReply sees the reply before any later frame is read. c.mu is held.
	onReply func(jute.ErrCode)
}

// result is how a call ended: err if it got no reply; else the code and body of
// the reply.
type result struct {
	err  error
	code jute.ErrCode
	body []byte
}

// do sends a request and waits for its reply, which it decodes into resp unless
// that is nil. A nil req has no body.
func (c *Client) do(ctx context.Context, op jute.OpCode, req, resp jute.Record, onReply func(jute.ErrCode)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := c.begin(op, req, onReply)
	if err != nil {
		return err
	}
	return c.await(ctx, w, resp)
}

// begin sends a request.
func (c *Client) begin(op jute.OpCode, req jute.Record, onReply func(jute.ErrCode)) (*call, error) {
	w := newCall(op, req, onReply)
	if size := len(w.frame) - 4; size > c.cfg.MaxFrame {
		return nil, &FrameTooLargeError{op, size, c.cfg.MaxFrame}
	}
	c.submit(w)
	return w, nil
}

// await waits for the reply to a request.
func (c *Client) await(ctx context.Context, w *call, resp jute.Record) error {
	select {
	case r := <-w.done:
		return r.decode(w.op, resp)
	case <-ctx.Done():
		return c.giveUp(ctx, w)
	}
}

func newCall(op jute.OpCode, req jute.Record, onReply func(jute.ErrCode)) *call {
	frame := make([]byte, 12, 128)
	if req != nil {
		frame = req.Append(frame)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	binary.BigEndian.PutUint32(frame[8:], uint32(op))
	return &call{op: op, frame: frame, done: make(chan result, 1), onReply: onReply}
}

func (r result) decode(op jute.OpCode, resp jute.Record) error {
	switch {
	case r.err != nil:
		return r.err
	case r.code != jute.ErrOK:
		return r.code
	case resp == nil:
		return nil
	}
	if err := jute.Unmarshal(r.body, resp); err != nil {
		return fmt.Errorf("the server's answer to %v: %w", op, err)
	}
	return nil
}

// submit sends w, now or when there is a connection.
func (c *Client) submit(w *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		w.done <- result{err: jute.ErrClosing}
	case c.loginErr != nil:
		w.done <- result{err: c.loginErr}
	case c.conn != nil:
		c.conn.start(w)
	default:
		c.waiting = append(c.waiting, w)
	}
}

// giveUp ends the wait for w. If it was sent its reply is thrown away when it comes.
func (c *Client) giveUp(ctx context.Context, w *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, w); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
		return c.hosts.gaveUp(ctx)
	}
	return ctx.Err()
}

// start gives w an xid and sends it. client.mu is held.
func (f *frameConn) start(w *call) {
	xid := f.nextXid
	for f.inflight[xid] != nil {
		xid = afterXid(xid)
	}
	f.nextXid = afterXid(xid)
	binary.BigEndian.PutUint32(w.frame[4:], uint32(xid))
	f.inflight[xid] = w
	f.send(w.frame)
	w.frame = nil
}

func afterXid(xid int32) int32 {
	if xid == 1<<31-1 {
		return firstXid
	}
	return xid + 1
}

// route deals with a frame that is ours, and returns it if it is go-zookeeper's.
func (c *Client) route(f *frameConn, frame []byte) ([]byte, error) {
	if len(frame) < replyHeaderSize {
		return nil, fmt.Errorf("a reply of %d bytes", len(frame))
	}
	var h jute.ReplyHeader
	if err := jute.Unmarshal(frame, &h); err != nil {
		return nil, err
	}
	body := frame[replyHeaderSize:]
	switch {
	case h.Xid == jute.XidNotification:
		return nil, c.watchEvent(h.Zxid, body)
	case h.Xid == jute.XidSetWatches:
		return nil, h.Err.AsError()
	case h.Xid >= firstXid:
		return nil, c.reply(f, h, body)
	}
	c.mu.Lock()
	if f.closeXid != 0 && h.Xid == f.closeXid {
		f.sessionClosed.Store(true)
	}
	c.mu.Unlock()
	if len(frame) > maxForeignFrame {
		return nil, fmt.Errorf("a reply of %d bytes to nothing that was asked", len(frame))
	}
	return frame, nil
}

func (c *Client) reply(f *frameConn, h jute.ReplyHeader, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := f.inflight[h.Xid]
	if w == nil {
		return fmt.Errorf("a reply to nothing that was asked, xid 0x%x", h.Xid)
	}
	delete(f.inflight, h.Xid)
	if h.Zxid > 0 {
		c.lastZxid = h.Zxid
	}
	if c.conn == f {
		f.answered++
	}
	if w.onReply != nil {
		w.onReply(h.Err)
	}
	var end error
	switch {
	case w.op == jute.OpSASL:
		end = c.loginReply(f, h.Err, body)
	case hangsUp(w.op, h):
		end = h.Err
	}
	if end != nil { // whoever asks next shall not see the loss of this connection
		c.dropConn(f, end)
	}
	w.done <- result{code: h.Err, body: body}
	return end
}

// hangsUp reports whether the server closes the connection after a reply: to an
// operation that it does not know (it then gives no zxid), to an identity that
// it refuses, and to anything while it misses one.
func hangsUp(op jute.OpCode, h jute.ReplyHeader) bool {
	switch {
	case op == jute.OpAuth:
		return h.Err != jute.ErrOK
	case h.Err == jute.ErrUnimplemented:
		return h.Zxid <= 0
	}
	return h.Err == jute.ErrSessionClosedRequireSASLAuth
}

// connectRequest is go-zookeeper's ConnectRequest p, which knows the session and
// its password, with what we know: the last zxid, which its own frames do not
// tell it, and the timeout that was asked for at first. A server that has seen
// less than the last zxid hangs up, so that nobody goes back in time. If after
// twice the session's life nobody has seen that much, the ensemble has lost its
// data: we do not insist then, and learn that the session is gone.
func (c *Client) connectRequest(p []byte) ([]byte, error) {
	var r jute.ConnectRequest
	if len(p) < 4 {
		return nil, errors.New("no ConnectRequest")
	}
	if err := jute.Unmarshal(p[4:], &r); err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.lostAt.IsZero() || time.Since(c.lostAt) < 2*c.timeout {
		r.LastZxidSeen = c.lastZxid
	}
	c.mu.Unlock()
	r.Timeout = int32(min(c.cfg.SessionTimeout.Milliseconds(), 1<<31-1))
	body := jute.Marshal(&r)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...), nil
}

// established begins the session's life on f: the login goes first, then identities;
// when all are accepted, the connection is ready.
func (c *Client) established(f *frameConn, r *jute.ConnectResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.lost {
		return
	}
	c.sessionID = r.SessionID
	c.timeout = time.Duration(r.Timeout) * time.Millisecond
	f.since = time.Now()
	if c.cfg.SASL != nil {
		c.logIn(f)
	} else {
		c.authenticate(f)
	}
}

// authenticate sends the session's identities. c.mu is held.
func (c *Client) authenticate(f *frameConn) {
	f.authLeft = len(c.auths)
	if f.authLeft == 0 {
		c.ready(f)
		return
	}
	for _, a := range c.auths {
		f.start(newCall(jute.OpAuth, &jute.AuthPacket{Scheme: a.Scheme, Auth: a.Data}, func(code jute.ErrCode) {
			if code != jute.ErrOK {
				c.authRefused()
			} else if f.authLeft--; f.authLeft == 0 {
				c.ready(f)
			}
		}))
	}
}

// ready lets requests travel on f: first those that set the watches again, then
// those that have waited. c.mu is held.
func (c *Client) ready(f *frameConn) {
	if c.closed {
		return
	}
	delete(c.dialing, f)
	c.hosts.served(f.addr)
	c.conn, c.server = f, f.addr
	for _, frame := range c.watches.rearm(c.lastZxid) {
		f.send(frame)
	}
	for _, w := range c.waiting {
		f.start(w)
	}
	c.waiting = nil
	c.setState(StateConnected)
	select {
	case <-c.dialed:
	default:
		close(c.dialed)
	}
}

// authRefused ends the use of a server that does not accept an identity of the
// session. Whoever waits for it learns why; the next server is tried by itself.
// c.mu is held.
func (c *Client) authRefused() {
	c.setState(StateAuthFailed)
	c.endWaiting(jute.ErrAuthFailed)
	c.refuse(jute.ErrAuthFailed)
}

func (c *Client) endWaiting(err error) {
	for _, w := range c.waiting {
		w.done <- result{err: err}
	}
	c.waiting = nil
}

// expired notes that the server no longer knows the session. Its ephemeral nodes
// and one-shot watches are gone, and what waited meant that session.
func (c *Client) expired() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessionID != 0 {
		c.hosts.useful() // the new session need not wait
	}
	c.sessionID, c.lastZxid = 0, 0
	c.watches.dropOneShot()
	c.endWaiting(jute.ErrSessionExpired)
	c.setState(StateExpired)
}

// dropConn ends the use of f and what is in flight on it, and remembers why.
// c.mu is held.
func (c *Client) dropConn(f *frameConn, err error) {
	if f.lost {
		return
	}
	f.lost = true
	c.loginLost(f, err)
	delete(c.dialing, f)
	for _, w := range f.inflight {
		w.done <- result{err: jute.ErrConnectionLoss}
	}
	f.inflight = nil
	if f.answered > 0 || !f.since.IsZero() && time.Since(f.since) > time.Second {
		c.hosts.useful()
	}
	if c.conn == f {
		c.conn, c.lostAt = nil, time.Now()
		c.setState(StateDisconnected)
	}
	if f.since.IsZero() {
		var greeting *greetingError
		var op *net.OpError
		alert := errors.As(err, &op) && op.Op == "remote error" // of TLS, such as a certificate refused
		c.hostFailed(f.addr, PlainReason(err), alert || errors.As(err, &greeting))
	} else {
		c.hostFailed(f.addr, fmt.Errorf("the connection was lost: %w", PlainReason(err)), false)
	}
}
