package commands

import (
	"github.com/spf13/cobra"

	"zook/client"
)

func newAddAuth(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "addauth SCHEME [DATA]",
		Short: "Add an identity to the session",
		Long: `Add an identity to the session, for the ACLs that want it. It holds until the
session ends; --auth gives one to every session from its start. Users of SASL log in
with --sasl-user instead.`,
		Example: "  addauth digest bob:secret",
		Args:    args(1, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{"digest", "ip", "x509"}, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			c, err := env.Session(ctx)
			if err != nil {
				return err
			}
			auth := client.Auth{Scheme: args[0]}
			if len(args) > 1 {
				auth.Data = []byte(args[1])
			}
			return c.AddAuth(ctx, auth)
		},
	}
}
