package txnlog

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Files returns the logs that paths name, in the order of their first transactions:
// a file as it is, and of a directory, or of version-2 in it, all that have the
// name of a log. It is an error if a directory has none.
func Files(paths ...string) ([]string, error) {
	var files []string
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			files = append(files, path)
			continue
		}
		logs, err := logsIn(path)
		if err != nil {
			return nil, err
		}
		files = append(files, logs...)
	}
	if len(files) < 2 {
		return files, nil
	}
	first := make(map[string]int64, len(files))
	for _, f := range files {
		zxid, err := firstZxid(f)
		if err != nil {
			return nil, err
		}
		first[f] = zxid
	}
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(first[a], first[b]) })
	return files, nil
}

func logsIn(dir string) ([]string, error) {
	d, err := logDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []os.DirEntry
	if d != "" {
		if entries, err = os.ReadDir(d); err != nil {
			return nil, err
		}
	}
	var files []string
	for _, e := range entries {
		if _, ok := ParseName(e.Name()); ok && !e.IsDir() {
			files = append(files, filepath.Join(d, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no transaction logs in this directory", dir)
	}
	return files, nil
}

// firstZxid is the zxid of the first transaction; of a log without any, the one
// in its name; 0 if that has none.
func firstZxid(path string) (int64, error) {
	r, err := OpenAny(path)
	if err == nil {
		defer r.Close()
		r.KeepDamaged = true // the order is asked for, not the content
		var rec *Record
		if rec, err = r.Next(); err == nil && rec.Damaged == nil {
			return rec.Header.Zxid, nil
		}
	}
	var corrupt *CorruptError
	if err != nil && err != io.EOF && !errors.As(err, &corrupt) {
		return 0, err
	}
	zxid, _ := ParseName(filepath.Base(path))
	return zxid, nil
}

// errPacked is in every error of a source that could not be unpacked.
var errPacked = errors.New("the compressed file is damaged")

type unpacked struct{ *gzip.Reader }

func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	if err != nil && err != io.EOF {
		if file := (*os.PathError)(nil); !errors.As(err, &file) {
			err = fmt.Errorf("%w: %v", errPacked, err)
		}
	}
	return n, err
}

const gzipMagic = "\x1f\x8b"

// OpenAny is Open for a log that may be packed by gzip, as its first bytes say.
// Offsets are then those in the unpacked log.
func OpenAny(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var magic [2]byte
	if n, _ := io.ReadFull(f, magic[:]); n < 2 || string(magic[:]) != gzipMagic {
		f.Close()
		return Open(path)
	}
	r, err := openPacked(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

func openPacked(f *os.File, path string) (*Reader, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, windowSize))
	if err != nil {
		return nil, &CorruptError{File: path, Reason: fmt.Sprintf("%v: %v", errPacked, err)}
	}
	r := newReader(unpacked{z}, path)
	r.file = f
	return r, r.readHeader()
}

// Stream reads several logs one after the other. It is not for concurrent use.
type Stream struct {
	// KeepDamaged is Reader.KeepDamaged of each.
	KeepDamaged bool

	files []string // not opened yet
	r     *Reader
	name  string
}

// NewStream returns a stream of the files, in their order.
func NewStream(files []string) *Stream { return &Stream{files: files} }

// File is the log that the last record, or the last error, was of.
func (s *Stream) File() string { return s.name }

// Next returns the next record, which is valid until the next call. The error is
// io.EOF behind the last log. After any other error, a *CorruptError above all, the
// next call goes on with the next log: whether that makes sense is the caller's to
// say. (It does behind a torn tail, after which a server began a new log.)
func (s *Stream) Next() (*Record, error) {
	for {
		if s.r == nil {
			if len(s.files) == 0 {
				return nil, io.EOF
			}
			s.name, s.files = s.files[0], s.files[1:]
			r, err := OpenAny(s.name)
			if err != nil {
				return nil, err
			}
			r.KeepDamaged = s.KeepDamaged
			s.r = r
		}
		rec, err := s.r.Next()
		if err == nil {
			return rec, nil
		}
		s.Close()
		if err != io.EOF {
			return nil, err
		}
	}
}

// Close closes the log that is open.
func (s *Stream) Close() error {
	if s.r == nil {
		return nil
	}
	err := s.r.Close()
	s.r = nil
	return err
}
