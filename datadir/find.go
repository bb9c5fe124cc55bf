package datadir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zook/snapshot"
	"zook/txnlog"
)

// Find is Open for a directory that has to be there: a data directory, or the
// version-2 in it. An error that is fs.ErrNotExist says that it is no such thing.
func Find(dir string) (*Dir, error) { return FindBoth(dir, "") }

// FindBoth is Find with the logs in another directory, unless logDir is "".
func FindBoth(dataDir, logDir string) (*Dir, error) {
	snaps, err := find(dataDir)
	if err != nil {
		return nil, err
	}
	logs := snaps
	if logDir != "" {
		if logs, err = find(logDir); err != nil {
			return nil, err
		}
	}
	return &Dir{SnapDir: snaps, LogDir: logs}, nil
}

// find returns the directory that files of version 2 are in.
func find(dir string) (string, error) {
	inside := filepath.Join(dir, version)
	if st, err := os.Stat(inside); err == nil && st.IsDir() {
		return inside, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		_, isSnapshot := snapshot.ParseName(e.Name())
		_, isLog := txnlog.ParseName(e.Name())
		if isSnapshot || isLog {
			return dir, nil
		}
	}
	if filepath.Base(dir) == version {
		return dir, nil // nothing has been written yet
	}
	return "", &notDataDirError{dir}
}

// notDataDirError is a directory of something else.
type notDataDirError struct{ dir string }

func (e *notDataDirError) Error() string {
	return fmt.Sprintf("%s: not a data directory: there is no %s in it, and no snapshot or log", e.dir, version)
}

func (e *notDataDirError) Unwrap() error { return fs.ErrNotExist }
