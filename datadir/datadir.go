// Package datadir is a ZooKeeper data directory: which snapshots and logs are
// there, and the tree that they add up to.
//
//	dataDir/version-2/snapshot.<zxid>      the tree as it was about then
//	dataLogDir/version-2/log.<zxid>        the transactions from that zxid on
//
// with zxids in hexadecimal. A snapshot is written while the tree changes, so it
// may hold more than its name says; replaying the log from its zxid on makes it
// whole. Format: FileTxnSnapLog.java.
package datadir

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"zook/snapshot"
	"zook/txnlog"
)

// Dir is a data directory.
type Dir struct {
	SnapDir string // holds the snapshots
	LogDir  string // holds the logs; often the same

	// NoLastZxid makes WriteSnapshot leave out the last zxid, as Apache's servers
	// before 3.9 do.
	NoLastZxid bool
	// Compression is how WriteSnapshot packs.
	Compression snapshot.Compression
	// NoDigest makes WriteSnapshot leave out the digest of the tree.
	NoDigest bool
}

// version is the directory that the files of format version 2 are in.
const version = "version-2"

// Open names a data directory; logDir is "" where it is the same.
func Open(dataDir, logDir string) *Dir {
	if logDir == "" {
		logDir = dataDir
	}
	return &Dir{SnapDir: filepath.Join(dataDir, version), LogDir: filepath.Join(logDir, version)}
}

// Create makes the directories that are missing.
func Create(dataDir, logDir string) (*Dir, error) {
	d := Open(dataDir, logDir)
	for _, dir := range []string{d.SnapDir, d.LogDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// File is a snapshot or a log.
type File struct {
	Path string
	Zxid int64 // from its name
}

func list(dir string, parse func(string) (int64, bool)) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if zxid, ok := parse(e.Name()); ok && isFile(path, e) {
			files = append(files, File{path, zxid})
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Zxid, b.Zxid) })
	return files, nil
}

// isFile reports whether an entry is a file, or a link to one.
func isFile(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// Snapshots lists the snapshots, oldest first.
func (d *Dir) Snapshots() ([]File, error) { return list(d.SnapDir, snapshot.ParseName) }

// Logs lists the logs, oldest first.
func (d *Dir) Logs() ([]File, error) { return list(d.LogDir, txnlog.ParseName) }
