package commands

import (
	"cmp"
	"context"
	"runtime"
	"sync"
)

// pipeline turns much input into output: one goroutine fills batches, several work
// on them, and what comes out is taken in the order of the input. There are only a
// few batches, which are used again and again.
type pipeline[B any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	free   chan *pipelineBatch[B]
	work   chan *pipelineBatch[B]
	order  chan *pipelineBatch[B]
}

type pipelineBatch[B any] struct {
	batch B
	done  chan struct{}
}

// manyWorkers is how many goroutines of a pipeline work where order does not matter
// to them.
func manyWorkers() int { return min(runtime.GOMAXPROCS(0), 4) }

// runPipeline runs produce, which calls next for each batch to fill, until that
// returns nil: then it is to return. Each of the workers asks for a work of its
// own. The error is the first: of produce, of take, or of ctx.
func runPipeline[B any](ctx context.Context, workers int, produce func(next func() *B) error, worker func() (work func(*B)), take func(*B) error) error {
	batches := 2*workers + 2
	p := pipeline[B]{free: make(chan *pipelineBatch[B], batches), work: make(chan *pipelineBatch[B], batches), order: make(chan *pipelineBatch[B], batches)}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for range batches {
		p.free <- &pipelineBatch[B]{done: make(chan struct{}, 1)}
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer p.cancel()
	var failed error
	running.Go(func() { failed = p.produce(produce) })
	for range workers {
		running.Go(func() {
			work := worker()
			for b := range p.work {
				work(&b.batch)
				b.done <- struct{}{}
			}
		})
	}
	for b := range p.order {
		<-b.done
		if err := take(&b.batch); err != nil {
			return err
		}
		p.free <- b
	}
	running.Wait() // for failed
	return cmp.Or(failed, ctx.Err())
}

// produce passes on each batch when the next one is asked for, and the last.
func (p *pipeline[B]) produce(produce func(next func() *B) error) error {
	defer close(p.order)
	defer close(p.work)
	var filled *pipelineBatch[B]
	pass := func() {
		if filled != nil {
			p.order <- filled // there is room for all that there are
			p.work <- filled
		}
	}
	err := produce(func() *B {
		pass()
		filled = nil
		if p.ctx.Err() != nil {
			return nil
		}
		select {
		case filled = <-p.free:
			return &filled.batch
		case <-p.ctx.Done():
			return nil
		}
	})
	pass()
	return err
}
