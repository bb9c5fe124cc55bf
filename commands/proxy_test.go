package commands

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"zook/client"
	"zook/jute"
)

// proxy stands between a client and a server: it can cut the connections, and be
// a server that is older than some operations.
type proxy struct {
	server string // host:port/chroot of the proxy
	addr   string // of the server behind

	unknown []jute.OpCode // refused as servers refuse what they do not know

	mu     sync.Mutex
	conns  []net.Conn
	down   bool
	expire bool // sessions have expired when they come back
}

func newProxy(t *testing.T, server string, unknown ...jute.OpCode) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, chroot, _ := strings.Cut(server, "/")
	p := &proxy{server: l.Addr().String() + "/" + chroot, addr: addr, unknown: unknown}
	t.Cleanup(func() { l.Close(); p.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// cut ends all connections and refuses new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// cutWhen cuts all connections at a moment, for which it asks all the time over
// another connection; stop ends that.
func (p *proxy) cutWhen(c *client.Client, now func(*client.Client) bool) (stop func()) {
	ended := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for !now(c) {
			select {
			case <-ended:
				return
			default:
			}
		}
		p.cut()
	})
	return func() { close(ended); asking.Wait() }
}

// resume accepts connections again; expired says that no session has survived.
func (p *proxy) resume(expired bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.expire = false, expired
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	behind, err := net.Dial("tcp", p.addr)
	if err != nil {
		return
	}
	defer behind.Close()
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		return
	}
	p.conns = append(p.conns, c, behind)
	expire := p.expire
	p.mu.Unlock()
	go func() {
		io.Copy(c, behind)
		c.Close()
	}()
	p.requests(c, behind, expire)
}

// requests passes requests on, but for those that are unknown: to them it answers
// and hangs up.
func (p *proxy) requests(c, behind net.Conn, expire bool) {
	for first := true; ; first = false {
		frame := make([]byte, 4)
		if _, err := io.ReadFull(c, frame); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(frame)
		frame = append(frame, make([]byte, n)...)
		if _, err := io.ReadFull(c, frame[4:]); err != nil {
			return
		}
		var connect jute.ConnectRequest
		if first && expire && jute.Unmarshal(frame[4:], &connect) == nil && connect.SessionID != 0 {
			reply := jute.Marshal(&jute.ConnectResponse{Passwd: make([]byte, 16)})
			c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...))
			return
		}
		if !first && n >= 8 && slices.Contains(p.unknown, jute.OpCode(binary.BigEndian.Uint32(frame[8:]))) {
			xid := int32(binary.BigEndian.Uint32(frame[4:]))
			reply := jute.Marshal(&jute.ReplyHeader{Xid: xid, Err: jute.ErrUnimplemented})
			c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...))
			return
		}
		if _, err := behind.Write(frame); err != nil {
			return
		}
	}
}
