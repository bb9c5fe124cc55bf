package commands

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
	"zook/snapshot"
)

// summed is what summary prints of a znode that has children.
type summed struct {
	usage
	level int // below the path asked for
}

// ZkCli writes what Apache's SnapshotRecursiveSummary does. The path may hold
// anything; so it does there.
func (u *summed) ZkCli(w io.Writer) {
	tab := strings.Repeat("--", u.level)
	fmt.Fprintf(w, "%s %s\n%s   children: %d\n%s   data: %d\n", tab, u.Path, tab, u.Znodes-1, tab, u.Bytes)
}

func newSnapshotSummary(env *Env) *cobra.Command {
	var depth int
	cmd := &cobra.Command{
		Use:   "summary FILE [PATH]",
		Short: "Sum up the znodes and the data in a snapshot",
		Long: `Print how many bytes of data and how many znodes there are in a snapshot at and below
PATH, and at and below the znodes under it that have children, down to --depth levels. As in
Apache's tools the usage of quotas, which is data of znodes, is counted anew.

A line is bytes, znodes and path, as of du. With -o zkcli it is what Apache's
SnapshotRecursiveSummary prints; --depth is its max_depth. Nothing is printed of a damaged
snapshot.`,
		Example: `  zook snapshot summary snapshot.1f00000001
  zook snapshot summary --depth 3 snapshot.1f00000001 /brokers
  zook snapshot summary --depth 0 snapshot.1f00000001 | sort -n | tail
  zook snapshot summary -o zkcli snapshot.1f00000001 / --depth 2`,
		Args: args(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if depth < 0 {
				return usagef("--depth: a depth is 0, for all levels, or more")
			}
			path := "/"
			if len(args) == 2 {
				var err error
				if path, err = env.Path(args[1]); err != nil {
					return err
				}
			}
			return env.summarizeSnapshot(cmd, args[0], path, depth)
		},
	}
	cmd.Flags().IntVar(&depth, "depth", 1, "print `N` levels below PATH; 0 for all")
	return cmd
}

func (e *Env) summarizeSnapshot(cmd *cobra.Command, file, path string, depth int) error {
	r, err := snapshot.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	t, err := e.loadSnapTree(cmd.Context(), r, file, treeParts{})
	if err != nil {
		return err
	}
	start, ok := t.find(strings.TrimSuffix(path, "/"))
	if !ok {
		return onPath(path, jute.ErrNoNode)
	}
	s := treeSummary{snapTree: t, sums: t.sums(), depth: depth, p: e.Printer(true), byName: e.Format != ZkCli}
	if t.isParent(start) || s.byName {
		err = s.print(start, path, 0)
	}
	if err == nil && e.Format == ZkCli {
		_, err = s.p.w.WriteString("\n")
	}
	if cerr := s.p.Close(); err == nil {
		err = cerr
	}
	return err
}

// treeSummary prints sums.
type treeSummary struct {
	*snapTree
	sums   []treeSum
	depth  int // levels; 0 for all
	p      *Printer
	byName bool // children by name, not in Apache's order
}

func (s *treeSummary) print(znode int32, path string, level int) error {
	sum := s.sums[znode]
	if err := s.p.Print(&summed{usage{Path: path, Bytes: sum.bytes, Znodes: sum.znodes}, level}); err != nil {
		return err
	}
	if s.depth > 0 && level == s.depth {
		return nil
	}
	kids := s.children(znode)
	if s.byName {
		kids = slices.SortedFunc(slices.Values(kids), func(a, b int32) int { return bytes.Compare(s.name(a), s.name(b)) })
	}
	for _, kid := range kids {
		if !s.isParent(kid) {
			continue
		}
		if err := s.print(kid, jute.JoinPath(path, string(s.name(kid))), level+1); err != nil {
			return err
		}
	}
	return nil
}

// sums are those of all znodes.
func (t *snapTree) sums() []treeSum {
	sums := make([]treeSum, len(t.parent))
	for n := int32(len(sums)) - 1; n >= 0; n-- { // children come after their parents
		sums[n].znodes++
		sums[n].bytes += int64(t.length(n))
		if n > 0 {
			above := &sums[t.parent[n]]
			above.znodes += sums[n].znodes
			above.bytes += sums[n].bytes
		}
	}
	return sums
}
