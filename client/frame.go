package client

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"zook/internal/digestmd5"
	"zook/jute"
)

const (
	// maxForeignFrame bounds what go-zookeeper reads by itself: the handshake,
	// answers to pings and the answer to its close.
	maxForeignFrame = 8 << 10

	// firstChunk is how much is allocated for a frame before its bytes have come.
	firstChunk = 256 << 10

	replyHeaderSize = 16

	// Our xids. go-zookeeper counts from 1 and sends nothing but its close.
	firstXid int32 = 0x60000000
)

var errHungUp = errors.New("it closed the connection without an answer; it may not be serving yet, or expect TLS")

// greetingError is what a peer that is no plain ZooKeeper server answers.
type greetingError struct{ what string }

func (e *greetingError) Error() string { return e.what }

// readFrame reads one frame, without its length. It allocates no more than about
// twice what has arrived, whatever length is claimed.
func readFrame(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		if len(head) > 0 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	n := int(int32(binary.BigEndian.Uint32(head)))
	if n < 0 {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	r.Discard(4)
	frame := make([]byte, min(n, firstChunk))
	for got := 0; ; {
		m, err := io.ReadFull(r, frame[got:])
		got += m
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if got == n {
			return frame, nil
		}
		longer := make([]byte, min(n, 2*len(frame)))
		copy(longer, frame)
		frame = longer
	}
}

// frameConn is a connection as go-zookeeper sees it. Frames of ours go out
// between its own and never reach it coming in.
type frameConn struct {
	client *Client
	raw    net.Conn
	addr   string // host:port as configured
	in     *bufio.Reader

	// Of the one goroutine of go-zookeeper's that reads, and before that shakes
	// hands.
	greeted  bool          // the ConnectRequest is out
	opened   bool          // the ConnectResponse is in
	deadline time.Time     // of the handshake
	silence  time.Duration // how long the server may say nothing after it
	rest     []byte        // of the frame that go-zookeeper is reading

	sessionClosed atomic.Bool // the server has answered go-zookeeper's close

	outMu    sync.Mutex
	outReady sync.Cond
	out      []byte // to be written
	shut     bool   // nothing more is written

	// Guarded by client.mu.
	inflight map[int32]*call
	nextXid  int32
	answered int               // replies to requests of callers
	since    time.Time         // when the session was there
	login    *digestmd5.Client // while the session logs in
	proved   bool              // the answer to the server's challenge is out
	authLeft int               // identities that the server has not accepted yet
	lost     bool
	closeXid int32 // of go-zookeeper's close
}

func newFrameConn(c *Client, raw net.Conn, addr string, deadline time.Time) *frameConn {
	f := &frameConn{client: c, raw: raw, addr: addr, deadline: deadline, inflight: map[int32]*call{}, nextXid: firstXid}
	f.in = bufio.NewReaderSize((*deadlineReader)(f), 64<<10)
	f.outReady.L = &f.outMu
	return f
}

// deadlineReader reads from the connection and expects to hear something, be it
// the answer to a ping or a piece of a large reply, within the session's time.
type deadlineReader frameConn

func (r *deadlineReader) Read(p []byte) (int, error) {
	f := (*frameConn)(r)
	deadline := f.deadline
	if f.silence > 0 {
		deadline = time.Now().Add(f.silence)
	}
	f.outMu.Lock()
	if !f.shut { // else the deadline is short already
		f.raw.SetReadDeadline(deadline)
	}
	f.outMu.Unlock()
	return f.raw.Read(p)
}

// Read gives go-zookeeper its frames and deals with ours on the way.
func (f *frameConn) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		frame, err := f.next()
		if err != nil {
			f.fail(err)
			return 0, err
		}
		if frame != nil {
			f.rest = append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// next reads one frame; it is nil if it was for us.
func (f *frameConn) next() ([]byte, error) {
	if !f.opened {
		return f.handshake()
	}
	frame, err := readFrame(f.in)
	if err != nil {
		return nil, err
	}
	return f.client.route(f, frame)
}

// handshake reads the ConnectResponse.
func (f *frameConn) handshake() ([]byte, error) {
	head, err := f.in.Peek(4)
	if err != nil {
		if hungUp(err) {
			err = errHungUp
		}
		return nil, err
	}
	if n := binary.BigEndian.Uint32(head); n < 20 || n > maxForeignFrame {
		more, _ := f.in.Peek(f.in.Buffered())
		return nil, &greetingError{describeGreeting(more[:min(len(more), 16)])}
	}
	frame, err := readFrame(f.in)
	if err != nil {
		return nil, err
	}
	var r jute.ConnectResponse
	if err := jute.Unmarshal(frame, &r); err != nil || r.SessionID != 0 && r.Timeout <= 0 {
		return nil, &greetingError{describeGreeting(frame[:min(len(frame), 16)])}
	}
	f.opened = true
	f.silence = time.Duration(r.Timeout) * time.Millisecond * 2 / 3
	if r.SessionID == 0 {
		f.client.expired()
		f.fail(jute.ErrSessionExpired) // go-zookeeper would leave it open
	} else {
		f.client.established(f, &r)
	}
	return jute.Marshal(&r), nil
}

// Write takes a frame of go-zookeeper's, which writes whole ones.
func (f *frameConn) Write(p []byte) (int, error) {
	if !f.greeted {
		frame, err := f.client.connectRequest(p)
		if err != nil {
			return 0, err
		}
		f.greeted = true
		f.send(frame)
		return len(p), nil
	}
	if len(p) >= 12 && jute.OpCode(binary.BigEndian.Uint32(p[8:])) == jute.OpCloseSession {
		f.client.mu.Lock()
		f.closeXid = int32(binary.BigEndian.Uint32(p[4:]))
		f.client.mu.Unlock()
	}
	f.send(p)
	return len(p), nil
}

// send appends a whole frame to what the writer writes. It never blocks, and
// what it is given after the end is lost with the connection.
func (f *frameConn) send(frame []byte) {
	f.outMu.Lock()
	defer f.outMu.Unlock()
	if !f.shut {
		f.out = append(f.out, frame...)
		f.outReady.Signal()
	}
}

// writeLoop writes what has gathered while the last write was under way, so that
// many small requests share a system call.
func (f *frameConn) writeLoop() {
	var spare []byte
	for {
		f.outMu.Lock()
		for len(f.out) == 0 && !f.shut {
			f.outReady.Wait()
		}
		if f.shut {
			f.outMu.Unlock()
			return
		}
		buf := f.out
		f.out = spare[:0]
		f.outMu.Unlock()
		if _, err := f.raw.Write(buf); err != nil {
			f.stopWriting()
			return
		}
		if spare = buf; cap(spare) > 1<<20 {
			spare = nil
		}
	}
}

// stopWriting leaves the reader a moment for what the server said before it
// closed the connection, such as that an identity is refused.
func (f *frameConn) stopWriting() {
	f.outMu.Lock()
	defer f.outMu.Unlock()
	if !f.shut {
		f.shut = true
		f.raw.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	}
}

// Close is go-zookeeper's way to give the connection up.
func (f *frameConn) Close() error {
	f.fail(net.ErrClosed)
	return nil
}

// fail ends the connection and whatever is in flight on it.
func (f *frameConn) fail(err error) {
	f.outMu.Lock()
	f.shut = true
	f.outReady.Signal()
	f.outMu.Unlock()
	f.raw.Close()
	f.client.mu.Lock()
	f.client.dropConn(f, err)
	f.client.mu.Unlock()
}

func (f *frameConn) LocalAddr() net.Addr  { return f.raw.LocalAddr() }
func (f *frameConn) RemoteAddr() net.Addr { return f.raw.RemoteAddr() }

// Deadlines are ours: go-zookeeper would take a long reply of ours for silence.
func (f *frameConn) SetDeadline(time.Time) error      { return nil }
func (f *frameConn) SetReadDeadline(time.Time) error  { return nil }
func (f *frameConn) SetWriteDeadline(time.Time) error { return nil }
