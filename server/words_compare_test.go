package server

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

// someLoad is a client that does a little of everything, and stays connected with an
// ephemeral and watches.
func someLoad(t *testing.T, addr string) *wire {
	t.Helper()
	w := openSession(t, addr, 10*time.Second)
	gone := openSession(t, addr, 10*time.Second)
	gone.create("/gone", "", jute.Ephemeral)
	w.create("/app", "", 0)
	w.create("/zookeeper/quota/app", "", 0)
	w.create("/zookeeper/quota/app/zookeeper_limits", "count=100,bytes=1000", 0)
	w.create("/zookeeper/quota/app/zookeeper_stats", "count=0,bytes=0", 0)
	w.create("/app/config", "twelve bytes", 0)
	w.create("/other", "", 0)
	w.create("/app/here", "", jute.Ephemeral)
	w.get("/app/config")
	w.get("/other")
	w.call(jute.OpGetData, reqGet("/app/config", true))
	w.call(jute.OpExists, &jute.ExistsRequest{Path: "/app/none", Watch: true})
	w.call(jute.OpExists, &jute.ExistsRequest{Path: "/app"})
	w.call(jute.OpGetChildren2, &jute.GetChildren2Request{Path: "/app", Watch: true})
	w.call(jute.OpGetChildren, &jute.GetChildrenRequest{Path: "/"})
	w.call(jute.OpGetACL, &jute.GetACLRequest{Path: "/app"})
	w.call(jute.OpSetData, reqSet("/app/config", "thirteen byte", -1))
	w.call(jute.OpSetData, reqSet("/app/config", "", 17))
	w.call(jute.OpCreate, reqCreate("/app/config/sub", "x", 0))
	w.call(jute.OpDelete, &jute.DeleteRequest{Path: "/app/config/sub", Version: -1})
	w.call(jute.OpDelete, &jute.DeleteRequest{Path: "/app/none", Version: -1})
	w.call(jute.OpSync, &jute.SyncRequest{Path: "/app"})
	w.call(jute.OpMulti, &jute.MultiRequest{Ops: []jute.Op{op(jute.OpCreate, reqCreate("/app/m", "mm", 0)),
		op(jute.OpSetData, reqSet("/app/m", "mmm", 0))}})
	w.call(jute.OpMultiRead, &jute.MultiRequest{Ops: []jute.Op{op(jute.OpGetData, reqGet("/app/m", false))}})
	w.call(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/app", Mode: jute.WatchPersistentRecursive})
	gone.call(jute.OpCloseSession, nil)
	gone.nc.Close()
	w.call(jute.OpGetData, reqGet("/app/config", true))
	return w
}

// Metrics whose values depend on how long something took, or on the process.
var timed = regexp.MustCompile(`time(_ms)?$|latency$|^uptime$|file_descriptor_count$|^version$`)

// Metrics that count otherwise, and why. docs/compatibility.md says it, too.
var countedOtherwise = map[string]string{
	"prep_processor_request_queued":             "only writes are prepared",
	"prep_processor_queue_size":                 "only writes are prepared",
	"prep_processor_queue_time_ms":              "only writes are prepared",
	"prep_process_time":                         "only writes are prepared",
	"proposal_process_time":                     "only writes are handed on to the log",
	"sync_processor_request_queued":             "only writes go to the log",
	"sync_processor_queue_size":                 "only writes go to the log",
	"sync_processor_queue_time_ms":              "only writes go to the log",
	"connection_token_deficit":                  "connections are not throttled",
	"request_throttle_queue_time_ms":            "requests are not throttled",
	"response_packet_cache_hits":                "there is no cache of replies",
	"response_packet_cache_misses":              "there is no cache of replies",
	"response_packet_get_children_cache_misses": "there is no cache of replies",
	"connection_drop_count":                     "Apache counts a client that closes first after its closeSession, or not",
	"approximate_data_size":                     "Apache leaves out what quotas write",
	"packets_sent":                              "Apache counts a long reply to a word several times",
	"watch_count":                               "Apache before 3.9 counts a recursive watch twice",
}

// Metrics that came after the Apache that is compared with.
var newer = regexp.MustCompile(`^op_count_|(^|_)restore_(time|error|rate)|^snapshot_(error|rate)`)

// part is what mntr makes of a summary.
var part = regexp.MustCompile(`^(avg|min|max|sum|cnt|p50|p95|p99|p999)_(.+)$`)

func TestWordsComparedWithApache(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=1000", "maxSessionTimeout=30000").Addr
	ours := start(t, Config{TickTime: time.Second, MaxSessionTimeout: 30 * time.Second, Words: []string{"*"}}).Addr()
	for _, addr := range []string{apache, ours} {
		say(t, addr, "srst") // what the start has counted, and who waited for it
		someLoad(t, addr)
	}
	t.Run("mntr", func(t *testing.T) {
		differ := compareMntr(t, say(t, apache, "mntr"), say(t, ours, "mntr"))
		for deadline := time.Now().Add(10 * time.Second); differ != nil && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			differ = compareMntr(t, say(t, apache, "mntr"), say(t, ours, "mntr")) // a connection may still be there
		}
		if differ != nil {
			t.Error(strings.Join(differ, "\n"))
		}
	})
	t.Run("envi", func(t *testing.T) { compareNames(t, say(t, apache, "envi"), say(t, ours, "envi"), "go.version") })
	t.Run("conf", func(t *testing.T) { compareNames(t, say(t, apache, "conf"), say(t, ours, "conf")) })
	for _, word := range []string{"srvr", "stat", "cons", "dump", "wchs", "wchc", "wchp", "conf", "dirs", "hash", "isro", "gtmk",
		fourletter.Stmk(262), "gtmk", "ruok", "crst", "cons", "srst", "srvr"} {
		t.Run(word[:4], func(t *testing.T) {
			want, got := usual(say(t, apache, word)), usual(say(t, ours, word))
			for deadline := time.Now().Add(10 * time.Second); got != want && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				// the connection of the word before may still be there
				want, got = usual(say(t, apache, word)), usual(say(t, ours, word))
			}
			if got != want {
				t.Errorf("%s\nours:\n%sApache:\n%s", word, got, want)
			}
		})
	}
}

func say(t *testing.T, addr, word string) string {
	t.Helper()
	reply, err := zktest.FourLetter(addr, word)
	if err != nil {
		t.Fatalf("%s: %v", word, err)
	}
	lines := strings.Split(reply, "\n")
	slices.Sort(lines) // what comes from a map has no order
	return strings.Join(lines, "\n")
}

// compareMntr returns what is not as it should be, a line each.
func compareMntr(t *testing.T, apache, ours string) (differ []string) {
	want, err := fourletter.ParseMntr(apache)
	got, err2 := fourletter.ParseMntr(ours)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, p := range want.Pairs {
		v, ok := got.Get(p.Name)
		if !ok {
			differ = append(differ, p.Name+" is not there")
			continue
		}
		name, depends := p.Name, false
		if m := part.FindStringSubmatch(name); m != nil {
			name = m[2]
			depends = m[1] != "cnt"
		} else {
			depends = true
		}
		if v != p.Value && countedOtherwise[name] == "" && !(depends && timed.MatchString(name)) {
			differ = append(differ, fmt.Sprintf("%s is %s, Apache's %s", p.Name, v, p.Value))
		}
	}
	for _, p := range got.Pairs {
		if _, ok := want.Get(p.Name); !ok && !newer.MatchString(p.Name) {
			differ = append(differ, p.Name+" is not Apache's")
		}
	}
	return differ
}

// compareNames compares what is left of "=", in its order.
func compareNames(t *testing.T, apache, ours string, more ...string) {
	names := func(reply string) (list []string) {
		for line := range strings.Lines(reply) {
			if name, _, _ := strings.Cut(strings.TrimSpace(line), "="); !slices.Contains(more, name) {
				list = append(list, name)
			}
		}
		return list
	}
	if got, want := names(ours), names(apache); !slices.Equal(got, want) {
		t.Errorf("%q, Apache has %q", got, want)
	}
}

// usual is a reply with what differs from run to run made equal.
func usual(reply string) string {
	for _, c := range []struct{ form, to string }{
		{`(?m)^(Zookeeper version): .*`, "$1: V"},
		{`(?m)^(Latency min/avg/max): .*`, "$1: L"},
		{`(?m)^(Sent|Received): \d+`, "$1: N"}, // of the words so far, too
		{`127\.0\.0\.1:\d+`, "ADDR"},
		{`(sid=|sessionId: |\t|^|\n)0x[0-9a-f]{14,16}`, "${1}SESSION"},
		{`est=\d+`, "est=T"},
		{`lresp=[1-9]\d*,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+`, "LATENCIES"},
		{`(?m)^\d expire at .*\n`, ""}, // connections of words expire sooner, or with the others
		{`Connections Sets \(\d\)`, "Connections Sets (N)"},
		{`(?m)^(clientPort|dataDir|dataDirSize|dataLogDir|dataLogSize)=.*`, "$1=X"},
		{`(_size): \d{8}`, "$1: N"},
	} {
		reply = regexp.MustCompile(c.form).ReplaceAllString(reply, c.to)
	}
	lines := strings.Split(reply, "\n")
	slices.Sort(lines) // what comes from a map has no order
	return strings.Join(lines, "\n")
}
