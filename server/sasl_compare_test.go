package server

import (
	"crypto/md5"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// saslUsers are the users of both servers.
var saslUsers = map[string]string{"bob": "secret", "ann": "geheim", "super": "almighty", "root": "r", "rené": "garçon", "Жук": "пароль", "no": ""}

// saslResponse is what user answers to a challenge with a nonce, with some of the
// directives changed before the proof is made; "-" takes one away.
func saslResponse(nonce, user, password string, change map[string]string) []byte {
	v := map[string]string{"charset": "utf-8", "username": `"` + user + `"`, "realm": `"zk-sasl-md5"`, "nonce": `"` + nonce + `"`,
		"nc": "00000001", "cnonce": `"c"`, "digest-uri": `"zookeeper/zk-sasl-md5"`, "maxbuf": "65536", "qop": "auth"}
	maps.Copy(v, change)
	if v["response"] == "" {
		a1 := md5.Sum([]byte(latin(user) + ":zk-sasl-md5:" + latin(password)))
		secret := string(a1[:]) + ":" + nonce + ":c"
		if a, ok := v["authzid"]; ok {
			secret += ":" + strings.Trim(a, `"`)
		}
		of := func(s string) string { sum := md5.Sum([]byte(s)); return fmt.Sprintf("%x", sum) }
		v["response"] = of(of(secret) + ":" + nonce + ":00000001:c:auth:" + of("AUTHENTICATE:"+strings.Trim(v["digest-uri"], `"`)))
	}
	var items []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if v[name] != "-" {
			items = append(items, name+"="+v[name])
		}
	}
	return []byte(strings.Join(items, ","))
}

// latin is s in ISO 8859-1 if it can be, which is what hashes are made of.
func latin(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xff {
			return s
		}
		b = append(b, byte(r))
	}
	return string(b)
}

var nonceIn = regexp.MustCompile(`nonce="([^"]*)"`)

// sasl sends a token and notes the answer. It returns the nonce that has come, if
// one has.
func (p *program) sasl(conn, name string, token []byte) (nonce string) {
	p.t.Helper()
	return p.saslBody(conn, name, jute.AppendBuffer(nil, token))
}

// saslBody sends a packet and notes the answer, without what is random in it.
func (p *program) saslBody(conn, name string, body []byte) (nonce string) {
	p.t.Helper()
	w := p.on(conn)
	w.xid++
	w.tryWrite(encodeRequest(w.xid, jute.OpSASL, body))
	f, err := w.next()
	if err != nil {
		p.note(name, "closed")
		return ""
	}
	var res jute.SetSASLResponse
	if err := jute.Unmarshal(f.body, &res); err != nil {
		p.note(name, "%d with % x", f.Err, f.body)
		return ""
	}
	answer := string(res.Token)
	if found := nonceIn.FindStringSubmatch(answer); found != nil {
		nonce, answer = found[1], fmt.Sprintf("%s with a nonce of %d", nonceIn.ReplaceAllString(answer, "nonce"), len(found[1]))
	} else if proof, ok := strings.CutPrefix(answer, "rspauth="); ok {
		answer = fmt.Sprintf("rspauth of %d", len(proof))
	}
	p.note(name, "xid %v, %d at %d, null %v %q", f.Xid == w.xid, f.Err, f.Zxid, res.Token == nil, answer)
	return nonce
}

// logIn is a whole exchange on a connection of its own, and what it is worth.
func (p *program) logIn(name, user, password string, change map[string]string) {
	p.t.Helper()
	nonce := p.sasl(name, name+": challenge", []byte{})
	p.sasl(name, name+": response", saslResponse(nonce, user, password, change))
	p.afterwards(name)
}

// afterwards notes whether a connection is still there, and for whom.
func (p *program) afterwards(conn string) {
	p.t.Helper()
	p.who(conn, conn+": who")
}

func (p *program) who(conn, name string) {
	p.t.Helper()
	p.do(conn, name, jute.OpWhoAmI, nil)
	if strings.HasPrefix(p.steps[len(p.steps)-1].came, "closed") {
		delete(p.conns, conn)
	}
}

// responses of all kinds, good and bad.
func saslResponses(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/s", "", 0))
	p.logIn("right", "bob", "secret", nil)
	p.logIn("wrong password", "bob", "Secret", nil)
	p.logIn("no password", "bob", "", nil)
	p.logIn("empty password", "no", "", nil)
	p.logIn("unknown user", "eve", "none", nil) // Apache 3.8 lets her in with the password of whoever came last
	p.logIn("other case", "Bob", "none", nil)
	p.logIn("empty user", "", "", nil)
	p.logIn("super", "super", "almighty", nil)
	p.logIn("latin", "rené", "garçon", nil)
	p.logIn("cyrillic", "Жук", "пароль", nil)
	for _, change := range []string{
		"realm=-", `realm=""`, `realm="elsewhere"`, `realm="ZK-SASL-MD5"`, `nonce="x"`, "nonce=-", "cnonce=-", `cnonce=""`, "username=-", "response=-",
		`response=""`, "response=0123456789abcdef0123456789abcdef", "qop=auth-int", "qop=auth-conf", "qop=AUTH", "qop=-", "charset=latin1", "charset=UTF-8",
		"charset=-", "digest-uri=-", `digest-uri="zookeeper/localhost"`, `digest-uri="zookeeper"`, `digest-uri="ZooKeeper/ZK-sasl-md5"`,
		"maxbuf=x", "maxbuf=", "maxbuf=99999999999", "maxbuf=-5", "maxbuf=+5", "maxbuf=1_0", "maxbuf=-", "nonce-count=1", "nonce-count=00000001", "nonce-count=2", "nonce-count=x",
		"nc=00000002", "nc=-", "nc=x", `authzid="ann"`, `authzid="super"`, `authzid=""`, `authzid=ann`, "cipher=rc4", `x="a b"`, "x=1,x=2", "x=1,username=ann",
		"auth-param=1,auth-param=2", "x=1 ", "x= 1", "x=1\n y = 2", "x", "zz=\"", "zz=\"\\", "zz=\"1\"2", "zz=\"1\" ", "zz=", "zz=,", "zz = ", "=1", ",,", "x y=1", "zz",
	} {
		key, value, _ := strings.Cut(change, "=")
		p.logIn(change, "bob", "secret", map[string]string{key: value})
	}
	p.a("others go on", jute.OpExists, reqExists("/s", false))
}

// exchanges are of tokens in odd orders and sizes.
func saslExchanges(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/x", "", 0))
	bob := func(nonce string) []byte { return saslResponse(nonce, "bob", "secret", nil) }
	n := p.sasl("first ignored", "a first token", []byte("what is this?"))
	p.sasl("first ignored", "its response", bob(n))
	p.afterwards("first ignored")

	old := p.sasl("again", "again", []byte{})
	p.sasl("again", "again: response", bob(old))
	p.sasl("again", "again: after the end", []byte{})
	p.afterwards("again")

	n = p.sasl("twice", "twice", []byte{})
	p.sasl("twice", "twice: response", bob(n))
	p.sasl("twice", "twice: the same response", bob(n))
	p.afterwards("twice")

	p.sasl("replay", "replay", []byte{})
	p.sasl("replay", "replay of another connection", bob(old))
	p.afterwards("replay")

	p.sasl("empty", "empty", []byte{})
	p.sasl("empty", "an empty response", []byte{})
	p.afterwards("empty")

	p.sasl("null", "null", nil)
	p.afterwards("null")
	p.sasl("null second", "null: challenge", []byte{})
	p.sasl("null second", "null: response", nil)
	p.afterwards("null second")

	p.sasl("large first", "4096 bytes", make([]byte, 4096))
	p.afterwards("large first")
	p.sasl("too large first", "4097 bytes", make([]byte, 4097))
	p.afterwards("too large first")
	p.sasl("huge", "a megabyte less a little", make([]byte, 1<<20-100))
	p.afterwards("huge")
	n = p.sasl("large", "large: challenge", []byte{})
	p.sasl("large", "large: response", append(bob(n), []byte(strings.Repeat(" ", 4096-len(bob(n))))...))
	p.afterwards("large")
	n = p.sasl("too large", "too large: challenge", []byte{})
	p.sasl("too large", "too large: response", append(bob(n), []byte(strings.Repeat(" ", 4097-len(bob(n))))...))
	p.afterwards("too large")

	for _, odd := range []struct {
		name string
		body []byte
	}{{"no body", []byte{}}, {"half a length", []byte{0, 0}}, {"half a token", []byte{0, 0, 0, 9, 'x'}},
		{"a length of -2", jute.AppendInt(nil, -2)}, {"a huge length", jute.AppendInt(nil, 1<<30)}} {
		p.saslBody(odd.name, odd.name, odd.body)
		p.afterwards(odd.name)
	}
	p.saslBody("more", "more than a token", append(jute.AppendBuffer(nil, []byte{}), 1, 2, 3))
	p.a("others go on", jute.OpExists, reqExists("/x", false))
}

// saslACLs are of users that have logged in, and of what ACLs make of them.
func saslACLs(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/sa", "", 0))
	for i, id := range []string{"bob", "", "nobody", "bob@REALM", "bob/host@REALM", "bob/host", "a/b/c", "a/b/c@R", "a@b@c", "@", "/@", "//@", "a@b/c", "b b", "bob:x"} {
		acl := []jute.ACL{entry("sasl", id, jute.PermAll)}
		p.a(fmt.Sprintf("%q", id), jute.OpCreate, &jute.CreateRequest{Path: fmt.Sprintf("/sa/v%d", i), ACL: acl})
	}
	users := []string{"bob", "ann", "no", "super", "root"}
	for _, user := range users {
		p.logIn(user, user, saslUsers[user], nil)
		p.do(user, user+" creates", jute.OpCreate, reqCreate("/sa/"+user, "data", 0, entry("auth", "", jute.PermAll)))
		p.do(user, user+" has created", jute.OpGetACL, reqACL("/sa/"+user))
		p.do(user, user+" creates with sasl", jute.OpCreate, reqCreate("/sa/only-"+user, "data", 0, entry("sasl", user, jute.PermAll)))
	}
	p.a("for every user", jute.OpCreate, reqCreate("/sa/every", "data", 0, entry("sasl", "everybody", jute.PermRead)))
	p.a("by digest too", jute.OpCreate, reqCreate("/sa/digest", "data", 0, entry("digest", jute.DigestID("d:d"), jute.PermAll)))
	for _, user := range append(users, "nobody") {
		for _, path := range []string{"bob", "ann", "only-bob", "only-super", "v0", "every", "digest"} {
			p.do(user, user+" reads "+path, jute.OpGetData, reqGet("/sa/"+path, false))
			p.do(user, user+" writes "+path, jute.OpSetData, reqSet("/sa/"+path, "", -1))
			p.do(user, user+" asks for the ACL of "+path, jute.OpGetACL, reqACL("/sa/"+path))
			p.do(user, user+" creates below "+path, jute.OpCreate, reqCreate("/sa/"+path+"/x", "", 0))
			p.do(user, user+" deletes below "+path, jute.OpDelete, reqDelete("/sa/"+path+"/x", -1))
			p.do(user, user+" sets the ACL of "+path, jute.OpSetACL, reqSetACL("/sa/"+path, 99, jute.OpenACL()...))
		}
	}
	p.do("both", "digest first", jute.OpAuth, reqAuth("digest", "d:d"))
	p.logIn("both", "bob", "secret", nil)
	p.do("both", "digest last", jute.OpAuth, reqAuth("digest", "e:e"))
	p.do("both", "creates as all", jute.OpCreate, reqCreate("/sa/both", "", 0, entry("auth", "", jute.PermAll)))
	p.do("both", "has created as all", jute.OpGetACL, reqACL("/sa/both"))
	p.do("packet", "an auth packet", jute.OpAuth, reqAuth("sasl", "bob"))
	p.closed("packet", "an auth packet closes")
}

func TestSASLIsApaches(t *testing.T) {
	t.Parallel()
	apache := zktest.ApacheSASL(t, saslUsers, "zookeeper.superUser=root", "zookeeper.superUser.2=ann", "zookeeper.letAnySaslUserDoX=everybody")
	ours := start(t, Config{TickTime: 500 * time.Millisecond, SASLUsers: saslUsers, AuthSchemes: []string{"sasl"},
		SASLSuperUsers: []string{"root", "ann"}, SASLAnyUser: "everybody"})
	for name, body := range map[string]func(*program){"responses": saslResponses, "exchanges": saslExchanges, "ACLs": saslACLs} {
		t.Run(name, func(t *testing.T) {
			compareRuns(t, run(t, apache.Addr, body), run(t, ours.Addr(), body), nil)
		})
	}
}

// strangers try what they may before they have logged in.
func strangers(p *program) {
	p.noZxids = true
	p.conns["base"] = openSession(p.t, p.addr, 20*time.Second) // the first asks for something
	for i, try := range []struct {
		op   jute.OpCode
		body any
	}{{jute.OpExists, reqExists("/", false)}, {jute.OpCreate, reqCreate("/r", "", 0)}, {jute.OpWhoAmI, nil}, {jute.OpPing, nil}, {jute.OpSync, &jute.SyncRequest{Path: "/"}},
		{jute.OpCloseSession, nil}, {jute.OpSetWatches, &jute.SetWatches{}}, {99, nil}, {jute.OpMulti, []byte{1}}} {
		conn := fmt.Sprintf("stranger %d", i)
		p.do(conn, fmt.Sprintf("%v", try.op), try.op, try.body)
		p.closed(conn, fmt.Sprintf("%v closes", try.op))
	}
	p.do("digest", "digest alone", jute.OpAuth, reqAuth("digest", "d:d"))
	p.afterwards("digest")
	p.logIn("bob", "bob", "secret", nil)
	p.do("bob", "bob creates", jute.OpCreate, reqCreate("/bob", "", 0, entry("sasl", "bob", jute.PermAll)))
	p.logIn("wrong", "bob", "wrong", nil)
	p.sasl("half", "half: challenge", []byte{})
	p.afterwards("half")
	p.sasl("half again", "half again: challenge", []byte{})
	p.sasl("half again", "half again: nonsense", []byte("nonsense"))
	p.afterwards("half again")
	p.logIn("number", "bob", "secret", map[string]string{"maxbuf": "x"})
}

func TestRequiredSASLIsApaches(t *testing.T) {
	t.Parallel()
	apache := zktest.ApacheSASL(t, saslUsers, "zookeeper.sessionRequireClientSASLAuth=true", "zookeeper.allowSaslFailedClients=true")
	ours := start(t, Config{TickTime: 500 * time.Millisecond, SASLUsers: saslUsers, AuthSchemes: []string{"sasl"}, EnforceAuth: []string{"sasl"}, KeepFailedSASL: true})
	compareRuns(t, run(t, apache.Addr, strangers), run(t, ours.Addr(), strangers), nil)
}

// failures are of clients that the server keeps nevertheless.
func failures(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/f", "", 0))
	p.logIn("wrong", "bob", "wrong", nil)
	nonce := p.sasl("wrong", "wrong: again", []byte{})
	p.sasl("wrong", "wrong: right after all", saslResponse(nonce, "bob", "secret", nil))
	p.who("wrong", "wrong: who at last")
	p.sasl("too large", "too large first", make([]byte, 4097))
	p.logIn("too large", "bob", "secret", nil)
	p.logIn("realm", "bob", "secret", map[string]string{"realm": "x"})
	p.logIn("twice", "bob", "secret", nil)
	p.sasl("twice", "twice: after the end", []byte{})
	p.who("twice", "twice: who at last")
	p.logIn("number", "bob", "secret", map[string]string{"maxbuf": "x"})
	p.sasl("null", "null", nil)
	p.afterwards("null")
}

func TestFailedSASLStaysAsWithApache(t *testing.T) {
	t.Parallel()
	apache := zktest.ApacheSASL(t, saslUsers, "zookeeper.allowSaslFailedClients=true")
	ours := start(t, Config{TickTime: 500 * time.Millisecond, SASLUsers: saslUsers, AuthSchemes: []string{"sasl"}, KeepFailedSASL: true})
	compareRuns(t, run(t, apache.Addr, failures), run(t, ours.Addr(), failures), nil)
}

// noSASL is where nobody can log in.
func noSASL(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/ns", "", 0))
	p.sasl("a", "a token", []byte{})
	p.sasl("a", "another", []byte("x"))
	p.a("it is still there", jute.OpWhoAmI, nil)
	p.sasl("null", "null", nil)
	p.afterwards("null")
	p.saslBody("half", "half a token", []byte{0})
	p.afterwards("half")
}
