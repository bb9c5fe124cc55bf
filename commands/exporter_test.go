package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"zook/fourletter"
	"zook/internal/zktest"
)

// startExporter starts one on a free port and returns its address.
func startExporter(t *testing.T, servers string, words ...string) (addr string) {
	t.Helper()
	u := newTerminal(servers)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, &u.Env, append([]string{"exporter", "--listen", "127.0.0.1:0"}, words...)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	serving := regexp.MustCompile(`^! zook: serving metrics at http://(.+)/metrics\n$`)
	until(t, "exporter", func() bool { return serving.MatchString(u.peek()) || len(ended) > 0 })
	found := serving.FindStringSubmatch(u.peek())
	if found == nil {
		t.Fatal(u.peek())
	}
	return found[1]
}

type exposition map[string]*dto.MetricFamily

// scrapeOnce asks as Prometheus does.
func scrapeOnce(t *testing.T, addr string, header ...string) exposition {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/metrics", nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || expfmt.ResponseFormat(res.Header).FormatType() != expfmt.TypeTextPlain {
		t.Fatalf("%s, %v", res.Status, res.Header)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// of returns the metrics of a name, by their labels instance and role.
func (e exposition) of(name string) map[string]*dto.Metric {
	found := map[string]*dto.Metric{}
	for _, m := range e[name].GetMetric() {
		label := map[string]string{}
		for _, l := range m.GetLabel() {
			label[l.GetName()] = l.GetValue()
		}
		found[strings.TrimSpace(label["instance"]+" "+label["role"])] = m
	}
	return found
}

func (e exposition) gauge(name, labels string) float64 {
	if m := e.of(name)[labels]; m != nil {
		return m.GetGauge().GetValue()
	}
	return -1
}

func TestExporterOfAnEnsemble(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	leader := members.Leader()
	l, f, dead := members[leader].Addr, members[(leader+1)%3].Addr, members[(leader+2)%3]
	addr := startExporter(t, f, "--timeout", "2s")
	zook(t.Context(), f, "", "create", "/a") // so that there is something to measure

	e := scrapeOnce(t, addr)
	for _, want := range []struct {
		name, labels string
		value        float64
	}{
		{"zook_quorum", "", 1}, {"zook_leaders", "", 1}, {"zook_voters", "", 3}, {"zook_voters_up", "", 3}, {"zook_voters_may_fail", "", 1},
		{"zook_up", l, 1}, {"zook_up", f, 1}, {"zook_up", dead.Addr, 1},
		{"znode_count", l + " leader", 6}, {"znode_count", f + " follower", 6}, {"znode_count", dead.Addr + " follower", 6},
		{"synced_followers", l + " leader", 2}, {"quorum_size", f + " follower", 3}, {"zook_epoch", f + " follower", 1},
		{"zook_server_info", l + " leader", 1},
	} {
		if got := e.gauge(want.name, want.labels); got != want.value {
			t.Errorf("%s{%s} is %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	if got := e.of("commit_count")[l+" leader"].GetCounter().GetValue(); got == 0 || e["commit_count"].GetType() != dto.MetricType_COUNTER {
		t.Errorf("commit_count %v", e["commit_count"])
	}
	update := e.of("updatelatency")[f+" follower"].GetSummary()
	if update.GetSampleCount() == 0 || len(update.GetQuantile()) != 4 {
		t.Errorf("updatelatency %v", update)
	}

	dead.Suspend()
	start := time.Now()
	var asking sync.WaitGroup
	for range 10 {
		asking.Go(func() {
			e := scrapeOnce(t, addr)
			if e.gauge("zook_up", dead.Addr) != 0 || e.gauge("zook_up", l) != 1 || e.gauge("znode_count", l+" leader") != 6 || e.gauge("zook_quorum", "") != 1 {
				t.Errorf("one hangs: %v", e.of("zook_up"))
			}
			if len(e.of("znode_count")) != 2 {
				t.Errorf("of the one that hangs there is %v", e.of("znode_count"))
			}
		})
	}
	asking.Wait()
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("scrapes that may take 2 s took %v", took)
	}
	start = time.Now()
	if e = scrapeOnce(t, addr, "X-Prometheus-Scrape-Timeout-Seconds", "0.5"); e.gauge("zook_up", dead.Addr) != 0 {
		t.Errorf("one hangs: %v", e.of("zook_up"))
	}
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("Prometheus waits for 500 ms, and it took %v", took)
	}
	dead.Resume()

	members[leader].Kill()
	dead.Kill()
	eventually(t, "the loss of the quorum is not told", func() bool {
		e := scrapeOnce(t, addr)
		return e.gauge("zook_quorum", "") == 0 && e.gauge("zook_leaders", "") == 0 && e.gauge("zook_up", f) == 0
	})
}

func TestExporterAmongStrangers(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		serves, _, _ := strings.Cut(server, "/")
		list := []string{serves, stranger(t, silent), stranger(t, flood), "no-such-host.invalid:2181", stranger(t, replying("HTTP/1.1 400 Bad\r\n")),
			stranger(t, replying(fourletter.NotServing())), stranger(t, replying("zk_a")), fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))}
		e := scrapeOnce(t, startExporter(t, strings.Join(list, ","), "--timeout", "1s"))
		for i, addr := range list {
			if got := e.gauge("zook_up", addr); got != zeroOrOne(i == 0) {
				t.Errorf("%s: up %v", addr, got)
			}
		}
		if e.gauge("znode_count", serves+" standalone") < 5 || e.gauge("num_alive_connections", serves+" standalone") < 0 {
			t.Errorf("of the one that serves there is %v", e["znode_count"])
		}
	})
}

func TestExporterServes(t *testing.T) {
	addr := startExporter(t, "127.0.0.1:1")
	for _, test := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/healthz", 200, "ok\n"},
		{"GET", "/", 200, "/metrics"},
		{"GET", "/metrics", 200, `zook_up{instance="127.0.0.1:1"} 0`},
		{"HEAD", "/metrics", 200, ""},
		{"POST", "/metrics", 405, ""},
		{"GET", "/other", 404, ""},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), test.method, "http://"+addr+test.path, nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != test.code || !strings.Contains(string(body), test.body) {
			t.Errorf("%s %s: %s %s", test.method, test.path, res.Status, body)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	play(t, "127.0.0.1:1", `
	$ zook exporter --listen `+taken.Addr().String()+`
	! zook: exporter: --listen `+taken.Addr().String()+`: address already in use
	= 2
	$ zook exporter --listen nowhere
	! zook: exporter: --listen nowhere: address nowhere: missing port in address
	= 2
	$ zook exporter -S a:b
	! zook: exporter: servers "a:b": "b" is not a port
	= 2
`)
}

func TestPromptly(t *testing.T) {
	for header, want := range map[string]time.Duration{"": 5 * time.Second, "2": 1800 * time.Millisecond, "30": 5 * time.Second,
		"-1": 5 * time.Second, "NaN": 5 * time.Second, "x": 5 * time.Second, "1e300": 5 * time.Second} {
		r := &http.Request{Header: http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {header}}}
		if got := promptly(r, 5*time.Second); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// metricNames are the names of metrics in an expression of Prometheus.
func metricNames(expr string) (names []string) {
	for _, drop := range []string{`"[^"]*"`, `\{[^}]*\}`, `\[[^]]*\]`, `\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`} {
		expr = regexp.MustCompile(drop).ReplaceAllString(expr, " ")
	}
	expr = regexp.MustCompile(`[a-zA-Z_]\w*\s*\(`).ReplaceAllString(expr, "(") // functions
	for _, name := range regexp.MustCompile(`\b[a-zA-Z_]\w*`).FindAllString(expr, -1) {
		if !slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, name) {
			names = append(names, name)
		}
	}
	return names
}

// dashboardExprs are the expressions of a dashboard of Grafana.
func dashboardExprs(t *testing.T, file string) (exprs []string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	return exprs
}

// Every metric of the dashboard and of the alerts is one that the exporter has of a real
// ensemble.
func TestDashboardAndAlerts(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	zook(t.Context(), members[0].Addr, "", "create", "/a")
	known := map[string]bool{"up": true} // Prometheus' own, of the exporter
	add := func(e exposition) {
		for name, f := range e {
			known[name] = true
			if f.GetType() == dto.MetricType_SUMMARY {
				known[name+"_count"], known[name+"_sum"] = true, true
			}
		}
	}
	add(scrapeOnce(t, startExporter(t, members.Addrs())))
	certs := zktest.NewCerts(t)
	_, secure := zktest.ApacheTLS(t, certs)
	add(scrapeOnce(t, startExporter(t, secure, "--tls-ca", certs.CA, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey)))

	exprs := dashboardExprs(t, "../contrib/grafana/zookeeper.json")
	if len(exprs) < 15 {
		t.Errorf("%d expressions in the dashboard", len(exprs))
	}
	alerts, err := os.ReadFile("../contrib/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllSubmatch(alerts, -1)
	if len(rules) < 10 || len(rules) != strings.Count(string(alerts), "- alert: ") {
		t.Errorf("%d rules in the alerts", len(rules))
	}
	for _, r := range rules {
		exprs = append(exprs, string(r[1]))
	}
	used := map[string]bool{}
	for _, expr := range exprs {
		names := metricNames(expr)
		if len(names) == 0 {
			t.Errorf("no metric in %s", expr)
		}
		for _, name := range names {
			used[name] = true
			if !known[name] {
				t.Errorf("no exporter has %s, of %s", name, expr)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if strings.HasPrefix(name, "zook_") && !used[name] && name != "zook_epoch" && name != "zook_answer_seconds" && name != "zook_max_connections_per_ip" {
			t.Errorf("neither the dashboard nor the alerts use %s", name)
		}
	}
}
