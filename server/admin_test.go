package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// withAdmin starts a server with an AdminServer on a free port and no rate limit.
func withAdmin(t *testing.T, cfg Config) *Server {
	t.Helper()
	cfg.Admin.Addr = "127.0.0.1:0"
	if cfg.Admin.RateLimit == 0 {
		cfg.Admin.RateLimit = -1
	}
	s := start(t, cfg)
	if s.AdminAddr() == "" {
		t.Fatal("no AdminServer")
	}
	return s
}

// httpReply is what an HTTP request came to.
type httpReply struct {
	status int
	header http.Header
	body   string
}

// request sends an HTTP request. header are names and values in turn.
func askHTTP(t *testing.T, method, addr, path string, body io.Reader, header ...string) httpReply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]}
	}
	client := http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return httpReply{res.StatusCode, res.Header, string(b)}
}

func get(t *testing.T, addr, path string, header ...string) httpReply {
	t.Helper()
	return askHTTP(t, http.MethodGet, addr, path, nil, header...)
}

// varies are fields of which only the kind is compared.
var varies = []string{"client_port", "data_dir", "data_log_dir", "remote_socket_address", "established",
	"last_response_time", "last_latency", "min_latency", "avg_latency", "max_latency", "uptime", "version", "timestamp",
	"data_dir_size", "log_dir_size", "datadir_size", "logdir_size", "digest"}

// outline is a JSON text as a line for each value, in order, without what varies.
func outline(t *testing.T, text string, session int64) []string {
	t.Helper()
	text = strings.ReplaceAll(text, fmt.Sprint(session), "1")
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var lines []string
	var walk func(path, name string)
	walk = func(path, name string) {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		delim, isDelim := token.(json.Delim)
		if !isDelim {
			if slices.Contains(varies, name) {
				token = fmt.Sprintf("%T", token)
			}
			lines = append(lines, fmt.Sprintf("%s = %v", path, token))
			return
		}
		lines = append(lines, fmt.Sprintf("%s %v", path, delim))
		for d.More() {
			name := "[]"
			if delim == '{' {
				key, _ := d.Token()
				name = key.(string)
			}
			if strings.HasSuffix(path, "expiry_time_to_session_ids") {
				name = "a time"
			}
			walk(path+"/"+name, name)
		}
		d.Token()
	}
	walk("", "")
	// Jackson finds the fields of this one by reflection, in any order.
	isStats := func(line string) bool { return strings.HasPrefix(line, "/server_stats/") }
	if i := slices.IndexFunc(lines, isStats); i != -1 {
		end := i
		for end < len(lines) && isStats(lines[end]) {
			end++
		}
		slices.Sort(lines[i:end])
	}
	return lines
}

// Every command of Apache's AdminServer answers as here: fields, their order, kinds and,
// but for times and the like, values.
func TestAdminAnswersAreApaches(t *testing.T) {
	t.Parallel()
	port := zktest.FreePort(t)
	theirs := zktest.Apache(t, "", "admin.enableServer=true", "admin.serverAddress=127.0.0.1", fmt.Sprintf("admin.serverPort=%d", port))
	ours := withAdmin(t, Config{TickTime: 500 * time.Millisecond, Words: []string{"*"}})
	admins := []string{fmt.Sprintf("127.0.0.1:%d", port), ours.AdminAddr()}
	var sessions []int64
	for i, addr := range []string{theirs.Addr, ours.Addr()} {
		get(t, admins[i], "/commands/stat_reset")
		sessions = append(sessions, busy(t, addr))
	}
	both := func(method, path string) (a, b httpReply) {
		return askHTTP(t, method, admins[0], path, nil), askHTTP(t, method, admins[1], path, nil)
	}
	for _, command := range []string{"configuration", "conf", "config", "connections", "cons", "dirs", "dump", "hash",
		"is_read_only", "isro", "last_snapshot", "lsnp", "leader", "lead", "observers", "obsr", "ruok", "server_stats", "srvr",
		"stats", "stat", "voting_view", "watch_summary", "wchs", "watches", "wchc", "watches_by_path", "wchp", "zabstate",
		"get_trace_mask", "gtmk", "set_trace_mask", "stmk", "set_trace_mask?traceMask=-7&traceMask=8", "stmk?traceMask=x%22y",
		"observer_connection_stat_reset", "orst", "connection_stat_reset", "crst", "connections", "stat_reset", "srst", "srvr",
		"nothing", "ruok/", "ruok/x", "RUOK", "%0A%3Cb%3E", "ruok?a=b"} {
		a, b := both(http.MethodGet, "/commands/"+command)
		if a.status != b.status || a.header.Get("Content-Type") != b.header.Get("Content-Type") {
			t.Errorf("%s: status %d, %s; Apache's %d, %s", command, b.status, b.header.Get("Content-Type"), a.status, a.header.Get("Content-Type"))
		}
		a.body = emptyTicks.ReplaceAllString(a.body, "")
		want, got := outline(t, a.body, sessions[0]), outline(t, b.body, sessions[1])
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", command, got, want)
		}
		if blanks(a.body) != blanks(b.body) {
			t.Errorf("%s is written otherwise:\n%s\nApache's:\n%s", command, b.body, a.body)
		}
	}
	for _, method := range []string{"HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"} {
		if a, b := both(method, "/commands/ruok"); a.status != b.status || a.body != b.body {
			t.Errorf("%s: %d %q, Apache's %d %q", method, b.status, b.body, a.status, a.body)
		}
	}
	a, b := both(http.MethodGet, "/commands")
	for line := range strings.Lines(a.body) {
		if !strings.Contains(b.body, line) {
			t.Errorf("the list of commands is without %s", line)
		}
	}
	a, b = both(http.MethodGet, "/commands/environment")
	want, got := fields(t, a.body), fields(t, b.body)
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("environment is without %s", name)
		}
	}
	a, b = both(http.MethodGet, "/commands/monitor")
	checkMonitor(t, fields(t, a.body), fields(t, b.body))
}

// busy does a little of everything in a session, and returns its id.
func busy(t *testing.T, addr string) int64 {
	w := openSession(t, addr, 5*time.Second)
	w.create("/a", "some data", 0)
	w.create("/a/e", "", jute.Ephemeral)
	for range 140 { // for a digest
		w.do(jute.OpSetData, &jute.SetDataRequest{Path: "/a", Data: []byte("x"), Version: -1}, nil)
	}
	w.do(jute.OpGetData, &jute.GetDataRequest{Path: "/a", Watch: true}, nil)
	w.do(jute.OpGetChildren, &jute.GetChildrenRequest{Path: "/a", Watch: true}, nil)
	return w.session.SessionID
}

// emptyTicks are times in dump at which no session expires any more.
var emptyTicks = regexp.MustCompile(`"\d+" : \[ \],\n\s+`)

// blanks is the form of a JSON text: all but strings and numbers.
func blanks(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(" \n{}[]:,", c) != -1:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

// checkMonitor compares what is measured by name and kind. 3.8 has some that are gone
// since.
func checkMonitor(t *testing.T, want, got map[string]any) {
	t.Helper()
	for name, value := range want {
		ours, ok := got[name]
		if !ok {
			t.Errorf("monitor is without %s", name)
		} else if fmt.Sprintf("%T", ours) != fmt.Sprintf("%T", value) {
			t.Errorf("monitor: %s is %v, Apache's %v", name, ours, value)
		}
	}
}

// What the words tell is in the same words here: names that no client has chosen.
func TestAdminQuotesHostilePaths(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{})
	w := openSession(t, s.Addr(), 5*time.Second)
	const hostile = "/<script>\"'&\u2028\u202e\x7f\x01 é"
	path := "/" + strings.Map(func(r rune) rune { // what no path may hold, others need not see
		if r < ' ' || r == 0x7f || r == '/' {
			return -1
		}
		return r
	}, hostile[1:])
	w.create(path, "", jute.Ephemeral)
	w.do(jute.OpGetData, &jute.GetDataRequest{Path: path, Watch: true}, nil)
	for command, field := range map[string]string{"dump": "session_id_to_ephemeral_paths", "wchc": "session_id_to_watched_paths"} {
		paths := fields(t, get(t, s.AdminAddr(), "/commands/"+command).body)[field]
		if want := (map[string]any{fmt.Sprint(w.session.SessionID): []any{path}}); fmt.Sprint(paths) != fmt.Sprint(want) {
			t.Errorf("%s: %q, want %q", command, paths, want)
		}
	}
	paths := fields(t, get(t, s.AdminAddr(), "/commands/wchp").body)["path_to_session_ids"].(map[string]any)
	if paths[path] == nil {
		t.Errorf("wchp: %q", paths)
	}
}

func TestJSONAsJacksonWritesIt(t *testing.T) {
	got := writeJSON(jsonObject{
		{"a", nil}, {"b", true}, {"c\n", "\x01\"\\é\xff</script>"}, {"d", 1.0}, {"e", 0.125}, {"f", int64(-1)}, {"g", jsonObject{}},
		{"h", []string{}}, {"i", []int64{1, 2}}, {"j", []jsonObject{{{"k", 1}, {"l", []string{"m"}}}, {}}}, {"n", jsonNumber("7")},
	}).String()
	want := `{
  "a" : null,
  "b" : true,
  "c\n" : "\u0001\"\\é\ufffd</script>",
  "d" : 1.0,
  "e" : 0.125,
  "f" : -1,
  "g" : { },
  "h" : [ ],
  "i" : [ 1, 2 ],
  "j" : [ {
    "k" : 1,
    "l" : [ "m" ]
  }, { } ],
  "n" : 7
}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("it is not valid")
	}
}

// Whoever has the port: the server starts, and says so.
func TestAdminPortTaken(t *testing.T) {
	t.Parallel()
	first := withAdmin(t, Config{})
	var log bytes.Buffer
	s := start(t, Config{Admin: AdminConfig{Addr: first.AdminAddr()}, Logger: textLogger(&log)})
	if s.AdminAddr() != "" || !strings.Contains(log.String(), "level=WARN msg=\"no AdminServer\"") {
		t.Errorf("AdminServer at %q; %s", s.AdminAddr(), log.String())
	}
	openSession(t, s.Addr(), time.Second)
	if start(t, Config{}).AdminAddr() != "" {
		t.Error("there is an AdminServer that nobody asked for")
	}
}

func TestCommandURL(t *testing.T) {
	t.Parallel()
	for url, not := range map[string]string{"/zk/": "/commands/ruok", "/": ""} {
		s := withAdmin(t, Config{Admin: AdminConfig{CommandURL: url}})
		base := strings.TrimSuffix(url, "/")
		if r := get(t, s.AdminAddr(), base+"/ruok"); !strings.Contains(r.body, `"command" : "ruok"`) {
			t.Errorf("%s: %d %s", url, r.status, r.body)
		}
		if r := get(t, s.AdminAddr(), base+"/"); !strings.Contains(r.body, `<a href="`+base+`/ruok">ruok</a>`) {
			t.Errorf("%s: %d %s", url, r.status, r.body)
		}
		if not != "" && get(t, s.AdminAddr(), not).status != http.StatusNotFound {
			t.Errorf("%s: %s is there too", url, not)
		}
	}
	if _, err := Start(t.Context(), Config{Admin: AdminConfig{CommandURL: "zk"}}); err == nil {
		t.Error("started with a command URL that is none")
	}
}

// Prometheus' metrics are those of the words.
func TestMetricsOfTheAdminServer(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{})
	openSession(t, s.Addr(), time.Second).create("/a", "", 0)
	r := get(t, s.AdminAddr(), "/metrics")
	if r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") || !strings.Contains(r.body, "\nznode_count 6\n") {
		t.Errorf("%d %v\n%s", r.status, r.header, r.body)
	}
}

// While the server reads its files it has no tree, and says so. Statuses and texts:
// Commands.runCommand.
func TestAdminServerOfAServerThatStarts(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{})
	starting := &adminServer{srv: &Server{ready: make(chan struct{}), stats: newStats(), cfg: s.cfg}, cfg: s.admin.cfg,
		log: s.log, origin: s.admin.origin, running: make(chan struct{}, 1)}
	for path, want := range map[string]string{
		"/commands/ruok":                     `"error" : "This ZooKeeper instance is not currently serving requests"`,
		"/commands/snap":                     `"error" : "This ZooKeeper instance is not currently serving requests"`,
		"/commands/gtmk":                     `"tracemask" : 306`,
		"/commands/environment":              `"os.name"`,
		"/commands/sysp":                     `"zookeeper.tickTime" : "3000"`,
		"/commands/zabstate":                 `"voting" : false`,
		"/commands/set_trace_mask?traceMask": "setTraceMask requires long traceMask argument, got ",
		"/commands":                          "/commands/ruok",
		"/":                                  "the server is starting",
		"/metrics":                           "the server is starting",
	} {
		w := httptest.NewRecorder()
		starting.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
