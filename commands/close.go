package commands

import "github.com/spf13/cobra"

func newClose(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "close",
		Short:   "End the session",
		Long:    "End the session, with its ephemeral znodes and watches. connect opens another.",
		Example: "  close",
		Args:    args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if env.Offline() {
				return errNeedsServer
			}
			return env.disconnect()
		},
	}
}
