package snapshot

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/golang/snappy"
)

// The stream of snappy-java's SnappyOutputStream.
const (
	snappyMagic  = "\x82SNAPPY\x00"
	snappyHeader = snappyMagic + "\x00\x00\x00\x01\x00\x00\x00\x01"
	snappyBlock  = 32 << 10
	// snappyMaxBlock is the largest block that snappy-java can be told to write.
	snappyMaxBlock = 512 << 20
)

type snappyWriter struct {
	out    io.Writer
	block  []byte // gathered, not yet compressed
	packed []byte
	err    error
}

func newSnappyWriter(out io.Writer) *snappyWriter {
	return &snappyWriter{out: out, block: make([]byte, 0, snappyBlock), packed: []byte(snappyHeader)}
}

func (w *snappyWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0 && w.err == nil; {
		n := min(len(rest), snappyBlock-len(w.block))
		w.block = append(w.block, rest[:n]...)
		rest = rest[n:]
		if len(w.block) == snappyBlock {
			w.flush()
		}
	}
	return len(p), w.err
}

// flush writes the block, and before the first one the header.
func (w *snappyWriter) flush() {
	head := len(w.packed)
	w.packed = append(w.packed, make([]byte, 4+snappy.MaxEncodedLen(len(w.block)))...)
	n := len(snappy.Encode(w.packed[head+4:], w.block))
	binary.BigEndian.PutUint32(w.packed[head:], uint32(n))
	_, w.err = w.out.Write(w.packed[:head+4+n])
	w.block, w.packed = w.block[:0], w.packed[:0]
}

func (w *snappyWriter) Close() error {
	if w.err == nil && len(w.block) > 0 {
		w.flush()
	}
	return w.err
}

type snappyReader struct {
	in     *bufio.Reader
	packed []byte
	block  []byte // decompressed
	rest   []byte // of block, not read yet
}

// newSnappyReader reads a stream that begins with the header.
func newSnappyReader(in *bufio.Reader) (*snappyReader, error) {
	r := &snappyReader{in: in}
	return r, r.header()
}

// header skips a header, which also stands between streams that were concatenated.
func (r *snappyReader) header() error {
	var h [len(snappyHeader)]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		return unexpected(err)
	}
	if string(h[:8]) != snappyMagic {
		return errors.New("snappy: no header")
	}
	if v := binary.BigEndian.Uint32(h[12:]); v > 1 {
		return fmt.Errorf("snappy: needs a reader of version %d", v)
	}
	return nil
}

func (r *snappyReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next decompresses the next block. io.EOF is only between blocks.
func (r *snappyReader) next() error {
	head, err := r.in.Peek(8)
	if len(head) == 0 {
		return err
	}
	if string(head) == snappyMagic {
		return r.header()
	}
	if len(head) < 4 {
		return unexpected(err)
	}
	n := binary.BigEndian.Uint32(head)
	r.in.Discard(4)
	if n > uint32(snappy.MaxEncodedLen(snappyMaxBlock)) {
		return fmt.Errorf("snappy: a block of %d bytes", n)
	}
	if err := r.fill(int(n)); err != nil {
		return err
	}
	size, err := snappy.DecodedLen(r.packed)
	if err != nil {
		return err
	}
	// Three bytes make at most 64, so a length beyond that is a lie.
	if size > snappyMaxBlock || size > 22*len(r.packed) {
		return fmt.Errorf("snappy: a block of %d bytes cannot hold %d", n, size)
	}
	if cap(r.block) < size {
		r.block = make([]byte, size)
	}
	r.block, err = snappy.Decode(r.block[:cap(r.block)], r.packed)
	r.rest = r.block
	return err
}

// fill reads n compressed bytes, and makes room only as they come.
func (r *snappyReader) fill(n int) error {
	r.packed = r.packed[:0]
	for len(r.packed) < n {
		step := min(n-len(r.packed), 64<<10)
		r.packed = append(r.packed, make([]byte, step)...)
		if _, err := io.ReadFull(r.in, r.packed[len(r.packed)-step:]); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// unexpected is an end of the input where there should be more.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
