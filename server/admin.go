package server

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// AdminConfig is the AdminServer: HTTP for programs and for people. The zero value
// is none.
type AdminConfig struct {
	// Addr is host:port to listen on (admin.serverAddress, admin.serverPort), with
	// port 0 any free one; "" is no AdminServer.
	Addr string
	// CommandURL is where the commands are (admin.commandURL); "" is /commands.
	CommandURL string
	// IdleTimeout is how long a client may neither send nor receive
	// (admin.idleTimeout); 0 is 30 s.
	IdleTimeout time.Duration
	// RateLimit is the least time between two restores
	// (admin.rateLimiterIntervalInMS), and a thousand times that between two
	// snapshots, as in Apache; 0 is 5 minutes, less than 0 is none.
	RateLimit time.Duration
	// NoSnapshot and NoRestore turn these commands off (admin.snapshot.enabled and
	// admin.restore.enabled).
	NoSnapshot, NoRestore bool
	// ForceHTTPS has only HTTPS on the port (admin.forceHttps). TLS.OnPlainPort has it
	// beside HTTP (admin.portUnification).
	ForceHTTPS bool
	// TLS is how HTTPS is spoken (ssl.quorum.*, and admin.needClientAuth as
	// TLS.ClientAuth). Clients are asked for no certificate by default.
	TLS TLS
	// Tree shows the znodes that an anonymous client may read on the page for
	// browsers (admin.tree.enabled).
	Tree bool
	// Profile serves /debug/pprof to this machine (admin.pprof.enabled).
	Profile bool
}

func (c *AdminConfig) setDefaults() {
	c.CommandURL = strings.TrimSuffix(cmp.Or(c.CommandURL, "/commands"), "/")
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 30*time.Second)
	c.TLS.ClientAuth = cmp.Or(c.TLS.ClientAuth, "none")
	c.RateLimit = max(0, cmp.Or(c.RateLimit, 5*time.Minute))
}

// adminServer is Apache's AdminServer, Prometheus' metrics, and a page that shows a
// person how the server is.
//
// Behaviour: JettyAdminServer.java, Commands.java.
type adminServer struct {
	srv      *Server
	cfg      AdminConfig
	log      *slog.Logger
	listener net.Listener
	http     *http.Server
	metrics  http.Handler
	origin   *http.CrossOriginProtection

	snapshots, restores *rateLimiter

	restoring sync.Mutex

	running chan struct{} // has room for commands that run
	sending atomic.Int64  // bytes of answers on their way
}

// Bounds of what clients of the AdminServer can take: connections, that a flood of
// them takes no descriptors from ZooKeeper's clients; commands that run at a time, and
// bytes of answers that slow clients have not taken yet; bytes of a request's
// header, as Jetty; and how long a header may take.
const (
	maxAdminConns   = 1024
	maxAdminRunning = 4
	maxAdminSending = 256 << 20
	maxAdminHeader  = 8 << 10
	adminHeaderTime = 10 * time.Second
)

// startAdmin starts the AdminServer. A port that cannot be had is a warning: clients
// of ZooKeeper do not need it.
func (s *Server) startAdmin(ctx context.Context) {
	if s.cfg.Admin.Addr == "" {
		return
	}
	a := &adminServer{srv: s, cfg: s.cfg.Admin, log: s.log, metrics: s.metricsHandler(), origin: http.NewCrossOriginProtection(),
		snapshots: newRateLimiter(s.cfg.Admin.RateLimit / 1000), restores: newRateLimiter(s.cfg.Admin.RateLimit),
		running: make(chan struct{}, maxAdminRunning)}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", a.cfg.Addr)
	if err != nil {
		s.log.Warn("no AdminServer", "address", a.cfg.Addr, "reason", err.Error())
		return
	}
	if a.listener, err = a.listen(l); err != nil {
		l.Close()
		s.log.Warn("no AdminServer: HTTPS is not possible", "reason", err.Error())
		return
	}
	a.http = &http.Server{
		Handler:           a,
		ReadHeaderTimeout: min(a.cfg.IdleTimeout, adminHeaderTime),
		ReadTimeout:       a.cfg.IdleTimeout,
		IdleTimeout:       a.cfg.IdleTimeout,
		MaxHeaderBytes:    maxAdminHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
	}
	a.http.Protocols.SetHTTP1(true) // alone, as Apache's by default
	s.mu.Lock()
	s.admin = a
	s.mu.Unlock()
	s.running.Go(func() {
		select {
		case <-s.stopping: // already, and whoever closes has not seen it
			a.listener.Close()
		default:
			a.http.Serve(a.listener)
		}
	})
	s.log.Info("serving the AdminServer", "address", s.AdminAddr(), "commands", a.cfg.CommandURL)
}

// AdminAddr is the address of the AdminServer, host:port, or "" if there is none.
func (s *Server) AdminAddr() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.listener.Addr().String()
}

// ServeHTTP answers a request by its path.
func (a *adminServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.setHeaders(w.Header(), r)
	w = newPatientWriter(w, a.cfg.IdleTimeout)
	path := r.URL.Path
	command, isCommand := strings.CutPrefix(path, a.cfg.CommandURL)
	isCommand = isCommand && (command == "" || command[0] == '/')
	switch {
	case !a.checkMethod(w, r):
	case isCommand:
		a.serveCommand(w, r, strings.TrimPrefix(command, "/"))
	case r.Method == http.MethodPost:
		refuse(w, http.StatusMethodNotAllowed, "only GET is possible here")
	case !a.ready():
		refuse(w, http.StatusServiceUnavailable, "the server is starting")
	case strings.HasPrefix(path, "/debug/pprof/") && a.cfg.Profile:
		serveProfile(w, r)
	case !a.enter(r):
		refuse(w, http.StatusServiceUnavailable, "the server is busy")
	default:
		held := &heldWriter{ResponseWriter: w, status: http.StatusOK}
		a.serveOther(held, r)
		a.leave() // whoever takes the answer may be slow
		held.send()
	}
}

// heldWriter keeps an answer until it is sent.
type heldWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *heldWriter) WriteHeader(status int)      { w.status = status }
func (w *heldWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *heldWriter) send() {
	w.Header().Set("Content-Length", strconv.Itoa(w.body.Len()))
	w.ResponseWriter.WriteHeader(w.status)
	w.ResponseWriter.Write(w.body.Bytes())
}

// ready reports whether the server serves: before that it has no tree.
func (a *adminServer) ready() bool {
	select {
	case <-a.srv.ready:
		return true
	default:
		return false
	}
}

func (a *adminServer) serveOther(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/metrics" {
		a.metrics.ServeHTTP(w, r)
	} else if !a.servePage(w, r) {
		refuse(w, http.StatusNotFound, "there is nothing here")
	}
}

// enter waits until there are not too many who make an answer.
func (a *adminServer) enter(r *http.Request) bool {
	select {
	case a.running <- struct{}{}:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (a *adminServer) leave() { <-a.running }

// setHeaders forbids browsers what none of the answers needs.
func (a *adminServer) setHeaders(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=86400; includeSubDomains") // as Jetty
	}
}

// checkMethod answers the methods that no path has. Behaviour: HttpServlet.java.
func (a *adminServer) checkMethod(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		if !a.crossSite(r) {
			return true
		}
		a.log.Warn("AdminServer: a page of another site", "from", r.RemoteAddr, "origin", r.Header.Get("Origin"), "host", r.Host)
		refuse(w, http.StatusForbidden, "a page of another site must not do this")
	case http.MethodOptions:
		w.Header().Set("Allow", "GET, HEAD, POST, TRACE, OPTIONS")
	case http.MethodTrace:
		w.WriteHeader(http.StatusForbidden)
	case http.MethodPut, http.MethodDelete:
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
	return false
}

// refuse answers with a status and a line of text.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

// patientWriter gives a client the idle timeout for each piece that it takes of an
// answer, however long the answer is.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func newPatientWriter(w http.ResponseWriter, timeout time.Duration) *patientWriter {
	p := &patientWriter{w, http.NewResponseController(w), timeout}
	p.extend()
	return p
}

func (w *patientWriter) extend() { w.control.SetWriteDeadline(time.Now().Add(w.timeout)) }

func (w *patientWriter) Write(p []byte) (n int, err error) {
	const piece = 64 << 10
	for {
		end := min(n+piece, len(p))
		w.extend()
		m, err := w.ResponseWriter.Write(p[n:end])
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
