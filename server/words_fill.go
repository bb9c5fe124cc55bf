package server

import (
	"crypto/tls"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"zook/datatree"
	"zook/fourletter"
)

// This file is what the server tells of itself: to the words, and to AdminServer.

// connSessions returns the connections with their sessions, nil for those without.
func (s *Server) connSessions() map[*conn]*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := make(map[*conn]*session, len(s.conns))
	for c := range s.conns {
		m[c] = c.session
	}
	return m
}

// gatherStats makes the server's statistics those of this moment.
func (s *Server) gatherStats() {
	for c := range s.connSessions() {
		c.flushStats()
	}
}

// resetStats begins to count anew what all connections did (srst).
func (s *Server) resetStats() {
	s.gatherStats()
	s.stats.reset()
}

// resetConnections begins to count anew what each connection does (crst).
func (s *Server) resetConnections() {
	for c := range s.connSessions() {
		c.resetStats()
	}
}

func (s *Server) traceMask() string { return strconv.FormatInt(s.stats.mask.Load(), 10) }

func (s *Server) srvr() *fourletter.Srvr {
	s.gatherStats()
	latency, t := s.stats.latency(), s.stats.read()
	s.mu.Lock()
	conns := len(s.conns)
	s.mu.Unlock()
	return &fourletter.Srvr{
		Version: fullVersion(), MinLatency: latency.min, AvgLatency: latency.avg(), MaxLatency: latency.max,
		Received: t.received, Sent: t.sent, Connections: int64(conns), Outstanding: s.outstanding(),
		Zxid: s.tree.LastZxid(), Mode: "standalone", Znodes: znodes(s.tree.Counts()),
	}
}

// znodes is how many there are as Apache counts: it has the root under two names.
func znodes(c datatree.Counts) int64 { return int64(c.Znodes) + 1 }

// outstanding is how many requests wait for an answer.
func (s *Server) outstanding() int64 {
	n := 0
	for c := range s.connSessions() {
		n += c.pending.count()
	}
	return int64(n)
}

// stat is srvr with the connections.
func (s *Server) stat() *fourletter.Srvr {
	st := s.srvr()
	st.Clients = s.cons()
	return st
}

// cons is the connections, the oldest first; those on the port for TLS come last.
func (s *Server) cons() []fourletter.Conn {
	plain, secure := s.consByPort()
	return append(plain, secure...)
}

func (s *Server) consByPort() (plain, secure []fourletter.Conn) {
	conns := s.connSessions()
	for _, c := range slices.SortedFunc(maps.Keys(conns), func(a, b *conn) int {
		return a.stats.established.Compare(b.stats.established)
	}) {
		if _, ok := c.nc.(*tls.Conn); ok {
			secure = append(secure, c.info(conns[c]))
		} else {
			plain = append(plain, c.info(conns[c]))
		}
	}
	return plain, secure
}

// portOrNone is the port of an address as Apache's server tells it, -1 for none.
func portOrNone(addr string) string {
	if addr == "" {
		return "-1"
	}
	return portOf(addr)
}

// conf is the configuration.
//
// Behaviour: ZooKeeperServer.dumpConf.
func (s *Server) conf() *fourletter.Conf {
	dirs := s.dirs()
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return &fourletter.Conf{Pairs: fourletter.Pairs{
		{Name: "clientPort", Value: portOrNone(s.Addr())},
		{Name: "secureClientPort", Value: portOrNone(s.SecureAddr())},
		{Name: "dataDir", Value: absolute(s.dir.SnapDir)},
		{Name: "dataDirSize", Value: number(dirs.DataDirSize)},
		{Name: "dataLogDir", Value: absolute(s.dir.LogDir)},
		{Name: "dataLogSize", Value: number(dirs.LogDirSize)},
		{Name: "tickTime", Value: number(s.cfg.TickTime.Milliseconds())},
		{Name: "maxClientCnxns", Value: number(int64(s.cfg.MaxClientConns))},
		{Name: "minSessionTimeout", Value: number(s.cfg.MinSessionTimeout.Milliseconds())},
		{Name: "maxSessionTimeout", Value: number(s.cfg.MaxSessionTimeout.Milliseconds())},
		{Name: "clientPortListenBacklog", Value: "-1"},
		{Name: "serverId", Value: "0"},
	}}
}

func absolute(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return abs
}

// dirs is how large the directories are.
func (s *Server) dirs() *fourletter.Dirs {
	return &fourletter.Dirs{DataDirSize: dirSize(s.dir.SnapDir), LogDirSize: dirSize(s.dir.LogDir)}
}

// dirSize is the size of all files below dir.
func dirSize(dir string) (size int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a file that has just been purged
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}

// hash is digests of the tree, the oldest first.
func (s *Server) hash() []fourletter.Digest { return s.stats.digests.read() }

// wchs is how many watches there are.
func (s *Server) wchs() *fourletter.Wchs {
	sums := s.tree.WatchSums()
	return &fourletter.Wchs{Connections: sums.Watchers, Paths: sums.Paths, Watches: sums.Data}
}

// wchc is the paths that each session watches. The slices are only good until the
// next.
func (s *Server) wchc() iter.Seq[fourletter.SessionPaths] {
	return func(yield func(fourletter.SessionPaths) bool) {
		sessions, more := s.connSessions(), true
		s.tree.WatchesByWatcher(func(w datatree.Watcher, paths []string) {
			if sess := sessions[w.(*conn)]; more && sess != nil {
				more = yield(fourletter.SessionPaths{Session: sess.id, Paths: paths})
			}
		})
	}
}

// wchp is the sessions that watch each path. The slices are only good until the next.
func (s *Server) wchp() iter.Seq[fourletter.PathSessions] {
	return func(yield func(fourletter.PathSessions) bool) {
		sessions, more := s.connSessions(), true
		var ids []int64
		s.tree.WatchesByPath(func(path string, watchers []datatree.Watcher) {
			ids = ids[:0]
			for _, w := range watchers {
				if sess := sessions[w.(*conn)]; sess != nil {
					ids = append(ids, sess.id)
				}
			}
			if more && len(ids) > 0 {
				more = yield(fourletter.PathSessions{Path: path, Sessions: ids})
			}
		})
	}
}
