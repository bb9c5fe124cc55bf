package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// TLS is how clients are spoken to on the secure port.
type TLS struct {
	// KeyStore is what the server shows, TrustStore whose certificates clients may
	// show.
	KeyStore, TrustStore Store
	// ClientAuth says whether clients have to show a certificate: none, want or
	// need (ssl.clientAuth); "" is need.
	ClientAuth string
	// Protocol is the newest version of TLS (ssl.protocol), unless Protocols are
	// all that are spoken (ssl.enabledProtocols), as Java calls them; "" and nil
	// are TLSv1.2 and TLSv1.3.
	Protocol  string
	Protocols []string
	// CipherSuites are what may be agreed on (ssl.ciphersuites); nil is Go's choice.
	CipherSuites []string
	// VerifyHost wants the client's address in its certificate
	// (ssl.clientHostnameVerification), or with ReverseLookup one of its names
	// (ssl.allowReverseDnsLookup).
	VerifyHost, ReverseLookup bool
	// Reload looks before each connection whether the stores have changed
	// (client.certReload).
	Reload bool
	// OnPlainPort takes clients that speak TLS on the plain port too
	// (client.portUnification).
	OnPlainPort bool
}

// handshakeTimeout is how long a client may take for its TLS handshake, as with
// Apache's Netty.
const handshakeTimeout = 10 * time.Second

// tlsSource makes the configuration of TLS connections, again when its files
// change.
type tlsSource struct {
	cfg *TLS
	log *slog.Logger

	mu     sync.Mutex
	conf   *tls.Config
	stamps [2]stamp
}

// stamp is by what a changed file is known.
type stamp struct {
	modified time.Time
	size     int64
}

func newTLSSource(cfg *TLS, log *slog.Logger) (*tlsSource, error) {
	s := &tlsSource{cfg: cfg, log: log, stamps: cfg.stamps()}
	var err error
	s.conf, err = cfg.load(log)
	return s, err
}

func (t *TLS) stamps() (all [2]stamp) {
	for i, store := range []*Store{&t.KeyStore, &t.TrustStore} {
		if st, err := os.Stat(store.File); err == nil {
			all[i] = stamp{st.ModTime(), st.Size()}
		}
	}
	return all
}

// config is that for the next connection. Stores that cannot be read leave it as
// it is.
func (s *tlsSource) config() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cfg.Reload {
		return s.conf
	}
	if now := s.cfg.stamps(); now != s.stamps {
		s.stamps = now
		if conf, err := s.cfg.load(s.log); err != nil {
			s.log.Error("TLS goes on with the certificates from before", "reason", err.Error())
		} else {
			s.conf = conf
			s.log.Info("TLS has new certificates", "keyStore", s.cfg.KeyStore.File, "trustStore", s.cfg.TrustStore.File)
		}
	}
	return s.conf
}

// load reads the stores. Errors say which file or which key of zoo.cfg is wrong.
//
// Behaviour: X509Util and ClientX509Util.createNettySslContextForServer.
func (t *TLS) load(log *slog.Logger) (*tls.Config, error) {
	conf := &tls.Config{}
	var err error
	if conf.ClientAuth, err = t.clientAuth(); err != nil {
		return nil, fmt.Errorf("ssl.clientAuth: %w", err)
	}
	if conf.MinVersion, conf.MaxVersion, err = t.versions(); err != nil {
		return nil, err
	}
	if err := t.setCipherSuites(conf, log); err != nil {
		return nil, err
	}
	if t.KeyStore.File == "" {
		return nil, errors.New("ssl.keyStore.location is not set: TLS needs a certificate and its key")
	}
	pair, err := t.KeyStore.keyPair()
	if err != nil {
		return nil, err
	}
	conf.Certificates = []tls.Certificate{pair}
	switch {
	case t.TrustStore.File != "":
		if conf.ClientCAs, err = t.TrustStore.pool(); err != nil {
			return nil, err
		}
	case conf.ClientAuth == tls.RequireAndVerifyClientCert:
		return nil, errors.New("ssl.trustStore.location is not set: with ssl.clientAuth=need, the default, no client could connect")
	default: // and not those that the machine trusts
		conf.ClientCAs = x509.NewCertPool()
	}
	return conf, nil
}

func (t *TLS) clientAuth() (tls.ClientAuthType, error) {
	switch strings.ToLower(t.ClientAuth) {
	case "", "need":
		return tls.RequireAndVerifyClientCert, nil
	case "want":
		return tls.VerifyClientCertIfGiven, nil
	case "none":
		return tls.NoClientCert, nil
	}
	return 0, fmt.Errorf("%.40q is not none, want or need", t.ClientAuth)
}

// tlsVersions are Java's names of what both languages speak, oldest first.
var tlsVersions = []struct {
	name    string
	version uint16
}{
	{"TLSv1", tls.VersionTLS10}, {"TLSv1.1", tls.VersionTLS11}, {"TLSv1.2", tls.VersionTLS12}, {"TLSv1.3", tls.VersionTLS13},
}

// versions are the oldest and the newest that are spoken.
func (t *TLS) versions() (oldest, newest uint16, err error) {
	oldest, newest = tls.VersionTLS12, tls.VersionTLS13
	if t.Protocol != "" && len(t.Protocols) == 0 {
		if newest, err = tlsVersion(t.Protocol); err != nil {
			return 0, 0, fmt.Errorf("ssl.protocol: %w", err)
		}
		return min(oldest, newest), newest, nil
	}
	var versions []uint16
	for _, name := range t.Protocols {
		v, err := tlsVersion(name)
		if err != nil {
			return 0, 0, fmt.Errorf("ssl.enabledProtocols: %w", err)
		}
		versions = append(versions, v)
	}
	if len(versions) == 0 {
		return oldest, newest, nil
	}
	oldest, newest = slices.Min(versions), slices.Max(versions)
	for v := oldest; v <= newest; v++ {
		if !slices.Contains(versions, v) {
			return 0, 0, fmt.Errorf("ssl.enabledProtocols: %s leaves out a version between others", strings.Join(t.Protocols, ","))
		}
	}
	return oldest, newest, nil
}

func tlsVersion(name string) (uint16, error) {
	for _, v := range tlsVersions {
		if strings.EqualFold(v.name, strings.TrimSpace(name)) {
			return v.version, nil
		}
	}
	return 0, fmt.Errorf("there is no %.40q, only TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3", name)
}

// setCipherSuites sets those that are known here. The suites of TLS 1.3 cannot be
// chosen among, only left out with that version.
func (t *TLS) setCipherSuites(conf *tls.Config, log *slog.Logger) error {
	if len(t.CipherSuites) == 0 {
		return nil
	}
	known := append(tls.CipherSuites(), tls.InsecureCipherSuites()...)
	old, modern := false, false
	for _, name := range t.CipherSuites {
		i := slices.IndexFunc(known, func(s *tls.CipherSuite) bool { return s.Name == strings.TrimSpace(name) })
		if i == -1 {
			log.Warn("ssl.ciphersuites: one that is not known here is left out", "suite", name)
			continue
		}
		conf.CipherSuites = append(conf.CipherSuites, known[i].ID)
		is13 := slices.Equal(known[i].SupportedVersions, []uint16{tls.VersionTLS13})
		old, modern = old || !is13, modern || is13
	}
	if !modern {
		conf.MaxVersion = min(conf.MaxVersion, tls.VersionTLS12)
	}
	if !old {
		conf.MinVersion = max(conf.MinVersion, tls.VersionTLS13)
	}
	if conf.MinVersion > conf.MaxVersion || !old && !modern {
		return fmt.Errorf("ssl.ciphersuites: none of %s is known here for the versions of TLS that are spoken", strings.Join(t.CipherSuites, ","))
	}
	return nil
}

// verifyHost checks the address of a client, or a name of it, against the
// certificate that it has shown.
//
// Behaviour: ZKTrustManager.performHostVerification.
func (t *TLS) verifyHost(cert *x509.Certificate, host string) error {
	err := cert.VerifyHostname(host)
	if err == nil || !t.ReverseLookup {
		return err
	}
	names, lookup := net.LookupAddr(host)
	if lookup != nil {
		return err
	}
	for _, name := range names {
		if cert.VerifyHostname(strings.TrimSuffix(name, ".")) == nil {
			return nil
		}
	}
	return err
}

// secure does the TLS handshake of a connection that is to have one. What the
// client's certificate proves is added to its identities.
//
// Behaviour: NettyServerCnxnFactory.CertificateVerifier.
func (c *conn) secure() error {
	var secured *tls.Conn
	switch nc := c.nc.(type) {
	case *tls.Conn:
		secured = nc
	case *unifiedConn:
		secured = nc.Conn
	default:
		return nil
	}
	c.nc.SetDeadline(time.Now().Add(handshakeTimeout))
	defer c.nc.SetDeadline(time.Time{})
	if u, ok := c.nc.(*unifiedConn); ok {
		if err := u.detect(); err != nil || u.plain {
			return err
		}
	}
	c.srv.stats.tlsHandshakes.Add(1)
	defer c.srv.stats.tlsHandshakes.Add(-1)
	if err := secured.Handshake(); err != nil {
		return err
	}
	if c.certs = secured.ConnectionState().PeerCertificates; len(c.certs) == 0 {
		return nil
	}
	if t := &c.srv.cfg.TLS; t.VerifyHost {
		if err := t.verifyHost(c.certs[0], c.addr.String()); err != nil {
			return err
		}
	}
	ids, verdict := c.srv.auth.schemes["x509"].authenticate(c.peer(), nil)
	if verdict != accepted {
		return errors.New("the client's certificate has no name")
	}
	c.addIdentities(ids...)
	return nil
}

// unifiedConn is a connection of which the first byte says whether it speaks TLS.
type unifiedConn struct {
	*tls.Conn // over raw; closes it and sets deadlines even if TLS is not spoken
	raw       *peekedConn
	plain     bool // set by detect, before anything else is read or written
}

func newUnifiedConn(nc net.Conn, conf *tls.Config) *unifiedConn {
	raw := &peekedConn{Conn: nc}
	return &unifiedConn{Conn: tls.Server(raw, conf), raw: raw}
}

// detect waits for the first byte.
func (u *unifiedConn) detect() error {
	const handshakeRecord = 0x16
	b := make([]byte, 1)
	if _, err := u.raw.Conn.Read(b); err != nil {
		return err
	}
	u.plain = b[0] != handshakeRecord
	u.raw.first = b
	return nil
}

func (u *unifiedConn) Read(b []byte) (int, error) {
	if u.plain {
		return u.raw.Read(b)
	}
	return u.Conn.Read(b)
}

func (u *unifiedConn) Write(b []byte) (int, error) {
	if u.plain {
		return u.raw.Write(b)
	}
	return u.Conn.Write(b)
}

// CloseWrite tells the client that there is no more.
func (u *unifiedConn) CloseWrite() error {
	if u.plain {
		closeWrite(u.raw.Conn)
		return nil
	}
	return u.Conn.CloseWrite()
}

// peekedConn is a connection of which something has been read already.
type peekedConn struct {
	net.Conn
	first []byte
}

func (p *peekedConn) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
