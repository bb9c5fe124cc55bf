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

// survey probes the servers of --server and the members of their configuration that
// are not among them, all at once: a member is asked as soon as one server has told
// of it, whoever is silent. It takes the timeout at most.
func (e *Env) survey(ctx context.Context) (*surveyed, error) {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	asker, addrs, err := e.asker()
	if err != nil {
		return nil, err
	}
	heard := make(chan *fourletter.Probe)
	var asked []string
	ask := func(more []string) {
		for _, addr := range more {
			asked = append(asked, addr)
			go func() { heard <- asker.Probe(ctx, addr) }()
		}
	}
	ask(addrs)
	var probes []*fourletter.Probe
	var members []fourletter.Member
	for len(probes) < len(asked) {
		p := <-heard
		if probes = append(probes, p); members == nil && p.Conf != nil {
			members = fourletter.ParseMembers(p.Conf.Membership)
			ask(missing(ctx, members, probes, asked))
		}
		if members == nil && len(probes) == len(asked) {
			members = e.configured(ctx, probes)
			ask(missing(ctx, members, probes, asked))
		}
	}
	slices.SortStableFunc(probes, func(a, b *fourletter.Probe) int {
		return slices.Index(asked, a.Addr) - slices.Index(asked, b.Addr)
	})
	probes = unique(probes)
	if err := ctx.Err(); err != nil && cancelled(probes) {
		return nil, err
	}
	return &surveyed{fourletter.Judge(probes, members), members}, nil
}

// asker is who sends four-letter words to the servers of --server, and where those
// are.
func (e *Env) asker() (*fourletter.Client, []string, error) {
	if e.Files.Dir != "" {
		return nil, nil, errNeedsServer
	}
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

// configured are the servers that /zookeeper/config has, where conf has told of
// none: it takes a session. There are none before 3.5, or of a server that stands
// alone.
func (e *Env) configured(ctx context.Context, probes []*fourletter.Probe) []fourletter.Member {
	if !slices.ContainsFunc(probes, func(p *fourletter.Probe) bool { return p.Err == nil && p.Srvr.Mode != "standalone" }) {
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

// missing are the addresses of members that have not been asked.
func missing(ctx context.Context, members []fourletter.Member, probes []*fourletter.Probe, asked []string) []string {
	ids, addrs := map[int64]bool{}, map[string]bool{}
	for _, p := range probes {
		if id, ok := p.ID(); ok {
			ids[id] = true
		}
	}
	for _, addr := range asked {
		for _, a := range resolve(ctx, addr) {
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
