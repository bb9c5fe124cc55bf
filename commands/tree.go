package commands

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// branch is a line of tree.
type branch struct {
	Path  string `json:"path"`
	Depth int    `json:"depth"`           // below the first
	Error string `json:"error,omitempty"` // why its children are not known

	last []bool // of each znode above but the first, and of itself: it is the last child
}

// limbs are what a tree is drawn with: for eyes, and in characters that any
// program understands.
var limbs = map[bool]struct{ on, corner, through string }{
	true:  {"├── ", "└── ", "│   "},
	false: {"|-- ", "`-- ", "|   "},
}

func (b *branch) Text(w io.Writer, s Style) {
	limb := limbs[s.Terminal]
	var line strings.Builder
	for i, last := range b.last {
		switch {
		case i == len(b.last)-1 && last:
			line.WriteString(limb.corner)
		case i == len(b.last)-1:
			line.WriteString(limb.on)
		case last:
			line.WriteString("    ")
		default:
			line.WriteString(limb.through)
		}
	}
	name := b.Path
	if b.Depth > 0 {
		name = jute.BaseName(b.Path)
	}
	line.WriteString(printable(name))
	if b.Error != "" {
		line.WriteString(" " + s.Paint("["+b.Error+"]", red))
	}
	fmt.Fprintln(w, line.String())
}

func (b *branch) Row(Style) ([]string, [][]string) {
	return []string{"path", "depth"}, [][]string{{printable(b.Path), fmt.Sprint(b.Depth)}}
}

func newTree(env *Env) *cobra.Command {
	var levels int
	cmd := &cobra.Command{
		Use:   "tree [PATH...]",
		Short: "Draw the tree of znodes",
		Long: `Draw the tree of the znodes at and below PATH (else the working path), sorted by name,
and count them. It is drawn as it is read, in ASCII where no person looks.

In JSON there is a path and a depth for each znode; ls -R and find list paths.`,
		Example: `  zook tree /brokers
  zook tree -L 2 /`,
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("level") && levels < 1 {
				return usagef("-L: a level is 1 or more")
			}
			p := env.Printer(true)
			t := &treeDrawing{env: env, printer: p, levels: levels}
			err := env.eachRoot(cmd, p, env.workingPath(args), func(root string) error {
				return t.draw(cmd.Context(), root)
			})
			if err == nil && t.unread != nil {
				err = reportedError{t.unread} // it is in the drawing
			}
			whole := !noTree(err) && cmd.Context().Err() == nil
			if t.drawn > 0 && whole && (env.Format == Auto || env.Format == Text || env.Format == ZkCli) {
				t.sum(env.Out)
			}
			return err
		},
	}
	cmd.Flags().IntVarP(&levels, "level", "L", 0, "draw `N` levels below PATH, not all")
	return cmd
}

// treeDrawing draws trees, one after the other.
type treeDrawing struct {
	env     *Env
	printer *Printer
	levels  int // 0 for all

	drawn, hidden int64 // znodes drawn; those whose children could not be read
	unread        error
}

func (t *treeDrawing) draw(ctx context.Context, root string) error {
	read := func(ctx context.Context, path string) ([]string, struct{}, error) {
		if t.levels > 0 && depth(root, path) >= t.levels {
			return nil, struct{}{}, nil
		}
		ctx, cancel := t.env.answerIn(ctx)
		defer cancel()
		names, _, err := t.env.children(ctx, path, false)
		return names, struct{}{}, err
	}
	lastNames := []string{} // of the children of each znode above, and of the one at hand
	last := []bool{}
	return walkTree(ctx, t.env, root, read, func(v visited[struct{}]) error {
		b := &branch{Path: v.Path, Depth: depth(root, v.Path)}
		lastNames, last = lastNames[:b.Depth], last[:max(0, b.Depth-1)]
		if b.Depth > 0 {
			last = append(last, jute.BaseName(v.Path) == lastNames[b.Depth-1])
		}
		b.last = last
		lastName := ""
		if n := len(v.Children); n > 0 {
			lastName = v.Children[n-1]
		}
		lastNames = append(lastNames, lastName)
		t.drawn++
		if v.Err != nil {
			if noTree(v.Err) {
				return onPath(v.Path, v.Err)
			}
			t.hidden, t.unread, b.Error = t.hidden+1, v.Err, v.Err.Error()
		}
		return t.printer.Print(b)
	})
}

// sum prints the last line.
func (t *treeDrawing) sum(w io.Writer) {
	s := t.env.style()
	noun := "znodes"
	if t.drawn == 1 {
		noun = "znode"
	}
	fmt.Fprintf(w, "\n%s %s", s.Count(t.drawn), noun)
	if t.hidden > 0 {
		fmt.Fprintf(w, ", the children of %s could not be read", s.Count(t.hidden))
	}
	fmt.Fprintln(w)
}
