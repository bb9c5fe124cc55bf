package commands

import (
	"context"
	"strconv"

	"zook/fourletter"
)

// metricsOf are the metrics of an ensemble.
func metricsOf(found *surveyed) *fourletter.Metrics {
	m := &fourletter.Metrics{}
	leaders := 0
	for _, p := range found.Probes {
		if p.Err == nil && p.Srvr.Mode == "leader" {
			leaders++
		}
		addServer(m, found, p)
	}
	m.Gauge("zook_quorum", "1 if some server serves, which takes a quorum.", zeroOrOne(found.Quorum))
	m.Gauge("zook_leaders", "Servers that lead; 0 if the only one stands alone.", float64(leaders))
	m.Gauge("zook_voters", "Servers of which a quorum is counted.", float64(found.Voters))
	m.Gauge("zook_voters_up", "Voters that serve.", float64(found.Up))
	m.Gauge("zook_voters_may_fail", "How many more voters may stop before the quorum is lost.", float64(found.MayFail))
	return m
}

func zeroOrOne(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// addServer adds what is known of one server.
func addServer(m *fourletter.Metrics, found *surveyed, p *fourletter.Probe) {
	instance := fourletter.Label{Name: "instance", Value: p.Addr}
	m.Gauge("zook_up", "1 if the server serves.", zeroOrOne(p.Err == nil && !p.Srvr.ReadOnly), instance)
	m.Gauge("zook_answer_seconds", "How long the server took to answer, or not to.", p.Took.Seconds(), instance)
	if p.Err != nil {
		return
	}
	labels := []fourletter.Label{instance, {Name: "role", Value: p.Srvr.Mode}}
	gauge := func(name, help string, v float64, ok bool) {
		if ok {
			m.Gauge(name, help, v, labels...)
		}
	}
	id := ""
	if n, ok := p.ID(); ok {
		id = strconv.FormatInt(n, 10)
	}
	m.Gauge("zook_server_info", "1 for each server, with its version and its id.", 1,
		append(labels, fourletter.Label{Name: "version", Value: p.Srvr.Number()}, fourletter.Label{Name: "id", Value: id})...)
	gauge("zook_epoch", "The epoch of the last transaction: the high half of its zxid.", float64(uint64(p.Srvr.Zxid)>>32), true)
	gauge("zook_epoch_transactions", "Transactions in the epoch: the low half of the last zxid.", float64(uint32(p.Srvr.Zxid)), true)
	behind, ok := found.Behind(p)
	gauge("zook_behind_transactions", "How far the server is behind the leader.", float64(behind), ok)
	disk, ok := diskUse(p)
	gauge("zook_data_directories_bytes", "Logs and snapshots together.", disk, ok)
	if p.Conf != nil {
		limit, ok := p.Conf.Number("maxClientCnxns")
		gauge("zook_max_connections_per_ip", "The limit maxClientCnxns; 0 for none.", limit, ok)
	}
	m.Server(p, labels...)
}

// addCertificates adds when the certificates of the servers expire, with TLS.
func addCertificates(ctx context.Context, m *fourletter.Metrics, asker *fourletter.Client, found *surveyed) {
	if asker.TLS == nil {
		return
	}
	for addr, at := range certificateExpiries(ctx, asker, found) {
		m.Gauge("zook_certificate_expiry_timestamp_seconds", "When the first of the server's certificates expires.",
			float64(at.Unix()), fourletter.Label{Name: "instance", Value: addr})
	}
}
