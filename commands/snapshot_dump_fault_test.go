package commands

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"zook/jute"
	"zook/snapshot"
)

// dumpBytes is what commands print of a snapshot with these bytes.
func dumpBytes(t *testing.T, b []byte, words ...string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("snapshot.5", b, 0o644); err != nil {
		t.Fatal(err)
	}
	got := unserved(t, append(append([]string{"snapshot"}, words...), "snapshot.5")...)
	if after, err := os.ReadFile("snapshot.5"); err != nil || !bytes.Equal(after, b) {
		t.Error("the snapshot is not what it was")
	}
	return got
}

// Of a damaged snapshot the formats of Apache print nothing but what is wrong; ours
// print what there is, and then that it is not to be trusted.
func TestSnapshotDumpDamage(t *testing.T) {
	whole, err := os.ReadFile(smallTree().write(t, 5, snapshot.None))
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) int { return bytes.Index(whole, []byte(s)) }
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		znodes int // that can be read
		want   string
	}{
		"empty":     {func(b []byte) []byte { return nil }, 0, "damaged at offset 0 (no znode before it): the file is empty"},
		"zeros":     {func(b []byte) []byte { return make([]byte, 500) }, 0, `damaged at offset 0 (no znode before it): not a snapshot: it begins with "\x00\x00\x00\x00", not "ZKSN"`},
		"a log":     {func(b []byte) []byte { copy(b, "ZKLG"); return b }, 0, `damaged at offset 0 (no znode before it): not a snapshot: it begins with "ZKLG", not "ZKSN"`},
		"cut":       {func(b []byte) []byte { return b[:at("/app/eph")+20] }, 3, `damaged at offset 365 (last znode "/app/a b"): the file ends inside a znode: record cut short: 8 bytes wanted at offset 24, 0 left`},
		"data":      {func(b []byte) []byte { b[at("text")] = 'n'; return b }, 7, `damaged at offset 699 (last znode "/soon"): the checksum is 0x85fc5852, not 0x918a5858 as it says`},
		"digest":    {func(b []byte) []byte { b[len(b)-50] ^= 1; return b }, 7, `damaged at offset 732 (last znode "/soon"): the checksum is`},
		"last zxid": {func(b []byte) []byte { b[len(b)-14] ^= 1; return b }, 7, `damaged at offset 753 (last znode "/soon"): the checksum is`},
		"a tail":    {func(b []byte) []byte { return append(b, make([]byte, 100)...) }, 7, `damaged at offset 766 (last znode "/soon"): bytes behind the end of the snapshot`},
	} {
		b := c.damage(bytes.Clone(whole))
		line := "! zook: snapshot dump: snapshot.5: " + c.want
		for _, words := range [][]string{{"dump", "-o", "zkcli"}, {"dump", "-o", "zkcli", "-d"}, {"dump", "--json"}, {"summary"}, {"summary", "-o", "zkcli"}} {
			got := dumpBytes(t, b, words...)
			want := strings.Replace(line, "snapshot dump", "snapshot "+words[0], 1)
			if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\n= 9\n") || strings.Count(got, "\n") != 2 {
				t.Errorf("%s, %q: got\n%swant %s", name, words, got, want)
			}
		}
		for _, words := range [][]string{{"dump"}, {"dump", "-o", "jsonl"}} {
			lines := strings.SplitAfter(dumpBytes(t, b, words...), "\n")
			if len(lines) != c.znodes+3 || !strings.HasPrefix(lines[c.znodes], line) || lines[c.znodes+1] != "= 9\n" {
				t.Errorf("%s, %q: got\n%s", name, words, strings.Join(lines, ""))
			} else if c.znodes > 0 && !strings.HasSuffix(lines[c.znodes], "; what was printed is only a part, or wrong\n") {
				t.Errorf("%s, %q: %s", name, words, lines[c.znodes])
			}
		}
		if got, _, _ := strings.Cut(dumpBytes(t, b, "dump", "-o", "json"), "! zook"); json.Valid([]byte(got)) {
			t.Errorf("%s: valid JSON:\n%s", name, got)
		}
	}
}

// A snapshot cut anywhere is not taken for a whole one, but where that of an older
// server would end.
func TestSnapshotDumpCutAnywhere(t *testing.T) {
	f := smallTree()
	for _, compression := range []snapshot.Compression{snapshot.None, snapshot.Gzip, snapshot.Snappy} {
		path := f.write(t, 5, compression)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		passed := 0
		for cut := range whole {
			os.WriteFile(path, whole[:cut], 0o644)
			for _, ncdu := range []bool{false, true} {
				var out bytes.Buffer
				e := Env{Out: &out, Err: io.Discard}
				err := e.dumpAsApache(context.Background(), &snapshotDump{file: path, ncdu: ncdu})
				switch {
				case err == nil && compression == snapshot.None:
					passed++
				case ExitCode(err) != ExitDamaged || out.Len() > 0:
					t.Errorf("compression %q, cut at %d of %d: %v, %d bytes printed", compression, cut, len(whole), err, out.Len())
				}
			}
		}
		if compression == snapshot.None && passed != 4 {
			t.Errorf("%d cuts passed, want 2 twice: behind the znodes, and behind the digest", passed)
		}
	}
}

// Znodes that make no tree.
func TestSnapshotDumpNoTree(t *testing.T) {
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"no znodes":  {nil, "damaged: it has no znodes, not even the root"},
		"no root":    {[]string{"/a"}, `damaged at offset 24 (no znode before it): znode "/a" without its parent`},
		"two roots":  {[]string{"", "/a", ""}, `damaged at offset 178 (last znode "/a"): the root twice`},
		"no parent":  {[]string{"", "/a", "/b/c"}, `damaged at offset 178 (last znode "/a"): znode "/b/c" without its parent`},
		"no slash":   {[]string{"", "a"}, `damaged at offset 100 (last znode "/"): znode "a": a path begins with a slash`},
		"twice":      {[]string{"", "/a", "/b", "/a"}, `damaged: znode "/a" twice`},
		"same text":  {[]string{"", "/a\xff", "/a\xfe"}, "damaged: znode \"/a\uFFFD\" twice"},
		"two slashs": {[]string{"", "/a", "/a//b"}, `damaged at offset 178 (last znode "/a"): znode "/a//b" without its parent`},
	} {
		f := &treeFile{}
		for _, path := range c.paths {
			f.nodes = append(f.nodes, snapshot.Node{Path: []byte(path), ACL: snapshot.OpenACL})
		}
		b, err := os.ReadFile(f.write(t, 5, snapshot.None))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := dumpBytes(t, b, "dump", "-o", "zkcli"), "! zook: snapshot dump: snapshot.5: "+c.want+"\n= 9\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

// brokenPipe takes some bytes.
type brokenPipe struct{ left int }

func (p *brokenPipe) Write(b []byte) (int, error) {
	if p.left -= len(b); p.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// A reader that goes away ends the dump at once, and so does Ctrl-C.
func TestSnapshotDumpEndsEarly(t *testing.T) {
	file := oddTree().write(t, 5, snapshot.None)
	for _, words := range [][]string{{}, {"-o", "jsonl"}, {"-o", "zkcli"}, {"--json"}} {
		words = append(append([]string{"snapshot", "dump"}, words...), file)
		e := Env{Out: &brokenPipe{100_000}, Err: io.Discard}
		if err := Run(t.Context(), &e, words); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%q: %v", words, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		e.Out = io.Discard
		if err := Run(ctx, &e, words); !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// FuzzSnapshotTree gives a snapshot any paths: each znode of a tree is printed once,
// below its parent, or the snapshot is refused.
func FuzzSnapshotTree(f *testing.F) {
	f.Add("/a\n/a/b\n/c\n/a/d")
	f.Add("/a\n/b\n/a/b\n/b/a\n/a/b/c")
	f.Add("/Aa\n/BB\n/Aa/x\n\n/BB")
	f.Add("/\xff\n/\xff/\xfe\n//")
	f.Add("/zookeeper\n/zookeeper/quota\n/zookeeper/quota/a\n/zookeeper/quota/a/zookeeper_limits\n/zookeeper/quota/a/zookeeper_stats\n/a")
	f.Fuzz(func(t *testing.T, text string) {
		tree := &treeFile{nodes: []snapshot.Node{{ACL: snapshot.OpenACL, Path: []byte{}}}}
		want := []string{"/"}
		for _, path := range strings.Split(text, "\n") {
			if path == "/" {
				return // the end of all znodes
			}
			tree.nodes = append(tree.nodes, snapshot.Node{Path: []byte(path), ACL: snapshot.OpenACL, Stat: jute.StatPersisted{Mzxid: 1}})
			want = append(want, string(javaText([]byte(path))))
		}
		var out bytes.Buffer
		w := snapshot.NewWriter(&out, snapshot.Options{})
		if err := cmp.Or(tree.parts(w), w.Close()); err != nil {
			t.Fatal(err)
		}
		file := writeFile(t, "snapshot.5", out.String())
		out.Reset()
		e := Env{Out: &out, Err: io.Discard}
		err := e.dumpAsApache(context.Background(), &snapshotDump{file: file})
		if err != nil {
			if ExitCode(err) != ExitDamaged || out.Len() > 0 {
				t.Fatalf("%v, %d bytes printed", err, out.Len())
			}
			return
		}
		var got []string
		for _, part := range strings.Split(out.String(), "----\n/")[1:] {
			got = append(got, "/"+part[:strings.Index(part, "\n  cZxid")])
		}
		for i, path := range got[1:] {
			parent := path[:strings.LastIndexByte(path, '/')]
			if parent != "" && !slices.Contains(got[:i+1], parent) {
				t.Errorf("%q before its parent", path)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
