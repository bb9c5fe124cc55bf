// Package jute packs and unpacks what ZooKeeper puts on the wire and on disk.
//
// All integers are big-endian. The primitives are
//
//	int      4 bytes
//	long     8 bytes
//	boolean  1 byte, 0 or 1
//	buffer   int length, then that many bytes; length -1 is null
//	ustring  as buffer, UTF-8
//	vector   int count, then that many elements; count -1 is null
//
// and a record is its fields in order, without tags, padding or length. On the
// wire every record travels in a frame: an int length, then that many bytes.
//
//	request   length | RequestHeader{xid, type} | body
//	reply     length | ReplyHeader{xid, zxid, err} | body, absent when err != 0
//	event     length | ReplyHeader{-1, -1, 0} | WatcherEvent
//
// The first frame each way is a ConnectRequest and a ConnectResponse, without
// headers.
//
// Records encode with Append and decode through a Decoder, which never allocates
// more than the bytes that it was given can hold, whatever lengths they claim.
// Format: zookeeper.jute and BinaryInputArchive of Apache ZooKeeper 3.10.
package jute

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Record is anything that has a place on the wire or in a file.
type Record interface {
	// Append appends the encoded record to b and returns the longer slice.
	Append(b []byte) []byte
	// Decode reads the record; what went wrong is in d.Err.
	Decode(d *Decoder)
}

// Marshal returns the encoded record.
func Marshal(r Record) []byte { return r.Append(nil) }

// Unmarshal decodes b into r. Bytes beyond the record are allowed, as newer
// peers append fields. Buffers in r alias b.
func Unmarshal(b []byte, r Record) error {
	d := NewDecoder(b)
	r.Decode(d)
	return d.Err()
}

// AppendInt appends an int.
func AppendInt(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendLong appends a long.
func AppendLong(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendBool appends a boolean.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendBuffer appends a buffer; nil is null.
func AppendBuffer(b, v []byte) []byte {
	if v == nil {
		return AppendInt(b, -1)
	}
	return append(AppendInt(b, int32(len(v))), v...)
}

// AppendUstring appends a string.
func AppendUstring(b []byte, v string) []byte {
	return append(AppendInt(b, int32(len(v))), v...)
}

// AppendUstrings appends a vector of strings; nil is null.
func AppendUstrings(b []byte, v []string) []byte {
	if v == nil {
		return AppendInt(b, -1)
	}
	b = AppendInt(b, int32(len(v)))
	for _, s := range v {
		b = AppendUstring(b, s)
	}
	return b
}

func appendVector[T any, P interface {
	*T
	Record
}](b []byte, v []T) []byte {
	if v == nil {
		return AppendInt(b, -1)
	}
	b = AppendInt(b, int32(len(v)))
	for i := range v {
		b = P(&v[i]).Append(b)
	}
	return b
}

// ErrShort is what Decoder.Err wraps when the bytes end before the record does.
// A reader of a stream may fetch more and decode again.
var ErrShort = errors.New("record cut short")

// Decoder reads primitives from a byte slice. Its error sticks: after the first
// one every read returns a zero value, so a record checks once, at its end.
type Decoder struct {
	buf []byte
	off int
	err error
}

// NewDecoder returns a decoder of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{buf: b} }

// Reset makes d a decoder of b, as NewDecoder would.
func (d *Decoder) Reset(b []byte) { *d = Decoder{buf: b} }

// Err is the first error, or nil. It wraps ErrShort when more bytes could help.
func (d *Decoder) Err() error { return d.err }

// Offset is the number of bytes read.
func (d *Decoder) Offset() int { return d.off }

// Rest is what has not been read; it aliases the input.
func (d *Decoder) Rest() []byte { return d.buf[d.off:] }

// More reports whether bytes are left and nothing has failed.
func (d *Decoder) More() bool { return d.err == nil && d.off < len(d.buf) }

// Fail makes err the decoder's error if it has none.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *Decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if len(d.buf)-d.off < n {
		d.err = fmt.Errorf("%w: %d bytes wanted at offset %d, %d left", ErrShort, n, d.off, len(d.buf)-d.off)
		return nil
	}
	b := d.buf[d.off : d.off+n : d.off+n]
	d.off += n
	return b
}

// Int reads an int.
func (d *Decoder) Int() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Long reads a long.
func (d *Decoder) Long() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Bool reads a boolean; as in Java, any byte but 0 is true.
func (d *Decoder) Bool() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

// Buffer reads a buffer; null is nil. The result aliases the input.
func (d *Decoder) Buffer() []byte {
	n := d.Int()
	if d.err != nil || n == -1 {
		return nil
	}
	if n < 0 {
		d.Fail(fmt.Errorf("negative length %d at offset %d", n, d.off-4))
		return nil
	}
	return d.take(int(n))
}

// Ustring reads a string; null is "". It allocates; where that matters, Buffer
// reads the same bytes without.
func (d *Decoder) Ustring() string { return string(d.Buffer()) }

// Ustrings reads a vector of strings; null is nil.
func (d *Decoder) Ustrings() []string {
	n, ok := d.Count(4)
	if !ok {
		return nil
	}
	v := make([]string, n)
	for i := range v {
		v[i] = d.Ustring()
	}
	return v
}

// Count reads the count of a vector whose elements take at least min bytes each;
// ok is false for null and on error. A count that the bytes left cannot hold is
// an error before anything is allocated for it.
func (d *Decoder) Count(min int) (n int, ok bool) {
	c := d.Int()
	if d.err != nil || c == -1 {
		return 0, false
	}
	if c < 0 {
		d.Fail(fmt.Errorf("negative count %d at offset %d", c, d.off-4))
		return 0, false
	}
	if int64(c)*int64(min) > int64(len(d.buf)-d.off) {
		d.Fail(fmt.Errorf("%w: %d elements claimed at offset %d, %d bytes left", ErrShort, c, d.off-4, len(d.buf)-d.off))
		return 0, false
	}
	return int(c), true
}

func decodeVector[T any, P interface {
	*T
	Record
}](d *Decoder, min int) []T {
	n, ok := d.Count(min)
	if !ok {
		return nil
	}
	v := make([]T, n)
	for i := range v {
		P(&v[i]).Decode(d)
	}
	return v
}
