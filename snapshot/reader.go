package snapshot

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"iter"
	"os"

	"zook/jute"
)

const (
	version    = 2
	windowSize = 256 << 10
	sealSize   = 8 + 5
)

// Reader reads a snapshot from its header to its end, in the order of the
// methods Sessions, ACLs and Next. What is not asked for is skipped, and checked
// all the same. It holds one znode at a time, and never more than has really been
// read, whatever a length says. It is not for concurrent use.
type Reader struct {
	name        string
	file        *os.File // what Open opened, else nil
	raw         *errReader
	src         io.Reader // uncompressed
	compression Compression
	header      jute.FileHeader

	buf      []byte // the window; buf[pos:end] is not read yet
	pos, end int
	base     int64         // where buf begins in the snapshot
	summed   int           // buf[:summed] is in sum
	sum      uint32        // the checksum
	other    []byte        // the window before this one
	summing  chan struct{} // closed once that is in sum; nil if it is
	srcErr   error         // io.EOF, or why the source gives no more
	d        jute.Decoder

	at    int // the part that comes next
	count int // entries of it that are left; -1 before its count is read
	node  Node
	path  []byte // of the last znode
	some  bool   // there was one
	err   error  // sticks

	digest  *Digest
	zxid    int64
	hasZxid bool
}

// Open opens a snapshot, plain or compressed, as its first bytes say. A file that
// is no snapshot is a *CorruptError.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file = f
	return r, nil
}

// NewReader reads a snapshot from src as Open does from a file. The name is for errors.
func NewReader(src io.Reader, name string) (*Reader, error) {
	r := &Reader{name: name, raw: &errReader{r: src}, count: -1, buf: make([]byte, windowSize), sum: 1}
	if err := r.uncompress(); err != nil {
		return nil, err
	}
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	return r, nil
}

// errReader remembers why its reader gave no more, to tell an error of the disk
// from compressed bytes that make no sense.
type errReader struct {
	r   io.Reader
	err error
}

func (e *errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		e.err = err
	}
	return n, err
}

// uncompress makes src out of raw.
func (r *Reader) uncompress() error {
	in := bufio.NewReaderSize(r.raw, 64<<10)
	head, err := in.Peek(len(snappyMagic))
	switch {
	case err != nil && err != io.EOF:
		return r.readError(err)
	case len(head) == 0:
		return r.corrupt(0, "the file is empty")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		r.compression = Gzip
		if r.src, err = gzip.NewReader(in); err != nil {
			return r.readError(err)
		}
	case string(head) == snappyMagic:
		r.compression = Snappy
		if r.src, err = newSnappyReader(in); err != nil {
			return r.readError(err)
		}
	default:
		r.src = in
	}
	return nil
}

func (r *Reader) readHeader() error {
	if err := r.decode("the header", r.header.Decode); err != nil {
		return err
	}
	if r.header.Magic != jute.SnapMagic {
		return r.corrupt(0, "not a snapshot: it begins with %q, not \"ZKSN\"", r.buf[:4])
	}
	if r.header.Version != version {
		return r.corrupt(4, "snapshot format version %d, only %d is known", r.header.Version, version)
	}
	return nil
}

// Uncompress writes to w the bytes that a snapshot is without its compression, and
// checks no more of them than that. Errors are those of NewReader.
func Uncompress(w io.Writer, src io.Reader, name string) error {
	r := &Reader{name: name, raw: &errReader{r: src}}
	if err := r.uncompress(); err != nil {
		return err
	}
	buf := make([]byte, windowSize)
	for {
		n, err := r.src.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		r.base += int64(n)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return r.readError(err)
		}
	}
}

// Header is the file's header.
func (r *Reader) Header() jute.FileHeader { return r.header }

// Compression is how the file is packed.
func (r *Reader) Compression() Compression { return r.compression }

// Close closes the file, if Open opened it.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Sessions returns the sessions. An error is the last thing that it yields.
func (r *Reader) Sessions() iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		for r.more(atSessions) {
			var s Session
			if r.err = r.decode("a session", s.decode); r.err == nil && !yield(s, nil) {
				return
			}
		}
		if r.err != nil && r.err != io.EOF {
			yield(Session{}, r.err)
		}
	}
}

// ACLs returns the ACL table. An error is the last thing that it yields.
func (r *Reader) ACLs() iter.Seq2[ACL, error] {
	return func(yield func(ACL, error) bool) {
		r.skipTo(atACLs)
		for r.more(atACLs) {
			var a ACL
			if r.err = r.decode("an ACL", a.decode); r.err == nil && !yield(a, nil) {
				return
			}
		}
		if r.err != nil && r.err != io.EOF {
			yield(ACL{}, r.err)
		}
	}
}

// more reports whether a part has another entry, and counts it as read.
func (r *Reader) more(part int) bool {
	if r.err != nil || r.at != part {
		return false
	}
	if r.count < 0 {
		at := r.offset()
		if r.err = r.decode("a count", func(d *jute.Decoder) { r.count = int(d.Int()) }); r.err != nil {
			return false
		}
		if r.count < 0 {
			r.err = r.corrupt(at, "a count of %d", r.count)
			return false
		}
	}
	if r.count == 0 {
		r.at, r.count = part+1, -1
		return false
	}
	r.count--
	return true
}

func (r *Reader) skipTo(part int) {
	if r.at == atSessions && part > atSessions {
		for range r.Sessions() {
		}
	}
	if r.at == atACLs && part > atACLs {
		for range r.ACLs() {
		}
	}
}

// Next returns the next znode, which is valid until the next call, its path and
// data too. The error is io.EOF once every znode and every checksum was read;
// before that, what came may be wrong. Every later call returns it again.
func (r *Reader) Next() (*Node, error) {
	r.skipTo(atNodes)
	if r.err == nil {
		r.node.Offset = r.offset()
		if r.err = r.decode("a znode", r.decodeNode); r.err == nil && r.at != atNodes {
			if r.err = r.trailer(); r.err == nil {
				r.err = io.EOF
			}
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	r.path, r.some = append(r.path[:0], r.node.Path...), true
	return &r.node, nil
}

// decodeNode reads a znode, or the end of them.
func (r *Reader) decodeNode(d *jute.Decoder) {
	n := &r.node
	n.Path = d.Buffer()
	switch {
	case string(n.Path) == "/":
		r.at = atDigest
		return
	case n.Path == nil:
		d.Fail(errNullPath)
		return
	}
	n.Data = d.Buffer()
	n.ACL = d.Long()
	n.Stat.Decode(d)
}

var errNullPath = errors.New("its path is null")

// trailer reads what follows the znodes, and wants no more there.
func (r *Reader) trailer() error {
	if err := r.seal(); err != nil {
		return err
	}
	left, err := r.left()
	// Only a zxid without a digest is this short.
	if err == nil && left > 0 && left != 8+sealSize {
		r.digest = &Digest{}
		if err = r.decode("the digest", r.digest.Decode); err == nil {
			err = r.seal()
		}
		if err == nil {
			left, err = r.left()
		}
	}
	if err == nil && left > 0 {
		if err = r.decode("the last zxid", func(d *jute.Decoder) { r.zxid = d.Long() }); err == nil {
			err = r.seal()
		}
		r.hasZxid = true
		if err == nil {
			left, err = r.left()
		}
		if err == nil && left > 0 {
			err = r.corrupt(r.offset(), "bytes behind the end of the snapshot")
		}
	}
	return err
}

// left is how many bytes are left; more than any trailer has counts as one more.
func (r *Reader) left() (int, error) {
	const most = 128
	for r.end-r.pos < most && r.srcErr == nil {
		r.fill()
	}
	if r.srcErr != nil && r.srcErr != io.EOF {
		return 0, r.readError(r.srcErr)
	}
	return min(r.end-r.pos, most), nil
}

// seal compares the checksum that comes next with that of what was read.
func (r *Reader) seal() error {
	at := r.offset()
	r.summarize()
	sum := r.sum
	var val int64
	var slash []byte
	if err := r.decode("a checksum", func(d *jute.Decoder) { val, slash = d.Long(), d.Buffer() }); err != nil {
		return err
	}
	if val != int64(sum) {
		return r.corrupt(at, "the checksum is %#x, not %#x as it says", sum, uint64(val))
	}
	if string(slash) != "/" {
		return r.corrupt(at+8, "%q follows the checksum, not \"/\"", slash)
	}
	return nil
}

// Digest returns the digest section, once Next has returned io.EOF.
func (r *Reader) Digest() (Digest, bool) {
	if r.digest == nil {
		return Digest{}, false
	}
	return *r.digest, true
}

// LastZxid returns the last zxid section, once Next has returned io.EOF.
func (r *Reader) LastZxid() (int64, bool) { return r.zxid, r.hasZxid }
