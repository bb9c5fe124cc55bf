package client

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zook/jute"
	"zook/server"
)

// testContext ends with the test, and in time for the test to say what hung.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// zook starts the bundled server, which does what a test tells it.
func zook(t testing.TB, cfg server.Config) *server.Server {
	t.Helper()
	s, err := server.Start(testContext(t), cfg)
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// session dials and closes when the test ends.
func session(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := Dial(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// create makes a znode that anyone may change and returns its path.
func create(t testing.TB, c *Client, path string, mode jute.CreateMode) string {
	t.Helper()
	p, _, err := c.Create(testContext(t), path, []byte("data of "+path), jute.OpenACL(), mode, 0)
	if err != nil {
		t.Fatalf("create %s: %v", path, err)
	}
	return p
}

func set(t testing.TB, c *Client, path, data string) {
	t.Helper()
	if _, err := c.Set(testContext(t), path, []byte(data), -1); err != nil {
		t.Fatalf("set %s: %v", path, err)
	}
}

// eventually waits until ok, which has no deadline of its own but the test's.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// record keeps what OnState and OnEvent hear, in order, as lines.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, s)
}

func (r *record) state(s State) { r.add(s.String()) }
func (r *record) event(e Event) { r.add(fmt.Sprintf("%v %s", e.Type, e.Path)) }

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

func (r *record) has(line string) bool { return slices.Contains(r.all(), line) }

// clear forgets what was heard.
func (r *record) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = nil
}

// expect waits for exactly these lines.
func (r *record) expect(t testing.TB, lines ...string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		got := r.all()
		if len(got) >= len(lines) || time.Now().After(end) {
			if !slices.Equal(got, lines) {
				t.Fatalf("heard\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
			}
			return
		}
	}
}

// proxy is a TCP proxy before a server whose connections can be cut, stalled and
// chopped to pieces.
type proxy struct {
	Addr   string
	chunk  atomic.Int64 // bytes that are passed on at once; 0 for any
	delay  atomic.Int64 // nanoseconds before each piece
	stall  atomic.Bool  // nothing passes, nothing closes
	refuse atomic.Bool  // new connections are closed at once
	cutAt  atomic.Int64 // the connection is cut when the server has sent so many bytes; 0 for never

	server string
	mu     sync.Mutex
	conns  []net.Conn
	closed bool
}

func newProxy(t testing.TB, server string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	p := &proxy{Addr: l.Addr().String(), server: server}
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.cut()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			if p.refuse.Load() {
				in.Close()
				continue
			}
			go p.serve(in)
		}
	}()
	return p
}

func (p *proxy) serve(in net.Conn) {
	out, err := net.Dial("tcp", p.server)
	if err != nil {
		in.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, in, out)
	p.mu.Unlock()
	go p.pipe(out, in, nil)
	p.pipe(in, out, &p.cutAt)
}

func (p *proxy) pipe(dst, src net.Conn, cutAt *atomic.Int64) {
	defer dst.Close()
	defer src.Close()
	buf := make([]byte, 64<<10)
	var passed int64
	for {
		n, err := src.Read(buf)
		for b := buf[:n]; len(b) > 0; {
			piece := b
			if c := p.chunk.Load(); c > 0 {
				piece = b[:min(int64(len(b)), c)]
			}
			time.Sleep(time.Duration(p.delay.Load()))
			for p.stall.Load() && !p.isClosed() {
				time.Sleep(5 * time.Millisecond)
			}
			if cutAt != nil && cutAt.Load() > 0 && passed+int64(len(piece)) >= cutAt.Load() {
				dst.Write(piece[:cutAt.Load()-passed])
				return
			}
			if _, err := dst.Write(piece); err != nil {
				return
			}
			passed += int64(len(piece))
			b = b[len(piece):]
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// noLeaks fails the test if at its end this package, or go-zookeeper for it, has
// goroutines that it had not at the start.
func noLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		var left string
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if left = ourGoroutines(); left == "" {
				return
			}
		}
		t.Errorf("goroutines left:\n%s", left)
	})
}

func ourGoroutines() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(g, "go-zookeeper") || strings.Contains(g, "client.(*frameConn)") ||
			strings.Contains(g, "client.(*notifier)") || strings.Contains(g, "client.(*Client)") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}
