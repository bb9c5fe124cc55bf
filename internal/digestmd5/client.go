package digestmd5

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// Client is the client's side of one exchange. Its first token is empty.
type Client struct {
	user, password string
	x              *exchange // set once the response is out
	over           bool
}

// NewClient begins an exchange as user.
func NewClient(user, password string) *Client { return &Client{user: user, password: password} }

// Step takes a token of the server and returns the one to send back: nil when the
// exchange is over, and both sides have proved that they know the password. An
// error is the end too.
func (c *Client) Step(token []byte) (reply []byte, err error) {
	switch {
	case c.over:
		return nil, errOver
	case len(token) > maxChallenge:
		err = errTooLarge
	case c.x == nil:
		reply, err = c.respond(token)
	default:
		c.over = true
		err = c.verify(token)
	}
	if err != nil {
		c.over = true
		return nil, err
	}
	return reply, nil
}

// respond answers the challenge.
func (c *Client) respond(challenge []byte) ([]byte, error) {
	d, err := parse(challenge, "realm", "realm", "nonce", "qop", "stale", "maxbuf", "charset", "algorithm", "cipher", "rspauth")
	switch {
	case err != nil:
		return nil, fmt.Errorf("the server's challenge: %w", err)
	case string(d["algorithm"]) != "md5-sess" || len(d["nonce"]) == 0:
		return nil, errors.New("the server's challenge is none of DIGEST-MD5")
	case d["qop"] != nil && !offers(string(d["qop"]), "auth"):
		return nil, fmt.Errorf("the server wants to protect the connection by %.100q, which ZooKeeper cannot", d["qop"])
	case string(d["charset"]) != "utf-8" && !isASCII(c.user+c.password):
		return nil, errors.New("the server takes only ASCII in names and passwords")
	}
	c.x = &exchange{user: c.user, realm: string(d["realm"]), password: c.password, nonce: d["nonce"], cnonce: newNonce(), uri: uri}
	var b strings.Builder
	if d["charset"] != nil {
		b.WriteString("charset=utf-8,")
	}
	b.WriteString("username=" + quoted(c.user))
	if c.x.realm != "" {
		b.WriteString(",realm=" + quoted(c.x.realm))
	}
	fmt.Fprintf(&b, ",nonce=%s,nc=00000001,cnonce=%s,digest-uri=%s,maxbuf=65536,response=%s,qop=auth",
		quoted(string(d["nonce"])), quoted(string(c.x.cnonce)), quoted(uri), c.x.proof(byClient))
	if b.Len() > maxResponse {
		return nil, errors.New("the user name is too long")
	}
	return []byte(b.String()), nil
}

// verify checks that the server knows the password too.
func (c *Client) verify(token []byte) error {
	d, err := parse(token, "", "rspauth")
	if err != nil || subtle.ConstantTimeCompare(d["rspauth"], c.x.proof(byServer)) != 1 {
		return errors.New("the server does not know the password itself: it may not be the server it seems")
	}
	return nil
}

// offers reports whether a list such as "auth,auth-int" has an item.
func offers(list, item string) bool {
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r < 0x80 && isSpace(byte(r)) }) {
		if s == item {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
