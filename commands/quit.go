package commands

import "github.com/spf13/cobra"

func newQuit(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "quit",
		Aliases: []string{"exit"},
		Short:   "Leave the shell",
		Long:    "Leave the shell and end the session.",
		Example: "  quit",
		Args:    args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if env.Shell == nil {
				return errNoShell
			}
			env.Shell.Quit()
			return nil
		},
	}
}
