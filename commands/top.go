package commands

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

const (
	defaultTopInterval = 2 * time.Second
	batchClients       = 10 // of a round
)

type topOptions struct {
	batch    bool
	rounds   int // of --batch; 0 for no end
	interval time.Duration
}

func newTop(env *Env) *cobra.Command {
	o := topOptions{}
	interval := duration(defaultTopInterval)
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch servers and clients as they work",
		Long: `Show the servers of the ensemble with their rates, and their busiest clients, on the whole
terminal and anew every --interval. Keys:

  q  quit                  s  sort clients by something else
  p  pause, and go on      /  show only rows with a text; Escape ends that
  +  -  more, less often   Up, Down, PgUp, PgDn, Home, End  scroll
  c  clients               e  sessions
  w  watched paths         ?  help

Servers are those of --server, and the other members of their configuration. Each is asked
for srvr, mntr, conf and cons on its own: one that is dead or slow holds up no other. Rates
are between two answers; recv/s, sent/s and req/s are packets, pings among them, but not those
of zook itself; txn/s is transactions, by the zxid;
latency is min/avg/max in milliseconds, as the server counts it since its start or srst.
Sessions need dump as well, which is sent only while they are shown. Watched paths need
wchp, which makes a server go through all its watches while its clients wait: it is sent
once, when w is pressed a second time.

With --batch, and where no person is at a terminal, the same is printed again and again:
tables, or with -o jsonl an object a round.`,
		Example: `  zook top
  zook top -S zk1,zk2,zk3 --interval 500ms
  zook top --batch -n 2 --interval 10s
  zook top -n 5 -o jsonl | jq '.servers[] | {server, receivedPerSecond}'`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.interval = time.Duration(interval)
			if o.rounds < 0 {
				return usagef("-n: a number of rounds is wanted, 0 for no end")
			}
			asker, addrs, err := env.asker()
			if err != nil {
				return err
			}
			ctx, stop := context.WithCancel(cmd.Context())
			m := &monitor{ctx: ctx, asker: asker, interval: o.interval, changed: func() {}}
			defer m.running.Wait()
			defer stop()
			if o.batch || o.rounds > 0 || env.Console == nil || env.Format != Auto {
				return env.topBatch(m, addrs, &o)
			}
			return env.topScreen(m, addrs)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.batch, "batch", false, "print tables, and take no keys")
	f.IntVarP(&o.rounds, "rounds", "n", 0, "print this `number` of rounds, and end")
	f.Var(&interval, "interval", "time between two rounds (2s)")
	return cmd
}

// topBatch prints rounds. The rates of the first are not known yet.
func (e *Env) topBatch(m *monitor, addrs []string, o *topOptions) error {
	news := make(chan struct{}, 1)
	m.changed = func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}
	m.watch(addrs...)
	next := time.NewTicker(o.interval)
	defer next.Stop()
	p := e.Printer(true)
	answered := false
	var before time.Time
	for n := 1; ; n++ {
		if err := m.awaitRound(news, before); err != nil {
			return err
		}
		seen := m.observe()
		before = seen.at
		if seen.broken != nil {
			return seen.broken
		}
		r := seen.round()
		r.sortClients(0)
		r.Clients = r.Clients[:min(batchClients, len(r.Clients))]
		if err := p.Print(r); err != nil {
			return err
		}
		if e.Format == Table { // one for each round
			if err := p.Close(); err != nil {
				return err
			}
			p = e.Printer(true)
		}
		if err := p.Flush(); err != nil {
			return err
		}
		for i := range r.Servers {
			answered = answered || r.Servers[i].Error == ""
		}
		if n == o.rounds {
			break
		}
		select {
		case <-next.C:
		case <-m.ctx.Done():
			p.Close()
			return m.ctx.Err()
		}
	}
	if err := p.Close(); err != nil || answered {
		return err
	}
	return errNoServer
}

// awaitRound waits until every server has answered, or has been given up, since the
// round before, but not for long.
func (m *monitor) awaitRound(news <-chan struct{}, before time.Time) error {
	late := time.NewTimer(m.interval / 2)
	defer late.Stop()
	for !m.observe().heardSince(before) {
		select {
		case <-news:
		case <-late.C:
			return nil
		case <-m.ctx.Done():
			return m.ctx.Err()
		}
	}
	return nil
}

// heardSince reports whether every server has answered, or has been given up, since
// a moment.
func (o *observed) heardSince(t time.Time) bool {
	return !slices.ContainsFunc(o.servers, func(s monitored) bool { return s.last == nil || !s.last.at.After(t) })
}
