// Command echo answers every frame of ZooKeeper's protocol at once, with the reply that a
// server would give for a small znode, and knows nothing: what is left of a server when
// all that it does is taken away. bench/compare measures the others against it.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"net"
	"slices"
	"sync"

	"zook/jute"
)

var tell bool

// everybody is the connections.
var everybody struct {
	sync.Mutex
	conns []net.Conn
}

// tellAll sends an event to every connection but one, half of them from another
// goroutine: so a change reaches 10,000 sooner, and not so with four of them.
func tellAll(but net.Conn) {
	frame := []byte{0, 0, 0, 0}
	frame = (&jute.ReplyHeader{Xid: jute.XidNotification, Zxid: -1}).Append(frame)
	frame = (&jute.WatcherEvent{Type: jute.EventNodeDataChanged, State: jute.StateSyncConnected, Path: "/zook-bench-0000000000/node-0"}).Append(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	everybody.Lock()
	defer everybody.Unlock()
	tell := func(conns []net.Conn) {
		for _, nc := range conns {
			if nc != but {
				nc.Write(frame)
			}
		}
	}
	half := len(everybody.conns) / 2
	var other sync.WaitGroup
	other.Go(func() { tell(everybody.conns[:half]) })
	tell(everybody.conns[half:])
	other.Wait()
}

// join adds a connection to everybody, and returns what takes it away.
func join(nc net.Conn) (leave func()) {
	everybody.Lock()
	defer everybody.Unlock()
	everybody.conns = append(everybody.conns, nc)
	return func() {
		everybody.Lock()
		defer everybody.Unlock()
		if i := slices.Index(everybody.conns, nc); i >= 0 {
			everybody.conns = slices.Delete(everybody.conns, i, i+1)
		}
	}
}

var children = []string{"child-0", "child-1", "child-2", "child-3", "child-4", "child-5", "child-6", "child-7", "child-8", "child-9"}

func main() {
	listen := flag.String("listen", "127.0.0.1:2181", "host:port")
	flag.BoolVar(&tell, "tell", false, "tell every other connection of a change, as if all watched the znode")
	size := flag.Int("size", 100, "bytes of data in a reply to getData")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(nc, make([]byte, *size))
	}
}

func serve(nc net.Conn, data []byte) {
	defer nc.Close()
	defer join(nc)()
	in, out := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
	frame := make([]byte, 4<<10)
	greeted := false
	var reply []byte
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		if _, err := io.ReadFull(in, frame[:4]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint32(frame))
		if n > 1<<20 {
			return
		}
		if n > len(frame) {
			frame = make([]byte, n)
		}
		if _, err := io.ReadFull(in, frame[:n]); err != nil {
			return
		}
		reply = append(reply[:0], 0, 0, 0, 0)
		changed := false
		if !greeted {
			greeted = true
			reply = (&jute.ConnectResponse{Timeout: 30000, SessionID: 1, Passwd: make([]byte, 16)}).Append(reply)
		} else {
			var h jute.RequestHeader
			h.Decode(jute.NewDecoder(frame[:n]))
			reply = (&jute.ReplyHeader{Xid: h.Xid, Zxid: 1}).Append(reply)
			reply = append(reply, body(h.Type, frame[8:n], data)...)
			changed = h.Type == jute.OpSetData
		}
		binary.BigEndian.PutUint32(reply, uint32(len(reply)-4))
		out.Write(reply)
		if changed && tell {
			tellAll(nc)
		}
	}
}

// body is the reply to a request. A bench asks for more than it measures: what it made, and
// what is left to delete.
func body(op jute.OpCode, request, data []byte) []byte {
	switch op {
	case jute.OpGetData:
		return (&jute.GetDataResponse{Data: data}).Append(nil)
	case jute.OpExists:
		return (&jute.ExistsResponse{}).Append(nil)
	case jute.OpSetData:
		return (&jute.SetDataResponse{}).Append(nil)
	case jute.OpGetChildren:
		if !bytes.HasSuffix(request[:len(request)-1], []byte("/children")) {
			return (&jute.GetChildrenResponse{}).Append(nil)
		}
		return (&jute.GetChildrenResponse{Children: children}).Append(nil)
	case jute.OpGetChildren2:
		return (&jute.GetChildren2Response{}).Append(nil)
	case jute.OpGetAllChildrenNumber:
		return (&jute.GetAllChildrenNumberResponse{}).Append(nil)
	case jute.OpCreate, jute.OpCreate2:
		return (&jute.Create2Response{Path: "/zook-bench-0000000000"}).Append(nil)
	case jute.OpMulti:
		var q jute.MultiRequest
		var r jute.MultiResponse
		q.Decode(jute.NewDecoder(request))
		for _, op := range q.Ops {
			result := jute.OpResult{Type: op.Type}
			if op.Type == jute.OpCreate {
				result.Body = &jute.CreateResponse{}
			}
			r.Results = append(r.Results, result)
		}
		return r.Append(nil)
	}
	return nil
}
