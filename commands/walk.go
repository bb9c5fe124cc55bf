package commands

import (
	"context"
	"sync"

	"zook/jute"
)

// walkAhead is how many znodes are read and not yet visited, at most.
const walkAhead = 8192

// visited is a znode on a walk: what read returned for it.
type visited[T any] struct {
	Path     string
	Children []string // names, in the order in which they are visited
	Value    T
	Err      error // it could not be read; the walk goes on unless visit says otherwise
}

// walk visits root and all znodes below it, parents before their children and
// depth first, and stops at the first error that visit returns. read reads a
// znode; many reads run at once, ahead of visit, which is never called by two
// goroutines. Znodes that go away during the walk are left out; it is an error
// only for root.
func walk[T any](ctx context.Context, root string,
	read func(ctx context.Context, path string) (children []string, value T, err error),
	visit func(v visited[T]) error) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &walker[T]{read: read}
	w.wake.L = &w.mu
	var workers sync.WaitGroup
	defer func() {
		cancel()
		w.stop()
		workers.Wait()
	}()
	top := &walkNode[T]{visited: visited[T]{Path: root}}
	w.todo = []*walkNode[T]{top}
	for range readsInFlight {
		workers.Go(func() { w.work(ctx) })
	}
	return w.visit(ctx, top, root, visit)
}

type walkNode[T any] struct {
	visited[T]
	claimed bool // somebody reads it, or has
	ready   bool
	below   []*walkNode[T]
}

type walker[T any] struct {
	read func(ctx context.Context, path string) ([]string, T, error)

	mu      sync.Mutex
	wake    sync.Cond      // something below has changed
	todo    []*walkNode[T] // a stack: the next to visit is at the end
	ahead   int            // claimed and not yet visited
	stopped bool
}

func (w *walker[T]) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.wake.Broadcast()
}

// work reads znodes from the stack, as far ahead as is allowed.
func (w *walker[T]) work(ctx context.Context) {
	for {
		w.mu.Lock()
		for !w.stopped && (len(w.todo) == 0 || w.ahead >= walkAhead) {
			w.wake.Wait()
		}
		if w.stopped {
			w.mu.Unlock()
			return
		}
		n := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		mine := !n.claimed
		if mine {
			n.claimed = true
			w.ahead++
		}
		w.mu.Unlock()
		if mine {
			w.readNode(ctx, n)
		}
	}
}

func (w *walker[T]) readNode(ctx context.Context, n *walkNode[T]) {
	n.Children, n.Value, n.Err = w.read(ctx, n.Path)
	n.below = make([]*walkNode[T], len(n.Children))
	for i, name := range n.Children {
		n.below[i] = &walkNode[T]{visited: visited[T]{Path: jute.JoinPath(n.Path, name)}}
	}
	w.mu.Lock()
	n.ready = true
	for i := len(n.below) - 1; i >= 0; i-- {
		w.todo = append(w.todo, n.below[i])
	}
	w.mu.Unlock()
	w.wake.Broadcast()
}

// visit waits until n is read, reading it itself if nobody has begun, and visits
// it and what is below.
func (w *walker[T]) visit(ctx context.Context, n *walkNode[T], root string, visit func(visited[T]) error) error {
	w.mu.Lock()
	if mine := !n.claimed; mine {
		n.claimed = true
		w.ahead++
		w.mu.Unlock()
		w.readNode(ctx, n)
		w.mu.Lock()
	}
	for !n.ready {
		w.wake.Wait()
	}
	w.ahead--
	w.mu.Unlock()
	w.wake.Broadcast()
	if noNode(n.Err) {
		if n.Path == root {
			return onPath(root, n.Err)
		}
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := visit(n.visited); err != nil {
		return err
	}
	below := n.below
	n.below, n.Children = nil, nil
	for i, b := range below {
		below[i] = nil // visited: free to go
		if err := w.visit(ctx, b, root, visit); err != nil {
			return err
		}
	}
	return nil
}
