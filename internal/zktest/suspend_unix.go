//go:build unix

package zktest

import "syscall"

// Suspend stops the server in its tracks: its port takes connections, and nothing
// answers. Resume lets it go on.
func (s *Server) Suspend() { s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a suspended server go on.
func (s *Server) Resume() { s.cmd.Process.Signal(syscall.SIGCONT) }
