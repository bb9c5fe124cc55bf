package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"zook/internal/digestmd5"
	"zook/jute"
)

// Pipeline is a session on one connection to one server, for a caller that keeps many
// requests in flight himself, as a load does: replies come in the order of the requests,
// without a goroutine or an allocation for each. It sends no pings, knows of no watches,
// and does not connect again. It is not for concurrent use.
type Pipeline struct {
	raw     net.Conn
	in      *bufio.Reader
	out     []byte
	xid     int32
	held    int           // bytes of the last reply that are still in in
	timeout time.Duration // of the session
}

// Reply is what Receive returns: the answer to the oldest request, or a watch event
// (Xid is jute.XidNotification). Body is valid until the next call of Receive.
type Reply struct {
	jute.ReplyHeader
	Body []byte
}

// OpenPipeline opens a session with the server at addr, host:port, as cfg says; its
// Servers are not looked at. ctx bounds the opening. The error is that of the connection,
// a *LoginError, or jute.ErrAuthFailed.
func OpenPipeline(ctx context.Context, addr string, cfg Config) (*Pipeline, error) {
	raw, err := dialHost(ctx, addr, cfg.TLS)
	if err != nil {
		return nil, PlainReason(err)
	}
	p := &Pipeline{raw: raw, in: newPipelineReader(raw)}
	if deadline, ok := ctx.Deadline(); ok {
		raw.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Now()) })
	err = p.open(cfg)
	if !stop() && ctx.Err() == context.Canceled {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, PlainReason(err)
	}
	raw.SetDeadline(time.Time{})
	return p, nil
}

// newPipelineReader has room for many replies, so that few calls of the system bring them.
func newPipelineReader(raw net.Conn) *bufio.Reader { return bufio.NewReaderSize(raw, 64<<10) }

func (p *Pipeline) open(cfg Config) error {
	timeout := cfg.SessionTimeout
	if timeout <= 0 {
		timeout = DefaultSessionTimeout
	}
	p.append(&jute.ConnectRequest{Timeout: int32(min(timeout.Milliseconds(), 1<<31-1)), Passwd: make([]byte, 16)}, nil)
	if err := p.Flush(); err != nil {
		return err
	}
	frame, err := readFrame(p.in)
	if err != nil {
		if hungUp(err) {
			err = errHungUp
		}
		return err
	}
	var r jute.ConnectResponse
	if err := jute.Unmarshal(frame, &r); err != nil || r.SessionID == 0 || r.Timeout <= 0 {
		return &greetingError{describeGreeting(frame[:min(len(frame), 16)])}
	}
	p.timeout = time.Duration(r.Timeout) * time.Millisecond
	if cfg.SASL != nil {
		if err := p.logIn(*cfg.SASL); err != nil {
			return &LoginError{cfg.SASL.User, err}
		}
	}
	for _, a := range cfg.Auth {
		p.append(&jute.RequestHeader{Xid: jute.XidAuth, Type: jute.OpAuth}, &jute.AuthPacket{Scheme: a.Scheme, Auth: a.Data})
		if err := p.Flush(); err != nil {
			return err
		}
		if reply, err := p.Receive(); err != nil {
			return err
		} else if reply.Err != jute.ErrOK {
			return reply.Err
		}
	}
	return nil
}

// logIn is the login by SASL.
func (p *Pipeline) logIn(who SASL) error {
	login := digestmd5.NewClient(who.User, who.Password)
	for token, proved := []byte{}, false; token != nil; proved = true {
		p.Send(jute.OpSASL, &jute.GetSASLRequest{Token: token})
		if err := p.Flush(); err != nil {
			return err
		}
		reply, err := p.Receive()
		if err != nil {
			return err
		}
		if token, err = loginStep(login, proved, reply.Err, reply.Body); err != nil {
			return err
		}
	}
	return nil
}

// Timeout is that of the session: a caller who sends nothing for it loses it.
func (p *Pipeline) Timeout() time.Duration { return p.timeout }

// Send appends a request; body may be nil. It is in memory until Flush.
func (p *Pipeline) Send(op jute.OpCode, body jute.Record) {
	h := jute.RequestHeader{Type: op}
	if h.Xid = jute.XidPing; op != jute.OpPing {
		p.xid++
		h.Xid = p.xid
	}
	p.append(&h, body)
}

func (p *Pipeline) append(first, second jute.Record) {
	start := len(p.out)
	p.out = first.Append(append(p.out, 0, 0, 0, 0))
	if second != nil {
		p.out = second.Append(p.out)
	}
	binary.BigEndian.PutUint32(p.out[start:], uint32(len(p.out)-start-4))
}

// Flush sends what was appended.
func (p *Pipeline) Flush() error {
	if len(p.out) == 0 {
		return nil
	}
	_, err := p.raw.Write(p.out)
	p.out = p.out[:0]
	return err
}

// SetDeadline bounds Flush and Receive; the zero time takes the bound away. What Receive
// had of a reply when its time was over is not lost.
func (p *Pipeline) SetDeadline(t time.Time) { p.raw.SetDeadline(t) }

// Receive waits for the next reply or event.
func (p *Pipeline) Receive() (Reply, error) {
	p.in.Discard(p.held)
	p.held = 0
	head, err := p.in.Peek(4)
	if err != nil {
		return Reply{}, err
	}
	var frame []byte
	if n := int(int32(binary.BigEndian.Uint32(head))); n >= 0 && 4+n <= p.in.Size() {
		if frame, err = p.in.Peek(4 + n); err == nil {
			frame, p.held = frame[4:], 4+n
		}
	} else {
		frame, err = readFrame(p.in)
	}
	if err != nil {
		return Reply{}, err
	}
	var r Reply
	d := jute.NewDecoder(frame)
	r.Decode(d)
	if d.Err() != nil {
		return Reply{}, fmt.Errorf("reply: %w", d.Err())
	}
	r.Body = d.Rest()
	return r, nil
}

// Waiting reports whether Receive has a reply at once.
func (p *Pipeline) Waiting() bool {
	left := p.in.Buffered() - p.held
	if left < 4 {
		return false
	}
	head, _ := p.in.Peek(p.held + 4)
	return left-4 >= int(int32(binary.BigEndian.Uint32(head[p.held:])))
}

// Close ends the session: its ephemerals are gone once it returns nil. It waits for the
// answer, and for all that are in flight, for five seconds at most.
func (p *Pipeline) Close() error {
	defer p.raw.Close()
	p.raw.SetDeadline(time.Now().Add(5 * time.Second))
	p.Send(jute.OpCloseSession, nil)
	if err := p.Flush(); err != nil {
		return err
	}
	for {
		r, err := p.Receive()
		if err != nil {
			return err
		}
		if r.Xid == p.xid {
			return nil
		}
	}
}
