package commands

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"math"
	"os"
	"strings"
	"time"

	"zook/client"
)

// Connect is how to reach a server. The zero value means the defaults: the
// server is ZOOK_SERVER, else the current context of the configuration file,
// else localhost:2181.
type Connect struct {
	Server         string        // host:port[,host:port…][/chroot]
	Timeout        time.Duration // for a connection, and for each answer; 10 s if zero
	SessionTimeout time.Duration // asked of the server; 30 s if zero
	Auth           []string      // scheme:data
	SASL           SASL
	TLS            TLS
}

// TLS names the PEM files of an encrypted connection. It is plain if all are "".
type TLS struct {
	CA         string `json:"ca,omitempty"`   // certificates to trust; the system's if ""
	Cert       string `json:"cert,omitempty"` // of this client
	Key        string `json:"key,omitempty"`
	ServerName string `json:"serverName,omitempty"` // to expect in the server's certificate
}

const (
	defaultServer  = "localhost:2181"
	defaultTimeout = 10 * time.Second
)

// Resolve fills what is unset from ZOOK_SERVER and the configuration file. The
// file's context counts only when nothing else names the server, so that its
// credentials never go to another one.
func (c Connect) Resolve() (Connect, error) {
	if c.Server == "" {
		c.Server = os.Getenv("ZOOK_SERVER")
	}
	if c.Server == "" {
		ctx, err := currentContext()
		if err != nil {
			return c, err
		}
		if ctx != nil {
			c.Server = ctx.Server
			c.SessionTimeout = cmp.Or(c.SessionTimeout, time.Duration(ctx.SessionTimeout))
			if len(c.Auth) == 0 {
				c.Auth = ctx.Auth
			}
			if c.SASL == (SASL{}) {
				c.SASL = ctx.SASL
			}
			if c.TLS == (TLS{}) {
				c.TLS = ctx.TLS
			}
		}
	}
	c.Server = cmp.Or(c.Server, defaultServer)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	return c, nil
}

// dial opens a session as the settings say, within the timeout.
func (e *Env) dial(ctx context.Context) (*client.Client, error) {
	c, err := e.Connect.Resolve()
	if err != nil {
		return nil, err
	}
	cfg, err := c.session()
	if err != nil {
		return nil, err
	}
	cfg.OnState, cfg.OnEvent = e.OnState, e.OnEvent
	if e.Force {
		cfg.MaxFrame = math.MaxInt32
	}
	if cfg.OnEvent == nil {
		cfg.OnEvent, cfg.OnState = e.events.push, e.events.state
	}
	dialCtx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	session, err := client.Dial(dialCtx, cfg)
	if err != nil {
		return nil, &connectError{err}
	}
	return session, nil
}

// session is what a session is opened with.
func (c Connect) session() (client.Config, error) {
	cfg := client.Config{Servers: c.Server, SessionTimeout: c.SessionTimeout}
	for _, a := range c.Auth {
		auth, err := parseAuth(a)
		if err != nil {
			return cfg, err
		}
		cfg.Auth = append(cfg.Auth, auth)
	}
	var err error
	if cfg.SASL, err = c.SASL.load(); err != nil {
		return cfg, err
	}
	cfg.TLS, err = c.TLS.load()
	return cfg, err
}

// parseAuth parses scheme:data, such as digest:user:password.
func parseAuth(s string) (client.Auth, error) {
	scheme, data, ok := strings.Cut(s, ":")
	if !ok || scheme == "" {
		return client.Auth{}, usagef("--auth needs scheme:data, such as digest:user:password")
	}
	return client.Auth{Scheme: scheme, Data: []byte(data)}, nil
}

// load reads the files. It returns nil if the connection is plain.
func (t TLS) load() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	cfg := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, usagef("--tls-ca: %v", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, usagef("--tls-ca: %s holds no PEM certificate", t.CA)
		}
	}
	switch {
	case t.Cert != "" && t.Key != "":
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, usagef("--tls-cert and --tls-key: %v", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	case t.Cert != "" || t.Key != "":
		return nil, usagef("--tls-cert and --tls-key go together")
	}
	return cfg, nil
}
