package commands

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"zook/jute"
)

// touched is what touch prints where a format is asked for.
type touched struct {
	Path    string `json:"path"`
	Created bool   `json:"created"` // it was missing
	*Stat
}

func (t *touched) Text(io.Writer, Style) {}

func (t *touched) Row(s Style) ([]string, [][]string) {
	columns, row := t.Stat.row(t.Path, s)
	return columns, [][]string{row}
}

func newTouch(env *Env) *cobra.Command {
	var parents bool
	cmd := &cobra.Command{
		Use:   "touch PATH...",
		Short: "Create znodes, or set their data to what it is",
		Long: `Create each znode that is missing: persistent, without data, open to all. Set the data
of one that exists to what it is, which changes its mtime and its version, wakes whoever
watches it, and takes nobody's change back: if the data changes meanwhile, touch begins
again.`,
		Example: `  zook touch /app/reload          # wake whoever watches it
  zook touch -p /app/locks/a /app/locks/b`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				z, err := env.Znodes(ctx)
				if err != nil {
					return nil, err
				}
				return touch(ctx, z, path, parents)
			})
		},
	}
	cmd.Flags().BoolVarP(&parents, "parents", "p", false, "create missing parents too (no data, open ACL)")
	return cmd
}

// touch goes on until nobody was faster, or ctx ends.
func touch(ctx context.Context, z Znodes, path string, parents bool) (*touched, error) {
	for {
		data, stat, err := z.Get(ctx, path)
		if err == nil {
			stat, err = z.Set(ctx, path, data, stat.Version)
			if err == nil {
				return &touched{path, false, NewStat(stat)}, nil
			}
			if errors.Is(err, jute.ErrBadVersion) || noNode(err) {
				continue
			}
			return nil, err
		}
		if !noNode(err) {
			return nil, err
		}
		_, stat, err = z.Create(ctx, path, nil, jute.OpenACL(), jute.Persistent, 0)
		switch {
		case err == nil:
			return &touched{path, true, NewStat(stat)}, nil
		case errors.Is(err, jute.ErrNodeExists):
		case noNode(err) && parents:
			if err := createParents(ctx, z, path); err != nil {
				return nil, err
			}
		default:
			return nil, explainCreate(ctx, z, path, err)
		}
	}
}
