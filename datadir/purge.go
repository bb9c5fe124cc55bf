package datadir

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Purge returns what Apache's autopurge would remove to keep so many snapshots: the
// snapshots that are older, and the logs that none of those kept needs. Files that are
// named like theirs and have no zxid go too. Nothing is removed if there is no snapshot
// that Apache takes for one. Behaviour: PurgeTxnLog.purgeOlderSnapshots.
func (d *Dir) Purge(retain int) ([]File, error) {
	snaps, err := named(d.SnapDir, "snapshot")
	if err != nil {
		return nil, err
	}
	logs, err := named(d.LogDir, "log")
	if err != nil {
		return nil, err
	}
	kept, oldest := 0, int64(0)
	for _, f := range slices.Backward(snaps) {
		if kept < retain && f.Zxid >= 0 && looksWhole(f.Path) {
			kept, oldest = kept+1, f.Zxid
		}
	}
	if kept == 0 {
		return nil, nil
	}
	needed := int64(0) // the last log that begins at or before the oldest snapshot
	for _, f := range logs {
		if f.Zxid <= oldest {
			needed = max(needed, f.Zxid)
		}
	}
	var gone []File
	for _, f := range snaps {
		if f.Zxid < oldest {
			gone = append(gone, f)
		}
	}
	for _, f := range logs {
		if f.Zxid < oldest && f.Zxid < needed {
			gone = append(gone, f)
		}
	}
	return gone, nil
}

// named lists the files that Apache takes for those of a kind, oldest first: all that
// begin with the name and a dot. What follows is the zxid, or the file is older than
// any, -1 (Util.getZxidFromName).
func named(dir, prefix string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix+".")
		if !ok || !e.Type().IsRegular() {
			continue
		}
		hex, _, _ := strings.Cut(rest, ".")
		zxid, err := strconv.ParseInt(hex, 16, 64)
		if err != nil {
			zxid = -1
		}
		files = append(files, File{filepath.Join(dir, e.Name()), zxid})
	}
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Zxid, b.Zxid) })
	return files, nil
}

// looksWhole is all that Apache looks at before it counts on a snapshot: how it ends,
// or how it begins if it is compressed (SnapStream.isValidSnapshot).
func looksWhole(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [8]byte
	n, _ := io.ReadFull(f, head[:])
	switch {
	case strings.HasSuffix(path, ".gz"):
		return bytes.HasPrefix(head[:n], []byte("\x1f\x8b"))
	case strings.HasSuffix(path, ".snappy"):
		return bytes.HasPrefix(head[:n], []byte("\x82SNAPPY\x00"))
	}
	st, err := f.Stat()
	if err != nil || st.Size() < 10 {
		return false
	}
	var tail [5]byte
	_, err = f.ReadAt(tail[:], st.Size()-int64(len(tail)))
	return err == nil && string(tail[:]) == "\x00\x00\x00\x01/"
}
