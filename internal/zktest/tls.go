package zktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certs are PEM files of a certificate authority made for one test, and of a
// server at 127.0.0.1 and localhost and a client, both signed by it.
type Certs struct {
	CA         string // certificate
	Server     string // certificate and key in one file, as Apache reads them
	ClientCert string
	ClientKey  string

	dir   string
	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
}

// NewCerts makes them in a directory of the test.
func NewCerts(tb testing.TB) Certs {
	tb.Helper()
	c := Certs{dir: tb.TempDir()}
	c.ca = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zook test CA"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	caKey, caCert := sign(tb, c.ca, c.ca, nil)
	c.caKey = caKey
	clientKey, clientCert := sign(tb, clientTemplate(pkix.Name{CommonName: "zook test client"}), c.ca, c.caKey)
	c.CA = c.write(tb, "ca.pem", caCert)
	c.Server = c.Signed(tb, "server.pem", &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	c.ClientCert = c.write(tb, "client.pem", clientCert)
	c.ClientKey = c.write(tb, "client-key.pem", keyBlock(tb, clientKey))
	return c
}

func clientTemplate(subject pkix.Name) *x509.Certificate {
	return &x509.Certificate{SerialNumber: big.NewInt(3), Subject: subject,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

// Client is the file of another client's certificate and key.
func (c Certs) Client(tb testing.TB, name string, subject pkix.Name) string {
	tb.Helper()
	return c.Signed(tb, name, clientTemplate(subject))
}

// Signed makes a key and a certificate that the authority has signed, and returns
// the file that has both. One without times is valid today.
func (c Certs) Signed(tb testing.TB, name string, cert *x509.Certificate) string {
	tb.Helper()
	key, block := sign(tb, cert, c.ca, c.caKey)
	return c.write(tb, name, block, keyBlock(tb, key))
}

func (c Certs) write(tb testing.TB, name string, blocks ...*pem.Block) string {
	tb.Helper()
	var b []byte
	for _, block := range blocks {
		b = append(b, pem.EncodeToMemory(block)...)
	}
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// sign makes a key and a certificate for it; without a signer it signs itself.
func sign(tb testing.TB, cert, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *pem.Block) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	if cert.NotAfter.IsZero() {
		cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		tb.Fatal(err)
	}
	return key, &pem.Block{Type: "CERTIFICATE", Bytes: der}
}

func keyBlock(tb testing.TB, key *ecdsa.PrivateKey) *pem.Block {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}
}

// Config trusts the authority, and shows the client's certificate if withCert.
func (c Certs) Config(tb testing.TB, withCert bool) *tls.Config {
	tb.Helper()
	b, err := os.ReadFile(c.CA)
	if err != nil {
		tb.Fatal(err)
	}
	conf := &tls.Config{RootCAs: x509.NewCertPool()}
	conf.RootCAs.AppendCertsFromPEM(b)
	if withCert {
		show(tb, conf, c.ClientCert, c.ClientKey)
	}
	return conf
}

// ConfigOf trusts the authority and shows the certificate of a file that Client or
// Signed has made.
func (c Certs) ConfigOf(tb testing.TB, file string) *tls.Config {
	tb.Helper()
	conf := c.Config(tb, false)
	show(tb, conf, file, file)
	return conf
}

func show(tb testing.TB, conf *tls.Config, cert, key string) {
	tb.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		tb.Fatal(err)
	}
	conf.Certificates = []tls.Certificate{pair}
}

// ApacheTLS is Apache with a second port, at the address returned, that speaks
// TLS and asks clients for a certificate unless config has "ssl.clientAuth=none".
func ApacheTLS(tb testing.TB, certs Certs, config ...string) (s *Server, secure string) {
	tb.Helper()
	port := FreePort(tb)
	s = Apache(tb, "", append([]string{
		fmt.Sprintf("secureClientPort=%d", port), "secureClientPortAddress=127.0.0.1",
		"serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
		"ssl.keyStore.location=" + certs.Server, "ssl.keyStore.type=PEM",
		"ssl.trustStore.location=" + certs.CA, "ssl.trustStore.type=PEM",
	}, config...)...)
	secure = fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", secure); err == nil {
			c.Close()
			return s, secure
		}
		if time.Now().After(deadline) {
			tb.Fatalf("Apache ZooKeeper does not open its port for TLS:\n%s", s.log.String())
		}
	}
}
