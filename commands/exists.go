package commands

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"zook/jute"
)

// presence is what exists prints.
type presence struct {
	Path   string `json:"path"`
	Exists bool   `json:"exists"`
}

func (p *presence) Text(w io.Writer, s Style) {
	fmt.Fprintf(w, "%s %v\n", printable(p.Path), p.Exists)
}

func (p *presence) Row(Style) ([]string, [][]string) {
	return []string{"path", "exists"}, [][]string{{printable(p.Path), fmt.Sprint(p.Exists)}}
}

func newExists(env *Env) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "exists PATH...",
		Short: "Tell whether znodes exist",
		Long: `Tell whether znodes exist: one line each, of the path and true or false. The exit
code is 3 if one does not exist, so that scripts can ask.

` + watchHelp,
		Example: `  zook exists /app/ready && echo go
  zook exists -w /app/ready       # wait until it is created
  zook exists /a /b -o jsonl`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			missing := false
			err := env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				stat, err := env.exists(ctx, path, watch)
				missing = missing || stat == nil
				return &presence{path, stat != nil}, err
			})
			err = env.awaitEvent(cmd, watch, err)
			if err == nil && missing && !watch {
				return reportedError{jute.ErrNoNode} // the line printed says it
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "watch for the next change")
	return cmd
}
