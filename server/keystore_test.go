package server

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"zook/internal/zktest"
)

// stores are the server's key and the authority's certificate in files of every kind.
type stores struct {
	t     *testing.T
	certs zktest.Certs
	dir   string
	pair  tls.Certificate
	ca    *x509.Certificate
}

func newStores(t *testing.T) *stores {
	certs := zktest.NewCerts(t)
	s := &stores{t: t, certs: certs, dir: t.TempDir(), pair: must(tls.LoadX509KeyPair(certs.Server, certs.Server))}
	block, _ := pem.Decode(must(os.ReadFile(certs.CA)))
	s.ca = must(x509.ParseCertificate(block.Bytes))
	return s
}

func (s *stores) file(name string, content []byte) string {
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// pem is the server's certificate, with a block before it.
func (s *stores) pem(typ string, der []byte) []byte {
	return append(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.pair.Certificate[0]})...)
}

func (s *stores) encryptedPEM() []byte {
	return s.pem("ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(s.pair.PrivateKey, []byte("secret"), nil)))
}

func (s *stores) keyP12() []byte {
	return must(pkcs12.Modern.Encode(s.pair.PrivateKey, s.pair.Leaf, []*x509.Certificate{s.ca}, "secret"))
}

func (s *stores) trustP12() []byte {
	return must(pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{s.ca}, "secret"))
}

// serve starts a server on stores and lets a client in.
func (s *stores) serve(keys, trust Store) error {
	s.t.Helper()
	cfg := secureConfig(s.certs)
	cfg.TLS.KeyStore, cfg.TLS.TrustStore = keys, trust
	srv, err := Start(s.t.Context(), cfg)
	if err != nil {
		return err
	}
	defer srv.Close()
	mustSecure(s.t, srv.SecureAddr(), s.certs.Config(s.t, true))
	return nil
}

func TestStores(t *testing.T) {
	s := newStores(t)
	ca := Store{File: s.certs.CA}
	pw := s.file("password", []byte("secret\n"))
	keyP12, trustP12, encrypted := s.file("key.p12", s.keyP12()), s.file("trust.p12", s.trustP12()), s.file("encrypted.pem", s.encryptedPEM())
	for name, test := range map[string]struct {
		keys, trust Store
		says        string // "" if it serves
	}{
		"PEM":                      {Store{File: s.certs.Server}, ca, ""},
		"PEM with a password":      {Store{File: s.certs.Server, Password: "unused"}, ca, ""},
		"encrypted PEM":            {Store{File: encrypted, Password: "secret"}, ca, ""},
		"its password in a file":   {Store{File: encrypted, Password: "wrong", PasswordFile: pw}, ca, ""},
		"the key as OpenSSL does":  {Store{File: s.file("sec1.pem", s.pem("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(s.pair.PrivateKey.(*ecdsa.PrivateKey)))))}, ca, ""},
		"PKCS12":                   {Store{File: keyP12, Password: "secret"}, Store{File: trustP12, Password: "secret"}, ""},
		"PKCS12 called JKS":        {Store{File: s.file("key.jks", s.keyP12()), Password: "secret"}, ca, ""},
		"a type against an ending": {Store{File: s.file("key.pem", s.keyP12()), Type: "pkcs12", Password: "secret"}, ca, ""},
		"encrypted, no password":   {Store{File: encrypted}, ca, "encrypted.pem: its key is encrypted, and there is no password"},
		"encrypted, wrong one":     {Store{File: encrypted, Password: "x"}, ca, "encrypted.pem: its key cannot be decrypted: the password is wrong"},
		"PKCS12, wrong one":        {Store{File: keyP12, Password: "x"}, ca, "key.p12: the password is wrong"},
		"a damaged key": {Store{File: s.file("broken.pem", s.pem("ENCRYPTED PRIVATE KEY", []byte("\x30\x03\x02\x01\x00"))), Password: "x"}, ca,
			"openssl pkcs8 -topk8 -v2"},
		"no trust store of Java's": {Store{File: s.certs.Server}, Store{File: keyP12, Password: "secret"}, "trust store " + keyP12 + ": it cannot be read as a PKCS12 store"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.serve(test.keys, test.trust); (test.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, not %q", err, test.says)
			}
		})
	}
}

// Stores that Java's keytool has written are read, those of before Java 9 too.
func TestStoresOfKeytool(t *testing.T) {
	t.Parallel()
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		zktest.NeedPeer(t, "no keytool: apt-get install default-jre-headless")
	}
	s := newStores(t)
	ours := s.file("ours.p12", s.keyP12())
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(keytool, append([]string{"-J-XX:TieredStopAtLevel=1"}, args...)...)
		cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "LC_ALL=C.UTF-8") // one password is not ASCII
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("keytool %v: %v\n%s", args, err, out)
		}
	}
	run("-importkeystore", "-srckeystore", ours, "-srcstorepass", "secret", "-destkeystore", "key.jks", "-deststoretype", "JKS", "-deststorepass", "größer",
		"-alias", "1", "-destkeypass", "größer")
	run("-importcert", "-noprompt", "-alias", "ca", "-file", s.certs.CA, "-keystore", "trust.p12", "-storepass", "secret")
	run("-importcert", "-noprompt", "-alias", "ca", "-file", s.certs.CA, "-keystore", "trust.jks", "-storetype", "JKS", "-storepass", "secret")
	key, trust := filepath.Join(s.dir, "key.jks"), filepath.Join(s.dir, "trust.jks")
	damaged := must(os.ReadFile(key))
	damaged[len(damaged)/2] ^= 1
	for name, test := range map[string]struct {
		keys, trust Store
		says        string // "" if it serves
	}{
		"PKCS12":              {Store{File: ours, Password: "secret"}, Store{File: filepath.Join(s.dir, "trust.p12"), Password: "secret"}, ""},
		"JKS":                 {Store{File: key, Password: "größer"}, Store{File: trust, Password: "secret"}, ""},
		"a wrong password":    {Store{File: key, Password: "secret"}, Store{File: trust, Password: "secret"}, "key.jks: the password is wrong, or the file is damaged"},
		"no password":         {Store{File: key, Password: "größer"}, Store{File: trust}, "trust.jks: the password is wrong, or the file is damaged"},
		"damaged":             {Store{File: s.file("damaged.jks", damaged), Password: "größer"}, Store{File: trust, Password: "secret"}, "damaged.jks: the password is wrong, or the file is damaged"},
		"no key":              {Store{File: trust, Password: "secret"}, Store{File: trust, Password: "secret"}, "there is no private key in it"},
		"no trust store":      {Store{File: key, Password: "größer"}, Store{File: key, Password: "größer"}, "there is no certificate in it that is trusted"},
		"a type it is not of": {Store{File: ours, Type: "BCFKS"}, Store{}, "convert it: keytool -importkeystore -srckeystore ours.p12"},
	} {
		if err := s.serve(test.keys, test.trust); (test.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, not %q", name, err, test.says)
		}
	}
}

// Whatever a JKS store holds, and be its hash right, it is read or refused.
func FuzzJKS(f *testing.F) {
	const name, date = "\x00\x01a", "\x00\x00\x01\x00\x00\x00\x00\x00"
	const cert = "\x00\x05X.509\x00\x00\x00\x02\x30\x00"
	f.Add([]byte(jksMagic + "\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02" + name + date + cert))
	f.Add([]byte(jksMagic + "\x00\x00\x00\x02\xff\xff\xff\xff\x00\x00\x00\x01" + name + date + "\x00\x00\x00\x02\x30\x00\xff\xff\xff\xff" + cert))
	f.Add([]byte(jksMagic + "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01" + name + date + "\xff\xff\xff\xff"))
	f.Add([]byte(jksMagic))
	f.Fuzz(func(t *testing.T, content []byte) {
		content = append(content[:len(content):len(content)], jksHash("secret", []byte("Mighty Aphrodite"), content)...)
		if pair, err := jksKeyPair(content, "secret"); err == nil && (pair.Leaf == nil || pair.PrivateKey == nil) {
			t.Error("half a pair")
		}
		if certs, err := jksCertificates(content, "secret"); err == nil && len(certs) == 0 {
			t.Error("no certificates and no error")
		}
		decryptJKS(content, "secret")
	})
}
