package commands

import (
	"slices"
	"strings"
	"testing"
)

func TestPathFilter(t *testing.T) {
	all := []string{"/", "/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "/x", "/x/b", "/x/y/b", "/x/y/b/z"}
	for flag, want := range map[string]string{
		"":         strings.Join(all, " "),
		"/":        strings.Join(all, " "),
		"/a":       "/a /a/b /a/b/c /a/bc",
		"/a/":      "/a /a/b /a/b/c /a/bc",
		"/a/b":     "/a/b /a/b/c",
		"/a*":      "/a /a/b /a/b/c /a/bc /ab",
		"/*/b":     "/a/b /a/b/c /x/b",
		"/**/b":    "/a/b /a/b/c /x/b /x/y/b /x/y/b/z",
		"/a/b?":    "/a/bc",
		"/[ax]/b":  "/a/b /a/b/c /x/b",
		"/none":    "",
		"/a/bc,/x": "/a/bc /x /x/b /x/y/b /x/y/b/z",
		"/x/**/z":  "/x/y/b/z",
		"/x/**":    "/x /x/b /x/y/b /x/y/b/z",
		"/*/*/*/*": "/x/y/b/z",
	} {
		var p pathFilter
		for one := range strings.SplitSeq(flag, ",") {
			if err := p.Set(one); one != "" && err != nil {
				t.Fatal(err)
			}
		}
		got := slices.DeleteFunc(slices.Clone(all), func(path string) bool { return !p.holds(path) })
		if strings.Join(got, " ") != want {
			t.Errorf("%s holds %q, want %q", flag, got, want)
		}
	}
	for _, bad := range []string{"", "a", "/a//b", "/a/[b", "/a/../b", "/a\x00"} {
		if err := new(pathFilter).Set(bad); err == nil {
			t.Errorf("%q is taken for a path", bad)
		}
	}
}
