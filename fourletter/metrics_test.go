package fourletter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"zook/internal/zktest"
)

// exposed is what Prometheus reads.
func exposed(t testing.TB, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes written, %d told, %v", b.Len(), n, err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&b)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// labelled returns the metric of a family with such labels.
func labelled(f *dto.MetricFamily, labels ...string) *dto.Metric {
	for _, m := range f.GetMetric() {
		var got []string
		for _, l := range m.GetLabel() {
			got = append(got, l.GetName()+"="+l.GetValue())
		}
		if strings.Join(got, " ") == strings.Join(labels, " ") {
			return m
		}
	}
	return nil
}

func TestMetricsOfMntr(t *testing.T) {
	mntr, err := ParseMntr(strings.ReplaceAll(`zk_version	3.8.0-x, built on y
zk_server_state	leader
zk_avg_latency	0.4286
zk_max_latency	7
zk_znode_count	5
zk_commit_count	12
zk_op_count_create	3
zk_max_file_descriptor_count	20000
zk_avg_node_created_watch_count	1.5
zk_min_node_created_watch_count	1
zk_max_node_created_watch_count	2
zk_cnt_node_created_watch_count	2
zk_sum_node_created_watch_count	3
zk_avg_readlatency	1.0
zk_min_readlatency	0
zk_max_readlatency	9
zk_cnt_readlatency	4
zk_sum_readlatency	4
zk_p50_readlatency	1
zk_p95_readlatency	2
zk_p99_readlatency	3
zk_p999_readlatency	9
zk_cnt_quorum_ack_latency	1
zk_sum_quorum_ack_latency	2
zk_cnt_2_ack_latency	7
zk_sum_2_ack_latency	70
zk_p99_2_ack_latency	11
zk_max_2_ack_latency	13
zk_cnt_my"app_write_per_namespace	1
zk_sum_my"app_write_per_namespace	100
zk_other-thing	1
zk_znode_count	6
zk_nothing	NaN?
`, "\r", ""))
	if err != nil {
		t.Fatal(err)
	}
	var m Metrics
	m.Mntr(mntr, Label{"instance", "a:1"}, Label{"role", "leader"})
	m.Mntr(&Mntr{Pairs{{"znode_count", "9"}}}, Label{"instance", "b:1"}, Label{"role", "follower"})
	f := exposed(t, &m)
	at := []string{"instance=a:1", "role=leader"}
	for name, want := range map[string]float64{"avg_latency": 0.4286, "max_latency": 7, "znode_count": 5,
		"max_file_descriptor_count": 20000, "max_node_created_watch_count": 2, "max_readlatency": 9} {
		if got := labelled(f[name], at...).GetGauge().GetValue(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]float64{"commit_count": 12, "op_count_create": 3} {
		if got := labelled(f[name], at...).GetCounter().GetValue(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, want := range []struct {
		name      string
		labels    []string
		count     uint64
		sum       float64
		quantiles string
	}{
		{"node_created_watch_count", at, 2, 3, ""},
		{"readlatency", at, 4, 4, "0.5:1 0.95:2 0.99:3 0.999:9 "},
		{"quorum_ack_latency", at, 1, 2, ""},
		{"ack_latency", append(at, "key=2"), 7, 70, "0.99:11 "},
		{"write_per_namespace", append(at, `key=my"app`), 1, 100, ""},
	} {
		got := labelled(f[want.name], want.labels...).GetSummary()
		quantiles := ""
		for _, q := range got.GetQuantile() {
			quantiles += fmt.Sprintf("%v:%v ", q.GetQuantile(), q.GetValue())
		}
		if got.GetSampleCount() != want.count || got.GetSampleSum() != want.sum || quantiles != want.quantiles {
			t.Errorf("%s: %v", want.name, got)
		}
	}
	if got := labelled(f["max_ack_latency"], append(at, "key=2")...).GetGauge().GetValue(); got != 13 {
		t.Errorf("max_ack_latency is %v", got)
	}
	if got := labelled(f["znode_count"], "instance=b:1", "role=follower").GetGauge().GetValue(); got != 9 {
		t.Errorf("znode_count of b is %v", got)
	}
	for _, name := range []string{"avg_readlatency", "min_readlatency", "version", "nothing", "other-thing"} {
		if f[name] != nil {
			t.Errorf("there is %v", f[name])
		}
	}
}

// A server whose own metrics go to Prometheus has other names in mntr.
func TestMetricsOfAServerWithPrometheus(t *testing.T) {
	mntr, err := ParseMntr("zk_znode_count\t5.0\nzk_readlatency_avg\t2.0\nzk_readlatency_count\t2.0\nzk_readlatency_sum\t4.0\n" +
		"zk_readlatency{quantile=\"0.5\"}\t1.0\nzk_readlatency{quantile=\"0.99\"}\tNaN\n" +
		"zk_ack_latency_count{key=\"1\"}\t3.0\nzk_ack_latency_sum{key=\"1\"}\t9.0\nzk_ack_latency{key=\"1\",quantile=\"0.5\"}\t2.0\n" +
		"zk_jvm_threads_state{state=\"NEW\"}\t1.0\nzk_broken{x\t1\n")
	if err != nil {
		t.Fatal(err)
	}
	var m Metrics
	m.Mntr(mntr)
	f := exposed(t, &m)
	read := labelled(f["readlatency"]).GetSummary()
	if read.GetSampleCount() != 2 || read.GetSampleSum() != 4 || len(read.GetQuantile()) != 2 {
		t.Errorf("readlatency: %v", read)
	}
	ack := labelled(f["ack_latency"], "key=1").GetSummary()
	if ack.GetSampleCount() != 3 || len(ack.GetQuantile()) != 1 {
		t.Errorf("ack_latency: %v", ack)
	}
	if got := labelled(f["jvm_threads_state"], "state=NEW").GetGauge().GetValue(); got != 1 || len(f) != 4 {
		t.Errorf("%v in %v", got, f)
	}
}

// All that a real server measures becomes metrics, and none but averages and minima
// of summaries is lost.
func TestMetricsOfApache(t *testing.T) {
	s := zktest.ApacheEnsemble(t)
	mntr := must[*Mntr](t)(ParseMntr(ask(t, s.Addr, "mntr")))
	var m Metrics
	m.Mntr(mntr)
	f := exposed(t, &m)
	samples := 0
	for name, family := range f {
		for _, metric := range family.GetMetric() {
			samples++
			if sum := metric.GetSummary(); sum != nil {
				samples += 1 + len(sum.GetQuantile())
			}
			if strings.HasPrefix(name, "cnt_") || strings.HasPrefix(name, "sum_") || strings.HasPrefix(name, "p99_") {
				t.Errorf("%s is left as it was", name)
			}
		}
	}
	want := 0
	for _, p := range mntr.Pairs {
		base, isAvg := strings.CutPrefix(p.Name, "avg_")
		if _, ok := mntr.Number(p.Name); ok {
			want++
		}
		if _, ok := mntr.Number("cnt_" + base); ok && isAvg {
			want -= 2 // and its minimum
		}
	}
	if samples != want || want < 200 {
		t.Errorf("%d samples of %d", samples, want)
	}
}

func FuzzMetrics(f *testing.F) {
	f.Add("zk_cnt_x\t1\nzk_sum_x\t2\nzk_p99_x\t3\n")
	f.Add("zk_x_count{key=\"1\"}\t1\nzk_x_sum{key=\"1\"}\t2\nzk_x{key=\"1\",quantile=\"0.5\"}\t3\n")
	f.Add("zk_x{a=\"\\\n\xff\"}\t1\nzk__per_namespace\t2\nzk_max_1_ack_latency\t-Inf\n")
	f.Add("zk_x_sum\t0\nzk_x{quantile=\"0\"}\t0\nzk_y{quantile=\"\"}\t0")
	f.Fuzz(func(t *testing.T, reply string) {
		mntr, err := ParseMntr(reply)
		if err != nil {
			return
		}
		var m Metrics
		m.Mntr(mntr, Label{"instance", reply})
		exposed(t, &m)
	})
}
