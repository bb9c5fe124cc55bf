package zktest

import (
	"os/exec"
	"syscall"
)

// diesWithUs makes cmd end when this process does, even by kill -9 or by the
// time limit of go test: no server is left behind.
func diesWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
