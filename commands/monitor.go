package commands

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"zook/fourletter"
)

// monitor samples servers again and again, each at its own pace: one that is dead or
// slow holds up no other.
type monitor struct {
	ctx     context.Context
	asker   *fourletter.Client
	changed func() // there is something new; called from many goroutines
	running sync.WaitGroup

	mu       sync.Mutex
	interval time.Duration
	paused   bool
	dumps    bool // dump is asked for too
	members  []fourletter.Member
	servers  []*monitored
	broken   error // a mistake of ours
}

// monitored is a server and what it has told last.
type monitored struct {
	addr  string
	wake  chan struct{} // the pace has changed
	asked time.Time     // when it was asked for what it has not answered yet; zero if it has
	last  *serverSample // nil before the first; never changed
}

// serverSample is what a server told, or why it did not.
type serverSample struct {
	probe    *fourletter.Probe
	at       time.Time
	conns    []fourletter.Conn
	connsErr error
	connsAt  time.Time
	dump     *fourletter.Dump // nil if it was not asked for, or not told
	dumpErr  error
	words    int64 // that were sent for this

	rates
}

// rates are per second, since the sample before; nil, and not there, if they are not
// known, as after a restart of the server.
type rates struct {
	received, sent, txns *float64
	clients              map[clientKey]float64 // packets that they have sent
}

// clientKey is a connection of a server.
type clientKey struct {
	addr    string
	session int64
}

// watch begins to sample servers, until the monitor's context ends.
func (m *monitor) watch(addrs ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, addr := range addrs {
		s := &monitored{addr: addr, wake: make(chan struct{}, 1)}
		m.servers = append(m.servers, s)
		m.running.Go(func() { m.safely(func() { m.run(s) }) })
	}
}

// safely makes an error of a panic, which whoever shows the monitor ends with: the
// terminal has to be restored first.
func (m *monitor) safely(do func()) {
	defer func() {
		if r := recover(); r != nil {
			m.mu.Lock()
			m.broken = mistake(r)
			m.mu.Unlock()
			m.changed()
		}
	}()
	do()
}

func mistake(r any) error {
	return fmt.Errorf("this is a mistake in zook, please report it: %v", r)
}

func (m *monitor) run(s *monitored) {
	for m.ctx.Err() == nil {
		start := time.Now()
		m.mu.Lock()
		s.asked = start
		before, dumps := s.last, m.dumps
		m.mu.Unlock()
		x := m.take(s.addr, dumps)
		if m.ctx.Err() != nil {
			return
		}
		x.rates = x.since(before)
		m.mu.Lock()
		s.asked, s.last = time.Time{}, x
		m.mu.Unlock()
		m.meet(x.probe)
		m.changed()
		m.rest(s, start)
	}
}

// take asks a server for all at once.
func (m *monitor) take(addr string, dump bool) *serverSample {
	x := &serverSample{probe: &fourletter.Probe{Addr: addr, Err: errNoServer}, words: 4}
	var asking sync.WaitGroup
	ask := func(do func()) { asking.Go(func() { m.safely(do) }) }
	ask(func() {
		x.probe = m.asker.Probe(m.ctx, addr)
		x.at = time.Now()
	})
	ask(func() {
		x.conns, _, x.connsErr = m.asker.Cons(m.ctx, addr)
		x.connsAt = time.Now()
		x.conns = slices.DeleteFunc(x.conns, hasNoSession)
	})
	if dump {
		x.words++
		ask(func() { x.dump, _, x.dumpErr = m.asker.Dump(m.ctx, addr) })
	}
	asking.Wait()
	return x
}

// rest waits for the next sample's time, which may change meanwhile.
func (m *monitor) rest(s *monitored, start time.Time) {
	for m.ctx.Err() == nil {
		m.mu.Lock()
		paused, left := m.paused, time.Until(start.Add(m.interval))
		m.mu.Unlock()
		if !paused && left <= 0 {
			return
		}
		if paused {
			left = time.Hour
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-m.ctx.Done():
		}
		timer.Stop()
	}
}

// set changes the pace, or what is asked for.
func (m *monitor) set(change func(*monitor)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
	for _, s := range m.servers {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// meet begins to watch the members of the configuration that are not watched yet.
func (m *monitor) meet(p *fourletter.Probe) {
	if p.Conf == nil || len(p.Conf.Membership) == 0 {
		return
	}
	members := fourletter.ParseMembers(p.Conf.Membership)
	m.mu.Lock()
	known := slices.Equal(members, m.members)
	m.members = members
	var probes []*fourletter.Probe
	var addrs []string
	for _, s := range m.servers {
		addrs = append(addrs, s.addr)
		if s.last != nil {
			probes = append(probes, s.last.probe)
		}
	}
	m.mu.Unlock()
	if !known {
		m.watch(missing(m.ctx, members, probes, addrs)...)
	}
}

// since computes the rates between two samples.
func (x *serverSample) since(before *serverSample) rates {
	r := rates{clients: map[clientKey]float64{}}
	if before == nil {
		return r
	}
	if now, was := x.probe.Srvr, before.probe.Srvr; now != nil && was != nil {
		took := x.at.Sub(before.at)
		r.received = perSecond(now.Received-was.Received, x.words, took)
		r.sent = perSecond(now.Sent-was.Sent, x.words, took)
		if uint64(now.Zxid)>>32 == uint64(was.Zxid)>>32 { // each leader begins to count at 0
			r.txns = perSecond(now.Zxid-was.Zxid, 0, took)
		}
	}
	if x.connsErr != nil || before.connsErr != nil {
		return r
	}
	was := map[clientKey]int64{}
	for _, c := range before.conns {
		was[clientKey{c.Addr, c.Session}] = c.Received
	}
	for _, c := range x.conns {
		key := clientKey{c.Addr, c.Session}
		if n, ok := was[key]; ok {
			if rate := perSecond(c.Received-n, 0, x.connsAt.Sub(before.connsAt)); rate != nil {
				r.clients[key] = *rate
			}
		}
	}
	return r
}

// perSecond is a rate; ours are what we have caused ourselves. It is nil for a
// counter that was set back.
func perSecond(n, ours int64, took time.Duration) *float64 {
	if n < 0 || took <= 0 {
		return nil
	}
	rate := float64(max(0, n-ours)) / took.Seconds()
	return &rate
}

// observed is what is known of all servers at a moment.
type observed struct {
	at       time.Time
	interval time.Duration
	members  []fourletter.Member
	servers  []monitored
	broken   error
}

func (m *monitor) observe() *observed {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := &observed{at: time.Now(), interval: m.interval, members: m.members, broken: m.broken}
	ids := map[int64]bool{}
	for _, s := range m.servers {
		if s.last != nil && s.last.probe.Err == nil && s.last.probe.Srvr.Mode != "standalone" {
			if id, ok := s.last.probe.ID(); ok {
				if ids[id] {
					continue // it is watched under two names
				}
				ids[id] = true
			}
		}
		o.servers = append(o.servers, *s)
	}
	return o
}

// census is who is connected.
func (o *observed) census() *census {
	c := &census{}
	for _, s := range o.servers {
		if s.last != nil {
			c.servers = append(c.servers, &headcount{addr: s.addr, conns: s.last.conns, dump: s.last.dump})
		}
	}
	return c
}
