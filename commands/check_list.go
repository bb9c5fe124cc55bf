package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zook/fourletter"
)

// healthCheck is one thing that check looks at.
type healthCheck struct {
	name  string
	about string
	unit  unit
	low   bool     // values below the thresholds are bad, else those above
	warn  *float64 // nil for none
	crit  *float64
	fixed bool   // it takes no thresholds
	flag  string // without which it does not run; "" for one that does by default
	// Either run judges what the servers say of themselves, or alone looks elsewhere.
	run   func(c *checking, r *checkResult)
	alone func(ctx context.Context, c *checking, result func() *checkResult) []*checkResult
}

// healthChecks are all checks, in the order in which they are told.
func healthChecks() []healthCheck {
	at := func(v float64) *float64 { return &v }
	const gb, day = 1e9, 24 * 3600
	return []healthCheck{
		{name: "quorum", about: "voters that may still fail; critical without a quorum", low: true, warn: at(1), crit: at(0), run: checkQuorum},
		{name: "servers", about: "servers that do not serve", warn: at(0), run: checkServers},
		{name: "leader", about: "there is one leader", fixed: true, run: checkLeader},
		{name: "lag", about: "transactions behind the leader; all followers are in sync", warn: at(1000), crit: at(100_000), run: checkLag},
		{name: "latency", about: "average since the server's start", unit: unitMillis, warn: at(100), crit: at(1000),
			run: measured("srvr", func(p *fourletter.Probe) (float64, bool) { return p.Srvr.AvgLatency, true })},
		{name: "latency-p99", about: "99th percentile of reads and of writes", unit: unitMillis, warn: at(500), crit: at(2000), run: measured("mntr", latencyP99)},
		{name: "outstanding", about: "requests that wait", warn: at(100), crit: at(1000),
			run: measured("srvr", func(p *fourletter.Probe) (float64, bool) { return float64(p.Srvr.Outstanding), true })},
		{name: "connections", about: "of clients to a server",
			run: measured("srvr", func(p *fourletter.Probe) (float64, bool) { return float64(p.Srvr.Connections), true })},
		{name: "connections-per-ip", about: "of the busiest address, of maxClientCnxns", unit: unitPercent, warn: at(80), crit: at(95), run: checkConnectionsPerIP},
		{name: "znodes", about: "in the tree", warn: at(1e6), crit: at(1e7),
			run: measured("srvr", func(p *fourletter.Probe) (float64, bool) { return float64(p.Srvr.Znodes), true })},
		{name: "watches", about: "set on a server", warn: at(1e6), crit: at(1e7), run: measured("mntr", metric("watch_count"))},
		{name: "data-size", about: "of all znodes, approximate", unit: unitBytes, warn: at(1 * gb), crit: at(4 * gb), run: measured("mntr", metric("approximate_data_size"))},
		{name: "descriptors", about: "open files of the limit", unit: unitPercent, warn: at(80), crit: at(95), run: measured("mntr", descriptors)},
		{name: "fsync", about: "average time to sync the transaction log", unit: unitMillis, warn: at(100), crit: at(1000), run: measured("mntr", metric("avg_fsynctime", "fsynctime_avg"))},
		{name: "zxid", about: "transactions of the epoch that are used up; at 100% there is an election", unit: unitPercent, warn: at(80), crit: at(95), run: measured("srvr", zxidUsed)},
		{name: "disk", about: "logs and snapshots of a server together", unit: unitBytes, warn: at(20 * gb), crit: at(100 * gb), run: measured("conf", diskUse)},
		{name: "certificate", about: "time until it expires; with TLS", unit: unitSeconds, low: true, warn: at(30 * day), crit: at(7 * day), run: checkCertificate},
		{name: "filesystem", about: "use of the one that holds --filesystem DIR, on this machine", unit: unitPercent, warn: at(80), crit: at(90), flag: "filesystem", alone: checkFilesystem},
		{name: "path", about: "--path exists; its children", low: true, flag: "path", alone: checkPaths},
		{name: "canary", about: "create, read, watch, change and delete a znode below --canary", unit: unitMillis, warn: at(1000), crit: at(5000), flag: "canary", alone: checkCanary},
	}
}

func checkNames() (names []string) {
	for _, c := range healthChecks() {
		names = append(names, c.name)
	}
	return names
}

func findCheck(name string) (healthCheck, error) {
	all := healthChecks()
	i := slices.IndexFunc(all, func(c healthCheck) bool { return c.name == name })
	if i >= 0 {
		return all[i], nil
	}
	if n := nearest(name, checkNames()); n != "" {
		return healthCheck{}, usagef("there is no check %q, did you mean %s?", name, n)
	}
	return healthCheck{}, usagef("there is no check %q (zook check --help lists them)", name)
}

// metric is the first of the names that mntr tells.
func metric(names ...string) func(*fourletter.Probe) (float64, bool) {
	return func(p *fourletter.Probe) (float64, bool) {
		for _, name := range names {
			if v, ok := p.Metric(name); ok {
				return v, true
			}
		}
		return 0, false
	}
}

func latencyP99(p *fourletter.Probe) (worst float64, ok bool) {
	for _, of := range []string{"readlatency", "updatelatency"} {
		if v, told := metric("p99_"+of, of+`{quantile="0.99"}`)(p); told {
			worst, ok = max(worst, v), true
		}
	}
	return worst, ok
}

func descriptors(p *fourletter.Probe) (percent float64, ok bool) {
	open, ok := p.Metric("open_file_descriptor_count")
	limit, ok2 := p.Metric("max_file_descriptor_count")
	return 100 * open / limit, ok && ok2 && limit > 0
}

// zxidUsed is the share of the 32 bits that count transactions within an epoch.
func zxidUsed(p *fourletter.Probe) (percent float64, ok bool) {
	return 100 * float64(uint32(p.Srvr.Zxid)) / (1 << 32), true
}

func diskUse(p *fourletter.Probe) (bytes float64, ok bool) {
	if p.Conf == nil {
		return 0, false
	}
	snapshots, ok := p.Conf.Number("dataDirSize")
	logs, _ := p.Conf.Number("dataLogSize")
	dir, _ := p.Conf.Get("dataDir")
	if logDir, _ := p.Conf.Get("dataLogDir"); dir != logDir {
		snapshots += logs
	}
	return snapshots, ok
}

// measured is a check of what each server says of itself: the worst counts. word is
// which four-letter word tells it.
func measured(word string, value func(*fourletter.Probe) (float64, bool)) func(*checking, *checkResult) {
	return func(c *checking, r *checkResult) {
		for _, p := range c.found.Probes {
			if p.Err != nil {
				continue
			}
			if v, ok := value(p); ok {
				r.add(p.Addr, v)
			}
		}
		r.judgeWorst(c.whyUntold(word))
	}
}

// whyUntold is why no server tells something that the word is asked for.
func (c *checking) whyUntold(word string) string {
	answers := false
	for _, p := range c.found.Probes {
		if p.Err == nil {
			answers = true
			for _, note := range p.Notes {
				if strings.HasPrefix(note, word+":") {
					return fmt.Sprintf("not known: %s: %s", p.Addr, note)
				}
			}
		}
	}
	if !answers {
		return "not known: no server serves"
	}
	return "not known: the servers do not tell it"
}
