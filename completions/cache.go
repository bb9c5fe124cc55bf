package completions

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	fresh    = 2 * time.Second  // an older listing is fetched again
	usable   = time.Minute      // and served meanwhile, if it is not older than this
	patience = 15 * time.Second // how long a fetch goes on when nobody waits for it
	maxNames = 1_000_000        // how many names a Cache holds before it forgets all
)

// Cache is a Lister that remembers for a short while what another one said, so
// that a menu which follows every keystroke costs the server little, even under
// a parent of 100,000 children. Listings are sorted.
//
// A listing that is no longer fresh is given out at once and fetched again in
// the background. Of several callers that wait for the same parent only one
// asks, and the fetch goes on when they have stopped waiting.
type Cache struct {
	lister  Lister
	changed func()

	mu      sync.Mutex
	parents map[string]*listing
	names   int
}

type listing struct {
	names   []string
	err     error
	at      time.Time     // of the answer; zero before the first
	pending chan struct{} // closed when the fetch under way is done; nil if none is
}

// NewCache returns an empty Cache before l. changed is called, from any
// goroutine, when a listing that was given out has turned out to be different.
func NewCache(l Lister, changed func()) *Cache {
	return &Cache{lister: l, changed: changed, parents: map[string]*listing{}}
}

// Forget drops every listing: the next call asks again.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parents, c.names = map[string]*listing{}, 0
}

// Children implements Lister. The caller must not change the names.
func (c *Cache) Children(ctx context.Context, path string) ([]string, error) {
	c.mu.Lock()
	e := c.parents[path]
	if e == nil {
		e = &listing{}
		c.names++ // an empty listing takes room too
		c.parents[path] = e
	}
	if age := time.Since(e.at); age > usable {
		e.at = time.Time{}
		c.fetch(path, e)
	} else if age > fresh {
		c.fetch(path, e)
	}
	names, err, pending := e.names, e.err, e.pending
	wait := e.at.IsZero()
	c.mu.Unlock()
	if !wait {
		return names, err
	}
	select {
	case <-pending:
		c.mu.Lock()
		defer c.mu.Unlock()
		return e.names, e.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fetch asks for the children of path unless that is under way. c.mu is held.
func (c *Cache) fetch(path string, e *listing) {
	if e.pending != nil {
		return
	}
	done := make(chan struct{})
	e.pending = done
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		names, err := c.lister.Children(ctx, path)
		names = slices.Clone(names)
		slices.Sort(names)

		c.mu.Lock()
		stale := !e.at.IsZero() && !slices.Equal(names, e.names)
		if c.parents[path] == e {
			c.names += len(names) - len(e.names)
		}
		e.names, e.err, e.at, e.pending = names, err, time.Now(), nil
		if c.names > maxNames {
			c.parents, c.names = map[string]*listing{path: e}, len(names)
		}
		c.mu.Unlock()
		close(done)
		if stale && c.changed != nil {
			c.changed()
		}
	}()
}
