package txnlog

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"zook/internal/durable"
)

// checkNew returns an error that is fs.ErrExist if there is a file at path.
func checkNew(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// newFile makes a file at path, where there must be none, of what write writes. It gets
// its name once it is whole and durable; after an error there is none.
func newFile(path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	if err := checkNew(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = checkNew(path) // it has been a while
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return durable.Dir(dir)
}

// patch is bytes to put over others.
type patch struct {
	offset int64
	b      []byte
}

// copyPrefix makes a file at path of the first n bytes of a log, patched. The patches
// are in their order and do not overlap.
func copyPrefix(from, path string, n int64, patches []patch) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	st, err := src.Stat()
	if err != nil {
		return err
	}
	return newFile(path, st.Mode().Perm(), func(w io.Writer) error {
		at := int64(0)
		for _, p := range append(patches, patch{offset: n}) {
			if _, err := io.Copy(w, io.NewSectionReader(src, at, p.offset-at)); err != nil {
				return err
			}
			if _, err := w.Write(p.b); err != nil {
				return err
			}
			at = p.offset + int64(len(p.b))
		}
		return nil
	})
}
