package commands

import (
	"strconv"

	"github.com/spf13/cobra"

	"zook/completions"
)

func newRedo(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "redo NUMBER",
		Short:   "Run a line of the shell again",
		Long:    "Run a line of the shell again, by the number that history and the prompt show.",
		Example: "  redo 3",
		Args:    args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if env.Shell == nil {
				return errNoShell
			}
			lines := env.Shell.Lines()
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 0 || n >= len(lines)-1 {
				return usagef("%q is not the number of a line before this one (history shows them)", args[0])
			}
			line := lines[n]
			words, err := completions.Split(line)
			if err != nil {
				return usagef("%v", err)
			}
			if len(words) > 0 {
				if c, _, err := findCommand(cmd.Root(), words[0]); err == nil && c.Name() == "redo" {
					return usagef("line %d is a redo itself", n)
				}
			}
			return RunLine(cmd.Context(), env, line)
		},
	}
	return cmd
}
