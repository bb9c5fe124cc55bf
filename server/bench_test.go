package server

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"zook/jute"
)

// benchPipelined sends b.N requests over several connections, many in flight on
// each. It measures our client too, which shares the machine.
func benchPipelined(b *testing.B, conns, inFlight int, request func(conn, i int) jute.Op) {
	s, err := Start(b.Context(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	w := openSession(b, s.Addr(), 30*time.Second)
	w.create("/bench", "", 0)
	w.create("/bench/node", string(make([]byte, 100)), 0)
	ws := make([]*wire, conns)
	for i := range ws {
		ws[i] = openSession(b, s.Addr(), 30*time.Second)
		ws[i].nc.SetDeadline(time.Time{})
	}
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for n, w := range ws {
		all.Add(1)
		go func() {
			defer all.Done()
			count := b.N / conns
			sent := 0
			for got := 0; got < count; got++ {
				for ; sent < count && sent < got+inFlight; sent++ {
					q := request(n, sent)
					w.tryWrite(encodeRequest(int32(sent), q.Type, q.Body))
				}
				if f, err := w.next(); err != nil || f.Err != jute.ErrOK {
					b.Errorf("%+v, %v", f, err)
					return
				}
			}
		}()
	}
	all.Wait()
}

func BenchmarkGet(b *testing.B) {
	benchPipelined(b, 4, 128, func(int, int) jute.Op { return op(jute.OpGetData, reqGet("/bench/node", false)) })
}

func BenchmarkSet(b *testing.B) {
	data := string(make([]byte, 100))
	benchPipelined(b, 4, 128, func(int, int) jute.Op { return op(jute.OpSetData, reqSet("/bench/node", data, -1)) })
}

func BenchmarkCreate(b *testing.B) {
	data := string(make([]byte, 100))
	benchPipelined(b, 4, 128, func(n, i int) jute.Op {
		return op(jute.OpCreate, reqCreate(fmt.Sprintf("/bench/n%d-%d", n, i), data, 0))
	})
}

// BenchmarkCreateAlone is one connection with one request at a time: mostly the
// disk.
func BenchmarkCreateAlone(b *testing.B) {
	benchPipelined(b, 1, 1, func(_, i int) jute.Op { return op(jute.OpCreate, reqCreate(fmt.Sprintf("/bench/n%d", i), "", 0)) })
}

// BenchmarkStart is an empty server from Start to serving, and its Close.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := Start(b.Context(), Config{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
