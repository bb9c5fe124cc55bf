package commands

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"
)

// diffOptions are the flags of diff.
type diffOptions struct {
	paths             anyOf[pathPattern]
	fields            []string
	data, ephemerals  bool
	bytes, nodes      int64
	exitCode          bool
	subtrees          bool // --bytes or --nodes was given
	differs           fieldSet
	root, left, right string // root: what both have
}

var errDiffer = errors.New("the trees differ")

func newSnapshotDiff(env *Env) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff SOURCE SOURCE",
		Short: "Show what differs between two trees",
		Long: `Show which znodes were added, removed and changed between two trees, in the order of
their paths. Of a changed one it is told what changed: by default its data, ACL, versions,
creation (another znode has its path now), or owner, which is also the kind; --fields
chooses others. ACLs are compared by what they say. Ephemerals are left out without --ephemerals.

With --bytes or --nodes, sums of whole subtrees are compared instead: those are shown whose
data or whose number of znodes below differs by more than that; of a subtree that only one
tree has it is all of it. -o zkcli prints what SnapshotComparer prints, which counts
ephemerals too; there either is 0 if not given.

` + savedHelp + `

--path is a path with all below it, or a pattern: * and ? match within a name, ** in any
number of them. The exit code is 0 also if there are differences, unless with --exit-code.`,
		Example: `  zook snapshot diff snapshot.1f snapshot.2a
  zook snapshot diff --path /app --data /backup/zookeeper /var/lib/zookeeper
  zook snapshot diff --fields data,acl /var/lib/zookeeper@2026-02-03T10:00 /var/lib/zookeeper
  zook snapshot diff --bytes 1000000 --nodes 1000 snapshot.1f snapshot.2a`,
		Args: args(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd, env); err != nil {
				return err
			}
			left, err := env.openSaved(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer left.Close()
			right, err := env.openSaved(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			defer right.Close()
			differ, err := env.diff(cmd, left, right, &o)
			if err == nil && differ && o.exitCode {
				err = reportedError{errDiffer}
			}
			return err
		},
	}
	f := cmd.Flags()
	o.paths = anyOf[pathPattern]{kind: "path", parse: parseTreePattern}
	f.Var(&o.paths, "path", "only this tree (/a) or pattern")
	f.StringSliceVar(&o.fields, "fields", nil, "what counts as a change: `some` of "+strings.Join(fieldNames(), ", ")+", or all")
	f.BoolVar(&o.data, "data", false, "and how the data differs")
	f.BoolVar(&o.ephemerals, "ephemerals", false, "ephemerals too")
	f.Int64Var(&o.bytes, "bytes", 0, "subtrees whose data differs by more than `N` bytes")
	f.Int64Var(&o.nodes, "nodes", 0, "subtrees whose numbers of znodes differ by more than `N`")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 1 if there are differences")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("fields", cobra.FixedCompletions(append(fieldNames(), "all"), cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

func (o *diffOptions) prepare(cmd *cobra.Command, env *Env) error {
	var err error
	if o.differs, err = parseFields(o.fields); err != nil {
		return err
	}
	given := cmd.Flags().Changed
	if env.Format != ZkCli && given("bytes") != given("nodes") { // the other does not matter
		if given("bytes") {
			o.nodes = math.MaxInt64
		} else {
			o.bytes = math.MaxInt64
		}
	}
	o.subtrees = given("bytes") || given("nodes") || env.Format == ZkCli
	switch {
	case o.subtrees && (o.data || o.fields != nil):
		return usagef("--data and --fields are about znodes, --bytes, --nodes and -o zkcli about subtrees")
	case env.Format == ZkCli && (len(o.paths.values) > 0 || o.ephemerals):
		return usagef("-o zkcli is as SnapshotComparer, which has no --path and no --ephemerals")
	}
	return nil
}

// wants reports whether a znode is compared at all.
func (o *diffOptions) wants(z *savedZnode) bool {
	if !o.ephemerals {
		if kind, _ := kindOf(z.stat.EphemeralOwner); kind == "ephemeral" {
			return false
		}
	}
	if z.path != o.root && !isBelow(z.path, o.root) {
		return false
	}
	return o.paths.has(func(p *pathPattern) bool { return p.match([]byte(z.path)) })
}

// parseTreePattern is parsePathPattern for those who mean by /a all below it, too.
func parseTreePattern(s string) (pathPattern, error) {
	p, err := parsePathPattern(s)
	if p.tree = true; s == "/" {
		p.literal = nil // all that begins with a slash
	}
	return p, err
}

// diff prints how two trees differ, and reports whether they do.
func (e *Env) diff(cmd *cobra.Command, left, right savedTree, o *diffOptions) (differ bool, err error) {
	ctx := cmd.Context()
	if o.left, err = rootOf(ctx, left); err != nil {
		return false, err
	}
	if o.right, err = rootOf(ctx, right); err != nil {
		return false, err
	}
	switch o.root = o.left; {
	case isBelow(o.right, o.left):
		o.root = o.right
	case o.right != o.left && !isBelow(o.left, o.right):
		return false, fmt.Errorf("one has the znodes below %s, the other those below %s: they have nothing in common", o.left, o.right)
	}
	if o.subtrees {
		return e.diffSubtrees(ctx, left, right, o)
	}
	return e.diffZnodes(ctx, left, right, o)
}
