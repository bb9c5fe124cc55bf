package txnlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"io"

	"zook/jute"
)

const (
	// sector is what a disk writes or loses as one.
	sector = 512
	// scanMax is the longest record that is looked for behind a fault.
	scanMax = prefixSize + 4<<20 + 1
	// scanBudget bounds the bytes summed for what looks like a record and is none.
	scanBudget = 1 << 30
	// leadIn is the most zeros that a record can begin with: the upper half of its
	// checksum, the lower if that is 0, and the upper bytes of its length.
	leadIn = prefixSize - 1
)

// tornIf is what has to be so, besides that nothing whole follows, for a fault
// to be the trace of a crash.
type tornIf int

const (
	never         tornIf = iota
	always               // the file ends too early
	lostSector           // a sector of the record is zeros
	lostSectorEnd        // or all is zeros from some byte of the record on
)

// fault is a record that is not one: what parse returns. Next returns a CorruptError,
// after a look at what is behind it.
type fault struct {
	reason string
	torn   tornIf
	size   int64 // of the record, if torn asks for it

	zeros    bool // there is none, and yet something behind
	checksum bool // it has a length and an end, and is in Reader.rec
}

func (f *fault) Error() string { return f.reason }

// zeroTail reads what follows the last record, zeros, and wants no more there.
func (r *Reader) zeroTail() error {
	blank, err := r.onlyZeros()
	if err != nil {
		return err
	}
	if blank {
		return io.EOF
	}
	behind := r.base + int64(r.pos+zeros(r.buf[r.pos:r.end]))
	return &fault{reason: fmt.Sprintf("zeros, but the file goes on at offset %d", behind), torn: always, zeros: true}
}

// onlyZeros reads to the end, or to where the first byte that is not zero could
// be part of a record.
func (r *Reader) onlyZeros() (bool, error) {
	for {
		b := r.buf[r.pos:r.end]
		n := zeros(b)
		if n == len(b) && r.srcErr == io.EOF {
			return true, nil
		}
		r.pos += max(0, n-leadIn)
		if n < len(b) {
			return false, nil
		}
		if err := r.skipHole(); err != nil {
			return false, err
		}
		if err := r.fill(r.end - r.pos + 1); err != nil {
			return false, err
		}
	}
}

// skipHole skips zeros that are not on the disk at all, as most of a preallocated
// tail is. What the window holds must be zeros.
func (r *Reader) skipHole() error {
	if r.size < 0 || r.srcErr != nil {
		return nil
	}
	here := r.base + int64(r.end)
	data, err := seekData(r.file, here)
	if err != nil {
		return fmt.Errorf("%s: reading at offset %d: %w", r.name, here, err)
	}
	r.base += data - here
	return nil
}

// judge makes the error of a fault out of what is behind it.
func (r *Reader) judge(f *fault) error {
	torn, e := f.torn, &CorruptError{File: r.name, Offset: r.good, Zxid: r.zxid, Reason: f.reason}
	if !f.zeros {
		b := r.buf[r.pos:r.end]
		if torn >= lostSector && f.size <= int64(len(b)) && hasLostSector(b[:f.size], r.good) {
			torn = always
		}
		if err := r.fill(2 * scanMax); err != nil {
			return err
		}
		if wholeButLength(r.buf[r.pos:r.end]) > 0 {
			e.Reason += "; with another length the record is whole"
			torn = never
		}
	}
	s := r.scan()
	switch {
	case s.err != nil:
		return s.err
	case s.next > 0:
		e.Reason += fmt.Sprintf("; the next whole record is at offset %d, zxid 0x%x", s.next, s.zxid)
	case s.gaveUp:
		e.Reason += "; what follows is too much like records to tell more"
	default:
		e.Torn = torn == always || torn == lostSectorEnd && s.zerosFrom < r.good+f.size
	}
	return e
}

// hasLostSector reports whether a sector of the record at offset is zeros. The
// first four bytes of every record are, and say nothing.
func hasLostSector(rec []byte, offset int64) bool {
	rec, offset = rec[4:], offset+4
	for len(rec) > 0 {
		n := min(len(rec), sector-int(offset%sector))
		if zeros(rec[:n]) == n {
			return true
		}
		rec, offset = rec[n:], offset+int64(n)
	}
	return false
}

// wholeButLength is the length with which b begins with a record whose checksum and
// end are right, whatever the length is that it says; 0 if there is none.
func wholeButLength(b []byte) int {
	if len(b) <= prefixSize {
		return 0
	}
	sum := binary.BigEndian.Uint64(b)
	b = b[prefixSize:]
	h := adler32.New()
	for n := 0; ; {
		i := bytes.IndexByte(b, endOfTxn)
		if i < 0 {
			return 0
		}
		h.Write(b[:i])
		if n += i; n >= recordMin && uint64(h.Sum32()) == sum {
			return n
		}
		h.Write(b[i : i+1])
		b, n = b[i+1:], n+1
	}
}

// scanned is what is behind a fault.
type scanned struct {
	next, zxid int64 // where the first whole record is, if next is not 0
	zerosFrom  int64 // from here on all is zeros
	gaveUp     bool
	err        error
}

// scan reads up to a whole record behind the last good one, or to the end.
func (r *Reader) scan() (s scanned) {
	s.zerosFrom = r.base + int64(r.pos)
	for budget := scanBudget; ; r.pos++ {
		if r.end-r.pos < scanMax {
			if s.err = r.fill(2 * scanMax); s.err != nil {
				return s
			}
		}
		b := r.buf[r.pos:r.end]
		if n := zeros(b); n > leadIn {
			r.pos += n - leadIn
			b = b[n-leadIn:]
		}
		if len(b) == 0 {
			return s
		}
		if b[0] != 0 {
			s.zerosFrom = r.base + int64(r.pos) + 1
		}
		raw := candidate(b)
		if raw == nil {
			continue
		}
		if budget -= len(raw); budget < 0 {
			s.gaveUp = true
			return s
		}
		var h jute.TxnHeader
		if uint64(adler32.Checksum(raw)) == binary.BigEndian.Uint64(b) && jute.Unmarshal(raw, &h) == nil && h.Zxid > r.zxid {
			s.next, s.zxid = r.base+int64(r.pos), h.Zxid
			return s
		}
	}
}

// candidate returns the transaction of what may be a record, else nil.
func candidate(b []byte) []byte {
	if len(b) < prefixSize+recordMin+1 || binary.BigEndian.Uint32(b) != 0 {
		return nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b[8:])))
	if n < recordMin || prefixSize+n+1 > int64(min(len(b), scanMax)) || b[prefixSize+n] != endOfTxn {
		return nil
	}
	return b[prefixSize : prefixSize+n]
}
