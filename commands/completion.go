package commands

import "github.com/spf13/cobra"

// newCompletion prints what a shell sources to complete zook. The scripts call
// zook back (`zook __complete`), so they never need to be renewed.
func newCompletion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script of your command shell",
		Long: `Print a script that makes a command shell complete zook: commands, flags, and
paths as they are at that moment on the server that the line names, which is -S
on the line, else ZOOK_SERVER or the configuration file.

  bash        echo 'source <(zook completion bash)' >> ~/.bashrc
  zsh         zook completion zsh > "${fpath[1]}/_zook"
  fish        zook completion fish > ~/.config/fish/completions/zook.fish
  powershell  zook completion powershell | Out-String | Invoke-Expression

bash needs the package bash-completion. A new command shell then knows zook.`,
		Example:   "  source <(zook completion bash)",
		Args:      args(1, 1),
		ValidArgs: []cobra.Completion{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(env.Out, true)
			case "zsh":
				return root.GenZshCompletion(env.Out)
			case "fish":
				return root.GenFishCompletion(env.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(env.Out)
			}
			return usagef("there is no script for %q; there are bash, zsh, fish and powershell", args[0])
		},
	}
}
