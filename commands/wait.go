package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

type waitOptions struct {
	serving     bool
	servers     serverCount
	paths, gone []string
	minChildren int
}

// serverCount is the flag --servers: a number, or all of them.
type serverCount int

const allServers serverCount = -1

func (n *serverCount) Set(s string) error {
	v, err := strconv.ParseUint(s, 10, 16)
	switch {
	case s == "all":
		*n = allServers
	case err != nil || v == 0:
		return fmt.Errorf("%q is neither a number of servers nor all", s)
	default:
		*n = serverCount(v)
	}
	return nil
}
func (n *serverCount) Type() string   { return "number" }
func (n *serverCount) String() string { return "" }

func newWait(env *Env) *cobra.Command {
	o := waitOptions{minChildren: -1}
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until servers serve, or a znode is there or gone",
		Long: `Wait until all that the flags ask for has been so, one after the other in the order of
the list below; without flags, until a server of --server serves. Nothing is printed.

What does not answer, or whose name does not resolve yet, is tried again and again.
Znodes are not polled: wait watches them.

--timeout is how long to wait altogether; without it there is no end. When the time is up
a line says what was missing. The exit code is 0, 8 if no server served, or 1 if
something else was missing.`,
		Example: `  zook wait -S zookeeper:2181 --timeout 2m && exec my-service
  zook wait --servers all --timeout 5m            # after the restart of one of them
  zook wait --path /brokers/ids --min-children 3
  zook wait --gone /app/maintenance --timeout 1h`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.minChildren >= 0 && len(o.paths) == 0 {
				return usagef("--min-children is about --path")
			}
			return env.wait(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Var(&o.servers, "servers", "until `N` servers of the ensemble serve, or all")
	f.BoolVar(&o.serving, "serving", false, "until a server of --server serves")
	f.StringArrayVar(&o.paths, "path", nil, "until `PATH` exists (repeatable)")
	f.IntVar(&o.minChildren, "min-children", -1, "and has `N` children at least")
	f.StringArrayVar(&o.gone, "gone", nil, "until `PATH` does not exist (repeatable)")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("path", env.completePaths(-1))
		cmd.RegisterFlagCompletionFunc("gone", env.completePaths(-1))
	}
	return cmd
}

// waiting is a wait that runs.
type waiting struct {
	env    *Env // its own, whose timeout is that of one try
	shown  func(missing string)
	events eventQueue // states too
	served bool       // some server did

	missing string // what it waits for
}

const (
	tryTime    = 5 * time.Second        // for one try, of all that are made
	surveyTime = 2 * time.Second        // for one of all servers, of which one may be dead
	tryPause   = 250 * time.Millisecond // between two
	quietStart = time.Second            // before a person is told what is missing
)

// wait returns when all is as o says, or with what is missing when the time is up.
func (e *Env) wait(ctx context.Context, o *waitOptions) error {
	for _, list := range [][]string{o.paths, o.gone} {
		for i, arg := range list {
			path, err := e.Path(arg)
			if err != nil {
				return err
			}
			list[i] = path
		}
	}
	limit := e.Connect.Timeout
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	w := &waiting{env: e.own(), shown: e.teller()}
	w.env.Connect.Timeout = tryTime
	w.env.OnEvent = w.events.push
	w.env.OnState = func(s client.State) { w.events.push(client.Event{Type: jute.EventNone, State: sessionStates[s]}) }
	defer w.env.Close()
	err := w.all(ctx, o)
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	err = fmt.Errorf("%s, after %v", w.missing, limit)
	if !w.served {
		return &connectError{err}
	}
	return err
}

// teller returns a function that tells a person at the terminal what is missing, if
// that takes a while.
func (e *Env) teller() func(string) {
	start, last := time.Now(), ""
	return func(missing string) {
		if e.Progress != nil && missing != last && time.Since(start) > quietStart {
			last = missing
			fmt.Fprintln(e.Progress, "zook: waiting: "+oneLine(missing))
		}
	}
}

func (w *waiting) all(ctx context.Context, o *waitOptions) error {
	if o.servers != 0 {
		if err := w.untilServers(ctx, o.servers); err != nil {
			return err
		}
		if !o.serving && len(o.paths)+len(o.gone) == 0 {
			return nil
		}
	}
	session, err := w.untilSession(ctx)
	if err != nil {
		return err
	}
	for _, path := range o.paths {
		err := w.untilPath(ctx, session, path, func(ctx context.Context, c *client.Client, path string) (string, error) {
			return isThere(ctx, c, path, o.minChildren)
		})
		if err != nil {
			return err
		}
	}
	for _, path := range o.gone {
		if err := w.untilPath(ctx, session, path, isGone); err != nil {
			return err
		}
	}
	return nil
}

// lacks notes what is missing. What a try comes to that ran out of time says less than
// the one before it.
func (w *waiting) lacks(ctx context.Context, missing string) {
	if w.missing == "" || ctx.Err() == nil {
		w.missing = missing
		w.shown(missing)
	}
}

// rest waits a moment.
func (w *waiting) rest(ctx context.Context) error {
	select {
	case <-time.After(tryPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// untilServers waits until so many servers serve.
func (w *waiting) untilServers(ctx context.Context, want serverCount) error {
	wanted := int(want)
	for {
		try, cancel := context.WithTimeout(ctx, surveyTime)
		found, err := w.env.survey(try)
		cancel()
		if err != nil {
			return err
		}
		serve := 0
		var down []string
		for _, p := range found.Probes {
			if p.Err == nil && !p.Srvr.ReadOnly {
				serve++
			} else if p.Err != nil {
				down = append(down, p.Addr+": "+reason(p.Err))
			}
		}
		if want == allServers {
			wanted = max(wanted, len(found.Probes)) // one that does not serve does not tell of the others
		}
		w.served = w.served || serve > 0
		if serve >= wanted {
			return nil
		}
		w.lacks(ctx, strings.TrimSuffix(fmt.Sprintf("%d of %d servers serve: %s", serve, wanted, strings.Join(down, "; ")), ": "))
		if err := w.rest(ctx); err != nil {
			return err
		}
	}
}

// untilSession waits until there is a session.
func (w *waiting) untilSession(ctx context.Context) (*client.Client, error) {
	for {
		session, err := w.env.Session(ctx)
		var none *client.DialError
		switch {
		case err == nil:
			w.served = true
			return session, nil
		case !errors.As(err, &none) || errors.Is(err, jute.ErrAuthFailed):
			return nil, err
		}
		w.lacks(ctx, explained(err))
		if err := w.rest(ctx); err != nil {
			return nil, err
		}
	}
}

// untilPath waits until is says that nothing is missing. is sets a watch for the moment
// when it may be so.
func (w *waiting) untilPath(ctx context.Context, c *client.Client, path string, is func(context.Context, *client.Client, string) (string, error)) error {
	w.missing = ""
	for {
		w.events.take()
		try, cancel := context.WithTimeout(ctx, tryTime)
		missing, err := is(try, c, path)
		cancel()
		switch {
		case err == nil && missing == "":
			return nil
		case err == nil:
			w.lacks(ctx, path+": "+missing)
			if _, err := w.events.next(ctx); err != nil {
				return err
			}
		case slices.ContainsFunc(lossOf, func(loss error) bool { return errors.Is(err, loss) }):
			w.lacks(ctx, path+": no answer")
			if err := w.rest(ctx); err != nil {
				return err
			}
		default:
			return onPath(path, err)
		}
	}
}

// lossOf are the errors after which a session may come back, or another one come.
var lossOf = []error{jute.ErrConnectionLoss, jute.ErrSessionExpired, jute.ErrOperationTimeout, jute.ErrSessionMoved, context.DeadlineExceeded}

// isThere says what a path lacks, and watches for it. children is how many it should
// have, -1 if that does not matter.
func isThere(ctx context.Context, c *client.Client, path string, children int) (missing string, err error) {
	stat, err := c.ExistsW(ctx, path)
	switch {
	case err != nil:
		return "", err
	case stat == nil:
		return "there is no such node", nil
	case children < 0:
		return "", nil
	}
	names, _, err := c.ChildrenW(ctx, path)
	switch {
	case noNode(err):
		return "there is no such node", nil // its watch has heard of the deletion
	case err != nil || len(names) >= children:
		return "", err
	}
	return fmt.Sprintf("%d of %d children are there", len(names), children), nil
}

func isGone(ctx context.Context, c *client.Client, path string) (missing string, err error) {
	stat, err := c.ExistsW(ctx, path)
	if err == nil && stat != nil {
		missing = "it is still there"
	}
	return missing, err
}
