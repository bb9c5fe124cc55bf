package snapshot

import (
	"errors"
	"fmt"
	"io"

	"zook/jute"
)

// decode reads one thing, which errors call what. Where the window ends inside of
// it, the window takes in more and the thing is read again from its beginning.
func (r *Reader) decode(what string, read func(*jute.Decoder)) error {
	for {
		r.d.Reset(r.buf[r.pos:r.end])
		read(&r.d)
		err := r.d.Err()
		switch {
		case err == nil:
			r.pos += r.d.Offset()
			return nil
		case !errors.Is(err, jute.ErrShort):
			return r.corrupt(r.offset(), "%s: %v", what, err)
		case r.srcErr == io.EOF:
			return r.corrupt(r.offset(), "the file ends inside %s: %v", what, err)
		case r.srcErr != nil:
			return r.readError(r.srcErr)
		}
		r.fill()
	}
}

// fill takes in more, at least a byte unless srcErr says why not.
func (r *Reader) fill() {
	if r.pos > 0 {
		r.turn()
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n := 0
	for tries := 0; n == 0 && r.srcErr == nil; tries++ {
		if n, r.srcErr = r.src.Read(r.buf[r.end:]); tries == 100 {
			r.srcErr = io.ErrNoProgress
		}
	}
	r.end += n
}

// turn takes the other buffer for window, with what is not read yet at its
// beginning. What was read is added to the checksum meanwhile, which takes longer
// than to decode it.
func (r *Reader) turn() {
	r.awaitSum()
	read, rest := r.buf[r.summed:r.pos], r.buf[r.pos:r.end]
	if len(r.other) < 2*len(rest) || r.other == nil {
		r.other = make([]byte, max(windowSize, 2*len(rest)))
	}
	copy(r.other, rest)
	r.buf, r.other = r.other, r.buf
	r.base += int64(r.pos)
	r.pos, r.end, r.summed = 0, r.end-r.pos, 0
	done := make(chan struct{})
	go func() {
		r.sum = addAdler(r.sum, read)
		close(done)
	}()
	r.summing = done
}

// awaitSum waits until the other buffer is in the checksum.
func (r *Reader) awaitSum() {
	if r.summing != nil {
		<-r.summing
		r.summing = nil
	}
}

// summarize adds what was read to the checksum.
func (r *Reader) summarize() {
	r.awaitSum()
	r.sum = addAdler(r.sum, r.buf[r.summed:r.pos])
	r.summed = r.pos
}

func (r *Reader) offset() int64 { return r.base + int64(r.pos) }

func (r *Reader) corrupt(offset int64, format string, args ...any) error {
	e := &CorruptError{File: r.name, Offset: offset, Path: string(r.path), Reason: fmt.Sprintf(format, args...)}
	if r.some && e.Path == "" {
		e.Path = "/"
	}
	return e
}

// readError is why there is no more to read: the disk, or the compression.
func (r *Reader) readError(err error) error {
	if r.raw.err != nil && r.raw.err != io.EOF {
		return fmt.Errorf("%s: reading behind offset %d: %w", r.name, r.base+int64(r.end), r.raw.err)
	}
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		return r.corrupt(r.base+int64(r.end), "the compressed file ends too early")
	}
	return r.corrupt(r.base+int64(r.end), "the compressed bytes are damaged: %v", err)
}
