package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// digestSHA256 is the id of "user:password" where digestAlg is SHA-256.
func digestSHA256(login string) string {
	sum := sha256.Sum256([]byte(login))
	user, _, _ := strings.Cut(login, ":")
	return user + ":" + base64.StdEncoding.EncodeToString(sum[:])
}

// Where clients have to authenticate, whom ACLs do not stop, and what becomes of
// auth packets, are as with Apache.
func TestAuthenticationIsApaches(t *testing.T) {
	super := digestSHA256("super:pw")
	apache := zktest.Apache(t, "", "tickTime=2000", "DigestAuthenticationProvider.digestAlg=SHA-256",
		"DigestAuthenticationProvider.superDigest="+super, "enforce.auth.enabled=true", "enforce.auth.schemes=digest, x509",
		"authProvider.1=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider", "ensembleAuthName=zoo,park",
		"authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider")
	ours := start(t, Config{TickTime: 2 * time.Second, SuperDigest: super, DigestAlgorithm: "sha-256", EnforceAuth: []string{"digest", "x509"},
		AuthSchemes: []string{"ensemble", "x509"}, EnsembleNames: []string{"zoo", "park"}})
	compareRuns(t, run(t, apache.Addr, authentication), run(t, ours.Addr(), authentication), nil)
}

func authentication(p *program) {
	open := func(conn string) {
		p.conns[conn] = openSession(p.t, p.addr, 20*time.Second)
	}
	for _, o := range []jute.Op{op(jute.OpGetData, reqGet("/", false)), op(jute.OpCreate, reqCreate("/x", "", 0)), op(jute.OpMulti, multi()),
		op(jute.OpSync, &jute.SyncRequest{Path: "/"}), op(jute.OpSetWatches, &jute.SetWatches{}), {Type: jute.OpPing}, {Type: jute.OpCloseSession},
		{Type: jute.OpWhoAmI}, {Type: 99}} {
		open("early")
		var body any // nil, not a nil Record
		if o.Body != nil {
			body = o.Body
		}
		p.do("early", fmt.Sprintf("%v before authentication", o.Type), o.Type, body)
		p.closed("early", fmt.Sprintf("%v before authentication ends it", o.Type))
	}
	open("again")
	session := p.conns["again"]
	p.do("again", "ip is not enough", jute.OpAuth, reqAuth("ip", ""))
	p.do("again", "a refused request", jute.OpGetData, reqGet("/", false))
	p.closed("again", "it ends the connection")
	p.conns["again"] = session.resume(p.addr)
	p.note("the session is there", "%v", p.conns["again"].session.SessionID == session.session.SessionID)
	p.do("again", "authenticated", jute.OpAuth, reqAuth("digest", "ann:pw"))
	p.do("again", "now it is answered", jute.OpGetData, reqGet("/", false))

	for _, auth := range []*jute.AuthPacket{
		reqAuth("nope", "x"), reqAuth("", "x"), reqAuth("world", "anyone"), reqAuth("auth", ""), reqAuth("super", "super:pw"), reqAuth("sasl", "x"),
		reqAuth("x509", "CN=x"), {Scheme: "digest"}, {Scheme: "ip"}, {Scheme: "ensemble"}, reqAuth("digest", ""), reqAuth("digest", ":"),
		reqAuth("digest", "nocolon"), reqAuth("digest", "a:b:c"), reqAuth("digest", "\xff\xfe:\xff"), reqAuth("ensemble", "park"), reqAuth("ensemble", ""),
		reqAuth("ensemble", "elsewhere"), reqAuth("digest", strings.Repeat("x", 100_000)), reqAuth("Digest", "a:b"),
	} {
		name := fmt.Sprintf("%s %.20q %v", auth.Scheme, auth.Auth, auth.Auth == nil)
		open("packet")
		p.do("packet", name, jute.OpAuth, auth)
		if strings.HasPrefix(p.steps[len(p.steps)-1].came, "0 ") {
			p.do("packet", name+", first the password", jute.OpAuth, reqAuth("digest", "z:z"))
			p.do("packet", name+" is", jute.OpWhoAmI, nil)
		} else {
			p.closed("packet", name+" ends it")
		}
	}
	open("damaged")
	p.do("damaged", "half an auth packet", jute.OpAuth, []byte{0, 0, 0, 0, 0, 0})
	p.closed("damaged", "it ends the connection too")

	open("ann")
	p.do("ann", "ann", jute.OpAuth, reqAuth("digest", "ann:pw"))
	p.do("ann", "hers", jute.OpCreate, reqCreate("/ann", "a", 0, entry("auth", "", jute.PermRead)))
	p.do("ann", "nobody's", jute.OpCreate, reqCreate("/none", "a", 0, entry("world", "anyone", 0)))
	open("almost")
	p.do("almost", "a wrong password", jute.OpAuth, reqAuth("digest", "super:pW"))
	p.do("almost", "has no rights", jute.OpGetData, reqGet("/none", false))
	open("super")
	p.do("super", "the right one", jute.OpAuth, reqAuth("digest", "super:pw"))
	p.do("super", "is", jute.OpWhoAmI, nil)
	for _, path := range []string{"/ann", "/none"} {
		p.do("super", path+" get", jute.OpGetData, reqGet(path, false))
		p.do("super", path+" ACL", jute.OpGetACL, reqACL(path))
		p.do("super", path+" set", jute.OpSetData, reqSet(path, "s", -1))
		p.do("super", path+" create below", jute.OpCreate, reqCreate(path+"/x", "", 0, entry("auth", "", 31)))
		p.do("super", path+" what auth became", jute.OpGetACL, reqACL(path+"/x"))
		p.do("super", path+" list", jute.OpGetChildren, reqList(path, false))
		p.do("super", path+" multi", jute.OpMulti, multi(op(jute.OpCheck, &jute.CheckVersionRequest{Path: path, Version: -1}), op(jute.OpDelete, reqDelete(path+"/x", -1))))
		p.do("super", path+" an ACL for super", jute.OpSetACL, reqSetACL(path, -1, entry("super", "", 31)))
		p.do("super", path+" setACL", jute.OpSetACL, reqSetACL(path, -1, entry("ip", "10.0.0.0/8", 31)))
		p.do("ann", path+" is hers no more", jute.OpGetData, reqGet(path, false))
		p.do("super", path+" delete", jute.OpDelete, reqDelete(path, -1))
	}
}

// Without the scheme digest, its identities are worth nothing; with skipACL,
// everybody may do everything. The facts are from ProviderRegistry and
// ZooKeeperServer.checkACL.
func TestSchemesTurnedOff(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir})
	ann := openSession(t, s.Addr(), 20*time.Second)
	ann.do(jute.OpAuth, reqAuth("digest", "ann:pw"), nil)
	ann.do(jute.OpCreate, reqCreate("/ann", "a", 0, entry("auth", "", jute.PermAll)), nil)
	s.Close()

	s = start(t, Config{DataDir: dir, NoDigest: true})
	w := openSession(t, s.Addr(), 20*time.Second)
	if f, _ := w.call(jute.OpCreate, reqCreate("/x", "", 0, entry("digest", "ann:x", 31))); f.Err != jute.ErrInvalidACL {
		t.Errorf("an ACL for the scheme digest: %v", f.Err)
	}
	if f, _ := w.call(jute.OpGetData, reqGet("/ann", false)); f.Err != jute.ErrNoAuth {
		t.Errorf("what was ann's: %v", f.Err)
	}
	if f, _ := w.call(jute.OpAuth, reqAuth("digest", "ann:pw")); f.Err != jute.ErrAuthFailed || !w.isClosed(10*time.Second) {
		t.Errorf("a password: %v", f.Err)
	}
	s.Close()

	s = start(t, Config{DataDir: dir, SkipACL: true})
	w = openSession(t, s.Addr(), 20*time.Second)
	if got := w.get("/ann"); got != "a" {
		t.Errorf("with skipACL: %q", got)
	}
	var acl jute.GetACLResponse
	if w.do(jute.OpGetACL, reqACL("/ann"), &acl); acl.ACL[0].ID.ID != jute.DigestID("ann:pw") {
		t.Errorf("with skipACL, the ACL is %v", acl.ACL)
	}
	if f, _ := w.call(jute.OpCreate, reqCreate("/x", "", 0, entry("nope", "x", 31))); f.Err != jute.ErrInvalidACL {
		t.Errorf("with skipACL, an ACL that is none: %v", f.Err)
	}
	w.do(jute.OpDelete, reqDelete("/ann", -1), nil)
}

// Who connects through IPv6 has an address as Java writes it, and ACLs of networks
// hold for it.
func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		l.Close()
	}
	s := start(t, Config{Addr: "[::1]:0"})
	w := openSession(t, s.Addr(), 20*time.Second)
	var who jute.WhoAmIResponse
	if w.do(jute.OpWhoAmI, nil, &who); len(who.ClientInfo) != 1 || who.ClientInfo[0].User != "0:0:0:0:0:0:0:1" {
		t.Errorf("whoAmI: %+v", who.ClientInfo)
	}
	for acl, mine := range map[string]bool{"::1": true, "::1/128": true, "0:0:0:0:0:0:0:1": true, "::/0": true, "::/127": true, "::2/128": false,
		"::2/126": true, "fe80::/10": false, "0.0.0.1": false, "127.0.0.1": false, "0.0.0.0/0": false, "1::/16": false} {
		path := "/" + strings.ReplaceAll(acl, "/", "-")
		w.do(jute.OpCreate, reqCreate(path, "", 0, entry("ip", acl, 31)), nil)
		if f, _ := w.call(jute.OpGetData, reqGet(path, false)); (f.Err == jute.ErrOK) != mine {
			t.Errorf("an ACL for %s: %v", acl, f.Err)
		}
	}
	for _, acl := range []string{"::1/129", "::1/-1", "::1/x", ":1", "1:2:3:4:5:6:7:8:9", "1::2::3", "::12345", "::ffff:1.2.3.4", "fe80::1%lo", "::g", "[::1]"} {
		if f, _ := w.call(jute.OpCreate, reqCreate("/bad", "", 0, entry("ip", acl, 31))); f.Err != jute.ErrInvalidACL {
			t.Errorf("an ACL for %s: %v", acl, f.Err)
		}
	}
}

// What contradicts itself is told at the start.
func TestWrongAuthentication(t *testing.T) {
	for says, cfg := range map[string]Config{
		`there is no digest "SHA-9"`:          {DigestAlgorithm: "SHA-9"},
		`the scheme "x509", which`:            {EnforceAuth: []string{"x509"}},
		`the scheme "digest", which`:          {EnforceAuth: []string{"digest"}, NoDigest: true},
		`no authentication scheme "kerberos"`: {AuthSchemes: []string{"kerberos"}},
	} {
		if s, err := Start(context.Background(), cfg); err == nil {
			s.Close()
			t.Errorf("%+v starts", cfg)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%v, not %s", err, says)
		}
	}
}

// A client that invents users without end is turned away before they fill the memory.
func TestIdentitiesAreBounded(t *testing.T) {
	s := start(t, Config{})
	for name, login := range map[string]string{"many": "u%d:x", "large": strings.Repeat("u", 100_000) + "%d:x"} {
		w := openSession(t, s.Addr(), 20*time.Second)
		f, added := frame{}, 0
		for ; f.Err == jute.ErrOK && added <= 2*maxIdentities; added++ {
			f, _ = w.call(jute.OpAuth, reqAuth("digest", fmt.Sprintf(login, added)))
		}
		if f.Err != jute.ErrAuthFailed || !w.isClosed(10*time.Second) {
			t.Errorf("%s: %v after %d users", name, f.Err, added)
		}
		if added < 5 {
			t.Errorf("%s: %d users are too many", name, added)
		}
	}
}
