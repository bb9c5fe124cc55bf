package server

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// adminKeys are about the AdminServer.
var adminKeys = setters{
	"admin.enableServer":            {set: setAdminEnabled, show: func(c *Config) string { return strconv.FormatBool(c.Admin.Addr != "") }},
	"admin.serverAddress":           {set: setAdminHost, show: func(c *Config) string { return hostOf(c.Admin.Addr) }},
	"admin.serverPort":              {set: setAdminPort, show: func(c *Config) string { return portOf(c.Admin.Addr) }},
	"admin.idleTimeout":             millis(func(c *Config) *time.Duration { return &c.Admin.IdleTimeout }, 1),
	"admin.commandURL":              {set: setCommandURL, show: func(c *Config) string { return c.Admin.CommandURL }},
	"admin.rateLimiterIntervalInMS": {set: setAdminRate, show: func(c *Config) string { return strconv.FormatInt(max(0, c.Admin.RateLimit.Milliseconds()), 10) }},
	"admin.snapshot.enabled":        booleanNot(func(c *Config) *bool { return &c.Admin.NoSnapshot }),
	"admin.restore.enabled":         booleanNot(func(c *Config) *bool { return &c.Admin.NoRestore }),
	"admin.forceHttps":              boolean(func(c *Config) *bool { return &c.Admin.ForceHTTPS }),
	"admin.portUnification":         boolean(func(c *Config) *bool { return &c.Admin.TLS.OnPlainPort }),
	"admin.needClientAuth":          {set: setNeedClientAuth, show: func(c *Config) string { return strconv.FormatBool(c.Admin.TLS.ClientAuth == "need") }},
	"admin.tree.enabled":            boolean(func(c *Config) *bool { return &c.Admin.Tree }),
	"admin.pprof.enabled":           boolean(func(c *Config) *bool { return &c.Admin.Profile }),

	"ssl.quorum.keyStore.location":       text(func(c *Config) *string { return &c.Admin.TLS.KeyStore.File }),
	"ssl.quorum.keyStore.type":           text(func(c *Config) *string { return &c.Admin.TLS.KeyStore.Type }),
	"ssl.quorum.keyStore.password":       password(func(c *Config) *string { return &c.Admin.TLS.KeyStore.Password }),
	"ssl.quorum.keyStore.passwordPath":   text(func(c *Config) *string { return &c.Admin.TLS.KeyStore.PasswordFile }),
	"ssl.quorum.trustStore.location":     text(func(c *Config) *string { return &c.Admin.TLS.TrustStore.File }),
	"ssl.quorum.trustStore.type":         text(func(c *Config) *string { return &c.Admin.TLS.TrustStore.Type }),
	"ssl.quorum.trustStore.password":     password(func(c *Config) *string { return &c.Admin.TLS.TrustStore.Password }),
	"ssl.quorum.trustStore.passwordPath": text(func(c *Config) *string { return &c.Admin.TLS.TrustStore.PasswordFile }),
	"ssl.quorum.enabledProtocols":        list(func(c *Config) *[]string { return &c.Admin.TLS.Protocols }),
	"ssl.quorum.ciphersuites":            list(func(c *Config) *[]string { return &c.Admin.TLS.CipherSuites }),

	"serializeLastProcessedZxid.enabled": booleanNot(func(c *Config) *bool { return &c.NoLastZxid }),
}

// adminSettings are what the keys say of the AdminServer's address.
type adminSettings struct {
	off  bool
	host string
	port int // -1 is not set
}

func setAdminEnabled(s *settings, v string) error {
	on, err := parseBool(v)
	s.admin.off = !on
	return err
}

func setAdminHost(s *settings, v string) error {
	s.admin.host = strings.Trim(v, "[]")
	return nonEmpty(v)
}

func setAdminPort(s *settings, v string) (err error) {
	s.admin.port, err = parseNumber(v, 0, 65535)
	return err
}

func setCommandURL(s *settings, v string) error {
	s.cfg.Admin.CommandURL = v
	if !strings.HasPrefix(v, "/") {
		return errors.New("it does not begin with /")
	}
	return nil
}

func setNeedClientAuth(s *settings, v string) error {
	need, err := parseBool(v)
	s.cfg.Admin.TLS.ClientAuth = "none"
	if need {
		s.cfg.Admin.TLS.ClientAuth = "need"
	}
	return err
}

// setAdminRate takes 0 for no limit.
func setAdminRate(s *settings, v string) error {
	ms, err := parseNumber(v, 0, 1<<31-1)
	s.cfg.Admin.RateLimit = time.Duration(ms) * time.Millisecond
	if ms == 0 {
		s.cfg.Admin.RateLimit = -1
	}
	return err
}

// finishAdmin starts the AdminServer where Apache 3.9 does, unless it is turned off.
func finishAdmin(s *settings) {
	a := &s.admin
	if a.off {
		return
	}
	if a.port == -1 {
		a.port = 8080
	}
	s.cfg.Admin.Addr = net.JoinHostPort(a.host, strconv.Itoa(a.port))
	if text, err := os.ReadFile(s.file.Path); err == nil { // it has been read once
		s.cfg.InitialConfig = hideSecrets(string(text), s.file.given)
	}
}

// hideSecrets takes secrets out of the text of a zoo.cfg, which Apache shows to anyone.
func hideSecrets(text string, given map[string]property) string {
	for key, p := range given {
		st, _ := settingOf(key)
		if p.value == "" || !st.secret && !strings.Contains(strings.ToLower(key), "passw") {
			continue
		}
		if !strings.Contains(text, p.value) { // written in some other way
			return ""
		}
		text = strings.ReplaceAll(text, p.value, "********")
	}
	return text
}
