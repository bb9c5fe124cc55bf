package commands

import (
	"fmt"
	"path"
	"strings"

	"zook/jute"
)

// pathFilterHelp says what a pathFilter takes.
const pathFilterHelp = "a path stands for the znode and all below it; *, ? and [...] match within a name, ** any number of names"

// pathFilter is which znodes a flag wants: those at a path and below, in which *, ?
// and [...] match within one name and ** any number of names. The flag may be
// given several times. The zero value is every znode.
type pathFilter struct{ patterns [][]string }

func (p *pathFilter) Set(s string) error {
	if len(s) > 1 {
		s = strings.TrimSuffix(s, "/")
	}
	if err := jute.CheckPath(s, false); err != nil {
		return err
	}
	names := pathNames(s)
	for _, name := range names {
		if _, err := path.Match(name, ""); err != nil {
			return fmt.Errorf("the pattern %q has a [ without its ]", name)
		}
	}
	p.patterns = append(p.patterns, names)
	return nil
}

func (p *pathFilter) Type() string { return "path" }
func (p *pathFilter) String() string {
	all := make([]string, len(p.patterns))
	for i, names := range p.patterns {
		all[i] = "/" + strings.Join(names, "/")
	}
	return strings.Join(all, ",")
}

// pathNames are the names in a path, none of "/".
func pathNames(p string) []string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

// holds reports whether the filter wants the znode.
func (p *pathFilter) holds(znode string) bool {
	if len(p.patterns) == 0 {
		return true
	}
	names := pathNames(znode)
	for _, pattern := range p.patterns {
		if matchBegin(pattern, names) {
			return true
		}
	}
	return false
}

// matchBegin reports whether a pattern matches names, or the first of them.
func matchBegin(pattern, names []string) bool {
	if len(pattern) == 0 {
		return true
	}
	if pattern[0] == "**" {
		for i := range len(names) + 1 {
			if matchBegin(pattern[1:], names[i:]) {
				return true
			}
		}
		return false
	}
	if len(names) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], names[0])
	return ok && matchBegin(pattern[1:], names[1:])
}
