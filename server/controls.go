package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zook/jute"
)

// Session is a session that is open on a server.
type Session struct {
	ID      int64
	Timeout time.Duration
	// Client is the address of its connection, host:port; "" while it has none.
	Client string
}

// Sessions returns the open sessions by id, which is the order in which they were
// opened.
func (s *Server) Sessions() []Session {
	s.mu.Lock()
	clients := make(map[int64]string, len(s.attached))
	for id, c := range s.attached {
		clients[id] = c.nc.RemoteAddr().String()
	}
	s.mu.Unlock()
	t := s.sessions
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Session, 0, len(t.byID))
	for id, sess := range t.byID {
		all = append(all, Session{id, time.Duration(sess.timeout.Load()), clients[id]})
	}
	slices.SortFunc(all, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// ExpireSession ends a session as if its client had not been heard of for its timeout:
// its ephemerals are gone when it returns, watchers are told, and the connection is
// closed without a word. The client learns that its session has expired when it
// connects again.
func (s *Server) ExpireSession(id int64) error {
	gone := s.sessions.whenGone(id)
	if gone == nil {
		return fmt.Errorf("there is no session %s", hex(id))
	}
	if s.sessions.expire(id) {
		s.requests.put(request{session: id, op: jute.OpCloseSession})
	}
	select {
	case <-gone:
		return nil
	case <-s.stopping:
		return errStopping
	}
}

// DropConnections closes all connections of clients, as a network does that fails,
// and returns how many there were. Sessions stay, and clients may connect again at
// once.
func (s *Server) DropConnections() int {
	conns := s.allConns()
	for _, c := range conns {
		c.close()
	}
	return len(conns)
}

// DropConnection closes the connection of one session. It reports false if the
// session has none.
func (s *Server) DropConnection(session int64) bool { return s.disconnect(session) }

func (s *Server) allConns() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// Pause makes the server hang: connections stay open and new ones can be made, but
// nothing that is sent is looked at, and nothing is answered. No session expires
// meanwhile; ExpireSession works.
func (s *Server) Pause() {
	s.gate.close()
	select {
	case <-s.stopping:
		s.gate.open()
	default:
	}
}

// Resume ends a Pause. What has been sent is answered, and every session has its
// whole timeout again.
func (s *Server) Resume() {
	s.sessions.hearAll()
	s.gate.open()
}

// Restart closes the server and starts another one with its configuration, at the same
// addresses, on the same directory: sessions live on, and clients come back by
// themselves. A server that has been closed can be restarted, too; it finds what is
// left of its directory, which is nothing where that was temporary.
//
// If it fails, the server is closed.
func (s *Server) Restart(ctx context.Context) (*Server, error) {
	cfg, temporary := s.cfg, s.tempDir
	cfg.Addr, cfg.SecureAddr = s.Addr(), s.SecureAddr()
	cfg.Admin.Addr, cfg.MetricsAddr = s.AdminAddr(), s.MetricsAddr()
	s.tempDir = "" // goes with the next one
	err := s.Close()
	var next *Server
	if err == nil {
		next, err = Start(ctx, cfg)
	}
	if err != nil {
		return nil, errors.Join(err, removeTemp(temporary))
	}
	next.tempDir = temporary
	return next, nil
}
