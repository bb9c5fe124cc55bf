package fourletter

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

// Probe is what one server says of itself at one moment.
type Probe struct {
	Addr string        // host:port
	Took time.Duration // until everything was known
	Err  error         // why nothing is known of the server; nil if Srvr is
	Srvr *Srvr
	Mntr *Mntr // nil if it is not told
	Conf *Conf // nil if it is not told
	// Notes say what is not known and why, a line each.
	Notes []string
	// Admin are the words whose answers are AdminServer's, since the whitelist
	// forbids them.
	Admin []string
}

// Probe asks a server for all that srvr, mntr and conf tell, at once, and its
// AdminServer for those that are not allowed. It takes no longer than the timeout.
func (c *Client) Probe(ctx context.Context, addr string) *Probe {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, defaultTimeout))
	defer cancel()
	start := time.Now()
	p := &Probe{Addr: addr}
	var srvr, mntr, conf answer
	var asking sync.WaitGroup
	for _, a := range []struct {
		word string
		*answer
	}{{"srvr", &srvr}, {"mntr", &mntr}, {"conf", &conf}} {
		asking.Go(func() { c.learn(ctx, addr, a.word, a.answer) })
	}
	asking.Wait()
	p.Took = time.Since(start)
	p.Mntr, p.Conf, p.Srvr = mntr.mntr, conf.conf, srvr.srvr
	if p.Srvr == nil && p.Mntr != nil {
		p.Srvr = p.Mntr.srvr()
	}
	if p.Srvr == nil {
		p.Err = srvr.err
		return p
	}
	for _, a := range []struct {
		word string
		answer
	}{{"srvr", srvr}, {"mntr", mntr}, {"conf", conf}} {
		switch {
		case a.err != nil:
			p.Notes = append(p.Notes, a.word+": "+a.err.Error())
		case a.admin:
			p.Admin = append(p.Admin, a.word)
		}
	}
	return p
}

// answer is what became of one word: one of the values, or an error.
type answer struct {
	srvr  *Srvr
	mntr  *Mntr
	conf  *Conf
	admin bool // it is AdminServer's
	err   error
}

func (c *Client) learn(ctx context.Context, addr, word string, a *answer) {
	reply, err := c.Ask(ctx, addr, word)
	if err == nil {
		switch word {
		case "srvr":
			a.srvr, err = ParseSrvr(reply)
		case "mntr":
			a.mntr, err = ParseMntr(reply)
		case "conf":
			a.conf, err = ParseConf(reply)
		}
	}
	if err != nil {
		*a = answer{err: err}
	}
	if !errors.Is(err, ErrNotAllowed) {
		return
	}
	body, err := c.askAdmin(ctx, addr, AdminCommands[word])
	if err != nil {
		return // the whitelist is what the operator can change
	}
	*a = answer{admin: true}
	var pairs Pairs
	switch word {
	case "srvr":
		a.srvr, a.err = parseAdminStats(body)
	case "mntr":
		pairs, a.err = parseAdminPairs(body, func(name string) string { return name })
		a.mntr = &Mntr{pairs}
	case "conf":
		pairs, a.err = parseAdminPairs(body, camel)
		a.conf = &Conf{Pairs: pairs}
	}
	if a.err != nil {
		*a = answer{err: a.err}
	}
}

// srvr is as much of a reply to srvr as mntr tells.
func (m *Mntr) srvr() *Srvr {
	s := &Srvr{}
	s.Version, _ = m.Get("version")
	s.Mode, _ = m.Get("server_state")
	for name, to := range map[string]*int64{"min_latency": &s.MinLatency, "max_latency": &s.MaxLatency,
		"packets_received": &s.Received, "packets_sent": &s.Sent, "num_alive_connections": &s.Connections,
		"outstanding_requests": &s.Outstanding, "znode_count": &s.Znodes} {
		v, _ := m.Number(name)
		*to = int64(v)
	}
	s.AvgLatency, _ = m.Number("avg_latency")
	s.ReadOnly = s.Mode == "read-only"
	return s
}

// Metric returns a number that mntr tells, by its name without "zk_"; ok is false
// if it does not.
func (p *Probe) Metric(name string) (v float64, ok bool) {
	if p.Mntr == nil {
		return 0, false
	}
	return p.Mntr.Number(name)
}

// ID returns the server's number in the ensemble; ok is false if conf does not tell.
func (p *Probe) ID() (id int64, ok bool) {
	if p.Conf == nil {
		return 0, false
	}
	text, _ := p.Conf.Get("serverId")
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}

// ProbeAll probes all servers at once, and returns what they say in their order.
func (c *Client) ProbeAll(ctx context.Context, addrs []string) []*Probe {
	probes := make([]*Probe, len(addrs))
	var asking sync.WaitGroup
	for i, addr := range addrs {
		asking.Go(func() { probes[i] = c.Probe(ctx, addr) })
	}
	asking.Wait()
	return probes
}
