package fourletter

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Member is a server of an ensemble as its configuration has it.
type Member struct {
	ID       int64
	Spec     string // host:port:port[:role][;[host:]port], several addresses parted by |
	Observer bool
	Client   string // host:port for clients; "" if the configuration does not tell
}

// ParseMembers reads the lines server.N=… of a configuration, such as
// Conf.Membership or the data of /zookeeper/config, in the order of their ids.
func ParseMembers(lines []string) []Member {
	var members []Member
	for _, line := range lines {
		key, spec, _ := strings.Cut(strings.TrimSpace(line), "=")
		number, ok := strings.CutPrefix(key, "server.")
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			continue
		}
		peer, client, _ := strings.Cut(spec, ";")
		members = append(members, Member{ID: id, Spec: spec, Observer: strings.HasSuffix(peer, ":observer"), Client: clientAddr(peer, client)})
	}
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return members
}

// clientAddr is where clients reach a server: an address that is any, or a port
// alone, is on the host that its peers use.
func clientAddr(peer, client string) string {
	client = strings.TrimSpace(client)
	if client == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(client)
	if err != nil {
		host, port = "", client
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = peerHost(peer)
	}
	return net.JoinHostPort(host, port)
}

// peerHost is the host of host:port:port.
func peerHost(peer string) string {
	peer, _, _ = strings.Cut(peer, "|")
	if strings.HasPrefix(peer, "[") {
		host, _, _ := strings.Cut(peer[1:], "]")
		return host
	}
	host, _, _ := strings.Cut(peer, ":")
	return host
}

// Ensemble is what the probes of all servers add up to.
type Ensemble struct {
	Probes []*Probe
	Leader *Probe // nil if none of the probes is of a leader

	Standalone bool
	Quorum     bool // some server serves, which it does only with a quorum
	// Voters are the servers that a quorum is counted of; 0 if that is not known.
	Voters int
	// Up are the voters that serve.
	Up int
	// MayFail is how many more voters may stop before the quorum is lost.
	MayFail  int
	Findings []Finding
}

// Finding is something that an operator should know.
type Finding struct {
	Addr     string // of the server; "" for the ensemble
	Critical bool   // clients are, or may soon be, without service
	Text     string
}

// Judge judges an ensemble. members may be nil where the configuration is not
// known, as before 3.5: then all that were asked count as voters, but observers.
func Judge(probes []*Probe, members []Member) *Ensemble {
	e := &Ensemble{Probes: probes}
	e.countServing(members)
	e.findLeader()
	e.findDead()
	e.Findings = append(e.Findings, e.NotSynced()...)
	e.findVersions()
	return e
}

func (e *Ensemble) find(addr string, critical bool, format string, args ...any) {
	e.Findings = append(e.Findings, Finding{addr, critical, fmt.Sprintf(format, args...)})
}

func (e *Ensemble) countServing(members []Member) {
	for _, p := range e.Probes {
		voter := true
		if p.Err == nil {
			switch p.Srvr.Mode {
			case "standalone":
				e.Standalone, e.Quorum = true, true
			case "observer":
				voter = false
				e.Quorum = true
			case "leader", "follower":
				e.Quorum = true
				e.Up++
			}
		}
		if voter && members == nil {
			e.Voters++
		}
	}
	for _, m := range members {
		if !m.Observer {
			e.Voters++
		}
	}
	if e.Standalone && len(members) == 0 {
		e.Voters, e.Up = 1, 1
	}
	e.MayFail = max(0, e.Up-(e.Voters/2+1))
	switch {
	case !e.Quorum:
		e.find("", true, "no server serves requests: there is no quorum")
	case !e.Standalone && e.Voters > 1 && e.MayFail == 0:
		e.find("", false, "%d of %d voters serve: the quorum is lost when one more stops", e.Up, e.Voters)
	}
	if e.Standalone && len(e.Probes) > 1 {
		e.find("", true, "a server stands alone: what it holds is its own")
	}
}

func (e *Ensemble) findLeader() {
	for _, p := range e.Probes {
		if p.Err != nil || p.Srvr.Mode != "leader" {
			continue
		}
		if e.Leader != nil {
			e.find(p.Addr, true, "a second leader, beside %s", e.Leader.Addr)
			if p.Srvr.Zxid <= e.Leader.Srvr.Zxid {
				continue
			}
		}
		e.Leader = p
	}
	if e.Leader == nil && e.Quorum && !e.Standalone {
		e.find("", false, "the leader is none of the servers that answer")
	}
}

func (e *Ensemble) findDead() {
	for _, p := range e.Probes {
		switch {
		case p.Err == nil && p.Srvr.ReadOnly:
			e.find(p.Addr, true, "serves reads only: it has lost the quorum")
		case errors.Is(p.Err, ErrNotServing):
			e.find(p.Addr, !e.Quorum, "runs and does not serve: it is starting, or has no quorum")
		case p.Err != nil:
			e.find(p.Addr, !e.Quorum, "%v", p.Err)
		}
	}
}

// epoch is the part of a zxid that each leader counts up.
func epoch(zxid int64) int64 { return int64(uint64(zxid) >> 32) }

// Behind is how many transactions a server is behind the leader, as of when the
// two were asked; ok is false if that is not known, as in another epoch.
func (e *Ensemble) Behind(p *Probe) (n int64, ok bool) {
	switch {
	case e.Leader == nil || p.Err != nil:
		return 0, false
	case e.untouched():
		return 0, true
	case p.Srvr.Zxid == 0 || epoch(p.Srvr.Zxid) != epoch(e.Leader.Srvr.Zxid):
		return 0, false
	}
	return max(0, e.Leader.Srvr.Zxid-p.Srvr.Zxid), true
}

// untouched reports whether nothing has been written since the leader's election: the
// others then still have the last zxid of the epoch before.
func (e *Ensemble) untouched() bool { return uint32(e.Leader.Srvr.Zxid) == 0 }

// NotSynced are the servers that are not where the leader is, and the leader if not
// all that follow it are in sync.
func (e *Ensemble) NotSynced() (found []Finding) {
	if e.Leader == nil {
		return nil
	}
	for _, p := range e.Probes {
		if p.Err == nil && p.Srvr.Zxid != 0 && !e.untouched() && epoch(p.Srvr.Zxid) < epoch(e.Leader.Srvr.Zxid) {
			found = append(found, Finding{p.Addr, false, fmt.Sprintf("is in epoch %d, and the leader in %d", epoch(p.Srvr.Zxid), epoch(e.Leader.Srvr.Zxid))})
		}
	}
	followers, ok := e.Leader.Metric("learners")
	if !ok {
		followers, ok = e.Leader.Metric("followers") // before 3.6
	}
	synced, ok2 := e.Leader.Metric("synced_followers")
	observers, _ := e.Leader.Metric("synced_observers")
	if ok && ok2 && synced+observers < followers {
		found = append(found, Finding{e.Leader.Addr, false, fmt.Sprintf("%v of its %v followers are in sync", synced+observers, followers)})
	}
	return found
}

func (e *Ensemble) findVersions() {
	var versions []string
	for _, p := range e.Probes {
		if p.Err == nil && p.Srvr.Number() != "" && !slices.Contains(versions, p.Srvr.Number()) {
			versions = append(versions, p.Srvr.Number())
		}
	}
	if len(versions) > 1 {
		e.find("", false, "servers of different versions: %s", strings.Join(versions, ", "))
	}
}
