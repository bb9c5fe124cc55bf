//go:build unix

package shell

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is the terminal on a file, usually standard input.
type terminal struct {
	fd        int
	saved     *term.State
	wakeUp    *os.File // the two ends of a pipe that ends Wait
	wakeUpEnd *os.File
	woken     atomic.Bool
}

func openTerminal(f *os.File) (*terminal, error) {
	fd := int(f.Fd())
	saved, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &terminal{fd: fd, saved: saved, wakeUp: r, wakeUpEnd: w}, nil
}

// Close leaves the terminal as it was when the shell started.
func (t *terminal) Close() error {
	t.wakeUp.Close()
	t.wakeUpEnd.Close()
	return t.TearDown()
}

// Setup makes the terminal raw.
func (t *terminal) Setup() error {
	_, err := term.MakeRaw(t.fd)
	return err
}

// TearDown makes the terminal what it was when the shell started.
func (t *terminal) TearDown() error { return term.Restore(t.fd, t.saved) }

// Read returns what has been typed. It does not block, and leaves O_NONBLOCK
// alone, which whoever started zook would see too.
func (t *terminal) Read() ([]byte, error) {
	if !ready(0, t.fd) {
		return nil, errNothing
	}
	buf := make([]byte, 64<<10)
	n, err := unix.Read(t.fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil, errNothing
	case err != nil || n == 0:
		return nil, io.EOF
	}
	return buf[:n], nil
}

// Wait waits until something has been typed, for a second at most, or until Wake.
func (t *terminal) Wait() {
	end := int(t.wakeUp.Fd())
	ready(1000, t.fd, end)
	if t.woken.Swap(false) {
		unix.Read(end, make([]byte, 1))
	}
}

// Wake ends Wait, or the next one.
func (t *terminal) Wake() {
	if !t.woken.Swap(true) {
		t.wakeUpEnd.Write([]byte{0})
	}
}

// ready waits up to ms milliseconds for one of the files to have something to
// read, or an error.
func ready(ms int64, fds ...int) bool {
	var set unix.FdSet
	high := 0
	for _, fd := range fds {
		set.Set(fd)
		high = max(high, fd)
	}
	timeout := unix.NsecToTimeval(ms * 1e6)
	n, err := unix.Select(high+1, &set, nil, nil, &timeout) // poll knows no terminals on darwin
	return n > 0 || err != nil && err != unix.EINTR
}

// ReadLine reads a line, or a part of one, that the terminal has put together
// while it is not raw. It ends with ctx.
func (t *terminal) ReadLine(ctx context.Context, p []byte) (int, error) {
	for ctx.Err() == nil {
		if !ready(50, t.fd) {
			continue
		}
		switch n, err := unix.Read(t.fd, p); {
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
	return 0, ctx.Err()
}

// suspend stops the process, as Ctrl-Z does while a command runs.
func suspend() { unix.Kill(0, unix.SIGTSTP) }

// watchTerminal calls resized when the size of the terminal has changed, and
// resumed when the process goes on after it was stopped.
func watchTerminal(resized, resumed func()) (stop func()) {
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGWINCH, syscall.SIGCONT)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-ch:
				if s == syscall.SIGCONT {
					resumed()
				} else {
					resized()
				}
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(ch); close(done) }
}

var deadly = []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// devTTY is what go-prompt opens.
const devTTY = "/dev/tty"
