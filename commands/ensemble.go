package commands

import (
	"context"
	"net"
	"slices"
	"strings"

	"zook/client"
	"zook/fourletter"
)

// found servers of an ensemble, and what they say of themselves.
type surveyed struct {
	*fourletter.Ensemble
	Members []fourletter.Member // nil if the configuration is not known
}

// survey probes the servers of --server, all at once, and then those members of
// their configuration that are not among them. It takes the timeout at most.
func (e *Env) survey(ctx context.Context) (*surveyed, error) {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	asker, addrs, err := e.asker()
	if err != nil {
		return nil, err
	}
	probes := asker.ProbeAll(ctx, addrs)
	members := e.members(ctx, probes)
	if more := missing(ctx, members, probes); len(more) > 0 {
		probes = append(probes, asker.ProbeAll(ctx, more)...)
	}
	probes = unique(probes)
	if err := ctx.Err(); err != nil && cancelled(probes) {
		return nil, err
	}
	return &surveyed{fourletter.Judge(probes, members), members}, nil
}

// asker is who sends four-letter words to the servers of --server, and where those
// are.
func (e *Env) asker() (*fourletter.Client, []string, error) {
	c, err := e.Connect.Resolve()
	if err != nil {
		return nil, nil, err
	}
	addrs, _, err := client.ParseServers(c.Server)
	if err != nil {
		return nil, nil, err
	}
	tls, err := c.TLS.load()
	if err != nil {
		return nil, nil, err
	}
	return &fourletter.Client{TLS: tls, Timeout: c.Timeout}, addrs, nil
}

// cancelled reports whether no server was heard of because the user gave up.
func cancelled(probes []*fourletter.Probe) bool {
	return !slices.ContainsFunc(probes, func(p *fourletter.Probe) bool { return p.Err != context.Canceled })
}

// members are the servers in the configuration: from the reply to conf, which costs
// nothing, else from /zookeeper/config, which takes a session; nil if there is
// none, as before 3.5 and of a server that stands alone.
func (e *Env) members(ctx context.Context, probes []*fourletter.Probe) []fourletter.Member {
	serves := false
	for _, p := range probes {
		if p.Conf != nil && len(p.Conf.Membership) > 0 {
			return fourletter.ParseMembers(p.Conf.Membership)
		}
		serves = serves || p.Err == nil && p.Srvr.Mode != "standalone"
	}
	if !serves {
		return nil
	}
	session, err := e.Session(ctx)
	if err != nil {
		return nil
	}
	data, _, err := session.Config(ctx)
	if err != nil {
		return nil
	}
	return fourletter.ParseMembers(strings.Split(string(data), "\n"))
}

// missing are the addresses of members that have not been probed.
func missing(ctx context.Context, members []fourletter.Member, probes []*fourletter.Probe) []string {
	ids, addrs := map[int64]bool{}, map[string]bool{}
	for _, p := range probes {
		if id, ok := p.ID(); ok {
			ids[id] = true
		}
		for _, a := range resolve(ctx, p.Addr) {
			addrs[a] = true
		}
	}
	var more []string
	for _, m := range members {
		if m.Client == "" || ids[m.ID] {
			continue
		}
		if !slices.ContainsFunc(resolve(ctx, m.Client), func(a string) bool { return addrs[a] }) {
			more = append(more, m.Client)
		}
	}
	return more
}

// resolve returns ip:port for each address that a name has, and the name itself.
func resolve(ctx context.Context, addr string) []string {
	all := []string{addr}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return all
	}
	ips, _ := net.DefaultResolver.LookupHost(ctx, host)
	for _, ip := range ips {
		all = append(all, net.JoinHostPort(ip, port))
	}
	return all
}

// unique leaves out servers that were asked under two names.
func unique(probes []*fourletter.Probe) []*fourletter.Probe {
	seen := map[int64]bool{}
	return slices.DeleteFunc(probes, func(p *fourletter.Probe) bool {
		id, ok := p.ID()
		if !ok || p.Err != nil || p.Srvr.Mode == "standalone" {
			return false
		}
		again := seen[id]
		seen[id] = true
		return again
	})
}

// reason is why a server is not known, in a few words.
func reason(err error) string { return client.PlainReason(err).Error() }
