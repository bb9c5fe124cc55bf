package server

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// limitConns returns a listener that has at most n connections open. Those beyond
// wait in the system's queue.
func limitConns(l net.Listener, n int) net.Listener {
	return &limitedListener{Listener: l, room: make(chan struct{}, n), closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	room   chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	nc, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &limitedConn{Conn: nc, leave: func() { <-l.room }}, nil
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// CloseWrite tells the client that there is no more: net/http does, so that a client which
// is still sending reads the answer.
func (c *limitedConn) CloseWrite() error {
	closeWrite(c.Conn)
	return nil
}

func (c *limitedConn) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// listen makes what clients connect to out of the port: HTTP, HTTPS, or whichever a
// client begins with.
func (a *adminServer) listen(l net.Listener) (net.Listener, error) {
	l = limitConns(l, maxAdminConns)
	if !a.cfg.ForceHTTPS && !a.cfg.TLS.OnPlainPort {
		return l, nil
	}
	source, err := newTLSSource(&a.cfg.TLS, a.log)
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return source.config(), nil }}
	if a.cfg.ForceHTTPS {
		return tls.NewListener(l, conf), nil
	}
	u := &unifiedListener{Listener: l, conf: conf, insecure: a.srv.stats.insecureAdmin, ready: make(chan net.Conn), closed: make(chan struct{})}
	a.srv.running.Go(u.acceptAll)
	return u, nil
}

// unifiedListener takes clients that speak TLS and those that do not.
//
// Behaviour: UnifiedConnectionFactory.java.
type unifiedListener struct {
	net.Listener
	conf     *tls.Config
	insecure *counter
	ready    chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// acceptAll waits for the first byte of each client, apart from the others.
func (l *unifiedListener) acceptAll() {
	for {
		nc, err := l.Listener.Accept()
		if err == nil {
			go l.detect(nc)
			continue
		}
		select {
		case <-l.closed:
			return
		case <-time.After(50 * time.Millisecond): // out of descriptors: others will close
		}
	}
}

func (l *unifiedListener) detect(nc net.Conn) {
	u := newUnifiedConn(nc, l.conf)
	nc.SetReadDeadline(time.Now().Add(adminHeaderTime))
	if err := u.detect(); err != nil {
		nc.Close()
		return
	}
	nc.SetReadDeadline(time.Time{})
	var found net.Conn = u.Conn // for net/http to know that it speaks TLS
	if u.plain {
		l.insecure.add(1)
		found = plainConn{u.raw}
	}
	select {
	case l.ready <- found:
	case <-l.closed:
		nc.Close()
	}
}

// plainConn is a connection that does not speak TLS.
type plainConn struct{ *peekedConn }

func (c plainConn) CloseWrite() error {
	closeWrite(c.Conn)
	return nil
}

func (l *unifiedListener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.ready:
		return nc, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *unifiedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
