package commands

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"

	"zook/snapshot"
)

// parentFinder finds the parent of each znode of a file. Where the file goes down
// one branch after the other, as servers write it, the parent is the znode before
// or above that; else every path is looked up.
type parentFinder struct {
	t     *snapTree
	path  []byte // of the znode before
	open  []openZnode
	table map[uint64]int32 // every znode by the hash of its path, once it is needed
	seed  maphash.Seed
}

// openZnode is the znode before, or one above it.
type openZnode struct {
	end   int // of its path, in that of the znode before
	znode int32
}

// placed is where a znode goes.
type placed struct {
	parent int32
	name   []byte
}

var errTwoRoots = errors.New("the root twice")

// of returns where the znode goes that the file has next.
func (f *parentFinder) of(n *snapshot.Node) (placed, error) {
	path := javaText(n.Path)
	znode := int32(len(f.t.address))
	slash := bytes.LastIndexByte(path, '/')
	parent := int32(-1)
	switch {
	case len(path) == 0 && znode == 0:
	case len(path) == 0:
		return placed{}, errTwoRoots
	case slash == -1:
		return placed{}, fmt.Errorf("znode %q: a path begins with a slash", path)
	default:
		var ok bool
		if parent, ok = f.above(path[:slash]); !ok {
			return placed{}, fmt.Errorf("znode %q without its parent", path)
		}
	}
	if f.table != nil {
		f.table[maphash.Bytes(f.seed, path)] = znode
	}
	f.path = append(f.path[:0], path...)
	f.open = append(f.open, openZnode{len(path), znode})
	return placed{parent, f.path[slash+1:]}, nil
}

// above returns the znode at path, which is above one that comes now.
func (f *parentFinder) above(path []byte) (int32, bool) {
	for len(f.open) > 0 && f.open[len(f.open)-1].end > len(path) {
		f.open = f.open[:len(f.open)-1]
	}
	if len(f.open) > 0 {
		if o := f.open[len(f.open)-1]; o.end == len(path) && bytes.Equal(f.path[:o.end], path) {
			return o.znode, true
		}
	}
	if f.table == nil {
		f.seed, f.table = maphash.MakeSeed(), map[uint64]int32{}
		for n := range f.t.address {
			f.table[maphash.Bytes(f.seed, f.t.path(int32(n)))] = int32(n)
		}
	}
	parent, ok := f.table[maphash.Bytes(f.seed, path)]
	f.open = append(f.open[:0], openZnode{len(path), parent})
	return parent, ok
}

// before is the path of the last znode, for errors.
func (f *parentFinder) before() string {
	switch {
	case len(f.t.address) == 0:
		return ""
	case len(f.path) == 0:
		return "/"
	}
	return string(f.path)
}
