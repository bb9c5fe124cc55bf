package commands

import (
	"context"
	"slices"
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
	one := func(ctx context.Context, nodes []*walkNode[T]) {
		for _, n := range nodes {
			n.Children, n.Value, n.Err = read(ctx, n.Path)
		}
	}
	return (&walker[T]{root: root, batch: 1, workers: readsInFlight, read: one, visit: visit}).run(ctx)
}

// walkTree is walk of what e works on. In files a znode is read when it is visited: to
// read ahead takes more time than it saves.
func walkTree[T any](ctx context.Context, e *Env, root string,
	read func(ctx context.Context, path string) (children []string, value T, err error),
	visit func(v visited[T]) error) error {
	if !e.Offline() {
		return walk(ctx, root, read, visit)
	}
	var walkHere func(path string) error
	walkHere = func(path string) error {
		children, value, err := read(ctx, path)
		if noNode(err) {
			return onPath(path, err) // nothing goes away here
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(visited[T]{path, children, value, err}); err != nil {
			return err
		}
		for _, name := range children {
			if err := walkHere(jute.JoinPath(path, name)); err != nil {
				return err
			}
		}
		return nil
	}
	return walkHere(root)
}

// walkNames is walk for those who need no more than the names of children, sorted.
// It is several times faster: servers tell the children of many znodes at once.
func (e *Env) walkNames(ctx context.Context, root string, visit func(v visited[struct{}]) error) error {
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	if e.Offline() {
		return walkTree(ctx, e, root, func(ctx context.Context, path string) ([]string, struct{}, error) {
			names, _, err := z.Children(ctx, path)
			slices.Sort(names)
			return names, struct{}{}, err
		}, visit)
	}
	many := func(ctx context.Context, nodes []*walkNode[struct{}]) {
		paths := make([]string, len(nodes))
		for i, n := range nodes {
			paths[i] = n.Path
		}
		for i, l := range e.childrenOf(ctx, z, paths) {
			slices.Sort(l.names)
			nodes[i].Children, nodes[i].Err = l.names, l.err
		}
	}
	return (&walker[struct{}]{root: root, batch: namesBatch, workers: namesInFlight, read: many, visit: visit}).run(ctx)
}

type walkNode[T any] struct {
	visited[T]
	claimed bool          // somebody reads it, or has
	ready   chan struct{} // closed when it is read
	below   []*walkNode[T]
}

func newWalkNode[T any](path string) *walkNode[T] {
	return &walkNode[T]{visited: visited[T]{Path: path}, ready: make(chan struct{})}
}

type walker[T any] struct {
	root    string
	batch   int // znodes to read in one request, at most
	workers int // requests at a time
	read    func(ctx context.Context, nodes []*walkNode[T])
	visit   func(v visited[T]) error

	mu      sync.Mutex
	wake    sync.Cond      // workers wait here for something to read
	todo    []*walkNode[T] // a stack: the next to visit is at the end
	ahead   int            // claimed and not yet visited
	stopped bool
}

func (w *walker[T]) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	w.wake.L = &w.mu
	top := newWalkNode[T](w.root)
	var workers sync.WaitGroup
	for range w.workers {
		workers.Go(func() { w.work(ctx) })
	}
	defer func() {
		cancel()
		w.stop()
		workers.Wait()
	}()
	return w.walk(ctx, top)
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
		mine := w.take(nil)
		w.mu.Unlock()
		w.readNodes(ctx, mine)
	}
}

// take claims znodes to read from the stack until there is a batch of them.
// w.mu is held.
func (w *walker[T]) take(mine []*walkNode[T]) []*walkNode[T] {
	for len(mine) < w.batch && len(w.todo) > 0 {
		n := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if w.claim(n) {
			mine = append(mine, n)
		}
	}
	return mine
}

// claim reports whether the caller is to read n. w.mu is held.
func (w *walker[T]) claim(n *walkNode[T]) bool {
	if n.claimed {
		return false
	}
	n.claimed = true
	w.ahead++
	return true
}

func (w *walker[T]) readNodes(ctx context.Context, nodes []*walkNode[T]) {
	if len(nodes) == 0 {
		return
	}
	w.read(ctx, nodes)
	found := 0
	w.mu.Lock()
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		n.below = make([]*walkNode[T], len(n.Children))
		for j := len(n.below) - 1; j >= 0; j-- {
			n.below[j] = newWalkNode[T](jute.JoinPath(n.Path, n.Children[j]))
			w.todo = append(w.todo, n.below[j])
		}
		found += len(n.below)
		close(n.ready)
	}
	w.mu.Unlock()
	for range min(found, w.workers) {
		w.wake.Signal()
	}
}

// walk waits until n is read, reading it itself if nobody has begun, and visits
// it and what is below.
func (w *walker[T]) walk(ctx context.Context, n *walkNode[T]) error {
	var mine []*walkNode[T]
	w.mu.Lock()
	if w.claim(n) {
		mine = w.take([]*walkNode[T]{n})
	}
	w.mu.Unlock()
	w.readNodes(ctx, mine)
	<-n.ready
	w.mu.Lock()
	w.ahead--
	w.mu.Unlock()
	w.wake.Signal()
	if noNode(n.Err) {
		if n.Path == w.root {
			return onPath(w.root, n.Err)
		}
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.visit(n.visited); err != nil {
		return err
	}
	below := n.below
	n.below, n.Children = nil, nil
	for i, b := range below {
		below[i] = nil // visited: free to go
		if err := w.walk(ctx, b); err != nil {
			return err
		}
	}
	return nil
}
