package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"zook/server"
)

// ailment is something that doctor found.
type ailment struct {
	Severity gravity `json:"severity"`
	About    string  `json:"about"` // file, file:line, address or key
	Problem  string  `json:"problem"`
	Do       string  `json:"do,omitempty"`
}

// gravity is how bad something is.
type gravity string

const (
	isError   gravity = "error"   // a server does not start, or loses something
	isWarning gravity = "warning" // it works, and will not do so for ever
	isNote    gravity = "note"    // what somebody may want to know
)

func (x *ailment) Text(w io.Writer, s Style) {
	line := printable(x.About) + ": " + printable(x.Problem)
	if x.Do != "" {
		line += "; " + printable(x.Do)
	}
	fmt.Fprintf(w, "%s %s\n", s.Paint(string(x.Severity)+":", gravityColors[x.Severity]), line)
}

func (x *ailment) Row(s Style) ([]string, [][]string) {
	return []string{"severity", "about", "problem", "what to do"},
		[][]string{{s.Paint(string(x.Severity), gravityColors[x.Severity]), printable(x.About), printable(x.Problem), printable(x.Do)}}
}

func newServerDoctor(env *Env, so *serverOptions) *cobra.Command {
	var userName string
	cmd := &cobra.Command{
		Use:   "doctor [zoo.cfg]",
		Short: "Say what is wrong with a server before it starts",
		Long: `Look at a zoo.cfg and everything that a server with it needs, and say in one line each what is
wrong and what to do: the configuration and its ensemble, the directories and who owns what
is in them, ports, disk space, snapshots and logs (all of which are read), certificates, the
clock, limits of the process. Nothing is changed. A server may be running; then its ports
and files are not looked at for being in use.

  error    a server does not start, or loses something
  warning  it works, and will not do so for ever
  note     what somebody may want to know

The exit code is 1 with an error, 9 if that is damage of files, and else 0.`,
		Example: `  zook server doctor /etc/zookeeper/conf/zoo.cfg
  zook server doctor --user zookeeper     # as root, for a service of another user
  zook server doctor -o json | jq -r '.[] | select(.severity == "error") | .problem'`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := so.configPath(args)
			if err != nil {
				return err
			}
			f, err := server.ReadConfigFile(path, os.Getenv)
			if err != nil {
				return err
			}
			d := &doctor{env: env, file: f, cfg: f.WithDefaults(), now: time.Now()}
			if d.account, err = findAccount(userName, f.Config.DataDir); err != nil {
				return err
			}
			if err := d.examine(cmd.Context()); err != nil {
				return err
			}
			return d.report()
		},
	}
	cmd.Flags().StringVar(&userName, "user", "", "the `name` of whom the server runs as, if not you")
	return cmd
}

// doctor examines what a server of one zoo.cfg needs.
type doctor struct {
	env     *Env
	file    *server.ConfigFile
	cfg     server.Config // with defaults
	now     time.Time
	account account // that the server runs as
	running bool    // one of ours runs on the directory

	found  []*ailment
	damage error // of files, if that is an error
}

// say adds what was found.
func (d *doctor) say(s gravity, about, do, format string, args ...any) {
	d.found = append(d.found, &ailment{s, about, fmt.Sprintf(format, args...), do})
}

func (d *doctor) has(s gravity) bool {
	return slices.ContainsFunc(d.found, func(x *ailment) bool { return x.Severity == s })
}

// examine looks at everything, as far as what it is about is there.
func (d *doctor) examine(ctx context.Context) error {
	d.examineConfig()
	d.examineRisks()
	d.examineScripts()
	d.examineEnsemble(ctx)
	d.examineStores()
	d.examineLimits()
	d.examineClock()
	if d.cfg.DataDir != "" {
		d.examineDirs()
		if err := d.examineFiles(ctx); err != nil {
			return err
		}
	}
	if !d.running {
		d.examinePorts()
	}
	return ctx.Err()
}

var gravityColors = map[gravity]color.Attribute{isError: red, isWarning: yellow, isNote: faint}

// report prints what was found, the worst first.
func (d *doctor) report() error {
	order := []gravity{isError, isWarning, isNote}
	slices.SortStableFunc(d.found, func(a, b *ailment) int {
		return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
	})
	p := d.env.TablePrinter(true)
	for _, x := range d.found {
		if err := p.Print(x); err != nil {
			return err
		}
	}
	if err := p.Close(); err != nil {
		return err
	}
	switch {
	case d.damage != nil:
		return reportedError{d.damage}
	case d.has(isError):
		return reportedError{errors.New("unfit")}
	}
	return nil
}
