package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Ports are the addresses that a server of this configuration listens on, by the key
// that says so.
func (c *Config) Ports() map[string]string {
	ports := map[string]string{}
	for key, addr := range map[string]string{"clientPort": c.Addr, "secureClientPort": c.SecureAddr,
		"admin.serverPort": c.Admin.Addr, "metricsProvider.httpPort": c.MetricsAddr} {
		if addr != "" {
			ports[key] = addr
		}
	}
	return ports
}

// StoreFile is a key store or a trust store that a configuration names.
type StoreFile struct {
	Key   string // of zoo.cfg
	Store Store
	Certs []*x509.Certificate // in it; of a key store its own first
	Err   error               // why it cannot be used
}

// Stores reads the stores that a server of this configuration needs.
func (c *Config) Stores() []StoreFile {
	var all []StoreFile
	add := func(prefix string, t *TLS) {
		k := StoreFile{Key: prefix + "keyStore.location", Store: t.KeyStore}
		if k.Store.File == "" {
			k.Err = errors.New("it is not set, and TLS needs a certificate and its key")
		} else {
			k.Certs, k.Err = k.Store.chain()
		}
		all = append(all, k)
		if t.TrustStore.File != "" {
			s := StoreFile{Key: prefix + "trustStore.location", Store: t.TrustStore}
			s.Certs, s.Err = s.Store.certificates()
			all = append(all, s)
		}
	}
	if c.speaksTLS() {
		add("ssl.", &c.TLS)
	}
	if c.Admin.Addr != "" && (c.Admin.ForceHTTPS || c.Admin.TLS.OnPlainPort) {
		add("ssl.quorum.", &c.Admin.TLS)
	}
	return all
}

func (s *Store) chain() ([]*x509.Certificate, error) {
	pair, err := s.keyPair()
	if err != nil {
		return nil, errors.Unwrap(err) // without the name of the file
	}
	var certs []*x509.Certificate
	for _, der := range pair.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// OwnClientTLS is how somebody who has the server's own files speaks to its secure port:
// with the server's certificate, and with nobody who shows another.
func (c *Config) OwnClientTLS() (*tls.Config, error) {
	pair, err := c.TLS.KeyStore.keyPair()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		Certificates:       []tls.Certificate{pair},
		InsecureSkipVerify: true, // whoever signed it, and whatever it is for: it has to be this one
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, pair.Certificate[0]) {
				return fmt.Errorf("it does not show the certificate of %s", c.TLS.KeyStore.File)
			}
			return nil
		},
	}, nil
}
