package server

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricsHandler answers Prometheus with what mntr tells, and with what is known of
// the process and of Go's runtime.
//
// Names, types and labels: PrometheusMetricsProvider.java of ZooKeeper 3.9.
func (s *Server) metricsHandler() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{s})
	if !s.cfg.NoProcessMetrics {
		r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector hands the server's metrics to Prometheus' library.
type collector struct{ s *Server }

// Describe says nothing: which namespaces there are is not known before.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect gathers all metrics.
func (c collector) Collect(to chan<- prometheus.Metric) {
	send := func(m prometheus.Metric, err error) {
		if err != nil {
			m = prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		}
		to <- m
	}
	for _, g := range c.s.gauges() {
		send(prometheus.NewConstMetric(prometheus.NewDesc(g.name, g.name, nil, nil), prometheus.GaugeValue, g.value))
	}
	for _, set := range c.s.quotaGauges() {
		desc := prometheus.NewDesc(set.name, set.name, []string{"key"}, nil)
		for key, v := range set.byKey {
			if utf8.ValidString(key) {
				send(prometheus.NewConstMetric(desc, prometheus.GaugeValue, float64(v), key))
			}
		}
	}
	for _, m := range c.s.stats.metrics {
		switch {
		case m.counter != nil:
			send(prometheus.NewConstMetric(prometheus.NewDesc(m.name, m.name, nil, nil), prometheus.CounterValue, float64(m.counter.get())))
		case m.summary != nil:
			sp, _ := m.summary.read()
			shares := []float64{0.5}
			if m.percentiles {
				shares = []float64{0.5, 0.9, 0.95, 0.99, 0.999}
			}
			send(prometheus.NewConstSummary(prometheus.NewDesc(m.name, m.name, nil, nil), uint64(sp.count), float64(sp.sum),
				quantiles(m.summary.recent(), shares)))
		default:
			desc := prometheus.NewDesc(m.name, m.name, []string{"key"}, nil)
			for key, sp := range m.set.read() {
				switch {
				case !utf8.ValidString(key): // which Prometheus cannot be told
				case m.counts:
					send(prometheus.NewConstMetric(desc, prometheus.CounterValue, float64(sp.sum), key))
				default:
					send(prometheus.NewConstSummary(desc, uint64(sp.count), float64(sp.sum), nil, key))
				}
			}
		}
	}
}

// quantiles are values that these shares of all do not exceed; not a number if there
// are none.
func quantiles(sizes []int64, shares []float64) map[float64]float64 {
	m := map[float64]float64{}
	for _, share := range shares {
		m[share] = math.NaN()
		if len(sizes) > 0 {
			m[share] = float64(percentile(sizes, share))
		}
	}
	return m
}

// listenForMetrics opens the port for Prometheus, if there is to be one.
func (s *Server) listenForMetrics(ctx context.Context) (err error) {
	if s.cfg.MetricsAddr == "" {
		return nil
	}
	var lc net.ListenConfig
	s.metricsPort, err = lc.Listen(ctx, "tcp", s.cfg.MetricsAddr)
	return err
}

// MetricsAddr is the address of /metrics, host:port; "" if there is none.
func (s *Server) MetricsAddr() string { return addrOf(s.metricsPort) }

// serveMetrics answers on the port for Prometheus until it is closed.
func (s *Server) serveMetrics() {
	defer s.running.Done()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metricsHandler())
	h := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	go func() {
		<-s.stopping
		h.Close()
	}()
	if err := h.Serve(s.metricsPort); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.log.Error("no more metrics", "reason", err.Error())
	}
}
