package server

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"zook/jute"
)

// What runs exclusively gets its turn among writes that never stop, and they theirs; and
// it sees all that was answered before it.
func TestExclusivelyAmongWrites(t *testing.T) {
	s := start(t, Config{})
	w := openSession(t, s.Addr(), 30*time.Second)
	const writes, inFlight = 20_000, 100
	var answered, stop atomic.Int64
	sent := make(chan struct{}, inFlight)
	go func() {
		defer close(sent)
		for i := 0; stop.Load() == 0; i++ {
			if w.tryWrite(encodeRequest(int32(i), jute.OpCreate, reqCreate(fmt.Sprintf("/n%d", i), "", 0))) != nil {
				return
			}
			sent <- struct{}{}
		}
	}()
	done := make(chan error, 2*inFlight)
	go func() {
		defer close(done)
		for range sent {
			if f, err := w.next(); err != nil || f.Err != jute.ErrOK {
				done <- fmt.Errorf("reply %+v, %v", f, err)
				answered.Store(writes) // and no more
				w.nc.Close()
				continue
			}
			answered.Add(1)
		}
	}()
	empty := s.tree.Counts().Znodes
	for before := int64(0); before < writes; before = answered.Load() {
		err := s.exclusively(func() {
			if n := int64(s.tree.Counts().Znodes - empty); n < before {
				t.Errorf("%d znodes, and %d creates were answered", n, before)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
