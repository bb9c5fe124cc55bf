package commands

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"zook/fourletter"
)

// checkQuorum judges how many more voters may fail.
func checkQuorum(c *checking, r *checkResult) {
	f := c.found
	switch {
	case f.Standalone && len(f.Probes) > 1:
		r.fail(healthCritical, "a server stands alone: what it holds is its own")
	case f.Standalone:
		r.Warn, r.Crit = nil, nil
		r.set(0, "one server, which stands alone, serves")
	case !f.Quorum:
		r.set(float64(f.Up-(f.Voters/2+1)), "no server serves: there is no quorum")
		r.Status = healthCritical
	default:
		if most := float64((f.Voters - 1) / 2); f.Up >= f.Voters && r.Warn != nil && *r.Warn > most {
			r.Warn = &most // there is nothing to repair
		}
		r.set(float64(f.MayFail), "%d of %d voters serve, %d more may fail", f.Up, f.Voters, f.MayFail)
	}
}

func checkServers(c *checking, r *checkResult) {
	var down []string
	for _, p := range c.found.Probes {
		switch {
		case p.Err != nil:
			down = append(down, p.Addr+": "+reason(p.Err))
		case p.Srvr.ReadOnly:
			down = append(down, p.Addr+": serves reads only")
		}
	}
	if len(down) == 0 {
		r.set(0, "all %d serve", len(c.found.Probes))
		return
	}
	r.set(float64(len(down)), "%d of %d do not serve: %s", len(down), len(c.found.Probes), strings.Join(down, "; "))
}

func checkLeader(c *checking, r *checkResult) {
	var leaders []string
	for _, p := range c.found.Probes {
		if p.Err == nil && p.Srvr.Mode == "leader" {
			leaders = append(leaders, p.Addr)
		}
	}
	switch {
	case len(leaders) > 1:
		r.set(float64(len(leaders)), "%d leaders: %s", len(leaders), strings.Join(leaders, ", "))
		r.Status = healthCritical
	case len(leaders) == 1:
		r.set(1, "%s leads", leaders[0])
	case c.found.Standalone:
		r.skip("a server that stands alone has none")
	case !c.found.Quorum:
		r.set(0, "there is none")
		r.Status = healthCritical
	case c.found.Members != nil:
		r.set(0, "none of the members that answer leads")
		r.Status = healthCritical
	default: // there may be members that --server does not name
		r.set(0, "none of the servers asked leads")
		r.Status = healthWarning
	}
}

// checkLag judges how far the followers are behind, and what the leader says of them.
func checkLag(c *checking, r *checkResult) {
	f := c.found
	switch {
	case f.Standalone:
		r.skip("a server that stands alone has no followers")
		return
	case f.Leader == nil:
		r.skip("not known: no leader answers")
		return
	}
	for _, p := range f.Probes {
		if n, ok := f.Behind(p); ok && p != f.Leader {
			r.add(p.Addr, float64(n))
		}
	}
	r.judgeWorst("no follower answers")
	for _, finding := range f.NotSynced() {
		r.fail(healthWarning, "%s %s", finding.Addr, finding.Text)
	}
}

// checkConnectionsPerIP asks for the connections only of those servers that have enough
// of them for one address to come near the limit.
func checkConnectionsPerIP(c *checking, r *checkResult) {
	near := 100.0
	if r.Warn != nil {
		near = min(near, *r.Warn)
	}
	if r.Crit != nil {
		near = min(near, *r.Crit)
	}
	unlimited := false
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, p := range c.found.Probes {
		limit, ok := 0.0, false
		if p.Err == nil && p.Conf != nil {
			limit, ok = p.Conf.Number("maxClientCnxns")
		}
		unlimited = unlimited || ok && limit <= 0
		if !ok || limit <= 0 {
			continue
		}
		if most := 100 * float64(p.Srvr.Connections) / limit; most <= near {
			mu.Lock()
			r.add(p.Addr, most)
			mu.Unlock()
			continue
		}
		asking.Go(func() {
			n, err := c.mostOfOneIP(p)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.fail(healthUnknown, "%s: cons: %s", p.Addr, reason(err))
				return
			}
			r.add(p.Addr, 100*float64(n)/limit)
		})
	}
	asking.Wait()
	why := c.whyUntold("conf")
	if unlimited {
		why = "maxClientCnxns is 0: there is no limit"
	}
	if unknown := r.Text; len(r.Servers) == 0 && unknown != "" {
		return
	} else if r.judgeWorst(why); unknown != "" {
		r.fail(healthUnknown, "%s", unknown)
	}
}

// mostOfOneIP counts the connections of the address that has most.
func (c *checking) mostOfOneIP(p *fourletter.Probe) (most int, err error) {
	ctx, cancel := c.env.answerIn(c.ctx)
	defer cancel()
	reply, err := c.asker.Ask(ctx, p.Addr, "cons")
	if err != nil {
		return 0, err
	}
	conns, err := fourletter.ParseCons(reply)
	if err != nil {
		return 0, err
	}
	of := map[string]int{}
	for _, conn := range conns {
		if host, _, err := net.SplitHostPort(conn.Addr); err == nil {
			of[host]++
			most = max(most, of[host])
		}
	}
	return most, nil
}

// checkCertificate judges the time until the first of the certificates expires that
// servers show, which tells of one that has expired too.
func checkCertificate(c *checking, r *checkResult) {
	if c.asker.TLS == nil {
		r.skip("the connection is plain")
		return
	}
	ctx, cancel := c.env.answerIn(c.ctx)
	defer cancel()
	for addr, at := range certificateExpiries(ctx, c.asker, c.found) {
		r.add(addr, time.Until(at).Seconds())
	}
	r.judgeWorst("no server shows one")
	if r.Value != nil && *r.Value < 0 {
		r.Text += ": it has expired"
	}
}

// certificateExpiries are the times when the first of the certificates expires that a
// server shows, by its address: of those servers that speak TLS.
func certificateExpiries(ctx context.Context, asker *fourletter.Client, found *surveyed) map[string]time.Time {
	at := map[string]time.Time{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, p := range found.Probes {
		var distrusted *tls.CertificateVerificationError
		if p.Err != nil && !errors.As(p.Err, &distrusted) {
			continue
		}
		asking.Go(func() {
			chain, err := asker.Certificates(ctx, p.Addr)
			if err != nil || len(chain) == 0 {
				return
			}
			first := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
			mu.Lock()
			defer mu.Unlock()
			at[p.Addr] = first.NotAfter
		})
	}
	asking.Wait()
	return at
}
