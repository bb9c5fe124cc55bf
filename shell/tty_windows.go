package shell

import (
	"context"
	"os"
	"syscall"

	"github.com/c-bata/go-prompt"
	"golang.org/x/sys/windows"
	"golang.org/x/term"
)

// terminal is the console.
type terminal struct {
	*prompt.WindowsParser
	fd    int
	saved *term.State
	raw   bool
}

func openTerminal(f *os.File) (*terminal, error) {
	fd := int(f.Fd())
	saved, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	out := windows.Handle(os.Stdout.Fd())
	var mode uint32
	if windows.GetConsoleMode(out, &mode) == nil {
		windows.SetConsoleMode(out, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	}
	return &terminal{WindowsParser: prompt.NewStandardInputParser(), fd: fd, saved: saved}, nil
}

// Setup makes the console raw.
func (t *terminal) Setup() error {
	t.raw = true
	return t.WindowsParser.Setup()
}

// TearDown makes the console what it was when the shell started.
func (t *terminal) TearDown() error {
	if t.raw {
		t.raw = false
		t.WindowsParser.TearDown()
	}
	return term.Restore(t.fd, t.saved)
}

// Close leaves the console as it was when the shell started.
func (t *terminal) Close() error { return t.TearDown() }

// Wait and Wake do nothing: go-prompt asks a hundred times a second.
func (t *terminal) Wait() {}
func (t *terminal) Wake() {}

// ReadLine reads a line, or a part of one. It ends at the next line after ctx.
func (t *terminal) ReadLine(ctx context.Context, p []byte) (int, error) {
	n, err := os.Stdin.Read(p)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return n, err
}

func suspend() {}

// watchTerminal does nothing: the console tells of no change, which the next key
// finds out.
func watchTerminal(resized, resumed func()) (stop func()) { return func() {} }

var deadly = []os.Signal{syscall.SIGTERM}

// devTTY is empty: go-prompt opens nothing here.
const devTTY = ""
