package server

import (
	"strconv"
	"time"
)

// znodeKeys are kinds of znode, quotas, and what of the tree is in the files.
var znodeKeys = setters{
	"extendedTypesEnabled":                   boolean(func(c *Config) *bool { return &c.ExtendedTypes }),
	"znode.container.checkIntervalMs":        millis(func(c *Config) *time.Duration { return &c.ContainerCheckInterval }, 1),
	"znode.container.maxPerMinute":           number(func(c *Config) *int { return &c.ContainerMaxPerMinute }, 1, 1<<31-1),
	"znode.container.maxNeverUsedIntervalMs": {set: setMaxNeverUsed, show: showMaxNeverUsed},
	"enforceQuota":                           boolean(func(c *Config) *bool { return &c.EnforceQuota }),
	"reconfigEnabled":                        boolean(func(c *Config) *bool { return &c.Reconfig }),
	"digest.enabled":                         booleanNot(func(c *Config) *bool { return &c.NoTreeDigest }),
}

// setMaxNeverUsed takes 0 for ever.
func setMaxNeverUsed(s *settings, v string) error {
	ms, err := parseNumber(v, 0, 1<<31-1)
	s.cfg.ContainerMaxNeverUsed = time.Duration(ms) * time.Millisecond
	if ms == 0 {
		s.cfg.ContainerMaxNeverUsed = -1
	}
	return err
}

func showMaxNeverUsed(c *Config) string {
	return strconv.FormatInt(max(c.ContainerMaxNeverUsed, 0).Milliseconds(), 10)
}
