package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// dial is go-zookeeper's Dialer: it connects to addr, with TLS if configured,
// and puts our frames between.
func (c *Client) dial(_, addr string, _ time.Duration) (net.Conn, error) {
	c.mu.Lock()
	if c.state != StateAuthFailed {
		c.setState(StateConnecting)
	}
	err := c.loginErr
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	attempt := c.hosts.attempt()
	ctx, cancel := context.WithTimeout(c.ctx, attempt)
	defer cancel()
	deadline := time.Now().Add(attempt)
	raw, err := dialHost(ctx, addr, c.cfg.TLS)
	if err != nil {
		c.hostFailed(addr, PlainReason(err), true)
		return nil, err
	}
	f := newFrameConn(c, raw, addr, deadline)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		raw.Close()
		return nil, net.ErrClosed
	}
	c.dialing[f] = true
	go f.writeLoop()
	return f, nil
}

// hostFailed notes why addr does not serve; Dial ends when all hosts refuse.
func (c *Client) hostFailed(addr string, reason error, refused bool) {
	if c.hosts.failed(addr, reason, refused) {
		c.refuse(c.hosts.dialError(nil))
	}
}

// refuse ends Dial with err; after Dial nobody listens.
func (c *Client) refuse(err error) {
	select {
	case c.refused <- err:
	default:
	}
}

// dialHost connects to one of the addresses of a host, in a random order so that
// a bad one is not the first every time.
func dialHost(ctx context.Context, addr string, conf *tls.Config) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	var d net.Dialer
	for i, ip := range ips {
		var raw net.Conn
		if raw, err = dialIP(ctx, &d, net.JoinHostPort(ip, port), len(ips)-i); err != nil {
			continue
		}
		if conf == nil {
			return raw, nil
		}
		var secure net.Conn
		if secure, err = handshakeTLS(ctx, raw, host, conf); err == nil {
			return secure, nil
		}
		raw.Close()
	}
	return nil, err
}

// dialIP takes its share of the time left for an address and those after it.
func dialIP(ctx context.Context, d *net.Dialer, addr string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return d.DialContext(ctx, "tcp", addr)
}

func handshakeTLS(ctx context.Context, raw net.Conn, host string, conf *tls.Config) (net.Conn, error) {
	if conf.ServerName == "" {
		conf = conf.Clone()
		conf.ServerName = host
	}
	secure := tls.Client(raw, conf)
	err := secure.HandshakeContext(ctx)
	var header tls.RecordHeaderError
	switch {
	case err == nil:
		return secure, nil
	case errors.As(err, &header):
		return nil, fmt.Errorf("the server does not speak TLS (it answered %q)", header.RecordHeader[:])
	case hungUp(err):
		return nil, errors.New("the server closed the connection during the TLS handshake; is that its port for TLS?")
	}
	return nil, PlainReason(err)
}

// hungUp reports whether err is the peer's end of the connection, which is a
// reset if it had not read all that we sent.
func hungUp(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.As(err, &op) && (op.Op == "read" || op.Op == "write") && !op.Timeout()
}

// describeGreeting says what the first bytes of a peer are, when they are not a
// ZooKeeper server's.
func describeGreeting(b []byte) string {
	switch {
	case len(b) >= 2 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3:
		return "the server speaks TLS"
	case len(b) >= 4 && string(b[:4]) == "HTTP":
		return "the server speaks HTTP"
	case len(b) >= 4 && string(b[:4]) == "SSH-":
		return "the server speaks SSH"
	}
	return fmt.Sprintf("the server does not speak ZooKeeper's protocol (it answered %q)", b)
}
