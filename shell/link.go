package shell

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/c-bata/go-prompt"

	"zook/client"
	"zook/commands"
)

// link watches the shell's connection: it opens it in the background, tells what
// happens to it, and says what the prompt shows. On files there is none: they have been
// read before the shell begins.
type link struct {
	env     *commands.Env
	tell    func(text string, c prompt.Color)
	changed func()

	stop func() // ends the dialing in the background and waits for that; nil if there is none

	mu      sync.Mutex
	down    bool // it was said that there is no connection
	expired bool // and no session
}

// retryTimes are how long to wait before each new attempt to connect; the last
// one stands for all after it.
var retryTimes = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// resume connects in the background if nothing is connected, until pause.
func (l *link) resume() {
	if l.env.Offline() || l.env.Connected() != nil || l.env.Closed() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		l.connect(ctx)
	}()
}

// pause ends what resume started: while a command runs the connection is the
// command's.
func (l *link) pause() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

func (l *link) connect(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		c, err := l.env.Session(ctx)
		switch {
		case err == nil:
			l.connected(c)
			return
		case ctx.Err() != nil:
			return
		case commands.ExitCode(err) != commands.ExitNoConnection: // trying again does not help
			l.tell(commands.Explain(err), prompt.Red)
			return
		}
		if l.say(&l.down) {
			l.tell(commands.Explain(err)+"; will keep trying", prompt.Red)
		}
		select {
		case <-time.After(retryTimes[min(i, len(retryTimes)-1)]):
		case <-ctx.Done():
		}
	}
}

// say sets a flag and reports whether that is new.
func (l *link) say(flag *bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	said := *flag
	*flag = true
	return !said
}

// onState is told of every change by the session.
func (l *link) onState(s client.State) {
	c := l.env.Connected()
	if c == nil {
		return // it is being opened or closed, by connect or by a command
	}
	switch s {
	case client.StateDisconnected:
		if l.say(&l.down) {
			l.tell("connection to "+c.Server()+" lost; reconnecting", prompt.Red)
		}
	case client.StateExpired:
		if l.say(&l.expired) {
			l.tell("the session has expired, its ephemeral znodes and watches are gone; opening a new one", prompt.Red)
		}
	case client.StateAuthFailed:
		if err := c.Err(); err != nil {
			l.tell(err.Error()+"; connect opens a new session", prompt.Red)
		} else {
			l.tell("the server refuses an identity that it accepted before", prompt.Red)
		}
	case client.StateConnected:
		l.connected(c)
	}
	l.changed()
}

// connected says that there is a connection, if it was said that there is none.
func (l *link) connected(c *client.Client) {
	l.mu.Lock()
	down, expired := l.down, l.expired
	l.down, l.expired = false, false
	l.mu.Unlock()
	switch {
	case expired:
		l.tell(fmt.Sprintf("connected to %s, new session %v", c.Server(), commands.Hex(c.SessionID())), prompt.Green)
	case down:
		l.tell(fmt.Sprintf("connected to %s", c.Server()), prompt.Green)
	}
	l.changed()
}

// Children implements completions.Lister. It never connects.
func (l *link) Children(ctx context.Context, path string) ([]string, error) {
	var z commands.Znodes
	var err error
	if l.env.Offline() {
		z, err = l.env.Znodes(ctx)
	} else if c := l.env.Connected(); c != nil {
		z = c
	} else {
		err = context.DeadlineExceeded
	}
	if err != nil {
		return nil, err
	}
	names, _, err := z.Children(ctx, path)
	return names, err
}

// state is what the prompt says of the connection, or of the files.
func (l *link) state() (server, state string, color prompt.Color) {
	if l.env.Offline() {
		dir, at := l.env.Standing()
		return dir, at, prompt.Cyan
	}
	c := l.env.Connected()
	if c == nil {
		server := l.env.Connect.Server
		if resolved, err := l.env.Connect.Resolve(); err == nil {
			server = resolved.Server
		}
		if l.env.Closed() {
			return server, "CLOSED", prompt.Red
		}
		return server, "CONNECTING", prompt.Brown
	}
	server = c.Server() + c.Chroot()
	switch s := c.State(); s {
	case client.StateConnected:
		return server, "CONNECTED", prompt.Green
	case client.StateConnecting:
		return server, "CONNECTING", prompt.Brown
	case client.StateAuthFailed:
		return server, "AUTH_FAILED", prompt.Red
	default:
		return server, strings.ToUpper(s.String()), prompt.Red
	}
}

// prefix is the prompt in at most about half the columns.
func prefix(server, state, cwd string, number, columns int) string {
	if cwd == "" {
		cwd = "/"
	}
	full := fmt.Sprintf("[zk %s(%s) %s %d] ", server, state, cwd, number)
	if width(full) <= columns/2+columns/8 {
		return full
	}
	short := cwd
	if dir, base := path.Split(cwd); dir != "/" {
		short = "…/" + base
	}
	if p := fmt.Sprintf("[zk %s(%s) %s %d] ", server, state, short, number); width(p) <= columns/2+columns/8 {
		return p
	}
	return fmt.Sprintf("[%s %s %d] ", state, shorten(short, max(columns/4, 3)), number)
}

// shorten cuts s to so many columns.
func shorten(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	n := 0
	for i, r := range s {
		if n += width(string(r)); n >= columns {
			return s[:i] + "…"
		}
	}
	return s
}
