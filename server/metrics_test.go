package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	prom "github.com/prometheus/common/model"
)

// A zoo.cfg with Apache's provider for Prometheus has /metrics, in a form that
// Prometheus' own parser reads, with the names that mntr has.
func TestMetricsForPrometheus(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(file, []byte("dataDir="+t.TempDir()+`
clientPort=0
clientPortAddress=127.0.0.1
4lw.commands.whitelist=*
metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
metricsProvider.httpHost=127.0.0.1
metricsProvider.httpPort=0
`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, warnings, err := ReadConfig(file)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	s := start(t, cfg)
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/app", "", 0)
	w.create("/app/a", "data", 0)
	f := scrape(t, s.MetricsAddr())
	value := func(name string) float64 { return f[name].GetMetric()[0].GetGauge().GetValue() }
	if f["znode_count"] == nil || value("znode_count") != 7 || value("num_alive_connections") != 1 {
		t.Errorf("znode_count %v, num_alive_connections %v", f["znode_count"], f["num_alive_connections"])
	}
	if m := f["op_count_create"]; m.GetType() != dto.MetricType_COUNTER || m.GetMetric()[0].GetCounter().GetValue() != 2 {
		t.Errorf("op_count_create %v", m)
	}
	updates := f["updatelatency"].GetMetric()[0].GetSummary()
	if updates.GetSampleCount() != 3 || len(updates.GetQuantile()) != 5 {
		t.Errorf("updatelatency %v", updates)
	}
	written := f["write_per_namespace"].GetMetric()
	if len(written) != 1 || written[0].GetLabel()[0].GetName() != "key" || written[0].GetLabel()[0].GetValue() != "app" ||
		written[0].GetSummary().GetSampleCount() != 2 || written[0].GetSummary().GetSampleSum() != float64(len("/app")+len("/app/a")+len("data")) {
		t.Errorf("write_per_namespace %v", written)
	}
	if f["go_goroutines"] == nil || f["process_start_time_seconds"] == nil {
		t.Error("there is nothing of the process")
	}
	for _, p := range s.mntr().Pairs { // each is there under its own name, or is part of a summary
		name := p.Name
		for _, part := range []string{"avg_", "min_", "max_", "cnt_", "sum_", "p50_", "p95_", "p99_", "p999_"} {
			if rest, ok := strings.CutPrefix(name, part); ok && f[name] == nil {
				name = rest
			}
		}
		name = strings.TrimPrefix(name, "app_")
		if f[name] == nil && name != "version" && name != "server_state" {
			t.Errorf("%s is not there", p.Name)
		}
	}
}

func scrape(t *testing.T, addr string) map[string]*dto.MetricFamily {
	t.Helper()
	res, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p := expfmt.NewTextParser(prom.LegacyValidation)
	f, err := p.TextToMetricFamilies(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
