package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// listen opens the ports that the configuration has.
func (s *Server) listen(ctx context.Context) (err error) {
	if s.cfg.speaksTLS() {
		if s.tls, err = newTLSSource(&s.cfg.TLS, s.log); err != nil {
			return err
		}
	}
	lc := net.ListenConfig{KeepAlive: -1}
	if s.cfg.KeepAlive {
		lc.KeepAlive = 0 // as the system has it
	}
	if s.cfg.Addr != "" {
		if s.plain, err = lc.Listen(ctx, "tcp", s.cfg.Addr); err != nil {
			return err
		}
	}
	if s.cfg.SecureAddr != "" {
		s.secure, err = lc.Listen(ctx, "tcp", s.cfg.SecureAddr)
	}
	return err
}

// Addr is the address that clients connect to, host:port; "" if there is only one
// for TLS.
func (s *Server) Addr() string { return addrOf(s.plain) }

// SecureAddr is the address for clients that speak TLS, host:port; "" if there is
// none.
func (s *Server) SecureAddr() string { return addrOf(s.secure) }

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// closeListeners closes the ports; connections go on.
func (s *Server) closeListeners() {
	for _, l := range []net.Listener{s.plain, s.secure, s.metricsPort} {
		if l != nil {
			l.Close()
		}
	}
}

// serving reports whether clients may have sessions yet.
func (s *Server) serving() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// accept begins to take connections. Until the server serves, words are answered and
// clients wait.
func (s *Server) accept() {
	if s.plain != nil {
		s.running.Add(1)
		go s.acceptLoop(s.plain, func(nc net.Conn) net.Conn {
			if s.cfg.TLS.OnPlainPort {
				return newUnifiedConn(nc, s.tls.config())
			}
			return nc
		})
	}
	if s.secure != nil {
		s.running.Add(1)
		go s.acceptLoop(s.secure, func(nc net.Conn) net.Conn { return tls.Server(nc, s.tls.config()) })
	}
}

// acceptLoop takes connections; layer is what speaks through them.
func (s *Server) acceptLoop(l net.Listener, layer func(net.Conn) net.Conn) {
	defer s.running.Done()
	for {
		nc, err := l.Accept()
		s.gate.pass()
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			select {
			case <-s.stopping:
				return
			case <-time.After(50 * time.Millisecond): // out of descriptors: others will close
				s.clients.Warn("no connection can be taken", "reason", err.Error())
				continue
			}
		}
		c := newConn(s, layer(nc))
		if err := s.enroll(c); err != nil {
			s.stats.connectionsRejected.add(1)
			s.clients.Warn("connection refused", "from", nc.RemoteAddr().String(), "reason", err.Error())
			reset(nc)
			continue
		}
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			c.serve()
		}()
	}
}
