package commands

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"zook/client"
	"zook/jute"
)

// watch is the load of that name: a round is that all connections set a watch on one
// znode, one more changes it, and each of them hears of it.
func (r *benchRun) watch(ctx context.Context, quota int64) {
	path := r.paths[0]
	opening, cancel := r.env.answerIn(ctx)
	defer cancel()
	writer, err := client.OpenPipeline(opening, r.servers[0], r.cfg)
	if err != nil {
		r.tallies[0].fail(fmt.Errorf("connection lost: %w", err))
		return
	}
	defer writer.Close()
	var sent atomic.Int64 // from r.start
	for events := int64(0); time.Now().Before(r.end) && (quota == 0 || events < quota) && ctx.Err() == nil; {
		if r.every > 0 {
			r.restUntil(ctx, writer, r.start.Add(time.Duration(events)*time.Second/time.Duration(r.o.rate)))
			if ctx.Err() != nil {
				return
			}
		}
		var armed, rest sync.WaitGroup
		alive := int64(0)
		for _, c := range r.conns {
			if c.lost {
				continue
			}
			alive++
			armed.Add(1)
			rest.Go(func() { c.watchOnce(path, &armed, &sent) })
		}
		if alive == 0 {
			return
		}
		armed.Wait()
		sent.Store(int64(time.Since(r.start)))
		writer.Send(jute.OpSetData, &jute.SetDataRequest{Path: path, Data: r.data, Version: -1})
		writer.SetDeadline(time.Now().Add(r.env.answerTime()))
		err := writer.Flush()
		if err == nil {
			_, err = writer.Receive()
		}
		rest.Wait() // in the time for an answer at most
		if err != nil {
			r.tallies[0].fail(fmt.Errorf("connection lost: %w", client.PlainReason(err)))
			return
		}
		events += alive
	}
}

// restUntil waits, and keeps the sessions open.
func (r *benchRun) restUntil(ctx context.Context, writer *client.Pipeline, until time.Time) {
	for ctx.Err() == nil && time.Now().Before(until) {
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Until(until), writer.Timeout()/3)):
		}
		if time.Now().Before(until) {
			r.all((*benchConn).ping)
			(&benchConn{p: writer, r: r}).ping() // the next round tells if it is lost
		}
	}
}

// watchOnce sets a watch, and waits for its event.
func (c *benchConn) watchOnce(path string, armed *sync.WaitGroup, sent *atomic.Int64) {
	c.get = jute.GetDataRequest{Path: path, Watch: true}
	c.p.Send(jute.OpGetData, &c.get)
	err := c.flush(time.Now())
	var reply client.Reply
	if err == nil {
		reply, err = c.p.Receive()
	}
	armed.Done()
	if err == nil && reply.Err != jute.ErrOK {
		c.tally.add(0, reply.Err)
		return
	}
	if err == nil {
		c.p.SetDeadline(time.Now().Add(c.r.env.answerTime()))
		reply, err = c.p.Receive()
	}
	if err != nil {
		c.lost = true
		c.tally.fail(fmt.Errorf("connection lost: %w", client.PlainReason(err)))
		return
	}
	c.tally.add(time.Since(c.r.start)-time.Duration(sent.Load()), jute.ErrOK)
	c.r.shown.done.Add(1)
}
