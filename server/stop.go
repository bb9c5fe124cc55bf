package server

import (
	"errors"
	"time"
)

// goodbye is how long a client has for closing its side when the server ends.
const goodbye = 250 * time.Millisecond

// Close ends the server. Requests that have been read are answered before their
// connections end, if that takes no longer than two seconds. Everything acknowledged
// is on disk. The error is Err, or of the files.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.drain()
		s.stop()
		s.running.Wait()
		s.requests.close()
		<-s.prepDone
		err := s.engine.close()
		s.snaps.wait()
		if s.Err() != nil {
			err = s.Err() // what the engine says is the same, or follows from it
		}
		s.closeErr = errors.Join(err, s.release())
	})
	return s.closeErr
}

// drain makes the connections end, each once it owes its client nothing more.
func (s *Server) drain() {
	s.mu.Lock()
	s.draining.Store(true)
	drained := make(chan struct{})
	if len(s.conns) > 0 {
		s.drained = drained
	} else {
		close(drained)
	}
	s.mu.Unlock()
	s.gate.open()
	s.closeListeners()
	for _, c := range s.allConns() {
		c.nc.SetReadDeadline(time.Now()) // wakes its reader
	}
	select {
	case <-drained:
	case <-s.stopping:
	case <-time.After(lastWord):
	}
}

// fail ends the server: nothing is acknowledged from here on.
func (s *Server) fail(err error) {
	if s.failed.CompareAndSwap(nil, &err) {
		s.log.Error("the server stops", "reason", err.Error())
		s.stats.unrecoverable.add(1)
		go s.stop()
	}
}

// stop ends the server at once.
func (s *Server) stop() {
	s.stopOnce.Do(func() {
		s.mu.Lock()
		s.draining.Store(true)
		s.mu.Unlock()
		close(s.stopping)
		s.gate.open()
		s.closeListeners()
		s.mu.Lock()
		admin := s.admin
		s.mu.Unlock()
		if admin != nil {
			admin.http.Close()
		}
		for _, c := range s.allConns() {
			c.close()
		}
	})
}
