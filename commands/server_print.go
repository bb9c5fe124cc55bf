package commands

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// configKey is a key of zoo.cfg with the value in effect.
type configKey struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Hidden bool   `json:"hidden,omitempty"` // the value is a secret
	Source string `json:"source"`           // file:line, an environment variable, or "default"
}

func (x *configKey) Text(w io.Writer, s Style) {
	fmt.Fprintf(w, "%s=%s\t%s\n", x.Key, printable(x.Value), s.Paint("# "+printable(x.Source), faint))
}

func (x *configKey) Row(Style) ([]string, [][]string) {
	return []string{"key", "value", "from"}, [][]string{{x.Key, printable(x.Value), printable(x.Source)}}
}

func newServerPrintConfig(env *Env, so *serverOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "print-config [zoo.cfg]",
		Short: "Print the configuration in effect, defaults included",
		Long: `Print every key that has a meaning with the value in effect and where it comes from: the
line of zoo.cfg, the environment variable, or the default. Secrets are not shown. Keys
without a meaning, and what else is wrong, are told on standard error; with an error that
no server starts with the exit code is 1.`,
		Example: `  zook server print-config /etc/zookeeper/conf/zoo.cfg
  zook server print-config -o json | jq -r '.[] | select(.source != "default") | .key'`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			for _, w := range f.Warnings() {
				fmt.Fprintln(env.Err, "zook: warning: "+printable(w))
			}
			p := env.TablePrinter(true)
			for _, v := range f.Effective() {
				x := configKey{Key: v.Key, Value: v.Value, Hidden: v.Secret, Source: v.Place}
				if v.Secret {
					x.Value = "***"
				}
				if err := p.Print(&x); err != nil {
					return err
				}
			}
			if err := p.Close(); err != nil {
				return err
			}
			return f.Err()
		},
	}
}
