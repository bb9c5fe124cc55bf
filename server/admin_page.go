package server

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pages are the templates, parsed when first somebody looks.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "page/*.html"))
})

// pageFrame is what every page has around it.
type pageFrame struct {
	Title, Here         string
	Address, Mode       string
	Version, CommandURL string
	Now                 string
	HasTree             bool
	Refresh             int // seconds; 0 is never
}

func (a *adminServer) pageFrame(title, here string) pageFrame {
	return pageFrame{Title: title, Here: here, Address: a.srv.Addr(), Mode: "standalone", Version: Version,
		CommandURL: cmp.Or(a.cfg.CommandURL, "/"), HasTree: a.cfg.Tree, Now: time.Now().Format("2006-01-02 15:04:05 MST")}
}

// servePage serves the pages for browsers, and reports whether a path is one.
func (a *adminServer) servePage(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.URL.Path == "/":
		a.show(w, http.StatusOK, "status", a.status(r))
	case r.URL.Path == "/tree" && a.cfg.Tree:
		a.serveTree(w, r)
	case r.URL.Path == "/style.css":
		serveFile(w, "page/style.css", "text/css; charset=utf-8")
	case r.URL.Path == "/icon.svg":
		serveFile(w, "page/icon.svg", "image/svg+xml")
	default:
		return false
	}
	return true
}

func serveFile(w http.ResponseWriter, name, contentType string) {
	b, _ := pageFiles.ReadFile(name) // it is in the program
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Write(b)
}

// show sends a page.
func (a *adminServer) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, name, data); err != nil {
		a.log.Error("AdminServer: no page", "page", name, "reason", err.Error())
		refuse(w, http.StatusInternalServerError, "the page could not be made")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// statusPage is what the first page shows.
type statusPage struct {
	pageFrame
	Cards        []card
	Sessions     []sessionRow
	MoreSessions int
}

type card struct{ Name, Value, Unit, Note string }

type sessionRow struct {
	ID, Client, Connected, Timeout, LastOp, Received, Sent, Queued, Avg, Max, Ephemerals string
}

// memoryInUse is what Go has of the system's memory.
func memoryInUse() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64() - sample[1].Value.Uint64())
}

// maxRows is how many sessions the page shows.
const maxRows = 200

func (a *adminServer) status(r *http.Request) statusPage {
	p := statusPage{pageFrame: a.pageFrame("Status", "status")}
	if n, err := strconv.Atoi(r.URL.Query().Get("refresh")); err == nil {
		p.Refresh = min(max(n, 1), 3600)
	}
	s := a.srv
	srvr, dirs, counts := s.srvr(), s.dirs(), s.tree.Counts()
	rows, count := a.sessionRows()
	p.Sessions, p.MoreSessions = rows, count-len(rows)
	value, unit := bytesOf(counts.DataSize)
	disk := dirs.DataDirSize
	if s.dir.LogDir != s.dir.SnapDir {
		disk += dirs.LogDirSize
	}
	diskValue, diskUnit := bytesOf(disk)
	snapshot := "no snapshot"
	if f, when, ok := s.lastSnapshot(); ok {
		snapshot = "snapshot " + hex(f.Zxid) + ", " + ago(when)
	}
	watches := s.tree.WatchSums()
	memory, memoryUnit := bytesOf(memoryInUse())
	p.Cards = []card{
		{"Connections", grouped(srvr.Connections), "", grouped(int64(s.sessions.count())) + " sessions"},
		{"Latency", strconv.FormatFloat(srvr.AvgLatency, 'f', 2, 64), "ms", fmt.Sprintf("%d ms least, %d ms most", srvr.MinLatency, srvr.MaxLatency)},
		{"Requests waiting", grouped(srvr.Outstanding), "", fmt.Sprintf("%s packets in, %s out", grouped(srvr.Received), grouped(srvr.Sent))},
		{"Znodes", grouped(srvr.Znodes), "", fmt.Sprintf("%s of them ephemeral", grouped(int64(counts.Ephemerals)))},
		{"Paths and data", value, unit, ""},
		{"Watches", grouped(int64(counts.Watches)), "", fmt.Sprintf("by %s clients on %s paths", grouped(int64(watches.Watchers)), grouped(int64(watches.Paths)))},
		{"Last transaction", hex(srvr.Zxid), "", "zxid"},
		{"Files", diskValue, diskUnit, snapshot},
		{"Memory", memory, memoryUnit, "of the process"},
		{"Up for", lasted(time.Since(s.stats.started).Truncate(time.Second)), "", "since " + s.stats.started.Format("2006-01-02 15:04:05")},
	}
	return p
}

// sessionRows are connections with their sessions, then sessions that have no connection:
// the first maxRows, and how many there are.
func (a *adminServer) sessionRows() (rows []sessionRow, count int) {
	s := a.srv
	ephemerals := map[int64]string{}
	for _, e := range s.ephemerals() {
		ephemerals[e.Session] = grouped(int64(len(e.Paths)))
	}
	timeouts := s.sessions.timeouts()
	conns := s.cons()
	for i := range conns {
		c := &conns[i]
		delete(timeouts, c.Session)
		if i >= maxRows {
			continue
		}
		row := sessionRow{Client: c.Addr, Connected: ago(time.UnixMilli(c.Established)), LastOp: c.LastOp,
			Received: grouped(c.Received), Sent: grouped(c.Sent), Queued: grouped(c.Queued)}
		if c.Session != 0 {
			row.ID, row.Timeout = hex(c.Session), lasted(time.Duration(c.Timeout)*time.Millisecond)
			row.Avg, row.Max = fmt.Sprintf("%d ms", int64(c.AvgLatency)), fmt.Sprintf("%d ms", c.MaxLatency)
			row.Ephemerals = ephemerals[c.Session]
		}
		rows = append(rows, row)
	}
	alone := slices.Sorted(maps.Keys(timeouts))
	for _, id := range alone[:min(len(alone), maxRows-len(rows))] {
		rows = append(rows, sessionRow{ID: hex(id), Client: "not connected", Ephemerals: ephemerals[id],
			Timeout: lasted(time.Duration(timeouts[id]) * time.Millisecond)})
	}
	return rows, len(conns) + len(alone)
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// bytesOf writes a size, and its unit.
func bytesOf(n int64) (value, unit string) {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for ; v >= 1024 && i < len(units)-1; i++ {
		v /= 1024
	}
	if i == 0 {
		return strconv.FormatInt(n, 10), units[0]
	}
	return strconv.FormatFloat(v, 'f', 1, 64), units[i]
}

// lasted writes a duration in one or two units.
func lasted(d time.Duration) string {
	switch {
	case d > 0 && d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// ago writes how long ago a moment was.
func ago(t time.Time) string {
	d := time.Since(t).Truncate(time.Second)
	if d < time.Second {
		return "just now"
	}
	return lasted(d) + " ago"
}
