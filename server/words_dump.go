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
	byTick := map[int64][]int64{}
	s.sessions.mu.Lock()
	for id, sess := range s.sessions.byID {
		tick := s.sessions.dueOf(sess)
		byTick[tick] = append(byTick[tick], id)
	}
	s.sessions.mu.Unlock()
	list := make([]expiry, 0, len(byTick))
	for _, tick := range slices.Sorted(maps.Keys(byTick)) {
		slices.Sort(byTick[tick])
		list = append(list, expiry{s.endOfTick(tick), byTick[tick]})
	}
	return list
}

// endOfTick is when a tick ends, by the clock of today: it may have been set since the
// server began.
func (s *Server) endOfTick(tick int64) time.Time {
	return time.Now().Add(time.Duration(tick)*s.cfg.TickTime - time.Since(epoch))
}

// dump is sessions, ephemerals and connections.
//
// Behaviour: DumpCommand.java, ExpiryQueue.dump.
func (s *Server) dump() *fourletter.Dump {
	d := &fourletter.Dump{Ephemerals: s.ephemerals()}
	for _, e := range s.expiries() {
		d.Expiries = append(d.Expiries, fourletter.Expiry{At: javaDate(e.at), Sessions: e.sessions})
	}
	conns := s.connSessions()
	byTick := map[int64][]string{}
	for c, sess := range conns {
		id, tick := int64(0), int64((c.stats.established.Sub(epoch)+s.cfg.MaxSessionTimeout)/s.cfg.TickTime)+1
		if sess != nil {
			id, tick = sess.id, s.sessions.dueOf(sess)
		}
		byTick[tick] = append(byTick[tick], fmt.Sprintf("\tip: /%s sessionId: 0x%x", c.nc.RemoteAddr(), uint64(id)))
	}
	d.Connections = append(d.Connections, fmt.Sprintf("Connections Sets (%d)/(%d):", len(byTick), len(conns)))
	for _, tick := range slices.Sorted(maps.Keys(byTick)) {
		d.Connections = append(d.Connections, fmt.Sprintf("%d expire at %s:", len(byTick[tick]), javaDate(s.endOfTick(tick))))
		d.Connections = append(d.Connections, byTick[tick]...)
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
