package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	connections, depth, size, znodes, rate int
	count                                  int64 // requests of each load; 0: as many as there is time for
	duration                               duration
}

// benchResult is what bench prints of one load.
type benchResult struct {
	Load        string           `json:"load"`
	Servers     []string         `json:"servers"`
	Connections int              `json:"connections"`
	Depth       int              `json:"depth"` // requests in flight on each connection
	Size        int              `json:"size"`  // bytes of data
	Rate        int              `json:"rate,omitempty"`
	Seconds     float64          `json:"seconds"`
	Operations  int64            `json:"operations"` // that succeeded; events of the load watch
	PerSecond   int64            `json:"perSecond"`
	Errors      map[string]int64 `json:"errors"` // by what the server said
	Latency     *latencies       `json:"latencyMs"`
}

// latencies are in milliseconds, those of the requests that succeeded.
type latencies struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func newLatencies(h *hdrhistogram.Histogram) *latencies {
	if h.TotalCount() == 0 {
		return nil
	}
	ms := func(ns float64) float64 { return math.Round(ns/1e3) / 1e3 }
	at := func(q float64) float64 { return ms(float64(h.ValueAtQuantile(q))) }
	return &latencies{Min: ms(float64(h.Min())), Mean: ms(h.Mean()), P50: at(50), P95: at(95), P99: at(99), P999: at(99.9), Max: ms(float64(h.Max()))}
}

func (r *benchResult) errors() (n int64) {
	for _, c := range r.Errors {
		n += c
	}
	return n
}

func (r *benchResult) cells(s Style) []string {
	row := []string{r.Load, s.Count(r.Operations), s.Count(r.PerSecond), "-", "-", "-", "-", "-", s.Count(r.errors())}
	if l := r.Latency; l != nil {
		for i, v := range []float64{l.P50, l.P95, l.P99, l.P999, l.Max} {
			row[3+i] = fmt.Sprintf("%.3f", v)
		}
	}
	return row
}

var benchColumns = []string{"load", "operations", "per second", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms", "max ms", "errors"}

func (r *benchResult) Row(s Style) ([]string, [][]string) {
	return benchColumns, [][]string{r.cells(s)}
}

func (r *benchResult) Text(w io.Writer, s Style) {
	fmt.Fprintln(w, strings.Join(r.cells(s), "\t"))
}

func newBench(env *Env) *cobra.Command {
	o := benchOptions{duration: duration(5 * time.Second)}
	cmd := &cobra.Command{
		Use:   "bench [LOAD...]",
		Short: "Measure how fast a server or an ensemble is",
		Long: `Put load on the servers, and print for each LOAD how many requests a second were answered,
and how long they took: from sending to the answer, or with --rate from when the request
was due, so that a server that stalls does not look better than it is.

LOAD is any of these, else all of them in this order:
  create   new znodes
  set      new data for one of --znodes znodes
  get      data and Stat of one of them
  exists   its Stat
  ls       the names of 10 children
  mixed    60 % get, 10 % exists, 10 % ls, 10 % set, 5 % create, 5 % delete
  delete   znodes that were made before: --count, else 100,000
  watch    a change of one znode that all connections watch: the events, and the time from
           sending the change to each of them

Connections are sessions of their own, dealt out to the servers in turn; each keeps --depth
requests in flight (watch: one). What a load needs is created before, and deleted after,
below /zook-bench-... in the chroot; Ctrl-C ends a load early and cleans up, too.

A line is the load, operations, operations a second, p50, p95, p99, p99.9 and max in
milliseconds, and errors. The exit code is 1 if any request failed, 8 if no connection is
left.`,
		Example: `  zook bench
  zook bench get set -c 4 --depth 128 --duration 10s
  zook bench create -n 100000 --size 1024 -o json
  zook bench mixed --rate 2000 --duration 1m`,
		ValidArgs: slices.Sorted(slices.Values(benchLoads())),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("count") && !cmd.Flags().Changed("duration") {
				o.duration = duration(math.MaxInt64)
			}
			if err := o.check(args); err != nil {
				return err
			}
			if len(args) == 0 {
				args = benchLoads()
			}
			return env.bench(cmd, &o, args)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&o.connections, "connections", "c", 4, "`number` of sessions")
	f.IntVarP(&o.depth, "depth", "d", 16, "requests in flight on each")
	f.IntVar(&o.size, "size", 100, "`bytes` of data")
	f.IntVar(&o.znodes, "znodes", 1000, "`number` of znodes to read and write")
	f.IntVar(&o.rate, "rate", 0, "requests a second at the most, of all connections; 0: as many as go")
	f.Int64VarP(&o.count, "count", "n", 0, "end each load after so many requests")
	f.Var(&o.duration, "duration", "and after this time")
	return cmd
}

func (o *benchOptions) check(loads []string) error {
	for _, l := range loads {
		if !slices.Contains(benchLoads(), l) {
			return usagef("there is no load %q; there are %s", l, strings.Join(benchLoads(), ", "))
		}
	}
	for _, f := range []struct {
		name              string
		value, least, top int
	}{
		{"-c", o.connections, 1, 1 << 16}, {"--depth", o.depth, 1, 1 << 16}, {"--size", o.size, 0, maxPacket},
		{"--znodes", o.znodes, 1, 1 << 20}, {"--rate", o.rate, 0, 1 << 30},
	} {
		if f.value < f.least || f.value > f.top {
			return usagef("%s: a number from %d to %d", f.name, f.least, f.top)
		}
	}
	if o.count < 0 {
		return usagef("-n: a number of requests is 0 or more")
	}
	return nil
}

// bench runs loads one after the other below a znode of its own.
func (e *Env) bench(cmd *cobra.Command, o *benchOptions, loads []string) (err error) {
	ctx := cmd.Context()
	b, err := e.newBenchmark(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if left := b.cleanUp(ctx); err == nil {
			err = left
		} else if left != nil {
			e.report(calledAs(cmd), left)
		}
	}()
	if err := b.connect(ctx); err != nil {
		return err
	}
	defer b.disconnect()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	p := e.TablePrinter(true)
	var failed error
	for _, load := range loads {
		result, err := b.run(ctx, load)
		if err != nil {
			p.Close()
			return err
		}
		if len(result.Errors) > 0 {
			failed = e.report(calledAs(cmd), fmt.Errorf("%s: %s", load, listed(result.Errors)))
		}
		if err := p.Print(result); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		p.Flush()
	}
	return cmp.Or(p.Close(), failed)
}

// listed is such as "3 requests failed: no such node; 1: connection loss".
func listed(errors map[string]int64) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(errors)) {
		parts = append(parts, fmt.Sprintf("%d failed: %s", errors[what], what))
	}
	return strings.Join(parts, "; ")
}

// benchmark is a bench that runs.
type benchmark struct {
	env     *Env
	o       *benchOptions
	session *client.Client // for what is before and after
	servers []string       // host:port
	cfg     client.Config
	root    string // below the chroot
	full    string // with it
	data    []byte
	paths   []string // of the znodes to read and write
	conns   []*benchConn
	made    int // loads that have made znodes of their own
}

func (e *Env) newBenchmark(ctx context.Context, o *benchOptions) (*benchmark, error) {
	session, err := e.Session(ctx)
	if err != nil {
		return nil, err
	}
	servers, cfg, err := e.pipelines()
	if err != nil {
		return nil, err
	}
	b := &benchmark{env: e, o: o, session: session, servers: servers, cfg: cfg, data: benchData(o.size)}
	// A name that no other bench has.
	b.root, _, err = session.Create(ctx, "/zook-bench-", nil, jute.OpenACL(), jute.PersistentSequential, 0)
	b.full = session.Chroot() + b.root
	return b, onPath("/", err)
}

// cleanUp deletes what the loads have left, also after Ctrl-C.
func (b *benchmark) cleanUp(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	asking, cancel := b.env.answerIn(ctx)
	defer cancel()
	_, err := b.session.Exists(asking, b.root) // is there anyone to clean up with?
	var tree *subtree
	if err == nil {
		tree, err = b.env.subtree(ctx, b.session, b.root, "", true, &progress{})
	}
	if err == nil {
		d := &treeDelete{env: b.env, session: b.session, batch: 500, progress: b.env.progress("cleaned up")}
		defer d.progress.Finish()
		_, err = d.delete(ctx, tree)
	}
	if err != nil {
		return &Error{Path: b.root, Err: err, Hint: "zook deleteall " + b.root + " deletes what is left"}
	}
	return nil
}

// pipelines are the servers, and how to connect to each by itself.
func (e *Env) pipelines() ([]string, client.Config, error) {
	c, err := e.Connect.Resolve()
	if err != nil {
		return nil, client.Config{}, err
	}
	servers, _, err := client.ParseServers(c.Server)
	if err != nil {
		return nil, client.Config{}, err
	}
	cfg, err := c.session()
	return servers, cfg, err
}
