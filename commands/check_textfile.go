package commands

import (
	"os"
	"path/filepath"
	"time"

	"zook/fourletter"
)

// printReport prints the outcome as it was asked for.
func (e *Env) printReport(c *checkReport, o *checkOptions) error {
	if o.textfile != "" {
		connect, err := e.Connect.Resolve()
		if err != nil {
			return err
		}
		if err := writeAtomically(o.textfile, c.metrics(connect.Server)); err != nil {
			return err
		}
	}
	if o.nagios {
		c.Nagios(e.Out)
		return nil
	}
	return e.print(c)
}

// metrics are the outcome for Prometheus. The servers tell ensembles apart.
func (c *checkReport) metrics(servers string) *fourletter.Metrics {
	m := &fourletter.Metrics{}
	ensemble := fourletter.Label{Name: "ensemble", Value: servers}
	m.Gauge("zook_check_result", "Outcome of all checks: 0 ok, 1 warning, 2 critical, 3 unknown.", float64(c.Code), ensemble)
	m.Gauge("zook_check_timestamp_seconds", "When the checks were made.", float64(time.Now().UnixMilli())/1000, ensemble)
	m.Gauge("zook_check_duration_seconds", "How long the checks took.", c.TookMs/1000, ensemble)
	for _, r := range c.Checks {
		if r.Status == healthSkipped {
			continue
		}
		labels := []fourletter.Label{ensemble, {Name: "check", Value: r.Name}}
		if r.Path != "" {
			labels = append(labels, fourletter.Label{Name: "path", Value: r.Path})
		}
		m.Gauge("zook_check_status", "Outcome of a check: 0 ok, 1 warning, 2 critical, 3 unknown.", float64(r.Status.exitCode()), labels...)
		for name, v := range map[string]*float64{"zook_check_value": r.Value, "zook_check_warning": r.Warn, "zook_check_critical": r.Crit} {
			if v != nil {
				m.Gauge(name, "In the unit of the check: milliseconds, bytes, seconds or percent.", *v, labels...)
			}
		}
	}
	return m
}

// writeAtomically puts the metrics into the file, which is whole at any moment; others
// may read it.
func writeAtomically(name string, m *fourletter.Metrics) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".zook-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = m.WriteTo(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
