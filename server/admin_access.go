package server

import (
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"zook/jute"
)

// adminPeer is the client of an HTTP request. What proxies say of others is not
// believed.
func adminPeer(r *http.Request) peer {
	var p peer
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		p.addr = ap.Addr().Unmap()
	}
	if r.TLS != nil {
		p.certs = r.TLS.PeerCertificates
	}
	return p
}

// authorize lets those pass who prove with the header Authorization, "scheme" or
// "scheme credentials", that they have every permission on the root. Otherwise it
// returns the HTTP status and what to say.
//
// Behaviour: Commands.handleAuthentication and handleAuthorization.
func (a *adminServer) authorize(r *http.Request) (status int, refusal string) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return http.StatusUnauthorized, "Auth info is missing for the command"
	}
	scheme, auth, hasAuth := strings.Cut(strings.TrimRight(values[0], " "), " ")
	if strings.Contains(auth, " ") {
		return http.StatusUnauthorized, "Not authenticated"
	}
	p := &jute.AuthPacket{Scheme: scheme}
	if hasAuth {
		p.Auth = []byte(auth)
	}
	ids, verdict := a.srv.auth.authenticate(p, adminPeer(r))
	if verdict != accepted || len(ids) == 0 {
		return http.StatusUnauthorized, "Not authenticated"
	}
	root, _ := a.srv.tree.Lookup("/")
	for perm := jute.Perms(1); perm <= jute.PermAll; perm <<= 1 {
		if !a.srv.auth.allowed(root.ACL, perm, ids) {
			return http.StatusForbidden, "Not authorized"
		}
	}
	return 0, ""
}

// anonymous reads znodes for whoever is at an address and has proved nothing
// (datatree.Access).
type anonymous struct {
	auth *authenticator
	ids  []jute.ID
}

func (a *adminServer) anonymous(r *http.Request) anonymous {
	return anonymous{a.srv.auth, []jute.ID{ipIdentity(adminPeer(r).addr)}}
}

// Allowed reports whether acl grants one of perms.
func (n anonymous) Allowed(acl []jute.ACL, perms jute.Perms) bool {
	return n.auth.allowed(acl, perms, n.ids)
}

// ownHost reports whether a request names this machine in a way that no other
// site can: by address, localhost, or the machine's own name. A page of another
// site may have let its name point here (DNS rebinding), and would read with the
// browser of whoever looks at it.
func ownHost(r *http.Request) bool {
	host := strings.ToLower(strings.TrimSuffix(hostname(r.Host), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	name, err := os.Hostname()
	return err == nil && host == strings.ToLower(name)
}

// hostname is the host of host:port, without the brackets of an IPv6 address.
func hostname(hostport string) string {
	if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
		hostport = hostport[:i]
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

// crossSite reports whether a browser sends a request that changes something for
// a page of another site. Programs that are no browser send no Origin.
func (a *adminServer) crossSite(r *http.Request) bool {
	return a.origin.Check(r) != nil || r.Header.Get("Origin") != "" && !ownHost(r)
}

// rateLimiter allows one request in each interval.
//
// Behaviour: RateLimiter.java, whose intervals are counted from its start.
type rateLimiter struct {
	interval time.Duration

	mu    sync.Mutex
	since time.Time
	used  bool
}

func newRateLimiter(interval time.Duration) *rateLimiter {
	return &rateLimiter{interval: interval, since: time.Now()}
}

func (l *rateLimiter) allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.since) > l.interval {
		l.since, l.used = now, false
	}
	if l.used {
		return false
	}
	l.used = true
	return true
}
