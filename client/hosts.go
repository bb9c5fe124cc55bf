package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"zook/jute"
)

const defaultPort = "2181"

// AddressError says why a list of servers cannot be understood.
type AddressError struct {
	Servers string
	Reason  string
}

func (e *AddressError) Error() string { return fmt.Sprintf("servers %q: %s", e.Servers, e.Reason) }

// DialError says why there is no connection, host by host.
type DialError struct {
	Hosts []HostError
	Cause error // the error of the context that ended the wait; nil if every host refused
}

// HostError is why one host does not serve. Err is nil if it had not answered
// when the wait ended.
type HostError struct {
	Addr string // host:port
	Err  error
}

func (e *DialError) Error() string {
	var b strings.Builder
	b.WriteString("cannot connect to ")
	for i, h := range e.Hosts {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(h.Addr)
		b.WriteString(": ")
		if h.Err == nil {
			b.WriteString("no answer in time")
		} else {
			b.WriteString(h.Err.Error())
		}
	}
	return b.String()
}

// Unwrap gives the cause and the errors of the hosts.
func (e *DialError) Unwrap() []error {
	var errs []error
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	for _, h := range e.Hosts {
		if h.Err != nil {
			errs = append(errs, h.Err)
		}
	}
	return errs
}

// ParseServers splits "host:port[,host:port…][/chroot]" into host:port strings
// and a chroot, "" if it is none.
func ParseServers(servers string) (hosts []string, chroot string, err error) {
	list := servers
	if strings.Contains(servers, "://") {
		return nil, "", &AddressError{servers, "it has no scheme: write host:port[,host:port…][/chroot]"}
	}
	if i := strings.IndexByte(servers, '/'); i >= 0 {
		list, chroot = servers[:i], servers[i:]
		if chroot == "/" {
			chroot = ""
		} else if err := jute.CheckPath(chroot, false); err != nil {
			return nil, "", err
		}
	}
	for _, h := range strings.Split(list, ",") {
		addr, reason := hostPort(strings.TrimSpace(h))
		if reason != "" {
			return nil, "", &AddressError{servers, reason}
		}
		hosts = append(hosts, addr)
	}
	return hosts, chroot, nil
}

// hostPort completes "host", "host:port", "[v6]" or "[v6]:port"; reason says
// why it is none of them.
func hostPort(s string) (addr, reason string) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		bare := s
		if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			bare = s[1 : len(s)-1]
		}
		if strings.ContainsAny(bare, "[]") || strings.Contains(bare, ":") && net.ParseIP(bare) == nil {
			return "", fmt.Sprintf("%q is not host:port", s)
		}
		host, port = bare, defaultPort
	}
	if host == "" {
		return "", "a host is empty"
	}
	if strings.ContainsAny(host, " \t\r\n") {
		return "", fmt.Sprintf("%q has a blank in it", host)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Sprintf("%q is not a port", port)
	}
	return net.JoinHostPort(host, port), ""
}

// hosts says which host to try next, and remembers why each one failed. It is
// go-zookeeper's HostProvider; names are resolved for each dial, so that one that
// does not resolve spoils nothing.
type hosts struct {
	mu      sync.Mutex
	list    []string // shuffled
	cur     int
	tried   int // since a connection was of use
	reason  map[string]error
	refused map[string]bool // the reason will not go away by waiting
	closed  bool

	deadline time.Time     // of Dial; zero if none
	each     time.Duration // for one attempt, up to the session
}

func newHosts(list []string) *hosts {
	h := &hosts{list: append([]string(nil), list...), cur: -1,
		reason: map[string]error{}, refused: map[string]bool{}}
	rand.Shuffle(len(h.list), func(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] })
	return h
}

// Init does nothing: the hosts are known.
func (h *hosts) Init([]string) error { return nil }

// Len is the number of hosts.
func (h *hosts) Len() int { return len(h.list) }

// Next is the host to try. pause, which makes go-zookeeper wait for a second and
// look whether it shall end, is true once after every round of all hosts.
func (h *hosts) Next() (addr string, pause bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tried >= len(h.list) {
		pause, h.tried = true, 0
	}
	h.tried++
	h.cur = (h.cur + 1) % len(h.list)
	return h.list[h.cur], pause || h.closed
}

// Connected does nothing: a handshake alone does not show that a host is of use.
func (h *hosts) Connected() {}

// useful notes that the current connection served, so that the first try after
// its end need not wait.
func (h *hosts) useful() {
	h.mu.Lock()
	h.tried = 0
	h.mu.Unlock()
}

func (h *hosts) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
}

// budget shares the time until ctx ends, and at most the session timeout, among
// the hosts, so that one that never answers leaves time for the others.
func (h *hosts) budget(ctx context.Context, sessionTimeout time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deadline, _ = ctx.Deadline()
	h.each = max(sessionTimeout/time.Duration(len(h.list)), time.Second)
}

// attempt is how long one attempt, from dialing to the session, may take.
func (h *hosts) attempt() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deadline.IsZero() {
		return h.each
	}
	left := time.Until(h.deadline) / time.Duration(len(h.list))
	return min(h.each, max(left, 50*time.Millisecond))
}

// failed notes why a host does not serve, and reports whether by now every host
// has refused.
func (h *hosts) failed(addr string, err error, refused bool) (all bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reason[addr] = err
	h.refused[addr] = refused
	for _, a := range h.list {
		if !h.refused[a] {
			return false
		}
	}
	return true
}

// served forgets what was wrong with a host.
func (h *hosts) served(addr string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.reason, addr)
	delete(h.refused, addr)
}

// gaveUp is the error of a wait that ctx has ended: by its deadline the hosts are
// to blame, and else whoever cancelled it.
func (h *hosts) gaveUp(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return h.dialError(ctx.Err())
	}
	return ctx.Err()
}

func (h *hosts) dialError(cause error) *DialError {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &DialError{Cause: cause}
	for _, a := range h.list {
		e.Hosts = append(e.Hosts, HostError{a, h.reason[a]})
	}
	return e
}

// PlainReason strips Go's "dial tcp 127.0.0.1:2181: connect:" from an error, for
// those who name the host themselves.
func PlainReason(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsTimeout {
			return errors.New("its name was not resolved in time")
		}
		return errors.New(dns.Err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return err
}
