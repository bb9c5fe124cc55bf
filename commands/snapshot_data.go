package commands

import (
	"context"
	"io"
	"os"
	"slices"

	"zook/snapshot"
)

// plainFile is a snapshot whose bytes are not compressed: the file itself, or a
// temporary file of what is in it, which is gone once it is closed.
type plainFile struct {
	*os.File
	temp bool
}

// openPlain opens a snapshot.
func openPlain(ctx context.Context, path string) (*plainFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := snapshot.NewReader(f, path)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil && r.Compression() == snapshot.None {
		return &plainFile{File: f}, nil
	}
	defer f.Close()
	if err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp("", "zook-snapshot-")
	if err != nil {
		return nil, err
	}
	os.Remove(temp.Name()) // where that is allowed, it is there as long as it is open
	p := &plainFile{temp, true}
	err = snapshot.Uncompress(&contextWriter{ctx, temp}, f, path)
	if err == nil {
		_, err = temp.Seek(0, io.SeekStart)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *plainFile) Close() error {
	err := p.File.Close()
	if p.temp {
		os.Remove(p.Name())
	}
	return err
}

// contextWriter ends with its context.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *contextWriter) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// dataReader reads the data of znodes out of an uncompressed snapshot, in any
// order; what is near what was read is most often at hand.
type dataReader struct {
	from   io.ReaderAt
	blocks [1024]dataBlock
	buf    []byte
}

// dataBlock is a part of the file.
type dataBlock struct {
	number int64
	bytes  []byte // nil if there is none
}

const dataBlockSize = 4 << 10

// read returns data that is valid until the next call.
func (d *dataReader) read(at int64, length int) ([]byte, error) {
	if length > dataBlockSize {
		d.buf = slices.Grow(d.buf[:0], length)[:length]
		_, err := d.from.ReadAt(d.buf, at)
		return d.buf, err
	}
	first, err := d.part(at)
	if err != nil {
		return nil, err
	}
	if len(first) >= length {
		return first[:length], nil
	}
	d.buf = append(d.buf[:0], first...)
	rest, err := d.part(at + int64(len(first)))
	if err == nil && len(first)+len(rest) < length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return append(d.buf, rest[:length-len(first)]...), nil
}

// part returns what there is from an offset on to the end of its block.
func (d *dataReader) part(at int64) ([]byte, error) {
	number, from := at/dataBlockSize, at%dataBlockSize
	b := &d.blocks[number%int64(len(d.blocks))]
	if b.bytes == nil || b.number != number {
		b.number, b.bytes = number, slices.Grow(b.bytes[:0], dataBlockSize)[:dataBlockSize]
		n, err := d.from.ReadAt(b.bytes, number*dataBlockSize)
		if b.bytes = b.bytes[:n]; err != nil && err != io.EOF {
			b.bytes = nil
			return nil, err
		}
	}
	return b.bytes[min(from, int64(len(b.bytes))):], nil
}
