package fourletter

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
)

// listen answers every connection with serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return l.Addr().String()
}

func replying(text string) func(net.Conn) {
	return func(c net.Conn) {
		io.ReadFull(c, make([]byte, 4))
		io.WriteString(c, text)
	}
}

func TestAsk(t *testing.T) {
	c := &Client{Timeout: 300 * time.Millisecond}
	if reply, err := c.Ask(t.Context(), listen(t, replying("imok")), "ruok"); reply != "imok" || err != nil {
		t.Errorf("%q, %v", reply, err)
	}
	for name, test := range map[string]struct {
		serve func(net.Conn)
		want  string
	}{
		"http":          {replying("HTTP/1.1 400 Bad Request\r\n\r\n"), "an HTTP server answers"},
		"tls":           {replying("\x15\x03\x03\x00\x02\x02\x46"), "it speaks TLS"},
		"binary":        {replying("\x00\x00\x00\x25"), "no text"},
		"silent":        {func(c net.Conn) { time.Sleep(5 * time.Second) }, "deadline exceeded"},
		"without end":   {func(c net.Conn) { forever(c) }, "answer without an end"},
		"reads nothing": {func(c net.Conn) { time.Sleep(5 * time.Second) }, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reply, err := c.Ask(t.Context(), listen(t, test.serve), "srvr")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q, %v; want %q", head(reply), err, test.want)
			}
		})
	}
}

func forever(c net.Conn) {
	for {
		if _, err := io.WriteString(c, "zk_avg_latency\t0\n"); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAskIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := (&Client{Timeout: time.Minute}).Ask(ctx, listen(t, func(net.Conn) { time.Sleep(time.Minute) }), "ruok")
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := (&Client{}).Ask(t.Context(), "127.0.0.1:1", "ruok"); err == nil {
		t.Error("port 1 answers")
	}
}

func TestAskOverTLS(t *testing.T) {
	certs := zktest.NewCerts(t)
	s, secure := zktest.ApacheTLS(t, certs)
	c := &Client{TLS: certs.Config(t, true)}
	if reply, err := c.Ask(t.Context(), secure, "ruok"); reply != "imok" || err != nil {
		t.Errorf("%q, %v", reply, err)
	}
	var foreign *ForeignError
	for _, addr := range []string{s.Addr, listen(t, replying("imok"))} {
		if _, err := c.Ask(t.Context(), addr, "ruok"); !errors.As(err, &foreign) {
			t.Errorf("TLS to a plain port: %v", err)
		}
	}
	if reply, _ := (&Client{}).Ask(t.Context(), secure, "ruok"); ParseRuok(reply) == nil {
		t.Error("the secure port answers in plain")
	}
	if _, err := (&Client{TLS: &tls.Config{}}).Ask(t.Context(), secure, "ruok"); err == nil {
		t.Error("a certificate that nobody knows is taken")
	}
}
