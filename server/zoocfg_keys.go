package server

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// setting is what a key of zoo.cfg means.
type setting struct {
	// set takes the value of a line.
	set func(s *settings, v string) error
	// show is the value in effect, as the key would be written, of a Config with its
	// defaults. It is nil for keys that have none: they show what was given.
	show func(c *Config) string
	// secret values are not shown.
	secret bool
}

// setters are keys with their meaning. One that ends in a dot stands for all keys that
// begin with it, and its set looks at settings.key.
type setters map[string]setting

// keys are all that have a meaning here, each group in the file of its topic.
var keys = []setters{
	basicKeys,
	fileKeys,
	znodeKeys,
	connKeys,
	ensembleKeys,
	tlsKeys,
	authKeys,
	saslKeys,
	adminKeys,
	wordKeys,
}

// basicKeys are directories, ports, times and sizes.
var basicKeys = setters{
	"dataDir":           text(func(c *Config) *string { return &c.DataDir }),
	"dataLogDir":        text(func(c *Config) *string { return &c.DataLogDir }),
	"clientPort":        {set: setClientPort, show: func(c *Config) string { return portOf(c.Addr) }},
	"clientPortAddress": {set: setClientPortAddress, show: func(c *Config) string { return hostOf(c.Addr) }},
	"tickTime":          millis(func(c *Config) *time.Duration { return &c.TickTime }, 2),
	"minSessionTimeout": millisOrDefault(func(c *Config) *time.Duration { return &c.MinSessionTimeout }),
	"maxSessionTimeout": millisOrDefault(func(c *Config) *time.Duration { return &c.MaxSessionTimeout }),
	"jute.maxbuffer":    number(func(c *Config) *int { return &c.MaxFrame }, 1024, 1<<30),
}

// settingOf is what a key means.
func settingOf(key string) (setting, bool) {
	for _, group := range keys {
		if st, ok := group[key]; ok && !strings.HasSuffix(key, ".") {
			return st, true
		}
	}
	for _, group := range keys {
		for prefix, st := range group {
			if strings.HasSuffix(prefix, ".") && len(key) > len(prefix) && strings.HasPrefix(key, prefix) {
				return st, true
			}
		}
	}
	return setting{}, false
}

func setClientPort(s *settings, v string) (err error) {
	s.port, err = parseNumber(v, 0, 65535)
	return err
}

func setClientPortAddress(s *settings, v string) error {
	s.host = strings.Trim(v, "[]") // of an IPv6 address, which Java takes either way
	return nonEmpty(v)
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	if host == "" {
		return "0.0.0.0"
	}
	return host
}

func finishDirectories(s *settings) {
	if s.cfg.DataDir == "" && !s.isSet("dataDir") {
		s.file.Problems = append(s.file.Problems, Problem{Place: s.file.Path, Text: "dataDir is not set", Fatal: true})
	}
}

func finishPorts(s *settings) {
	if s.port == -1 {
		if s.isSet("clientPortAddress") {
			s.wrong("clientPortAddress", "clientPort is not set")
		}
		if s.cfg.SecureAddr != "" {
			return // then that is all
		}
		s.port = 2181
	}
	s.cfg.Addr = net.JoinHostPort(s.host, strconv.Itoa(s.port))
}

func finishTimes(s *settings) {
	c, _ := s.cfg.withDefaults()
	if c.MinSessionTimeout <= c.MaxSessionTimeout {
		return
	}
	key := "minSessionTimeout"
	if !s.isSet(key) {
		key = "maxSessionTimeout"
	}
	s.wrong(key, "minSessionTimeout %v is above maxSessionTimeout %v", c.MinSessionTimeout, c.MaxSessionTimeout)
}

// The kinds of values. field is where in a Config the value is.

// text is a value as it stands, not empty.
func text(field func(*Config) *string) setting {
	return setting{
		set:  func(s *settings, v string) error { *field(s.cfg) = v; return nonEmpty(v) },
		show: func(c *Config) string { return *field(c) },
	}
}

// number is one in decimal, or in hexadecimal as Java's Integer.decode takes it.
func number(field func(*Config) *int, lowest, highest int) setting {
	return setting{
		set: func(s *settings, v string) (err error) {
			*field(s.cfg), err = parseNumber(v, lowest, highest)
			return err
		},
		show: func(c *Config) string { return strconv.Itoa(*field(c)) },
	}
}

// millis is a time in milliseconds.
func millis(field func(*Config) *time.Duration, lowest int) setting {
	return setting{
		set: func(s *settings, v string) error {
			n, err := parseNumber(v, lowest, 1<<31-1)
			*field(s.cfg) = time.Duration(n) * time.Millisecond
			return err
		},
		show: func(c *Config) string { return strconv.FormatInt(field(c).Milliseconds(), 10) },
	}
}

// millisOrDefault is millis of which -1 is the default.
func millisOrDefault(field func(*Config) *time.Duration) setting {
	st := millis(field, 1)
	set := st.set
	st.set = func(s *settings, v string) error {
		if v == "-1" {
			*field(s.cfg) = 0
			return nil
		}
		return set(s, v)
	}
	return st
}

// boolean is true or false, in any case. What Apache takes for false silently, such as
// yes or 1, is a mistake.
func boolean(field func(*Config) *bool) setting {
	return setting{
		set: func(s *settings, v string) (err error) {
			*field(s.cfg), err = parseBool(v)
			return err
		},
		show: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

// booleanNot is a boolean whose field says the opposite, so that the zero value of a
// Config is what is true by default.
func booleanNot(field func(*Config) *bool) setting {
	return setting{
		set: func(s *settings, v string) error {
			on, err := parseBool(v)
			*field(s.cfg) = !on
			return err
		},
		show: func(c *Config) string { return strconv.FormatBool(!*field(c)) },
	}
}

// list is values with commas between them.
func list(field func(*Config) *[]string) setting {
	return setting{
		set: func(s *settings, v string) error {
			*field(s.cfg) = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
			return nil
		},
		show: func(c *Config) string { return strings.Join(*field(c), ",") },
	}
}

// hidden is a setting whose value is not shown.
func hidden(st setting) setting {
	st.secret = true
	return st
}

func nonEmpty(v string) error {
	if v == "" {
		return fmt.Errorf("it is empty")
	}
	return nil
}

func parseNumber(v string, lowest, highest int) (int, error) {
	digits, base := v, 10
	if hex, ok := strings.CutPrefix(strings.ToLower(v), "0x"); ok && !strings.HasPrefix(hex, "-") {
		digits, base = hex, 16
	}
	n, err := strconv.ParseInt(digits, base, 64)
	if err != nil || n < int64(lowest) || n > int64(highest) {
		return 0, fmt.Errorf("%.60q is not a number from %d to %d", v, lowest, highest)
	}
	return int(n), nil
}

func parseBool(v string) (bool, error) {
	switch {
	case strings.EqualFold(v, "true"):
		return true, nil
	case strings.EqualFold(v, "false"):
		return false, nil
	}
	return false, fmt.Errorf("%.60q is neither true nor false", v)
}
