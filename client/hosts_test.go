package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestParseServers(t *testing.T) {
	for in, want := range map[string]string{
		"localhost":                 "[localhost:2181] ",
		"a:1,b:2":                   "[a:1 b:2] ",
		" a:1 , b ":                 "[a:1 b:2181] ",
		"a:1,b:2/app/one":           "[a:1 b:2] /app/one",
		"a:1/":                      "[a:1] ",
		"[::1]:2182/x":              "[[::1]:2182] /x",
		"[::1]":                     "[[::1]:2181] ",
		"::1":                       "[[::1]:2181] ",
		"10.0.0.1:65535":            "[10.0.0.1:65535] ",
		"":                          "a host is empty",
		"a:1,":                      "a host is empty",
		":2181":                     "a host is empty",
		"a:0":                       `"0" is not a port`,
		"a:65536":                   `"65536" is not a port`,
		"a:x":                       `"x" is not a port`,
		"a:1:2":                     `"a:1:2" is not host:port`,
		"a b:1":                     `"a b" has a blank in it`,
		"a:1/app/":                  "it must not end with /",
		"a:1/app//x":                "it has an empty element",
		"a:1/app/../x":              `it has a ".." element`,
		strings.Repeat("h", 300):    "[" + strings.Repeat("h", 300) + ":2181] ",
		"zookeeper://localhost:218": "it has no scheme",
	} {
		hosts, chroot, err := ParseServers(in)
		got := fmt.Sprintf("%v %s", hosts, chroot)
		var addr *AddressError
		var path *jute.PathError
		switch {
		case errors.As(err, &addr):
			got = addr.Reason
		case errors.As(err, &path):
			got = path.Reason
		case err != nil:
			t.Errorf("%q: the error is a %T", in, err)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if _, dialErr := Dial(context.Background(), Config{Servers: in}); err != nil && (dialErr == nil || dialErr.Error() != err.Error()) {
			t.Errorf("%q: dial says %v, want %v", in, dialErr, err)
		}
	}
}

func FuzzParseServers(f *testing.F) {
	f.Add("a:1,[::1]:2/app")
	f.Fuzz(func(t *testing.T, s string) {
		hosts, chroot, err := ParseServers(s)
		if err != nil {
			return
		}
		again, chroot2, err := ParseServers(strings.Join(hosts, ",") + chroot)
		if err != nil || !slices.Equal(again, hosts) || chroot2 != chroot {
			t.Errorf("%q is %q %q, and that is %q %q %v", s, hosts, chroot, again, chroot2, err)
		}
	})
}

// deadAddr is an address that refuses connections.
func deadAddr(t *testing.T) string { return fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t)) }

func TestDialErrors(t *testing.T) {
	noLeaks(t)
	listen := func(serve func(net.Conn)) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go serve(c)
			}
		}()
		return l.Addr().String()
	}
	greets := func(with string) string {
		return listen(func(c net.Conn) { io.WriteString(c, with); io.Copy(io.Discard, c) })
	}
	silent := listen(func(c net.Conn) { io.Copy(io.Discard, c) })
	dead, dead2 := deadAddr(t), deadAddr(t)

	for _, test := range []struct {
		name, servers string
		timeout       time.Duration // 0: it must end by itself
		says          []string
	}{
		{"nobody listens", dead, 0, []string{"cannot connect to " + dead + ": connection refused"}},
		{"nobody listens anywhere", dead + "," + dead2 + "/app", 0, []string{dead + ": connection refused", dead2 + ": connection refused"}},
		{"a name that is none", "no-such-host.invalid:2181", 0, []string{"no-such-host.invalid:2181: "}},
		{"a web server", greets("HTTP/1.1 400 Bad Request\r\n\r\n"), 0, []string{"HTTP"}},
		{"a server that speaks TLS", greets("\x15\x03\x01\x00\x02\x02\x46"), 0, []string{"the server speaks TLS"}},
		{"a server that talks first", greets("SSH-2.0-x\r\n"), 0, []string{"SSH"}},
		{"garbage", greets("\xff\xff\xff\xffgarbage"), 0, []string{"does not speak ZooKeeper's protocol"}},
		{"a session without time", greets(string(framed(&jute.ConnectResponse{SessionID: 1}))), 0, []string{"does not speak ZooKeeper's protocol"}},
		{"it says nothing", silent, 300 * time.Millisecond, []string{silent, "no answer in time"}},
		{"it hangs up", listen(func(c net.Conn) { c.Close() }), 300 * time.Millisecond, []string{"closed the connection"}},
		{"one says nothing, one is dead", silent + "," + dead, 500 * time.Millisecond, []string{silent + ": no answer", dead + ": connection refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := testContext(t)
			if test.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.timeout)
				defer cancel()
			}
			start := time.Now()
			_, err := Dial(ctx, Config{Servers: test.servers})
			var dial *DialError
			if !errors.As(err, &dial) || errors.Is(err, context.DeadlineExceeded) != (test.timeout > 0) {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
			for _, s := range test.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if strings.ContainsAny(err.Error(), "\n{") {
				t.Errorf("not one plain line: %q", err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(testContext(t))
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := Dial(ctx, Config{Servers: silent}); err != context.Canceled {
			t.Errorf("%v", err)
		}
	})
}

// A host that does not serve, for whatever reason, does not spoil the others.
func TestOneHostOfSeveral(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	check(t, err)
	defer l.Close()
	for range 6 { // the order is random
		ctx, cancel := context.WithTimeout(testContext(t), 10*time.Second)
		c, err := Dial(ctx, Config{Servers: strings.Join([]string{deadAddr(t), s.Addr, "no-such-host.invalid"}, ","), SessionTimeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if c.Server() != s.Addr {
			t.Errorf("connected to %q", c.Server())
		}
		check(t, c.Close())
		cancel()
	}
	ctx, cancel := context.WithTimeout(testContext(t), 10*time.Second)
	defer cancel()
	c, err := Dial(ctx, Config{Servers: l.Addr().String() + "," + s.Addr, SessionTimeout: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	check(t, c.Close())
}

func TestHostNamesWithSeveralAddresses(t *testing.T) {
	s := zktest.Apache(t, "") // on 127.0.0.1 alone; localhost may be ::1 too
	_, port, _ := net.SplitHostPort(s.Addr)
	for range 4 {
		c, err := Dial(testContext(t), Config{Servers: "localhost:" + port})
		if err != nil {
			t.Fatal(err)
		}
		if c.Server() != "localhost:"+port {
			t.Errorf("server %q", c.Server())
		}
		check(t, c.Close())
	}
}
