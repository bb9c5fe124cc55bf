package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"zook/fourletter"
)

// census is what the servers of an ensemble tell of those who are connected.
type census struct {
	servers []*headcount
	// failed is why not all was told, and the user knows; nil if all was.
	failed error
}

// headcount is what one server tells.
type headcount struct {
	addr    string
	conns   []fourletter.Conn
	dump    *fourletter.Dump          // nil if it was not asked for
	watches []fourletter.PathSessions // as dump
}

// census asks all servers at once who is connected. What a server does not tell is
// reported; the rest is in the census.
func (e *Env) census(cmd *cobra.Command, dump, watches bool) (*census, error) {
	ctx := cmd.Context()
	found, err := e.survey(ctx)
	if err != nil {
		return nil, err
	}
	asker, _, err := e.asker()
	if err != nil {
		return nil, err
	}
	c := &census{}
	var live []string
	for _, p := range found.Probes {
		if p.Err == nil {
			live = append(live, p.Addr)
			continue
		}
		c.report(e, cmd, p.Addr, p.Err)
	}
	counting := atOnce(live, func(addr string) *counter { return count(ctx, asker, addr, dump, watches) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, n := range counting {
		for _, word := range n.admin {
			fmt.Fprintf(e.Err, "zook: %s %s: %s is not in 4lw.commands.whitelist: AdminServer was asked\n", cmd.Name(), n.addr, word)
		}
		for _, err := range n.errs {
			c.report(e, cmd, n.addr, err)
		}
		c.servers = append(c.servers, &n.headcount)
	}
	return c, nil
}

// report tells of a server that does not tell all.
func (c *census) report(e *Env, cmd *cobra.Command, addr string, err error) {
	if !isRefusal(err) {
		err = &connectError{errors.New(reason(err))}
	}
	c.failed = cmp.Or(c.failed, e.report(cmd.Name(), &Error{Path: addr, Err: err}))
}

// isRefusal reports whether a ZooKeeper has answered, and will not tell.
func isRefusal(err error) bool {
	var parse *fourletter.ParseError
	return errors.Is(err, fourletter.ErrNotAllowed) || errors.Is(err, fourletter.ErrNotServing) || errors.As(err, &parse)
}

// counter is a headcount as it comes in.
type counter struct {
	headcount
	admin []string // words that AdminServer has answered
	errs  []error
}

func count(ctx context.Context, asker *fourletter.Client, addr string, dump, watches bool) *counter {
	n := &counter{headcount: headcount{addr: addr}}
	var mu sync.Mutex
	var asking sync.WaitGroup
	ask := func(word string, do func() (admin bool, err error)) {
		asking.Go(func() {
			admin, err := do()
			mu.Lock()
			defer mu.Unlock()
			if admin {
				n.admin = append(n.admin, word)
			}
			if err != nil {
				n.errs = append(n.errs, err)
			}
		})
	}
	ask("cons", func() (admin bool, err error) { n.conns, admin, err = asker.Cons(ctx, addr); return })
	if dump {
		ask("dump", func() (admin bool, err error) { n.dump, admin, err = asker.Dump(ctx, addr); return })
	}
	if watches {
		ask("wchp", func() (admin bool, err error) { n.watches, admin, err = asker.Wchp(ctx, addr); return })
	}
	asking.Wait()
	slices.Sort(n.admin)
	slices.SortFunc(n.errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	n.errs = slices.CompactFunc(n.errs, func(a, b error) bool { return a.Error() == b.Error() })
	n.conns = slices.DeleteFunc(n.conns, hasNoSession)
	return n
}

// hasNoSession is of a connection that has come to send a four-letter word, as ours
// have, or whose client has not been welcomed yet.
func hasNoSession(c fourletter.Conn) bool { return c.Session == 0 }

// owners are the sessions with ephemerals, and their paths. Only a leader, or a
// server that stands alone, is sure to have them as they are: others may lag.
func (c *census) owners() map[int64][]string {
	owners := map[int64][]string{}
	for _, n := range c.sure() {
		for _, s := range n.dump.Ephemerals {
			if _, ok := owners[s.Session]; !ok {
				owners[s.Session] = s.Paths
			}
		}
	}
	return owners
}

// sure are the servers whose dump is to be believed.
func (c *census) sure() []*headcount {
	var all, leaders []*headcount
	for _, n := range c.servers {
		if n.dump == nil {
			continue
		}
		all = append(all, n)
		if len(n.dump.Expiries) > 0 && len(n.dump.Global) == 0 {
			leaders = append(leaders, n)
		}
	}
	if len(leaders) > 0 {
		return leaders
	}
	return all
}

// watchers are the sessions that watch a path that the filter wants.
func (c *census) watchers(f *pathsFlag) map[int64][]string {
	watchers := map[int64][]string{}
	for _, n := range c.servers {
		for _, w := range n.watches {
			if !f.wants(w.Path) {
				continue
			}
			for _, id := range w.Sessions {
				watchers[id] = append(watchers[id], w.Path)
			}
		}
	}
	return watchers
}

// pathsFlag is a flag for paths and patterns as all --path are.
type pathsFlag struct{ anyOf[pathPattern] }

func newPathsFlag() *pathsFlag {
	return &pathsFlag{anyOf[pathPattern]{kind: "path", parse: parsePathPattern}}
}

func (f *pathsFlag) isSet() bool { return len(f.values) > 0 }

func (f *pathsFlag) wants(path string) bool {
	return f.has(func(p *pathPattern) bool { return p.match([]byte(path)) })
}

// wanted are those of the paths that the flag wants.
func (f *pathsFlag) wanted(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return !f.wants(p) })
}
