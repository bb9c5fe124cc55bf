package server

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zook/jute"
)

// digestScheme is a user with a password, and an ACL that holds a hash of both.
//
// Behaviour: DigestAuthenticationProvider.
type digestScheme struct {
	hash  func() hash.Hash
	super string // the id that is the super user's too; "" is nobody's
}

// digestHashes are what DigestAuthenticationProvider.digestAlg may name, as Java
// calls them.
var digestHashes = map[string]func() hash.Hash{
	"":            sha1.New,
	"SHA":         sha1.New,
	"SHA1":        sha1.New,
	"SHA-1":       sha1.New,
	"MD5":         md5.New,
	"SHA-224":     sha256.New224,
	"SHA-256":     sha256.New,
	"SHA-384":     sha512.New384,
	"SHA-512":     sha512.New,
	"SHA-512/224": sha512.New512_224,
	"SHA-512/256": sha512.New512_256,
	"SHA3-224":    func() hash.Hash { return sha3.New224() },
	"SHA3-256":    func() hash.Hash { return sha3.New256() },
	"SHA3-384":    func() hash.Hash { return sha3.New384() },
	"SHA3-512":    func() hash.Hash { return sha3.New512() },
}

func newDigestScheme(cfg *Config) (digestScheme, error) {
	h := digestHashes[strings.ToUpper(cfg.DigestAlgorithm)]
	if h == nil {
		return digestScheme{}, fmt.Errorf("there is no digest %.60q", cfg.DigestAlgorithm)
	}
	return digestScheme{h, cfg.SuperDigest}, nil
}

func (s digestScheme) authenticate(_ peer, auth []byte) ([]jute.ID, verdict) {
	if auth == nil {
		return nil, refused
	}
	// Java makes U+FFFD of what is no UTF-8, and its digests are in the files.
	login := string([]rune(string(auth)))
	h := s.hash()
	h.Write([]byte(login))
	user, _, _ := strings.Cut(login, ":")
	id := user + ":" + base64.StdEncoding.EncodeToString(h.Sum(nil))
	ids := []jute.ID{{Scheme: "digest", ID: id}}
	if s.super != "" && sameSecret(id, s.super) {
		ids = append(ids, jute.ID{Scheme: superScheme})
	}
	return ids, accepted
}

// valid wants exactly one colon with something behind it, but for more at the end.
func (digestScheme) valid(id string) bool {
	_, hash, ok := strings.Cut(strings.TrimRight(id, ":"), ":")
	return ok && !strings.Contains(hash, ":")
}

func (digestScheme) matches(id, acl string) bool { return sameSecret(id, acl) }
func (digestScheme) proves() bool                { return true }

func (digestScheme) userName(id string) string {
	user, _, _ := strings.Cut(id, ":")
	return user
}

// sameSecret takes the same time wherever two strings of one length differ.
func sameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// ipScheme is the address of a client, and an ACL of an address or a network.
//
// Behaviour: IPAuthenticationProvider.
type ipScheme struct{}

func (ipScheme) authenticate(from peer, _ []byte) ([]jute.ID, verdict) {
	return []jute.ID{ipIdentity(from.addr)}, accepted
}

// ipIdentity is what every client has.
func ipIdentity(addr netip.Addr) jute.ID { return jute.ID{Scheme: "ip", ID: javaAddr(addr)} }

// javaAddr writes an address as Java does, which abbreviates no IPv6 address.
func javaAddr(addr netip.Addr) string {
	if !addr.Is6() {
		return addr.String()
	}
	var b []byte
	for i, a := 0, addr.As16(); i < len(a); i += 2 {
		if i > 0 {
			b = append(b, ':')
		}
		b = strconv.AppendUint(b, uint64(a[i])<<8|uint64(a[i+1]), 16)
	}
	if addr.Zone() != "" {
		b = append(append(b, '%'), addr.Zone()...)
	}
	return string(b)
}

func (ipScheme) valid(id string) bool {
	_, ok := parseNetwork(id)
	return ok
}

func (ipScheme) matches(id, acl string) bool {
	network, ok := parseNetwork(acl)
	addr, err := netip.ParseAddr(id)
	return ok && err == nil && network.Contains(addr)
}

func (ipScheme) proves() bool              { return false } // an address proves no identity
func (ipScheme) userName(id string) string { return id }

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

// ensembleScheme lets a client say which ensemble it means to talk to, and
// disconnects it from another. It proves nothing, and no ACL names it.
//
// Behaviour: EnsembleAuthenticationProvider.
type ensembleScheme struct {
	names []string
	stats *stats
}

func (s ensembleScheme) authenticate(_ peer, auth []byte) ([]jute.ID, verdict) {
	switch {
	case len(auth) == 0 || s.names == nil:
		s.stats.ensembleAuthSkip.add(1)
	case slices.Contains(s.names, string(auth)):
		s.stats.ensembleAuthSuccess.add(1)
	default:
		s.stats.ensembleAuthFail.add(1)
		return nil, cut
	}
	return nil, accepted
}

func (ensembleScheme) valid(string) bool         { return false }
func (ensembleScheme) matches(_, _ string) bool  { return false }
func (ensembleScheme) proves() bool              { return false }
func (ensembleScheme) userName(id string) string { return id }
