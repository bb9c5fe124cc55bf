package snapshot

import (
	"os"
	"path/filepath"
	"strings"

	"zook/internal/durable"
)

// Create writes the snapshot of zxid into dir, by what write calls on the
// Writer; Create itself closes it. The file gets its name once all of it is
// durable, and replaces one of the same name. After an error, from write or from
// the disk, no file is left; after a crash there may be one that begins with
// TempPrefix. It returns the path.
func Create(dir string, zxid int64, opts Options, write func(*Writer) error) (string, error) {
	name := FileName(zxid, opts.Compression)
	path := filepath.Join(dir, name)
	temp := filepath.Join(dir, TempPrefix+strings.TrimPrefix(name, "snapshot."))
	if err := writeFile(temp, opts, write); err != nil {
		return "", err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return "", err
	}
	return path, durable.Dir(dir)
}

// writeFile leaves a whole and durable file, or none.
func writeFile(path string, opts Options, write func(*Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	whole := false
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if !whole || err != nil {
			os.Remove(path)
		}
	}()
	w := NewWriter(&stepped{f: f}, opts)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	whole = true
	return f.Sync()
}

// stepSize is how much of a snapshot may wait for the disk.
const stepSize = 256 << 10

// stepped writes a file step by step, each to the disk before the next. Written at once, all
// of a large snapshot waits for the disk together, and a server that goes on meanwhile waits
// behind it whenever it syncs its log: up to some hundred milliseconds for a million znodes
// of 100 bytes, and next to nothing this way (BenchmarkSnapshotMillion in package server).
type stepped struct {
	f     *os.File
	since int // bytes that were written since the last sync
}

func (s *stepped) Write(p []byte) (int, error) {
	n, err := s.f.Write(p)
	if s.since += n; err == nil && s.since >= stepSize {
		s.since = 0
		err = s.f.Sync()
	}
	return n, err
}
