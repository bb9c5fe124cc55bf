package server

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"zook/fourletter"
	"zook/jute"
)

// connStats is what is counted of one connection. What the server counts over all
// connections gathers here, too, and goes there many at a time: a request costs a
// lock that hardly anybody else takes, and no memory.
type connStats struct {
	mu sync.Mutex
	connCounts
	established time.Time

	// What the server does not know yet.
	traffic   traffic
	answers   [32]answer
	fill      int // answers in use
	namespace string
	read      spread // bytes of reads in namespace
	told      int64  // of outbox.sent
}

// connCounts is what crst resets. Times are milliseconds.
type connCounts struct {
	received     int64 // packets
	sentBefore   int64 // packets that outbox counts and cons does not
	lastKind     uint8
	lastCxid     int64 // -1 if there was none
	lastZxid     int64
	lastResponse int64 // since epoch
	lastLatency  int64
	latency      spread
}

var noCounts = connCounts{lastKind: kindUnknown, lastCxid: -1, lastZxid: -1}

// answer is a request that has been answered: its kind, an index in opKinds, and
// its latency in milliseconds.
type answer uint32

const tookBits = 24

func newAnswer(kind uint8, took int64) answer {
	return answer(kind)<<tookBits | answer(min(took, 1<<tookBits-1))
}

func (a answer) kind() uint8 { return uint8(a >> tookBits) }

func (a answer) took() int64 { return int64(a & (1<<tookBits - 1)) }

// countArrived counts what the reader has taken. The reader calls it.
func (c *conn) countArrived() {
	packets, bytes := int64(c.in.packets), int64(c.in.bytes)
	if packets == 0 {
		return
	}
	c.in.packets, c.in.bytes = 0, 0
	s := &c.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received += packets
	s.traffic.received += packets
	s.traffic.bytesReceived += bytes
}

// answered counts an answer of size bytes to a request that came at since.
func (c *conn) answered(kind uint8, xid int32, zxid int64, since time.Duration, size int) {
	now := time.Since(epoch)
	took := (now - since).Milliseconds()
	s := &c.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	if xid >= 0 {
		s.lastCxid = int64(xid)
	}
	s.lastKind, s.lastZxid, s.lastResponse, s.lastLatency = kind, zxid, int64(now/time.Millisecond), took
	s.latency.add(took, 1)
	if size > 0 {
		s.traffic.response(size)
	}
	if kind != kindPing { // which Apache does not count
		s.traffic.responseBytes += int64(size)
	}
	s.answers[s.fill] = newAnswer(kind, took)
	if s.fill++; s.fill == len(s.answers) {
		c.flushLocked()
	}
}

// notified counts a watch event of size bytes.
func (c *conn) notified(size int) {
	s := &c.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.response(size)
	s.traffic.watchBytes += int64(size)
}

// lost counts a connection whose client was gone, or, while it had no session, said
// nothing for too long.
func (s *stats) lost(err error, session bool) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.connectionsDropped.add(1)
	case errors.Is(err, os.ErrDeadlineExceeded) && !session:
		s.sessionlessExpired.add(1)
	}
}

// statBytes is what Apache adds to the size of each read.
const statBytes = 6*8 + 5*4

// hasRead counts a read of a znode of so many bytes of data, or of names of children,
// unless err says that it failed.
//
// Behaviour: DataTree.updateReadStat.
func (c *conn) hasRead(err jute.ErrCode, path string, bytes int) {
	namespace := topNamespace(path)
	if err != jute.ErrOK || namespace == "" {
		return
	}
	s := &c.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	if namespace != s.namespace {
		c.srv.stats.readPerNamespace.join(s.namespace, s.read)
		s.namespace, s.read = strings.Clone(namespace), spread{}
	}
	s.read.add(int64(len(path)+bytes+statBytes), 1)
}

func totalLen(names []string) (n int) {
	for _, name := range names {
		n += len(name)
	}
	return n
}

// flushStats tells the server what has gathered.
func (c *conn) flushStats() {
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	c.flushLocked()
}

func (c *conn) flushLocked() {
	s, all := &c.stats, c.srv.stats
	sent, _ := c.out.counts()
	s.traffic.sent = sent - s.told
	all.join(&s.traffic, s.answers[:s.fill])
	all.readPerNamespace.join(s.namespace, s.read)
	s.told, s.traffic, s.fill, s.read = sent, traffic{}, 0, spread{}
}

// resetStats begins to count anew (crst).
func (c *conn) resetStats() {
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	c.stats.connCounts = noCounts
	c.stats.sentBefore, _ = c.out.counts()
}

// info is what cons tells of the connection; sess is its session or nil.
//
// Behaviour: ServerCnxn.dumpConnectionInfo.
func (c *conn) info(sess *session) fourletter.Conn {
	queued := c.pending.count()
	sent, waiting := c.out.counts()
	s := &c.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	info := fourletter.Conn{Addr: c.nc.RemoteAddr().String(), Queued: int64(queued), Received: s.received, Sent: sent - s.sentBefore}
	const reads, writes = 1, 4 // java.nio.channels.SelectionKey
	if sess == nil {
		return info
	}
	info.Interest = reads
	if waiting {
		info.Interest |= writes
	}
	info.Session, info.Timeout = sess.id, time.Duration(sess.timeout.Load()).Milliseconds()
	info.LastOp, info.Established = opKinds[s.lastKind].word, s.established.UnixMilli()
	info.LastCxid, info.LastZxid = s.lastCxid, s.lastZxid
	info.LastResponse, info.LastLatency = s.lastResponse, s.lastLatency
	info.MinLatency, info.MaxLatency = s.latency.min, s.latency.max
	if s.latency.count > 0 {
		info.AvgLatency = float64(s.latency.sum / s.latency.count) // whole, as Apache's
	}
	return info
}

// traffic is what has come and gone.
type traffic struct {
	received, sent                           int64 // packets
	bytesReceived, responseBytes, watchBytes int64
	responses                                spread // sizes
	lastResponse                             int64
}

func (t *traffic) response(size int) {
	t.responses.add(int64(size), 1)
	t.lastResponse = int64(size)
}

func (t *traffic) join(o *traffic) {
	t.received += o.received
	t.sent += o.sent
	t.bytesReceived += o.bytesReceived
	t.responseBytes += o.responseBytes
	t.watchBytes += o.watchBytes
	if o.responses.count > 0 {
		t.responses.join(o.responses)
		t.lastResponse = o.lastResponse
	}
}
