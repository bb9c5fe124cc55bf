package commands

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"zook/snapshot"
)

// znodeTypes are the words of kindOf.
var znodeTypes = []string{"persistent", "ephemeral", "container", "ttl"}

// znodeFilter says which znodes of a snapshot are wanted: those that pass
// everything that was given.
type znodeFilter struct {
	paths anyOf[pathPattern]
	types anyOf[string]
	depth int
}

// addFlags adds the flags of the filter to a command's.
func (z *znodeFilter) addFlags(f *pflag.FlagSet) {
	z.paths = anyOf[pathPattern]{kind: "path", parse: parsePathPattern}
	z.types = anyOf[string]{kind: "type", parse: parseZnodeType}
	f.Var(&z.paths, "path", "only this znode (/a), tree (/a/) or pattern")
	f.Var(&z.types, "type", "only of this type: "+strings.Join(znodeTypes, ", "))
	f.IntVar(&z.depth, "depth", math.MaxInt, "only down to `N` levels below the root")
	f.Lookup("depth").DefValue = "0" // so that help does not show it
}

func parseZnodeType(s string) (string, error) {
	if !slices.Contains(znodeTypes, s) {
		return "", fmt.Errorf("there is no type %q; there are %s", s, strings.Join(znodeTypes, ", "))
	}
	return s, nil
}

// all reports whether every znode is wanted.
func (z *znodeFilter) all() bool {
	return len(z.paths.values) == 0 && len(z.types.values) == 0 && z.depth == math.MaxInt
}

func (z *znodeFilter) match(n *snapshot.Node) bool {
	if z.all() {
		return true
	}
	kind, _ := kindOf(n.Stat.EphemeralOwner)
	path := znodePath(n)
	return bytes.Count(n.Path, []byte("/")) <= z.depth &&
		z.types.has(func(t *string) bool { return *t == kind }) &&
		z.paths.has(func(p *pathPattern) bool { return p.match(path) })
}

// znodePath is the path as users know it: the root's is "/".
func znodePath(n *snapshot.Node) []byte {
	if len(n.Path) == 0 {
		return []byte("/")
	}
	return n.Path
}
