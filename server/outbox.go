package server

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// Limits of what waits to be sent to one client. Beyond the first the client is
// not read from until it has received some of it; beyond the second, which only
// watch events can reach, it is disconnected.
const (
	maxOut       = 256 << 10
	maxOutEvents = 16 << 20
)

// maxOwnSend is how much the goroutine that reads from a client sends to it by
// itself. With more it might wait for a client that itself waits until all that it
// asks is taken.
const maxOwnSend = 32 << 10

// lastWord is how long a client has for taking the last of what it is sent, and
// for closing its side.
const lastWord = 2 * time.Second

// outbox gathers the frames for one client. One goroutine at a time waits for the
// network: the connection's reader, with what it has answered itself, or one that
// goes when there is nothing more to send, so that an idle connection has none.
type outbox struct {
	nc   net.Conn
	gate *gate  // is passed before each write
	sent func() // is called after

	mu      sync.Mutex
	frames  *outBuffer // nil if there are none
	changed sync.Cond  // for the reader: there is room again, or all is over
	held    bool       // the reader is going to call flush
	gathers bool       // whoever applies is going to call release
	sending bool       // somebody runs send
	ending  bool       // over once frames are sent
	over    bool       // all is sent that there will be, or never will be
	count   int64      // frames that were ever put
}

// outBuffer is bytes that go from one outbox to the next.
type outBuffer struct{ b []byte }

var outBuffers = sync.Pool{New: func() any { return &outBuffer{make([]byte, 0, 512)} }}

func (o *outbox) init(nc net.Conn, gate *gate, sent func()) {
	o.nc, o.gate, o.sent, o.changed.L = nc, gate, sent, &o.mu
}

// put adds a frame of what appends its header and its body, nil for none. It returns
// their size, and false if the client is far beyond what it may leave unread.
func (o *outbox) put(header, body func([]byte) []byte) (size int, ok bool) {
	ok = o.add(func(b []byte) []byte {
		start := len(b)
		b = header(append(b, 0, 0, 0, 0))
		if body != nil {
			b = body(b)
		}
		size = len(b) - start - 4
		binary.BigEndian.PutUint32(b[start:], uint32(size))
		return b
	})
	return size, ok
}

// putFrame adds a frame that is whole, as put does.
func (o *outbox) putFrame(frame []byte) bool {
	return o.add(func(b []byte) []byte { return append(b, frame...) })
}

func (o *outbox) add(frame func([]byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || o.ending {
		return true
	}
	if o.frames == nil {
		o.frames = outBuffers.Get().(*outBuffer)
	}
	o.frames.b = frame(o.frames.b)
	o.count++
	o.startSending()
	return len(o.frames.b) <= maxOutEvents
}

// startSending makes sure that somebody sends. The caller holds mu.
func (o *outbox) startSending() {
	if !o.sending && !o.held && !o.gathers {
		o.sending = true
		go o.send()
	}
}

// hold leaves what is put to the next flush. The reader calls it when it has
// something to do, and flush before it waits for anything.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

// gather leaves what is put to the next release. Whoever applies calls it before the
// first of many answers.
func (o *outbox) gather() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gathers = true
}

// release has what has gathered sent, without waiting for the network.
func (o *outbox) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gathers = false
	if o.size() > 0 || o.ending {
		o.startSending()
	}
}

// flush sends what has gathered.
func (o *outbox) flush() {
	o.mu.Lock()
	o.held = false
	if o.sending || o.gathers || o.over || o.size() == 0 && !o.ending {
		o.mu.Unlock()
		return
	}
	if o.size() > maxOwnSend {
		o.startSending()
		o.mu.Unlock()
		return
	}
	o.sending = true
	o.mu.Unlock()
	o.send()
}

// size is how many bytes wait. The caller holds mu.
func (o *outbox) size() int {
	if o.frames == nil {
		return 0
	}
	return len(o.frames.b)
}

// countSent counts what was sent around the outbox.
func (o *outbox) countSent() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
}

// counts returns how many frames were ever put, and whether some wait to be sent.
func (o *outbox) counts() (put int64, waiting bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count, o.size() > 0
}

// full reports whether the client should first receive something.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size() > maxOut
}

// waitForRoom waits until the outbox is not full, or closed.
func (o *outbox) waitForRoom() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.size() > maxOut {
		o.changed.Wait()
	}
}

// end takes nothing more. What is there is sent, and then the client is told that
// there is no more.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ending && !o.over {
		o.ending = true
		o.nc.SetDeadline(time.Now().Add(lastWord))
		o.startSending()
	}
}

// isSending reports whether something is not sent yet.
func (o *outbox) isSending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.over && (o.sending || o.frames != nil)
}

func (o *outbox) isEnding() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ending
}

// waitUntilOver waits, after end or close.
func (o *outbox) waitUntilOver() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.over {
		o.changed.Wait()
	}
}

// close drops what is not sent.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over, o.frames = true, nil
	o.changed.Broadcast()
}

// send writes what gathers until there is nothing more. Whoever runs it has set
// sending.
func (o *outbox) send() {
	for {
		frames, end := o.take()
		if end {
			closeWrite(o.nc)
			o.close()
		}
		if frames == nil {
			return
		}
		o.gate.pass()
		if _, err := o.nc.Write(frames.b); err != nil {
			o.close()
			o.nc.Close() // so that the reader does not wait any longer
			return
		}
		if cap(frames.b) <= maxOut {
			frames.b = frames.b[:0]
			outBuffers.Put(frames)
		}
		o.sent()
	}
}

// take returns what is there to send. If that is nothing, nobody sends any more,
// and end says whether this was the last.
func (o *outbox) take() (frames *outBuffer, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if frames = o.frames; frames == nil {
		o.sending = false
		return nil, o.ending && !o.over
	}
	o.frames = nil
	o.changed.Signal()
	return frames, false
}
