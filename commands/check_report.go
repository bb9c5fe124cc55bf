package commands

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// health is what a check comes to.
type health string

const (
	healthSkipped  health = "skipped"
	healthOK       health = "ok"
	healthUnknown  health = "unknown"
	healthWarning  health = "warning"
	healthCritical health = "critical"
)

// severity is the order in which the worst of several counts.
var severity = []health{healthSkipped, healthOK, healthUnknown, healthWarning, healthCritical}

func (h health) worseThan(other health) bool {
	return slices.Index(severity, h) > slices.Index(severity, other)
}

// exitCode is that of monitoring plugins.
func (h health) exitCode() int {
	return map[health]int{healthOK: 0, healthWarning: 1, healthCritical: 2, healthUnknown: 3, healthSkipped: 3}[h]
}

// checkResult is the outcome of one check. Value is in Unit, as the thresholds are.
type checkResult struct {
	Name    string        `json:"check"`
	Path    string        `json:"path,omitempty"` // of the znode that it is about
	Status  health        `json:"status"`
	Text    string        `json:"text"`
	Value   *float64      `json:"value,omitempty"`
	Unit    unit          `json:"unit,omitempty"`
	Warn    *float64      `json:"warn,omitempty"`
	Crit    *float64      `json:"crit,omitempty"`
	Low     bool          `json:"belowIsBad,omitempty"` // else above
	Servers []serverValue `json:"servers,omitempty"`

	named bool // the user named this check
}

// serverValue is what one server has.
type serverValue struct {
	Server string  `json:"server"`
	Value  float64 `json:"value"`
}

func (r *checkResult) add(server string, v float64) {
	r.Servers = append(r.Servers, serverValue{server, rounded(v)})
}

func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// skip says that the check is of no use here, or its value not known.
func (r *checkResult) skip(why string) {
	r.Status, r.Text = healthSkipped, why
	if r.named {
		r.Status = healthUnknown
	}
}

// set sets the value and judges it.
func (r *checkResult) set(v float64, format string, args ...any) {
	v = rounded(v)
	r.Value, r.Text, r.Status = &v, fmt.Sprintf(format, args...), healthOK
	switch {
	case r.beyond(r.Crit):
		r.Status = healthCritical
	case r.beyond(r.Warn):
		r.Status = healthWarning
	}
}

func (r *checkResult) beyond(limit *float64) bool {
	return limit != nil && (r.Low && *r.Value < *limit || !r.Low && *r.Value > *limit)
}

// fail makes the outcome this at least.
func (r *checkResult) fail(h health, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r.Text != "" {
		text = r.Text + "; " + text
	}
	r.Text = text
	if r.Status == "" || h.worseThan(r.Status) {
		r.Status = h
	}
}

// judgeWorst judges the worst of the servers; whyNone is why there may be none.
func (r *checkResult) judgeWorst(whyNone string) {
	if len(r.Servers) == 0 {
		r.skip(whyNone)
		return
	}
	worst := slices.MaxFunc(r.Servers, func(a, b serverValue) int {
		if r.Low {
			a, b = b, a
		}
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	r.set(worst.Value, "%s at %s", r.Unit.text(worst.Value), worst.Server)
	if r.Status == healthOK {
		r.Text = r.Unit.text(worst.Value)
		return
	}
	limit, side := r.Warn, "over"
	if r.Status == healthCritical {
		limit = r.Crit
	}
	if r.Low {
		side = "under"
	}
	r.Text += fmt.Sprintf(", %s %s", side, r.Unit.text(*limit))
}

// label is what the result is called where names have to differ.
func (r *checkResult) label() string {
	if r.Path != "" {
		return r.Name + " " + r.Path
	}
	return r.Name
}

// checkReport is what check prints.
type checkReport struct {
	Status health         `json:"status"`
	Code   int            `json:"exitCode"`
	Checks []*checkResult `json:"checks"`
	Notes  []string       `json:"notes,omitempty"`
	TookMs float64        `json:"tookMs"`
}

func newReport(results []*checkResult, notes []string, took time.Duration) *checkReport {
	c := &checkReport{Status: healthSkipped, Checks: results, Notes: notes, TookMs: float64(took.Microseconds()) / 1000}
	for _, r := range results {
		if r.Status.worseThan(c.Status) {
			c.Status = r.Status
		}
	}
	if c.Status == healthSkipped {
		c.Status = healthUnknown
	}
	c.Code = c.Status.exitCode()
	return c
}

func (h health) color(s Style) string {
	switch h {
	case healthCritical:
		return s.Paint(string(h), red, bold)
	case healthWarning, healthUnknown:
		return s.Paint(string(h), yellow)
	case healthSkipped:
		return s.Paint(string(h), faint)
	}
	return string(h)
}

// Text is a line a check.
func (c *checkReport) Text(w io.Writer, s Style) {
	width := 0
	for _, r := range c.Checks {
		width = max(width, len(printable(r.label())))
	}
	for _, r := range c.Checks {
		if !s.Terminal {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Status, printable(r.label()), printable(r.Text))
			continue
		}
		gap := strings.Repeat(" ", len(healthCritical)-len(r.Status))
		fmt.Fprintf(w, "%s%s  %-*s  %s\n", r.Status.color(s), gap, width, printable(r.label()), printable(r.Text))
	}
	if s.Terminal {
		for _, n := range c.Notes {
			fmt.Fprintln(w, s.Paint(printable(n), faint))
		}
	}
}

func (c *checkReport) Row(s Style) (columns []string, rows [][]string) {
	number := func(r *checkResult, v *float64) string {
		if v == nil {
			return "-"
		}
		return r.Unit.text(*v)
	}
	for _, r := range c.Checks {
		rows = append(rows, []string{r.Status.color(s), printable(r.label()), number(r, r.Value), number(r, r.Warn), number(r, r.Crit), printable(r.Text)})
	}
	return []string{"status", "check", "value", "warn", "crit", ""}, rows
}

// Nagios is the line of a monitoring plugin: the outcome, what is wrong, and after a bar
// the values of all checks: label=value[unit];warn;crit;min;max.
// Format: Monitoring Plugins Development Guidelines.
func (c *checkReport) Nagios(w io.Writer) {
	var wrong, values []string
	for _, h := range []health{healthCritical, healthWarning, healthUnknown} {
		for _, r := range c.Checks {
			if r.Status == h {
				wrong = append(wrong, nagiosText(r.label()+": "+r.Text))
			}
		}
	}
	passed := 0
	for _, r := range c.Checks {
		if r.Status == healthOK {
			passed++
		}
		if r.Value != nil {
			values = append(values, r.perfdata())
		}
	}
	text := strings.Join(wrong, "; ")
	if text == "" {
		text = nagiosText(fmt.Sprintf("%s (%d checks)", c.Checks[0].Text, passed))
	}
	fmt.Fprintf(w, "ZOOKEEPER %s: %s", strings.ToUpper(string(c.Status)), text)
	if len(values) > 0 {
		fmt.Fprint(w, " | "+strings.Join(values, " "))
	}
	fmt.Fprintln(w)
}

// nagiosText is text without the bar, behind which values are expected.
func nagiosText(s string) string { return strings.ReplaceAll(printable(s), "|", "/") }

func (r *checkResult) perfdata() string {
	limit := func(v *float64) string {
		if v == nil {
			return ""
		}
		if r.Low {
			return plainNumber(*v) + ":"
		}
		return plainNumber(*v)
	}
	label := nagiosText(r.label())
	if strings.ContainsAny(label, " '=") {
		label = "'" + strings.NewReplacer("'", "''", "=", "_").Replace(label) + "'"
	}
	line := fmt.Sprintf("%s=%s%s;%s;%s", label, plainNumber(*r.Value), r.Unit, limit(r.Warn), limit(r.Crit))
	if *r.Value >= 0 {
		line += ";0"
	}
	if r.Unit == unitPercent {
		line += ";100"
	}
	return line
}

// plainNumber is a number without an exponent.
func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
