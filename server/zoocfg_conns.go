package server

import "time"

// connKeys are limits of connections and sessions.
var connKeys = setters{
	"maxClientCnxns":             number(func(c *Config) *int { return &c.MaxClientConns }, -1<<31, 1<<31-1),
	"maxCnxns":                   number(func(c *Config) *int { return &c.MaxConns }, -1<<31, 1<<31-1),
	"globalOutstandingLimit":     number(func(c *Config) *int { return &c.MaxOutstanding }, 0, 1<<31-1),
	"largeRequestMaxBytes":       number(func(c *Config) *int { return &c.MaxLargeBytes }, 1, 1<<31-1),
	"clientTcpKeepAlive":         boolean(func(c *Config) *bool { return &c.KeepAlive }),
	"closeSessionTxn.enabled":    booleanNot(func(c *Config) *bool { return &c.NoClosePaths }),
	"nio.sessionlessCnxnTimeout": millis(func(c *Config) *time.Duration { return &c.SilentTimeout }, 1),
}

// defaultMaxClientConns is what a zoo.cfg means that does not set maxClientCnxns. A
// Config that is not from a file has no limit: in a test, all clients have one
// address.
const defaultMaxClientConns = 60

func finishConns(s *settings) {
	if !s.isSet("maxClientCnxns") {
		s.cfg.MaxClientConns = defaultMaxClientConns
	}
}
