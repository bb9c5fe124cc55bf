package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zook/internal/durable"
	"zook/snapshot"
	"zook/txnlog"
)

// NotFreshError is a directory that has files of a server already.
type NotFreshError struct {
	Path string // the first of them
}

func (e *NotFreshError) Error() string {
	return e.Path + ": it is there already, and a new data directory has no files of a server"
}

// CheckFresh reports whether CreateFrom could make a data directory of dataDir, as
// far as what is there goes: a *NotFreshError.
func CheckFresh(dataDir string) error {
	entries, err := os.ReadDir(dataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		_, isSnapshot := snapshot.ParseName(e.Name())
		_, isLog := txnlog.ParseName(e.Name())
		if isSnapshot || isLog {
			return &NotFreshError{filepath.Join(dataDir, e.Name())}
		}
	}
	inside := filepath.Join(dataDir, version)
	entries, err = os.ReadDir(inside)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return &NotFreshError{filepath.Join(inside, entries[0].Name())}
	}
	return nil
}

// CreateFrom makes a data directory that holds one snapshot, that of zxid, by what
// write calls on the Writer. dataDir may be there, but no file of a server: that
// is a *NotFreshError. The directory of the files gets its name once all in it is
// durable; after an error nothing is left, and after a crash there may be a
// version-2.new… that no server looks at. It returns the path of the snapshot.
func CreateFrom(dataDir string, zxid int64, opts snapshot.Options, write func(*snapshot.Writer) error) (path string, err error) {
	if err := CheckFresh(dataDir); err != nil {
		return "", err
	}
	_, missing := os.Stat(dataDir)
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return "", err
	}
	beside, err := os.MkdirTemp(dataDir, version+".new")
	if err != nil {
		return "", err
	}
	defer func() {
		if err == nil {
			return
		}
		os.RemoveAll(beside)
		if missing != nil {
			os.Remove(dataDir)
		}
	}()
	if err := os.Chmod(beside, 0o755); err != nil {
		return "", err
	}
	if path, err = snapshot.Create(beside, zxid, opts, write); err != nil {
		return "", err
	}
	inside := filepath.Join(dataDir, version)
	// An empty directory in the way goes; one with files stays, and so it fails.
	if err := os.Remove(inside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("somebody else uses it now: %w", err)
	}
	if err := os.Rename(beside, inside); err != nil {
		return "", err
	}
	return filepath.Join(inside, filepath.Base(path)), durable.Dir(dataDir)
}
