package server

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"zook/jute"
)

// handshake reads the ConnectRequest and opens or takes over a session. It
// returns when requests may follow.
//
// Behaviour: ZooKeeperServer.processConnectRequest.
func (c *conn) handshake(r *bufio.Reader, head [4]byte) error {
	b, err := c.frame(r, head)
	if err != nil {
		return err
	}
	var req jute.ConnectRequest
	if err := jute.Unmarshal(b, &req); err != nil {
		return fmt.Errorf("connect request: %w", err)
	}
	s := c.srv
	if last := s.tree.LastZxid(); req.LastZxidSeen > last {
		return fmt.Errorf("the client has seen zxid 0x%x, ours is 0x%x: it must try another server", req.LastZxidSeen, last)
	}
	timeout := time.Duration(req.Timeout) * time.Millisecond
	timeout = min(max(timeout, s.cfg.MinSessionTimeout), s.cfg.MaxSessionTimeout)
	if req.SessionID == 0 {
		return c.newSession(timeout)
	}
	sess := s.sessions.get(req.SessionID)
	if sess == nil || sess.closed.Load() || !passwordMatches(req.SessionID, req.Passwd) {
		c.send(&jute.ConnectResponse{Passwd: make([]byte, 16)}, nil)
		c.closeAfterSending()
		return fmt.Errorf("session %s is expired or the password is wrong", hex(req.SessionID))
	}
	sess.touch()
	c.session = sess
	s.attach(c)
	c.welcome(sess)
	return nil
}

func (c *conn) newSession(timeout time.Duration) error {
	s := c.srv
	id := s.sessions.newID()
	s.expect(id, c)
	s.requests.put(&request{session: id, op: jute.OpCreateSession,
		body: jute.Marshal(&jute.CreateSessionTxn{Timeout: int32(timeout / time.Millisecond)})})
	select {
	case c.session = <-c.established:
		return nil
	case <-c.ended:
		return errors.New("the connection ended during the handshake")
	}
}

// welcome answers the handshake.
func (c *conn) welcome(sess *session) {
	c.send(&jute.ConnectResponse{
		Timeout: int32(sess.timeout / time.Millisecond), SessionID: sess.id, Passwd: sessionPassword(sess.id),
	}, nil)
}
