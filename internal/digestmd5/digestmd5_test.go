package digestmd5

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The example of RFC 2831, section 4.
func TestProofsOfTheRFC(t *testing.T) {
	x := &exchange{user: "chris", realm: "elwood.innosoft.com", password: "secret",
		nonce: []byte("OA6MG9tEQGm2hh"), cnonce: []byte("OA6MHXh6VqTrRk"), uri: "imap/elwood.innosoft.com"}
	if got := string(x.proof(byClient)); got != "d388dad90d4bbd760a152321f2143af7" {
		t.Errorf("of the client: %s", got)
	}
	if got := string(x.proof(byServer)); got != "ea40f60335c427b5527b84dbabcdfffd" {
		t.Errorf("of the server: %s", got)
	}
}

// exchangeTokens runs a whole exchange and returns what came of it on each side.
func exchangeTokens(users map[string]string, user, password string) (s *Server, server, client error) {
	s = NewServer(users)
	c := NewClient(user, password)
	var token []byte
	for token = []byte{}; token != nil; {
		reply, err := s.Step(token)
		if err != nil {
			return s, err, nil
		}
		if token, err = c.Step(reply); err != nil {
			return s, nil, err
		}
	}
	return s, nil, nil
}

func TestExchange(t *testing.T) {
	users := map[string]string{"bob": "secret", "a b": "", "q\"\\\t\x01\x7f,=": "\"", "rené": "garçon", "Жук": "пароль", "ÿĀ": "mixed ÿ"}
	for user, password := range users {
		s, server, client := exchangeTokens(users, user, password)
		if server != nil || client != nil || s.User() != user {
			t.Errorf("%q: %q, server %v, client %v", user, s.User(), server, client)
		}
		if _, err := s.Step([]byte{}); err == nil {
			t.Errorf("%q: a second exchange on the same connection", user)
		}
		for _, wrong := range []string{password + "x", "x" + password, strings.ToUpper(password) + " "} {
			if s, err, _ := exchangeTokens(users, user, wrong); err == nil || s.User() != "" {
				t.Errorf("%q with the password %q: %q, %v", user, wrong, s.User(), err)
			}
		}
	}
	for _, user := range []string{"nobody", "Bob", "bob ", ""} {
		if s, err, _ := exchangeTokens(users, user, ""); err == nil || s.User() != "" {
			t.Errorf("%q: %q, %v", user, s.User(), err)
		}
	}
}

// answered is a challenge, and what bob answers, with f's changes of the
// directives before the proof is made; "-" takes one away.
func answered(s *Server, change map[string]string) string {
	challenge, _ := s.Step([]byte{})
	d, _ := parse(challenge, "", "nonce")
	v := map[string]string{"charset": "utf-8", "username": `"bob"`, "realm": `"zk-sasl-md5"`, "nonce": quoted(string(d["nonce"])),
		"nc": "00000001", "cnonce": `"c"`, "digest-uri": `"zookeeper/zk-sasl-md5"`, "maxbuf": "65536", "qop": "auth"}
	maps.Copy(v, change)
	x := &exchange{user: strings.Trim(v["username"], `"`), realm: Realm, password: "secret", nonce: d["nonce"], cnonce: []byte("c"), uri: strings.Trim(v["digest-uri"], `"`)}
	if a, ok := v["authzid"]; ok {
		x.authzid = []byte(strings.Trim(a, `"`))
	}
	if v["response"] == "" {
		v["response"] = string(x.proof(byClient))
	}
	var items []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if v[name] != "-" {
			items = append(items, name+"="+v[name])
		}
	}
	return strings.Join(items, ",")
}

func TestResponses(t *testing.T) {
	for _, test := range []struct {
		change map[string]string
		as     error // nil if it is accepted
	}{
		{nil, nil},
		{map[string]string{"realm": `"elsewhere"`}, errors.New("realm")},
		{map[string]string{"realm": "-"}, errors.New("realm")},
		{map[string]string{"realm": `"ZK-SASL-MD5"`}, errors.New("realm")},
		{map[string]string{"nonce": `"another"`}, errors.New("nonce")},
		{map[string]string{"nonce": "-"}, errors.New("nonce")},
		{map[string]string{"cnonce": "-"}, errors.New("cnonce")},
		{map[string]string{"username": "-"}, errors.New("username")},
		{map[string]string{"username": `""`}, ErrUnanswered},
		{map[string]string{"response": "-"}, errors.New("response")},
		{map[string]string{"response": `""`}, errors.New("password")},
		{map[string]string{"qop": "auth-int"}, errors.New("qop")},
		{map[string]string{"qop": "AUTH"}, errors.New("qop")},
		{map[string]string{"qop": "-"}, nil},
		{map[string]string{"charset": "latin1"}, errors.New("charset")},
		{map[string]string{"charset": "-"}, nil},
		{map[string]string{"digest-uri": "-"}, errors.New("digest-uri")},
		{map[string]string{"digest-uri": `"zookeeper/localhost"`}, errors.New("digest-uri")},
		{map[string]string{"digest-uri": `"ZooKeeper/ZK-sasl-md5"`}, nil},
		{map[string]string{"maxbuf": "x"}, ErrUnanswered},
		{map[string]string{"maxbuf": "99999999999"}, ErrUnanswered},
		{map[string]string{"maxbuf": "-5"}, nil},
		{map[string]string{"nonce-count": "1"}, nil},
		{map[string]string{"nonce-count": "2"}, errors.New("nonce count")},
		{map[string]string{"nonce-count": "x"}, ErrUnanswered},
		{map[string]string{"nc": "00000002"}, nil}, // it is not looked at, the proof says 1
		{map[string]string{"authzid": `"ann"`}, nil},
		{map[string]string{"authzid": `""`}, nil},
		{map[string]string{"colour": `"blue"`}, nil},
		{map[string]string{"x": "1,username=ann"}, errors.New("more than one")},
	} {
		s := NewServer(map[string]string{"bob": "secret"})
		token := answered(s, test.change)
		reply, err := s.Step([]byte(token))
		switch {
		case test.as == nil && (err != nil || !bytes.HasPrefix(reply, []byte("rspauth=")) || s.User() != "bob"):
			t.Errorf("%s: %q, %v", token, s.User(), err)
		case test.as != nil && (err == nil || s.User() != "" || reply != nil ||
			!errors.Is(err, test.as) && !strings.Contains(err.Error(), test.as.Error())):
			t.Errorf("%s: %q, %v, want %v", token, s.User(), err, test.as)
		}
	}
}

// What somebody has overheard is worth nothing for the next exchange.
func TestReplay(t *testing.T) {
	users := map[string]string{"bob": "secret"}
	first, second := NewServer(users), NewServer(users)
	token := answered(first, nil)
	if _, err := first.Step([]byte(token)); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Step([]byte(token)); err == nil {
		t.Error("it is taken twice")
	}
	answered(second, nil)
	if _, err := second.Step([]byte(token)); err == nil || second.User() != "" {
		t.Errorf("it is taken by another exchange: %v", err)
	}
}

func TestLargeTokens(t *testing.T) {
	s := NewServer(nil)
	if _, err := s.Step(make([]byte, maxResponse+1)); err == nil {
		t.Error("the server takes it")
	}
	if _, err := s.Step(make([]byte, maxResponse)); err != nil { // what the first is does not matter
		t.Error(err)
	}
	c := NewClient("bob", "secret")
	if _, err := c.Step(make([]byte, maxChallenge+1)); err == nil {
		t.Error("the client takes it")
	}
	if _, err := NewClient(strings.Repeat("b", maxResponse), "").Step([]byte(`nonce="n",algorithm=md5-sess`)); err == nil {
		t.Error("a name as long as that")
	}
}

func TestDirectives(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "map[]",
		" , ,, ":                   "map[]",
		"a=1":                      "map[a:1]",
		"A=1,b=2":                  "map[a:1 b:2]",
		" a = 1 , b = \"2\" ":      "map[a:1 b:2]",
		"a=1 b=2":                  "map[a:1 b:2]",
		"a=\"1,2 \\\"3\\\\\",b=":   "error",
		"a=\"1,2 \\\"3\\\\\",b=,":  `map[a:1,2 "3\ b:]`,
		"a=,b=2":                   "map[a: b:2]",
		"a=x\"y,b=2":               `map[a:x"y b:2]`,
		"a":                        "map[a:]",
		"b=2,a":                    "map[a: b:2]",
		"c=1,c=2,d":                "map[]",
		"a=1,r=2,r=3":              "map[a:1 r:2]",
		"a=1,a=1":                  "error",
		"a=1,A=1":                  "error",
		"a,b=1":                    "error",
		"a ":                       "error",
		"a b=1":                    "error",
		"=1":                       "error",
		"a=":                       "error",
		"a=\"":                     "error",
		"a=\"1":                    "error",
		"a=\"1\\":                  "error",
		"a=\"1\"2":                 "error",
		"a=\"1\"\"2\"":             "error",
		"\xff\x00=\x01,a=\xfe\x80": "map[a:\xfe\x80]",
	} {
		d, err := parse([]byte(in), "r", "a", "b", "r")
		got := fmt.Sprintf("%s", map[string][]byte(d))
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", in, got, err, want)
		}
	}
}

// The client proves nothing to a server that it does not understand, and does not
// believe one that cannot prove anything.
func TestChallenges(t *testing.T) {
	for _, bad := range []string{"", "nonsense", `nonce="n"`, `algorithm=md5-sess`, `nonce="",algorithm=md5-sess`, `nonce="n",algorithm=md5`,
		`nonce="n",nonce="m",algorithm=md5-sess`, `nonce="n",algorithm=md5-sess,qop="auth-conf,auth-int"`} {
		c := NewClient("bob", "secret")
		if reply, err := c.Step([]byte(bad)); err == nil || reply != nil {
			t.Errorf("%q: %q, %v", bad, reply, err)
		}
		if _, err := c.Step([]byte(`nonce="n",algorithm=md5-sess`)); err == nil {
			t.Errorf("%q: it goes on", bad)
		}
	}
	for _, good := range []string{`nonce="n",algorithm=md5-sess`, `nonce="n",algorithm=md5-sess,qop="auth-int, auth"`,
		`realm="a",realm="b",nonce="n",algorithm=md5-sess,stale=true,maxbuf=1`} {
		c := NewClient("bob", "secret")
		if reply, err := c.Step([]byte(good)); err != nil || !bytes.Contains(reply, []byte("response=")) {
			t.Errorf("%q: %q, %v", good, reply, err)
		}
		for _, answer := range []string{"", "rspauth=", "rspauth=" + strings.Repeat("0", 32), good} {
			again := *c
			if _, err := again.Step([]byte(answer)); err == nil || !strings.Contains(err.Error(), "does not know the password") {
				t.Errorf("%q: %v", answer, err)
			}
		}
	}
	if _, err := NewClient("bob", "пароль").Step([]byte(`nonce="n",algorithm=md5-sess`)); err == nil {
		t.Error("a server without UTF-8 takes a password in it")
	}
}

// FuzzStep gives both sides any token. Nobody is authenticated by chance, and what
// a client makes of any challenge is understood again.
func FuzzStep(f *testing.F) {
	f.Add([]byte(answered(NewServer(nil), nil)))
	f.Add([]byte(`realm="zk-sasl-md5",nonce="q\"",charset=utf-8,algorithm=md5-sess`))
	f.Add([]byte(`a="1\`))
	f.Add([]byte(",, =\t\"\\\""))
	f.Fuzz(func(t *testing.T, token []byte) {
		s := NewServer(map[string]string{"bob": "secret", "": ""})
		s.Step([]byte{})
		if reply, err := s.Step(token); err == nil || reply != nil || s.User() != "" {
			t.Errorf("the server takes %q: %q", token, s.User())
		}
		c := NewClient("b\"o\\b", "secret")
		response, err := c.Step(token)
		if err != nil {
			return
		}
		d, err := parse(response, "", "username", "nonce", "response")
		if err != nil || string(d["username"]) != "b\"o\\b" || !bytes.Equal(d["nonce"], c.x.nonce) || len(d["response"]) != 32 {
			t.Errorf("%q is answered with %q: %v", token, response, err)
		}
	})
}
