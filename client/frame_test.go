package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"zook/jute"
)

// scriptedConn gives out fixed bytes, at most chunk at a time, and then ends.
type scriptedConn struct {
	net.Conn
	data  []byte
	chunk int
}

func (c *scriptedConn) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.chunk)], c.data)
	c.data = c.data[n:]
	return n, nil
}

func (c *scriptedConn) SetReadDeadline(time.Time) error { return nil }
func (c *scriptedConn) Close() error                    { return nil }

// split runs data through a connection with ten calls in flight, from after the
// handshake if opened, and reads what is go-zookeeper's as it does. It returns
// all that came out, as text.
func split(t testing.TB, data []byte, chunk int, opened bool) string {
	t.Helper()
	var out, events bytes.Buffer
	c := &Client{hosts: newHosts([]string{"h:1"}), watches: newWatchTable(), dialing: map[*frameConn]bool{},
		refused: make(chan error, 1), dialed: make(chan struct{})}
	c.notes = newNotifier(nil, func(e Event) { fmt.Fprintf(&events, "event %v\n", e) })
	f := newFrameConn(c, &scriptedConn{data: data, chunk: chunk}, "h:1", time.Time{})
	c.dialing[f] = true
	if f.opened = opened; opened {
		c.conn = f
	}
	var calls []*call
	for range 10 {
		w := newCall(jute.OpGetData, &jute.GetDataRequest{Path: "/"}, nil)
		f.start(w)
		calls = append(calls, w)
	}
	var err error
	for {
		var head [4]byte
		if _, err = io.ReadFull(f, head[:]); err != nil {
			break
		}
		n := binary.BigEndian.Uint32(head[:])
		if n < replyHeaderSize || n > maxForeignFrame {
			t.Fatalf("go-zookeeper gets a frame of %d bytes", n)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(f, body); err != nil {
			t.Fatalf("go-zookeeper gets part of a frame: %v", err)
		}
		if !opened {
			opened = true
			if err := jute.Unmarshal(body, &jute.ConnectResponse{}); err != nil {
				t.Fatalf("go-zookeeper gets the handshake %x: %v", body, err)
			}
		} else if xid := int32(binary.BigEndian.Uint32(body)); xid >= firstXid || xid == jute.XidNotification || xid == jute.XidSetWatches {
			t.Fatalf("go-zookeeper gets xid %d", xid)
		}
		fmt.Fprintf(&out, "theirs %x\n", body)
	}
	c.notes.close()
	for i, w := range calls {
		select {
		case r := <-w.done:
			fmt.Fprintf(&out, "call %d: %v %v %.1000x\n", i, r.err, r.code, r.body)
		default:
			t.Fatalf("call %d waits for ever", i)
		}
	}
	var greeting *greetingError
	if errors.As(err, &greeting) {
		err = errors.New("a stranger's greeting") // it shows as much as has arrived
	}
	fmt.Fprintf(&out, "end: %v, last zxid %x\n", err, c.lastZxid)
	return out.String() + events.String()
}

func reply(xid int32, zxid int64, code jute.ErrCode, body ...jute.Record) []byte {
	return framed(append([]jute.Record{&jute.ReplyHeader{Xid: xid, Zxid: zxid, Err: code}}, body...)...)
}

// someFrames is a stream with one of each.
func someFrames() []byte {
	return bytes.Join([][]byte{
		reply(jute.XidPing, 1, 0),
		reply(firstXid+1, 2, 0, &jute.GetDataResponse{Data: []byte("two")}),
		reply(jute.XidNotification, -1, 0, &jute.WatcherEvent{Type: jute.EventNodeCreated, State: jute.StateSyncConnected, Path: "/a"}),
		reply(firstXid, 3, jute.ErrNoNode),
		reply(jute.XidSetWatches, 3, 0),
		reply(1, 4, 0),
		reply(firstXid+2, 5, 0, &jute.GetDataResponse{Data: bytes.Repeat([]byte("x"), 70<<10)}),
	}, nil)
}

func TestSplit(t *testing.T) {
	want := split(t, someFrames(), math.MaxInt, true)
	for _, s := range []string{"event {NodeCreated SyncConnected /a 0}", "call 0: <nil> no such node", "call 9: connection lost", "theirs 00000001", "last zxid 5"} {
		if !bytes.Contains([]byte(want), []byte(s)) {
			t.Errorf("%q is not in\n%.2000s", s, want)
		}
	}
	for chunk := 1; chunk < 100; chunk++ {
		if got := split(t, someFrames(), chunk, true); got != want {
			t.Fatalf("by %d bytes:\n%s\nat once:\n%s", chunk, got, want)
		}
	}
}

// Whatever a server sends, it is split the same however it arrives, go-zookeeper
// gets whole frames that are its own, and no call waits for ever.
func FuzzSplit(f *testing.F) {
	f.Add(someFrames()[:300], 3, true)
	f.Add([]byte("\xff\xff\xff\xff"), 1, true)
	f.Add([]byte("\x7f\xff\xff\xff0123456789"), 2, true)
	f.Add([]byte("\x00\x00\x00\x04\x00\x00\x00\x00"), 1, true)
	f.Add(reply(firstXid+100, 1, 0), 5, true)
	f.Add(reply(jute.XidNotification, 1, 0), 5, true)
	f.Add(reply(firstXid, 0, jute.ErrUnimplemented), 5, true)
	f.Add(append(framed(&jute.ConnectResponse{Timeout: 1000, SessionID: 7, Passwd: make([]byte, 16)}), someFrames()[:200]...), 3, false)
	f.Add(append(framed(&jute.ConnectResponse{}), someFrames()[:200]...), 3, false)
	f.Fuzz(func(t *testing.T, data []byte, chunk int, opened bool) {
		if chunk < 1 {
			chunk = 1
		}
		want := split(t, data, math.MaxInt, opened)
		if got := split(t, data, chunk, opened); got != want {
			t.Errorf("by %d bytes:\n%s\nat once:\n%s", chunk, got, want)
		}
	})
}

// A length that is a lie costs no memory.
func TestClaimedLengthIsNotAllocated(t *testing.T) {
	data := append([]byte("\x7f\xff\xff\xff"), make([]byte, 1000)...)
	var got string
	allocs := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			got = split(b, data, 100, true)
		}
	})
	if perOp := allocs.AllocedBytesPerOp(); perOp > 4<<20 {
		t.Errorf("%d bytes allocated for a frame of 1000 that claims 2 GiB: %s", perOp, got)
	}
}
