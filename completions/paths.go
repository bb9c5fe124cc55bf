package completions

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPaths is how many candidates Paths gives at most. Beyond it names that
// start alike are folded into one candidate.
const maxPaths = 200

// Paths gives the znode paths that start with partial, in order. partial is
// absolute or relative to cwd, and may lead through . and ..; candidates are
// spelled the way it was, and not quoted. If cwd is "" there are absolute ones only.
//
// A path that alone matches ends in a slash if it has children, as directories
// do in bash. When more match than a person can read, those that start alike
// become one Partial candidate: under 100,000 children named item-00000 and up,
// /item-00 to /item-99.
//
// A server that does not answer before ctx ends gives no candidates.
func Paths(ctx context.Context, l Lister, cwd, partial string) []Candidate {
	if cwd == "" && !strings.HasPrefix(partial, "/") {
		if partial != "" {
			return nil
		}
		partial = "/"
	}
	typed, prefix := "", partial // the directory as typed, the start of the name
	if i := strings.LastIndexByte(partial, '/'); i >= 0 {
		typed, prefix = partial[:i+1], partial[i+1:]
	}
	parent := path.Clean("/" + typed)
	if !strings.HasPrefix(typed, "/") {
		parent = path.Join("/", cwd, typed)
	}
	names, err := l.Children(ctx, parent)
	if err != nil {
		return nil
	}
	names = matching(names, prefix)
	if len(names) == 1 {
		return []Candidate{alone(ctx, l, parent, typed, names[0])}
	}
	out := make([]Candidate, 0, min(len(names), maxPaths))
	for _, g := range fold(names, utf8.RuneCountInString(prefix), maxPaths) {
		c := Candidate{Text: typed + g.text}
		if g.count > 1 {
			c.Description, c.Partial = fmt.Sprintf("%d znodes", g.count), true
		}
		out = append(out, c)
	}
	return out
}

func alone(ctx context.Context, l Lister, parent, typed, name string) Candidate {
	c := Candidate{Text: typed + name}
	if children, err := l.Children(ctx, path.Join(parent, name)); err == nil && len(children) > 0 {
		c.Text, c.Partial = c.Text+"/", true
		c.Description = fmt.Sprintf("%d children", len(children))
		if len(children) == 1 {
			c.Description = "1 child"
		}
	}
	return c
}

// matching returns those of names that start with prefix, sorted. Names that
// would break the line, which no sound server sends, are left out.
func matching(names []string, prefix string) []string {
	if !slices.IsSorted(names) { // a Cache has sorted them already
		names = slices.Clone(names)
		slices.Sort(names)
	}
	from := sort.SearchStrings(names, prefix)
	n := sort.Search(len(names)-from, func(i int) bool { return !strings.HasPrefix(names[from+i], prefix) })
	names = names[from : from+n]
	names = slices.DeleteFunc(slices.Clone(names), unprintable)
	return slices.Compact(names)
}

func unprintable(name string) bool {
	return name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl)
}

// group is names that start with text: count of them, or the one name itself.
type group struct {
	text  string
	count int
}

// fold puts sorted names, which agree in their first n characters, into at most
// limit groups, by cutting them after one more character for as long as that
// keeps within limit. A group's text is the longest start that its names share,
// so the common start of all the texts is the common start of all the names: a
// shell that completes it loses none.
func fold(names []string, n, limit int) (best []group) {
	if len(names) <= limit {
		for _, name := range names {
			best = append(best, group{name, 1})
		}
		return best
	}
	for {
		n++
		out := cut(names, n, limit)
		switch {
		case len(out) <= limit:
			best = out
		case best == nil: // there are more first characters than limit
			return out[:limit]
		default:
			return best
		}
	}
}

// cut groups sorted names by their first n characters. It stops after limit+1
// groups.
func cut(names []string, n, limit int) (out []group) {
	for i := 0; i < len(names) && len(out) <= limit; {
		key, j := start(names[i], n), i+1
		if len(key) < len(names[i]) || utf8.RuneCountInString(key) == n {
			j = i + sort.Search(len(names)-i, func(k int) bool { return !strings.HasPrefix(names[i+k], key) })
		}
		out = append(out, group{common(names[i], names[j-1]), j - i})
		i = j
	}
	return out
}

// start is the first n characters of s.
func start(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// common is the longest start of a and b, in whole characters.
func common(a, b string) string {
	for i, r := range a {
		if !strings.HasPrefix(b[min(i, len(b)):], string(r)) {
			return a[:i]
		}
	}
	return a
}
