package fourletter

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// fixture is a reply as a version of ZooKeeper prints it.
type fixture struct{ version, word, text string }

func fixtures(t testing.TB) []fixture {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.txtar")
	var all []fixture
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, reply := range a.Files {
			word, _, _ := strings.Cut(reply.Name, " ")
			all = append(all, fixture{filepath.Base(f), word, string(reply.Data)})
		}
	}
	if len(all) < 27 {
		t.Fatalf("%d replies in %v", len(all), files)
	}
	return all
}

// Every line of a reply is understood: what is parsed is written again as it was.
// What versions write differently is written as the newest does.
func TestFixtures(t *testing.T) {
	older := strings.NewReplacer(
		"/0:0:0:0:0:0:0:1:", "/[0:0:0:0:0:0:0:1]:",
		"Session Sets (3):", "Session Sets (3)/(2):",
		"Latency min/avg/max: 0/0/", "Latency min/avg/max: 0/0.0/",
		"Connections Sets (2)/(2):\n", "", "Connections Sets (0)/(0):\n", "",
		"org.apache.zookeeper.server.quorum.LearnerSessionTracker@29805957\n", "Session Sets (0)/(0):\n")
	for _, f := range fixtures(t) {
		if f.word == "isro" {
			continue
		}
		w := parserOf(t, f.word)
		v, text, err := w.parse(f.text)
		if err != nil {
			t.Errorf("%s %s: %v", f.version, f.word, err)
			continue
		}
		want := older.Replace(f.text)
		if f.word == "dump" && !strings.Contains(want, connectionsHeading) {
			want += connectionsHeading + "\n"
		}
		if strings.TrimSpace(text) != strings.TrimSpace(want) {
			t.Errorf("%s %s: %+v\n got %s\nwant %s", f.version, f.word, v, text, want)
		}
	}
}

func TestCons(t *testing.T) {
	conns, err := ParseCons(" /0:0:0:0:0:0:0:1:50728[0](queued=0,recved=1,sent=0)\n" +
		" host/127.0.0.1:50565[5](queued=3,recved=184,sent=183,sid=0xf00000872ba0003,lop=PING,est=1557332837106,to=30000," +
		"lcxid=0x9,lzxid=0x1d99,lresp=9618134,llat=4,minlat=1,avglat=0.5,maxlat=2,new=7)\n\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Conn{
		{Addr: "[0:0:0:0:0:0:0:1]:50728", Received: 1, LastCxid: -1},
		{Addr: "127.0.0.1:50565", Interest: 5, Queued: 3, Received: 184, Sent: 183, Session: 0xf00000872ba0003,
			LastOp: "PING", Established: 1557332837106, Timeout: 30000, LastCxid: 9, LastZxid: 0x1d99,
			LastResponse: 9618134, LastLatency: 4, MinLatency: 1, AvgLatency: 0.5, MaxLatency: 2, Other: Pairs{{"new", "7"}}},
	}
	if !reflect.DeepEqual(conns, want) {
		t.Errorf("\n got %+v\nwant %+v", conns, want)
	}
}

func TestMntrNumbers(t *testing.T) {
	m, err := ParseMntr("zk_a\t0.3333\nzk_b\tNaN\nzk_c\tleader\n")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := m.Number("a"); v != 0.3333 || !ok {
		t.Error(v, ok)
	}
	for _, name := range []string{"b", "c", "d"} {
		if v, ok := m.Number(name); ok {
			t.Errorf("%s is %v", name, v)
		}
	}
}
