package server

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"zook/fourletter"
)

// gauge is what is measured when it is asked for.
type gauge struct {
	name  string
	value float64
}

// gauges measures.
//
// Names and meanings: ZooKeeperServer.registerMetrics.
func (s *Server) gauges() []gauge {
	st := s.srvr() // gathers statistics as well
	t, tree := s.stats.read(), s.tree.Counts()
	open, limit := openFiles()
	last, least, most := int64(-1), int64(-1), int64(-1)
	if t.responses.count > 0 {
		last, least, most = t.lastResponse, t.responses.min, t.responses.max
	}
	return []gauge{
		{"avg_latency", st.AvgLatency},
		{"max_latency", float64(st.MaxLatency)},
		{"min_latency", float64(st.MinLatency)},
		{"packets_received", float64(st.Received)},
		{"packets_sent", float64(st.Sent)},
		{"num_alive_connections", float64(st.Connections)},
		{"outstanding_requests", float64(st.Outstanding)},
		{"uptime", float64(time.Since(s.stats.started).Milliseconds())},
		{"znode_count", float64(znodes(tree))},
		{"watch_count", float64(tree.Watches)},
		{"ephemerals_count", float64(tree.Ephemerals)},
		{"approximate_data_size", float64(tree.DataSize)},
		{"global_sessions", float64(s.sessions.count())},
		{"local_sessions", 0},
		{"open_file_descriptor_count", float64(open)},
		{"max_file_descriptor_count", float64(limit)},
		{"connection_drop_probability", 0},
		{"last_client_response_size", float64(last)},
		{"max_client_response_size", float64(most)},
		{"min_client_response_size", float64(least)},
		{"outstanding_tls_handshake", float64(s.stats.tlsHandshakes.Load())},
		{"auth_failed_count", float64(s.stats.authFailed.get())},
		{"non_mtls_remote_conn_count", 0},
		{"non_mtls_local_conn_count", 0},
	}
}

// gaugeSet is what is measured for each of several keys.
type gaugeSet struct {
	name  string
	byKey map[string]int64
}

// quotaGauges are limits and use of all quotas, by the first names of their paths. A
// hard limit goes before a soft one; -1 is none.
//
// Behaviour: QuotaMetricsUtils.java.
func (s *Server) quotaGauges() []gaugeSet {
	sets := []gaugeSet{{"quota_count_limit_per_namespace", map[string]int64{}}, {"quota_bytes_limit_per_namespace", map[string]int64{}},
		{"quota_count_usage_per_namespace", map[string]int64{}}, {"quota_bytes_usage_per_namespace", map[string]int64{}}}
	limit := func(soft, hard int64) int64 {
		if hard > -1 {
			return hard
		}
		return soft
	}
	for _, q := range s.tree.Quotas() {
		key := topNamespace(q.Path)
		sets[0].byKey[key] += limit(q.Soft.Count, q.Hard.Count)
		sets[1].byKey[key] += limit(q.Soft.Bytes, q.Hard.Bytes)
		sets[2].byKey[key] += q.Used.Count
		sets[3].byKey[key] += q.Used.Bytes
	}
	return sets
}

// fractions are the gauges that Apache writes with a fraction.
var fractions = []string{"avg_latency", "connection_drop_probability"}

// mntr is all that is measured and counted.
//
// Behaviour: MonitorCommand.java, DefaultMetricsProvider.java.
func (s *Server) mntr() *fourletter.Mntr {
	m := &fourletter.Mntr{Pairs: fourletter.Pairs{
		{Name: "version", Value: fullVersion()},
		{Name: "server_state", Value: "standalone"},
	}}
	put := func(name, value string) { m.Pairs = append(m.Pairs, fourletter.Pair{Name: name, Value: value}) }
	number := func(name string, v int64) { put(name, strconv.FormatInt(v, 10)) }
	summary := func(name string, sp spread) {
		put("avg_"+name, fourletter.Double(sp.avg()))
		number("min_"+name, sp.min)
		number("max_"+name, sp.max)
		number("cnt_"+name, sp.count)
		number("sum_"+name, sp.sum)
	}
	for _, g := range s.gauges() {
		if slices.Contains(fractions, g.name) {
			put(g.name, fourletter.Double(g.value))
		} else {
			number(g.name, int64(g.value))
		}
	}
	for _, set := range s.quotaGauges() {
		for _, key := range slices.Sorted(maps.Keys(set.byKey)) {
			number(key+"_"+set.name, set.byKey[key])
		}
	}
	for _, c := range s.stats.metrics {
		switch {
		case c.counter != nil:
			number(c.name, c.counter.get())
		case c.summary != nil:
			sp, sizes := c.summary.read()
			summary(c.name, sp)
			if c.percentiles {
				number("p50_"+c.name, percentile(sizes, 0.5))
				number("p95_"+c.name, percentile(sizes, 0.95))
				number("p99_"+c.name, percentile(sizes, 0.99))
				number("p999_"+c.name, percentile(sizes, 0.999))
			}
		default:
			byKey := c.set.read()
			for _, key := range slices.Sorted(maps.Keys(byKey)) {
				if c.counts {
					number(key+"_"+c.name, byKey[key].sum)
				} else {
					summary(key+"_"+c.name, byKey[key])
				}
			}
		}
	}
	return m
}
