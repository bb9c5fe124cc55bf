//go:build unix

package shell

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is the terminal on a file, usually standard input.
type terminal struct {
	fd    int
	saved *term.State
}

func openTerminal(f *os.File) (*terminal, error) {
	fd := int(f.Fd())
	saved, err := term.GetState(fd)
	return &terminal{fd, saved}, err
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
	if !t.ready(0) {
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

// ready waits up to ms milliseconds for Read to have something to say.
func (t *terminal) ready(ms int64) bool {
	var set unix.FdSet
	set.Set(t.fd)
	timeout := unix.NsecToTimeval(ms * 1e6)
	n, err := unix.Select(t.fd+1, &set, nil, nil, &timeout) // poll knows no terminals on darwin
	return n > 0 || err != nil && err != unix.EINTR
}

// ReadLine reads a line, or a part of one, that the terminal has put together
// while it is not raw. It ends with ctx.
func (t *terminal) ReadLine(ctx context.Context, p []byte) (int, error) {
	for ctx.Err() == nil {
		if !t.ready(50) {
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
