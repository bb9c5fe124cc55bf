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

	"zook/jute"
)

var children = []string{"child-0", "child-1", "child-2", "child-3", "child-4", "child-5", "child-6", "child-7", "child-8", "child-9"}

func main() {
	listen := flag.String("listen", "127.0.0.1:2181", "host:port")
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
	in, out := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
	frame := make([]byte, 1<<20)
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
		if n > len(frame) {
			return
		}
		if _, err := io.ReadFull(in, frame[:n]); err != nil {
			return
		}
		reply = append(reply[:0], 0, 0, 0, 0)
		if !greeted {
			greeted = true
			reply = (&jute.ConnectResponse{Timeout: 30000, SessionID: 1, Passwd: make([]byte, 16)}).Append(reply)
		} else {
			var h jute.RequestHeader
			h.Decode(jute.NewDecoder(frame[:n]))
			reply = (&jute.ReplyHeader{Xid: h.Xid, Zxid: 1}).Append(reply)
			reply = append(reply, body(h.Type, frame[8:n], data)...)
		}
		binary.BigEndian.PutUint32(reply, uint32(len(reply)-4))
		out.Write(reply)
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
