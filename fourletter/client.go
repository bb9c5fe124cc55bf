package fourletter

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

const (
	defaultTimeout = 5 * time.Second
	// maxReply is the most that a server is listened to. A million connections in
	// cons take about 200 MB.
	maxReply = 512 << 20
)

// Client asks servers. The zero value asks without encryption.
type Client struct {
	TLS       *tls.Config   // nil for plain
	Timeout   time.Duration // for a whole exchange; 5 s if zero
	AdminPort int           // of AdminServer, on the same hosts; 8080 if zero
}

// ForeignError is of an answer that no ZooKeeper gives.
type ForeignError struct{ What string }

func (e *ForeignError) Error() string { return e.What }

// Ask sends a word to the server at host:port and returns its reply, whatever it
// says; it may be empty, as it is when a port for TLS is spoken to without. The error is of a server that cannot be reached, does not answer in time
// (then os.ErrDeadlineExceeded or what ctx says), or is none (*ForeignError).
func (c *Client) Ask(ctx context.Context, addr, word string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, defaultTimeout))
	defer cancel()
	conn, err := c.dial(ctx, addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var reply bytes.Buffer
	if _, err = io.WriteString(conn, word); err == nil {
		_, err = reply.ReadFrom(io.LimitReader(conn, maxReply+1))
	}
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
		if reply.Len() > 0 {
			err = fmt.Errorf("%w, after %d bytes of an answer without an end", err, reply.Len())
		}
		return "", err
	}
	return judge(reply.String(), err)
}

func (c *Client) dial(ctx context.Context, addr string) (net.Conn, error) {
	if c.TLS == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	}
	conn, err := (&tls.Dialer{Config: c.TLS}).DialContext(ctx, "tcp", addr)
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &plain):
		err = &ForeignError{"it does not speak TLS on this port"}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		err = &ForeignError{"it closed the connection when spoken to in TLS: this may be a plain port"}
	}
	return conn, err
}

// Certificates returns what the server at host:port shows of itself in TLS, its own
// certificate first, whether or not it is to be trusted.
func (c *Client) Certificates(ctx context.Context, addr string) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, defaultTimeout))
	defer cancel()
	looking := *c
	looking.TLS = c.TLS.Clone()
	looking.TLS.InsecureSkipVerify = true // nothing is sent
	conn, err := looking.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates, nil
}

// judge makes the error of a reply that no ZooKeeper gives.
func judge(reply string, err error) (string, error) {
	switch {
	case strings.HasPrefix(reply, "HTTP/"):
		err = &ForeignError{"an HTTP server answers on this port, not ZooKeeper"}
	case len(reply) > 2 && reply[0] == 0x15 && reply[1] == 0x03: // a TLS alert
		err = &ForeignError{"it speaks TLS on this port"}
	case len(reply) > maxReply:
		err = &ForeignError{fmt.Sprintf("it sends more than %d MB", maxReply>>20)}
	case err == nil && strings.IndexByte(reply, 0) >= 0:
		err = &ForeignError{fmt.Sprintf("it answers %q, which is no text", head(reply))}
	}
	if err != nil {
		return "", err
	}
	return reply, nil
}

// Stmk is what to send for stmk: the word and the trace mask to set.
func Stmk(mask int64) string {
	return string(binary.BigEndian.AppendUint64([]byte("stmk"), uint64(mask)))
}
