package server

import (
	"fmt"
	"net"
	"strings"
)

// wordKeys are the four-letter words and the port for Prometheus.
var wordKeys = setters{
	"4lw.commands.whitelist": list(func(c *Config) *[]string { return &c.Words }),
	"readonlymode.enabled":   {set: func(_ *settings, v string) error { _, err := parseBool(v); return err }},

	"metricsProvider.className": {set: setMetricsProvider},
	"metricsProvider.httpHost":  {set: func(_ *settings, v string) error { return nonEmpty(v) }},
	"metricsProvider.httpPort": {
		set:  func(_ *settings, v string) error { _, err := parseNumber(v, 0, 65535); return err },
		show: func(c *Config) string { return portOf(c.MetricsAddr) },
	},
	"metricsProvider.exportJvmInfo": booleanNot(func(c *Config) *bool { return &c.NoProcessMetrics }),
}

// defaultMetricsPort is where PrometheusMetricsProvider listens if nothing else is said.
const defaultMetricsPort = "7000"

// setMetricsProvider knows the providers that Apache has, by the last part of their
// names.
func setMetricsProvider(_ *settings, v string) error {
	switch class := v[strings.LastIndexByte(v, '.')+1:]; class {
	case "PrometheusMetricsProvider", "DefaultMetricsProvider", "NullMetricsProvider":
		return nil
	default:
		return fmt.Errorf("%.60q is no provider of metrics that is known here", v)
	}
}

// finishWords puts together what several keys say.
func finishWords(s *settings) {
	given := func(key, otherwise string) string {
		if p, ok := s.file.given[key]; ok {
			return p.value
		}
		return otherwise
	}
	if on, _ := parseBool(given("readonlymode.enabled", "false")); on {
		s.cfg.Words = append(s.cfg.Words, "isro") // clients look for a server with it
	}
	if strings.HasSuffix(given("metricsProvider.className", ""), "PrometheusMetricsProvider") {
		s.cfg.MetricsAddr = net.JoinHostPort(given("metricsProvider.httpHost", "0.0.0.0"), given("metricsProvider.httpPort", defaultMetricsPort))
	}
}
