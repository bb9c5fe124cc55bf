package client

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"zook/jute"
)

func pipeline(t *testing.T, addr string, cfg Config) *Pipeline {
	t.Helper()
	p, err := OpenPipeline(testContext(t), addr, cfg)
	check(t, err)
	t.Cleanup(func() { p.Close() })
	p.SetDeadline(time.Now().Add(30 * time.Second))
	return p
}

// Many requests in flight, small replies and one that is larger than the buffer: replies
// come in the order of the requests, and an event ahead of the reply of what it tells.
func TestPipeline(t *testing.T) {
	bothWithSASL(t, func(t *testing.T, addr string) {
		p := pipeline(t, addr, Config{SASL: &SASL{"bob", "secret"}, Auth: []Auth{digest("ann:1")}})
		only := []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "sasl", ID: "bob"}}}
		large := strings.Repeat("x", 200<<10)
		p.Send(jute.OpCreate, &jute.CreateRequest{Path: "/large", Data: []byte(large), ACL: only})
		for i := range 500 {
			p.Send(jute.OpCreate, &jute.CreateRequest{Path: fmt.Sprintf("/n%d", i), ACL: only, Flags: jute.Ephemeral})
		}
		p.Send(jute.OpGetData, &jute.GetDataRequest{Path: "/large", Watch: true})
		p.Send(jute.OpSetData, &jute.SetDataRequest{Path: "/large", Data: []byte("y"), Version: -1})
		p.Send(jute.OpGetData, &jute.GetDataRequest{Path: "/none"})
		p.Send(jute.OpPing, nil)
		check(t, p.Flush())
		next := func(xid int32, code jute.ErrCode) []byte {
			t.Helper()
			r, err := p.Receive()
			check(t, err)
			if r.Xid != xid || r.Err != code {
				t.Fatalf("%+v instead of the answer %v to %d", r.ReplyHeader, code, xid)
			}
			return r.Body
		}
		first := p.xid - 503
		for i := range int32(501) {
			next(first+i, jute.ErrOK)
		}
		var got jute.GetDataResponse
		check(t, jute.Unmarshal(next(p.xid-2, jute.ErrOK), &got))
		if string(got.Data) != large {
			t.Errorf("%d bytes", len(got.Data))
		}
		var e jute.WatcherEvent
		check(t, jute.Unmarshal(next(jute.XidNotification, jute.ErrOK), &e))
		if e.Path != "/large" || e.Type != jute.EventNodeDataChanged {
			t.Errorf("%+v", e)
		}
		next(p.xid-1, jute.ErrOK)
		next(p.xid, jute.ErrNoNode)
		next(jute.XidPing, jute.ErrOK)
		if p.Waiting() {
			t.Error("something waits that nobody asked for")
		}
		check(t, p.Close())

		// Its session is closed, its ephemerals are gone.
		q := pipeline(t, addr, Config{SASL: &SASL{"bob", "secret"}})
		q.Send(jute.OpExists, &jute.ExistsRequest{Path: "/n7"})
		q.Send(jute.OpDelete, &jute.DeleteRequest{Path: "/large", Version: -1})
		check(t, q.Flush())
		for _, code := range []jute.ErrCode{jute.ErrNoNode, jute.ErrOK} {
			if r, err := q.Receive(); err != nil || r.Err != code {
				t.Errorf("%+v %v", r, err)
			}
		}
	})
}

// A reply that comes in pieces is not lost when the time to wait is over between them.
func TestPipelineDeadline(t *testing.T) {
	here, there := net.Pipe()
	p := &Pipeline{raw: here, in: newPipelineReader(here)}
	frame := append([]byte{0, 0, 0, 18}, (&jute.ReplyHeader{Xid: 7, Zxid: 9}).Append(nil)...)
	frame = append(frame, 'h', 'i')
	half := make(chan struct{})
	go func() {
		there.Write(frame[:11])
		<-half
		there.Write(frame[11:])
	}()
	p.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := p.Receive(); !errors.Is(err, os.ErrDeadlineExceeded) || p.Waiting() {
		t.Fatalf("%v", err)
	}
	close(half)
	p.SetDeadline(time.Now().Add(10 * time.Second))
	if r, err := p.Receive(); err != nil || r.Xid != 7 || string(r.Body) != "hi" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPipelineRefused(t *testing.T) {
	bothWithSASL(t, func(t *testing.T, addr string) {
		_, err := OpenPipeline(testContext(t), addr, Config{SASL: &SASL{"bob", "wrong"}})
		if login := (*LoginError)(nil); !errors.As(err, &login) || login.Reason != errWrongLogin {
			t.Errorf("%v", err)
		}
		_, err = OpenPipeline(testContext(t), addr, Config{SASL: &SASL{"bob", "secret"}, Auth: []Auth{{Scheme: "nothing", Data: []byte("x")}}})
		if !errors.Is(err, jute.ErrAuthFailed) {
			t.Errorf("%v", err)
		}
	})
	// A peer that is something else.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	go func() {
		for _, says := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "", "\x00\x00\x00\x01x"} {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			nc.Write([]byte(says))
			nc.Close()
		}
	}()
	for range 3 {
		if p, err := OpenPipeline(testContext(t), l.Addr().String(), Config{}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, %v", p, err)
		}
	}
}
