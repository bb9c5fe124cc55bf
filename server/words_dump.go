package server

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"zook/fourletter"
)

// expiry is sessions that expire together.
type expiry struct {
	at       time.Time
	sessions []int64
}

// expiries are the sessions by when they expire, unless they are heard of, the next
// ones first.
func (s *Server) expiries() []expiry {
	byTime := map[time.Time][]int64{}
	s.sessions.mu.Lock()
	for id, sess := range s.sessions.byID {
		at := s.nextTick(sess.expires())
		byTime[at] = append(byTime[at], id)
	}
	s.sessions.mu.Unlock()
	list := make([]expiry, 0, len(byTime))
	for _, at := range slices.SortedFunc(maps.Keys(byTime), time.Time.Compare) {
		slices.Sort(byTime[at])
		list = append(list, expiry{at, byTime[at]})
	}
	return list
}

// expires is when the session expires if it is not heard of.
func (s *session) expires() time.Time {
	return epoch.Add(time.Duration(s.heard.Load() + s.timeout.Load())).Round(0)
}

// nextTick is the end of a tick, in which Apache expires all that were due in it.
func (s *Server) nextTick(t time.Time) time.Time {
	return t.Truncate(s.cfg.TickTime).Add(s.cfg.TickTime)
}

// dump is sessions, ephemerals and connections.
//
// Behaviour: DumpCommand.java, ExpiryQueue.dump.
func (s *Server) dump() *fourletter.Dump {
	d := &fourletter.Dump{Ephemerals: s.ephemerals()}
	for _, e := range s.expiries() {
		d.Expiries = append(d.Expiries, fourletter.Expiry{At: javaDate(e.at), Sessions: e.sessions})
	}
	byTime := map[time.Time][]string{}
	count := 0
	for c, sess := range s.connSessions() {
		var id int64
		at := c.stats.established.Add(s.cfg.MaxSessionTimeout)
		if sess != nil {
			id, at = sess.id, sess.expires()
		}
		at = s.nextTick(at)
		byTime[at] = append(byTime[at], fmt.Sprintf("\tip: /%s sessionId: 0x%x", c.nc.RemoteAddr(), uint64(id)))
		count++
	}
	d.Connections = append(d.Connections, fmt.Sprintf("Connections Sets (%d)/(%d):", len(byTime), count))
	for _, at := range slices.SortedFunc(maps.Keys(byTime), time.Time.Compare) {
		d.Connections = append(d.Connections, fmt.Sprintf("%d expire at %s:", len(byTime[at]), javaDate(at)))
		d.Connections = append(d.Connections, byTime[at]...)
	}
	return d
}

// javaDate is a time as Java writes it.
func javaDate(t time.Time) string { return t.Format("Mon Jan 02 15:04:05 MST 2006") }

// ephemerals are the paths of the ephemerals by session.
func (s *Server) ephemerals() []fourletter.SessionPaths {
	owners := s.tree.EphemeralOwners()
	slices.Sort(owners)
	var list []fourletter.SessionPaths
	for _, id := range owners {
		v := s.tree.View()
		paths := v.Ephemerals(id, "")
		v.Close()
		if len(paths) > 0 {
			slices.Sort(paths)
			list = append(list, fourletter.SessionPaths{Session: id, Paths: paths})
		}
	}
	return list
}
