package commands

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zook/snapshot"
)

// fixture is the path of a snapshot that Apache ZooKeeper wrote.
func fixture(release, name string) string {
	return filepath.Join("..", "snapshot", "testdata", "apache-"+release, name)
}

// unserved runs words without a server.
func unserved(t *testing.T, words ...string) string {
	t.Helper()
	return zook(t.Context(), "127.0.0.1:1", "", words...)
}

// writeFile writes a file of a test and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExport(t *testing.T) {
	got := unserved(t, "snapshot", "export", fixture("3.8.0", "snapshot.e"))
	for _, want := range []string{
		`{"format":"zook-snapshot","version":1,"root":"/","zxid":"0xe"}` + "\n" +
			`{"session":"0x10000336f820000","timeout":10000}` + "\n",
		`{"path":"/app","kind":"persistent","data":"v2","acl":[{"scheme":"world","id":"anyone","perms":"cr"}],"czxid":"0x3","mzxid":"0xc","pzxid":"0x8",` +
			`"ctime":"2026-11-21T11:18:26.073Z","mtime":"2026-11-21T11:18:26.100Z","version":1,"cversion":5,"aversion":1}` + "\n",
		`{"path":"/app/größe","kind":"persistent","data":"ünï","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"},{"scheme":"ip","id":"127.0.0.0/8","perms":"r"}],`,
		`{"path":"/app/null","kind":"persistent","data":null,`,
		`{"path":"/app/other","kind":"ephemeral","ephemeralOwner":"0x10000336f820001","data":"2",`,
		`{"path":"/app/seq-0000000002","kind":"persistent","dataBase64":"AAH+/w`,
		`{"path":"/box","kind":"container",`,
		`{"path":"/soon","kind":"ttl","ttl":3600000,"data":"ttl",`,
		`{"complete":true,"znodes":12,"lastZxid":"0xe","digestVersion":2,"digest":"0x4976592d4"}` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	for _, other := range []string{"snapshot.e.gz", "snapshot.e.snappy"} {
		if unserved(t, "snapshot", "export", fixture("3.8.0", other)) != got {
			t.Errorf("%s gives another export", other)
		}
	}
	// What export wrote is a SOURCE too.
	if again := unserved(t, "snapshot", "export", writeFile(t, "tree.json", got)); again != got {
		t.Errorf("the export of the export is\n%s", again)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, got)
	z.Close()
	if again := unserved(t, "snapshot", "export", writeFile(t, "tree.json.gz", packed.String())); again != got {
		t.Errorf("the export of the export in gzip is\n%s", again)
	}
}

func TestExportOfAPart(t *testing.T) {
	file := fixture("3.10", "snapshot.e")
	got := unserved(t, "snapshot", "export", "--path", "/app/", file)
	lines := strings.SplitAfter(got, "\n")
	paths := slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, `{"path":"/app`) })
	if !strings.HasPrefix(got, `{"format":"zook-snapshot","version":1,"root":"/app","zxid":"0xe"}`) || len(paths) != 6 {
		t.Errorf("%d znodes:\n%s", len(paths), got)
	}
	part := writeFile(t, "part.json", got)
	if again := unserved(t, "snapshot", "export", part); again != got {
		t.Errorf("the export of the part is\n%s", again)
	}
	empty := writeFile(t, "empty", "")
	for words, want := range map[string]string{
		"--path /nope " + file: "! zook: snapshot export /nope: no such node in " + file + "\n= 3\n",
		"--path /box " + part:  "! zook: snapshot export /box: no such node in " + part + "\n= 3\n",
		"--path /a//b " + file: "! zook: snapshot export: invalid path \"/a//b\": it has an empty element\n= 2\n",
		"-o table " + file:     "! zook: snapshot export: an export is JSON lines, not table\n= 2\n",
		"/no/file":             "! zook: snapshot export: /no/file: no such file or directory: SOURCE is a file or a directory, not a znode\n= 1\n",
		"-":                    "! zook: snapshot export: standard input: damaged at offset 0 (no znode before it): the file is empty\n= 9\n",
		"../commands":          "! zook: snapshot export: ../commands: not a data directory: there is no version-2 in it, and no snapshot or log\n= 1\n",
		"export_test.go":       "! zook: snapshot export: export_test.go: damaged at offset 0 (no znode before it): not a snapshot: it begins with \"pack\", not \"ZKSN\"\n= 9\n",
		empty:                  "! zook: snapshot export: " + empty + ": damaged at offset 0 (no znode before it): the file is empty\n= 9\n",
	} {
		words := strings.Fields(words)
		if got := unserved(t, append([]string{"snapshot", "export"}, words...)...); got != want {
			t.Errorf("export %q:\n%s--- want\n%s", words, got, want)
		}
	}
}

// What is cut off or changed is told, and what came before has no end.
func TestExportOfADamagedSnapshot(t *testing.T) {
	whole, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"cut":     whole[:len(whole)-30],
		"flipped": slices.Concat(whole[:700], []byte{whole[700] ^ 1}, whole[701:]),
		"zeros":   append(slices.Clone(whole), make([]byte, 100)...),
	} {
		got := unserved(t, "snapshot", "export", writeFile(t, "snapshot.e", string(bad)))
		if strings.Contains(got, `"complete"`) || !strings.Contains(got, "snapshot.e: damaged at offset ") || !strings.HasSuffix(got, "= 9\n") {
			t.Errorf("%s: %.2000s", name, got)
		}
	}
}

// head and end make an export of lines.
func exportOf(lines ...string) string {
	return `{"format":"zook-snapshot","version":1}` + "\n" + strings.Join(lines, "\n") + "\n" + `{"complete":true}` + "\n"
}

// systemLines are the znodes without which there is no whole tree.
var systemLines = []string{`{"path":"/"}`, `{"path":"/zookeeper"}`, `{"path":"/zookeeper/quota"}`}

func TestReadExport(t *testing.T) {
	text := exportOf(`{"session":"0xff","timeout":4000}`, `{"path":"/"}`, `{"path":"/a","data":"","version":2147483647,"mtime":-1}`,
		`{"path":"/a/b","data":null,"kind":"container","ctime":"2026-11-21T12:18:26.073+01:00"}`,
		`{ "path" : "/c\u0020d",
		   "dataBase64":"AP8=", "acl":[{"scheme":"ip","id":"::1","perms":63},{"scheme":"x","id":"","perms":""}], "ephemeralOwner":"255", "mzxid":"0x10" }`,
		`{"path":"/t","ttl":5}`)
	var got []string
	facts, err := readExport(t.Context(), strings.NewReader(text), "f", savedVisit{znode: func(z *savedZnode) error {
		got = append(got, fmt.Sprintf("%s %v %q %v %+v", z.path, z.data == nil, z.data, z.acl, z.stat))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	const open = " [world:anyone:cdrwa] "
	want := []string{
		`/ true ""` + open + `{Czxid:0 Mzxid:0 Ctime:0 Mtime:0 Version:0 Cversion:0 Aversion:0 EphemeralOwner:0 Pzxid:0}`,
		`/a false ""` + open + `{Czxid:0 Mzxid:0 Ctime:0 Mtime:-1 Version:2147483647 Cversion:0 Aversion:0 EphemeralOwner:0 Pzxid:0}`,
		`/a/b true ""` + open + `{Czxid:0 Mzxid:0 Ctime:1795259906073 Mtime:0 Version:0 Cversion:0 Aversion:0 EphemeralOwner:-9223372036854775808 Pzxid:0}`,
		`/c d false "\x00\xff" [ip:::1:cdrwa x::] {Czxid:0 Mzxid:16 Ctime:0 Mtime:0 Version:0 Cversion:0 Aversion:0 EphemeralOwner:255 Pzxid:0}`,
		`/t true ""` + open + `{Czxid:0 Mzxid:0 Ctime:0 Mtime:0 Version:0 Cversion:0 Aversion:0 EphemeralOwner:-72057594037927931 Pzxid:0}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if facts.LastZxid != 16 || facts.Znodes != 5 || facts.Ephemerals != 1 || facts.Sessions[255] != 4000 {
		t.Errorf("%+v", facts)
	}
}

func TestReadExportOfBadInput(t *testing.T) {
	znode := func(line string) string { return exportOf(`{"path":"/"}`, line) }
	head := `{"format":"zook-snapshot","version":1}` + "\n"
	for text, want := range map[string]string{
		"":                               "the file is empty",
		" \n\t":                          "the file is empty",
		"{}":                             `not an export: it does not begin with {"format":"zook-snapshot",…}`,
		"[]":                             "an array, not an object",
		"7":                              "a number, not an object",
		"{":                              "the file ends inside of a value",
		"\x1f\x8b\x08\x00":               "the compressed bytes are damaged",
		`{"format":"other","version":1}`: "not an export",
		`{"format":"zook-snapshot","version":"1"}`:           `"version" is a string, which it cannot be`,
		`{"format":"zook-snapshot","version":1,"root":"a"}`:  `root: invalid path "a": it must start with /`,
		`{"format":"zook-snapshot","version":1,"zxid":"zz"}`: `zxid: "zz" is not a number`,
		head:                           "the end is missing: it is a part of an export",
		head + `{"path":"/"}`:          "the end is missing",
		head + `{"path":"/","data":"x`: "the file ends inside of a value",
		head + "\x00\x00":              `not JSON at offset 40: invalid character '\x00'`,
		head + `{"path":"/"}{"complete":true,"znodes":2}`:                       "1 znodes are there, and the end says 2",
		head + `{"path":"/"}{"complete":true,"digestVersion":2,"digest":"0x1"}`: "the znodes are not those that were exported",
		exportOf(`{"path":"/"}`) + "x":                                          "something follows the end",
		exportOf(`{"path":"/"}`) + `{"path":"/a"}`:                              "something follows the end",
		znode(`{"path":"/a","foo":1}`):                                          `unknown field "foo"`,
		znode(`{"path":7}`):                                                     `"path" is a number, which it cannot be`,
		znode(`{"path":"/a","data":{}}`):                                        `"data" is an object, which it cannot be`,
		znode(`{"path":"/a","version":1.5}`):                                    `"version" is a number 1.5, which it cannot be`,
		znode(`{"path":"/a","version":99999999999}`):                            `"version" is a number 99999999999, which it cannot be`,
		znode(`{"path":"/a","data":"x","dataBase64":"AA=="}`):                   "it has both data and dataBase64",
		znode(`{"path":"/a","dataBase64":"!"}`):                                 "illegal base64 data",
		znode(`{"path":"/a","czxid":5}`):                                        `"czxid" is a number, which it cannot be`,
		znode(`{"path":"/a","pzxid":"0xfffffffffffffffff"}`):                    `pzxid: "0xfffffffffffffffff" is not a number`,
		znode(`{"path":"/a","ctime":"yesterday"}`):                              `"yesterday" is no time as RFC 3339 writes it`,
		znode(`{"path":"/a","mtime":[]}`):                                       `"[]" is neither a time nor milliseconds`,
		znode(`{"path":"/a","acl":[{"scheme":"world","perms":"q"}]}`):           `unknown permission 'q'`,
		znode(`{"path":"/a","acl":[{"perms":99999999999}]}`):                    "neither letters of cdrwa nor a number",
		znode(`{"path":"/a","acl":"world:anyone:r"}`):                           `"acl" is a string, which it cannot be`,
		znode(`{"path":"/a","kind":"odd"}`):                                     `kind "odd": there are persistent, ephemeral, container and ttl`,
		znode(`{"path":"/a","kind":"ttl"}`):                                     "its kind is ttl, and it has none",
		znode(`{"path":"/a","kind":"ttl","ttl":1099511627776}`):                 "its kind is ttl, and it has none",
		znode(`{"path":"/a","kind":"container","ttl":5}`):                       "its kind is container, and it has the ephemeralOwner or the ttl of another",
		znode(`{"path":"/a","kind":"ephemeral"}`):                               "its kind is ephemeral, and it has no ephemeralOwner",
		znode(`{"path":"/a","ephemeralOwner":"0x8000000000000000"}`):            "the ephemeralOwner 0x8000000000000000 is no session",
		znode(`{"path":"a"}`):                                                   `invalid path "a"`,
		znode(`{"path":""}`):                                                    `invalid path ""`,
		znode(`{"path":"/a/../b"}`):                                             `invalid path "/a/../b"`,
		znode(`{"path":"/a\u0000"}`):                                            `invalid path "/a\x00"`,
		znode(`{"path":"/a/b"}`):                                                "the znode comes without its parent, or before it",
		znode(`{"path":"/"}`):                                                   "the znode is there twice",
		exportOf(`{"path":"/a"}`):                                               "the znode comes without its parent, or before it",
		znode(`{"session":"0x1"}`):                                              "session 0x1 comes behind znodes",
		exportOf(`{"session":"0x1"}`, `{"session":"1"}`):                        "session 0x1 is there twice",
		exportOf(`{}`): "an object that is neither a session, nor a znode, nor the end",
		head + `{"path":"/","acl":` + strings.Repeat("[", 20_000): "exceeded max depth",
		head + strings.Repeat("1", 100_000):                       "a number",
	} {
		_, err := readExport(t.Context(), strings.NewReader(text), "tree.json", savedVisit{znode: func(*savedZnode) error { return nil }})
		var corrupt *snapshot.CorruptError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &corrupt) || corrupt.File != "tree.json" {
			t.Errorf("%.200s\n\tgives %v\n\twant  %s", text, err, want)
		}
	}
	_, err := readExport(t.Context(), strings.NewReader(`{"format":"zook-snapshot","version":2}`), "tree.json", savedVisit{})
	if ExitCode(err) != ExitFailed || Explain(err) != "zook: tree.json: an export of version 2, only 1 is known: a newer zook reads it" {
		t.Errorf("another version: %v, %d", err, ExitCode(err))
	}
}

// endlessValue is a JSON string that never ends.
type endlessValue struct{ begun bool }

func (e *endlessValue) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	if !e.begun {
		e.begun = true
		return copy(p, `{"format":"`), nil
	}
	return len(p), nil
}

func TestReadExportOfHostileSize(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the memory of the largest value")
	}
	_, err := readExport(t.Context(), &endlessValue{}, "tree.json", savedVisit{})
	if err == nil || !strings.Contains(err.Error(), "a value of more than 64 MB") || ExitCode(err) != ExitDamaged {
		t.Error(err)
	}
}

// FuzzReadExport reads what is no export. What is one is the same when it is
// written and read again.
func FuzzReadExport(f *testing.F) {
	for _, release := range []string{"3.8.0", "3.10"} {
		var b bytes.Buffer
		x := newExportWriter(&b)
		tree := &savedSnapshot{fixture(release, "snapshot.e"), "snapshot.e"}
		facts, err := tree.read(context.Background(), savedVisit{
			begin: func(facts *savedFacts) error { return x.begin(facts, "/") },
			znode: func(z *savedZnode) error {
				z.data = z.data[:min(len(z.data), 50)]
				return x.znode(z)
			},
		})
		if err == nil {
			err = x.finish(facts)
		}
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(exportOf(`{"path":"/","data":"","mtime":-1}`, `{"path":"/a","kind":"ttl","ttl":5,"acl":[{"scheme":"x","id":"y","perms":64}]}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again bytes.Buffer
		x := newExportWriter(&again)
		facts, err := readExport(t.Context(), bytes.NewReader(b), "f", savedVisit{
			begin: func(facts *savedFacts) error { return x.begin(facts, facts.Root) },
			znode: x.znode,
		})
		var corrupt *snapshot.CorruptError
		var version *Error
		if err != nil && !errors.As(err, &corrupt) && !errors.As(err, &version) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if err := x.finish(facts); err != nil {
			t.Fatal(err)
		}
		var third bytes.Buffer
		y := newExportWriter(&third)
		facts, err = readExport(t.Context(), bytes.NewReader(again.Bytes()), "f", savedVisit{
			begin: func(facts *savedFacts) error { return y.begin(facts, facts.Root) },
			znode: y.znode,
		})
		if err == nil {
			err = y.finish(facts)
		}
		if err != nil || !bytes.Equal(again.Bytes(), third.Bytes()) {
			t.Fatalf("%v\n%s\n%s", err, again.Bytes(), third.Bytes())
		}
	})
}
