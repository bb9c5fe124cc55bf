package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// quotaSet is what setquota prints: the quota if a format is asked for, and
// warnings.
type quotaSet struct {
	*quota
	warnings io.Writer
}

func (q *quotaSet) Text(io.Writer, Style) {
	for _, text := range q.exceeded() {
		fmt.Fprintln(q.warnings, "zook: setquota "+printable(q.Path)+": warning: "+text)
	}
}

func (q *quotaSet) ZkCli(w io.Writer) {
	for _, text := range q.exceeded() {
		fmt.Fprintln(w, "[Warning]: "+text)
	}
}

func newSetQuota(env *Env) *cobra.Command {
	values := map[string]*int64{}
	cmd := &cobra.Command{
		Use:   "setquota -n|-b|-N|-B VALUE PATH",
		Short: "Limit the znodes and bytes below a znode",
		Long: `Limit how many znodes there are at and below a path, or how many bytes of data they
hold. A server logs a warning above a limit (-n, -b). It refuses what goes above a
hard limit (-N, -B) from ZooKeeper 3.7 on, if enforceQuota is set.

Below a znode with a quota, and above it, none can have another.`,
		Example:           "  zook setquota -n 1000 /app\n  zook setquota -N 5000 -B 10000000 /app",
		Args:              args(1, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted := track{}
			for flag, value := range values {
				if cmd.Flags().Changed(flag) {
					wanted[quotaFlags[flag].name] = *value
				}
			}
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			path, z, err := env.quotaTarget(ctx, args[0])
			if err != nil {
				return err
			}
			if err := checkQuota(wanted); err != nil {
				return err
			}
			q, err := setQuota(ctx, z, path, wanted)
			if err != nil {
				return onPath(path, err)
			}
			return env.print(&quotaSet{q, env.Err})
		},
	}
	for flag, f := range quotaFlags {
		values[flag] = cmd.Flags().Int64P(flag, f.short, -1, f.help)
	}
	return cmd
}

// quotaFlags are the flags of setquota and delquota by their long names.
var quotaFlags = map[string]struct{ short, name, help string }{
	"count":      {"n", trackCount, "number of znodes, soft"},
	"bytes":      {"b", trackBytes, "bytes of data, soft"},
	"count-hard": {"N", trackCountHard, "number of znodes, hard"},
	"bytes-hard": {"B", trackBytesHard, "bytes of data, hard"},
}

func checkQuota(wanted track) error {
	if len(wanted) == 0 {
		return usagef("a limit is wanted: -n, -b, -N or -B")
	}
	for name, n := range wanted {
		counts := name == trackCount || name == trackCountHard
		if counts && n <= 0 {
			return usagef("a limit on znodes is more than zero, not %d", n)
		}
		if n < 0 {
			return usagef("a limit on bytes is zero or more, not %d", n)
		}
	}
	return nil
}

// setQuota sets the limits that are wanted on path and leaves the others.
func setQuota(ctx context.Context, z Znodes, path string, wanted track) (*quota, error) {
	stat, err := z.Exists(ctx, path)
	if err != nil {
		return nil, err
	}
	if stat == nil {
		return nil, jute.ErrNoNode
	}
	if err := quotaBelow(ctx, z, path); err != nil {
		return nil, err
	}
	if err := quotaAbove(ctx, z, path); err != nil {
		return nil, err
	}
	lim, err := readTrack(ctx, z, limitsPath(path))
	if noNode(err) {
		lim = track{trackCount: -1, trackBytes: -1, trackCountHard: -1, trackBytesHard: -1}
		for name, n := range wanted {
			lim[name] = n
		}
		if err := createQuota(ctx, z, path, lim); err != nil {
			return nil, err
		}
		return readQuota(ctx, z, path)
	}
	if err != nil {
		return nil, err
	}
	for name, n := range wanted {
		lim[name] = n
	}
	if _, err := z.Set(ctx, limitsPath(path), []byte(lim.String()), -1); err != nil {
		return nil, err
	}
	return readQuota(ctx, z, path)
}

func createQuota(ctx context.Context, z Znodes, path string, lim track) error {
	if err := createParents(ctx, z, limitsPath(path)); err != nil {
		return err
	}
	for _, n := range []struct{ path, data string }{
		{limitsPath(path), lim.String()},
		{statsPath(path), track{trackCount: 0, trackBytes: 0}.String()}, // the server counts when it is created
	} {
		_, _, err := z.Create(ctx, n.path, []byte(n.data), jute.OpenACL(), jute.Persistent, 0)
		if err != nil && !errors.Is(err, jute.ErrNodeExists) {
			return err
		}
	}
	return nil
}

// quotaBelow refuses a quota above another one.
func quotaBelow(ctx context.Context, z Znodes, path string) error {
	names := func(ctx context.Context, path string) ([]string, struct{}, error) {
		names, _, err := z.Children(ctx, path)
		return names, struct{}{}, err
	}
	top := quotaPath(path)
	err := walk(ctx, top, names, func(v visited[struct{}]) error {
		if v.Err != nil {
			return onPath(v.Path, v.Err)
		}
		if jute.BaseName(v.Path) == limitsName && jute.ParentPath(v.Path) != top {
			return fmt.Errorf("%s below it has a quota: only one of them can", strings.TrimPrefix(jute.ParentPath(v.Path), quotaRoot))
		}
		return nil
	})
	if noNode(err) {
		return nil
	}
	return err
}

// quotaAbove refuses a quota below another one.
func quotaAbove(ctx context.Context, z Znodes, path string) error {
	for above := jute.ParentPath(path); above != "/"; above = jute.ParentPath(above) {
		stat, err := z.Exists(ctx, limitsPath(above))
		if err != nil {
			return err
		}
		if stat != nil {
			return fmt.Errorf("%s above it has a quota: only one of them can", above)
		}
	}
	return nil
}
