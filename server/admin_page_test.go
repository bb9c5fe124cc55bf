package server

import (
	"fmt"
	"html"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// hostileName is a child's name that would do harm in a page that does not escape it.
const hostileName = "<img src=x onerror=alert(1)>\"'&\u202egnp"

// pageServer is a server with a tree to look at.
func pageServer(t *testing.T) *Server {
	t.Helper()
	s := withAdmin(t, Config{Admin: AdminConfig{Tree: true}})
	w := openSession(t, s.Addr(), 20*time.Second)
	w.create("/app", "host=db1\nport=5432\n", 0)
	w.create("/app/"+hostileName, "</pre><script>document.title='taken'</script>\x1b[31m", jute.Ephemeral)
	w.create("/app/binary", "\x00\xff\xfe", 0)
	digest := jute.ACL{Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: jute.DigestID("u:pw")}}
	for path, acl := range map[string]jute.ACL{
		"/digest":    digest,
		"/here":      {Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "127.0.0.0/8"}},
		"/elsewhere": {Perms: jute.PermAll, ID: jute.ID{Scheme: "ip", ID: "10.0.0.0/8"}},
		"/written":   {Perms: jute.PermAll &^ jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}},
	} {
		w.do(jute.OpCreate, &jute.CreateRequest{Path: path, Data: []byte("the secret of " + path), ACL: []jute.ACL{acl}}, nil)
	}
	mixed := []jute.ACL{digest, {Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}
	w.do(jute.OpCreate, &jute.CreateRequest{Path: "/mixed", Data: []byte("x"), ACL: mixed}, nil)
	return s
}

func treePath(path string) string { return "/tree?path=" + url.QueryEscape(path) }

// The tree shows what an anonymous client at the browser's address could read.
func TestTreePageRespectsACLs(t *testing.T) {
	t.Parallel()
	s := pageServer(t)
	for path, status := range map[string]int{"/": 200, "/app": 200, "/app/" + hostileName: 200, "/here": 200, "/mixed": 200,
		"/digest": 403, "/elsewhere": 403, "/written": 403, "/none": 404, "/digest/none": 404, "no path": 400, "/a//b": 400, "/app/../digest": 400} {
		r := get(t, s.AdminAddr(), treePath(path))
		if r.status != status {
			t.Errorf("%s: %d, want %d", path, r.status, status)
		}
		if shows := strings.Contains(r.body, "the secret of"); shows != (path == "/here") {
			t.Errorf("%s: shows %v:\n%s", path, shows, r.body)
		}
	}
	if body := get(t, s.AdminAddr(), treePath("/mixed")).body; !strings.Contains(body, "digest:u:x") {
		t.Errorf("the hash of a password is in\n%s", body)
	}
	if body := get(t, s.AdminAddr(), "/tree").body; !strings.Contains(body, `<span class="mono">digest</span><small>not readable</small>`) {
		t.Errorf("the root:\n%s", body)
	}
	if body := get(t, s.AdminAddr(), treePath("/app/binary")).body; !strings.Contains(body, "00 ff fe") {
		t.Errorf("binary data:\n%s", body)
	}
	// Nobody has asked for it here.
	if off := withAdmin(t, Config{}); get(t, off.AdminAddr(), "/tree").status != http.StatusNotFound ||
		strings.Contains(get(t, off.AdminAddr(), "/").body, "/tree") {
		t.Error("the tree is shown, though it is not turned on")
	}
}

// What clients choose stays text, and no browser is to do with a page what it is not for.
func TestPagesAreHarmless(t *testing.T) {
	t.Parallel()
	s := pageServer(t)
	for _, path := range []string{"/", "/tree", treePath("/app"), treePath("/app/" + hostileName), treePath("/<script>"),
		treePath("\x00\xff</title>"), "/commands", "/commands/ruok", "/none<b>", "/style.css"} {
		r := get(t, s.AdminAddr(), path)
		for _, bad := range []string{"<img", "<script", "\x1b", "\u202e", "\xff", "\x00", "<b>"} {
			if strings.Contains(r.body, bad) {
				t.Errorf("%s: %q is in\n%s", path, bad, r.body)
			}
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if r.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, r.header.Get(name))
			}
		}
		if policy := r.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	for host, status := range map[string]int{"zookeeper.evil.example": 421, "127.0.0.1.evil.example": 421, "localhost": 200,
		"localhost.:80": 200, "[::1]:8080": 200, "127.0.0.1": 200} {
		r, err := http.NewRequest(http.MethodGet, "http://"+s.AdminAddr()+"/tree", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("as %s: %d, want %d", host, res.StatusCode, status)
		}
	}
}

func TestManyChildren(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{Admin: AdminConfig{Tree: true}})
	w := openSession(t, s.Addr(), 20*time.Second)
	const n = maxShownChildren + 20
	for i := range n {
		w.create(fmt.Sprintf("/n%04d", i), "", 0)
	}
	first := get(t, s.AdminAddr(), "/tree").body
	next := regexp.MustCompile(`href="([^"]+)">More<`).FindStringSubmatch(first)
	if !strings.Contains(first, "n0000<") || strings.Contains(first, fmt.Sprintf("n%04d<", n-1)) || next == nil {
		t.Fatalf("the first page:\n%s", first)
	}
	second := get(t, s.AdminAddr(), html.UnescapeString(next[1])).body
	if !strings.Contains(second, fmt.Sprintf("n%04d<", n-1)) || strings.Contains(second, "n0000<") || strings.Contains(second, "More<") {
		t.Errorf("the second page:\n%s", second)
	}
}

func TestSizesAndTimesForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", 40 * time.Millisecond: "40ms", 4300 * time.Millisecond: "4.3 s",
		time.Minute: "1 min 0 s", 90 * time.Minute: "1 h 30 min", 50 * time.Hour: "2 d 2 h"} {
		if got := lasted(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1 << 20: "1.0 MiB", 1 << 60: "1048576.0 TiB"} {
		if value, unit := bytesOf(n); value+" "+unit != want {
			t.Errorf("%d: %s %s", n, value, unit)
		}
	}
}

// browse runs Chromium, with a profile of its own, and returns what it prints.
func browse(t *testing.T, args ...string) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		zktest.NeedPeer(t, "no chromium: apt-get install chromium")
	}
	cmd := exec.CommandContext(t.Context(), chromium, append([]string{"--headless", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900", "--user-data-dir=" + t.TempDir()}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

// A browser shows the pages with their style, in light and in dark, and runs nothing that
// a client has put into a znode.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	s := pageServer(t)
	base := "http://" + s.AdminAddr()
	// The way to a znode is by links.
	app := linkTo(t, get(t, s.AdminAddr(), "/tree").body, "app")
	hostile := linkTo(t, get(t, s.AdminAddr(), app).body, `&lt;img src=x onerror=alert\(1\)&gt;&#34;&#39;&amp;\\u\{202e\}gnp`)
	for _, c := range []struct {
		path, scheme string
		back         color.RGBA
		shows        []string
	}{
		{"/?refresh=60", "1", color.RGBA{0xf6, 0xf7, 0xf9, 0xff},
			[]string{"<dt>Connections</dt><dd>1</dd>", "<dt>Znodes</dt>", "standalone", "stop refreshing", "CREA"}},
		{hostile, "0", color.RGBA{0x11, 0x16, 0x1b, 0xff},
			[]string{"&lt;script&gt;document.title='taken'&lt;/script&gt;\\x1b[31m", "<title>/app/&lt;img"}},
	} {
		file := filepath.Join(t.TempDir(), "page.png")
		page := browse(t, "--blink-settings=preferredColorScheme="+c.scheme, "--screenshot="+file, "--dump-dom", base+c.path)
		for _, want := range c.shows {
			if !strings.Contains(page, want) {
				t.Errorf("%s is not in\n%s", want, page)
			}
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := color.RGBAModel.Convert(img.At(10, 850)); got != c.back {
			t.Errorf("%s in scheme %s is %v, want %v", c.path, c.scheme, got, c.back)
		}
	}
}

// linkTo is where a link leads whose text matches.
func linkTo(t *testing.T, page, text string) string {
	t.Helper()
	m := regexp.MustCompile(`href="([^"]+)"><span class="mono">` + text + `</span>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no link to %s in\n%s", text, page)
	}
	return html.UnescapeString(m[1])
}
