package server

import (
	"errors"
	"fmt"
	"time"

	"zook/jute"
)

// opResume is what a handshake sends through the pipeline to take over a session
// that is open. Once it comes out, everything that earlier connections of the
// session have asked for is applied, and no answer can be taken for that of
// another request with the same cxid. It is on no wire and in no file.
const opResume jute.OpCode = -100

// handshake reads the ConnectRequest and opens or takes over a session. It
// returns when requests may follow.
//
// Behaviour: ZooKeeperServer.processConnectRequest. There, too, whoever has the
// session is disconnected before the password is looked at.
func (c *conn) handshake(head [4]byte) error {
	b, err := c.in.body(head)
	if err != nil {
		return err
	}
	var req jute.ConnectRequest
	d := jute.NewDecoder(b)
	if req.Decode(d); d.Err() != nil {
		return fmt.Errorf("connect request: %w", d.Err())
	}
	bare := req
	bare.ReadOnly = false
	c.oldStyle = len(b) < len(jute.Marshal(&bare))
	s := c.srv
	s.stats.connectionRequests.add(1)
	if last := s.tree.LastZxid(); req.LastZxidSeen > last {
		return fmt.Errorf("the client has seen zxid %s, ours is %s: it must try another server", hex(req.LastZxidSeen), hex(last))
	}
	timeout := time.Duration(req.Timeout) * time.Millisecond
	c.timeout = min(max(timeout, s.cfg.MinSessionTimeout), s.cfg.MaxSessionTimeout)
	id := req.SessionID
	if id == 0 {
		id = s.sessions.newID()
		c.asked = time.Since(epoch)
		s.await(id, c)
		s.requests.put(request{session: id, op: jute.OpCreateSession, since: c.asked,
			body: jute.Marshal(&jute.CreateSessionTxn{Timeout: int32(c.timeout / time.Millisecond)})})
	} else {
		s.disconnect(id)
		if !passwordMatches(id, req.Passwd) || !s.sessions.usable(id) {
			c.refuse()
			return fmt.Errorf("session %s is expired or the password is wrong", hex(id))
		}
		s.await(id, c)
		s.requests.put(request{session: id, op: opResume})
		s.stats.revalidations.add(1)
	}
	c.idle() // others answer
	select {
	case <-c.welcomed:
	case <-c.ended:
		return errors.New("the connection ended during the handshake")
	}
	if c.session == nil {
		return fmt.Errorf("session %s has expired", hex(id))
	}
	c.nc.SetReadDeadline(time.Time{})
	if s.draining.Load() {
		c.nc.SetReadDeadline(time.Now())
	}
	return nil
}

// respond answers the handshake; a zero r says that there is no such session.
func (c *conn) respond(r *jute.ConnectResponse) {
	if c.oldStyle {
		c.out.put(withoutReadOnly{r}.Append, nil)
	} else {
		c.out.put(r.Append, nil)
	}
}

// refuse says that there is no such session.
func (c *conn) refuse() {
	c.respond(&jute.ConnectResponse{Passwd: make([]byte, 16)})
	c.out.end()
}

// withoutReadOnly is a ConnectResponse for clients that do not know its last field.
type withoutReadOnly struct{ *jute.ConnectResponse }

// Append appends the record but for its last byte.
func (r withoutReadOnly) Append(b []byte) []byte {
	b = r.ConnectResponse.Append(b)
	return b[:len(b)-1]
}

// await notes that c waits for a session that is to be opened or resumed. Any
// other connection that has the session, or waits for it, is closed: the last
// one wins.
func (s *Server) await(id int64, c *conn) {
	for {
		s.mu.Lock()
		if s.attached[id] == nil && s.awaiting[id] == nil {
			s.awaiting[id], c.awaits = c, id
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		s.disconnect(id)
	}
}

// disconnect closes the connection that has a session or waits for it. It reports
// false if there is none.
func (s *Server) disconnect(id int64) bool {
	s.mu.Lock()
	attached, awaiting := s.attached[id], s.awaiting[id]
	s.mu.Unlock()
	for _, c := range []*conn{attached, awaiting} {
		if c != nil {
			c.close()
		}
	}
	return attached != nil || awaiting != nil
}

// welcome gives a session to the connection that waits for it, and answers its
// handshake. The goroutine that applies calls it.
func (s *Server) welcome(id int64) {
	s.mu.Lock()
	c := s.awaiting[id]
	if c == nil {
		s.mu.Unlock()
		return
	}
	delete(s.awaiting, id)
	if sess := s.sessions.get(id); sess != nil && !sess.closed.Load() {
		s.sessions.renew(sess, c.timeout)
		c.session = sess
		s.attached[id] = c
	}
	s.mu.Unlock()
	if c.session == nil {
		c.refuse()
	} else {
		if c.asked > 0 {
			c.answered(kindOf(jute.OpCreateSession, jute.ErrOK), 0, s.tree.LastZxid(), c.asked, 0)
		}
		c.respond(&jute.ConnectResponse{
			Timeout: int32(c.timeout / time.Millisecond), SessionID: id, Passwd: sessionPassword(id)})
	}
	close(c.welcomed)
}

// detach forgets a closed connection.
func (s *Server) detach(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leave(c) {
		c.flushStats() // while nobody can ask the connection as well
	}
	if s.awaiting[c.awaits] == c {
		delete(s.awaiting, c.awaits)
	}
	if c.session != nil && s.attached[c.session.id] == c {
		delete(s.attached, c.session.id)
	}
}

// connOf returns the connection of a session, or nil.
func (s *Server) connOf(id int64) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached[id]
}
