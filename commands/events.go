package commands

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

// eventQueue holds the watch events of a session until a command takes them. The
// zero value is ready to use.
type eventQueue struct {
	mu     sync.Mutex
	events []client.Event
	more   chan struct{} // closed and replaced when one arrives
}

// push adds an event and never blocks.
func (q *eventQueue) push(e client.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events = append(q.events, e)
	if q.more != nil {
		close(q.more)
		q.more = nil
	}
}

// next waits for an event and takes it.
func (q *eventQueue) next(ctx context.Context) (client.Event, error) {
	for {
		q.mu.Lock()
		if len(q.events) > 0 {
			e := q.events[0]
			q.events = q.events[1:]
			q.mu.Unlock()
			return e, nil
		}
		if q.more == nil {
			q.more = make(chan struct{})
		}
		more := q.more
		q.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return client.Event{}, ctx.Err()
		}
	}
}

// Event is a watch event as commands print it.
type Event struct {
	Type  string `json:"type"`  // NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged, …
	Path  string `json:"path"`  // of the znode it happened to
	State string `json:"state"` // of the session
	Zxid  *Hex   `json:"zxid,omitempty"`

	event client.Event
}

// EventItem is e for a Printer.
func EventItem(e client.Event) *Event {
	item := &Event{Type: e.Type.String(), Path: e.Path, State: e.State.String(), event: e}
	if e.Zxid != 0 {
		zxid := Hex(e.Zxid)
		item.Zxid = &zxid
	}
	return item
}

func (e *Event) Text(w io.Writer, s Style) {
	fmt.Fprintf(w, "%s %s\n", s.Paint(e.Type, yellow), printable(e.Path))
}

func (e *Event) Row(Style) ([]string, [][]string) {
	return []string{"event", "path"}, [][]string{{e.Type, printable(e.Path)}}
}

func (e *Event) ZkCli(w io.Writer) { zkcliEvent(w, e.event) }

// state is an OnState: it makes the end of the session an event.
func (q *eventQueue) state(s client.State) {
	if s == client.StateExpired {
		q.push(client.Event{Type: jute.EventNone, State: jute.StateExpired})
	}
}

// printEvents prints the next n events of this process's session, each as it
// comes; all of them until ctx ends if n is -1. Where the shell or a script
// prints events (OnEvent), it returns at once.
func (e *Env) printEvents(ctx context.Context, command string, n int) error {
	if e.OnEvent != nil {
		return nil
	}
	p := e.Printer(n != 1)
	defer p.Close()
	for ; n != 0; n-- {
		event, err := e.events.next(ctx)
		if err != nil {
			return err
		}
		if event.Type == jute.EventNone {
			if n > 0 {
				return fmt.Errorf("%w, and its watch is gone", jute.ErrSessionExpired)
			}
			// The client has set persistent watches again.
			e.report(command, fmt.Errorf("%w: a new one goes on watching, what changed between them is not told", jute.ErrSessionExpired))
			continue
		}
		if err := p.Print(EventItem(event)); err != nil {
			return err
		}
		if err := p.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// awaitEvent prints the event of a watch that a command has set, once it comes,
// unless the command failed.
func (e *Env) awaitEvent(cmd *cobra.Command, watch bool, err error) error {
	if err != nil || !watch {
		return err
	}
	return e.printEvents(cmd.Context(), cmd.CalledAs(), 1)
}

// take takes all events that are there, and does not wait.
func (q *eventQueue) take() []client.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}
