package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"zook/client"
	"zook/jute"
)

// Latencies from a microsecond to a minute, to three digits.
const (
	leastLatency = int64(time.Microsecond)
	mostLatency  = int64(time.Minute)
)

// benchTally is what some connections have seen. There are few, since a histogram is
// 200 kB and there may be 10,000 connections.
type benchTally struct {
	mu     sync.Mutex
	took   *hdrhistogram.Histogram
	errors map[string]int64
}

func newBenchTally() *benchTally {
	return &benchTally{took: hdrhistogram.New(leastLatency, mostLatency, 3), errors: map[string]int64{}}
}

func (t *benchTally) add(took time.Duration, err jute.ErrCode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != jute.ErrOK {
		t.errors[err.Error()]++
		return
	}
	recordLatency(t.took, took)
}

func (t *benchTally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors[err.Error()]++
}

const benchTallies = 16

// benchRun is one load that runs.
type benchRun struct {
	*benchmark
	load    string
	home    string // of the znodes that it makes
	start   time.Time
	end     time.Time
	every   time.Duration // between two requests of a connection; 0 for as fast as it goes
	shown   *progress
	tallies [benchTallies]*benchTally
}

// connect opens the connections, many at a time.
func (b *benchmark) connect(ctx context.Context) error {
	b.conns = make([]*benchConn, b.o.connections)
	shown := b.env.progress("connected")
	defer shown.Finish()
	shown.total.Store(int64(len(b.conns)))
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range b.conns {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			addr := b.servers[i%len(b.servers)]
			opening, cancel := b.env.answerIn(ctx)
			defer cancel()
			p, err := client.OpenPipeline(opening, addr, b.cfg)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && failed == nil {
				failed = &connectError{fmt.Errorf("connection %d, to %s: %w", i+1, addr, err)}
			}
			if err == nil {
				b.conns[i] = &benchConn{p: p, n: i, rnd: rand.New(rand.NewPCG(uint64(i), 1))}
				shown.done.Add(1)
			}
		})
	}
	all.Wait()
	if failed != nil {
		b.disconnect()
	}
	return failed
}

// disconnect ends the sessions.
func (b *benchmark) disconnect() {
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for _, c := range b.conns {
		if c == nil {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			c.p.Close()
			<-slots
		})
	}
	all.Wait()
}

// run runs one load on all connections.
func (b *benchmark) run(ctx context.Context, load string) (*benchResult, error) {
	r := &benchRun{benchmark: b, load: load}
	for i := range r.tallies {
		r.tallies[i] = newBenchTally()
	}
	quota := b.o.count
	if load == loadDelete && quota == 0 {
		quota = benchDeletes
	}
	if err := r.prepare(ctx, quota); err != nil {
		return nil, err
	}
	for i, c := range b.conns {
		c.begin(r, share(quota, i, len(b.conns)))
	}
	r.shown = b.env.progress(load)
	if quota > 0 {
		r.shown.total.Store(quota)
	}
	r.start = time.Now()
	r.end = r.start.Add(time.Duration(b.o.duration))
	if b.o.duration == 1<<63-1 {
		r.end = r.start.Add(365 * 24 * time.Hour)
	}
	if b.o.rate > 0 {
		r.every = time.Second * time.Duration(len(b.conns)) / time.Duration(b.o.rate)
	}
	if load == loadWatch {
		r.watch(ctx, quota)
	} else {
		r.all(func(c *benchConn) error { return c.loop(ctx) })
	}
	took := time.Since(r.start)
	r.shown.Finish()
	return r.result(took), r.alive()
}

// share is the part of n that the i-th of several gets.
func share(n int64, i, of int) int64 {
	part := n / int64(of)
	if int64(i) < n%int64(of) {
		part++
	}
	return part
}

// all runs work on all connections at once. A connection that is lost is an error of
// the load, and is not used again.
func (r *benchRun) all(work func(*benchConn) error) {
	var all sync.WaitGroup
	for _, c := range r.conns {
		if c.lost {
			continue
		}
		all.Go(func() {
			if err := work(c); err != nil {
				c.lost = true
				c.tally.fail(fmt.Errorf("connection lost: %w", client.PlainReason(err)))
			}
		})
	}
	all.Wait()
}

// alive is an error if no connection is.
func (r *benchRun) alive() error {
	for _, c := range r.conns {
		if !c.lost {
			return nil
		}
	}
	for _, t := range r.tallies {
		for what := range t.errors {
			return &connectError{errors.New(what)}
		}
	}
	return &connectError{errNotConnected}
}

func (r *benchRun) result(took time.Duration) *benchResult {
	sum := newBenchTally()
	for _, t := range r.tallies {
		sum.took.Merge(t.took)
		for what, n := range t.errors {
			sum.errors[what] += n
		}
	}
	n := sum.took.TotalCount()
	o := r.o
	depth := o.depth
	if r.load == loadWatch {
		depth = 1
	}
	return &benchResult{
		Load: r.load, Servers: r.servers, Connections: o.connections, Depth: depth, Size: o.size, Rate: o.rate,
		Seconds: took.Round(time.Microsecond).Seconds(), Operations: n, PerSecond: int64(float64(n)/took.Seconds() + 0.5),
		Errors: sum.errors, Latency: newLatencies(sum.took),
	}
}

// benchConn is one connection of the load.
type benchConn struct {
	p    *client.Pipeline
	n    int
	rnd  *rand.Rand
	lost bool

	r     *benchRun
	tally *benchTally
	left  int64           // requests that may be sent; less than 0: any number
	sent  int64           // in this load
	since []time.Duration // of the requests in flight, from r.start, in their order
	first int             // in since

	home       string // of its own znodes
	made, gone int64  // of them
	get        jute.GetDataRequest
	exists     jute.ExistsRequest
	ls         jute.GetChildrenRequest
	set        jute.SetDataRequest
	create     jute.CreateRequest
	delete     jute.DeleteRequest
}

func (c *benchConn) begin(r *benchRun, quota int64) {
	c.r, c.tally, c.left = r, r.tallies[c.n%benchTallies], quota
	if r.o.count == 0 && r.load != loadDelete {
		c.left = -1
	}
	c.sent, c.since, c.first = 0, c.since[:0], 0
}

// due is when the next request is to be sent, from the start of the load.
func (c *benchConn) due() time.Duration {
	if c.r.every == 0 {
		return 0
	}
	// The connections begin one after the other, so that they do not send at once.
	return time.Duration(c.sent)*c.r.every + c.r.every*time.Duration(c.n)/time.Duration(len(c.r.conns))
}

// loop sends and receives until the load is over and all is answered.
func (c *benchConn) loop(ctx context.Context) error {
	for {
		now := time.Now()
		over := c.left == 0 || !now.Before(c.r.end) || ctx.Err() != nil
		for !over && len(c.since)-c.first < c.r.o.depth && c.left != 0 {
			from := now.Sub(c.r.start)
			if due := c.due(); c.r.every > 0 && due > from {
				break
			} else if c.r.every > 0 {
				from = due
			}
			c.send(from)
		}
		if err := c.flush(now); err != nil {
			return err
		}
		if len(c.since) == c.first {
			if over {
				return nil
			}
			if err := c.rest(ctx); err != nil {
				return err
			}
			continue
		}
		if err := c.receive(over); err != nil {
			return err
		}
	}
}

func (c *benchConn) send(from time.Duration) {
	op, body := c.request()
	c.p.Send(op, body)
	c.since = append(c.since, from)
	c.sent++
	c.left--
}

// flush sends, in the time that a server has for an answer.
func (c *benchConn) flush(now time.Time) error {
	c.p.SetDeadline(now.Add(c.r.env.answerTime()))
	return c.p.Flush()
}

// rest waits until a request is due, for as long as the session stays open without one.
func (c *benchConn) rest(ctx context.Context) error {
	until := c.r.start.Add(c.due())
	for ctx.Err() == nil {
		wait := min(time.Until(until), time.Until(c.r.end), c.p.Timeout()/3)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if now := time.Now(); !now.Before(until) || !now.Before(c.r.end) {
			return nil
		}
		if err := c.ping(); err != nil {
			return err
		}
	}
	return nil
}

func (c *benchConn) ping() error {
	c.p.Send(jute.OpPing, nil)
	if err := c.flush(time.Now()); err != nil {
		return err
	}
	_, err := c.p.Receive()
	return err
}

// receive takes all replies that are there, and waits for one; but no longer than until
// the next request is due.
func (c *benchConn) receive(over bool) error {
	until := time.Now().Add(c.r.env.answerTime())
	paced := false
	if c.r.every > 0 && !over && len(c.since)-c.first < c.r.o.depth && c.left != 0 {
		if due := c.r.start.Add(c.due()); due.Before(until) {
			until, paced = due, true
		}
	}
	c.p.SetDeadline(until)
	for n := int64(0); ; {
		reply, err := c.p.Receive()
		if paced && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		c.tally.add(time.Since(c.r.start)-c.since[c.first], reply.Err)
		if c.first++; c.first == len(c.since) {
			c.since, c.first = c.since[:0], 0
		} else if c.first >= 1<<12 {
			c.since = append(c.since[:0], c.since[c.first:]...)
			c.first = 0
		}
		if n++; c.first == len(c.since) || !c.p.Waiting() {
			c.r.shown.done.Add(n)
			return nil
		}
	}
}
