package snapshot

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"zook/jute"
)

// flushSize is how much the writer gathers before it sums, compresses and writes.
const flushSize = 64 << 10

// Options of NewWriter and Create.
type Options struct {
	Compression Compression
}

// The parts of a snapshot in their order.
const (
	atSessions = iota
	atACLs
	atNodes
	atDigest
	atLastZxid
	atEnd
)

// Writer writes one snapshot, in the order of its methods: Sessions, ACLs, Node
// for each znode, Digest, LastZxid, Close. What is not called is left out, or is
// empty where the format wants it. After an error every call returns it again.
//
// A snapshot with Digest and LastZxid is one that every Apache ZooKeeper from 3.4
// on reads, and the one that 3.10 writes; 3.8 leaves LastZxid out.
type Writer struct {
	out  io.Writer
	comp io.WriteCloser // between the bytes and out, or nil
	sum  uint32         // the checksum
	buf  []byte
	at   int // the part that may come next
	err  error
}

var errOrder = errors.New("snapshot: the parts are sessions, ACLs, znodes, digest, last zxid, in this order")

// NewWriter begins a snapshot on out, which it does not close.
func NewWriter(out io.Writer, opts Options) *Writer {
	w := &Writer{out: out, sum: 1, buf: make([]byte, 0, 2*flushSize)}
	switch opts.Compression {
	case Gzip:
		w.comp = gzip.NewWriter(out)
	case Snappy:
		w.comp = newSnappyWriter(out)
	}
	h := jute.FileHeader{Magic: jute.SnapMagic, Version: version, DBID: -1}
	w.buf = h.Append(w.buf)
	return w
}

// enter begins a part, and writes the parts before it that were left out.
func (w *Writer) enter(part int) bool {
	if w.err == nil && w.at > part {
		w.err = errOrder
	}
	for ; w.err == nil && w.at < part; w.at++ {
		switch w.at {
		case atSessions, atACLs:
			w.buf = jute.AppendInt(w.buf, 0)
		case atNodes:
			w.buf = jute.AppendUstring(w.buf, "/")
			w.seal()
		}
	}
	return w.err == nil
}

// Sessions writes n sessions: id and timeout in milliseconds.
func (w *Writer) Sessions(n int, sessions iter.Seq2[int64, int32]) error {
	if !w.enter(atSessions) {
		return w.err
	}
	w.at = atACLs
	w.count(n)
	for id, timeout := range sessions {
		w.buf = jute.AppendInt(jute.AppendLong(w.buf, id), timeout)
		if n--; w.flush(flushSize) != nil {
			return w.err
		}
	}
	return w.counted(n)
}

// ACLs writes the n lists of the ACL table by their numbers.
func (w *Writer) ACLs(n int, acls iter.Seq2[int64, []jute.ACL]) error {
	if !w.enter(atACLs) {
		return w.err
	}
	w.at = atNodes
	w.count(n)
	for id, list := range acls {
		w.buf = jute.AppendInt(jute.AppendLong(w.buf, id), int32(len(list)))
		for i := range list {
			w.buf = list[i].Append(w.buf)
		}
		if n--; w.flush(flushSize) != nil {
			return w.err
		}
	}
	return w.counted(n)
}

func (w *Writer) count(n int) {
	if n < 0 || n > math.MaxInt32 {
		w.err = fmt.Errorf("snapshot: a count of %d does not fit", n)
		return
	}
	w.buf = jute.AppendInt(w.buf, int32(n))
}

func (w *Writer) counted(left int) error {
	if w.err == nil && left != 0 {
		w.err = fmt.Errorf("snapshot: %d fewer entries than were announced", left)
	}
	return w.err
}

// Node writes a znode. The root's path is "", and it is the first; the others
// come after their parents. data may be nil, which is not the same as empty.
func (w *Writer) Node(path string, data []byte, acl int64, stat jute.StatPersisted) error {
	if !w.enter(atNodes) {
		return w.err
	}
	if path == "/" {
		w.err = errors.New(`snapshot: the path of the root is ""; "/" ends the znodes`)
		return w.err
	}
	w.buf = jute.AppendUstring(w.buf, path)
	w.buf = jute.AppendBuffer(w.buf, data)
	w.buf = jute.AppendLong(w.buf, acl)
	w.buf = stat.Append(w.buf)
	return w.flush(flushSize)
}

// Digest writes the digest of the tree.
func (w *Writer) Digest(g Digest) error {
	if !w.enter(atDigest) {
		return w.err
	}
	w.at = atLastZxid
	w.buf = g.Append(w.buf)
	return w.seal()
}

// LastZxid writes the last zxid whose effect the snapshot is sure to hold.
// Without a Digest before it, it writes one that says nothing, since Apache's
// servers do not find it otherwise.
func (w *Writer) LastZxid(zxid int64) error {
	if w.at <= atDigest && w.Digest(Digest{Version: 2}) != nil || !w.enter(atLastZxid) {
		return w.err
	}
	w.at = atEnd
	w.buf = jute.AppendLong(w.buf, zxid)
	return w.seal()
}

// seal writes the checksum of all that was written.
func (w *Writer) seal() error {
	if w.flush(0) != nil {
		return w.err
	}
	w.buf = jute.AppendLong(w.buf, int64(w.sum))
	w.buf = jute.AppendUstring(w.buf, "/")
	return w.flush(0)
}

// flush writes what was gathered, if it is at least so many bytes.
func (w *Writer) flush(atLeast int) error {
	if w.err != nil || len(w.buf) < atLeast {
		return w.err
	}
	w.sum = addAdler(w.sum, w.buf)
	if w.comp != nil {
		_, w.err = w.comp.Write(w.buf)
	} else {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
	if cap(w.buf) > 1<<20 {
		w.buf = make([]byte, 0, 2*flushSize)
	}
	return w.err
}

// Close ends the snapshot. Without it, what was written is not one.
func (w *Writer) Close() error {
	if !w.enter(atEnd) {
		return w.err
	}
	if w.comp != nil {
		w.err = w.comp.Close()
	}
	if w.err == nil {
		w.err = errClosed
		return nil
	}
	return w.err
}

var errClosed = errors.New("snapshot: already closed")
