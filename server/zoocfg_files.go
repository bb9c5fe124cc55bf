package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"zook/snapshot"
)

// fileKeys are about snapshots and logs.
var fileKeys = setters{
	"snapCount":                   number(func(c *Config) *int { return &c.SnapCount }, 2, 1<<31-1),
	"snapSizeLimitInKb":           kilobytes(func(c *Config) *int64 { return &c.SnapSizeLimit }),
	"txnLogSizeLimitInKb":         kilobytes(func(c *Config) *int64 { return &c.TxnLogSizeLimit }),
	"preAllocSize":                kilobytes(func(c *Config) *int64 { return &c.PreAllocSize }),
	"forceSync":                   {set: setForceSync, show: func(c *Config) string { return yesNo(!c.NoForceSync) }},
	"fsync.warningthresholdms":    millis(func(c *Config) *time.Duration { return &c.FsyncWarning }, 1),
	"snapshot.compression.method": {set: setCompression, show: func(c *Config) string { return compressions[c.Compression] }},
	"snapshot.trust.empty":        boolean(func(c *Config) *bool { return &c.TrustEmptySnapshot }),
	"datadir.autocreate":          booleanNot(func(c *Config) *bool { return &c.NoAutocreate }),
	"autopurge.snapRetainCount":   {set: setPurgeRetain, show: func(c *Config) string { return strconv.Itoa(c.PurgeRetain) }},
	"autopurge.purgeInterval":     {set: setPurgeInterval, show: func(c *Config) string { return showPurgeInterval(c.PurgeInterval) }},
}

// kilobytes is a size in KiB, of which 0 and less turn off what it is for: the field,
// in bytes, is -1 then.
func kilobytes(field func(*Config) *int64) setting {
	return setting{
		set: func(s *settings, v string) error {
			kb, err := parseNumber(v, -1<<31, 1<<40)
			*field(s.cfg) = int64(kb) << 10
			if kb <= 0 {
				*field(s.cfg) = -1
			}
			return err
		},
		show: func(c *Config) string { return strconv.FormatInt(max(*field(c), 0)>>10, 10) },
	}
}

// setForceSync takes yes and no, which Apache looks for, and what people write
// instead: to Apache, false is as good as yes.
func setForceSync(s *settings, v string) error {
	switch strings.ToLower(v) {
	case "yes":
		s.cfg.NoForceSync = false
	case "no":
		s.cfg.NoForceSync = true
	default:
		return fmt.Errorf("%.60q is neither yes nor no", v)
	}
	return nil
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// compressions are as snapshot.compression.method calls them.
var compressions = map[snapshot.Compression]string{snapshot.None: "", snapshot.Gzip: "gz", snapshot.Snappy: "snappy"}

func setCompression(s *settings, v string) error {
	for c, name := range compressions {
		if name == v {
			s.cfg.Compression = c
			return nil
		}
	}
	return fmt.Errorf("%.60q is neither gz nor snappy", v)
}

// setPurgeRetain keeps at least 3, as Apache does.
func setPurgeRetain(s *settings, v string) error {
	n, err := parseNumber(v, -1<<31, 1<<31-1)
	if err != nil {
		return err
	}
	if n < 3 {
		s.warn(s.file.given[s.key], "is "+v+"; 3 snapshots are kept at least")
	}
	s.cfg.PurgeRetain = max(n, 3)
	return nil
}

// purgeUnits are the suffixes that autopurge.purgeInterval may have (Time.parseTimeInterval).
var purgeUnits = []struct {
	suffix string
	unit   time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
}

// setPurgeInterval takes hours, or a number with a unit; 0 and less is never.
func setPurgeInterval(s *settings, v string) error {
	digits, unit := v, time.Hour
	for _, u := range purgeUnits {
		if rest, ok := strings.CutSuffix(strings.ToLower(v), u.suffix); ok {
			digits, unit = strings.TrimSpace(rest), u.unit
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || time.Duration(n) > 1000*24*time.Hour/unit {
		return fmt.Errorf("%.60q is not a number of hours, nor one with ms, s, m, h or d", v)
	}
	s.cfg.PurgeInterval = max(0, time.Duration(n)*unit)
	return nil
}

func showPurgeInterval(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d / time.Hour))
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
