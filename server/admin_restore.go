package server

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// takeSnapshot writes a snapshot and opens it. Writes wait meanwhile, so that it is the
// tree of one moment: nobody has the logs that would make one of it.
func (s *Server) takeSnapshot() (f *os.File, zxid int64, err error) {
	start := time.Now()
	stopped := s.exclusively(func() {
		s.snaps.wait() // it may be of the same zxid
		export := s.tree.Export()
		zxid = export.Zxid()
		if err = s.dir.WriteSnapshot(export, s.sessions.timeouts()); err == nil {
			f, err = os.Open(filepath.Join(s.dir.SnapDir, snapshot.FileName(zxid, s.dir.Compression)))
		}
	})
	if stopped != nil {
		return nil, 0, stopped
	}
	s.stats.snapshotTime.add(time.Since(start).Milliseconds(), 1)
	return f, zxid, err
}

// restore replaces the tree and the sessions by those of a snapshot. When it returns,
// they are on disk. After an error nothing has changed. It returns the zxid that the
// snapshot is of; the server's own only grows.
//
// Behaviour: ZooKeeperServer.restoreFromSnapshot, which keeps what it has restored in
// memory, replays the logs from before over it when it starts again, forgets the watches
// and leaves clients without a session connected.
func (s *Server) restore(ctx context.Context, src io.Reader) (zxid int64, err error) {
	st, zxid, err := datadir.Read(ctx, src, "the snapshot")
	if err != nil {
		return 0, err
	}
	err = st.Tree.Export().Walk(func(path string, _ datatree.Node) error {
		if err := jute.CheckPath(path, false); err != nil {
			return fmt.Errorf("the snapshot: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, w := range st.Warnings {
		s.log.Warn(w)
	}
	if stopped := s.exclusively(func() { err = s.install(st, zxid) }); stopped != nil {
		return 0, stopped
	}
	return zxid, err
}

// install makes a restored state the server's own. Only exclusively.
func (s *Server) install(st *datadir.State, zxid int64) error {
	start, before := time.Now(), s.tree.LastZxid()
	s.snaps.wait() // it reads the tree
	// A zxid of its own, beyond all that the logs hold: a start replays none of them
	// over it, and no client has seen another tree of that zxid.
	zxid = max(zxid, before+1)
	tree := datatree.New()
	tree.Replace(st.Tree, zxid)
	if err := s.dir.WriteSnapshot(tree.Export(), st.Sessions); err != nil {
		return err
	}
	s.engine.rollLog()
	s.snaps.drawLimit()
	s.snaps.sizeFrom = s.engine.appended.Load()
	s.sessions.replace(st.Sessions)
	s.tree.Replace(tree, zxid)
	s.prep.restart()
	s.dropOrphans()
	s.mu.Lock()
	for id, c := range s.attached {
		if s.sessions.get(id) == nil {
			c.out.end() // behind the events of its watches
		}
	}
	s.mu.Unlock()
	s.stats.restoreTime.add(time.Since(start).Milliseconds(), 1)
	s.log.Info("restored from a snapshot", "before", hex(before), "zxid", hex(zxid), "znodes", s.tree.Counts().Znodes,
		"sessions", len(st.Sessions), "took", time.Since(start))
	return nil
}

// replace makes the table hold other sessions, by id with their timeouts in
// milliseconds. Those that were open stay as they are.
func (t *sessionTable) replace(timeouts map[int64]int32) {
	for id := range t.timeouts() {
		if _, ok := timeouts[id]; !ok {
			t.remove(id)
		}
	}
	for id, timeout := range timeouts {
		if t.get(id) == nil {
			t.open(id, timeout)
		}
	}
}

// restart begins to prepare from the applied tree.
func (p *preparer) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.digest, p.zxid = p.tree.Digest()
	p.pending, p.order = map[string]*change{}, nil
}
