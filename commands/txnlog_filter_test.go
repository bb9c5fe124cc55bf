package commands

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"zook/jute"
)

// aView is a transaction with the operations given, as a line of text says them:
// "create /a=data", "error", and several with "; " between them for a multi.
func aView(t *testing.T, text string) *jute.TxnView {
	t.Helper()
	v := &jute.TxnView{Header: jute.TxnHeader{ClientID: 7, Zxid: 0x100000005, Time: 1_700_000_000_000}}
	ops := strings.Split(text, "; ")
	for _, op := range ops {
		name, rest, _ := strings.Cut(op, " ")
		path, data, hasData := strings.Cut(rest, "=")
		o := jute.OpView{}
		for _, c := range append(txnTypes[:len(txnTypes):len(txnTypes)], jute.OpCheck) {
			if c.String() == name {
				o.Type = c
			}
		}
		o.Path = []byte(path)
		if hasData {
			o.Data = []byte(data)
		}
		v.Header.Type = o.Type
		switch o.Type {
		case jute.OpCloseSession:
			v.Closed = [][]byte{o.Path}
		case jute.OpCreateSession:
		case jute.OpError:
			if len(ops) > 1 {
				v.Ops = append(v.Ops, jute.OpView{Type: o.Type})
			}
		default:
			v.Ops = append(v.Ops, o)
		}
	}
	if len(ops) > 1 {
		v.Header.Type = jute.OpMulti
	}
	return v
}

func newFilter(t *testing.T, flags string) *txnFilter {
	t.Helper()
	filter := &txnFilter{}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	filter.addFlags(f)
	if err := f.Parse(strings.Fields(flags)); err != nil {
		t.Fatal(err)
	}
	return filter
}

func TestTxnFilter(t *testing.T) {
	all := []string{
		"create /a=one", "create /a/b=two", "setData /ab=three", "delete /a/b", "setACL /a", "createSession", "closeSession /a/e", "error",
		"create /m=one; delete /a/b/c", "create /m; error", "check /a; setData /x=one",
	}
	for flags, want := range map[string]string{
		"":                              "0 1 2 3 4 5 6 7 8 9 10",
		"--path /a":                     "0 4 10",
		"--path /a/":                    "0 1 3 4 6 8 10",
		"--path /a/**":                  "1 3 6 8",
		"--path /a/*":                   "1 3 6",
		"--path **/b":                   "1 3",
		"--path /a?":                    "2",
		"--path /[a-b]":                 "0 4 10",
		"--path /a/b --path /x":         "1 3 10",
		"--path /":                      "",
		"--type create":                 "0 1 8 9",
		"--type setdata,error":          "2 7 9 10",
		"--type session":                "5 6",
		"--type deletes":                "3 8",
		"--type multi":                  "8 9 10",
		"--type write":                  "0 1 2 3 4 8 9 10",
		"--type multi --path /a":        "10",
		"--type create --path /a/b":     "1",
		"--type setData --path /a":      "",
		"--grep ^one$":                  "0 8 10",
		"--grep one --path /a/":         "0",
		"--grep one --grep t":           "0 1 2 8 10",
		"--client-error":                "7 9",
		"--client-error --path /m":      "9",
		"--client-error --type error":   "7 9",
		"--session 7 --path /x":         "10",
		"--session 0x8":                 "",
		"--session 0x8 --session 0x7":   "0 1 2 3 4 5 6 7 8 9 10",
		"--zxid 0x100000005":            "0 1 2 3 4 5 6 7 8 9 10",
		"--zxid ..0x100000004":          "",
		"--zxid 1 --zxid 0x100000000..": "0 1 2 3 4 5 6 7 8 9 10",
		"--since 2023-11-14T22:13:20Z --until 2023-11-14T22:13:20Z": "0 1 2 3 4 5 6 7 8 9 10",
		"--since 2023-11-14T22:13:21Z":                              "",
		"--until 2023-11-14T22:13:19Z":                              "",
	} {
		filter := newFilter(t, flags)
		var got []string
		for i, text := range all {
			if filter.match(aView(t, text)) {
				got = append(got, fmt.Sprint(i))
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: %q, want %q", flags, got, want)
		}
	}
}

func TestPathPatterns(t *testing.T) {
	for pattern, paths := range map[string]string{
		"/":                "/",
		"/a":               "/a",
		"/a/":              "/a /a/b /a/b/c",
		"/**":              "/ /a /ab /a/b /a/b/c /x/c /ä /*",
		"/a/**":            "/a/b /a/b/c",
		"/a/**/c":          "/a/b/c",
		"/**/c":            "/a/b/c /x/c",
		"**/c":             "/a/b/c /x/c",
		"/*":               "/ /a /ab /ä /*",
		"/?":               "/a /ä /*",
		`/\*`:              "/*",
		"/[!x]":            "/a /ä /*",
		"/[^a-z]":          "/ä /*",
		"/[[a]*":           "/a /ab",
		`/[\]a]`:           "/a",
		"/[x]/c":           "/x/c",
		"/a*/b":            "/a/b",
		"/a.b":             "",
		"/\u00e4":          "/ä",
		"/[\u00e4-\u00fc]": "/ä",
	} {
		p, err := parsePathPattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		var got []string
		for _, path := range strings.Fields("/ /a /ab /a/b /a/b/c /x/c /ä /*") {
			if p.match([]byte(path)) {
				got = append(got, path)
			}
		}
		if got := strings.Join(got, " "); got != paths {
			t.Errorf("%s: %q, want %q", pattern, got, paths)
		}
	}
	for _, pattern := range []string{"", "a", "*", "/[", "/[a", "/a[]", `/a\`} {
		if _, err := parsePathPattern(pattern); err == nil {
			t.Errorf("%s is taken", pattern)
		}
	}
}

func FuzzPathPattern(f *testing.F) {
	f.Add("/a/**", []byte("/a/b"))
	f.Add(`/[\]x-z!]?\*`, []byte("/]b*"))
	f.Fuzz(func(t *testing.T, pattern string, path []byte) {
		if p, err := parsePathPattern(pattern); err == nil {
			p.match(path)
		}
	})
}
