package commands

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// printHelp explains a command. The flags of every command are told by zook's
// own help only.
func printHelp(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintln(w, strings.TrimSpace(cmd.Long))
	switch {
	case !cmd.HasParent():
		fmt.Fprint(w, "\nUsage: zook [flags] COMMAND [arguments]\n")
	case cmd.HasAvailableSubCommands():
		fmt.Fprintf(w, "\nUsage: %s COMMAND\n", cmd.CommandPath())
	default:
		fmt.Fprintf(w, "\nUsage: %s\n", useLine(cmd))
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(w, "Also:  %s\n", strings.Join(cmd.Aliases, ", "))
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	groups := cmd.Groups()
	if len(groups) == 0 && cmd.HasAvailableSubCommands() {
		groups = []*cobra.Group{{Title: "Commands:"}}
	}
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		for _, c := range cmd.Commands() {
			if c.GroupID == g.ID && !c.Hidden {
				fmt.Fprintf(w, "  %-*s %s\n", c.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	if cmd.HasAvailableLocalFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", cmd.LocalFlags().FlagUsages())
	}
	if cmd.HasParent() {
		fmt.Fprint(w, "\n\"zook help\" lists the flags of every command, such as --server and --output.\n")
	} else {
		fmt.Fprint(w, "\n\"zook help COMMAND\" explains a command.\n")
	}
}

// useLine is how a command is written.
func useLine(cmd *cobra.Command) string {
	return strings.TrimSuffix(cmd.CommandPath(), cmd.Name()) + cmd.Use
}

func newHelp(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Long:    "List the commands, or explain one with its flags and examples.",
		Example: "  zook help\n  zook help create",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var out []cobra.Completion
			if len(args) == 0 {
				for _, c := range cmd.Root().Commands() {
					if c.IsAvailableCommand() {
						out = append(out, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, name := range args {
				c, _, err := findCommand(about, name)
				if err != nil {
					return err
				}
				about = c
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
