package commands

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

var errNoShell = usagef("only the shell has this")

// pastLine is one that history prints.
type pastLine struct {
	Number int    `json:"number"`
	Line   string `json:"line"`
}

func (l *pastLine) Text(w io.Writer, _ Style) {
	fmt.Fprintf(w, "%d - %s\n", l.Number, printable(l.Line))
}
func (l *pastLine) Row(Style) ([]string, [][]string) {
	return []string{"number", "line"}, [][]string{{fmt.Sprint(l.Number), printable(l.Line)}}
}

func newHistory(env *Env) *cobra.Command {
	const shown = 11 // as zkCli: the running line and ten before it
	return &cobra.Command{
		Use:     "history",
		Short:   "Show the last lines of the shell",
		Long:    "Show the last lines of the shell with their numbers, for redo.",
		Example: "  history",
		Args:    args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if env.Shell == nil {
				return errNoShell
			}
			p := env.Printer(true)
			lines := env.Shell.Lines()
			for i := max(0, len(lines)-shown); i < len(lines); i++ {
				if err := p.Print(&pastLine{i, lines[i]}); err != nil {
					return err
				}
			}
			return p.Close()
		},
	}
}
