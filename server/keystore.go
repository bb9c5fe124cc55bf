package server

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// Store is a file with certificates, and with the key of the first if it is a key
// store.
type Store struct {
	File string // ssl.keyStore.location
	// Type is PEM, PKCS12 or JKS (ssl.keyStore.type); "" goes by the file's ending,
	// .pem, .p12 or .jks.
	Type     string
	Password string // of the key, or of the whole file if that is PKCS12 or JKS
	// PasswordFile holds the password, if it is not "", but for the end of its line
	// (ssl.keyStore.passwordPath).
	PasswordFile string
}

// maxStore is larger than any store that people have.
const maxStore = 64 << 20

// keyPair loads a key store. Errors name the file.
func (s *Store) keyPair() (tls.Certificate, error) {
	pair, err := loadStore(s, pemKeyPair, pkcs12KeyPair, jksKeyPair)
	if err != nil {
		err = fmt.Errorf("key store %s: %w", s.File, err)
	}
	return pair, err
}

// pool loads a trust store. Errors name the file.
func (s *Store) pool() (*x509.CertPool, error) {
	certs, err := s.certificates()
	if err != nil {
		return nil, fmt.Errorf("trust store %s: %w", s.File, err)
	}
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

func (s *Store) certificates() ([]*x509.Certificate, error) {
	return loadStore(s, pemCertificates, pkcs12Certificates, jksCertificates)
}

// loadStore reads a store with the function for its type.
func loadStore[T any](s *Store, asPEM, asPKCS12, asJKS func(content []byte, password string) (T, error)) (none T, err error) {
	content, err := readStore(s.File)
	if err != nil {
		return none, err
	}
	password, err := s.password()
	if err != nil {
		return none, err
	}
	switch typ := s.typeOf(content); typ {
	case "PEM":
		return asPEM(content, password)
	case "PKCS12":
		return asPKCS12(content, password)
	case "JKS":
		return asJKS(content, password)
	case "BCFKS":
		return none, fmt.Errorf("a BCFKS store is not read here; convert it: keytool -importkeystore -srckeystore %[1]s -destkeystore %[1]s.p12 -deststoretype PKCS12",
			filepath.Base(s.File))
	case "":
		return none, errors.New("its name does not end in .pem, .p12 or .jks, so its type has to be set (ssl.keyStore.type, ssl.trustStore.type): PEM, PKCS12 or JKS")
	default:
		return none, fmt.Errorf("there is no type %.40q, only PEM, PKCS12 and JKS", typ)
	}
}

// typeOf is the type in capitals, "" if nothing says it.
func (s *Store) typeOf(content []byte) string {
	typ := strings.ToUpper(s.Type)
	if typ == "" {
		ending := strings.ToLower(filepath.Ext(s.File))
		typ = map[string]string{".pem": "PEM", ".p12": "PKCS12", ".jks": "JKS", ".bcfks": "BCFKS"}[ending]
	}
	if typ == "JKS" && !bytes.HasPrefix(content, []byte(jksMagic)) {
		return "PKCS12" // what keytool makes since Java 9, whatever the file is called
	}
	return typ
}

func readStore(file string) ([]byte, error) {
	st, err := os.Stat(file)
	if err == nil && st.Size() > maxStore {
		return nil, fmt.Errorf("%d bytes are no store of keys or certificates", st.Size())
	}
	if err != nil {
		return nil, plainPathError(err)
	}
	b, err := os.ReadFile(file)
	return b, plainPathError(err)
}

// plainPathError is an error of a file without the name, which the caller tells.
func plainPathError(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (s *Store) password() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	b, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("its password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

// pemKeyPair reads a key and the certificates of its chain, in any order but for
// the key's own certificate, which is the first.
func pemKeyPair(content []byte, password string) (none tls.Certificate, err error) {
	var chain, key []byte
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE":
			chain = append(chain, pem.EncodeToMemory(block)...)
		case block.Headers["DEK-Info"] != "":
			return none, errors.New("its key is encrypted in the old way of OpenSSL; convert it: openssl pkcs8 -topk8")
		case block.Type == "ENCRYPTED PRIVATE KEY":
			if key, err = decryptPEM(block, password); err != nil {
				return none, err
			}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key = pem.EncodeToMemory(block)
		}
	}
	switch {
	case chain == nil:
		return none, errors.New("there is no certificate in it")
	case key == nil:
		return none, errors.New("there is no private key in it; the certificates and their key stand in one file")
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return none, errors.New(strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, nil
}

// decryptPEM makes an encrypted key one that is not.
func decryptPEM(block *pem.Block, password string) ([]byte, error) {
	if password == "" {
		return nil, errors.New("its key is encrypted, and there is no password")
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(password))
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "pkcs8: ")
		if why == "incorrect password" {
			return nil, errors.New("its key cannot be decrypted: the password is wrong")
		}
		return nil, fmt.Errorf("its key cannot be decrypted: %s; convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc", why)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func pemCertificates(content []byte, _ string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	return certs, nil
}

func pkcs12KeyPair(content []byte, password string) (none tls.Certificate, err error) {
	key, cert, chain, err := pkcs12.DecodeChain(content, password)
	if err != nil {
		return none, plainPKCS12Error(err)
	}
	ders := [][]byte{cert.Raw}
	for _, c := range chain {
		ders = append(ders, c.Raw)
	}
	return keyPairOf(key, ders)
}

// keyPairOf is a key with the certificates of its chain; there is one at least.
func keyPairOf(key any, chain [][]byte) (none tls.Certificate, err error) {
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return none, err
	}
	signer, ok := key.(crypto.Signer)
	public, comparable := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !comparable || !public.Equal(signer.Public()) {
		return none, errors.New("private key does not match public key")
	}
	return tls.Certificate{PrivateKey: key, Certificate: chain, Leaf: cert}, nil
}

func pkcs12Certificates(content []byte, password string) ([]*x509.Certificate, error) {
	certs, err := pkcs12.DecodeTrustStore(content, password)
	if err != nil {
		return nil, plainPKCS12Error(err)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	return certs, nil
}

func plainPKCS12Error(err error) error {
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return errors.New("the password is wrong")
	}
	return fmt.Errorf("it cannot be read as a PKCS12 store: %s", strings.TrimPrefix(err.Error(), "pkcs12: "))
}
