package server

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zook/jute"
)

// authenticator knows the ACL schemes: world, auth, digest and ip.
//
// Behaviour: ZooKeeperServer.checkACL, PrepRequestProcessor.fixupACL and the
// AuthenticationProviders.
type authenticator struct{}

// authenticate returns the identity that an auth packet proves. from is the
// client's address.
func (a *authenticator) authenticate(p *jute.AuthPacket, from netip.Addr) (jute.ID, bool) {
	switch p.Scheme {
	case "digest":
		// Java makes U+FFFD of what is no UTF-8, and its digests are in the files.
		return jute.ID{Scheme: "digest", ID: jute.DigestID(string([]rune(string(p.Auth))))}, true
	case "ip":
		return jute.ID{Scheme: "ip", ID: from.String()}, true
	}
	return jute.ID{}, false
}

// userName is the part of an identity that whoAmI tells: no digest's hash.
func userName(id jute.ID) string {
	if id.Scheme == "digest" {
		user, _, _ := strings.Cut(id.ID, ":")
		return user
	}
	return id.ID
}

// allowed reports whether acl grants one of perms to one of ids. An empty ACL,
// which no request can set, grants nothing.
func (a *authenticator) allowed(acl []jute.ACL, perms jute.Perms, ids []jute.ID) bool {
	for _, e := range acl {
		if e.Perms&perms == 0 {
			continue
		}
		if e.ID.Scheme == "world" && e.ID.ID == "anyone" {
			return true
		}
		for _, id := range ids {
			if id.Scheme == e.ID.Scheme && matches(id, e.ID.ID) {
				return true
			}
		}
	}
	return false
}

// matches reports whether an identity is the one that an ACL names: for ip, an
// address or a network such as 10.0.0.0/8.
func matches(id jute.ID, acl string) bool {
	if id.Scheme != "ip" {
		return id.ID == acl
	}
	network, ok := parseNetwork(acl)
	addr, err := netip.ParseAddr(id.ID)
	return ok && err == nil && network.Contains(addr)
}

// parseNetwork parses an address, or a network as address/bits. Numbers may be
// written as Java reads them, with leading zeros.
func parseNetwork(s string) (netip.Prefix, bool) {
	host, length, hasLength := strings.Cut(s, "/")
	addr, ok := parseAddr(host)
	bits := addr.BitLen()
	if hasLength {
		n, err := strconv.Atoi(length)
		ok = ok && err == nil && n >= 0 && n <= bits
		bits = n
	}
	return netip.PrefixFrom(addr, bits), ok
}

func parseAddr(s string) (netip.Addr, bool) {
	if strings.Contains(s, ":") {
		addr, err := netip.ParseAddr(s)
		return addr, err == nil && addr.Zone() == "" && !strings.Contains(s, ".")
	}
	parts := strings.Split(s, ".")
	var b [4]byte
	if len(parts) != len(b) {
		return netip.Addr{}, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 255 {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom4(b), true
}

// fixACL checks an ACL that a client sets and replaces the scheme auth by the
// identities that the client has proved: ErrInvalidACL.
func (a *authenticator) fixACL(acl []jute.ACL, ids []jute.ID) ([]jute.ACL, jute.ErrCode) {
	var out []jute.ACL
	for i, e := range acl {
		if slices.Contains(acl[:i], e) {
			continue
		}
		switch e.ID.Scheme {
		case "world":
			if e.ID.ID != "anyone" {
				return nil, jute.ErrInvalidACL
			}
			out = append(out, e)
		case "auth":
			found := false
			for _, id := range ids {
				if id.Scheme == "digest" { // an address proves no identity
					out = append(out, jute.ACL{Perms: e.Perms, ID: id})
					found = true
				}
			}
			if !found {
				return nil, jute.ErrInvalidACL
			}
		case "digest":
			// Exactly one colon with something behind it, but for more at the end.
			if _, hash, ok := strings.Cut(strings.TrimRight(e.ID.ID, ":"), ":"); !ok || strings.Contains(hash, ":") {
				return nil, jute.ErrInvalidACL
			}
			out = append(out, e)
		case "ip":
			if _, ok := parseNetwork(e.ID.ID); !ok {
				return nil, jute.ErrInvalidACL
			}
			out = append(out, e)
		default:
			return nil, jute.ErrInvalidACL
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
