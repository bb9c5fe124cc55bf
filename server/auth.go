package server

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"zook/jute"
)

// scheme is one way to prove who a client is, and what ACLs say of it (Apache's
// AuthenticationProvider).
type scheme interface {
	// authenticate returns the identities that an auth packet proves. auth is nil
	// if the packet holds none.
	authenticate(from peer, auth []byte) (ids []jute.ID, verdict verdict)
	// valid reports whether an ACL may hold an id.
	valid(id string) bool
	// matches reports whether the id of a client is the one that an ACL names.
	matches(id, acl string) bool
	// proves reports whether the scheme auth stands for identities of this one.
	proves() bool
	// userName is the part of an id that whoAmI tells.
	userName(id string) string
}

// peer is what is known of a client without asking it.
type peer struct {
	addr  netip.Addr
	certs []*x509.Certificate // that it has shown, its own first
}

// verdict is what becomes of an auth packet.
type verdict int

const (
	accepted verdict = iota
	refused          // it is answered AuthFailed, then the connection ends
	cut              // the connection ends without an answer
)

// superScheme is the scheme of identities that no ACL stops.
const superScheme = "super"

// authenticator knows the schemes and checks ACLs.
//
// Behaviour: ZooKeeperServer.checkACL, PrepRequestProcessor.fixupACL,
// ProviderRegistry and AuthenticationHelper.
type authenticator struct {
	schemes  map[string]scheme
	skipACL  bool
	enforced []string // schemes of which a client must have proved one; empty: none
}

// newAuthenticator returns an error for settings that contradict each other.
func newAuthenticator(cfg *Config, stats *stats) (*authenticator, error) {
	a := &authenticator{schemes: map[string]scheme{"ip": ipScheme{}}, skipACL: cfg.SkipACL, enforced: cfg.EnforceAuth}
	if cfg.speaksTLS() {
		a.schemes["x509"] = x509Scheme{super: cfg.X509SuperUser}
	}
	if !cfg.NoDigest || slices.Contains(cfg.AuthSchemes, "digest") {
		digest, err := newDigestScheme(cfg)
		if err != nil {
			return nil, err
		}
		a.schemes["digest"] = digest
	}
	for _, name := range cfg.AuthSchemes {
		switch name {
		case "digest", "ip": // is there unless it is turned off
		case "ensemble":
			a.schemes[name] = ensembleScheme{names: cfg.EnsembleNames, stats: stats}
		case "x509":
			a.schemes[name] = x509Scheme{super: cfg.X509SuperUser}
		case "sasl":
			a.schemes[name] = saslScheme{anyUser: cfg.SASLAnyUser}
		default:
			return nil, fmt.Errorf("there is no authentication scheme %q", name)
		}
	}
	for _, name := range a.enforced {
		if a.schemes[name] == nil {
			return nil, fmt.Errorf("the scheme %q, which clients would have to authenticate with, is not available", name)
		}
	}
	return a, nil
}

// authenticate returns the identities that an auth packet proves.
func (a *authenticator) authenticate(p *jute.AuthPacket, from peer) ([]jute.ID, verdict) {
	s := a.schemes[p.Scheme]
	if s == nil {
		return nil, refused
	}
	return s.authenticate(from, p.Auth)
}

// mustAuthenticate reports whether a client with these identities has yet to
// prove one before it may ask for anything (enforce.auth.enabled).
func (a *authenticator) mustAuthenticate(ids []jute.ID) bool {
	return len(a.enforced) > 0 && !slices.ContainsFunc(ids, func(id jute.ID) bool {
		return slices.Contains(a.enforced, id.Scheme)
	})
}

// userName is the part of an identity that whoAmI tells: no digest's hash.
func (a *authenticator) userName(id jute.ID) string {
	if s := a.schemes[id.Scheme]; s != nil {
		return s.userName(id.ID)
	}
	return ""
}

// allowed reports whether acl grants one of perms to one of ids. An empty ACL,
// which no request can set, grants nothing.
func (a *authenticator) allowed(acl []jute.ACL, perms jute.Perms, ids []jute.ID) bool {
	if a.skipACL {
		return true
	}
	for _, e := range acl {
		if e.Perms&perms != 0 && a.names(e.ID, ids) {
			return true
		}
	}
	return slices.ContainsFunc(ids, func(id jute.ID) bool { return id.Scheme == superScheme })
}

// names reports whether an entry of an ACL names one of ids.
func (a *authenticator) names(entry jute.ID, ids []jute.ID) bool {
	if entry.Scheme == "world" {
		return entry.ID == "anyone"
	}
	s := a.schemes[entry.Scheme]
	if s == nil {
		return false
	}
	for _, id := range ids {
		if id.Scheme == entry.Scheme && s.matches(id.ID, entry.ID) {
			return true
		}
	}
	return false
}

var anyone = jute.ID{Scheme: "world", ID: "anyone"}

// fixACL checks an ACL that a client sets and replaces the scheme auth by the
// identities that the client has proved: ErrInvalidACL.
func (a *authenticator) fixACL(acl []jute.ACL, ids []jute.ID) ([]jute.ACL, jute.ErrCode) {
	if len(acl) == 1 && acl[0].ID == anyone { // as most
		return acl, jute.ErrOK
	}
	var out []jute.ACL
	for i, e := range acl {
		if slices.Contains(acl[:i], e) {
			continue
		}
		s := a.schemes[e.ID.Scheme]
		switch {
		case e.ID == anyone:
			out = append(out, e)
		case e.ID.Scheme == "auth":
			before := len(out)
			for _, id := range ids {
				if s := a.schemes[id.Scheme]; s != nil && s.proves() {
					out = append(out, jute.ACL{Perms: e.Perms, ID: id})
				}
			}
			if len(out) == before {
				return nil, jute.ErrInvalidACL
			}
		case s == nil || !s.valid(e.ID.ID):
			return nil, jute.ErrInvalidACL
		default:
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, jute.ErrInvalidACL
	}
	return out, jute.ErrOK
}

// hideDigests replaces the hashes of an ACL for whoever may not administer the
// znode (FinalRequestProcessor, getACL).
func hideDigests(acl []jute.ACL) []jute.ACL {
	out := slices.Clone(acl)
	for i := range out {
		if out[i].ID.Scheme == "digest" {
			user, _, _ := strings.Cut(out[i].ID.ID, ":")
			out[i].ID.ID = user + ":x"
		}
	}
	return out
}
