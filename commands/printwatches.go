package commands

import "github.com/spf13/cobra"

func newPrintWatches(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:       "printwatches [on|off]",
		Short:     "Switch the printing of watch events on or off",
		Long:      "Switch the printing of watch events in the shell on or off, or tell which it is.",
		Example:   "  printwatches off",
		Args:      args(0, 1),
		ValidArgs: []cobra.Completion{"on", "off"},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				state := "on"
				if env.HideEvents.Load() {
					state = "off"
				}
				if env.Format == JSON || env.Format == JSONL {
					return env.print(&word{"printwatches", state})
				}
				return env.print(&word{"printwatches", "printwatches is " + state})
			}
			switch args[0] {
			case "on":
				env.HideEvents.Store(false)
			case "off":
				env.HideEvents.Store(true)
			default:
				return usagef("on or off is wanted, not %q", args[0])
			}
			return nil
		},
	}
}
