package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// secureConfig is a server with a plain port and one for TLS.
func secureConfig(certs zktest.Certs) Config {
	return Config{Addr: "127.0.0.1:0", SecureAddr: "127.0.0.1:0", TickTime: time.Second, Words: []string{"ruok"},
		TLS: TLS{KeyStore: Store{File: certs.Server}, TrustStore: Store{File: certs.CA}}}
}

// secureSession opens a session through TLS, or says why there is none.
func secureSession(t testing.TB, addr string, conf *tls.Config) (*wire, error) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	conf = conf.Clone()
	conf.ServerName = "localhost"
	secure := tls.Client(nc, conf)
	w := &wire{t: t, nc: secure, r: bufio.NewReader(secure)}
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	if err := w.tryWrite(jute.Marshal(&jute.ConnectRequest{Timeout: 20_000})); err != nil {
		return nil, err
	}
	b, err := w.read()
	if err != nil {
		return nil, err
	}
	return w, jute.Unmarshal(b, &w.session)
}

func mustSecure(t testing.TB, addr string, conf *tls.Config) *wire {
	t.Helper()
	w, err := secureSession(t, addr, conf)
	if err != nil || w.session.SessionID == 0 {
		t.Fatalf("no session through TLS: %v", err)
	}
	return w
}

// The identities that certificates give, what may be done with them, and who is
// turned away, are as with Apache.
func TestCertificatesAreWhatTheyAreToApache(t *testing.T) {
	certs := zktest.NewCerts(t)
	ann := certs.ConfigOf(t, certs.Client(t, "ann.pem", pkix.Name{CommonName: "ann", Organization: []string{"Zoo, Inc."},
		OrganizationalUnit: []string{"apes+birds"}, Country: []string{"DE"}, SerialNumber: "7",
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "ann@zoo.example"},
			{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: " zoo"}}}))
	root := certs.ConfigOf(t, certs.Client(t, "root.pem", pkix.Name{CommonName: "root", Organization: []string{"Zoo"}}))
	const rootName = "CN=root,O=Zoo"
	_, apache := zktest.ApacheTLS(t, certs, "ssl.clientAuth=want", "X509AuthenticationProvider.superUser="+rootName)
	cfg := secureConfig(certs)
	cfg.TLS.ClientAuth, cfg.X509SuperUser = "want", rootName
	ours := start(t, cfg).SecureAddr()

	t.Run("identities", func(t *testing.T) {
		program := func(p *program) {
			for name, conf := range map[string]*tls.Config{"ann": ann, "root": root, "none": certs.Config(t, false)} {
				p.conns[name] = mustSecure(t, p.addr, conf)
			}
			all := func(scheme, id string) jute.ACL { return entry(scheme, id, jute.PermAll) }
			who := func(conn string) { p.do(conn, conn+" is", jute.OpWhoAmI, nil) }
			who("ann")
			who("root")
			who("none")
			p.do("ann", "create for herself", jute.OpCreate, reqCreate("/ann", "a", 0, all("auth", "")))
			p.do("ann", "her ACL", jute.OpGetACL, reqACL("/ann"))
			p.do("none", "none may not read", jute.OpGetData, reqGet("/ann", false))
			p.do("root", "root may", jute.OpGetData, reqGet("/ann", false))
			p.do("root", "for root alone", jute.OpCreate, reqCreate("/root", "r", 0, all("auth", "")))
			p.do("root", "the ACL says", jute.OpGetACL, reqACL("/root"))
			p.do("ann", "ann may not read it", jute.OpGetData, reqGet("/root", false))
			p.do("none", "none has nothing for auth", jute.OpCreate, reqCreate("/none", "", 0, all("auth", "")))
			p.do("none", "any name may stand there", jute.OpCreate, reqCreate("/named", "", 0, all("x509", "CN=x, ou = y")))
			p.do("none", "but must be one", jute.OpCreate, reqCreate("/named2", "", 0, all("x509", "nobody")))
			p.do("root", "root sets an ACL on it", jute.OpSetACL, reqSetACL("/named", -1, all("x509", rootName)))
			p.do("ann", "she adds what she has", jute.OpAuth, reqAuth("x509", "anything"))
			p.do("ann", "ann is still", jute.OpWhoAmI, nil)
			p.do("ann", "and a password", jute.OpAuth, reqAuth("digest", "ann:pw"))
			p.do("ann", "ann is now", jute.OpWhoAmI, nil)
			p.do("none", "without a certificate", jute.OpAuth, reqAuth("x509", rootName))
			p.closed("none", "and gone")
		}
		compareRuns(t, run(t, apache, program), run(t, ours, program), nil)
	})

	selfSigned := zktest.NewCerts(t)
	template := func(change func(*x509.Certificate)) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "x"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		change(c)
		return c
	}
	old := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Now().Add(-time.Minute) }
	early := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	}
	for name, conf := range map[string]*tls.Config{
		"of another authority":   selfSigned.ConfigOf(t, selfSigned.Client(t, "x.pem", pkix.Name{CommonName: "ann"})),
		"expired":                certs.ConfigOf(t, certs.Signed(t, "old.pem", template(old))),
		"not yet valid":          certs.ConfigOf(t, certs.Signed(t, "early.pem", template(early))),
		"for servers only":       certs.ConfigOf(t, certs.Signed(t, "s.pem", template(func(c *x509.Certificate) { c.ExtKeyUsage[0] = x509.ExtKeyUsageServerAuth }))),
		"for anything":           certs.ConfigOf(t, certs.Signed(t, "any.pem", template(func(c *x509.Certificate) { c.ExtKeyUsage = nil }))),
		"without a name":         certs.ConfigOf(t, certs.Client(t, "nobody.pem", pkix.Name{})),
		"with another name only": certs.ConfigOf(t, certs.Signed(t, "san.pem", template(func(c *x509.Certificate) { c.Subject, c.DNSNames = pkix.Name{}, []string{"ann.example"} }))),
		"with TLS 1.2":           limited(ann, tls.VersionTLS12),
		"with TLS 1.1":           limited(ann, tls.VersionTLS11),
		"of the right authority": ann,
	} {
		t.Run(name, func(t *testing.T) {
			conf.RootCAs = certs.Config(t, false).RootCAs
			// Go shows no certificate that the server's list of authorities leaves out.
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &conf.Certificates[0], nil }
			_, theirs := secureSession(t, apache, conf)
			_, our := secureSession(t, ours, conf)
			t.Logf("Apache: %v; ours: %v", theirs, our)
			if (theirs == nil) != (our == nil) {
				t.Errorf("Apache: %v; ours: %v", theirs, our)
			}
		})
	}
}

// limited is a configuration that speaks one version of TLS only.
func limited(conf *tls.Config, version uint16) *tls.Config {
	conf = conf.Clone()
	conf.MinVersion, conf.MaxVersion = version, version
	return conf
}

// A client without a certificate is turned away where one is needed, and neither
// asked for one nor known by it where none is wanted.
func TestClientAuth(t *testing.T) {
	certs := zktest.NewCerts(t)
	for auth, want := range map[string]string{"need": "without: none; with: ip x509", "want": "without: ip; with: ip x509",
		"none": "without: ip; with: ip", "": "without: none; with: ip x509"} {
		cfg := secureConfig(certs)
		cfg.TLS.ClientAuth = auth
		addr := start(t, cfg).SecureAddr()
		schemes := func(withCert bool) string {
			w, err := secureSession(t, addr, certs.Config(t, withCert))
			if err != nil {
				return "none"
			}
			var who jute.WhoAmIResponse
			w.do(jute.OpWhoAmI, nil, &who)
			var s []string
			for _, c := range who.ClientInfo {
				s = append(s, c.AuthScheme)
			}
			return strings.Join(s, " ")
		}
		if got := fmt.Sprintf("without: %s; with: %s", schemes(false), schemes(true)); got != want {
			t.Errorf("ssl.clientAuth=%s: %s, not %s", auth, got, want)
		}
	}
}

// On one port for both, plain clients, TLS clients and four-letter words of both
// are served.
func TestOnePortForBoth(t *testing.T) {
	certs := zktest.NewCerts(t)
	cfg := secureConfig(certs)
	cfg.SecureAddr, cfg.TLS.OnPlainPort = "", true
	s := start(t, cfg)
	if s.SecureAddr() != "" {
		t.Errorf("there is a secure port too: %s", s.SecureAddr())
	}
	plain := openSession(t, s.Addr(), 10*time.Second)
	plain.create("/plain", "from the plain side", 0)
	secure := mustSecure(t, s.Addr(), certs.Config(t, true))
	if got := secure.get("/plain"); got != "from the plain side" {
		t.Errorf("through TLS: %q", got)
	}
	time.Sleep(50 * time.Millisecond)
	if got := plain.get("/plain"); got != "from the plain side" {
		t.Errorf("later: %q", got)
	}
	if out, err := zktest.FourLetter(s.Addr(), "ruok"); err != nil || out != "imok" {
		t.Errorf("ruok: %q, %v", out, err)
	}
	if out := securely(t, s.Addr(), certs.Config(t, true), "ruok"); out != "imok" {
		t.Errorf("ruok through TLS: %q", out)
	}
}

// securely sends bytes through TLS and returns all that comes back.
func securely(t *testing.T, addr string, conf *tls.Config, bytes string) string {
	t.Helper()
	conf.ServerName = "localhost"
	nc, err := tls.Dial("tcp", addr, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(nc, bytes)
	out, err := io.ReadAll(nc)
	if err != nil {
		t.Errorf("%q: %v", bytes, err)
	}
	return string(out)
}

// With a secure port alone, nothing listens for plain clients.
func TestOnlyTheSecurePort(t *testing.T) {
	certs := zktest.NewCerts(t)
	cfg := secureConfig(certs)
	cfg.Addr = ""
	s := start(t, cfg)
	if s.Addr() != "" {
		t.Errorf("there is a plain port at %s", s.Addr())
	}
	if out := securely(t, s.SecureAddr(), certs.Config(t, true), "ruok"); out != "imok" {
		t.Errorf("ruok: %q", out)
	}
}

// What is no TLS handshake, or half of one, harms nobody else and is not waited for
// when the server closes.
func TestBadTLSHandshakes(t *testing.T) {
	certs := zktest.NewCerts(t)
	log := &lockedBuffer{}
	cfg := secureConfig(certs)
	cfg.Logger = textLogger(log)
	s := start(t, cfg)
	stuck := connect(t, s.SecureAddr()) // says nothing
	half := connect(t, s.SecureAddr())
	half.nc.Write([]byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}) // the beginning of a ClientHello
	failed := 0
	for name, bytes := range map[string]string{
		"a plain handshake":   "\x00\x00\x00\x2d" + string(jute.Marshal(&jute.ConnectRequest{Passwd: make([]byte, 16)})),
		"a four-letter word":  "ruok\n",
		"HTTP":                "GET / HTTP/1.1\r\n\r\n",
		"zeros":               strings.Repeat("\x00", 1000),
		"a huge record":       "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000),
		"garbage in a record": "\x16\x03\x01\x00\x20" + strings.Repeat("\xfe", 32),
		"an alert":            "\x15\x03\x01\x00\x02\x02\x28",
	} {
		w := connect(t, s.SecureAddr())
		io.WriteString(w.nc, bytes)
		if !w.isClosed(20 * time.Second) {
			t.Errorf("%s: the connection stays", name)
		}
		if failed++; strings.Count(log.String(), "TLS handshake failed") != failed {
			t.Errorf("%s: not one line is logged for it: %s", name, log)
		}
	}
	w := mustSecure(t, s.SecureAddr(), certs.Config(t, true))
	w.create("/a", "", 0)
	// What follows a handshake is as hostile as on the plain port.
	w.nc.Write([]byte("\xff\xff\xff\xff"))
	if !w.isClosed(20 * time.Second) {
		t.Error("a frame of -1 bytes: the connection stays")
	}
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > handshakeTimeout/2 {
		t.Errorf("to close took %v", took)
	}
	for name, w := range map[string]*wire{"which said nothing": stuck, "with half a handshake": half} {
		if !w.isClosed(20 * time.Second) {
			t.Errorf("the connection %s is still there", name)
		}
	}
}

// Certificates are read again when their files change, and only then.
func TestCertificatesAreReadAgain(t *testing.T) {
	certs, others := zktest.NewCerts(t), zktest.NewCerts(t)
	log := &lockedBuffer{}
	cfg := secureConfig(certs)
	cfg.TLS.Reload, cfg.Logger = true, textLogger(log)
	s := start(t, cfg)
	before := mustSecure(t, s.SecureAddr(), certs.Config(t, true))

	os.WriteFile(certs.Server, []byte("nothing of use"), 0o600)
	mustSecure(t, s.SecureAddr(), certs.Config(t, true))
	if !strings.Contains(log.String(), "there is no certificate in it") {
		t.Errorf("nothing tells that the new file is wrong: %s", log)
	}
	for _, files := range [][2]string{{others.Server, certs.Server}, {others.CA, certs.CA}} {
		if err := os.WriteFile(files[1], must(os.ReadFile(files[0])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustSecure(t, s.SecureAddr(), others.Config(t, true))
	stranger := others.Config(t, false)
	stranger.Certificates = []tls.Certificate{must(tls.LoadX509KeyPair(certs.ClientCert, certs.ClientKey))}
	stranger.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger.Certificates[0], nil }
	if _, err := secureSession(t, s.SecureAddr(), stranger); err == nil {
		t.Error("a client of the authority from before is let in")
	}
	before.create("/still", "there", 0)
}

// What is wrong with the files of TLS is told at the start, in one line that names
// the file or the key.
func TestWrongTLSFiles(t *testing.T) {
	certs := zktest.NewCerts(t)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pair := string(must(os.ReadFile(certs.Server)))
	cert := pair[:strings.Index(pair, "-----BEGIN PRIVATE")]
	key := string(must(os.ReadFile(certs.ClientKey)))
	damaged := strings.Replace(cert, "MII", "MIX", 1)
	for name, test := range map[string]struct {
		change func(*TLS)
		says   string
	}{
		"no key store":     {func(c *TLS) { c.KeyStore.File = "" }, "ssl.keyStore.location is not set"},
		"no trust store":   {func(c *TLS) { c.TrustStore.File = "" }, "ssl.trustStore.location is not set"},
		"missing":          {func(c *TLS) { c.KeyStore.File = dir + "/none.pem" }, "key store " + dir + "/none.pem: no such file"},
		"a directory":      {func(c *TLS) { c.TrustStore = Store{File: dir, Type: "PEM"} }, "trust store " + dir + ": is a directory"},
		"another key":      {func(c *TLS) { c.KeyStore.File = file("mixed.pem", cert+key) }, "mixed.pem: private key does not match public key"},
		"no key":           {func(c *TLS) { c.KeyStore.File = file("cert.pem", cert) }, "cert.pem: there is no private key in it"},
		"no certificate":   {func(c *TLS) { c.KeyStore.File = file("key.pem", key) }, "key.pem: there is no certificate in it"},
		"damaged":          {func(c *TLS) { c.TrustStore.File = file("damaged.pem", damaged) }, "damaged.pem: "},
		"empty":            {func(c *TLS) { c.TrustStore.File = file("empty.pem", "") }, "empty.pem: there is no certificate in it"},
		"no known ending":  {func(c *TLS) { c.KeyStore.File = file("server.crt", pair) }, "server.crt: its name does not end in .pem, .p12 or .jks"},
		"a type of old":    {func(c *TLS) { c.KeyStore.File = file("s.jks", "\xfe\xed\xfe\xed\x00\x00\x00\x02") }, "s.jks: it cannot be read as a JKS store"},
		"no such type":     {func(c *TLS) { c.KeyStore.Type = "XYZ" }, `there is no type "XYZ"`},
		"no PKCS12":        {func(c *TLS) { c.KeyStore.Type = "PKCS12" }, "server.pem: it cannot be read as a PKCS12 store"},
		"no password file": {func(c *TLS) { c.KeyStore.PasswordFile = dir + "/pw" }, "its password: open " + dir + "/pw: no such file"},
		"a password as in the old days": {func(c *TLS) {
			c.KeyStore.File = file("old.pem", cert+"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n")
		}, "openssl pkcs8 -topk8"},
		"clientAuth":     {func(c *TLS) { c.ClientAuth = "maybe" }, `ssl.clientAuth: "maybe" is not none, want or need`},
		"versions":       {func(c *TLS) { c.Protocols = []string{"TLSv1.1", "TLSv1.3"} }, "leaves out a version between others"},
		"a version":      {func(c *TLS) { c.Protocol = "SSLv3" }, `there is no "SSLv3"`},
		"unknown suites": {func(c *TLS) { c.CipherSuites = []string{"TLS_FOO"} }, "none of TLS_FOO is known here"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := secureConfig(certs)
			test.change(&cfg.TLS)
			s, err := Start(context.Background(), cfg)
			if err == nil {
				s.Close()
				t.Fatal("the server started")
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nnot %q", err, test.says)
			}
		})
	}
}
