package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// ReadConfig reads a zoo.cfg. A key without a meaning here is a warning, a line
// each with the place; a wrong value is an error with file and line.
//
// Keys and defaults are Apache's (QuorumPeerConfig.java); system properties may
// stand with or without their prefix "zookeeper.".
func ReadConfig(file string) (Config, []string, error) {
	f, err := os.Open(file)
	if err != nil {
		return Config{}, nil, err
	}
	defer f.Close()
	return parseConfig(f, file)
}

// settings are what lines say that only make sense together.
type settings struct {
	cfg  Config
	host string
	port int
}

// setters set what one line says, by its key.
type setters map[string]func(s *settings, v string) error

// keys are all that have a meaning here, each group in the file of its topic.
var keys = []setters{
	basicKeys,
}

// basicKeys are directories, ports, times and sizes.
var basicKeys = setters{
	"dataDir":    func(s *settings, v string) error { s.cfg.DataDir = v; return nonEmpty(v) },
	"dataLogDir": func(s *settings, v string) error { s.cfg.DataLogDir = v; return nonEmpty(v) },
	"clientPort": func(s *settings, v string) (err error) {
		s.port, err = number(v, 0, 65535)
		return err
	},
	"clientPortAddress": func(s *settings, v string) error { s.host = v; return nonEmpty(v) },
	"tickTime":          func(s *settings, v string) error { return millis(&s.cfg.TickTime, v) },
	"minSessionTimeout": func(s *settings, v string) error { return millis(&s.cfg.MinSessionTimeout, v) },
	"maxSessionTimeout": func(s *settings, v string) error { return millis(&s.cfg.MaxSessionTimeout, v) },
	"jute.maxbuffer":    func(s *settings, v string) (err error) { s.cfg.MaxFrame, err = number(v, 1024, 1<<30); return err },
	"snapCount":         func(s *settings, v string) (err error) { s.cfg.SnapCount, err = number(v, 2, 1<<31-1); return err },
	"preAllocSize":      preAllocSize,
	"extendedTypesEnabled": func(s *settings, v string) (err error) {
		s.cfg.ExtendedTypes, err = strconv.ParseBool(v)
		return err
	},
	"znode.container.checkIntervalMs": func(s *settings, v string) error { return millis(&s.cfg.ContainerCheckInterval, v) },
	"4lw.commands.whitelist": func(s *settings, v string) error {
		s.cfg.Words = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
		return nil
	},
}

// setterOf returns what a key sets, or nil.
func setterOf(key string) func(s *settings, v string) error {
	for _, group := range keys {
		if set := group[key]; set != nil {
			return set
		}
	}
	return nil
}

// preAllocSize is in KiB; 0 turns preallocation off, as in Apache.
func preAllocSize(s *settings, v string) error {
	kb, err := number(v, 0, 1<<31-1)
	s.cfg.PreAllocSize = int64(kb) << 10
	if kb == 0 {
		s.cfg.PreAllocSize = -1
	}
	return err
}

func nonEmpty(v string) error {
	if v == "" {
		return fmt.Errorf("it is empty")
	}
	return nil
}

func number(v string, lowest, highest int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < lowest || n > highest {
		return 0, fmt.Errorf("%q is not a number from %d to %d", v, lowest, highest)
	}
	return n, nil
}

func millis(d *time.Duration, v string) error {
	n, err := number(v, 1, 1<<31-1)
	*d = time.Duration(n) * time.Millisecond
	return err
}

func parseConfig(r io.Reader, file string) (Config, []string, error) {
	s := settings{port: 2181}
	var warnings []string
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		end := strings.IndexAny(text, "=:") // either, as in every Java properties file
		if end == -1 {
			return Config{}, warnings, fmt.Errorf("%s:%d: %.40q is not key=value", file, line, text)
		}
		key, value := strings.TrimSpace(text[:end]), strings.TrimSpace(text[end+1:])
		set := setterOf(strings.TrimPrefix(key, "zookeeper."))
		if set == nil {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s has no meaning here", file, line, key))
			continue
		}
		if err := set(&s, value); err != nil {
			return Config{}, warnings, fmt.Errorf("%s:%d: %s: %w", file, line, key, err)
		}
	}
	if err := sc.Err(); err != nil {
		return Config{}, warnings, fmt.Errorf("%s: %w", file, err)
	}
	if s.cfg.DataDir == "" {
		return Config{}, warnings, fmt.Errorf("%s: dataDir is not set", file)
	}
	s.cfg.Addr = net.JoinHostPort(s.host, strconv.Itoa(s.port))
	return s.cfg, warnings, nil
}
