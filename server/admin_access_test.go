package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

// guard lets only digest u:pw do everything with the root, and ip 10.0.0.1 read it.
func guard(t *testing.T, s *Server) {
	t.Helper()
	w := openSession(t, s.Addr(), 20*time.Second)
	w.do(jute.OpSetACL, &jute.SetACLRequest{Path: "/", Version: -1, ACL: []jute.ACL{
		{Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: jute.DigestID("u:pw")}},
		{Perms: jute.PermRead | jute.PermAdmin, ID: jute.ID{Scheme: "ip", ID: "127.0.0.1"}}}}, nil)
}

// Who may have a snapshot taken. Statuses and texts: CommandAuthTest.java, Commands.java.
func TestSnapshotIsGuarded(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{SuperDigest: jute.DigestID("super:secret")})
	guard(t, s)
	for _, c := range []struct {
		auth   []string
		status int
		says   string
	}{
		{nil, 401, "Auth info is missing for the command"},
		{[]string{""}, 401, "Not authenticated"},
		{[]string{"digest"}, 401, "Not authenticated"},
		{[]string{"digest u:pw more"}, 401, "Not authenticated"},
		{[]string{"Basic dTpwdw=="}, 401, "Not authenticated"},
		{[]string{"world anyone"}, 401, "Not authenticated"},
		{[]string{"super "}, 401, "Not authenticated"},
		{[]string{"sasl u"}, 401, "Not authenticated"},
		{[]string{"x509"}, 401, "Not authenticated"},
		{[]string{"Digest u:pw"}, 401, "Not authenticated"},
		{[]string{"digest u:wrong"}, 403, "Not authorized"},
		{[]string{"digest "}, 401, "Not authenticated"},
		{[]string{"ip"}, 403, "Not authorized"}, // not all permissions
		{[]string{"digest u:pw"}, 200, ""},
		{[]string{"digest super:secret"}, 200, ""},
	} {
		var header []string
		if c.auth != nil {
			header = []string{"Authorization", c.auth[0]}
		}
		for _, name := range []string{"snapshot", "snap"} {
			r := get(t, s.AdminAddr(), "/commands/"+name+"?streaming=false", header...)
			got := fields(t, r.body)
			said, _ := got["error"].(string)
			if r.status != c.status || said != c.says {
				t.Errorf("%q: %d %q, want %d %q", c.auth, r.status, said, c.status, c.says)
			}
			if c.status == 200 && (len(r.header["Last_zxid"]) == 0 || len(r.header["Snapshot_size"]) == 0 || got["command"] != "snapshot") {
				t.Errorf("%q: %v %s", c.auth, r.header, r.body)
			}
		}
	}
	for _, command := range []string{"restore", "shed_connections"} {
		if r := askHTTP(t, http.MethodPost, s.AdminAddr(), "/commands/"+command, strings.NewReader("x")); r.status != 401 {
			t.Errorf("%s without a login: %d %s", command, r.status, r.body)
		}
	}
}

// What turns the commands off, and how often they may be asked for.
func TestSnapshotAndRestoreTurnedOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg              Config
		snapshot, second int // statuses
		restore          int
	}{
		"limited": {Config{Admin: AdminConfig{RateLimit: 24 * time.Hour}}, 200, 429, 500},
		"off":     {Config{Admin: AdminConfig{NoSnapshot: true, NoRestore: true}}, 503, 503, 503},
		"no zxid": {Config{NoLastZxid: true}, 500, 500, 500},
	} {
		s := withAdmin(t, c.cfg)
		for i, want := range []int{c.snapshot, c.second} {
			r := get(t, s.AdminAddr(), "/commands/snapshot", anyLogin...)
			if r.status != want || r.status != 200 && fields(t, r.body)["error"] == nil {
				t.Errorf("%s: snapshot %d: %d %s", name, i, r.status, r.body)
			}
		}
		want := c.restore
		for range 2 {
			if r := restore(t, s, strings.NewReader("none")); r.status != want {
				t.Errorf("%s: restore: %d %s, want %d", name, r.status, r.body, want)
			}
			if name == "limited" {
				want = 429
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{Admin: AdminConfig{Tree: true}})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/commands/ruok", 405}, {"GET", "/commands/restore", 405}, {"GET", "/commands/shed", 405},
		{"POST", "/commands/snapshot", 405}, {"POST", "/", 405}, {"POST", "/tree", 405}, {"POST", "/commands", 200},
		{"HEAD", "/", 200}, {"TRACE", "/", 403}, {"BREW", "/", 501}, {"GET", "/nothing", 404}, {"GET", "/debug/pprof/", 404},
		{"GET", "/commandsx", 404}, {"GET", "/commands/../tree", 200}, {"GET", "//", 404}, {"GET", "/page/style.css", 404},
	} {
		if r := askHTTP(t, c.method, s.AdminAddr(), c.path, nil, anyLogin...); r.status != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, r.status, c.status, r.body)
		}
	}
	// A page of another site must not have a browser do anything.
	for origin, status := range map[string]int{"http://evil.example": 403, "null": 403, "http://" + s.AdminAddr(): 500} {
		r := askHTTP(t, "POST", s.AdminAddr(), "/commands/restore", strings.NewReader("none"), append(anyLogin, "Origin", origin)...)
		if r.status != status {
			t.Errorf("restore from %s: %d %s", origin, r.status, r.body)
		}
	}
	evil, err := http.NewRequest("POST", "http://"+s.AdminAddr()+"/commands/restore", strings.NewReader("none"))
	if err != nil {
		t.Fatal(err)
	}
	evil.Host = "evil.example" // its name points here
	evil.Header = http.Header{"Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"same-origin"}, "Authorization": {"digest a:b"}}
	res, err := http.DefaultClient.Do(evil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusForbidden {
		t.Errorf("restore from a page under another name: %d", res.StatusCode)
	}
}

func TestShedConnections(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{})
	shed := func(body string) httpReply {
		return askHTTP(t, http.MethodPost, s.AdminAddr(), "/commands/shed", strings.NewReader(body), anyLogin...)
	}
	w := openSession(t, s.Addr(), 20*time.Second)
	for body, want := range map[string]string{"": "Missing required field: percentage", "{}": "Missing required field: percentage",
		"{": "Invalid JSON or failed to read request body: unexpected end of JSON input", `{"percentage":101}`: "Percentage must be between 0 and 100",
		`{"percentage":-1}`: "Percentage must be between 0 and 100", `{"percentage":"101"}`: "Percentage must be between 0 and 100"} {
		if r := shed(body); r.status != http.StatusBadRequest || fields(t, r.body)["error"] != want {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	if r := shed(`{"percentage":0}`); fields(t, r.body)["connections_shed"] != 0.0 {
		t.Error(r.body)
	}
	w.create("/still", "", 0)
	if r := shed(`{"percentage":100}`); r.status != 200 || fields(t, r.body)["connections_shed"] != 1.0 || fields(t, r.body)["percentage_requested"] != 100.0 {
		t.Error(r.body)
	}
	if !w.isClosed(10*time.Second) || w.resume(s.Addr()).session.SessionID != w.session.SessionID {
		t.Error("the connection is there, or the session is not")
	}
}

// Our own monitoring reads what the AdminServer tells where the words are closed.
func TestOurMonitoringOfTheAdminServer(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{Words: []string{"ruok"}})
	w := openSession(t, s.Addr(), 20*time.Second)
	w.create("/e", "", jute.Ephemeral)
	w.do(jute.OpGetData, &jute.GetDataRequest{Path: "/e", Watch: true}, nil)
	_, port, _ := net.SplitHostPort(s.AdminAddr())
	c := &fourletter.Client{}
	fmt.Sscan(port, &c.AdminPort)
	p := c.Probe(t.Context(), s.Addr())
	if p.Err != nil || len(p.Notes) > 0 || len(p.Admin) != 2 || p.Srvr.Mode != "standalone" || p.Srvr.Zxid != s.tree.LastZxid() {
		t.Errorf("%+v %+v", p, p.Srvr)
	}
	if n, ok := p.Metric("znode_count"); !ok || n != 6 {
		t.Errorf("%v znodes", n)
	}
	if id, ok := p.ID(); !ok || id != 0 {
		t.Errorf("id %d", id)
	}
	conns, admin, err := c.Cons(t.Context(), s.Addr())
	ours := func(c fourletter.Conn) bool { // beside connections that ask
		return c.Session == w.session.SessionID && time.Since(time.UnixMilli(c.Established)) < time.Minute
	}
	if err != nil || !admin || !slices.ContainsFunc(conns, ours) {
		t.Errorf("%+v, %v", conns, err)
	}
	dump, _, err := c.Dump(t.Context(), s.Addr())
	if err != nil || len(dump.Sessions()) != 1 || len(dump.Ephemerals) != 1 {
		t.Errorf("%+v, %v", dump, err)
	}
	if paths, _, err := c.Wchp(t.Context(), s.Addr()); err != nil || len(paths) != 1 || paths[0].Path != "/e" {
		t.Errorf("%+v, %v", paths, err)
	}
}

// Clients that are too many, too slow or too loud do others no harm.
func TestHostileHTTP(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{Admin: AdminConfig{IdleTimeout: 4 * time.Second}})
	tell := func(text string) net.Conn {
		nc, err := net.Dial("tcp", s.AdminAddr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		nc.SetDeadline(time.Now().Add(60 * time.Second))
		io.WriteString(nc, text)
		return nc
	}
	status := func(nc net.Conn) int {
		res, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			return 0 // closed
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	slow := []net.Conn{
		tell(""),
		tell("GET /commands/ruok HTTP/1.1\r\nHost: x\r\nX-"),
		tell("POST /commands/restore HTTP/1.1\r\nHost: x\r\nAuthorization: digest a:b\r\nContent-Length: 1000\r\n\r\nZKSN"),
		tell("POST /commands/ruok HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"),
	}
	for text, want := range map[string]int{
		"nonsense\r\n\r\n": 400,
		"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("a", 20<<10) + "\r\n\r\n":                    431,
		"GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n":                               431,
		"GET /commands/" + strings.Repeat("%00", 2000) + " HTTP/1.1\r\nHost: x\r\n\r\n":                      200,
		"POST /commands/shed HTTP/1.1\r\nHost: x\r\nAuthorization: digest a:b\r\nContent-Length: -1\r\n\r\n": 400,
		"POST /commands/shed HTTP/1.1\r\nHost: x\r\nAuthorization: digest a:b\r\nContent-Length: 9999999999999\r\n\r\n" +
			strings.Repeat("x", 1000): 400,
		"\x16\x03\x01\x02\x00\x01": 400,
	} {
		if got := status(tell(text)); got != want {
			t.Errorf("%.60q: %d, want %d", text, got, want)
		}
	}
	var asking sync.WaitGroup
	failed := make(chan error, 1000)
	for range 1000 {
		asking.Go(func() {
			client := http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			res, err := client.Get("http://" + s.AdminAddr() + "/commands/stats")
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			failed <- err
		})
	}
	asking.Wait()
	for range 1000 {
		if err := <-failed; err != nil {
			t.Errorf("one of 1,000: %v", err)
		}
	}
	for i, nc := range slow {
		if got := status(nc); got/100 == 2 {
			t.Errorf("slow client %d: %d", i, got)
		}
		io.Copy(io.Discard, nc)
	}
	openSession(t, s.Addr(), time.Second).create("/a", "", 0)
}

// HTTPS alone, or on the port of HTTP; certificates that prove who may restore.
func TestAdminTLS(t *testing.T) {
	t.Parallel()
	certs := zktest.NewCerts(t)
	store := TLS{KeyStore: Store{File: certs.Server}, TrustStore: Store{File: certs.CA}}
	fetch := func(s *Server, scheme string, conf *tls.Config, auth string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, scheme+"://"+s.AdminAddr()+"/commands/snapshot?streaming=false", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", auth)
		client := http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}, Timeout: 30 * time.Second}
		res, err := client.Do(r)
		if err != nil {
			return 0, ""
		}
		defer res.Body.Close()
		return res.StatusCode, res.Header.Get("Strict-Transport-Security")
	}
	https := withAdmin(t, Config{Admin: AdminConfig{ForceHTTPS: true, TLS: store}})
	if status, sts := fetch(https, "https", certs.Config(t, false), "digest a:b"); status != 200 || sts == "" {
		t.Errorf("https: %d %q", status, sts)
	}
	if status, _ := fetch(https, "http", nil, "digest a:b"); status != 400 {
		t.Errorf("http on the port of https: %d", status)
	}
	both := store
	both.OnPlainPort = true
	unified := withAdmin(t, Config{Admin: AdminConfig{TLS: both}})
	for _, scheme := range []string{"https", "http", "https"} {
		if status, sts := fetch(unified, scheme, certs.Config(t, false), "digest a:b"); status != 200 || (sts == "") != (scheme == "http") {
			t.Errorf("%s on both: %d %q", scheme, status, sts)
		}
	}
	if n := unified.stats.insecureAdmin.get(); n != 1 {
		t.Errorf("%d insecure", n)
	}
	need := store
	need.ClientAuth = "need"
	mutual := withAdmin(t, Config{TLS: store, AuthSchemes: []string{"x509"}, Admin: AdminConfig{ForceHTTPS: true, TLS: need}})
	if status, _ := fetch(mutual, "https", certs.Config(t, false), "x509"); status != 0 {
		t.Errorf("without a certificate: %d", status)
	}
	if status, _ := fetch(mutual, "https", certs.Config(t, true), "x509"); status != 200 {
		t.Errorf("with a certificate: %d", status)
	}
	w := openSession(t, mutual.Addr(), time.Second)
	w.do(jute.OpSetACL, &jute.SetACLRequest{Path: "/", Version: -1, ACL: []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "x509", ID: "CN=zook test client"}}}}, nil)
	for auth, want := range map[string]int{"x509": 200, "digest a:b": 403, "ip": 403} {
		if status, _ := fetch(mutual, "https", certs.Config(t, true), auth); status != want {
			t.Errorf("%s: %d, want %d", auth, status, want)
		}
	}
	// Without its files it goes on without the AdminServer, as Apache.
	var log bytes.Buffer
	s := start(t, Config{Admin: AdminConfig{Addr: "127.0.0.1:0", ForceHTTPS: true}, Logger: textLogger(&log)})
	if s.AdminAddr() != "" || !strings.Contains(log.String(), "HTTPS is not possible") {
		t.Errorf("%q %s", s.AdminAddr(), log.String())
	}
}
