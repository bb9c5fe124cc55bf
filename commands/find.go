package commands

import (
	"context"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/jute"
)

// foundZnode is what find prints.
type foundZnode struct {
	Path string `json:"path"`
	*Stat
}

func (f *foundZnode) Text(w io.Writer, s Style) { (&found{f.Path}).Text(w, s) }
func (f *foundZnode) Row(s Style) ([]string, [][]string) {
	columns, row := f.Stat.row(f.Path, s)
	return columns, [][]string{row}
}

// findOptions are the tests of find: a znode is found if it passes all.
type findOptions struct {
	name, kind, size, mtime, newer, owner string
	empty                                 bool
	minChildren, maxDepth                 int

	byStat bool // a test looks at more than the path
	tests  []func(path string, s *jute.Stat) bool
}

// kinds are those of znodes. A server tells clients the first two: containers and TTL
// nodes look persistent.
var kinds = []string{"persistent", "ephemeral", "container", "ttl"}

func newFind(env *Env) *cobra.Command {
	var o findOptions
	cmd := &cobra.Command{
		Use:   "find [PATH...]",
		Short: "Find znodes by name, type, size, age or owner",
		Long: `Print the path of every znode, at PATH (else the working path) and below, that passes
all the tests given. In JSON each comes with its metadata.

N is a number; in --size of bytes, or of kB or MB with a k or M at its end. AGE is a
duration such as 90s, 10m, 24h or 7d. +N and +AGE mean more than that, -N and -AGE less.
Containers and znodes with a TTL count as persistent, as servers do not tell which they
are; with --data-dir they are types of their own.`,
		Example: `  zook find / --type ephemeral
  zook find /app --name 'lock-*' --mtime +7d
  zook find / --size +100k -o jsonl
  zook find / --owner 0x100021aab530004
  zook find /queue --empty --max-depth 1 | wc -l`,
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd, env); err != nil {
				return err
			}
			p := env.Printer(true)
			shown := env.progress("looked at")
			defer shown.Finish()
			return env.eachRoot(cmd, p, env.workingPath(args), func(root string) error {
				return env.find(cmd, p, shown, root, &o)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "the name matches this `pattern` of *, ? and [...]")
	f.StringVar(&o.kind, "type", "", "the `kind`: persistent or ephemeral; with --data-dir also container or ttl")
	f.StringVar(&o.size, "size", "", "its data has `N` bytes: N, +N or -N")
	f.StringVar(&o.mtime, "mtime", "", "its data was set `AGE` ago: +AGE or -AGE")
	f.StringVar(&o.newer, "newer", "", "its data was set after that of the znode at this `path`")
	f.StringVar(&o.owner, "owner", "", "it is an ephemeral of this `session` (0x...)")
	f.BoolVar(&o.empty, "empty", false, "it has neither data nor children")
	f.IntVar(&o.minChildren, "min-children", 0, "it has at least `N` children")
	f.IntVar(&o.maxDepth, "max-depth", 0, "look no deeper than `N` levels below PATH")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
		cmd.RegisterFlagCompletionFunc("newer", env.completePaths(-1))
	}
	return cmd
}

// prepare turns the flags into tests.
func (o *findOptions) prepare(cmd *cobra.Command, env *Env) error {
	test := func(t func(s *jute.Stat) bool) {
		o.byStat = true
		o.tests = append(o.tests, func(_ string, s *jute.Stat) bool { return t(s) })
	}
	given := cmd.Flags().Changed
	if given("name") {
		if _, err := path.Match(o.name, ""); err != nil {
			return usagef("--name: the pattern %q has a [ without its ]", o.name)
		}
		o.tests = append(o.tests, func(p string, _ *jute.Stat) bool {
			ok, _ := path.Match(o.name, jute.BaseName(p))
			return ok
		})
	}
	if given("type") {
		if err := o.testKind(cmd.Context(), env); err != nil {
			return err
		}
	}
	if given("size") {
		compare, n, err := parseSize(o.size)
		if err != nil {
			return err
		}
		test(func(s *jute.Stat) bool { return compare(int64(s.DataLength), n) })
	}
	if given("mtime") {
		compare, age, err := parseAge(o.mtime)
		if err != nil {
			return err
		}
		limit := time.Now().Add(-age).UnixMilli()
		test(func(s *jute.Stat) bool { return compare(limit, s.Mtime) }) // an earlier time is a greater age
	}
	if given("owner") {
		owner, err := parseSession(o.owner)
		if err != nil {
			return err
		}
		test(func(s *jute.Stat) bool { return s.EphemeralOwner == owner })
	}
	if o.empty {
		test(func(s *jute.Stat) bool { return s.DataLength == 0 && s.NumChildren == 0 })
	}
	if o.minChildren > 0 {
		test(func(s *jute.Stat) bool { return int(s.NumChildren) >= o.minChildren })
	}
	if o.maxDepth < 0 {
		return usagef("--max-depth: a depth is 0 or more")
	}
	if !given("max-depth") {
		o.maxDepth = math.MaxInt
	}
	if given("newer") {
		than, err := env.statOf(cmd.Context(), o.newer)
		if err != nil {
			return err
		}
		test(func(s *jute.Stat) bool { return s.Mzxid > than.Mzxid })
	}
	return nil
}

// testKind adds the test of --type.
func (o *findOptions) testKind(ctx context.Context, env *Env) error {
	switch {
	case !slices.Contains(kinds, o.kind):
		return usagef("--type: there is no type %q; there are %s", o.kind, strings.Join(kinds, ", "))
	case env.Offline():
		tree, err := env.offline(ctx)
		if err != nil {
			return err
		}
		o.tests = append(o.tests, func(path string, _ *jute.Stat) bool { return tree.kind(path) == o.kind })
	case o.kind == "container" || o.kind == "ttl":
		return usagef("--type: servers do not tell which znodes are of type %s; --data-dir does", o.kind)
	default:
		o.byStat = true
		o.tests = append(o.tests, func(_ string, s *jute.Stat) bool { return isEphemeral(s) == (o.kind == "ephemeral") })
	}
	return nil
}

// statOf is the stat of the znode that arg names.
func (e *Env) statOf(ctx context.Context, arg string) (jute.Stat, error) {
	path, err := e.Path(arg)
	if err != nil {
		return jute.Stat{}, err
	}
	_, stat, err := e.statAndChildren(ctx, path, false)
	return stat, onPath(path, err)
}

func (e *Env) find(cmd *cobra.Command, p *Printer, shown *progress, root string, o *findOptions) error {
	var unread error
	read := func(ctx context.Context, path string) ([]string, jute.Stat, error) {
		return e.statAndChildren(ctx, path, depth(root, path) < o.maxDepth)
	}
	err := walkTree(cmd.Context(), e, root, read, func(v visited[jute.Stat]) error {
		shown.done.Add(1)
		if v.Err != nil {
			stop, reported := e.unread(cmd, p, v.Path, v.Err)
			if unread = reported; stop != nil {
				return stop
			}
			if v.Value == (jute.Stat{}) && o.byStat {
				return nil
			}
		}
		for _, test := range o.tests {
			if !test(v.Path, &v.Value) {
				return nil
			}
		}
		if v.Value == (jute.Stat{}) {
			return e.printAbove(p, &found{v.Path})
		}
		return e.printAbove(p, &foundZnode{v.Path, NewStat(v.Value)})
	})
	if err == nil {
		err = unread
	}
	return err
}

// depth is how many levels path is below root.
func depth(root, path string) int {
	rest := strings.TrimPrefix(path, root)
	if rest == "" {
		return 0
	}
	return 1 + strings.Count(strings.TrimPrefix(rest, "/"), "/")
}

// comparison tells whether a value is as +N, -N or N say.
type comparison func(value, n int64) bool

// sign takes the + or - from the start of a number.
func sign(s string) (comparison, string) {
	switch {
	case strings.HasPrefix(s, "+"):
		return func(v, n int64) bool { return v > n }, s[1:]
	case strings.HasPrefix(s, "-"):
		return func(v, n int64) bool { return v < n }, s[1:]
	}
	return func(v, n int64) bool { return v == n }, s
}

func parseSize(s string) (comparison, int64, error) {
	compare, number := sign(s)
	unit := int64(1)
	switch {
	case strings.HasSuffix(number, "k"):
		number, unit = strings.TrimSuffix(number, "k"), 1000
	case strings.HasSuffix(number, "M"):
		number, unit = strings.TrimSuffix(number, "M"), 1000*1000
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return nil, 0, usagef("--size: %q is not a number of bytes such as 0, +100k or -1M", s)
	}
	return compare, int64(n) * unit, nil
}

func parseAge(s string) (comparison, time.Duration, error) {
	compare, text := sign(s)
	days, isDays := strings.CutSuffix(text, "d")
	n, err := strconv.ParseUint(days, 10, 16)
	age := time.Duration(n) * 24 * time.Hour
	if !isDays {
		age, err = time.ParseDuration(text)
	}
	if text == s || err != nil || age < 0 {
		return nil, 0, usagef("--mtime: %q is not an age such as +7d or -10m", s)
	}
	return compare, age, nil
}

// parseSession parses a session id as zook and zkCli print it, 0x….
func parseSession(s string) (int64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil || n == 0 {
		return 0, usagef("--owner: %q is not a session id such as 0x100021aab530004", s)
	}
	return int64(n), nil
}
