package shell

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/c-bata/go-prompt"
)

// action is done to the line being typed by go-prompt's own goroutine.
type action func(*prompt.Buffer)

// keys reads the terminal for go-prompt, one key at a time however many bytes
// arrive at once, and puts the shell's own actions in between.
//
// go-prompt runs an action as the binding of a key sequence that no terminal
// sends. After an action or Enter nothing is read until it is done: what is typed
// ahead meets the line, the mode and the command that it was meant for.
type keys struct {
	tty  tty
	bind func(key string) action // the shell's own keys; nil for go-prompt's

	refreshing atomic.Bool // an action "refresh" is wanted
	refresh    action

	mu       sync.Mutex
	bytes    []byte // read, not yet a key
	since    time.Time
	gone     bool // the terminal
	injected []string
	action   action // under way
	entered  bool   // what ends go-prompt's Input has been read
	choosing bool   // Tab has gone into the menu
	browsing bool   // Up or Down has gone into the history
}

// tty is the terminal.
type tty interface {
	Setup() error    // raw
	TearDown() error // as it was
	// Read returns what has been typed, an error at once if that is nothing, and
	// io.EOF if the terminal is gone.
	Read() ([]byte, error)
	// Wait waits until something has been typed, wake is called, or a moment has
	// passed.
	Wait()
	Wake()
	// ReadLine waits, while the terminal is not raw, for a line or a part of one.
	// It ends with ctx.
	ReadLine(ctx context.Context, p []byte) (int, error)
}

const (
	actionKey = "\x1bzook" // no terminal sends it
	ctrlC     = "\x03"
)

var errNothing = errors.New("nothing has been typed")

// escapeTime is how long the rest of an escape sequence may take to arrive.
const escapeTime = 50 * time.Millisecond

// Setup implements prompt.ConsoleParser.
func (k *keys) Setup() error {
	k.mu.Lock()
	k.action, k.entered, k.choosing, k.browsing = nil, false, false, false
	k.mu.Unlock()
	return k.tty.Setup()
}

// TearDown implements prompt.ConsoleParser.
func (k *keys) TearDown() error { return k.tty.TearDown() }

// GetWinSize implements prompt.ConsoleParser; see canvas.
func (k *keys) GetWinSize() *prompt.WinSize {
	return &prompt.WinSize{Row: sheetSize, Col: sheetSize}
}

// Read implements prompt.ConsoleParser: the bytes of one key, or a run of text.
func (k *keys) Read() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entered || k.action != nil {
		return nil, errNothing
	}
	if len(k.injected) > 0 {
		key := k.injected[0]
		k.injected = k.injected[1:]
		return k.pass(key), nil
	}
	if !k.choosing && k.refreshing.Swap(false) {
		return k.act(k.refresh), nil
	}
	if len(k.bytes) == 0 && !k.gone {
		k.mu.Unlock()
		k.tty.Wait()
		k.mu.Lock()
	}
	key, err := k.next()
	if err != nil {
		return nil, err
	}
	if a := k.bind(key); a != nil && !(k.choosing && (key == "\t")) {
		k.browsing = false
		return k.act(a), nil
	}
	if b := k.pass(key); b != nil {
		return b, nil
	}
	return nil, errNothing
}

// pass lets go-prompt have key; nil if it would take it for text.
func (k *keys) pass(key string) []byte {
	defined := prompt.GetKey([]byte(key)) != prompt.NotDefined
	if !defined && key[0] < ' ' {
		return nil // a key that means nothing here
	}
	switch key {
	case "\r", "\n", "\x04":
		k.entered = true
		k.choosing, k.browsing = false, false
	case "\t", "\x1b[Z":
		k.choosing, k.browsing = true, false
	case up, down, "\x1bOA", "\x1bOB", "\x10", "\x0e":
		k.browsing = k.browsing || !k.choosing
	default:
		k.choosing, k.browsing = false, false
	}
	return []byte(key)
}

const (
	up   = "\x1b[A"
	down = "\x1b[B"
)

func (k *keys) act(a action) []byte {
	k.action, k.choosing = a, false
	return []byte(actionKey)
}

// do runs the action under way. go-prompt calls it for actionKey.
func (k *keys) do(buf *prompt.Buffer) {
	k.mu.Lock()
	a := k.action
	k.mu.Unlock()
	if a != nil {
		a(buf)
	}
	k.mu.Lock()
	k.action = nil
	k.mu.Unlock()
}

// inject makes key the next one, and go-prompt's own.
func (k *keys) inject(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.injected = append(k.injected, key)
	k.tty.Wake()
}

// wantRefresh has go-prompt do the action refresh soon.
func (k *keys) wantRefresh() {
	k.refreshing.Store(true)
	k.tty.Wake()
}

// menuIsOff reports whether the line comes from the history: no menu until it is
// edited.
func (k *keys) menuIsOff() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.browsing
}

// interrupted reports whether a Ctrl-C was typed ahead, between Enter and the
// moment when the terminal began to make a signal of it, or came as a signal before
// there was a command to end. What was typed before it is dropped, as the terminal
// would.
func (k *keys) interrupted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := k.tty.Read()
	if err == io.EOF { // Ctrl-D is for the command to read
		b = []byte{'\x04'}
	}
	k.bytes = append(k.bytes, b...)
	i := bytes.LastIndex(k.bytes, []byte(ctrlC))
	k.bytes = k.bytes[i+1:]
	injected := len(k.injected)
	k.injected = slices.DeleteFunc(k.injected, func(key string) bool { return key == ctrlC })
	return i >= 0 || len(k.injected) < injected
}

// readLine is standard input for a command: a line, or a part of one, of what was
// typed ahead, else of what the terminal gives. A Ctrl-D that was typed ahead is
// the end of the input, as it is when the terminal itself reads it.
func (k *keys) readLine(ctx context.Context, p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.bytes) == 0 {
		buf := make([]byte, 4096)
		k.mu.Unlock()
		n, err := k.tty.ReadLine(ctx, buf)
		k.mu.Lock()
		if n == 0 {
			return 0, err
		}
		k.bytes = append(k.bytes, buf[:n]...)
	}
	n := 0
	for n < len(p) && n < len(k.bytes) && k.bytes[n] != '\x04' {
		p[n] = k.bytes[n]
		n++
		if p[n-1] == '\r' || p[n-1] == '\n' {
			p[n-1] = '\n'
			break
		}
	}
	if n == 0 && len(p) > 0 {
		k.bytes = k.bytes[1:]
		return 0, io.EOF
	}
	k.bytes = k.bytes[n:]
	return n, nil
}

// hangUp ends the input: from now on every key is Ctrl-D.
func (k *keys) hangUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone, k.bytes, k.choosing = true, nil, false
	k.tty.Wake()
}

func (k *keys) isGone() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gone
}

// next is the next key. k.mu is held.
func (k *keys) next() (string, error) {
	if k.gone {
		return "\x04", nil
	}
	if b, err := k.tty.Read(); len(b) > 0 {
		k.bytes, k.since = append(k.bytes, b...), time.Now()
	} else if err == io.EOF {
		k.gone = true
	}
	if len(k.bytes) == 0 {
		return "", errNothing
	}
	n := keyLength(k.bytes)
	if n == 0 {
		if time.Since(k.since) < escapeTime {
			return "", errNothing
		}
		n = len(k.bytes) // the rest does not come
	}
	key := string(k.bytes[:n])
	k.bytes = k.bytes[n:]
	return key, nil
}

// keyLength is how many bytes at the start of b are one key or one run of text;
// 0 if more are to come.
func keyLength(b []byte) int {
	if b[0] == 0x1b {
		return escapeLength(b)
	}
	if b[0] < ' ' || b[0] == 0x7f {
		return 1
	}
	n := 0
	for n < len(b) && b[n] >= ' ' && b[n] != 0x7f {
		if !utf8.FullRune(b[n:]) {
			break
		}
		_, size := utf8.DecodeRune(b[n:])
		n += size
	}
	return n
}

// escapeLength is keyLength of a sequence that starts with ESC.
func escapeLength(b []byte) int {
	if len(b) == 1 {
		return 0
	}
	switch b[1] {
	case '[': // CSI: parameters, then a final byte
		for i := 2; i < len(b); i++ {
			switch c := b[i]; {
			case c == '[' && i == 2: // the Linux console's function keys
			case c >= 0x40 && c <= 0x7e:
				return i + 1
			case c < ' ' || c > 0x7e:
				return i // broken off
			}
		}
		return 0
	case 'O':
		if len(b) < 3 {
			return 0
		}
		return 3
	case 0x1b:
		return 1
	}
	if n := keyLength(b[1:]); n > 0 { // Alt and a character
		_, size := utf8.DecodeRune(b[1:])
		return 1 + size
	}
	return 0
}
