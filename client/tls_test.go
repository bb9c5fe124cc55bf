package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestTLS(t *testing.T) {
	noLeaks(t)
	certs := zktest.NewCerts(t)
	s, secure := zktest.ApacheTLS(t, certs, "ssl.clientAuth=none")
	ctx := testContext(t)
	conf := certs.Config(t, false)
	p := newProxy(t, secure)
	c := session(t, Config{Servers: p.Addr, TLS: conf, SessionTimeout: 10 * time.Second})
	create(t, c, "/n", jute.Persistent)
	if data, _, err := c.Get(ctx, "/n"); err != nil || string(data) != "data of /n" {
		t.Errorf("get: %q %v", data, err)
	}
	p.cut()
	eventually(t, "the connection is back", func() bool { _, _, err := c.Get(ctx, "/n"); return err == nil })
	if conf.ServerName != "" {
		t.Errorf("the caller's TLS configuration now has the server name %q", conf.ServerName)
	}
	_, port, _ := net.SplitHostPort(secure)
	named := session(t, Config{Servers: "localhost:" + port, TLS: conf})
	must[jute.Stat](t)(second(named.Get(ctx, "/n")))

	wrongName := conf.Clone()
	wrongName.ServerName = "elsewhere.example"
	for name, test := range map[string]struct {
		addr string
		conf *tls.Config
		ends bool // by itself
		says string
	}{
		"an unknown authority": {secure, &tls.Config{}, true, "unknown authority"},
		"another name":         {secure, wrongName, true, "elsewhere.example"},
		"TLS to a plain port":  {s.Addr, conf, true, "is that its port for TLS?"},
		"plain to a TLS port":  {secure, nil, false, "TLS"},
	} {
		timeout := time.Minute
		if !test.ends {
			timeout = time.Second
		}
		short, cancel := context.WithTimeout(ctx, timeout)
		_, err := Dial(short, Config{Servers: test.addr, TLS: test.conf})
		var dial *DialError
		if !errors.As(err, &dial) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
		if test.ends && short.Err() != nil {
			t.Errorf("%s: took until the deadline", name)
		}
		t.Logf("%s: %v", name, err)
		cancel()
	}
}

func TestTLSWithClientCertificate(t *testing.T) {
	certs := zktest.NewCerts(t)
	_, secure := zktest.ApacheTLS(t, certs)
	ctx := testContext(t)
	c := session(t, Config{Servers: secure, TLS: certs.Config(t, true)})
	must[jute.Stat](t)(second(c.Get(ctx, "/")))
	_, err := Dial(ctx, Config{Servers: secure, TLS: certs.Config(t, false)})
	var dial *DialError
	if !errors.As(err, &dial) || ctx.Err() != nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without a certificate: %v", err)
	}
	t.Log(err)
}
