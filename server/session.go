package server

import (
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"
)

// sessionTable is the sessions that are open by the transactions applied so far.
//
// Behaviour: SessionTrackerImpl and ExpiryQueue: a session expires at the end of
// the tick in which its timeout passes.
type sessionTable struct {
	tick time.Duration

	mu     sync.Mutex
	byID   map[int64]*session
	nextID int64
	// due has each session in the tick at whose end it may have expired. A client
	// that is heard of does not move it: whoever comes to it does, once a timeout.
	due  map[int64][]*session
	next int64 // the tick that ends next
}

type session struct {
	id      int64
	opened  int32        // the timeout that it was opened with, milliseconds: what files say
	timeout atomic.Int64 // the one that the last connection negotiated, nanoseconds
	heard   atomic.Int64 // monotonic nanoseconds
	closed  atomic.Bool  // a closeSession is on its way

	// Under the table's mu.
	due  int64         // where it is in the table's due
	gone chan struct{} // closed when the session is removed; nil if nobody waits
}

// epoch makes time.Since a cheap monotonic clock.
var epoch = time.Now()

// touch notes that the client was heard of at now, since epoch. It reports false
// for a session that is being closed, whose requests are not answered any more.
func (s *session) touch(now time.Duration) bool {
	if s.closed.Load() {
		return false
	}
	s.heard.Store(int64(now))
	return true
}

// newSessionTable takes over the sessions of a data directory, by id with their
// timeouts in milliseconds. Their clients have a full timeout to come back.
func newSessionTable(timeouts map[int64]int32, serverID int64, now time.Time, tick time.Duration) *sessionTable {
	t := &sessionTable{tick: tick, byID: map[int64]*session{}, nextID: firstSessionID(serverID, now),
		due: map[int64][]*session{}, next: int64(time.Since(epoch)/tick) + 1}
	for id, timeout := range timeouts {
		t.open(id, timeout)
	}
	return t
}

// firstSessionID is where a server starts to count: its id in the first byte,
// then the time, so that restarts and other servers do not repeat an id
// (SessionTrackerImpl.initializeNextSessionId).
func firstSessionID(serverID int64, now time.Time) int64 {
	return int64(uint64(now.UnixMilli())<<24>>8) | serverID<<56
}

// newID returns an id that no session has.
func (t *sessionTable) newID() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.nextID++; t.byID[t.nextID] != nil; t.nextID++ {
	}
	return t.nextID
}

// open adds a session; timeout is in milliseconds.
func (t *sessionTable) open(id int64, timeout int32) {
	s := &session{id: id, opened: timeout}
	t.mu.Lock()
	t.byID[id] = s
	t.mu.Unlock()
	t.renew(s, time.Duration(timeout)*time.Millisecond)
}

// renew gives a session another timeout, from now on.
func (t *sessionTable) renew(s *session, timeout time.Duration) {
	s.timeout.Store(int64(timeout))
	s.touch(time.Since(epoch))
	t.mu.Lock()
	defer t.mu.Unlock()
	if due := t.dueOf(s); s.due == 0 || due < s.due {
		t.schedule(s, due)
	}
}

// dueOf is the tick at whose end a session expires if it is not heard of again.
func (t *sessionTable) dueOf(s *session) int64 {
	return (s.heard.Load()+s.timeout.Load())/int64(t.tick) + 1
}

// schedule puts a session where it is looked at. The caller holds mu.
func (t *sessionTable) schedule(s *session, due int64) {
	s.due = max(due, t.next)
	t.due[s.due] = append(t.due[s.due], s)
}

// get returns an open session, or nil.
func (t *sessionTable) get(id int64) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

// usable reports whether a session may still write.
func (t *sessionTable) usable(id int64) bool {
	s := t.get(id)
	return s != nil && !s.closed.Load()
}

// closing marks a session whose closeSession is prepared.
func (t *sessionTable) closing(id int64) {
	if s := t.get(id); s != nil {
		s.closed.Store(true)
	}
}

// expire marks a session whose end is going to be asked for. It reports false where
// that has been done.
func (t *sessionTable) expire(id int64) bool {
	s := t.get(id)
	return s != nil && s.closed.CompareAndSwap(false, true)
}

// whenGone is closed once a session is removed; nil if there is no such session.
func (t *sessionTable) whenGone(id int64) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byID[id]
	if s == nil {
		return nil
	}
	if s.gone == nil {
		s.gone = make(chan struct{})
	}
	return s.gone
}

// hearAll gives every session its whole timeout again.
func (t *sessionTable) hearAll() {
	now := time.Since(epoch)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.byID {
		s.touch(now)
	}
}

// remove forgets a closed session.
func (t *sessionTable) remove(id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byID[id]
	if s == nil {
		return
	}
	delete(t.byID, id)
	if s.gone != nil {
		close(s.gone)
	}
}

// untilExpiry is how long it is until a session may expire.
func (t *sessionTable) untilExpiry() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.next)*t.tick - time.Since(epoch)
}

// expired returns the sessions that have not been heard of for their timeout,
// each only once.
func (t *sessionTable) expired() []int64 {
	var ids []int64
	t.mu.Lock()
	defer t.mu.Unlock()
	for now := time.Since(epoch); time.Duration(t.next)*t.tick <= now; {
		tick := t.next
		here := t.due[tick]
		delete(t.due, tick)
		t.next++
		for _, s := range here {
			if s.due != tick || t.byID[s.id] != s {
				continue // it was moved, or is gone
			}
			if due := t.dueOf(s); due > tick {
				t.schedule(s, due)
			} else if s.closed.CompareAndSwap(false, true) {
				ids = append(ids, s.id)
			}
		}
	}
	return ids
}

// timeouts returns the open sessions with their timeouts in milliseconds, for a
// snapshot.
func (t *sessionTable) timeouts() map[int64]int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := make(map[int64]int32, len(t.byID))
	for id, s := range t.byID {
		m[id] = s.opened
	}
	return m
}

// sessionPassword is the password of a session. It is derived as Apache derives
// it (ZooKeeperServer.generatePasswd: java.util.Random seeded with id ^ secret),
// so that clients keep their sessions when a data directory changes servers.
func sessionPassword(id int64) []byte {
	const secret, multiplier, mask = 0xB3415C00, 0x5DEECE66D, 1<<48 - 1
	seed := (uint64(id^secret) ^ multiplier) & mask
	pw := make([]byte, 16)
	for i := 0; i < len(pw); i += 4 {
		seed = (seed*multiplier + 0xB) & mask
		v := uint32(seed >> 16)
		pw[i], pw[i+1], pw[i+2], pw[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	return pw
}

func passwordMatches(id int64, password []byte) bool {
	return id != 0 && subtle.ConstantTimeCompare(password, sessionPassword(id)) == 1
}

func (t *sessionTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.byID)
}
