package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

// serverLatency is what latency prints of one server. A server that failed has an Error,
// and what was measured before.
type serverLatency struct {
	Server  string       `json:"server"`
	Rounds  int          `json:"rounds"` // that were whole
	Error   string       `json:"error,omitempty"`
	Connect *float64     `json:"connectMs"` // until the session was there
	Steps   latencySteps `json:"latencyMs"`
}

type latencySteps struct {
	Create *latencies `json:"create"`
	Get    *latencies `json:"get"`
	Set    *latencies `json:"set"`
	Delete *latencies `json:"delete"`
	Watch  *latencies `json:"watch"` // from sending a change to its event
}

var latencyColumns = []string{"server", "connect ms", "create p50/max", "get p50/max", "set p50/max", "delete p50/max", "watch p50/max"}

func (l *serverLatency) cells() []string {
	row := []string{l.Server, "-", "-", "-", "-", "-", "-"}
	if l.Connect != nil {
		row[1] = fmt.Sprintf("%.3f", *l.Connect)
	}
	for i, step := range []*latencies{l.Steps.Create, l.Steps.Get, l.Steps.Set, l.Steps.Delete, l.Steps.Watch} {
		if step != nil {
			row[2+i] = fmt.Sprintf("%.3f/%.3f", step.P50, step.Max)
		}
	}
	return row
}

func (l *serverLatency) Row(Style) ([]string, [][]string) {
	return latencyColumns, [][]string{l.cells()}
}

func (l *serverLatency) Text(w io.Writer, _ Style) { fmt.Fprintln(w, strings.Join(l.cells(), "\t")) }

func newLatency(env *Env) *cobra.Command {
	var rounds int
	cmd := &cobra.Command{
		Use:   "latency",
		Short: "Try out each server of an ensemble: connect, create, get, set, watch, delete",
		Long: `Open a session with each of the servers of --server, one after the other, and run rounds of
requests, one at a time: an ephemeral znode is created, read with a watch, changed, and
deleted. It is a smoke test of every server by itself, where a session with all of them
would tell of one.

A line is the server, the time until the session was there, and of create, get, set, delete
and the event of the watch, which is counted from sending the change, the median and the
longest time; all in milliseconds. -o json has more percentiles. A server that fails has its
error on standard error; the exit code is 8 if there was no connection with any.`,
		Example: `  zook -S zk1:2181,zk2:2181,zk3:2181 latency
  zook -S zk1,zk2,zk3 latency -n 1000 -o json`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rounds < 1 {
				return usagef("-n: a number of rounds is 1 or more")
			}
			return env.latency(cmd, rounds)
		},
	}
	cmd.Flags().IntVarP(&rounds, "rounds", "n", 100, "`number` of rounds")
	return cmd
}

func (e *Env) latency(cmd *cobra.Command, rounds int) error {
	if e.Offline() {
		return errNeedsServer
	}
	servers, cfg, err := e.pipelines()
	if err != nil {
		return err
	}
	_, chroot, err := client.ParseServers(cfg.Servers)
	if err != nil {
		return err
	}
	p := e.TablePrinter(true)
	var failed error
	connected := false
	for _, addr := range servers {
		try := newLatencyTry(e, addr, chroot)
		err := try.run(cmd.Context(), cfg, rounds)
		if ctxErr := cmd.Context().Err(); ctxErr != nil {
			return cmp.Or(p.Close(), ctxErr)
		}
		result := try.result()
		connected = connected || result.Connect != nil
		if err != nil {
			result.Error = client.PlainReason(err).Error()
			failed = e.report(calledAs(cmd), fmt.Errorf("%s: %w", addr, client.PlainReason(err)))
		}
		if err := p.Print(result); err != nil {
			return err
		}
	}
	if failed != nil && !connected {
		failed = &reportedError{&connectError{failed}}
	}
	return cmp.Or(p.Close(), failed)
}

// latencyTry is the trial of one server.
type latencyTry struct {
	env                             *Env
	addr, root                      string
	connect                         *float64
	rounds                          int
	create, get, set, delete, watch *hdrhistogram.Histogram
}

func newLatencyTry(e *Env, addr, chroot string) *latencyTry {
	h := func() *hdrhistogram.Histogram { return hdrhistogram.New(leastLatency, mostLatency, 3) }
	return &latencyTry{env: e, addr: addr, root: chroot + "/zook-latency-", create: h(), get: h(), set: h(), delete: h(), watch: h()}
}

func (t *latencyTry) result() *serverLatency {
	return &serverLatency{Server: t.addr, Rounds: t.rounds, Connect: t.connect, Steps: latencySteps{
		newLatencies(t.create), newLatencies(t.get), newLatencies(t.set), newLatencies(t.delete), newLatencies(t.watch)}}
}

func (t *latencyTry) run(ctx context.Context, cfg client.Config, rounds int) error {
	opening, cancel := t.env.answerIn(ctx)
	defer cancel()
	start := time.Now()
	p, err := client.OpenPipeline(opening, t.addr, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	ms := float64(time.Since(start).Microseconds()) / 1000
	t.connect = &ms
	for ; t.rounds < rounds && ctx.Err() == nil; t.rounds++ {
		if err := t.round(p); err != nil {
			return err
		}
	}
	return nil
}

// round runs each request once.
func (t *latencyTry) round(p *client.Pipeline) error {
	var body []byte
	var start time.Time
	request := func(took *hdrhistogram.Histogram, op jute.OpCode, q jute.Record) error {
		p.SetDeadline(time.Now().Add(t.env.answerTime()))
		start = time.Now()
		p.Send(op, q)
		if err := p.Flush(); err != nil {
			return err
		}
		for {
			reply, err := p.Receive()
			if err != nil {
				return err
			}
			if reply.Xid == jute.XidNotification { // ahead of the reply of what it tells
				recordLatency(t.watch, time.Since(start))
				continue
			}
			if reply.Err != jute.ErrOK {
				return reply.Err
			}
			recordLatency(took, time.Since(start))
			body = reply.Body
			return nil
		}
	}
	data := benchData(100)
	err := request(t.create, jute.OpCreate, &jute.CreateRequest{Path: t.root, Data: data, ACL: jute.OpenACL(), Flags: jute.EphemeralSequential})
	if err != nil {
		return fmt.Errorf("create of an ephemeral: %w", err)
	}
	var made jute.CreateResponse
	if err := jute.Unmarshal(body, &made); err != nil {
		return err
	}
	heard := t.watch.TotalCount()
	if err := request(t.get, jute.OpGetData, &jute.GetDataRequest{Path: made.Path, Watch: true}); err != nil {
		return fmt.Errorf("get: %w", err)
	}
	if err := request(t.set, jute.OpSetData, &jute.SetDataRequest{Path: made.Path, Data: data, Version: -1}); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	if t.watch.TotalCount() == heard {
		return errors.New("no event came for a change of a watched znode")
	}
	if err := request(t.delete, jute.OpDelete, &jute.DeleteRequest{Path: made.Path, Version: -1}); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

func recordLatency(h *hdrhistogram.Histogram, took time.Duration) {
	h.RecordValue(min(max(int64(took), leastLatency), mostLatency))
}
