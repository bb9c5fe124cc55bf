package server

import (
	"fmt"
	"slices"
	"strings"
)

// authKeys are who clients are and what they may (ProviderRegistry,
// AuthenticationHelper, DigestAuthenticationProvider).
var authKeys = setters{
	"DigestAuthenticationProvider.superDigest": hidden(setting{set: func(s *settings, v string) error {
		s.cfg.SuperDigest = v
		if user, hash, ok := strings.Cut(v, ":"); !ok || user == "" || hash == "" {
			return fmt.Errorf("it is not user:base64(digest of user:password)")
		}
		return nil
	}}),
	"DigestAuthenticationProvider.digestAlg": {
		set: func(s *settings, v string) error {
			s.cfg.DigestAlgorithm = v
			_, err := newDigestScheme(s.cfg)
			return err
		},
		show: func(c *Config) string {
			if c.DigestAlgorithm == "" {
				return "SHA1"
			}
			return c.DigestAlgorithm
		},
	},
	"DigestAuthenticationProvider.enabled": booleanNot(func(c *Config) *bool { return &c.NoDigest }),
	"X509AuthenticationProvider.superUser": text(func(c *Config) *string { return &c.X509SuperUser }),
	"authProvider.":                        {set: setAuthProvider},
	"ensembleAuthName":                     list(func(c *Config) *[]string { return &c.EnsembleNames }),
	"enforce.auth.enabled":                 {set: setEnforceAuth, show: func(c *Config) string { return fmt.Sprint(len(c.EnforceAuth) > 0) }},
	"enforce.auth.schemes":                 list(func(c *Config) *[]string { return &c.EnforceAuth }),
	"skipACL": {
		set: func(s *settings, v string) error {
			s.cfg.SkipACL = v == "yes"
			if v != "yes" && v != "no" {
				return fmt.Errorf("%.60q is neither yes nor no", v)
			}
			return nil
		},
		show: func(c *Config) string { return map[bool]string{true: "yes", false: "no"}[c.SkipACL] },
	},
}

func setEnforceAuth(s *settings, v string) (err error) {
	s.enforceAuth, err = parseBool(v)
	return err
}

// authProviders are the classes of Apache's that there are here, by the scheme that
// each is of.
var authProviders = map[string]string{
	"DigestAuthenticationProvider":   "digest",
	"IPAuthenticationProvider":       "ip",
	"X509AuthenticationProvider":     "x509",
	"EnsembleAuthenticationProvider": "ensemble",
	"SASLAuthenticationProvider":     "sasl",
}

func setAuthProvider(s *settings, v string) error {
	scheme := authProviders[strings.TrimPrefix(v, "org.apache.zookeeper.server.auth.")]
	if scheme == "" {
		return fmt.Errorf("a Java class cannot be loaded here, and %.100q is none of those that are there without", v)
	}
	if !slices.Contains(s.cfg.AuthSchemes, scheme) {
		s.cfg.AuthSchemes = append(s.cfg.AuthSchemes, scheme)
	}
	return nil
}

func finishAuth(s *settings) {
	switch {
	case !s.enforceAuth:
		s.cfg.EnforceAuth = nil
	case len(s.cfg.EnforceAuth) == 0:
		s.wrong("enforce.auth.enabled", "enforce.auth.schemes is not set")
	default:
		if _, err := newAuthenticator(s.cfg, nil); err != nil {
			s.wrong("enforce.auth.schemes", "%v", err)
		}
	}
}
