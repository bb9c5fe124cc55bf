package commands

import "github.com/spf13/cobra"

func newPwd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "pwd",
		Short:   "Print the working path",
		Long:    "Print the path against which relative paths are taken, which cd changes.",
		Example: "  pwd",
		Args:    args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			return env.print(&found{env.cwd()})
		},
	}
}
