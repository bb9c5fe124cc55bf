package fourletter

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"zook/internal/zktest"
)

// The whitelist forbids everything, and AdminServer tells it all the same.
func TestProbeFallsBackToAdminServer(t *testing.T) {
	port := zktest.FreePort(t)
	s := zktest.Apache(t, "", "admin.enableServer=true", "admin.serverAddress=127.0.0.1",
		fmt.Sprintf("admin.serverPort=%d", port), "4lw.commands.whitelist=srvr")
	admin := (&Client{AdminPort: port}).Probe(t.Context(), s.Addr)
	if admin.Err != nil || !slices.Equal(admin.Admin, []string{"mntr", "conf"}) || len(admin.Notes) > 0 {
		t.Fatalf("%+v", admin)
	}
	if n, ok := admin.Metric("znode_count"); n != 5 || !ok {
		t.Errorf("%v znodes", n)
	}
	if tick, _ := admin.Conf.Get("tickTime"); tick != "500" {
		t.Errorf("tickTime %q in %+v", tick, admin.Conf)
	}
	if id, ok := admin.ID(); id != 0 || !ok {
		t.Errorf("server id %d, %v", id, ok)
	}

	none := (&Client{AdminPort: zktest.FreePort(t)}).Probe(t.Context(), s.Addr)
	if none.Err != nil || none.Mntr != nil || len(none.Notes) != 2 {
		t.Errorf("%+v", none)
	}

	body, err := (&Client{AdminPort: port}).askAdmin(t.Context(), s.Addr, "server_stats")
	if err != nil {
		t.Fatal(err)
	}
	stats, err := parseAdminStats(body)
	if err != nil || stats.Mode != "standalone" || stats.Znodes != 5 || stats.Number() != admin.Srvr.Number() {
		t.Errorf("%+v, %v", stats, err)
	}
}

// Something else listens where AdminServer might.
func TestProbeOfAForeignAdminPort(t *testing.T) {
	for name, body := range map[string]string{"page": "<html>", "json": "[1,2]", "other": `{"a":1}`, "cut": `{"server_stats":{"uptime`} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		defer web.Close()
		_, port, _ := net.SplitHostPort(web.Listener.Addr().String())
		n, _ := strconv.Atoi(port)
		addr := listen(t, replying(NotAllowed("srvr")))
		p := (&Client{AdminPort: n}).Probe(t.Context(), addr)
		if p.Srvr != nil && p.Srvr.Mode != "" || p.Err == nil && name != "other" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestProbeOfTheDead(t *testing.T) {
	c := &Client{Timeout: 300 * time.Millisecond}
	silent := listen(t, func(net.Conn) { time.Sleep(10 * time.Second) })
	starting := listen(t, replying(NotServing()))
	refused := fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))
	start := time.Now()
	probes := c.ProbeAll(t.Context(), []string{silent, starting, refused, silent})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to learn that they are dead", took)
	}
	for i, p := range probes {
		if p.Err == nil || p.Srvr != nil {
			t.Errorf("%+v", p)
		}
		if got := errors.Is(p.Err, ErrNotServing); got != (i == 1) {
			t.Errorf("%d: %v", i, p.Err)
		}
	}
}

func TestParseMembers(t *testing.T) {
	got := ParseMembers([]string{
		"server.10=zk10:2888:3888:observer;2181",
		"server.2=zk2:2888:3888|zk2b:2888:3888:participant;0.0.0.0:2182",
		"server.3=[fe80::1]:2888:3888;[::]:2181",
		"server.4=zk4:2888:3888:participant;10.0.0.4:2181",
		"server.5=zk5:2888:3888", "version=100000000", "server.x=?", "",
	})
	want := []Member{
		{2, "zk2:2888:3888|zk2b:2888:3888:participant;0.0.0.0:2182", false, "zk2:2182"},
		{3, "[fe80::1]:2888:3888;[::]:2181", false, "[fe80::1]:2181"},
		{4, "zk4:2888:3888:participant;10.0.0.4:2181", false, "10.0.0.4:2181"},
		{5, "zk5:2888:3888", false, ""},
		{10, "zk10:2888:3888:observer;2181", true, "zk10:2181"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// serving is a probe of a server that serves.
func serving(addr, mode string, zxid int64, version string) *Probe {
	return &Probe{Addr: addr, Srvr: &Srvr{Mode: mode, Zxid: zxid, Version: version}}
}

func dead(addr string) *Probe { return &Probe{Addr: addr, Err: errors.New("connection refused")} }

func TestJudge(t *testing.T) {
	const z = 5 << 32
	three := []Member{{ID: 1}, {ID: 2}, {ID: 3}}
	starting := &Probe{Addr: "c", Err: ErrNotServing}
	for name, test := range map[string]struct {
		probes   []*Probe
		members  []Member
		quorum   bool
		up, may  int
		critical int
		findings int
	}{
		"well":       {[]*Probe{serving("a", "follower", z+1, "3.8.0"), serving("b", "leader", z+1, "3.8.0"), serving("c", "follower", z, "3.8.0")}, three, true, 3, 1, 0, 0},
		"one dead":   {[]*Probe{serving("a", "follower", z+1, "3.8.0"), serving("b", "leader", z+1, "3.8.0"), dead("c")}, three, true, 2, 0, 0, 2},
		"starting":   {[]*Probe{serving("a", "follower", z+1, "3.8.0"), serving("b", "leader", z+1, "3.8.0"), starting}, three, true, 2, 0, 0, 2},
		"no quorum":  {[]*Probe{starting, starting, dead("c")}, three, false, 0, 0, 4, 4},
		"no leader":  {[]*Probe{serving("a", "follower", z, "3.8.0"), dead("b"), serving("c", "follower", z, "3.8.0")}, three, true, 2, 0, 0, 3},
		"two":        {[]*Probe{serving("a", "leader", z, "3.8.0"), serving("b", "leader", z+1, "3.8.0"), serving("c", "follower", z, "3.8.0")}, three, true, 3, 1, 1, 1},
		"epochs":     {[]*Probe{serving("a", "leader", z+1, "3.8.0"), serving("b", "follower", 4<<32+7, "3.8.0"), serving("c", "follower", z, "3.8.0")}, three, true, 3, 1, 0, 1},
		"elected":    {[]*Probe{serving("a", "leader", z, "3.8.0"), serving("b", "follower", 4<<32+7, "3.8.0"), serving("c", "follower", 0, "3.8.0")}, three, true, 3, 1, 0, 0},
		"versions":   {[]*Probe{serving("a", "leader", z, "3.8.0"), serving("b", "follower", z, "3.9.1-abc, built on x"), serving("c", "follower", z, "3.8.0")}, three, true, 3, 1, 0, 1},
		"observer":   {[]*Probe{serving("a", "leader", z, "3.8.0"), serving("b", "follower", z, "3.8.0"), serving("c", "follower", z, "3.8.0"), serving("d", "observer", z, "3.8.0")}, nil, true, 3, 1, 0, 0},
		"standalone": {[]*Probe{serving("a", "standalone", 7, "3.4.14")}, nil, true, 1, 0, 0, 0},
		"split":      {[]*Probe{serving("a", "standalone", 7, "3.8.0"), serving("b", "standalone", 8, "3.8.0")}, nil, true, 1, 0, 1, 1},
	} {
		e := Judge(test.probes, test.members)
		critical := 0
		for _, f := range e.Findings {
			if f.Critical {
				critical++
			}
		}
		if e.Quorum != test.quorum || e.Up != test.up || e.MayFail != test.may || critical != test.critical || len(e.Findings) != test.findings {
			t.Errorf("%s: quorum %v, %d up, %d may fail, %+v", name, e.Quorum, e.Up, e.MayFail, e.Findings)
		}
	}
	e := Judge([]*Probe{serving("a", "leader", z+9, ""), serving("b", "follower", z+4, ""), serving("c", "follower", 4<<32, "")}, three)
	if n, ok := e.Behind(e.Probes[1]); n != 5 || !ok {
		t.Errorf("%d behind, %v", n, ok)
	}
	if n, ok := e.Behind(e.Probes[2]); ok {
		t.Errorf("%d behind, in an older epoch", n)
	}
	e.Leader.Srvr.Zxid = z
	if n, ok := e.Behind(e.Probes[2]); n != 0 || !ok {
		t.Errorf("%d behind, %v, and nothing has been written since the election", n, ok)
	}
}
