package server

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
)

// frameReader reads the frames of one connection. While little arrives it makes do
// with a few bytes of its own, so that a connection that waits costs next to
// nothing; what sends more has a large buffer for as long as it does.
type frameReader struct {
	nc   net.Conn
	max  int // the longest frame
	user interface {
		idle() // is called before the network is waited for
		busy() // and after
		// reserve is called before memory is taken for so many bytes, and may wait.
		reserve(n int) error
	}

	small      [smallRead]byte
	large      *[largeRead]byte // nil while small will do
	start, end int              // what is read and not taken
	last       int              // bytes of the last read
	bodies     []byte           // a copy of some of the buffer, from bodiesAt on, which bodies are parts of
	bodiesAt   int

	packets, bytes int // taken and not counted yet
}

// A small buffer holds several requests of the usual size.
const (
	smallRead = 256
	largeRead = 32 << 10
)

// firstBody is how much memory a body gets before it has arrived.
const firstBody = 4 << 10

var largeReads = sync.Pool{New: func() any { return new([largeRead]byte) }}

// headSize is the bytes that a frame begins with: the length of the rest.
const headSize = 4

// head reads what a frame begins with.
func (r *frameReader) head() (head [headSize]byte, err error) {
	for r.end-r.start < len(head) {
		if err := r.fill(); err != nil {
			return head, err
		}
	}
	copy(head[:], r.buffer()[r.start:r.end])
	r.start += len(head)
	return head, nil
}

// body reads the rest of a frame. It takes memory only as the bytes arrive, whatever
// the length claims, and for most of a large one only what is reserved.
func (r *frameReader) body(head [headSize]byte) ([]byte, error) {
	length := int32(binary.BigEndian.Uint32(head[:]))
	if length < 0 || int(length) > r.max {
		return nil, fmt.Errorf("frame of %d bytes; jute.maxbuffer is %d", length, r.max)
	}
	n := int(length)
	if n <= r.end-r.start {
		return r.whole(n), nil
	}
	b := make([]byte, min(n, max(firstBody, r.end-r.start)))
	for got := 0; ; {
		if err := r.read(b[got:]); err != nil {
			return nil, err
		}
		if got = len(b); got == n {
			r.took(n)
			return b, nil
		}
		more := min(n, 2*got)
		if n > largeRequest && more >= largeRequest {
			if err := r.user.reserve(n); err != nil {
				return nil, err
			}
			more = n
		}
		longer := make([]byte, more)
		copy(longer, b)
		b = longer
	}
}

// sharedBodies is how much of what has arrived shares a piece of memory: a small body that
// is kept keeps all of it.
const sharedBodies = 2 << 10

// whole returns a body that has arrived.
func (r *frameReader) whole(n int) []byte {
	if r.start+n > r.bodiesAt+len(r.bodies) {
		until := min(r.end, r.start+max(n, sharedBodies))
		r.bodies, r.bodiesAt = bytes.Clone(r.buffer()[r.start:until]), r.start
	}
	at := r.start - r.bodiesAt
	r.start += n
	r.took(n)
	return r.bodies[at : at+n : at+n]
}

// took counts a frame with a body of n bytes.
func (r *frameReader) took(n int) {
	r.packets++
	r.bytes += headSize + n
}

// read fills b.
func (r *frameReader) read(b []byte) error {
	n := copy(b, r.buffer()[r.start:r.end])
	r.start += n
	for b = b[n:]; len(b) > 0; b = b[n:] {
		var err error
		if n, err = r.wait(b); n == 0 && err != nil {
			return err
		}
	}
	return nil
}

// fill reads more than there is, which is not even the head of a frame.
func (r *frameReader) fill() error {
	var kept [headSize]byte
	had := copy(kept[:], r.buffer()[r.start:r.end])
	switch {
	case r.last >= smallRead && r.large == nil:
		r.large = largeReads.Get().(*[largeRead]byte)
	case r.last < smallRead:
		r.release()
	}
	b := r.buffer()
	copy(b, kept[:had])
	n, err := r.wait(b[had:])
	r.start, r.end, r.last = 0, had+n, had+n
	if n > 0 {
		return nil
	}
	return err
}

func (r *frameReader) wait(b []byte) (int, error) {
	r.bodies, r.bodiesAt = nil, 0
	r.user.idle()
	n, err := r.nc.Read(b)
	r.user.busy()
	return n, err
}

func (r *frameReader) buffer() []byte {
	if r.large != nil {
		return r.large[:]
	}
	return r.small[:]
}

// release gives the large buffer to others; what is in it is lost.
func (r *frameReader) release() {
	if r.large != nil {
		largeReads.Put(r.large)
		r.large = nil
	}
}
