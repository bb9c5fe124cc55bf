// Package digestmd5 is the SASL mechanism DIGEST-MD5 (RFC 2831) as ZooKeeper uses
// it: both halves of the first authentication, without a security layer.
//
//	client                                               server
//	  (nothing)                                  ────▶
//	             ◀──── realm="zk-sasl-md5",nonce="…",charset=utf-8,algorithm=md5-sess
//	  charset=utf-8,username="bob",realm="zk-sasl-md5",
//	  nonce="…",nc=00000001,cnonce="…",qop=auth,
//	  digest-uri="zookeeper/zk-sasl-md5",response=…      ────▶
//	             ◀──── rspauth=…
//
// response proves that the client knows the password, and rspauth that the server
// does; neither shows it.
//
// Behaviour: the DIGEST-MD5 of the JDK, which Apache's servers and clients use,
// where the RFC leaves a choice and where it departs from the RFC.
package digestmd5

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const (
	// Realm is the only one that a ZooKeeper server has.
	Realm = "zk-sasl-md5"
	// uri is what clients ask for at it.
	uri = "zookeeper/" + Realm

	// The largest tokens of each side, bytes (RFC 2831, 2.1.1 and 2.1.2).
	maxChallenge, maxResponse = 2048, 4096
)

var (
	errOver     = errors.New("this exchange is over")
	errTooLarge = errors.New("the token is too large")
)

// exchange is what both sides make their proofs of.
type exchange struct {
	user, realm, password string
	nonce, cnonce         []byte
	uri                   string // as the client writes it
	authzid               []byte // whom the client wants to be; nil if it does not say
}

// The two proofs differ in how they begin.
const (
	byClient = "AUTHENTICATE:"
	byServer = ":"
)

// proof is response-value (RFC 2831, 2.1.2.1) in hex.
func (x *exchange) proof(by string) []byte {
	secret := md5.Sum(join(narrow(x.user), narrow(x.realm), narrow(x.password)))
	a1 := join(secret[:], x.nonce, x.cnonce)
	if x.authzid != nil {
		a1 = join(a1, x.authzid)
	}
	return hash(join(hash(a1), x.nonce, []byte("00000001"), x.cnonce, []byte("auth"), hash([]byte(by+x.uri))))
}

func join(parts ...[]byte) []byte {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, p...)
	}
	return b
}

func hash(b []byte) []byte {
	sum := md5.Sum(b)
	return hex.AppendEncode(nil, sum[:])
}

// narrow is s in ISO 8859-1 if it can be, else in UTF-8, as the RFC wants it.
func narrow(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return []byte(s)
		}
		b = append(b, byte(r))
	}
	return b
}

// newNonce is 30 random bytes in base64, as many as Java's.
func newNonce() []byte {
	var b [30]byte
	rand.Read(b[:]) // never fails
	return base64.StdEncoding.AppendEncode(nil, b[:])
}

// quoted is a quoted-string.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c == 0x7f || c < ' ' && c != '\t' && c != '\r' && c != '\n' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}

// directives are the values of those that are known, by name; one without a value
// has an empty one.
type directives map[string][]byte

// parse reads "name=value,name="value",…" and keeps the names of known. A known
// one may come once, but for repeatable, of which the first counts.
func parse(b []byte, repeatable string, known ...string) (directives, error) {
	found := directives{}
	for rest := skipSpace(b); len(rest) > 0; {
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
			continue
		}
		name, value, after, err := parseDirective(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		for _, k := range known {
			if !strings.EqualFold(name, k) {
				continue
			}
			if _, twice := found[k]; !twice {
				found[k] = value
			} else if k != repeatable {
				return nil, fmt.Errorf("more than one %s", k)
			}
		}
	}
	return found, nil
}

// parseDirective takes one directive off b, which begins with its name, and what
// separates it from the next.
func parseDirective(b []byte) (name string, value, after []byte, err error) {
	n := 0
	for n < len(b) && b[n] != '=' && b[n] != ',' && !isSpace(b[n]) {
		n++
	}
	name, after = string(b[:n]), skipSpace(b[n:])
	switch {
	case n == len(b): // the last one may be a name alone
		return name, []byte{}, nil, nil
	case name == "":
		return "", nil, nil, errors.New("a directive without a name")
	case len(after) == 0 || after[0] != '=':
		return "", nil, nil, errors.New("a directive without a value")
	}
	if after = skipSpace(after[1:]); len(after) == 0 {
		return "", nil, nil, errors.New("a directive without a value")
	}
	if after[0] == '"' {
		if value, after, err = unquote(after[1:]); err != nil {
			return "", nil, nil, err
		}
	} else {
		n = 0
		for n < len(after) && after[n] != ',' && !isSpace(after[n]) {
			n++
		}
		value, after = append([]byte{}, after[:n]...), after[n:]
	}
	if len(after) > 0 { // a comma, or blanks
		after = skipSpace(after[1:])
	}
	return name, value, after, nil
}

// unquote reads a quoted-string whose first quote has been read.
func unquote(b []byte) (value, after []byte, err error) {
	value = []byte{}
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			after = b[i+1:]
			if len(after) > 0 && after[0] != ',' && !isSpace(after[0]) {
				return nil, nil, errors.New("something follows a quoted value")
			}
			return value, after, nil
		case '\\':
			if i++; i == len(b) {
				continue
			}
		}
		value = append(value, b[i])
	}
	return nil, nil, errors.New("a quote that does not end")
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}
