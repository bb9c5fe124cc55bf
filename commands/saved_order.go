package commands

import (
	"errors"
	"hash/maphash"
)

// znodeOrder sees to it that znodes come after their parents and only once. It
// keeps 128 bits of each path.
type znodeOrder struct {
	root  string // what may come without its parent
	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{}
}

func newZnodeOrder(root string) *znodeOrder {
	return &znodeOrder{root, [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, map[[2]uint64]struct{}{}}
}

var (
	errTwice  = errors.New("the znode is there twice")
	errOrphan = errors.New("the znode comes without its parent, or before it")
)

// add takes the next znode: errTwice, errOrphan.
func (o *znodeOrder) add(path string) error {
	key := o.key(path)
	if _, twice := o.seen[key]; twice {
		return errTwice
	}
	o.seen[key] = struct{}{}
	if path == o.root {
		return nil
	}
	i := lastSlash(path)
	if i < 0 || !o.has(path[:max(i, 1)]) {
		return errOrphan
	}
	return nil
}

func (o *znodeOrder) has(path string) bool {
	_, ok := o.seen[o.key(path)]
	return ok
}

func (o *znodeOrder) key(path string) [2]uint64 {
	return [2]uint64{maphash.String(o.seeds[0], path), maphash.String(o.seeds[1], path)}
}

// lastSlash is where the name of a znode begins to be one; -1 for a path that is
// none.
func lastSlash(path string) int {
	if path == "" || path[0] != '/' {
		return -1
	}
	i := len(path) - 1
	for path[i] != '/' {
		i--
	}
	return i
}
