package server

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"zook/jute"
)

// wire is a client of one connection that sees every frame.
type wire struct {
	t       testing.TB
	nc      net.Conn
	r       *bufio.Reader
	xid     int32
	session jute.ConnectResponse
}

// frame is a reply or an event as it arrived.
type frame struct {
	jute.ReplyHeader
	body []byte
}

func (f *frame) event() (e jute.WatcherEvent) {
	jute.Unmarshal(f.body, &e)
	return e
}

// connect opens a TCP connection without a handshake.
func connect(t testing.TB, addr string) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &wire{t: t, nc: nc, r: bufio.NewReader(nc)}
}

// openSession connects and opens a session.
func openSession(t testing.TB, addr string, timeout time.Duration) *wire {
	t.Helper()
	w := connect(t, addr)
	if res := w.handshake(jute.ConnectRequest{Timeout: int32(timeout / time.Millisecond)}); res.SessionID == 0 {
		t.Fatalf("no session: %+v", res)
	}
	return w
}

// resume connects and takes over the session of another connection.
func (w *wire) resume(addr string) *wire {
	w.t.Helper()
	n := connect(w.t, addr)
	n.handshake(jute.ConnectRequest{Timeout: w.session.Timeout, SessionID: w.session.SessionID, Passwd: w.session.Passwd})
	return n
}

func (w *wire) handshake(req jute.ConnectRequest) jute.ConnectResponse {
	w.t.Helper()
	w.write(jute.Marshal(&req))
	b, err := w.read()
	if err != nil {
		w.t.Fatalf("handshake: %v", err)
	}
	if err := jute.Unmarshal(b, &w.session); err != nil {
		w.t.Fatalf("handshake: %v in % x", err, b)
	}
	return w.session
}

// write sends a frame.
func (w *wire) write(body []byte) {
	w.t.Helper()
	if err := w.tryWrite(body); err != nil {
		w.t.Fatalf("write: %v", err)
	}
}

func (w *wire) tryWrite(body []byte) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	_, err := w.nc.Write(append(b, body...))
	return err
}

// read reads a frame.
func (w *wire) read() ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(w.r, n[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(n[:]))
	_, err := io.ReadFull(w.r, b)
	return b, err
}

// request is the bytes of a request; body is a jute.Record, raw bytes or nil.
func encodeRequest(xid int32, op jute.OpCode, body any) []byte {
	b := (&jute.RequestHeader{Xid: xid, Type: op}).Append(nil)
	switch body := body.(type) {
	case nil:
	case []byte:
		b = append(b, body...)
	case jute.Record:
		b = body.Append(b)
	default:
		panic(fmt.Sprintf("%T is no body", body))
	}
	return b
}

// send sends a request and returns its xid.
func (w *wire) send(op jute.OpCode, body any) int32 {
	w.t.Helper()
	w.xid++
	w.write(encodeRequest(w.xid, op, body))
	return w.xid
}

// next reads a reply or an event.
func (w *wire) next() (frame, error) {
	b, err := w.read()
	if err != nil {
		return frame{}, err
	}
	var f frame
	d := jute.NewDecoder(b)
	f.ReplyHeader.Decode(d)
	f.body = d.Rest()
	return f, d.Err()
}

// call sends a request and returns its reply, and the events before it.
func (w *wire) call(op jute.OpCode, body any) (reply frame, events []jute.WatcherEvent) {
	w.t.Helper()
	xid := w.send(op, body)
	for {
		f, err := w.next()
		if err != nil {
			w.t.Fatalf("%v: %v", op, err)
		}
		if f.Xid == jute.XidNotification {
			events = append(events, f.event())
			continue
		}
		if f.Xid != xid {
			w.t.Fatalf("%v: reply to %d, asked %d", op, f.Xid, xid)
		}
		return f, events
	}
}

// do is a call that must succeed; res, if not nil, takes the answer.
func (w *wire) do(op jute.OpCode, body any, res jute.Record) frame {
	w.t.Helper()
	f, _ := w.call(op, body)
	if f.Err != jute.ErrOK {
		w.t.Fatalf("%v %+v: %v", op, body, f.Err)
	}
	if res != nil {
		if err := jute.Unmarshal(f.body, res); err != nil {
			w.t.Fatalf("%v: %v", op, err)
		}
	}
	return f
}

func (w *wire) create(path, data string, flags jute.CreateMode) string {
	w.t.Helper()
	var res jute.CreateResponse
	w.do(jute.OpCreate, &jute.CreateRequest{Path: path, Data: []byte(data), ACL: jute.OpenACL(), Flags: flags}, &res)
	return res.Path
}

func (w *wire) exists(path string) bool {
	w.t.Helper()
	f, _ := w.call(jute.OpExists, &jute.ExistsRequest{Path: path})
	return f.Err == jute.ErrOK
}

func (w *wire) get(path string) string {
	w.t.Helper()
	var res jute.GetDataResponse
	w.do(jute.OpGetData, &jute.GetDataRequest{Path: path}, &res)
	return string(res.Data)
}

// isClosed waits until the server closes the connection; what it sends before is
// read.
func (w *wire) isClosed(within time.Duration) bool {
	w.nc.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, w.r)
	w.nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	ne, timeout := err.(net.Error)
	return !timeout || !ne.Timeout()
}
