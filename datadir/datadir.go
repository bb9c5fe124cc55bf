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
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// Dir is a data directory.
type Dir struct {
	SnapDir string // holds the snapshots
	LogDir  string // holds the logs; often the same
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
		if zxid, ok := parse(e.Name()); ok && e.Type().IsRegular() {
			files = append(files, File{filepath.Join(dir, e.Name()), zxid})
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Zxid, b.Zxid) })
	return files, nil
}

// Snapshots lists the snapshots, oldest first.
func (d *Dir) Snapshots() ([]File, error) { return list(d.SnapDir, snapshot.ParseName) }

// Logs lists the logs, oldest first.
func (d *Dir) Logs() ([]File, error) { return list(d.LogDir, txnlog.ParseName) }

// State is what a directory adds up to.
type State struct {
	Tree        *datatree.Tree
	Sessions    map[int64]int32 // timeouts in milliseconds by session id
	HasSnapshot bool            // a snapshot was loaded
	Replayed    int             // transactions applied behind the snapshot
	Warnings    []string        // what an operator should know, a line each

	// digestFrom is the zxid from which on the tree's digest says something:
	// until then the tree may hold more than it was told. digest is what it has
	// to be there, if the snapshot knows.
	digestFrom int64
	digest     *jute.TxnDigest
	differs    error // the first transaction whose digest was another, if all since have differed
}

// Load reads the newest snapshot that is whole and applies the logs behind it.
// The error is of files that cannot be read, are damaged (*txnlog.CorruptError)
// or do not add up; nothing is changed on disk.
func (d *Dir) Load() (*State, error) {
	st, from, err := d.loadSnapshot()
	if err != nil {
		return nil, err
	}
	logs, err := d.Logs()
	if err != nil {
		return nil, err
	}
	// The last log that begins at or before the next zxid, and all after it.
	first := 0
	for i, f := range logs {
		if f.Zxid <= from+1 {
			first = i
		}
	}
	for i := first; i < len(logs); i++ {
		if err := st.replay(logs[i], from, i == len(logs)-1); err != nil {
			return nil, err
		}
	}
	if st.differs != nil {
		return nil, st.differs
	}
	return st, nil
}

func (d *Dir) loadSnapshot() (*State, int64, error) {
	snaps, err := d.Snapshots()
	if err != nil {
		return nil, 0, err
	}
	var warnings []string
	for _, f := range slices.Backward(snaps) {
		st, err := readSnapshot(f)
		if err == nil {
			st.Warnings = warnings
			return st, f.Zxid, nil
		}
		var corrupt *snapshot.CorruptError
		if !errors.As(err, &corrupt) {
			return nil, 0, err
		}
		warnings = append(warnings, fmt.Sprintf("snapshot passed over: %v", err))
	}
	if len(warnings) > 0 {
		// Without the snapshot that they follow, logs say nothing whole.
		return nil, 0, fmt.Errorf("%s: no snapshot is whole: %s", d.SnapDir, warnings[0])
	}
	return &State{Tree: datatree.New(), Sessions: map[int64]int32{}}, 0, nil
}

func readSnapshot(f File) (*State, error) {
	r, err := snapshot.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	st := &State{Sessions: map[int64]int32{}, HasSnapshot: true}
	for s, err := range r.Sessions() {
		if err != nil {
			return nil, err
		}
		st.Sessions[s.ID] = s.Timeout
	}
	b := datatree.NewBuilder()
	for a, err := range r.ACLs() {
		if err != nil {
			return nil, err
		}
		b.ACL(a.ID, a.List)
	}
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := b.Node(string(n.Path), bytes.Clone(n.Data), n.ACL, n.Stat); err != nil {
			return nil, &snapshot.CorruptError{File: f.Path, Offset: n.Offset, Reason: err.Error()}
		}
	}
	st.Tree = b.Tree(f.Zxid)
	return st, st.expectDigest(r, f)
}

// expectDigest takes what a snapshot says of the tree's digest.
func (st *State) expectDigest(r *snapshot.Reader, f File) error {
	g, ok := r.Digest()
	switch {
	case f.Zxid == 0: // an empty tree; nothing had happened yet
	case !ok || g.Zxid == 0: // of a server before 3.6, or one that had applied nothing yet
		st.digestFrom = math.MaxInt64
	case g.Zxid < f.Zxid: // of a leader that began an epoch: no transaction in between, and no promise
		st.digestFrom = f.Zxid
	default:
		st.digestFrom, st.digest = g.Zxid, &jute.TxnDigest{Version: g.Version, TreeDigest: g.Digest}
		if g.Zxid == f.Zxid && !st.agrees(st.digest) {
			return &snapshot.CorruptError{File: f.Path, Reason: "the tree does not have the digest that the snapshot says"}
		}
	}
	return nil
}
