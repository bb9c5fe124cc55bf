package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

type watchOptions struct {
	recursive, data bool
	count           int      // of events; 0 for any number
	limit           duration // how long; 0 for ever
}

func newWatch(env *Env) *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch PATH...",
		Short: "Print changes of znodes as they happen",
		Long: `Print a line for every change of the znodes: its time, its type and the path. Without -r
these are the creation and deletion of each PATH, changes of its data, and children that
come or go; with -r the creation, deletion and data of PATH and of all below it. A PATH
need not exist yet.

watch has a session of its own. When the connection is lost it says so, and opens it
again; what changed meanwhile is told then, and what changed about the moments of loss
and return perhaps twice. Deletions that only the parent knows of are told as
NodeChildrenChanged of the parent. Servers before 3.6 have no watches that last: with
them zook sets a watch on every znode, again after every event, and of changes in quick
succession may tell only the last.

It ends with Ctrl-C, after --for, or after -n events; "watching" on standard error tells
that watches are set. The exit code is 0, but 1 if -n events have not come.`,
		Example: `  zook watch -r /brokers
  zook watch -r -o jsonl / | jq .path
  zook watch --data /app/config
  zook watch -n 1 --for 30s /app/ready && start`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("count") && o.count < 1 {
				return usagef("-n: at least one event")
			}
			return env.watch(cmd.Context(), args, &o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "watch all znodes below too")
	f.BoolVar(&o.data, "data", false, "print the data as it is after the change")
	f.IntVarP(&o.count, "count", "n", 0, "end after `N` events")
	f.Var(&o.limit, "for", "end after this `time`, such as 30s")
	return cmd
}

// watch prints changes until one of the ends that o names, or that of ctx.
func (e *Env) watch(ctx context.Context, args []string, o *watchOptions) error {
	w := &watching{env: e, watchOptions: o, stopped: ctx}
	for _, arg := range args {
		path, err := e.Path(arg)
		if err != nil {
			return err
		}
		w.roots = append(w.roots, path)
	}
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(o.limit))
		defer cancel()
	}
	session, err := e.ownSession(ctx, w.onState, w.queue.push)
	if err != nil {
		return err
	}
	defer session.Close()
	w.session = session
	if err := w.start(ctx); err != nil {
		return err
	}
	w.printer = e.Printer(o.count != 1)
	err = w.end(ctx, w.run(ctx))
	if e := w.printer.Close(); err == nil {
		err = e
	}
	return err
}

// ownSession opens a session beside that of Env, with the same settings and
// identities.
func (e *Env) ownSession(ctx context.Context, onState func(client.State), onEvent func(client.Event)) (*client.Client, error) {
	own := e.own()
	own.OnState, own.OnEvent = onState, onEvent
	return own.Session(ctx)
}

// own is an Env for a session beside that of e, with the same settings and identities.
func (e *Env) own() *Env {
	own := &Env{Connect: e.Connect, Files: e.Files, closed: e.Closed()}
	if c := e.Connected(); c != nil { // addauth may have added some
		own.Connect.Auth = nil
		for _, a := range c.Auths() {
			own.Connect.Auth = append(own.Connect.Auth, a.Scheme+":"+string(a.Data))
		}
	}
	return own
}

// watching is a watch that runs.
type watching struct {
	*watchOptions
	env     *Env
	stopped context.Context // ends with Ctrl-C
	roots   []string
	session *client.Client
	printer *Printer
	queue   eventQueue // states too, as events of type None
	watcher watcher
	told    int // events

	lost    bool // the connection
	expired bool // and the session
	behind  bool // the watcher has to look what has changed
}

// watcher is one way to watch.
type watcher interface {
	// arm sets the watches.
	arm(ctx context.Context) error
	// event says what an event of the session means to the user. After an error it
	// is up to catchUp.
	event(ctx context.Context, e client.Event) ([]client.Event, error)
	// catchUp says what has changed while there was no connection, and sets again
	// what has been lost, in a new session everything.
	catchUp(ctx context.Context, newSession bool) ([]client.Event, error)
	// rest is called about a second after an event.
	rest(ctx context.Context)
}

// sessionStates are the states as their events have them.
var sessionStates = map[client.State]jute.KeeperState{
	client.StateConnected:    jute.StateSyncConnected,
	client.StateDisconnected: jute.StateDisconnected,
	client.StateExpired:      jute.StateExpired,
	client.StateAuthFailed:   jute.StateAuthFailed,
}

func (w *watching) onState(s client.State) {
	if state, ok := sessionStates[s]; ok {
		w.queue.push(client.Event{Type: jute.EventNone, State: state})
	}
}

// start sets the watches.
func (w *watching) start(ctx context.Context) error {
	w.watcher = &persistentWatcher{w: w}
	err := w.watcher.arm(ctx)
	how := ""
	if errors.Is(err, jute.ErrUnimplemented) {
		w.watcher = &oneShotWatcher{w: w}
		err = w.watcher.arm(ctx)
		for _, e := range w.queue.take() {
			if e.Type != jute.EventNone { // the server has hung up on what it does not know
				w.queue.push(e)
			}
		}
		how = " (with one-shot watches, as the server is older than 3.6)"
	}
	if err != nil {
		return err
	}
	what := several(w.roots)
	if w.recursive {
		what += " and all below"
	}
	fmt.Fprintf(w.env.Err, "zook: watching %s%s\n", printable(what), how)
	return nil
}

// read is statAndChildren in the session of the watch.
func (w *watching) read(ctx context.Context, path string, deep bool) ([]string, jute.Stat, error) {
	ctx, cancel := w.env.answerIn(ctx)
	defer cancel()
	return statAndChildren(ctx, w.session, path, deep)
}

// pause is how long after an event watcher.rest is called, and after a failure
// watcher.catchUp.
const pause = 250 * time.Millisecond

// run prints changes until the end.
func (w *watching) run(ctx context.Context) error {
	var due time.Time // for rest; zero if nothing has come since the last
	for w.count == 0 || w.told < w.count {
		wait, cancel := ctx, context.CancelFunc(func() {})
		if w.behind || !due.IsZero() {
			wait, cancel = context.WithTimeout(ctx, pause)
		}
		e, err := w.queue.next(wait)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = w.take(ctx, append([]client.Event{e}, w.queue.take()...))
			if due.IsZero() {
				due = time.Now().Add(pause)
			}
		} else if w.behind {
			err = w.catchUp(ctx)
		} else {
			err = nil
		}
		if err != nil {
			return err
		}
		if !due.IsZero() && time.Now().After(due) {
			w.watcher.rest(ctx)
			due = time.Time{}
		}
	}
	return nil
}

// take deals with events and states in their order.
func (w *watching) take(ctx context.Context, events []client.Event) error {
	var changes []client.Event
	for _, e := range events {
		if e.Type == jute.EventNone {
			if err := w.tell(ctx, changes); err != nil {
				return err
			}
			changes = nil
			if err := w.state(ctx, e.State); err != nil {
				return err
			}
			continue
		}
		more, err := w.watcher.event(ctx, e)
		if err != nil {
			if err := w.failed(ctx, err); err != nil {
				return err
			}
		}
		changes = append(changes, more...)
	}
	return w.tell(ctx, changes)
}

// state tells the user what happens to the connection, and catches up when it is
// back.
func (w *watching) state(ctx context.Context, s jute.KeeperState) error {
	say := func(format string, args ...any) { fmt.Fprintf(w.env.Err, "zook: "+format+"\n", args...) }
	switch s {
	case jute.StateDisconnected:
		say("the connection to %s is lost, trying again", w.session.Server())
		w.lost = true
	case jute.StateExpired:
		w.lost, w.expired = true, true
	case jute.StateAuthFailed:
		if err := w.session.Err(); err != nil {
			return err
		}
		say("the server refuses an identity of the session, trying again")
	case jute.StateSyncConnected:
		if !w.lost {
			return nil // the first
		}
		how := "connected again, to %s"
		if w.expired {
			how += ", in a new session: the old one has expired"
		}
		say(how, w.session.Server())
		w.lost = false
		return w.catchUp(ctx)
	}
	return nil
}

func (w *watching) catchUp(ctx context.Context) error {
	if w.lost {
		return nil // it will be back
	}
	changes, err := w.watcher.catchUp(ctx, w.expired)
	if err == nil {
		w.behind, w.expired = false, false
	} else if err = w.failed(ctx, err); err != nil {
		return err
	}
	return w.tell(ctx, changes)
}

// failed looks at what kept the watcher from its work: what comes of the
// connection is tried again later.
func (w *watching) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil || ExitCode(err) != ExitNoConnection {
		return err
	}
	w.behind = true
	return nil
}

// tell prints changes.
func (w *watching) tell(ctx context.Context, changes []client.Event) error {
	if w.count > 0 {
		changes = changes[:min(len(changes), w.count-w.told)]
	}
	items := make([]*change, len(changes))
	for i, e := range changes {
		items[i] = newChange(e)
	}
	if w.data {
		w.readData(ctx, items)
	}
	for _, item := range items {
		if err := w.printer.Print(item); err != nil {
			return err
		}
	}
	w.told += len(items)
	return w.printer.Flush()
}

// readData adds the data to creations and changes.
func (w *watching) readData(ctx context.Context, items []*change) {
	parallel(ctx, readsInFlight, len(items), func(ctx context.Context, i int) error {
		c := items[i]
		if c.event.Type != jute.EventNodeCreated && c.event.Type != jute.EventNodeDataChanged {
			return nil
		}
		ctx, cancel := w.env.answerIn(ctx)
		defer cancel()
		data, _, err := w.session.Get(ctx, c.Path)
		switch {
		case noNode(err):
			c.Problem = "deleted since"
		case err != nil:
			c.Problem = strings.TrimPrefix(Explain(err), "zook: ")
		case data != nil && utf8.Valid(data):
			text := string(data)
			c.Data = &text
		default:
			c.Base64 = data
		}
		return nil
	})
}

// end is the error that a watch ends with: none if it was stopped in time.
func (w *watching) end(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case w.count == 0:
		return nil
	case w.stopped.Err() != nil:
		return w.stopped.Err()
	}
	return fmt.Errorf("only %d of %d events came within %v", w.told, w.count, time.Duration(w.limit))
}
