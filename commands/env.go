// Package commands holds every command of zook, once: the shell, scripts and
// the command line all run the same tree.
//
// How it fits together:
//
//   - Env is what a command may touch: where it prints, who can be asked, which
//     server it talks to. It outlives a line.
//   - NewRoot builds a fresh tree of cobra commands for every line, so that no
//     flag is carried over. Run executes words (from main), RunLine a line (from
//     the shell or a script).
//   - A command is a constructor newXxx(env) in its own file. It reads znodes
//     through env.Znodes, or env.Session for what only a live session can do;
//     neither connects before it is called.
//   - What a command prints are Items, given to a Printer; text.go, table.go,
//     json.go and zkcli.go each know one format.
//   - Errors rise to the caller, which prints Explain(err) and exits with
//     ExitCode(err).
//   - habits.go is the one place that knows zkCli's old ways of writing a line.
package commands

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"zook/client"
	"zook/completions"
	"zook/jute"
)

// Znodes is what a command needs to read and write znodes. A live session
// (*client.Client) has it, and the files of a data directory (*offline), though these
// cannot be written; the signatures and errors are those of package client.
type Znodes interface {
	Get(ctx context.Context, path string) ([]byte, jute.Stat, error)
	Exists(ctx context.Context, path string) (*jute.Stat, error)
	Children(ctx context.Context, path string) ([]string, jute.Stat, error)
	ACL(ctx context.Context, path string) ([]jute.ACL, jute.Stat, error)
	AllChildrenNumber(ctx context.Context, path string) (int, error)
	Config(ctx context.Context) ([]byte, jute.Stat, error) // outside of any chroot
	Chroot() string                                        // "" if there is none

	Create(ctx context.Context, path string, data []byte, acl []jute.ACL, mode jute.CreateMode, ttl time.Duration) (string, jute.Stat, error)
	Set(ctx context.Context, path string, data []byte, version int32) (jute.Stat, error)
	Delete(ctx context.Context, path string, version int32) error
	SetACL(ctx context.Context, path string, acl []jute.ACL, version int32) (jute.Stat, error)
	Multi(ctx context.Context, ops []jute.Op) ([]jute.OpResult, error)
}

// Shell is what history, redo, quit and exit need; they are usage errors without.
type Shell interface {
	// Lines are the lines typed so far by command number, the running one last.
	Lines() []string
	// Quit ends the shell once the running command has returned.
	Quit()
}

// Console is a terminal with a person at its keys.
type Console struct{ In, Out *os.File }

// Env is what commands may touch, and all they may touch. Its fields are set
// before the first line runs and by one line at a time; only Connected, Closed,
// Session and Close may be called from other goroutines.
type Env struct {
	In       io.Reader // standard input, for data given as "-"; nil if there is none to read
	Piped    bool      // In is a pipe or a file: commands and operations may come from it
	Out, Err io.Writer
	Terminal bool       // Out is a terminal: text is laid out for eyes
	Color    bool       // and coloured
	Width    func() int // columns of the terminal; nil if unknown
	Console  *Console   // the terminal, for commands that take all of it; nil if nobody is there
	Progress io.Writer  // where progress is drawn; nil if nobody watches

	// Ask asks the person at the terminal and returns whether the answer was yes.
	// It is nil when nobody is there; then nothing is asked.
	Ask func(ctx context.Context, question string) (bool, error)

	// Cwd is the working path, against which relative paths are taken. It is ""
	// until a cd; relative paths are refused then.
	Cwd       string
	cwdBefore string // for cd -

	Connect Connect
	Files   Files // where znodes are read, if not from a server
	Format  Format
	Yes     bool // no questions
	Force   bool // overrides refusals that protect from mistakes

	// OnState and OnEvent hear of the session; neither may block. OnEvent is set
	// by the shell and the script runner, which print events as they come.
	// Without it a command that sets a watch waits for the event itself.
	OnState func(client.State)
	OnEvent func(client.Event)
	// HideEvents is what "printwatches off" sets, for OnEvent to look at.
	HideEvents atomic.Bool

	Shell Shell // nil outside of the shell

	// Lister is whom completion asks for children; nil for the session itself.
	Lister completions.Lister

	// StartShell runs the interactive shell, for main to set.
	StartShell func(ctx context.Context, env *Env) error

	nested bool       // inside RunLine: the connection belongs to the outer command
	place  string     // of the running line in a script, file:line, for errors
	events eventQueue // of sessions without an OnEvent

	noMultiRead atomic.Bool // the server is older than 3.6

	dialing  sync.Mutex // held while connecting or reading files; guards what follows
	files    *offline
	filesErr error // of reading them

	mu      sync.Mutex // guards what follows
	session *client.Client
	closed  bool // by the close command
}

// Znodes is the tree that commands work on. It connects if nothing is connected, or
// reads the files.
func (e *Env) Znodes(ctx context.Context) (Znodes, error) {
	if e.Offline() {
		return e.offline(ctx)
	}
	return e.Session(ctx)
}

// Session is the live session. It connects if nothing is connected.
func (e *Env) Session(ctx context.Context) (*client.Client, error) {
	if e.Offline() {
		return nil, errNeedsServer
	}
	e.dialing.Lock()
	defer e.dialing.Unlock()
	if c := e.Connected(); c != nil {
		return c, nil
	}
	if e.Closed() {
		return nil, errNotConnected
	}
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.session = c
	e.mu.Unlock()
	return c, nil
}

// Connected is the session if there is one, at once: nil while connecting.
func (e *Env) Connected() *client.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.session
}

// Close ends the session, if there is one. The next command opens another.
func (e *Env) Close() error {
	e.mu.Lock()
	c := e.session
	e.session = nil
	e.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.Close()
}

// Closed reports whether the close command has ended the session: nothing opens
// another but connect.
func (e *Env) Closed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// disconnect ends the session and refuses to open another until connect.
func (e *Env) disconnect() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	return e.Close()
}

// reconnect ends the session and opens one with the settings as they are now.
func (e *Env) reconnect(ctx context.Context) (*client.Client, error) {
	e.Close()
	e.mu.Lock()
	e.closed = false
	e.mu.Unlock()
	return e.Session(ctx)
}
