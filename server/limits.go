package server

import (
	"fmt"
	"net"
)

// sparedFiles are descriptors that connections leave to logs and snapshots: a flood
// of clients must not keep the next log from being opened.
const sparedFiles = 64

// connLimit is how many connections there may be, also by the descriptors of the
// process; 0 is any number.
func connLimit(cfg *Config) int {
	open, limit := openFiles()
	if limit <= 0 || limit > 1<<30 {
		return cfg.MaxConns
	}
	room := int(max(limit-max(open, 0)-sparedFiles, sparedFiles))
	if cfg.MaxConns > 0 {
		return min(room, cfg.MaxConns)
	}
	return room
}

// enroll takes a new connection, or says why not.
//
// Behaviour: NIOServerCnxnFactory.doAccept; the connections of both ports count
// together.
func (s *Server) enroll(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return errStopping
	}
	switch each := s.cfg.MaxClientConns; {
	case s.maxConns > 0 && len(s.conns) >= s.maxConns:
		return fmt.Errorf("%d connections are all that there may be", s.maxConns)
	case each > 0 && s.perAddr[c.addr] >= each:
		return fmt.Errorf("%d connections from one address are all that maxClientCnxns allows", each)
	}
	s.conns[c] = struct{}{}
	s.perAddr[c.addr]++
	return nil
}

// leave forgets a connection. It reports false if that has been done. The caller
// holds mu.
func (s *Server) leave(c *conn) bool {
	if _, ok := s.conns[c]; !ok {
		return false
	}
	delete(s.conns, c)
	if s.perAddr[c.addr]--; s.perAddr[c.addr] <= 0 {
		delete(s.perAddr, c.addr)
	}
	if len(s.conns) == 0 && s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
	return true
}

// reset ends a connection that is not taken with a reset, as Apache does, so that
// nothing of it is left on this side.
func reset(nc net.Conn) {
	if l, ok := nc.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	nc.Close()
}
