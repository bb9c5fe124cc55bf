package server

import (
	"errors"
	"sync"

	"zook/jute"
)

// opExclusive is what exclusively sends through the pipeline. It is on no wire and
// in no file.
const opExclusive jute.OpCode = -101

// exclusive is a function that runs while nothing else changes.
type exclusive struct {
	mu   sync.Mutex // of those who have one
	run  func()
	done chan struct{}
}

var errStopping = errors.New("the server is stopping")

// exclusively runs fn in the goroutine that applies, once everything is applied that
// was asked for before. Nothing is prepared meanwhile, so fn may change the tree and
// the sessions; reads go on. After an error, fn may not have run, or may be running.
func (s *Server) exclusively(fn func()) error {
	s.alone.mu.Lock()
	defer s.alone.mu.Unlock()
	select {
	case <-s.stopping:
		return errStopping
	default:
	}
	done := make(chan struct{})
	s.alone.run, s.alone.done = fn, done
	s.requests.put(&request{op: opExclusive})
	select {
	case <-done:
		return nil
	case <-s.stopping:
		return errStopping
	}
}

// runExclusive is for the goroutine that applies.
func (s *Server) runExclusive() {
	defer close(s.alone.done)
	s.alone.run()
}

// awaitExclusive is for the goroutine that prepares.
func (s *Server) awaitExclusive() {
	select {
	case <-s.alone.done:
	case <-s.stopping:
	}
}
