package zktest

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// diesWithUs makes cmd end when this process does, even by kill -9 or by the
// time limit of go test: no server is left behind.
func diesWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// starts is taken from by one thread that lasts as long as the process.
var starts = sync.OnceValue(func() chan<- func() {
	c := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range c {
			start()
		}
	}()
	return c
})

// startToLast starts a cmd that diesWithUs. For Linux, the end that counts is that
// of the thread which started it, and the threads of tests that lay down their
// rights end with them.
func startToLast(cmd *exec.Cmd) error {
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	return <-started
}
