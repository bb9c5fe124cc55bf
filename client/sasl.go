package client

import (
	"errors"
	"fmt"

	"zook/internal/digestmd5"
	"zook/jute"
)

// SASL is who a session logs in as, by the mechanism DIGEST-MD5.
type SASL struct{ User, Password string }

// LoginError says why a session could not log in by SASL. errors.Is takes it for
// jute.ErrAuthFailed.
type LoginError struct {
	User   string
	Reason error
}

func (e *LoginError) Error() string {
	return fmt.Sprintf("SASL login of user %q: %v", e.User, e.Reason)
}

// Unwrap gives jute.ErrAuthFailed, and the reason.
func (e *LoginError) Unwrap() []error { return []error{jute.ErrAuthFailed, e.Reason} }

var (
	errWrongLogin = errors.New("the server refuses the name or the password")
	errNoLogin    = errors.New("the server has no SASL DIGEST-MD5: it knows no users, or forbids it (fips-mode)")
)

// maxHangUps is how often in a row the server may hang up on a login before that is
// taken for a refusal, which is how servers before 3.6 refuse.
const maxHangUps = 2

// logIn begins to log in on a new connection. c.mu is held.
func (c *Client) logIn(f *frameConn) {
	f.login = digestmd5.NewClient(c.cfg.SASL.User, c.cfg.SASL.Password)
	f.sendToken([]byte{})
}

func (f *frameConn) sendToken(token []byte) {
	f.start(newCall(jute.OpSASL, &jute.GetSASLRequest{Token: token}, nil))
}

// loginReply takes the server's part of a login. An error is the end of the
// connection. c.mu is held.
func (c *Client) loginReply(f *frameConn, code jute.ErrCode, body []byte) error {
	token, err := loginStep(f.login, f.proved, code, body)
	switch {
	case err != nil:
		return c.loginFailed(err)
	case token != nil:
		f.proved = true
		f.sendToken(token)
	default:
		f.login, c.hangUps = nil, 0
		c.authenticate(f)
	}
	return nil
}

// loginStep is the token to send after the server's part of a login, nil once that is
// complete. proved says that the server has heard a name.
func loginStep(login *digestmd5.Client, proved bool, code jute.ErrCode, body []byte) ([]byte, error) {
	var res jute.SetSASLResponse
	switch {
	case code == jute.ErrUnimplemented, code != jute.ErrOK && !proved:
		return nil, errNoLogin
	case code == jute.ErrAuthFailed, code == jute.ErrSessionClosedRequireSASLAuth:
		return nil, errWrongLogin
	case code != jute.ErrOK:
		return nil, code
	}
	if err := jute.Unmarshal(body, &res); err != nil {
		return nil, fmt.Errorf("the server's answer: %w", err)
	}
	switch {
	case len(res.Token) == 0 && !proved:
		return nil, errNoLogin
	case len(res.Token) == 0: // it lets clients stay that have failed
		return nil, errWrongLogin
	}
	return login.Step(res.Token)
}

// loginLost looks at the end of a connection that was logging in: servers of old
// hang up on whom they refuse. c.mu is held.
func (c *Client) loginLost(f *frameConn, err error) {
	if f.login == nil || !f.proved || !hungUp(err) {
		return
	}
	if c.hangUps++; c.hangUps >= maxHangUps {
		c.loginFailed(errWrongLogin)
	}
}

// loginFailed ends the session for good, as it would fail again. Whoever waits for
// it, or asks later, learns why. c.mu is held.
func (c *Client) loginFailed(reason error) error {
	c.loginErr = &LoginError{c.cfg.SASL.User, reason}
	c.setState(StateAuthFailed)
	c.endWaiting(c.loginErr)
	c.refuse(c.loginErr)
	c.hosts.close()
	if c.zk != nil { // else Dial ends it
		go c.zk.Close()
	}
	return c.loginErr
}
