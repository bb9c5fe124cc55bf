package server

import (
	"maps"
	"slices"
	"strings"
)

// saslKeys are about clients that log in by SASL. Apache takes most of them as
// system properties only.
var saslKeys = setters{
	"java.security.auth.login.config": {set: func(_ *settings, v string) error { return nonEmpty(v) }},
	"sasl.serverconfig":               {set: func(_ *settings, v string) error { return nonEmpty(v) }},
	"allowSaslFailedClients":          boolean(func(c *Config) *bool { return &c.KeepFailedSASL }),
	"sessionRequireClientSASLAuth": {set: func(_ *settings, v string) error {
		_, err := parseBool(v)
		return err
	}},
	"SASLAuthenticationProvider.superPassword": {secret: true, set: func(*settings, string) error { return nil }},
	"superUser":         {set: func(_ *settings, v string) error { return nonEmpty(v) }},
	"superUser.":        {set: func(_ *settings, v string) error { return nonEmpty(v) }},
	"letAnySaslUserDoX": text(func(c *Config) *string { return &c.SASLAnyUser }),
}

// finishSASL reads the users, and makes one thing of what several keys say.
//
// Behaviour: ServerCnxnFactory.configureSaslLogin, SaslServerCallbackHandler,
// ZooKeeperServer.isSaslSuperUser and AuthenticationHelper.
func finishSASL(s *settings) {
	given := s.file.given
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if key == "superUser" || strings.HasPrefix(key, "superUser.") {
			s.cfg.SASLSuperUsers = append(s.cfg.SASLSuperUsers, given[key].value)
		}
	}
	if key := "sessionRequireClientSASLAuth"; strings.EqualFold(given[key].value, "true") {
		s.cfg.EnforceAuth = []string{"sasl"}
		if !slices.Contains(s.cfg.AuthSchemes, "sasl") {
			s.wrong(key, "it needs authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider")
		}
	}
	const fileKey = "java.security.auth.login.config"
	file, ok := given[fileKey]
	if !ok || file.value == "" {
		return
	}
	section := "Server"
	if p, ok := given["sasl.serverconfig"]; ok {
		section = p.value
	}
	users, err := readJAAS(file.value, section)
	switch {
	case err != nil:
		s.wrong(fileKey, "%v", err)
	case users == nil:
		s.warn(file, "names a file without a section "+section+": nobody can log in by SASL")
	default:
		p, other := given["SASLAuthenticationProvider.superPassword"]
		if _, ok := users["super"]; ok && other {
			users["super"] = p.value
		}
		s.cfg.SASLUsers = users
	}
}
