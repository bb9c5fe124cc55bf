package commands

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unit is what a check counts in.
type unit string

const (
	unitCounts  unit = ""
	unitMillis  unit = "ms"
	unitPercent unit = "%"
	unitBytes   unit = "B"
	unitSeconds unit = "s" // of which there are many: days, for a person
)

// parse reads a threshold.
func (u unit) parse(s string) (float64, error) {
	var v float64
	var err error
	switch u {
	case unitMillis:
		var d duration
		if s == "0" {
			return 0, nil
		}
		if err := d.Set(s); err != nil {
			return 0, err
		}
		return float64(time.Duration(d)) / float64(time.Millisecond), nil
	case unitPercent:
		v, err = strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	case unitSeconds:
		if v, err = strconv.ParseFloat(strings.TrimSuffix(s, "d"), 64); err == nil {
			v *= 24 * 3600
		} else if d, e := time.ParseDuration(s); e == nil {
			v, err = d.Seconds(), nil
		}
	default:
		v, err = parseThousands(s)
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0, fmt.Errorf("%q is not %s", s, map[unit]string{unitCounts: "a number such as 100 or 2M",
			unitPercent: "a share such as 80%", unitBytes: "a size such as 500M or 10GB", unitSeconds: "a time such as 30d or 12h"}[u])
	}
	return v, nil
}

// parseThousands parses a number that may end in k, M, G or T, and B.
func parseThousands(s string) (float64, error) {
	number, factor := strings.TrimSuffix(s, "B"), 1.0
	if i := strings.IndexByte("kMGT", (number + "x")[max(0, len(number)-1)]); i >= 0 {
		number, factor = number[:len(number)-1], math.Pow(1000, float64(i+1))
	}
	v, err := strconv.ParseFloat(number, 64)
	return v * factor, err
}

// text is a value for eyes.
func (u unit) text(v float64) string {
	eyes := Style{Terminal: true}
	switch u {
	case unitMillis:
		return fmt.Sprintf("%.4g ms", v)
	case unitPercent:
		return fmt.Sprintf("%.3g%%", v)
	case unitBytes:
		if v < 1000 {
			return fmt.Sprintf("%.0f bytes", v)
		}
		return eyes.Size(int64(v))
	case unitSeconds:
		if math.Abs(v) >= 48*3600 {
			return fmt.Sprintf("%.0f days", v/(24*3600))
		}
		return time.Duration(v * float64(time.Second)).Truncate(time.Minute).String()
	}
	return eyes.Count(int64(v))
}

// thresholds are what --warn or --crit set, by the name of the check;
// nil switches one off.
type thresholds map[string]*float64

// Set, Type and String make thresholds a flag that may be given again and again.
func (l thresholds) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("%q is not NAME=VALUE", s)
	}
	check, err := findCheck(name)
	if err != nil {
		return err
	}
	if check.fixed {
		return fmt.Errorf("%s has no thresholds", name)
	}
	if value == "off" {
		l[name] = nil
		return nil
	}
	v, err := check.unit.parse(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	l[name] = &v
	return nil
}
func (l thresholds) Type() string   { return "name=value" }
func (l thresholds) String() string { return "" }

// of is the threshold for a check.
func (l thresholds) of(name string, usual *float64) *float64 {
	if v, ok := l[name]; ok {
		return v
	}
	return usual
}
