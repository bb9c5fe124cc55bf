package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

// wordServer is a server that answers words as it is told to.
func wordServer(t *testing.T, words map[string]string) string {
	return stranger(t, func(c net.Conn) {
		word := make([]byte, 4)
		io.ReadFull(c, word)
		reply, ok := words[string(word)]
		if !ok {
			reply = fourletter.NotAllowed(string(word))
		}
		io.WriteString(c, reply)
	})
}

func srvr(mode string, zxid int64, change ...func(*fourletter.Srvr)) string {
	s := &fourletter.Srvr{Version: "3.9.2-x, built on y", Mode: mode, Zxid: zxid, Connections: 3, Znodes: 5}
	for _, f := range change {
		f(s)
	}
	return s.Text(false)
}

// patient are thresholds that a busy machine does not exceed.
var patient = strings.Fields("-w latency=1h -c latency=1h -w latency-p99=1h -c latency-p99=1h -w fsync=1h -c fsync=1h")

// outcome runs check and returns the results by their names, and the exit code.
func outcome(t *testing.T, servers string, words ...string) (map[string]*checkResult, int) {
	t.Helper()
	v, code := jsonOf[checkReport](t, servers, append([]string{"check"}, words...)...)
	if want := fmt.Sprint(v.Code); code != want && !(code == "" && v.Code == 0) {
		t.Errorf("%v: exit code %q, and it says %d", words, code, v.Code)
	}
	results := map[string]*checkResult{}
	for _, r := range v.Checks {
		results[r.label()] = r
	}
	return results, v.Code
}

// finds says what a check came to, and a part of its text.
func finds(t *testing.T, results map[string]*checkResult, name string, status health, text string) {
	t.Helper()
	r := results[name]
	if r == nil || r.Status != status || !strings.Contains(r.Text, text) {
		t.Errorf("%s: got %+v, want %s %q", name, r, status, text)
	}
}

// What real servers say when all is well, and how it looks.
func TestCheckOfAHealthyServer(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		out := zook(t.Context(), server, "", append([]string{"check"}, patient...)...)
		for _, want := range []string{"ok\tquorum\tone server, which stands alone, serves\n", "ok\tservers\tall 1 serve\n",
			"skipped\tleader\ta server that stands alone has none\n", "ok\tlatency\t", "ok\toutstanding\t0\n", "ok\tznodes\t",
			"ok\tconnections\t", "ok\tzxid\t", "skipped\tcertificate\tthe connection is plain\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		if strings.Contains(out, "= ") || strings.Contains(out, "! ") {
			t.Error(out)
		}
		if out = zook(t.Context(), server, "", "check", "znodes", "outstanding", "-o", "table"); !strings.Contains(out, "│ 1,000,000 │") || strings.Count(out, "│ ok ") != 2 {
			t.Error(out)
		}
		if out = zook(t.Context(), server, "", "check", "certificate"); out != "unknown\tcertificate\tthe connection is plain\n= 3\n" {
			t.Errorf("what was named and is not known: %s", out)
		}
		if out = zook(t.Context(), server, "", "check", "znodes", "-c", "znodes=1"); !strings.HasPrefix(out, "critical\tznodes\t") || !strings.Contains(out, ", over 1\n= 2\n") {
			t.Error(out)
		}
		if out = zook(t.Context(), server, "", "check", "znodes", "-w", "znodes=1", "--crit", "znodes=off"); !strings.HasSuffix(out, ", over 1\n= 1\n") {
			t.Error(out)
		}
	})
}

func TestCheckOfApache(t *testing.T) {
	results, code := outcome(t, zktest.ApacheEnsemble(t, "maxClientCnxns=60").Addr, patient...)
	for _, c := range healthChecks() {
		switch {
		case c.flag != "":
			if results[c.name] != nil {
				t.Errorf("%s runs unasked", c.name)
			}
		case c.name == "certificate":
		case c.name == "lag": // it has no followers
			finds(t, results, "lag", healthSkipped, "no follower answers")
		default:
			finds(t, results, c.name, healthOK, "")
			if results[c.name].Value == nil {
				t.Errorf("%s has no value", c.name)
			}
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestCheckUsage(t *testing.T) {
	for line, want := range map[string]string{
		"quorom":                     `there is no check "quorom", did you mean quorum?`,
		"canary":                     "check canary needs --canary",
		"--min-children 3":           "--min-children is about --path",
		"-w lag":                     `-w: "lag" is not NAME=VALUE (zook check --help)`,
		"-w lagg=1":                  `-w: there is no check "lagg", did you mean lag? (zook check --help)`,
		"-c leader=1":                "-c: leader has no thresholds (zook check --help)",
		"-c latency=fast":            `-c: latency: "fast" is not a duration such as 500ms, 5s or 2m (zook check --help)`,
		"-c disk=-1":                 `-c: disk: "-1" is not a size such as 500M or 10GB (zook check --help)`,
		"--nosuch":                   "unknown flag --nosuch (zook check --help)",
		"-S host:port":               `servers "host:port": "port" is not a port`,
		"--data-dir /x":              "only a server can do this: --data-dir reads files, which cannot be changed",
		"--data-dir /x -S a":         "--data-dir reads files and --server is for a server: one of them is enough",
		"--tls-ca /nowhere/ca.pem":   "--tls-ca: open /nowhere/ca.pem: no such file or directory",
		"--textfile /nowhere/x.prom": "/nowhere/.zook-",
	} {
		server := "127.0.0.1:1"
		if strings.HasPrefix(line, "-S") || strings.HasPrefix(line, "--data-dir") {
			server = ""
		}
		out := zook(t.Context(), server, "", append([]string{"check"}, strings.Fields(line)...)...)
		if !strings.HasPrefix(out, "! zook: check: "+want) || !strings.HasSuffix(out, "\n= 3\n") || strings.Count(out, "\n") != 2 {
			t.Errorf("%s: %s", line, out)
		}
	}
	if out := zook(t.Context(), "a b", "", "check", "--nagios"); out != "ZOOKEEPER UNKNOWN: servers \"a b\": \"a b\" has a blank in it\n= 3\n" {
		t.Errorf("a plugin says it on standard output: %s", out)
	}
}

func TestThresholds(t *testing.T) {
	for _, test := range []struct {
		unit unit
		in   string
		want float64
		text string
	}{
		{unitCounts, "12", 12, "12"}, {unitCounts, "2M", 2e6, "2,000,000"}, {unitCounts, "0", 0, "0"},
		{unitMillis, "50", 50, "50 ms"}, {unitMillis, "1.5s", 1500, "1500 ms"}, {unitMillis, "500us", 0.5, "0.5 ms"}, {unitMillis, "0", 0, "0 ms"},
		{unitPercent, "80", 80, "80%"}, {unitPercent, "99.5%", 99.5, "99.5%"},
		{unitBytes, "500", 500, "500 bytes"}, {unitBytes, "10GB", 1e10, "10.0 GB"}, {unitBytes, "1.5T", 1.5e12, "1.5 TB"}, {unitBytes, "7kB", 7000, "7.0 kB"},
		{unitSeconds, "30d", 30 * 86400, "30 days"}, {unitSeconds, "30", 30 * 86400, "30 days"}, {unitSeconds, "12h", 12 * 3600, "12h0m0s"},
	} {
		v, err := test.unit.parse(test.in)
		if err != nil || math.Abs(v-test.want) > 1e-9 || test.unit.text(v) != test.text {
			t.Errorf("%q: %v (%s), %v", test.in, v, test.unit.text(v), err)
		}
	}
	for _, u := range []unit{unitCounts, unitMillis, unitPercent, unitBytes, unitSeconds} {
		for _, in := range []string{"", "x", "-1", "NaN", "Inf", "1e999", "5 %", "GB", "d"} {
			if v, err := u.parse(in); err == nil {
				t.Errorf("%q in %q is %v", in, u, v)
			}
		}
	}
}

// Three members in each of the states that an operator wants to hear of.
func TestCheckOfEnsembles(t *testing.T) {
	const epoch = 5 << 32
	mntr := func(lines string) string { return "zk_version\t3.9.2\n" + strings.ReplaceAll(lines, " ", "\t") }
	conf := "clientPort=2181\ndataDir=/d\ndataDirSize=30000000000\ndataLogDir=/l\ndataLogSize=100000000000\nmaxClientCnxns=10\n"
	follower := map[string]string{"srvr": srvr("follower", epoch+100)}
	leader := map[string]string{"srvr": srvr("leader", epoch+100), "mntr": mntr("zk_learners 2\nzk_synced_followers 2\n")}
	with := func(words map[string]string, more ...string) map[string]string {
		m := map[string]string{}
		for k, v := range words {
			m[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	run := func(servers ...map[string]string) (map[string]*checkResult, int) {
		var addrs []string
		for _, words := range servers {
			addrs = append(addrs, wordServer(t, words))
		}
		return outcome(t, strings.Join(addrs, ","))
	}

	results, code := run(leader, follower, follower)
	finds(t, results, "quorum", healthOK, "3 of 3 voters serve, 1 more may fail")
	finds(t, results, "leader", healthOK, "leads")
	finds(t, results, "lag", healthOK, "0")
	finds(t, results, "disk", healthSkipped, "conf: the word is not allowed: 4lw.commands.whitelist")
	finds(t, results, "watches", healthSkipped, "not known: ")
	if code != 0 {
		t.Errorf("all well: exit code %d", code)
	}

	results, code = run(leader, leader, follower)
	finds(t, results, "leader", healthCritical, "2 leaders: ")
	if code != 2 {
		t.Errorf("two leaders: exit code %d", code)
	}

	results, code = run(follower, follower, map[string]string{"srvr": fourletter.NotServing()})
	finds(t, results, "leader", healthWarning, "none of the servers asked leads")
	finds(t, results, "quorum", healthWarning, "2 of 3 voters serve, 0 more may fail")
	finds(t, results, "servers", healthWarning, "1 of 3 do not serve: ")
	finds(t, results, "lag", healthSkipped, "no leader answers")
	if code != 1 {
		t.Errorf("no leader seen: exit code %d", code)
	}

	results, _ = run(with(leader, "mntr", mntr("zk_learners 2\nzk_synced_followers 1\n")), follower, with(follower, "srvr", srvr("follower", 4<<32+9)))
	finds(t, results, "lag", healthWarning, "is in epoch 4, and the leader in 5")
	finds(t, results, "lag", healthWarning, "1 of its 2 followers are in sync")

	results, code = run(with(leader, "srvr", srvr("leader", epoch+200_000)), follower, with(follower, "srvr", srvr("follower", epoch+198_000)))
	finds(t, results, "lag", healthCritical, "199,900 at 127.0.0.1:")
	if r := results["lag"]; len(r.Servers) != 2 || *r.Value != 199_900 || code != 2 {
		t.Errorf("%+v", r)
	}

	cons := func(hosts ...string) (text string) {
		for i, h := range hosts {
			text += fmt.Sprintf(" /%s:%d[1](queued=0,recved=1,sent=1)\n", h, 40000+i)
		}
		return text + "\n"
	}
	busy := with(follower, "conf", conf, "cons", cons("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1"),
		"srvr", srvr("follower", epoch+0xfa000000, func(s *fourletter.Srvr) {
			s.Outstanding, s.AvgLatency, s.Connections, s.Znodes = 5000, 250.5, 10, 2_000_000
		}),
		"mntr", mntr("zk_open_file_descriptor_count 900\nzk_max_file_descriptor_count 1000\nzk_watch_count 20000000\nzk_approximate_data_size 2000000000\n"+
			"zk_p99_readlatency 3\nzk_p99_updatelatency 2500\nzk_avg_fsynctime 300.5\n"))
	results, _ = run(leader, follower, busy)
	finds(t, results, "outstanding", healthCritical, "5,000 at ")
	finds(t, results, "latency", healthWarning, "250.5 ms at ")
	finds(t, results, "latency-p99", healthCritical, "2500 ms at ")
	finds(t, results, "connections-per-ip", healthWarning, "90% at ")
	finds(t, results, "znodes", healthWarning, "2,000,000 at ")
	finds(t, results, "watches", healthCritical, "20,000,000 at ")
	finds(t, results, "data-size", healthWarning, "2.0 GB at ")
	finds(t, results, "descriptors", healthWarning, "90% at ")
	finds(t, results, "fsync", healthWarning, "300.5 ms at ")
	finds(t, results, "zxid", healthCritical, "97.7% at ")
	finds(t, results, "disk", healthCritical, "130.0 GB at ")

	delete(busy, "cons")
	results, _ = run(leader, follower, busy)
	finds(t, results, "connections-per-ip", healthUnknown, "cons: the word is not allowed")
}

// What is no server of the ensemble is told of, and is waited for no longer than
// --timeout.
func TestCheckAmongStrangers(t *testing.T) {
	apache := zktest.Apache(t, "").Addr
	start := time.Now()
	list := []string{stranger(t, silent), stranger(t, flood), stranger(t, replying("HTTP/1.1 400 Bad Request\r\n\r\n")),
		stranger(t, replying("Zookeeper version: 3.8.0\nLatency min/av")), stranger(t, replying(fourletter.NotServing())),
		stranger(t, replying("\x1b[2J|")), stranger(t, replying("")), "no-such-host.invalid:2181", fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))}
	out := zook(t.Context(), strings.Join(list, ","), "", "check", "--timeout", "2s", "--nagios", "--path", "/a")
	if !strings.HasPrefix(out, "ZOOKEEPER CRITICAL: quorum: no server serves: there is no quorum; ") || !strings.HasSuffix(out, "\n= 2\n") ||
		strings.Count(out, "\n") != 2 || strings.ContainsRune(out, 0x1b) || strings.Count(out, "|") != 1 {
		t.Error(out)
	}
	for _, want := range []string{list[0] + ": no answer in time", list[2] + ": an HTTP server answers on this port", list[3] + ": not a reply to srvr",
		list[4] + ": it is not serving requests", list[8] + ": connection refused", "leader: there is none", "path /a: cannot connect to "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	results, code := outcome(t, strings.Join(append(list, apache), ","))
	finds(t, results, "servers", healthWarning, "9 of 10 do not serve: ")
	finds(t, results, "quorum", healthCritical, "a server stands alone")
	finds(t, results, "znodes", healthOK, "5")
	if took := time.Since(start); took > 20*time.Second || code != 2 {
		t.Errorf("it took %v; exit code %d", took, code)
	}
	if _, code := outcome(t, list[0], "latency"); code != 3 {
		t.Errorf("a check of which nothing is known: exit code %d", code)
	}
}

func TestCheckOverTLS(t *testing.T) {
	certs := zktest.NewCerts(t)
	server, secure := zktest.ApacheTLS(t, certs)
	trust := []string{"quorum", "servers", "certificate", "--tls-ca", certs.CA, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey}

	results, code := outcome(t, secure, trust...)
	finds(t, results, "quorum", healthOK, "")
	finds(t, results, "certificate", healthCritical, "23h59m0s at "+secure+", under 7 days")
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	results, code = outcome(t, secure, append(trust, "-c", "certificate=2h", "-w", "certificate=5h")...)
	if finds(t, results, "certificate", healthOK, "23h59m0s"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	other := zktest.NewCerts(t)
	results, _ = outcome(t, secure, "servers", "certificate", "--tls-ca", other.CA, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey)
	finds(t, results, "servers", healthWarning, "certificate signed by unknown authority")
	finds(t, results, "certificate", healthCritical, "23h59m0s") // it can be told all the same
	results, _ = outcome(t, secure, append(trust, "--tls-server-name", "zk.example")...)
	finds(t, results, "servers", healthWarning, "not zk.example")
	results, _ = outcome(t, server.Addr, trust...)
	finds(t, results, "servers", healthWarning, "plain port")
	finds(t, results, "certificate", healthUnknown, "no server shows one")
	results, _ = outcome(t, secure) // TLS waits for a fifth byte
	finds(t, results, "servers", healthWarning, "no answer in time")
}

func TestCheckPathAndCanary(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		for _, path := range []string{"/ids", "/ids/0", "/ids/1", "/readonly", "/readonly/x"} {
			if out := zook(t.Context(), server, "", "create", path); out != path+"\n" {
				t.Fatal(out)
			}
		}
		for _, test := range []struct{ words, want string }{
			{"path --path /ids", "ok\tpath /ids\t2 children\n"},
			{"path --path /ids --min-children 2", "ok\tpath /ids\t2 children\n"},
			{"path --path /ids --min-children 3", "critical\tpath /ids\t2 children, 3 are wanted\n= 2\n"},
			{"path --path /ids --min-children 1 -w path=3", "warning\tpath /ids\t2 children, 3 are wanted\n= 1\n"},
			{"path --path /ids --path /nope", "ok\tpath /ids\t2 children\ncritical\tpath /nope\tno such node\n= 2\n"},
			{"path --path /a//b", "unknown\tpath /a//b\tinvalid path \"/a//b\": it has an empty element\n= 3\n"},
			{"canary --canary /", "unknown\tcanary /\tname a znode below /, so that servers do not keep metrics of every canary\n= 3\n"},
			{"canary --canary /nope", "critical\tcanary /nope\tcreate: no such node\n= 2\n"},
		} {
			if out := zook(t.Context(), server, "", append([]string{"check"}, strings.Fields(test.words)...)...); out != test.want {
				t.Errorf("%s: %s", test.words, out)
			}
		}
		out := zook(t.Context(), server, "", "check", "canary", "--canary", "/ids", "-w", "canary=1m", "-c", "canary=1m")
		if !regexp.MustCompile(`^ok\tcanary /ids\t[\d.]+ ms at [^ ]+: create [\d.]+ ms, read [\d.]+ ms, write [\d.]+ ms, watch [\d.]+ ms, delete [\d.]+ ms\n$`).MatchString(out) {
			t.Error(out)
		}
		if out = zook(t.Context(), server, "", "ls", "/ids"); out != "0\n1\n" {
			t.Errorf("left behind: %s", out)
		}
		zook(t.Context(), server, "", "setAcl", "/readonly", "world:anyone:r")
		if out = zook(t.Context(), server, "", "check", "canary", "--canary", "/readonly"); !strings.HasPrefix(out, "critical\tcanary /readonly\tcreate: not authorised") {
			t.Error(out)
		}
	})
}

// A canary that cannot be changed, and one whose server goes, leave nothing behind.
func TestCanaryThatDies(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		zook(t.Context(), server, "", "create", "/c")
		proxy := newProxy(t, server, jute.OpSetData)
		out := zook(t.Context(), proxy.server, "", "check", "canary", "--canary", "/c", "--timeout", "1s")
		if !strings.HasPrefix(out, "critical\tcanary /c\twrite: ") || !strings.HasSuffix(out, "\n= 2\n") {
			t.Error(out)
		}
		until(t, "end of the canary", func() bool { return zook(t.Context(), server, "", "ls", "/c") == "" })
	})
}

// perfdata is what monitoring systems read after the bar.
var perfdata = regexp.MustCompile(`^(?:'(?:[^']|'')+'|[^ '=]+)=-?\d+(?:\.\d+)?(?:ms|s|B|%)?(?:;(?:\d+(?:\.\d+)?:?)?){2}(?:;0)?(?:;100)?$`)

func TestCheckAsAPlugin(t *testing.T) {
	server := zktest.ApacheEnsemble(t, "maxClientCnxns=60").Addr
	zook(t.Context(), server, "", "create", "/it's=a path|")
	out := zook(t.Context(), server, "", append([]string{"check", "--nagios", "--path", "/it's=a path|", "--filesystem", t.TempDir(), "-c", "filesystem=off", "-w", "filesystem=off"}, patient...)...)
	text, values, ok := strings.Cut(strings.TrimSuffix(out, "\n"), " | ")
	if !ok || text != "ZOOKEEPER OK: 1 of 1 voters serve, 0 more may fail (17 checks)" {
		t.Error(out)
	}
	for _, want := range []string{"quorum=0;0:;0:;0", "znodes=6;1000000;10000000;0", `'path /it''s_a path/'=0;;;0`, "leader=1;;;0"} {
		if !strings.Contains(values, want) {
			t.Errorf("no %s in %s", want, values)
		}
	}
	all := regexp.MustCompile(`('(?:[^']|'')+'|[^ '=]+)=\S+`).FindAllString(values, -1)
	if len(all) < 17 || strings.Join(all, " ") != values {
		t.Errorf("%d values in %s", len(all), values)
	}
	for _, v := range all {
		if !perfdata.MatchString(v) {
			t.Errorf("not performance data: %s", v)
		}
	}
	out = zook(t.Context(), server, "", "check", "--nagios", "znodes", "watches", "-w", "znodes=1")
	if want := "ZOOKEEPER WARNING: znodes: 6 at " + server + ", over 1 | znodes=6;1;10000000;0 watches=0;1000000;10000000;0\n= 1\n"; out != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
}

func TestCheckTextfile(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		dir := t.TempDir()
		file := filepath.Join(dir, "zookeeper.prom")
		for range 2 { // a file that is there is replaced
			out := zook(t.Context(), server, "", "check", "--textfile", file, "-w", "znodes=1", "--path", "/", "--min-children", "9")
			if !strings.HasSuffix(out, "= 2\n") {
				t.Error(out)
			}
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		got := map[string]float64{}
		for name, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					switch l.GetName() {
					case "check":
						name += " " + l.GetValue()
					case "ensemble":
						if l.GetValue() != server {
							t.Errorf("ensemble %q", l.GetValue())
						}
					}
				}
				got[name] = m.GetGauge().GetValue()
				name, _, _ = strings.Cut(name, " ")
			}
		}
		for name, want := range map[string]float64{"zook_check_result": 2, "zook_check_status znodes": 1, "zook_check_status quorum": 0,
			"zook_check_status path": 2, "zook_check_critical path": 9, "zook_check_warning znodes": 1} {
			if v, ok := got[name]; !ok || v != want {
				t.Errorf("%s is %v, %v", name, v, ok)
			}
		}
		if age := float64(time.Now().Unix()) - got["zook_check_timestamp_seconds"]; age < -1 || age > 60 {
			t.Errorf("it was %v s ago", age)
		}
		if _, ok := got["zook_check_status certificate"]; ok {
			t.Error("what is skipped has a status")
		}
		entries, _ := os.ReadDir(dir)
		if info, _ := os.Stat(file); len(entries) != 1 || info.Mode().Perm() != 0o644 {
			t.Errorf("%v, %v", entries, info.Mode())
		}
	})
}

// An ensemble from all well to no quorum: what the monitoring system hears.
func TestCheckOfAnEnsembleThatFails(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	leader := members.Leader()
	follower, other := members[(leader+1)%3], members[(leader+2)%3]
	check := func() (map[string]*checkResult, int) {
		start := time.Now()
		defer func() {
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("a check with a timeout of 2 s took %v", took)
			}
		}()
		return outcome(t, members.Addrs(), "quorum", "servers", "leader", "lag") // a busy machine is slow
	}
	results, code := check()
	finds(t, results, "quorum", healthOK, "3 of 3 voters serve, 1 more may fail")
	finds(t, results, "leader", healthOK, members[leader].Addr+" leads")
	if code != 0 {
		t.Fatalf("all well: exit code %d, %+v", code, results)
	}

	follower.Suspend()
	results, code = check()
	finds(t, results, "servers", healthWarning, "1 of 3 do not serve: "+follower.Addr+": no answer in time")
	finds(t, results, "quorum", healthWarning, "2 of 3 voters serve, 0 more may fail")
	if code != 1 {
		t.Errorf("a follower hangs: exit code %d", code)
	}
	follower.Resume()
	eventually(t, "the follower does not come back", func() bool { _, code := check(); return code == 0 })

	follower.Kill()
	if err := os.RemoveAll(filepath.Join(follower.DataDir, "version-2")); err != nil {
		t.Fatal(err)
	}
	c := dial(t, members[leader].Addr)
	for range 20 { // so that it has something to take over
		if _, _, err := c.Create(t.Context(), "/big-", make([]byte, 1_000_000), jute.OpenACL(), jute.PersistentSequential, 0); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	follower.Launch()
	var seen []string
	eventually(t, "the wiped follower does not come back", func() bool {
		results, code := check()
		for _, name := range []string{"servers", "lag"} {
			if r := results[name]; r.Status != healthOK {
				seen = append(seen, r.Text)
			}
		}
		return code == 0
	})
	if !slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, "not serving") || strings.Contains(s, "in sync") }) {
		t.Errorf("while the wiped follower takes over what it lacks, there is heard %q", seen)
	}

	members[leader].Kill()
	eventually(t, "there is no new leader", func() bool {
		results, code := check()
		return code == 1 && results["leader"].Status == healthOK && results["servers"].Status == healthWarning
	})
	other.Kill()
	eventually(t, "the loss of the quorum is not told", func() bool {
		results, code := check()
		return code == 2 && results["quorum"].Status == healthCritical && results["leader"].Status == healthCritical &&
			strings.Contains(results["servers"].Text, "3 of 3 do not serve")
	})
}

// The report is whole in JSON.
func TestCheckJSON(t *testing.T) {
	onFreshServers(t, func(t *testing.T, server string) {
		out := zook(t.Context(), server, "", "check", "znodes", "-o", "jsonl")
		var report struct {
			Status   string
			ExitCode int
			Checks   []struct {
				Check, Status, Text string
				Value, Warn, Crit   float64
				Servers             []struct {
					Server string
					Value  float64
				}
			}
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil || strings.Count(out, "\n") != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		c := report.Checks[0]
		if report.Status != "ok" || c.Check != "znodes" || c.Value != 5 || c.Warn != 1e6 || c.Crit != 1e7 || c.Servers[0].Server != server || c.Servers[0].Value != 5 {
			t.Errorf("%+v", report)
		}
	})
}
