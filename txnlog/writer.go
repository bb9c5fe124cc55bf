package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"zook/internal/durable"
	"zook/jute"
)

const (
	defaultPrealloc = 64 << 20
	// padMargin is how near to the end of the file the writer may come before it
	// lengthens it.
	padMargin = 4096
	// flushSize bounds what Append keeps in memory.
	flushSize = 1 << 20
)

// Options of Create.
type Options struct {
	// Prealloc is by how many bytes the file is lengthened with zeros, ahead of
	// the records; 0 is 64 MiB, as in Apache ZooKeeper, and less than 0 is none.
	Prealloc int64
}

// Writer appends transactions to a new log. It is not for concurrent use.
//
// After an error of the disk the writer is dead: every later call returns that
// first error and touches the file no more. What a failed sync left on the disk
// cannot be known, and a second one that succeeds would not tell.
type Writer struct {
	f        *os.File
	buf      []byte // appended and not yet written
	off      int64  // where buf goes
	padded   int64  // the size that the file was last lengthened to
	prealloc int64
	unsynced bool // something was written since the last sync
	err      error
}

// newName is what a log is called until its header is durable. It is no name of a log,
// for us or for Apache ZooKeeper, which does not start (3.8) where a crash has left a log
// without a header, and whose purge removes what begins with "log.".
const newName = "new.log"

// Create creates the log of dir whose first transaction will be firstZxid, and
// makes it durable, header and name. It takes the place of a file of that name
// only if that one holds no transaction, as after a crash; otherwise the error
// is fs.ErrExist.
func Create(dir string, firstZxid int64, opts Options) (*Writer, error) {
	path := filepath.Join(dir, FileName(firstZxid))
	if err := checkReplaceable(path); err != nil {
		return nil, err
	}
	w := &Writer{prealloc: opts.Prealloc}
	if w.prealloc == 0 {
		w.prealloc = defaultPrealloc
	}
	temp := filepath.Join(dir, newName)
	if err := w.begin(temp); err != nil {
		os.Remove(temp)
		return nil, err
	}
	err := os.Rename(temp, path)
	if err == nil {
		w.f, err = os.OpenFile(path, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := durable.Dir(dir); err != nil {
		w.f.Close()
		return nil, err
	}
	return w, nil
}

// begin makes a file of a header and the first zeros. It is closed then: Windows does
// not rename an open one.
func (w *Writer) begin(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	w.f = f
	h := jute.FileHeader{Magic: jute.LogMagic, Version: version}
	w.buf = h.Append(w.buf)
	w.flush()
	w.padded = w.off
	w.pad()
	err = w.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// checkReplaceable returns nil if there is no log at path, or one without transactions.
func checkReplaceable(path string) error {
	r, err := Open(path)
	if err == nil {
		_, err = r.Next()
		r.Close()
	}
	var corrupt *CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist), err == io.EOF, errors.As(err, &corrupt) && corrupt.Torn:
		return nil
	case err == nil:
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return fmt.Errorf("cannot replace a log: %w", err)
}

// Append adds a transaction behind the others. It is in memory, or on its way,
// until Sync returns.
func (w *Writer) Append(txn *jute.Txn) error {
	if w.err != nil {
		return w.err
	}
	start := len(w.buf)
	w.buf = append(w.buf, make([]byte, prefixSize)...)
	w.buf = seal(txn.Append(w.buf), start)
	return w.flushFull()
}

// AppendRaw is Append for a transaction that is encoded already, as in Record.Raw.
func (w *Writer) AppendRaw(raw []byte) error {
	if w.err != nil {
		return w.err
	}
	w.buf = appendRecord(w.buf, raw)
	return w.flushFull()
}

// appendRecord appends an encoded transaction as a record.
func appendRecord(b, raw []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, prefixSize)...)
	b = append(b, raw...)
	return seal(b, start)
}

// seal completes the record that begins at b[start].
func seal(b []byte, start int) []byte {
	rec := b[start:]
	raw := rec[prefixSize:]
	binary.BigEndian.PutUint64(rec, uint64(adler32.Checksum(raw)))
	binary.BigEndian.PutUint32(rec[8:], uint32(len(raw)))
	return append(b, endOfTxn)
}

func (w *Writer) flushFull() error {
	if len(w.buf) >= flushSize {
		w.pad()
		w.flush()
	}
	return w.err
}

// Flush writes what was appended. It is in the hands of the operating system then: it
// outlasts this process, and not a crash of the machine.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		w.pad()
		w.flush()
	}
	return w.err
}

// Sync writes what was appended and returns when it is durable.
func (w *Writer) Sync() error {
	if w.Flush() == nil && w.unsynced {
		w.fail(syncData(w.f))
		w.unsynced = false
	}
	return w.err
}

// pad lengthens the file when its end is near, to the sizes that Apache's files have.
func (w *Writer) pad() {
	if w.err != nil || w.prealloc <= 0 || w.off+padMargin < w.padded {
		return
	}
	size := w.padded + w.prealloc
	if w.off > w.padded {
		size = w.off + w.prealloc
		size -= size % w.prealloc
	}
	if err := w.f.Truncate(size); err != nil {
		w.fail(err)
		return
	}
	w.padded, w.unsynced = size, true
}

func (w *Writer) flush() {
	if w.err != nil {
		return
	}
	n, err := w.f.WriteAt(w.buf, w.off)
	w.unsynced = true
	if err != nil {
		w.fail(err)
		return
	}
	w.off += int64(n)
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*flushSize {
		w.buf = nil
	}
}

func (w *Writer) fail(err error) {
	if w.err == nil && err != nil {
		w.err = err
	}
}

// Size is the bytes of the header and of all records, those in memory too,
// without the zeros behind them.
func (w *Writer) Size() int64 { return w.off + int64(len(w.buf)) }

// Name is the path of the file.
func (w *Writer) Name() string { return w.f.Name() }

// Close syncs and closes the file. Its zeros stay, as Apache leaves them.
func (w *Writer) Close() error {
	if w.err == fs.ErrClosed {
		return nil
	}
	err := w.Sync()
	if cerr := w.f.Close(); err == nil {
		err = cerr
	}
	w.fail(fs.ErrClosed)
	return err
}
