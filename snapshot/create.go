package snapshot

import (
	"os"
	"path/filepath"
	"runtime"
)

// Create writes the snapshot of zxid into dir, by what write calls on the
// Writer; Create itself closes it. The file gets its name once all of it is
// durable, and replaces one of the same name. After an error, from write or from
// the disk, no file is left; after a crash there may be one that begins with
// TempPrefix. It returns the path.
func Create(dir string, zxid int64, opts Options, write func(*Writer) error) (string, error) {
	path := filepath.Join(dir, FileName(zxid, opts.Compression))
	temp := filepath.Join(dir, TempPrefix+filepath.Base(path)[len("snapshot."):])
	f, err := os.Create(temp)
	if err != nil {
		return "", err
	}
	defer os.Remove(temp) // has no effect once it is renamed
	w := NewWriter(f, opts)
	if err = write(w); err == nil {
		err = w.Close()
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return "", err
	}
	return path, nil
}

// syncDir makes the names in dir durable. Windows has no call for that.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
