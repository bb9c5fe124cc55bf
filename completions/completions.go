// Package completions says what may come next on a half-typed line: commands,
// flags and live znode paths. The shell, and bash, zsh, fish and PowerShell
// through `zook __complete`, all ask the same functions.
package completions

import (
	"context"

	"github.com/spf13/cobra"
)

// Candidate is one way to go on.
type Candidate struct {
	Text        string
	Description string // one line; "" for none
	Partial     bool   // more is to follow: no blank goes after it
}

// Lister lists the children of a znode by their names, in any order.
type Lister interface {
	Children(ctx context.Context, path string) ([]string, error)
}

// Cobra is candidates as a cobra completion function returns them.
func Cobra(cs []Candidate) ([]cobra.Completion, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	var out []cobra.Completion
	for _, c := range cs {
		out = append(out, cobra.CompletionWithDesc(c.Text, c.Description))
		if c.Partial {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return out, directive
}
