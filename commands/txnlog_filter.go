package commands

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zook/jute"
)

// filterHelp is for the Long of commands that have a txnFilter.
const filterHelp = `Filters of different kinds must all hold; of one that is given more than once, any. Of a
multi, one part must pass --path, --type and --grep, and then the whole multi is shown.
` + pathHelp + `
A closeSession passes --path for the ephemerals that went with the session (written down
since 3.6). Logs do not say which path a refused request was about.`

// pathHelp is for the Long of commands that have pathPatterns.
const pathHelp = `  --path /a          that znode alone
  --path /a/         it and all below it
  --path '/a/*/c-?'  a pattern: * and ? are any part of a name and any character, [a-z] is
                     one of a set, ** is any number of levels (/a/** is all below /a), and
                     \ takes its meaning from the character behind it`

// txnFilter says which transactions are wanted: those that pass everything that
// was given. The zero value, once it has its flags, wants all.
type txnFilter struct {
	paths        anyOf[pathPattern]
	sessions     anyOf[int64]
	types        anyOf[[]jute.OpCode]
	zxids        anyOf[zxidRange]
	since, until timeFlag
	greps        anyOf[*regexp.Regexp]
	refused      bool
}

// anyOf is a flag that may be given more than once.
type anyOf[T any] struct {
	values []T
	texts  []string
	kind   string
	parse  func(string) (T, error)
}

func (a *anyOf[T]) Set(s string) error {
	v, err := a.parse(s)
	if err != nil {
		return err
	}
	a.values, a.texts = append(a.values, v), append(a.texts, s)
	return nil
}

func (a *anyOf[T]) Type() string   { return a.kind }
func (a *anyOf[T]) String() string { return strings.Join(a.texts, ",") }

// has reports whether one of the values passes test, or there is none.
func (a *anyOf[T]) has(test func(*T) bool) bool {
	for i := range a.values {
		if test(&a.values[i]) {
			return true
		}
	}
	return len(a.values) == 0
}

// addFlags adds the flags of the filter to a command's.
func (t *txnFilter) addFlags(f *pflag.FlagSet) {
	t.paths = anyOf[pathPattern]{kind: "path", parse: parsePathPattern}
	t.sessions = anyOf[int64]{kind: "session", parse: parseZxid}
	t.types = anyOf[[]jute.OpCode]{kind: "type", parse: parseTxnTypes}
	t.zxids = anyOf[zxidRange]{kind: "A..B", parse: func(s string) (r zxidRange, err error) { err = r.Set(s); return r, err }}
	t.greps = anyOf[*regexp.Regexp]{kind: "regex", parse: regexp.Compile}
	f.Var(&t.paths, "path", "only of this znode (/a), tree (/a/) or pattern")
	f.Var(&t.sessions, "session", "only of this session (0x...)")
	f.Var(&t.types, "type", "only of these types, as printed, or "+strings.Join(groupNames(), ", "))
	f.Var(&t.zxids, "zxid", "only in this range: A..B, A.., ..B or A")
	f.Var(&t.since, "since", "only since this `time`, or in the last 90m, 3d ...")
	f.Var(&t.until, "until", "only until this `time`")
	f.Var(&t.greps, "grep", "only where data that is written matches this")
	f.BoolVar(&t.refused, "client-error", false, "only requests that were refused")
}

// completeTypes completes --type.
func (t *txnFilter) completeTypes(cmd *cobra.Command) {
	names := slices.Concat(groupNames(), txnTypeNames())
	cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// check refuses what cannot hold for any transaction.
func (t *txnFilter) check() error {
	if !t.since.IsZero() && !t.until.IsZero() && t.until.Before(t.since.Time) {
		return usagef("--until is before --since")
	}
	return nil
}

// match reports whether the transaction is wanted.
func (t *txnFilter) match(v *jute.TxnView) bool {
	return t.matchHeader(&v.Header) && t.matchBody(v)
}

// matchHeader reports what can be told from the header: false, or perhaps.
func (t *txnFilter) matchHeader(h *jute.TxnHeader) bool {
	return t.zxids.has(func(r *zxidRange) bool { return r.holds(h.Zxid) }) &&
		(t.since.IsZero() || h.Time >= t.since.UnixMilli()) &&
		(t.until.IsZero() || h.Time <= t.until.UnixMilli()) &&
		(len(t.sessions.values) == 0 || slices.Contains(t.sessions.values, h.ClientID)) &&
		(!t.refused || h.Type == jute.OpError || h.Type == jute.OpMulti) &&
		(h.Type == jute.OpMulti || t.wantsType(h.Type))
}

func (t *txnFilter) matchBody(v *jute.TxnView) bool {
	if t.refused && v.Header.Type != jute.OpError && !v.Failed() {
		return false
	}
	if len(t.paths.values) == 0 && len(t.greps.values) == 0 && t.wantsType(v.Header.Type) {
		return true
	}
	for i := range v.Ops {
		if t.matchOp(v.Header.Type, &v.Ops[i]) {
			return true
		}
	}
	return len(t.greps.values) == 0 && t.wantsType(v.Header.Type) && slices.ContainsFunc(v.Closed, t.wantsPath)
}

// matchOp reports whether an operation passes all that is asked of one; whole is
// the type of the transaction that it is part of.
func (t *txnFilter) matchOp(whole jute.OpCode, o *jute.OpView) bool {
	return (t.wantsType(o.Type) || t.wantsType(whole)) && t.wantsPath(o.Path) &&
		t.greps.has(func(r **regexp.Regexp) bool { return o.Data != nil && (*r).Match(o.Data) })
}

func (t *txnFilter) wantsType(c jute.OpCode) bool {
	return t.types.has(func(s *[]jute.OpCode) bool { return slices.Contains(*s, c) })
}

func (t *txnFilter) wantsPath(p []byte) bool {
	return t.paths.has(func(pattern *pathPattern) bool { return pattern.match(p) })
}

// mayHold reports whether a log whose zxids are from first to before next (0 if
// unknown) can hold a transaction that is wanted.
func (t *txnFilter) mayHold(first, next int64) bool {
	return t.zxids.has(func(r *zxidRange) bool { return first <= r.to && (next == 0 || next > r.from) })
}

// txnTypes are the types of transactions that a log may hold.
var txnTypes = []jute.OpCode{
	jute.OpCreateSession, jute.OpCloseSession, jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL,
	jute.OpDelete, jute.OpDeleteContainer, jute.OpSetData, jute.OpSetACL, jute.OpReconfig, jute.OpMulti, jute.OpError,
}

// typeGroups are types under one name, for --type.
var typeGroups = []struct {
	name  string
	types []jute.OpCode
}{
	{"session", txnTypes[:2]},
	{"creates", txnTypes[2:6]},
	{"deletes", txnTypes[6:8]},
	{"write", txnTypes[2:12]},
}

func groupNames() (names []string) {
	for _, g := range typeGroups {
		names = append(names, g.name)
	}
	return names
}

func txnTypeNames() (names []string) {
	for _, t := range txnTypes {
		names = append(names, t.String())
	}
	return append(names, jute.OpCheck.String()) // a part of multis
}

// parseTxnTypes parses types and groups with commas between them.
func parseTxnTypes(s string) (types []jute.OpCode, err error) {
next:
	for name := range strings.SplitSeq(s, ",") {
		for _, g := range typeGroups {
			if strings.EqualFold(name, g.name) {
				types = append(types, g.types...)
				continue next
			}
		}
		for _, t := range append(txnTypes[:len(txnTypes):len(txnTypes)], jute.OpCheck) {
			if strings.EqualFold(name, t.String()) {
				types = append(types, t)
				continue next
			}
		}
		all := slices.Concat(groupNames(), txnTypeNames())
		return nil, fmt.Errorf("there is no type %q; there are %s", name, strings.Join(all, ", "))
	}
	return types, nil
}

// pathPattern matches paths as --path says.
type pathPattern struct {
	literal []byte // what a path is or, with tree or glob, begins with
	tree    bool   // also what is below
	glob    *regexp.Regexp
}

func (p *pathPattern) match(path []byte) bool {
	switch {
	case !bytes.HasPrefix(path, p.literal):
		return false
	case p.glob != nil:
		return p.glob.Match(path)
	case len(path) == len(p.literal):
		return path != nil
	}
	return p.tree && path[len(p.literal)] == '/'
}

func parsePathPattern(s string) (pathPattern, error) {
	if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "**") {
		return pathPattern{}, fmt.Errorf("%q does not begin with /", s)
	}
	if i := strings.IndexAny(s, `*?[\`); i >= 0 {
		glob, err := globRegexp(s)
		return pathPattern{literal: []byte(s[:i]), glob: glob}, err
	}
	if s == "/" {
		return pathPattern{literal: []byte(s)}, nil
	}
	below := strings.TrimSuffix(s, "/")
	return pathPattern{literal: []byte(below), tree: below != s}, nil
}

// globSet is a set such as [a-z].
var globSet = regexp.MustCompile(`(?s)^\[(?:\\.|[^\]\\])+\]`)

// globRegexp is a pattern as a regular expression that matches whole paths.
func globRegexp(s string) (*regexp.Regexp, error) {
	if _, err := path.Match(s, ""); err != nil {
		return nil, errors.New(`the pattern has a [ without its ], or a \ at its end`)
	}
	var b strings.Builder
	b.WriteString("(?s)^")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case strings.HasPrefix(s[i:], "/**/"):
			b.WriteString("/(?:.*/)?")
			i += 3
		case strings.HasPrefix(s[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			set := globSet.FindString(s[i:])
			b.WriteString(strings.Replace("["+strings.ReplaceAll(set[1:], "[", `\[`), "[!", "[^", 1))
			i += len(set) - 1
		case c == '\\':
			i++
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		}
	}
	b.WriteString("$")
	return regexp.Compile(b.String())
}
