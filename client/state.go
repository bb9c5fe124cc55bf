package client

import (
	"sync"
	"time"
)

// State is the state of the connection.
type State int

// The states. A session starts Connecting; then
//
//	Connecting -> Connected -> Disconnected -> Connecting -> …
//
// with Expired between Connecting and Connecting when the server no longer knows
// the session: a new one is then opened by itself. AuthFailed replaces Connecting
// while servers refuse an identity that was accepted before, and stays after a login
// by SASL that is refused. Closed is the last.
const (
	StateConnecting State = iota
	StateConnected
	StateDisconnected
	StateExpired
	StateAuthFailed
	StateClosed
)

var stateNames = [...]string{"connecting", "connected", "disconnected", "expired", "authentication failed", "closed"}

func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// setState notes a change and tells of it. What Close brings about is told as
// StateClosed alone. c.mu is held.
func (c *Client) setState(s State) {
	if c.state == s || c.closed {
		return
	}
	c.state = s
	c.notes.state(s)
}

// notifier hands states and events to the callbacks, in order, from a goroutine
// of its own, and holds any number of them until they are taken.
type notifier struct {
	onState func(State)
	onEvent func(Event)
	done    chan struct{}

	mu     sync.Mutex
	wake   sync.Cond
	queue  []any // State or Event
	closed bool
}

func newNotifier(onState func(State), onEvent func(Event)) *notifier {
	n := &notifier{onState: onState, onEvent: onEvent, done: make(chan struct{})}
	n.wake.L = &n.mu
	go n.run()
	return n
}

func (n *notifier) state(s State) {
	if n.onState != nil {
		n.add(s)
	}
}

func (n *notifier) event(e Event) {
	if n.onEvent != nil {
		n.add(e)
	}
}

func (n *notifier) add(note any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.queue = append(n.queue, note)
		n.wake.Signal()
	}
}

// close ends the goroutine when the queue is empty, and waits for that unless a
// callback blocks.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	n.wake.Signal()
	n.mu.Unlock()
	select {
	case <-n.done:
	case <-time.After(closeTimeout):
	}
}

func (n *notifier) run() {
	defer close(n.done)
	for {
		n.mu.Lock()
		for len(n.queue) == 0 && !n.closed {
			n.wake.Wait()
		}
		batch := n.queue
		n.queue = nil
		n.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, note := range batch {
			switch v := note.(type) {
			case State:
				n.onState(v)
			case Event:
				n.onEvent(v)
			}
		}
	}
}
