package server

import (
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

// Percentiles are those of all values, wrong by 3 % at most.
func TestPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s summary
	var values []int64
	for range 20_000 {
		v := int64(r.ExpFloat64() * 1000)
		values = append(values, v)
		s.add(v, 1)
	}
	s.add(1<<40, 1)
	values = append(values, 1<<40)
	slices.Sort(values)
	sp, sizes := s.read()
	if sp.count != int64(len(values)) || sp.min != values[0] || sp.max != 1<<40 {
		t.Errorf("%+v", sp)
	}
	for _, share := range []float64{0, 0.01, 0.5, 0.95, 0.99, 0.999, 1} {
		exact := values[max(0, int(math.Ceil(share*float64(len(values))))-1)]
		if got := percentile(sizes, share); got > exact || float64(got) < float64(exact)*0.96-1 {
			t.Errorf("%v of all do not exceed %d, told is %d", share, exact, got)
		}
	}
	if got := percentile(nil, 0.5); got != 0 {
		t.Errorf("half of nothing do not exceed %d", got)
	}
}

// What Prometheus is told of as quantiles is the last minutes, not all that ever was.
func TestRecentValues(t *testing.T) {
	var s summary
	turn := func() { s.turned -= 2 * recently }
	s.add(1000, 5)
	if got := percentile(s.recent(), 0.5); got < 960 {
		t.Errorf("at once: %d", got)
	}
	turn()
	s.recent()
	s.add(3, 1)
	turn()
	if got := percentile(s.recent(), 0.5); got != 3 {
		t.Errorf("later: %d", got)
	}
	turn()
	if s.recent(); s.recent() != nil {
		t.Errorf("after that there is nothing, but %v", s.recent())
	}
	if sp, _ := s.read(); sp.count != 6 {
		t.Errorf("%d of all", sp.count)
	}
}

// Clients that make up names cannot fill the memory with them.
func TestManyNamespaces(t *testing.T) {
	var s spreadSet
	for i := range 2 * maxKeys {
		s.join(strconv.Itoa(i), spread{1, 1, 1, 1})
	}
	if got := s.read(); len(got) != maxKeys {
		t.Errorf("%d keys", len(got))
	}
}

// Whatever connections come and go, every request is counted once, and no counter
// goes down but with srst.
func TestCountsOfManyConnections(t *testing.T) {
	s := start(t, Config{Words: []string{"*"}})
	const clients, requests = 20, 200
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for last := int64(0); ; {
			if got := s.srvr().Received; got < last {
				t.Errorf("received fell from %d to %d", last, got)
			} else {
				last = got
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	var all sync.WaitGroup
	for i := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			w := openSession(t, s.Addr(), 10*time.Second)
			path := fmt.Sprintf("/ns%d", i%3)
			w.call(jute.OpCreate, reqCreate(path, "", 0))
			for range requests {
				w.call(jute.OpExists, &jute.ExistsRequest{Path: path})
			}
			if i%2 == 0 {
				w.call(jute.OpCloseSession, nil)
			}
			w.nc.Close()
		}()
	}
	all.Wait()
	for deadline := time.Now().Add(30 * time.Second); s.srvr().Connections > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	close(stop)
	<-watched
	m := s.mntr()
	number := func(name string) int64 { v, _ := m.Number(name); return int64(v) }
	const want = clients*(requests+2) + clients/2
	for name, want := range map[string]int64{"packets_received": want, "packets_sent": want, "op_count_exists": clients * requests,
		"cnt_readlatency": clients * requests, "cnt_updatelatency": 2*clients + clients/2, "op_count_close_session": clients / 2,
		"connection_request_count": clients, "num_alive_connections": 0} {
		if got := number(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	read := int64(0)
	for i := range 3 {
		read += number(fmt.Sprintf("cnt_ns%d_read_per_namespace", i))
	}
	if read != clients*requests {
		t.Errorf("%d reads of namespaces", read)
	}
	if reply := ask(t, s, "srst"); fourletter.ParseSrst(reply) != nil {
		t.Error(reply)
	}
	m = s.mntr()
	if number("packets_received") > 1 || number("op_count_total") != 0 || number("cnt_readlatency") != 0 || number("znode_count") != 8 {
		t.Errorf("after srst:\n%s", m.Text())
	}
}

// Clients that are not let in are counted by what they failed at.
func TestCountsOfTheRefused(t *testing.T) {
	cfg := secureConfig(zktest.NewCerts(t))
	cfg.AuthSchemes, cfg.EnsembleNames, cfg.SilentTimeout = []string{"ensemble"}, []string{"zoo"}, 50*time.Millisecond
	s := start(t, cfg)
	for _, name := range []string{"zoo", "", "park"} {
		w := openSession(t, s.Addr(), 10*time.Second)
		w.write(encodeRequest(jute.XidAuth, jute.OpAuth, &jute.AuthPacket{Scheme: "ensemble", Auth: []byte(name)}))
		if _, err := w.read(); (err == nil) != (name != "park") {
			t.Errorf("ensemble %q: %v", name, err)
		}
	}
	plain := connect(t, s.SecureAddr())
	io.WriteString(plain.nc, "this is not TLS")
	plain.isClosed(10 * time.Second)
	connect(t, s.Addr()).isClosed(10 * time.Second) // it says nothing
	gone := connect(t, s.Addr())
	io.WriteString(gone.nc, "ab")
	gone.nc.Close()
	want := map[string]float64{"ensemble_auth_success": 1, "ensemble_auth_skip": 1, "ensemble_auth_fail": 1, "unsuccessful_handshake": 1,
		"auth_failed_count": 1, "sessionless_connections_expired": 1, "connection_drop_count": 1, "outstanding_tls_handshake": 0}
	got := map[string]float64{}
	for deadline := time.Now().Add(30 * time.Second); !maps.Equal(got, want) && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		m := s.mntr()
		for name := range want {
			got[name], _ = m.Number(name)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What statistics cost one read.
func BenchmarkStatisticsOfARead(b *testing.B) {
	s, err := Start(b.Context(), Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := &conn{srv: s}
	now := time.Since(epoch)
	b.ReportAllocs()
	for b.Loop() {
		c.hasRead(jute.ErrOK, "/app/config", 100)
		c.answered(kindOf(jute.OpGetData, jute.ErrOK), 1, 1, now, 120)
	}
}
