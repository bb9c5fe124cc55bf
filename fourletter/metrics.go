package fourletter

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Metrics gathers what servers measure, as Prometheus metrics. The zero value is
// ready to use.
//
// The names, types and labels are those of Apache's own PrometheusMetricsProvider, up to
// ZooKeeper 3.9 (3.10 adds _total to its counters). mntr writes them otherwise:
//
//	zk_cnt_X, zk_sum_X, zk_p99_X        X_count, X_sum, X{quantile="0.99"}
//	zk_KEY_write_per_namespace          write_per_namespace{key="KEY"}
//	zk_X                                X
//
// and of what it has besides, zk_max_X of a summary is max_X here; averages and minima
// are left out, as sum and count tell more.
// Format: Prometheus text format 0.0.4; PrometheusMetricsProvider.java, ServerMetrics.java.
type Metrics struct{ families map[string]*family }

// Label is a name and a value that tell samples of a metric apart.
type Label struct{ Name, Value string }

type family struct {
	kind, help string
	samples    []sample
	known      map[string]bool // names and labels
}

type sample struct {
	line  string // name and labels
	value float64
}

// The types of metrics.
const (
	gauge   = "gauge"
	counter = "counter"
	summary = "summary"
)

// Gauge adds a value that goes up and down. The help is one line, the same for all of a
// name.
func (m *Metrics) Gauge(name, help string, value float64, labels ...Label) {
	m.add(name, gauge, help, "", value, labels)
}

// add takes the first of several values for the same name and labels: two make the whole
// answer worthless to Prometheus.
func (m *Metrics) add(name, kind, help, suffix string, value float64, labels []Label) {
	if m.families == nil {
		m.families = map[string]*family{}
	}
	f := m.families[name]
	if f == nil {
		f = &family{kind: kind, help: help, known: map[string]bool{}}
		m.families[name] = f
	}
	line := sampleName(name+suffix, labels)
	if f.kind != kind || f.known[line] {
		return
	}
	f.known[line] = true
	f.samples = append(f.samples, sample{line, value})
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func sampleName(name string, labels []Label) string {
	if len(labels) == 0 {
		return name
	}
	var b strings.Builder
	b.WriteString(name)
	for i, l := range labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.Name + `="` + labelEscaper.Replace(strings.ToValidUTF8(l.Value, "\uFFFD")) + `"`)
	}
	b.WriteByte('}')
	return b.String()
}

// WriteTo writes all metrics in the order of their names.
func (m *Metrics) WriteTo(w io.Writer) (int64, error) {
	counted := &countingWriter{w: w}
	b := bufio.NewWriter(counted)
	for _, name := range slices.Sorted(maps.Keys(m.families)) {
		f := m.families[name]
		if m.isPart(name) {
			continue
		}
		if f.help != "" {
			b.WriteString("# HELP " + name + " " + f.help + "\n")
		}
		b.WriteString("# TYPE " + name + " " + f.kind + "\n")
		for _, s := range f.samples {
			b.WriteString(s.line + " " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
		}
	}
	return counted.n, b.Flush()
}

// isPart reports whether Prometheus takes the name for a part of a summary, as which it
// comes without a type.
func (m *Metrics) isPart(name string) bool {
	for _, suffix := range []string{"_count", "_sum"} {
		base, ok := strings.CutSuffix(name, suffix)
		if f := m.families[base]; ok && f != nil && f.kind == summary {
			return true
		}
	}
	return false
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Server adds what a server tells: that of mntr, or where that is not known as much of
// it as srvr has.
func (m *Metrics) Server(p *Probe, labels ...Label) {
	switch {
	case p.Mntr != nil:
		m.Mntr(p.Mntr, labels...)
	case p.Srvr != nil:
		s := p.Srvr
		for name, v := range map[string]float64{"min_latency": float64(s.MinLatency), "avg_latency": s.AvgLatency,
			"max_latency": float64(s.MaxLatency), "packets_received": float64(s.Received), "packets_sent": float64(s.Sent),
			"num_alive_connections": float64(s.Connections), "outstanding_requests": float64(s.Outstanding),
			"znode_count": float64(s.Znodes)} {
			m.Gauge(name, "", v, labels...)
		}
	}
}

// Mntr adds a reply to mntr. What is no number is left out.
func (m *Metrics) Mntr(mntr *Mntr, labels ...Label) {
	names := make(map[string]bool, len(mntr.Pairs))
	for _, p := range mntr.Pairs {
		names[p.Name] = true
	}
	for _, p := range mntr.Pairs {
		v, err := strconv.ParseFloat(p.Value, 64)
		if err != nil {
			continue
		}
		name, own := splitLabels(p.Name)
		part, ok := summaryPart(name, own, names)
		if !ok {
			continue
		}
		set, key := splitSet(part.name)
		if key.Name != "" {
			own = append(own, key)
		}
		if !validName(set) {
			continue
		}
		if part.quantile != "" {
			own = append(own, Label{"quantile", part.quantile})
		}
		own = append(slices.Clone(labels), own...)
		if !usable(own) {
			continue
		}
		kind := part.kind
		if kind == gauge && isCounter(set) {
			kind = counter
		}
		m.add(set, kind, "", part.suffix, v, own)
	}
}

// splitLabels takes name{label="value",…} apart, which is how a server writes it whose
// own metrics go to Prometheus.
func splitLabels(s string) (name string, labels []Label) {
	name, rest, ok := strings.Cut(s, "{")
	if !ok {
		return s, nil
	}
	rest, ok = strings.CutSuffix(rest, `"}`)
	if !ok {
		return s, nil
	}
	for _, part := range strings.Split(rest, `",`) {
		label, value, ok := strings.Cut(part, `="`)
		if !ok || !validName(label) {
			return s, nil
		}
		labels = append(labels, Label{label, value})
	}
	return name, labels
}

// part is what a name of mntr stands for.
type part struct {
	name, kind, suffix string
	quantile           string
}

var quantiles = map[string]string{"p50": "0.5", "p95": "0.95", "p99": "0.99", "p999": "0.999"}

// summaryPart finds the part of a summary that a name is, by the others that go with it;
// ok is false for those that are left out.
func summaryPart(name string, labels []Label, names map[string]bool) (p part, ok bool) {
	isOld := func(base string) bool { return names["cnt_"+base] && names["sum_"+base] }
	isNew := func(base string) bool {
		return names[sampleName(base+"_count", labels)] && names[sampleName(base+"_sum", labels)]
	}
	prefix, base, _ := strings.Cut(name, "_")
	if base != "" && isOld(base) {
		switch prefix {
		case "cnt":
			return part{base, summary, "_count", ""}, true
		case "sum":
			return part{base, summary, "_sum", ""}, true
		case "avg", "min":
			return part{}, false
		case "max":
			return part{"max_" + base, gauge, "", ""}, true
		}
		if q := quantiles[prefix]; q != "" {
			return part{base, summary, "", q}, true
		}
	}
	for _, suffix := range []string{"_count", "_sum", "_avg"} {
		if base, found := strings.CutSuffix(name, suffix); found && isNew(base) {
			return part{base, summary, suffix, ""}, suffix != "_avg"
		}
	}
	if slices.ContainsFunc(labels, func(l Label) bool { return l.Name == "quantile" }) {
		return part{name, summary, "", ""}, true
	}
	return part{name, gauge, "", ""}, true
}

// sets are the metrics of which there is one for each namespace or each peer.
var sets = []string{"read_per_namespace", "write_per_namespace", "quota_exceeded_error_per_namespace",
	"quota_count_limit_per_namespace", "quota_bytes_limit_per_namespace",
	"quota_count_usage_per_namespace", "quota_bytes_usage_per_namespace",
	"ack_latency", "learner_handler_qp_size", "learner_handler_qp_time_ms"}

// splitSet takes the key off the name of a metric of a set.
func splitSet(name string) (set string, key Label) {
	for _, s := range sets {
		value, ok := strings.CutSuffix(name, "_"+s)
		if !ok {
			continue
		}
		maximum, isMax := strings.CutPrefix(value, "max_")
		if isMax {
			value = maximum
		}
		if _, err := strconv.ParseInt(value, 10, 64); err != nil && !strings.HasSuffix(s, "_per_namespace") {
			continue // of a peer; quorum_ack_latency is another metric
		}
		if isMax {
			s = "max_" + s
		}
		return s, Label{"key", value}
	}
	return name, Label{}
}

// usable reports whether Prometheus takes the labels: no name comes twice, and a
// quantile is a number.
func usable(labels []Label) bool {
	for i, l := range labels {
		if slices.ContainsFunc(labels[:i], func(other Label) bool { return other.Name == l.Name }) {
			return false
		}
		if _, err := strconv.ParseFloat(l.Value, 64); l.Name == "quantile" && err != nil {
			return false
		}
	}
	return true
}

// validName reports whether Prometheus takes the name.
func validName(s string) bool {
	for i, r := range s {
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}

// counters are the names of what only grows while a server runs; mntr does not tell.
var counters = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`add_dead_watcher_stall_time bytes_received_count
		cnxn_closed_without_zk_server_running commit_count connection_drop_count connection_rejected
		connection_request_count connection_revalidate_count dead_watchers_cleared dead_watchers_queued
		diff_count digest_mismatches_count ensemble_auth_fail ensemble_auth_skip ensemble_auth_success
		insecure_admin_count large_requests_rejected learner_commit_received_count
		learner_proposal_received_count looking_count outstanding_changes_queued outstanding_changes_removed
		prep_processor_request_queued proposal_count quit_leading_due_to_disloyal_voter
		quota_exceeded_error_per_namespace request_commit_queued request_throttle_wait_count
		requests_not_forwarded_to_commit_processor response_bytes response_packet_cache_hits
		response_packet_cache_misses response_packet_get_children_cache_hits
		response_packet_get_children_cache_misses restore_error_count restore_rate_limited_count
		revalidate_count sessionless_connections_expired skip_learner_request_to_next_processor_count
		snap_count snapshot_error_count snapshot_rate_limited_count stale_replies stale_requests
		stale_requests_dropped stale_sessions_expired sync_processor_request_queued throttled_ops
		tls_handshake_exceeded ttl_node_created_count ttl_node_deleted_count unrecoverable_error_count
		unsuccessful_handshake watch_bytes`) {
		m[name] = true
	}
	return m
})

func isCounter(name string) bool {
	return counters()[name] || strings.HasPrefix(name, "op_count_")
}
