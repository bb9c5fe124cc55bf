package server

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"zook/jute"
)

// Limits of what waits to be sent to one client. Beyond the first the client is
// not read from until it has received some of it; beyond the second, which only
// watch events can reach, it is disconnected.
const (
	maxOut       = 256 << 10
	maxOutEvents = 16 << 20
)

// lastWord is how long a client has for taking the last of what it is sent, and
// for closing its side.
const lastWord = 2 * time.Second

// outbox gathers the frames for one client. The goroutine that runs send is the
// only one that waits for the network.
type outbox struct {
	nc net.Conn

	mu     sync.Mutex
	frames []byte
	wake   *sync.Cond // for send: there are frames, or an end
	space  *sync.Cond // for the reader: there is room again
	ending bool       // close once frames are sent
	closed bool
}

func newOutbox(nc net.Conn) *outbox {
	o := &outbox{nc: nc}
	o.wake, o.space = sync.NewCond(&o.mu), sync.NewCond(&o.mu)
	return o
}

// put adds a frame of one or two records. It reports false if the client is far
// beyond what it may leave unread.
func (o *outbox) put(first, second jute.Record) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ending {
		return true
	}
	start := len(o.frames)
	o.frames = first.Append(append(o.frames, 0, 0, 0, 0))
	if second != nil {
		o.frames = second.Append(o.frames)
	}
	binary.BigEndian.PutUint32(o.frames[start:], uint32(len(o.frames)-start-4))
	o.wake.Signal()
	return len(o.frames) <= maxOutEvents
}

// putFrame adds a frame that is whole, as put does.
func (o *outbox) putFrame(frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ending {
		return true
	}
	o.frames = append(o.frames, frame...)
	o.wake.Signal()
	return len(o.frames) <= maxOutEvents
}

// full reports whether the client should first receive something.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.frames) > maxOut && !o.closed
}

// waitForRoom waits until the outbox is not full, or closed.
func (o *outbox) waitForRoom() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.frames) > maxOut && !o.closed {
		o.space.Wait()
	}
}

// end makes send return once everything so far is sent. Nothing more is taken.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ending {
		o.ending = true
		o.nc.SetDeadline(time.Now().Add(lastWord))
		o.wake.Signal()
	}
}

func (o *outbox) isEnding() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ending
}

// close drops what is not sent.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.frames = true, nil
	o.wake.Broadcast()
	o.space.Broadcast()
}

// send writes what gathers until there is an end, and calls sent after each
// write. It reports whether everything is sent.
func (o *outbox) send(sent func()) bool {
	var sending []byte
	for {
		o.mu.Lock()
		for len(o.frames) == 0 && !o.ending && !o.closed {
			o.wake.Wait()
		}
		if o.closed || len(o.frames) == 0 {
			all := !o.closed
			o.mu.Unlock()
			return all
		}
		sending, o.frames = o.frames, sending[:0]
		o.space.Signal()
		o.mu.Unlock()
		if _, err := o.nc.Write(sending); err != nil {
			return false
		}
		sent()
		if cap(sending) > maxOut {
			sending = nil
		}
	}
}
