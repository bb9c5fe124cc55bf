package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zook/datadir"
	"zook/snapshot"
	"zook/txnlog"
)

// CheckDirs refuses a data directory that is missing and must not be made, and one whose
// files are in each other's place: what is there would be passed over, as if it had never
// been written. Behaviour: FileTxnSnapLog.
func CheckDirs(cfg *Config) error {
	dir := datadir.Open(cfg.DataDir, cfg.DataLogDir)
	if cfg.NoAutocreate {
		for _, d := range []string{dir.SnapDir, dir.LogDir} {
			if _, err := os.Stat(d); errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: it is missing, and datadir.autocreate is false: zook server init makes it", d)
			}
		}
	}
	if dir.SnapDir == dir.LogDir {
		return nil
	}
	if name := firstNamed(dir.LogDir, snapshot.ParseName); name != "" {
		return fmt.Errorf("%s: a snapshot where dataLogDir has its logs; are dataDir and dataLogDir what they were?", name)
	}
	if name := firstNamed(dir.SnapDir, txnlog.ParseName); name != "" {
		return fmt.Errorf("%s: a log where dataDir has its snapshots; are dataDir and dataLogDir what they were?", name)
	}
	return nil
}

// firstNamed is the path of the first file of a kind, "" if there is none.
func firstNamed(dir string, parse func(string) (int64, bool)) string {
	entries, _ := os.ReadDir(dir) // a directory that is not there, or cannot be read, is the start's to tell
	for _, e := range entries {
		if _, ok := parse(e.Name()); ok {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}

// withRepair adds to what is wrong with a log what to run. Nothing is cut off here to make
// a start succeed: what is behind damage was acknowledged, and may be read yet.
func withRepair(err error) error {
	var log *txnlog.CorruptError
	if !errors.As(err, &log) {
		return err
	}
	dir := filepath.Dir(log.File)
	return fmt.Errorf("%w; nothing was changed: zook txnlog verify %s tells all that is wrong, zook txnlog repair %s makes a whole log of it",
		err, dir, log.File)
}

// warnOfLargeTxn tells of a transaction that was logged under a larger jute.maxbuffer.
// Apache does not start on it ("Unreasonable length"), once it is behind its limit with
// what that adds (jute.maxbuffer.extrasize, at least 1,024 bytes).
func (s *Server) warnOfLargeTxn(largest int) {
	if largest > s.cfg.MaxFrame+1024 {
		s.log.Warn("the logs hold a transaction that no client could send today; clients may not be able to read what it wrote, and Apache ZooKeeper may not start here",
			"bytes", largest, "jute.maxbuffer", s.cfg.MaxFrame)
	}
}

// checkState refuses logs without any snapshot, as Apache does: a server writes one
// before its first log, so they are what is left of something.
func checkState(cfg *Config, state *datadir.State) error {
	if state.Snapshot != nil || len(state.Logs) == 0 || cfg.TrustEmptySnapshot {
		return nil
	}
	return fmt.Errorf("%s: there are logs and no snapshot; snapshot.trust.empty=true starts on them, as an upgrade from before 3.5 needs it", state.Logs[0].Path)
}

// removeInitialize removes the file by which zkServer-initialize.sh says that an empty
// directory is no accident. A standalone server does not ask for it.
func removeInitialize(cfg *Config) {
	for _, dir := range slices.Compact([]string{cfg.DataDir, cfg.DataLogDir}) {
		os.Remove(filepath.Join(dir, "initialize"))
	}
}

// lockName is a file beside the snapshots and logs whose lock a running server
// has. Other servers of ZooKeeper do not look at it.
const lockName = "zook.lock"

// LockDir takes the lock that a running server has on a directory of snapshots or logs
// (version-2), or says that somebody else has it. The error is fs.ErrNotExist where
// there is no such directory.
func LockDir(dir string) (release func() error, err error) {
	f, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return f.Close, nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: another server runs on this directory: %w", dir, err)
	}
	return f, nil
}

// purgeLoop removes old snapshots and logs at the start and then every PurgeInterval.
// Behaviour: DatadirCleanupManager.
func (s *Server) purgeLoop() {
	defer s.running.Done()
	every := time.NewTicker(s.cfg.PurgeInterval)
	defer every.Stop()
	for {
		s.purge()
		select {
		case <-s.stopping:
			return
		case <-every.C:
		}
	}
}

func (s *Server) purge() {
	err := Purge(s.dir, s.cfg.PurgeRetain, func(f datadir.File, _ fs.FileInfo, err error) {
		if err != nil {
			s.log.Error("purge", "reason", err.Error())
		} else {
			s.log.Info("purged", "file", f.Path)
		}
	})
	if err != nil {
		s.log.Error("purge", "reason", err.Error())
	}
}

// Purge removes snapshots but the newest so many, and the logs that none of those needs,
// as Apache does; a server may be running. Each file is told to done, with what it was and
// the error if it could not be removed.
func Purge(dir *datadir.Dir, retain int, done func(datadir.File, fs.FileInfo, error)) error {
	gone, err := dir.Purge(retain)
	if err != nil {
		return err
	}
	for _, f := range gone {
		st, err := os.Stat(f.Path)
		if err != nil || strings.HasPrefix(filepath.Base(f.Path), snapshot.TempPrefix) {
			continue // somebody else has removed it, or a server writes it
		}
		done(f, st, os.Remove(f.Path))
	}
	return nil
}

// removeTemporary removes snapshots that a crash left half written.
func removeTemporary(dir *datadir.Dir) {
	entries, _ := os.ReadDir(dir.SnapDir) // an error is for what follows to tell
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), snapshot.TempPrefix) {
			os.Remove(filepath.Join(dir.SnapDir, e.Name()))
		}
	}
}
