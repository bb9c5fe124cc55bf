package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"zook/datadir"
	"zook/jute"
	"zook/txnlog"
)

// placed is a step, what came for it, and where it is in the order of all.
type placed struct {
	loadStep
	came []*frame // the events before the reply, and the reply
	zxid int64    // of its transaction, or the last one that it saw
	read bool
}

// playAtOnce sends all requests of all connections to our server, none of which waits
// for any other. It notes what came, and returns the load in the order in which our
// server has done it: one by one, it comes to the same.
//
// The order of writes is that of their zxids in the log, the refused ones included; a
// read is behind the write whose zxid its reply has.
func (l *load) playAtOnce(p *program, dir string) *load {
	l.begin(p)
	var all []placed
	var mu sync.Mutex
	var running sync.WaitGroup
	for _, conn := range mixedConns {
		w := p.on(conn)
		w.nc.SetDeadline(time.Now().Add(2 * time.Minute))
		var steps []placed
		for _, s := range l.steps {
			if s.conn == conn {
				if s.since > 0 {
					binary.BigEndian.PutUint64(s.frame[8:], uint64(p.base+s.since))
				}
				steps = append(steps, placed{loadStep: s, read: !throughPipeline(s.op) || s.op == jute.OpSync})
			}
		}
		running.Go(func() {
			for _, s := range steps {
				w.tryWrite(s.frame)
			}
		})
		running.Go(func() {
			for i := range steps {
				if err := steps[i].take(w); err != nil {
					p.t.Errorf("%s: %s: %v", conn, steps[i].does, err)
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, steps...)
		})
	}
	running.Wait()
	if p.t.Failed() {
		p.t.FailNow()
	}
	l.place(p, dir, all)
	inOrder := &load{root: l.root, kind: l.kind}
	for i, s := range all {
		inOrder.steps = append(inOrder.steps, s.loadStep)
		var came []string
		for _, f := range s.came {
			came = append(came, p.frameText(s.op, int32(binary.BigEndian.Uint32(s.frame)), f))
		}
		p.note(fmt.Sprintf("%d %s %s", i, s.conn, s.does), "%s", strings.Join(came, "; "))
		if s.op == jute.OpCloseSession {
			p.note(fmt.Sprintf("%d %s closes", i, s.conn), "closed: %v", p.conns[s.conn].isClosed(20*time.Second))
			delete(p.conns, s.conn)
		}
	}
	l.end(p, dir)
	return inOrder
}

// take reads up to the reply.
func (s *placed) take(w *wire) error {
	for {
		f, err := w.next()
		if err != nil {
			return err
		}
		s.came = append(s.came, &f)
		if f.Xid != jute.XidNotification {
			s.zxid = f.Zxid
			return nil
		}
	}
}

// place sorts steps into the order in which the server has done them.
func (l *load) place(p *program, dir string, all []placed) {
	type key struct {
		session int64
		cxid    int32
	}
	zxids := map[key]int64{}
	logs, err := datadir.Open(dir, "").Logs()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range logs {
		r, err := txnlog.Open(f.Path)
		if err != nil {
			p.t.Fatal(err)
		}
		defer r.Close()
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				p.t.Fatal(err)
			}
			if h := rec.Header; h.Zxid > p.base {
				zxids[key{h.ClientID, h.Cxid}] = h.Zxid
			}
		}
	}
	for i := range all {
		s := &all[i]
		if s.read {
			continue
		}
		k := key{p.conns[s.conn].session.SessionID, int32(binary.BigEndian.Uint32(s.frame))}
		if zxids[k] != s.zxid {
			p.t.Errorf("%s: %s: the reply has zxid %s, the log %s", s.conn, s.does, p.zxid(s.zxid), p.zxid(zxids[k]))
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		switch {
		case a.zxid != b.zxid:
			return int(a.zxid - b.zxid)
		case a.read != b.read && a.read:
			return 1
		case a.read != b.read:
			return -1
		}
		return 0
	})
}
