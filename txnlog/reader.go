package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math"
	"os"

	"zook/jute"
)

// windowSize is how much of a log the reader holds; a longer record makes it grow.
const windowSize = 256 << 10

// Reader reads a log from its header to its end. It is not for concurrent use.
type Reader struct {
	// MaxRecord is the most bytes a transaction may have; a longer one is an
	// error. It begins as the most that the format can say, and what is read is
	// bounded by the size of the file: unlike Apache's jute.maxbuffer, it keeps
	// nothing from being read that was once written.
	MaxRecord int
	// KeepDamaged has Next return records whose checksum is wrong, marked as such,
	// as long as they have a length and an end.
	KeepDamaged bool

	name   string
	src    io.Reader
	file   *os.File // what Open opened, else nil
	size   int64    // of a regular file, else -1
	header jute.FileHeader

	buf      []byte // the window; buf[pos:end] is not read yet
	pos, end int
	base     int64 // where buf begins in the file
	srcErr   error // io.EOF, or why the source gives no more

	good int64 // where the last good record, or the header, ends
	zxid int64 // of the last good record
	rec  Record
	err  error // sticks
}

// Open opens a log and reads its header. A header that is not one is a
// *CorruptError; an empty file is, too, a torn one.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := newReader(f, path)
	r.file = f
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		r.size = st.Size()
	}
	if err := r.readHeader(); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// NewReader reads a log from src, such as one that is compressed, as Open does
// from a file. The name is for errors.
func NewReader(src io.Reader, name string) (*Reader, error) {
	r := newReader(src, name)
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	return r, nil
}

func newReader(src io.Reader, name string) *Reader {
	return &Reader{MaxRecord: math.MaxInt32, name: name, src: src, size: -1, buf: make([]byte, windowSize)}
}

// Header is the file's header.
func (r *Reader) Header() jute.FileHeader { return r.header }

// Offset is where the last record that Next returned ends: after io.EOF or a
// *CorruptError, the length of the part of the file that is whole.
func (r *Reader) Offset() int64 { return r.good }

// Close closes the file, if Open opened it.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

func (r *Reader) readHeader() error {
	if err := r.fill(headerSize); err != nil {
		return err
	}
	want := jute.Marshal(&jute.FileHeader{Magic: jute.LogMagic, Version: version})
	got := r.buf[r.pos:min(r.end, r.pos+headerSize)]
	switch {
	case len(got) == 0:
		return &CorruptError{File: r.name, Reason: "the file is empty", Torn: true}
	case len(got) < headerSize:
		torn := string(got) == string(want[:len(got)]) || zeros(got) == len(got)
		return &CorruptError{File: r.name, Torn: torn,
			Reason: fmt.Sprintf("a file of %d bytes is shorter than its header", len(got))}
	case zeros(got) == headerSize:
		blank, err := r.onlyZeros()
		if err != nil {
			return err
		}
		reason := "no header, zeros in its place"
		if blank {
			reason = "no header, the file is all zeros"
		}
		return &CorruptError{File: r.name, Reason: reason, Torn: blank}
	}
	if err := jute.Unmarshal(got, &r.header); err != nil {
		return err
	}
	if r.header.Magic != jute.LogMagic {
		like := ""
		switch {
		case string(got[:4]) == "ZKSN":
			like = ", as a snapshot does"
		case string(got[:2]) == gzipMagic:
			like = ", as what gzip has packed does"
		}
		return &CorruptError{File: r.name, Reason: fmt.Sprintf("not a transaction log: it begins with %q, not \"ZKLG\"%s", got[:4], like)}
	}
	if r.header.Version != version {
		return &CorruptError{File: r.name, Offset: 4,
			Reason: fmt.Sprintf("log format version %d, only %d is known", r.header.Version, version)}
	}
	r.pos += headerSize
	r.good = headerSize
	return nil
}

// Next returns the next record, which is valid until the next call. The error is
// io.EOF at the clean end and a *CorruptError where the log is torn or damaged;
// every later call returns it again. A log may be written while it is read: what
// is there when Next is called is told, whole records only.
func (r *Reader) Next() (*Record, error) {
	if r.err == nil {
		r.err = r.next()
	}
	if r.err != nil {
		return nil, r.err
	}
	return &r.rec, nil
}

// next is Next without an error that sticks. A writer may have been about a record
// when it was read, and be long behind it when what follows is: so a fault of a file
// counts only if it is still there once what follows has been looked at.
func (r *Reader) next() error {
	err := r.parse()
	for {
		first, ok := err.(*fault)
		if !ok {
			return err
		}
		keep := r.KeepDamaged && first.checksum
		var verdict error
		if !keep {
			verdict = r.judge(first)
		}
		if r.size >= 0 {
			if err := r.rewind(); err != nil {
				return err
			}
			err = r.parse()
			if second, ok := err.(*fault); !ok || second.reason != first.reason {
				continue
			}
		}
		if keep {
			r.rec.Damaged = &CorruptError{File: r.name, Offset: r.good, Zxid: r.zxid, Reason: first.reason}
			r.pass()
		}
		return verdict
	}
}

// rewind goes back behind the last good record, to what the file now holds there.
func (r *Reader) rewind() error {
	if _, err := r.file.Seek(r.good, io.SeekStart); err != nil {
		return err
	}
	r.base, r.pos, r.end, r.srcErr = r.good, 0, 0, nil
	return nil
}

// parse reads the next record into r.rec. The error is io.EOF, a *fault that may be
// the trace of a writer at work, or that of reading.
func (r *Reader) parse() error {
	if err := r.fill(prefixSize + 1); err != nil {
		return err
	}
	b := r.buf[r.pos:r.end]
	if len(b) <= prefixSize {
		if zeros(b) == len(b) {
			return io.EOF
		}
		return &fault{reason: fmt.Sprintf("%d bytes are too few for a record", len(b)), torn: always}
	}
	crc, n := binary.BigEndian.Uint64(b), int64(int32(binary.BigEndian.Uint32(b[8:])))
	switch {
	case crc == 0 && n == 0:
		return r.zeroTail()
	case n < 0:
		return &fault{reason: fmt.Sprintf("a record of length %d", n)}
	case n == 0:
		return &fault{reason: "a record with a checksum and no length", torn: always}
	case n < recordMin:
		return &fault{reason: fmt.Sprintf("a record of %d bytes is too short for a transaction", n)}
	}
	total := prefixSize + n + 1
	offset := r.base + int64(r.pos)
	if r.size >= 0 && total > r.size-offset && total > r.grown()-offset {
		return cut(n)
	}
	if n > int64(r.MaxRecord) {
		return fmt.Errorf("%s: offset %d: a record of %d bytes is longer than the %d that were allowed", r.name, offset, n, r.MaxRecord)
	}
	if last, err := r.peek(total - 1); err != nil {
		return err
	} else if last >= 0 && last != endOfTxn {
		return unfinished(n, last)
	}
	if err := r.fill(int(total)); err != nil {
		return err
	}
	if b = r.buf[r.pos:r.end]; int64(len(b)) < total {
		return cut(n)
	}
	if b[total-1] != endOfTxn {
		return unfinished(n, int(b[total-1]))
	}
	raw := b[prefixSize : total-1 : total-1]
	r.rec = Record{Offset: offset, Raw: raw, file: r.name}
	var d jute.Decoder
	d.Reset(raw)
	r.rec.Header.Decode(&d)
	if sum := adler32.Checksum(raw); crc != uint64(sum) {
		reason := fmt.Sprintf("the checksum of a record of %d bytes is %#x, not %#x as it says", n, sum, crc)
		return &fault{reason: reason, torn: lostSector, size: total, checksum: true}
	}
	r.zxid = r.rec.Header.Zxid
	r.pass()
	return nil
}

// pass goes behind r.rec.
func (r *Reader) pass() {
	total := prefixSize + len(r.rec.Raw) + 1
	r.pos += total
	r.good += int64(total)
}

// grown is the size of the file now.
func (r *Reader) grown() int64 {
	if st, err := r.file.Stat(); err == nil {
		r.size = st.Size()
	}
	return r.size
}

func cut(n int64) *fault {
	return &fault{reason: fmt.Sprintf("the file ends inside a record of %d bytes", n), torn: always}
}

func unfinished(n int64, last int) *fault {
	return &fault{reason: fmt.Sprintf("a record of %d bytes ends in %#02x, not in 'B'", n, last),
		torn: lostSectorEnd, size: prefixSize + n + 1}
}

// fill makes the window hold n bytes that are not read yet, or all that are
// left. It grows only by what has arrived, whatever n is.
func (r *Reader) fill(n int) error {
	for r.end-r.pos < n && r.srcErr == nil {
		if r.pos > 0 && len(r.buf)-r.pos < n || r.end == len(r.buf) && r.pos > 0 {
			r.base += int64(r.pos)
			copy(r.buf, r.buf[r.pos:r.end])
			r.pos, r.end = 0, r.end-r.pos
		}
		if r.end == len(r.buf) {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
		var m, tries int
		for m, tries = 0, 0; m == 0 && r.srcErr == nil; tries++ {
			if m, r.srcErr = r.src.Read(r.buf[r.end:]); tries == 100 {
				r.srcErr = io.ErrNoProgress
			}
		}
		r.end += m
	}
	if errors.Is(r.srcErr, errPacked) && r.end-r.pos < n {
		return &CorruptError{File: r.name, Offset: r.base + int64(r.end), Zxid: r.zxid, Reason: r.srcErr.Error()}
	}
	if r.srcErr != nil && r.srcErr != io.EOF && r.end-r.pos < n {
		return fmt.Errorf("%s: reading at offset %d: %w", r.name, r.base+int64(r.end), r.srcErr)
	}
	return nil
}

// peek returns the byte at i from here, or -1 where only reading there could
// tell. In a file it finds a length that is a lie before all of it is read.
func (r *Reader) peek(i int64) (int, error) {
	if i < int64(r.end-r.pos) {
		return int(r.buf[r.pos+int(i)]), nil
	}
	if r.size < 0 || i < windowSize {
		return -1, nil
	}
	var b [1]byte
	if _, err := r.file.ReadAt(b[:], r.base+int64(r.pos)+i); err == io.EOF {
		return -1, nil // it has shrunk
	} else if err != nil {
		return 0, err
	}
	return int(b[0]), nil
}

// zeros is the number of zero bytes that b begins with.
func zeros(b []byte) int {
	n := 0
	for len(b)-n >= 8 && binary.NativeEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}
