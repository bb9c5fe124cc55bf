package digestmd5

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrUnanswered is in the errors that Java's server leaves without an answer, and
// drops the connection: a number that is none, and an empty name.
var ErrUnanswered = errors.New("it makes no sense")

// Server is the server's side of one exchange.
type Server struct {
	users map[string]string // user to password
	nonce []byte            // set once the challenge is out
	over  bool
	user  string
}

// NewServer begins an exchange with one of users, a map from names to passwords.
func NewServer(users map[string]string) *Server { return &Server{users: users} }

// User is who has been authenticated, "" if nobody is yet.
func (s *Server) User() string { return s.user }

// Step takes a token of the client and returns the one to send back. An error
// refuses the client, and says nothing that it should not hear.
//
// The first token is ignored, as what a client makes of an old challenge is. Once
// the second has been taken the exchange is over.
func (s *Server) Step(token []byte) ([]byte, error) {
	switch {
	case len(token) > maxResponse:
		return nil, errTooLarge
	case s.over:
		return nil, errOver
	case s.nonce == nil:
		s.nonce = newNonce()
		return []byte("realm=" + quoted(Realm) + ",nonce=" + quoted(string(s.nonce)) + ",charset=utf-8,algorithm=md5-sess"), nil
	}
	s.over = true
	d, err := parse(token, "", "username", "realm", "nonce", "cnonce", "nonce-count", "qop",
		"digest-uri", "response", "maxbuf", "charset", "cipher", "authzid", "auth-param")
	if err != nil {
		return nil, err
	}
	x, err := s.read(d)
	if err != nil {
		return nil, err
	}
	if x.user == "" {
		return nil, fmt.Errorf("an empty user name: %w", ErrUnanswered)
	}
	// A name that nobody has takes as long to refuse as a wrong password.
	password, known := s.users[x.user]
	x.password = password
	if subtle.ConstantTimeCompare(x.proof(byClient), d["response"]) != 1 || !known {
		return nil, fmt.Errorf("user %.100q: there is no such user, or the password is wrong", x.user)
	}
	s.user = x.user
	return append([]byte("rspauth="), x.proof(byServer)...), nil
}

// read checks all of a response but the proof. "nc" is not looked at: Java's
// server knows that directive by another name.
func (s *Server) read(d directives) (*exchange, error) {
	if c, ok := d["charset"]; ok && string(c) != "utf-8" {
		return nil, errors.New("its charset is not utf-8")
	}
	if _, err := number(d, "maxbuf", 10); err != nil {
		return nil, err
	}
	user, ok := d["username"]
	switch {
	case !ok:
		return nil, errors.New("no username")
	case string(d["realm"]) != Realm:
		return nil, fmt.Errorf("realm %.100q is not %q", d["realm"], Realm)
	case subtle.ConstantTimeCompare(d["nonce"], s.nonce) != 1:
		return nil, errors.New("the nonce is not that of the challenge")
	case d["cnonce"] == nil:
		return nil, errors.New("no cnonce")
	}
	if n, err := number(d, "nonce-count", 16); err != nil {
		return nil, err
	} else if d["nonce-count"] != nil && n != 1 {
		return nil, errors.New("the nonce count is not 1")
	}
	switch {
	case d["qop"] != nil && string(d["qop"]) != "auth":
		return nil, fmt.Errorf("qop %.100q is not auth", d["qop"])
	case !strings.EqualFold(string(d["digest-uri"]), uri):
		return nil, fmt.Errorf("digest-uri %.100q is not %q", d["digest-uri"], uri)
	case d["response"] == nil:
		return nil, errors.New("no response")
	}
	return &exchange{
		user: string([]rune(string(user))), realm: Realm,
		nonce: s.nonce, cnonce: d["cnonce"], uri: string(d["digest-uri"]), authzid: d["authzid"],
	}, nil
}

func number(d directives, name string, base int) (int64, error) {
	v, ok := d[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(v), base, 32)
	if err != nil {
		return 0, fmt.Errorf("%s %.100q: %w", name, v, ErrUnanswered)
	}
	return n, nil
}
