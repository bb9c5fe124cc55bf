package server

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// tlsKeys are the secure port and how it speaks TLS (X509Util, ClientX509Util).
var tlsKeys = setters{
	"secureClientPort": {
		set: func(s *settings, v string) (err error) {
			s.securePort, err = parseNumber(v, 0, 65535)
			return err
		},
		show: func(c *Config) string { return portOf(c.SecureAddr) },
	},
	"secureClientPortAddress": {
		set: func(s *settings, v string) error {
			s.secureHost = strings.Trim(v, "[]")
			return nonEmpty(v)
		},
		show: func(c *Config) string {
			if c.SecureAddr == "" {
				return ""
			}
			return hostOf(c.SecureAddr)
		},
	},
	"client.portUnification": boolean(func(c *Config) *bool { return &c.TLS.OnPlainPort }),
	"client.certReload":      boolean(func(c *Config) *bool { return &c.TLS.Reload }),

	"ssl.keyStore.location":       text(func(c *Config) *string { return &c.TLS.KeyStore.File }),
	"ssl.keyStore.type":           text(func(c *Config) *string { return &c.TLS.KeyStore.Type }),
	"ssl.keyStore.password":       password(func(c *Config) *string { return &c.TLS.KeyStore.Password }),
	"ssl.keyStore.passwordPath":   text(func(c *Config) *string { return &c.TLS.KeyStore.PasswordFile }),
	"ssl.trustStore.location":     text(func(c *Config) *string { return &c.TLS.TrustStore.File }),
	"ssl.trustStore.type":         text(func(c *Config) *string { return &c.TLS.TrustStore.Type }),
	"ssl.trustStore.password":     password(func(c *Config) *string { return &c.TLS.TrustStore.Password }),
	"ssl.trustStore.passwordPath": text(func(c *Config) *string { return &c.TLS.TrustStore.PasswordFile }),

	"ssl.clientAuth": checkedText(func(c *Config) *string { return &c.TLS.ClientAuth }, func(t *TLS) error {
		_, err := t.clientAuth()
		return err
	}),
	"ssl.protocol": checkedText(func(c *Config) *string { return &c.TLS.Protocol }, func(t *TLS) error {
		_, err := tlsVersion(t.Protocol)
		return err
	}),
	"ssl.enabledProtocols": list(func(c *Config) *[]string { return &c.TLS.Protocols }),
	"ssl.ciphersuites":     list(func(c *Config) *[]string { return &c.TLS.CipherSuites }),
	"ssl.hostnameVerification": {set: func(s *settings, v string) error {
		on, err := parseBool(v)
		s.verifyNoHost = !on
		return err
	}},
	"ssl.clientHostnameVerification": boolean(func(c *Config) *bool { return &c.TLS.VerifyHost }),
	"ssl.allowReverseDnsLookup":      boolean(func(c *Config) *bool { return &c.TLS.ReverseLookup }),

	// To take these for set, and not do what they say, would leave a door open.
	"ssl.crl":          onlyValue("false", "lists of revoked certificates are not looked at here"),
	"ssl.ocsp":         onlyValue("false", "whether certificates are revoked is not asked here"),
	"ssl.authProvider": onlyValue("x509", "clients are known by what X509AuthenticationProvider makes of their certificates"),
	"ssl.context.supplier.class": {set: func(*settings, string) error {
		return errors.New("a Java class cannot be loaded here; name the stores with ssl.keyStore.location and ssl.trustStore.location")
	}},
}

// password is a text that is not shown, and may be empty.
func password(field func(*Config) *string) setting {
	return hidden(setting{set: func(s *settings, v string) error {
		*field(s.cfg) = v
		return nil
	}})
}

// checkedText is a text that is looked at where its line is known.
func checkedText(field func(*Config) *string, check func(*TLS) error) setting {
	st := text(field)
	set := st.set
	st.set = func(s *settings, v string) error {
		if err := set(s, v); err != nil {
			return err
		}
		return check(&s.cfg.TLS)
	}
	return st
}

// onlyValue is a key of which one value is what we do anyway.
func onlyValue(value, why string) setting {
	return setting{set: func(_ *settings, v string) error {
		if !strings.EqualFold(v, value) {
			return fmt.Errorf("%.60q is not %s: %s", v, value, why)
		}
		return nil
	}}
}

// finishTLS has to run before finishPorts: a secure port alone is enough.
func finishTLS(s *settings) {
	if s.isSet("secureClientPort") {
		s.cfg.SecureAddr = net.JoinHostPort(s.secureHost, strconv.Itoa(s.securePort))
	} else if s.isSet("secureClientPortAddress") {
		s.wrong("secureClientPortAddress", "secureClientPort is not set")
	}
	if s.verifyNoHost {
		s.cfg.TLS.VerifyHost = false
	}
	if _, _, err := s.cfg.TLS.versions(); err != nil {
		s.wrong("ssl.enabledProtocols", "%v", err)
	}
}
