package commands

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

func newExporter(env *Env) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "exporter",
		Short: "Serve the metrics of all servers to Prometheus",
		Long: `Serve what all servers of the ensemble measure over HTTP, for Prometheus: those of
--server, and the other members of its configuration. With every request all are asked at
once, as status asks them; one that is dead costs no more than --timeout (5s here, or what
Prometheus has time for), and the others are told all the same.

The names of metrics are those of ZooKeeper's own PrometheusMetricsProvider, with the
labels instance (host:port) and role (leader, follower, observer, standalone); those that
begin with zook_ are of zook. Prometheus has to be told honor_labels: true.

  /metrics   all metrics
  /healthz   whether the exporter itself is alive`,
		Example: `  zook exporter -S zk1:2181,zk2:2181,zk3:2181
  zook exporter --listen :9141 --timeout 3s`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.serveMetrics(cmd.Context(), listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9141", "serve at `HOST:PORT`")
	return cmd
}

// scrapeTime is how long a scrape may take, if --timeout does not say. Prometheus waits
// for 10 s.
const scrapeTime = 5 * time.Second

// exporter answers Prometheus.
type exporter struct {
	env *Env
	ctx context.Context // ends with the exporter

	mu      sync.Mutex
	current *scrape // nil if none is under way
}

// scrape is one round of questions to all servers. All who ask during it share it.
type scrape struct {
	done chan struct{} // closed when it is over
	body []byte
	err  error
}

// serveMetrics serves until ctx ends.
func (e *Env) serveMetrics(ctx context.Context, listen string) error {
	own := e.own()
	own.Connect.Timeout = cmp.Or(own.Connect.Timeout, scrapeTime)
	defer own.Close()
	if _, _, err := own.asker(); err != nil { // what is wrong with the settings is better told now
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return usagef("--listen %s: %s", listen, reason(err))
	}
	x := &exporter{env: own, ctx: ctx}
	s := &http.Server{Handler: x.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: own.Connect.Timeout + 10*time.Second,
		ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.Shutdown(limited) != nil {
			s.Close()
		}
	})
	defer stop()
	fmt.Fprintf(e.Err, "zook: serving metrics at http://%s/metrics\n", l.Addr())
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (x *exporter) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", x.metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "zook exporter: the metrics are at /metrics, and /healthz tells whether it is alive.")
	})
	return mux
}

func (x *exporter) metrics(w http.ResponseWriter, r *http.Request) {
	s := x.scrape(promptly(r, x.env.Connect.Timeout))
	select {
	case <-s.done:
	case <-r.Context().Done():
		return // nobody is there to read it
	}
	if s.err != nil {
		http.Error(w, oneLine(s.err.Error()), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(s.body)))
	w.Write(s.body)
}

// promptly is how long a scrape may take for who asks: less than Prometheus says that it
// waits.
func promptly(r *http.Request, limit time.Duration) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0 && seconds < limit.Seconds()*2) {
		return limit
	}
	return min(limit, time.Duration(seconds*0.9*float64(time.Second)))
}

// scrape is the one that is under way, else a new one.
func (x *exporter) scrape(limit time.Duration) *scrape {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current != nil {
		return x.current
	}
	s := &scrape{done: make(chan struct{})}
	x.current = s
	go func() {
		ctx, cancel := context.WithTimeout(x.ctx, limit)
		defer cancel()
		s.body, s.err = x.env.measure(ctx)
		x.mu.Lock()
		x.current = nil
		x.mu.Unlock()
		close(s.done)
	}()
	return s
}

// measure asks all servers, and returns what they say as Prometheus reads it.
func (e *Env) measure(ctx context.Context) ([]byte, error) {
	start := time.Now()
	asker, _, err := e.asker()
	if err != nil {
		return nil, err
	}
	found, err := e.survey(ctx)
	if err != nil {
		return nil, err
	}
	m := metricsOf(found)
	addCertificates(ctx, m, asker, found)
	m.Gauge("zook_scrape_duration_seconds", "How long it took to ask all servers.", time.Since(start).Seconds())
	var b bytes.Buffer
	_, err = m.WriteTo(&b)
	return b.Bytes(), err
}
