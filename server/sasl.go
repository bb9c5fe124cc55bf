package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"zook/internal/digestmd5"
	"zook/jute"
)

// saslScheme is a user who has logged in by SASL. No auth packet proves that.
//
// Behaviour: SASLAuthenticationProvider.
type saslScheme struct {
	anyUser string // an id in ACLs that stands for every user; "" is none
}

func (saslScheme) authenticate(peer, []byte) ([]jute.ID, verdict) { return nil, refused }
func (saslScheme) proves() bool                                   { return true }
func (saslScheme) userName(id string) string                      { return id }

// valid wants the form of a Kerberos principal where there is an @: a name, or two
// with a slash between, and a realm.
func (saslScheme) valid(id string) bool {
	name, realm, ok := strings.Cut(id, "@")
	return !ok || strings.Count(name, "/") < 2 && !strings.ContainsAny(realm, "/@")
}

func (s saslScheme) matches(id, acl string) bool {
	return id == acl || id == "super" || s.anyUser != "" && acl == s.anyUser
}

// stepSASL answers a packet of a client that logs in, as soon as it arrives. One
// that fails ends the connection, unless the server lets such clients stay.
//
// Behaviour: ZooKeeperServer.processSasl.
func (c *conn) stepSASL(op *clientOp) error {
	var q jute.GetSASLRequest
	if err := jute.Unmarshal(op.body, &q); err != nil {
		return fmt.Errorf("SASL packet: %w", err)
	}
	cfg, required := &c.srv.cfg, slices.Contains(c.srv.auth.enforced, "sasl")
	var res jute.SetSASLResponse
	switch err := c.login(&q, &res); {
	case err == nil:
	case errors.Is(err, digestmd5.ErrUnanswered):
		return fmt.Errorf("SASL: %w", err)
	case cfg.KeepFailedSASL && !required:
		c.srv.clients.Warn("SASL authentication failed; the client may stay", "from", c.nc.RemoteAddr().String(), "reason", err.Error())
	default:
		h := jute.ReplyHeader{Xid: op.xid, Err: jute.ErrAuthFailed}
		if required {
			h.Err = jute.ErrSessionClosedRequireSASLAuth
		}
		c.out.put(h.Append, res.Append)
		c.out.end()
		return fmt.Errorf("SASL authentication failed: %w", err)
	}
	c.out.put((&jute.ReplyHeader{Xid: op.xid}).Append, res.Append)
	return nil
}

// login takes a token of the client, and adds its identities when it has proved
// who it is. A connection logs in once. Where nobody can log in, the answer is an
// empty one.
func (c *conn) login(q *jute.GetSASLRequest, res *jute.SetSASLResponse) (err error) {
	cfg := &c.srv.cfg
	switch {
	case q.Token == nil:
		return fmt.Errorf("no token: %w", digestmd5.ErrUnanswered)
	case cfg.SASLUsers == nil:
		return nil
	case c.sasl == nil:
		c.sasl = digestmd5.NewServer(cfg.SASLUsers)
	}
	if res.Token, err = c.sasl.Step(q.Token); err != nil || c.sasl.User() == "" {
		return err
	}
	user := c.sasl.User()
	c.addIdentities(jute.ID{Scheme: "sasl", ID: user})
	if slices.Contains(cfg.SASLSuperUsers, user) {
		c.addIdentities(jute.ID{Scheme: superScheme})
	}
	c.srv.clients.Info("SASL authentication", "session", hex(c.session.id), "user", user)
	return nil
}
