//go:build !unix

package zktest

// Suspend skips the test: only Unix can do this.
func (s *Server) Suspend() { s.tb.Skip("no SIGSTOP here") }

// Resume does nothing, since nothing is suspended.
func (s *Server) Resume() {}
