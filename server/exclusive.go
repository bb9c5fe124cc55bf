package server

import "errors"

// exclusive is a function that runs while nothing else changes.
type exclusive struct {
	run  func()
	done chan struct{} // closed when it has run
}

var errStopping = errors.New("the server is stopping")

// exclusively runs fn in the goroutine that applies, once everything is applied that
// was asked for before. Nothing is prepared meanwhile, so fn may change the tree and
// the sessions; reads go on. After an error, fn may not have run, or may be running.
func (s *Server) exclusively(fn func()) error {
	e := &exclusive{fn, make(chan struct{})}
	s.requests.put(request{alone: e})
	return s.awaitRun(e)
}

// awaitRun waits until e has run, or never will.
func (s *Server) awaitRun(e *exclusive) error {
	select {
	case <-e.done:
		return nil
	case <-s.stopping:
		return errStopping
	}
}
