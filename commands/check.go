package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"zook/fourletter"
)

// checkError is what check returns: it exits with the codes of monitoring plugins.
type checkError struct {
	error
	code int
}

func (e *checkError) Unwrap() error { return e.error }

// asUnknown is err as check returns it: what keeps it from checking is "unknown".
func asUnknown(err error) error {
	var known *checkError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &checkError{err, healthUnknown.exitCode()}
}

type checkOptions struct {
	warn, crit  thresholds
	paths       []string
	minChildren int
	canary      string
	filesystem  string
	nagios      bool
	textfile    string
}

func newCheck(env *Env) *cobra.Command {
	o := checkOptions{warn: thresholds{}, crit: thresholds{}, minChildren: -1}
	cmd := &cobra.Command{
		Use:   "check [NAME...]",
		Short: "Check the health of the ensemble against thresholds, for monitoring",
		Long:  checkHelp(),
		Example: `  zook check -S zk1:2181,zk2:2181,zk3:2181
  zook check --nagios --warn latency=50ms --crit latency=500ms --warn znodes=off
  zook check quorum leader lag -o json
  zook check path --path /brokers/ids --min-children 3
  zook check canary --canary /monitoring
  zook check --textfile /var/lib/node_exporter/zookeeper.prom`,
		ValidArgsFunction: func(*cobra.Command, []string, string) (all []cobra.Completion, _ cobra.ShellCompDirective) {
			for _, c := range healthChecks() {
				all = append(all, cobra.CompletionWithDesc(c.name, c.about))
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			err := env.check(cmd.Context(), args, &o)
			var told *checkError
			if o.nagios && err != nil && !errors.As(err, &told) { // those plugins are heard on standard output
				fmt.Fprintln(env.Out, "ZOOKEEPER UNKNOWN: "+nagiosText(strings.TrimPrefix(Explain(err), "zook: ")))
				return reportedError{asUnknown(err)}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.VarP(o.warn, "warn", "w", "warn above `NAME=VALUE` (or below, see the list); NAME=off for never (repeatable)")
	f.VarP(o.crit, "crit", "c", "critical above (or below) `NAME=VALUE`; NAME=off for never (repeatable)")
	f.StringArrayVar(&o.paths, "path", nil, "check that `PATH` exists (repeatable)")
	f.IntVar(&o.minChildren, "min-children", -1, "and has `N` children at least: --crit path=N")
	f.StringVar(&o.canary, "canary", "", "check that an ephemeral znode can be written below `PATH`, which must exist")
	f.StringVar(&o.filesystem, "filesystem", "", "check the file system that holds `DIR`, on this machine")
	f.BoolVar(&o.nagios, "nagios", false, "print one line as plugins of Nagios and Icinga do")
	f.StringVar(&o.textfile, "textfile", "", "write the outcome to this `FILE` too, for the node exporter of Prometheus")
	if !env.nested {
		cmd.RegisterFlagCompletionFunc("path", env.completePaths(-1))
		cmd.RegisterFlagCompletionFunc("canary", env.completePaths(-1))
		for _, name := range []string{"warn", "crit"} {
			cmd.RegisterFlagCompletionFunc(name, completeLimits)
		}
	}
	return cmd
}

func completeLimits(*cobra.Command, []string, string) (all []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, c := range healthChecks() {
		if !c.fixed {
			all = append(all, cobra.CompletionWithDesc(c.name+"=", c.about))
		}
	}
	return all, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func checkHelp() string {
	var list strings.Builder
	for _, c := range healthChecks() {
		limit := func(v *float64) string {
			if v == nil {
				return "-"
			}
			return c.unit.text(*v)
		}
		levels := fmt.Sprintf("> %s / %s", limit(c.warn), limit(c.crit))
		switch {
		case c.fixed:
			levels = ""
		case c.low:
			levels = "<" + levels[1:]
		}
		fmt.Fprintf(&list, "  %-18s %-23s %s\n", c.name, levels, c.about)
	}
	return `Check the health of the ensemble: the servers of --server, and the other members of its
configuration, as status finds them. Without NAMEs all checks run but those that need a
flag of the same name.

  check              warn / critical         what
` + list.String() + `
A check of servers judges the worst of them. quorum warns only if some voter does not
serve. What servers do not tell is skipped: with the default 4lw.commands.whitelist that
is much, unless their AdminServer answers; a check that was named is unknown then.

The exit code is that of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown, also
for a line that cannot be understood. All is over within --timeout.`
}

// checking is a check that runs.
type checking struct {
	*checkOptions
	env   *Env
	ctx   context.Context
	asker *fourletter.Client
	found *surveyed // nil until the servers have been asked

	opened  *checkSession // nil until a check looks at znodes
	refused error
}

// check runs the checks of these names, or those that run by default.
func (e *Env) check(ctx context.Context, names []string, o *checkOptions) error {
	chosen, err := o.choose(names)
	if err != nil {
		return err
	}
	c := &checking{checkOptions: o, env: e, ctx: ctx}
	report, err := c.run(chosen, len(names) > 0)
	if err != nil {
		return err
	}
	if err := e.printReport(report, o); err != nil {
		return err
	}
	if report.Code == ExitOK {
		return nil
	}
	return reportedError{&checkError{errors.New(string(report.Status)), report.Code}}
}

// choose returns the checks to run.
func (o *checkOptions) choose(names []string) (chosen []healthCheck, err error) {
	if o.minChildren >= 0 {
		if len(o.paths) == 0 {
			return nil, usagef("--min-children is about --path")
		}
		n := float64(o.minChildren)
		o.crit["path"] = &n
	}
	given := map[string]bool{"path": len(o.paths) > 0, "canary": o.canary != "", "filesystem": o.filesystem != ""}
	for _, name := range names {
		c, err := findCheck(name)
		if err != nil {
			return nil, err
		}
		if c.flag != "" && !given[c.flag] {
			return nil, usagef("check %s needs --%s", name, c.flag)
		}
	}
	for _, c := range healthChecks() {
		if len(names) == 0 && c.flag == "" || slices.Contains(names, c.name) || c.flag != "" && given[c.flag] {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// run runs the checks: it asks all servers while it looks at znodes.
func (c *checking) run(chosen []healthCheck, named bool) (*checkReport, error) {
	start := time.Now()
	results := make([][]*checkResult, len(chosen))
	asks := false
	for i, h := range chosen {
		results[i] = []*checkResult{c.result(h, named)}
		asks = asks || h.run != nil
	}
	ctx, cancel := c.env.answerIn(c.ctx)
	defer cancel()
	defer c.close()
	var err error
	var asking sync.WaitGroup
	if asks {
		asking.Go(func() { err = c.survey() })
	}
	for i, h := range chosen {
		if h.alone != nil {
			results[i] = h.alone(ctx, c, func() *checkResult { return c.result(h, named) })
		}
	}
	asking.Wait()
	if err == nil {
		err = c.ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	for i, h := range chosen {
		if h.run != nil {
			h.run(c, results[i][0])
		}
	}
	return newReport(slices.Concat(results...), c.notes(), time.Since(start)), nil
}

func (c *checking) result(h healthCheck, named bool) *checkResult {
	return &checkResult{Name: h.name, Unit: h.unit, Low: h.low, named: named,
		Warn: c.warn.of(h.name, h.warn), Crit: c.crit.of(h.name, h.crit)}
}

// survey asks all servers what they say of themselves.
func (c *checking) survey() (err error) {
	if c.asker, _, err = c.env.asker(); err != nil {
		return err
	}
	c.found, err = c.env.survey(c.ctx)
	return err
}

// notes say which servers did not tell all, and who told it instead.
func (c *checking) notes() (notes []string) {
	if c.found == nil {
		return nil
	}
	for _, p := range c.found.Probes {
		if p.Err == nil {
			for _, n := range newServerStatus(c.found, p).Notes {
				notes = append(notes, p.Addr+": "+n)
			}
		}
	}
	return notes
}
