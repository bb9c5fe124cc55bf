//go:build unix

package zktest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Suspend stops the server in its tracks: its port takes connections, and nothing
// answers. Resume lets it go on.
func (s *Server) Suspend() {
	s.cmd.Process.Signal(syscall.SIGSTOP)
	for range 1000 { // the signal comes to one thread after the other, and meanwhile another may answer
		if standsStill(s.cmd.Process.Pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// standsStill reports whether every thread of a process is stopped, as far as it can be
// known: from Linux's /proc.
func standsStill(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range threads {
		stat, _ := os.ReadFile(path)
		if _, state, ok := bytes.Cut(stat, []byte(") ")); ok && state[0] != 'T' {
			return false
		}
	}
	return true
}

// Resume lets a suspended server go on.
func (s *Server) Resume() { s.cmd.Process.Signal(syscall.SIGCONT) }
