package server

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
)

// The clients of others speak TLS with our server as with Apache's, and are known by
// the same names.
func TestTLSOfOthers(t *testing.T) {
	t.Parallel()
	certs := zktest.NewCerts(t)
	known := certs.Client(t, "known.pem", pkix.Name{CommonName: "known", Organization: []string{"Zoo, Inc."}})
	_, apache := zktest.ApacheTLS(t, certs, "ssl.clientAuth=want", "tickTime=1000")
	cfg := secureConfig(certs)
	cfg.TLS.ClientAuth = "want"
	ours := start(t, cfg).SecureAddr()
	t.Run("kazoo", func(t *testing.T) {
		const python = "/usr/bin/python3" // Debian's, which its packages are for
		if err := exec.Command(python, "-c", "import kazoo").Run(); err != nil {
			zktest.NeedPeer(t, "no kazoo: apt-get install python3-kazoo")
		}
		program := func(addr string) string {
			return output(t, exec.Command(python, filepath.Join("testdata", "tls_kazoo.py"), addr, certs.CA, known))
		}
		got := program(ours)
		if !strings.HasSuffix(got, "done\n") {
			t.Errorf("it did not come to its end:\n%s", got)
		}
		sameLines(t, got, program(apache))
	})
	t.Run("Java", func(t *testing.T) {
		const script = "whoami\ncreate /java data x509:CN=known,O=Zoo:cdrwa\ncreate /auth data auth::cdrwa\ngetAcl /auth\nget /auth\nset /auth new\nls -w /auth\n" +
			"create /auth/x\ncreate /z x\ngetAcl /z\nget /none\naddauth digest a:b\nwhoami\n"
		for name, test := range map[string]struct{ store, script, prints string }{
			"with a certificate": {known, script, `x509: CN=known,O=Zoo\, Inc.`},
			"without":            {"", "whoami\ncreate /open x\nget /open\ncreate /not x auth::r\n", "ip: 127.0.0.1"},
		} {
			out, got := javaThroughTLS(t, ours, certs.CA, test.store, test.script)
			if !strings.Contains(out, test.prints) {
				t.Errorf("%s: it does not print %q:\n%s", name, test.prints, out)
			}
			_, want := javaThroughTLS(t, apache, certs.CA, test.store, test.script)
			sameLines(t, got, want)
		}
	})
}

// javaThroughTLS runs commands in zkCli's main class (zkCliScript).
func javaThroughTLS(t *testing.T, addr, authority, store, script string) (out, lines string) {
	t.Helper()
	props := []string{"-Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty", "-Dzookeeper.client.secure=true",
		"-Dzookeeper.ssl.trustStore.location=" + authority}
	if store != "" {
		props = append(props, "-Dzookeeper.ssl.keyStore.location="+store)
	}
	return zkCliScript(zktest.Java(t, nil, append(props, "org.apache.zookeeper.ZooKeeperMain", "-waitforconnection", "-server", addr)...), script)
}

// Our own client through TLS: known by its certificate, back after its connection is
// lost, and told in plain words why it is turned away.
func TestOurClientThroughTLS(t *testing.T) {
	t.Parallel()
	certs, others := zktest.NewCerts(t), zktest.NewCerts(t)
	s := start(t, secureConfig(certs))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Servers: s.SecureAddr(), TLS: certs.Config(t, true)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.Create(ctx, "/a", []byte("x"), []jute.ACL{entry("auth", "", 31)}, 0, 0); err != nil {
		t.Fatal(err)
	}
	acl, _, err := c.ACL(ctx, "/a")
	if err != nil || len(acl) != 1 || acl[0].ID != certID {
		t.Errorf("its ACL: %v, %v", acl, err)
	}
	s.mu.Lock()
	for conn := range s.conns {
		go conn.close()
	}
	s.mu.Unlock()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if data, _, err := c.Get(ctx, "/a"); err == nil && string(data) == "x" {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("after its connection is lost: %q, %v", data, err)
		}
	}
	for name, test := range map[string]struct {
		addr string
		conf *tls.Config
		says string
	}{
		"no certificate":      {s.SecureAddr(), certs.Config(t, false), "certificate"},
		"another authority":   {s.SecureAddr(), others.Config(t, true), "unknown authority"},
		"TLS to a plain port": {s.Addr(), certs.Config(t, true), "is that its port for TLS?"},
		"plain to a TLS port": {s.SecureAddr(), nil, "TLS"},
		"a stranger's":        {s.SecureAddr(), strangersConfig(t, certs, others), "unknown certificate authority"},
	} {
		timeout := time.Minute
		if test.conf == nil {
			timeout = time.Second // it tries again: the server may not be up yet
		}
		short, cancel := context.WithTimeout(ctx, timeout)
		c, err := client.Dial(short, client.Config{Servers: test.addr, TLS: test.conf})
		if err == nil {
			c.Close()
			t.Errorf("%s: it has a session", name)
		} else if !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

// strangersConfig trusts certs, and shows a certificate of others.
func strangersConfig(t *testing.T, certs, others zktest.Certs) *tls.Config {
	conf := certs.Config(t, false)
	pair := others.Config(t, true).Certificates[0]
	conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return conf
}
