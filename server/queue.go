package server

import "sync"

// queue hands everything that has gathered to one taker at once: it is what
// makes batches.
type queue[T any] struct {
	mu     sync.Mutex
	wake   *sync.Cond
	items  []T
	closed bool
}

func newQueue[T any]() *queue[T] {
	q := &queue[T]{}
	q.wake = sync.NewCond(&q.mu)
	return q
}

// put adds items; after close it drops them.
func (q *queue[T]) put(items ...T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.items = append(q.items, items...)
	q.wake.Signal()
}

// take waits for items and returns all of them. After close it returns what is
// left, and then nil. spare is a slice that the taker no longer needs.
func (q *queue[T]) take(spare []T) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.wake.Wait()
	}
	items := q.items
	clear(spare)
	q.items = spare[:0]
	if len(items) == 0 {
		return nil
	}
	return items
}

func (q *queue[T]) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) == 0
}

func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake.Broadcast()
}
