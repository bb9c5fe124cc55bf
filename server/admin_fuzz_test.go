package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAdminRequest asks for anything with any login: there is an answer, JSON where it
// says so, and nothing in it that a terminal or a browser would act on.
func FuzzAdminRequest(f *testing.F) {
	s, err := Start(f.Context(), Config{Admin: AdminConfig{Addr: "127.0.0.1:0", RateLimit: -1, Tree: true, Profile: true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	for _, seed := range []struct{ method, path, query, auth, body string }{
		{"GET", "/commands/ruok", "a=b", "", ""}, {"GET", "/commands/stmk", "traceMask=9", "", ""}, {"GET", "/tree", "path=%2Fzookeeper&after=a", "", ""},
		{"POST", "/commands/shed", "", "digest a:b", `{"percentage":"1e3"}`}, {"POST", "/commands/rest", "", "ip", "ZKSN\x00\x00\x00\x02"},
		{"GET", "/commands/snap", "streaming=no", "digest a:b", ""}, {"GET", "/tree", "path=%00%ff", "x509", ""}, {"TRACE", "//", "%zz", "  ", ""},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.auth, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, path, query, auth, body string) {
		if strings.HasPrefix(path, "/debug/pprof/") { // which takes its time
			return
		}
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", strings.NewReader(body))
		r.Method, r.URL = method, &url.URL{Path: path, RawQuery: query}
		r.Header.Set("Authorization", auth)
		w := httptest.NewRecorder()
		s.admin.ServeHTTP(w, r)
		text := w.Body.String()
		switch kind := w.Header().Get("Content-Type"); {
		case kind == "application/json":
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("no JSON: %q", text)
			}
		case kind == "application/octet-stream":
		case !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\u202e"):
			t.Errorf("%s %s?%s: %q", method, path, query, text)
		}
	})
}
