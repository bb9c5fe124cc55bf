package server

import (
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"
)

// sessionTable is the sessions that are open by the transactions applied so far.
type sessionTable struct {
	mu     sync.Mutex
	byID   map[int64]*session
	nextID int64
}

type session struct {
	id      int64
	opened  int32        // the timeout that it was opened with, milliseconds: what files say
	timeout atomic.Int64 // the one that the last connection negotiated, nanoseconds
	heard   atomic.Int64 // monotonic nanoseconds
	closed  atomic.Bool  // a closeSession is on its way
}

// epoch makes time.Since a cheap monotonic clock.
var epoch = time.Now()

// touch notes that the client was heard at now, since epoch.
func (s *session) touch(now time.Duration) { s.heard.Store(int64(now)) }

func (s *session) setTimeout(d time.Duration) {
	s.timeout.Store(int64(d))
	s.touch(time.Since(epoch))
}

// newSessionTable takes over the sessions of a data directory, by id with their
// timeouts in milliseconds. Their clients have a full timeout to come back.
func newSessionTable(timeouts map[int64]int32, serverID int64, now time.Time) *sessionTable {
	t := &sessionTable{byID: map[int64]*session{}, nextID: firstSessionID(serverID, now)}
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
	s.setTimeout(time.Duration(timeout) * time.Millisecond)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[id] = s
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

// remove forgets a closed session.
func (t *sessionTable) remove(id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, id)
}

// expired returns the sessions that have not been heard of for their timeout,
// each only once.
func (t *sessionTable) expired() []int64 {
	now := int64(time.Since(epoch))
	var ids []int64
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, s := range t.byID {
		if now-s.heard.Load() > s.timeout.Load() && s.closed.CompareAndSwap(false, true) {
			ids = append(ids, id)
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
