package commands

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/snapshot"
)

// snapshotOf writes a snapshot of zxid and returns its path.
func snapshotOf(t *testing.T, zxid int64, write func(w *snapshot.Writer) error) string {
	t.Helper()
	path, err := snapshot.Create(t.TempDir(), zxid, snapshot.Options{}, write)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// plainNodes writes what every tree has, and znodes at paths, and returns the digest.
func plainNodes(w *snapshot.Writer, paths ...string) (digest int64) {
	for _, path := range append([]string{"", "/zookeeper", datatree.QuotaPath}, paths...) {
		w.Node(path, nil, snapshot.OpenACL, jute.StatPersisted{})
		if path == "" {
			path = "/"
		}
		digest += int64(datatree.NodeDigest(path, nil, &jute.StatPersisted{}))
	}
	return digest
}

func TestVerify(t *testing.T) {
	name := fixture("3.8.0", "snapshot.e")
	if got, want := unserved(t, "snapshot", "verify", name, name+".gz"), name+": ok, 12 znodes, 2 sessions, 5 ACLs, last zxid 0xe, digest agrees\n"+
		name+".gz: ok, 12 znodes, 2 sessions, 5 ACLs, last zxid 0xe, digest agrees\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if got, want := unserved(t, "snapshot", "verify", "-o", "jsonl", name+".snappy"), `{"file":"`+name+`.snappy","ok":true,"zxid":"0xe","lastZxid":"0xe",`+
		`"compression":"snappy","sessions":2,"acls":5,"znodes":12,"digest":"agrees","faults":[],"warnings":[]}`+"\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	stat := jute.StatPersisted{}
	for what, test := range map[string]struct {
		write func(w *snapshot.Writer) error
		want  string
	}{
		"no digest": {func(w *snapshot.Writer) error {
			plainNodes(w)
			return nil
		}, "FILE: ok, 3 znodes, 0 sessions, 0 ACLs, last zxid 0x7, digest none\n"},
		"written while the tree changed": {func(w *snapshot.Writer) error {
			plainNodes(w)
			w.Node("/a", nil, 5, jute.StatPersisted{EphemeralOwner: 9})
			w.Node("/b", nil, 5, jute.StatPersisted{EphemeralOwner: 9, Czxid: 8})
			return w.Digest(snapshot.Digest{Zxid: 8, Version: 2, Digest: 1})
		}, "FILE: warning at offset 278 (znode /a): its ACL is not in the table (and so for 1 more): nobody may do anything there until a log tells it\n" +
			"FILE: warning at offset 278 (znode /a): its session is not in the file (and so for 1 more): a server that starts deletes it, unless a log tells of the session\n" +
			"FILE: ok, 5 znodes, 0 sessions, 0 ACLs, last zxid 0x8, digest later\n"},
		"begun in a new epoch": {func(w *snapshot.Writer) error {
			plainNodes(w)
			return w.Digest(snapshot.Digest{Zxid: 5, Version: 2, Digest: 1})
		}, "FILE: ok, 3 znodes, 0 sessions, 0 ACLs, last zxid 0x7, digest earlier\n"},
		"a digest of another version": {func(w *snapshot.Writer) error {
			plainNodes(w)
			return w.Digest(snapshot.Digest{Zxid: 7, Version: 3, Digest: 1})
		}, "FILE: warning: its digest is of version 3, only 2 is known\nFILE: ok, 3 znodes, 0 sessions, 0 ACLs, last zxid 0x7, digest none\n"},
		"tables with something twice": {func(w *snapshot.Writer) error {
			w.Sessions(2, func(yield func(int64, int32) bool) { _ = yield(5, 1) && yield(5, 1) })
			w.ACLs(2, func(yield func(int64, []jute.ACL) bool) { _ = yield(5, nil) && yield(5, nil) })
			plainNodes(w, "/control\x01")
			return nil
		}, "FILE: warning: session 0x5 is there twice\nFILE: warning: ACL 5 is there twice\n" +
			`FILE: warning at offset 326 (znode /control\x01): no server creates this: invalid path "/control\x01": character U+0001 at byte 8` + "\n" +
			"FILE: ok, 4 znodes, 1 sessions, 1 ACLs, last zxid 0x7, digest none\n"},
		"a zxid that is too late": {func(w *snapshot.Writer) error {
			plainNodes(w)
			w.Node("/a", nil, snapshot.OpenACL, jute.StatPersisted{Czxid: 99})
			return w.LastZxid(8)
		}, "FILE: warning at offset 278 (znode /a): it is of transaction 0x63, and the snapshot says that 0x8 was the last\n" +
			"FILE: ok, 4 znodes, 0 sessions, 0 ACLs, last zxid 0x63, digest none\n"},
		"another digest": {func(w *snapshot.Writer) error {
			return w.Digest(snapshot.Digest{Zxid: 7, Version: 2, Digest: plainNodes(w) ^ 1})
		}, "FILE: damaged: the tree does not have the digest that the snapshot says: 0x51c6d660, not 0x51c6d661\n= 9\n"},
		"an ACL that is missing": {func(w *snapshot.Writer) error {
			digest := plainNodes(w)
			w.Node("/a", nil, 5, stat)
			return w.Digest(snapshot.Digest{Zxid: 7, Version: 2, Digest: digest + int64(datatree.NodeDigest("/a", nil, &stat))})
		}, "FILE: damaged at offset 278 (znode /a): its ACL is not in the table: nobody may do anything there until a log tells it\n= 9\n"},
		"a znode twice and an orphan": {func(w *snapshot.Writer) error {
			plainNodes(w, "/a", "/a", "/b/c", "/b", "d")
			return nil
		}, "FILE: damaged at offset 356 (znode /a): the znode is there twice\n" +
			"FILE: damaged at offset 434 (znode /b/c): the znode comes without its parent, or before it\n" +
			"FILE: damaged at offset 592 (znode d): the znode comes without its parent, or before it\n" +
			`FILE: warning at offset 592 (znode d): no server creates this: invalid path "d": it must start with /` + "\n= 9\n"},
		"a last zxid before the name": {func(w *snapshot.Writer) error {
			plainNodes(w)
			return w.LastZxid(6)
		}, "FILE: damaged: its last zxid is 0x6, and by its name it was begun at 0x7\n= 9\n"},
		"no znodes": {func(w *snapshot.Writer) error { return w.LastZxid(7) }, "FILE: damaged: there is no znode, not even /\n= 9\n"},
		"no system": {func(w *snapshot.Writer) error { return w.Node("", nil, snapshot.OpenACL, stat) },
			"FILE: warning: it lacks /, /zookeeper or /zookeeper/quota, which servers need\nFILE: ok, 1 znode, 0 sessions, 0 ACLs, last zxid 0x7, digest none\n"},
	} {
		file := snapshotOf(t, 7, test.write)
		if got := strings.ReplaceAll(unserved(t, "snapshot", "verify", file), file, "FILE"); got != test.want {
			t.Errorf("%s:\n%s--- want\n%s", what, got, test.want)
		}
	}
}

// However a file is damaged, the verdict is damage, and it says where.
func TestVerifyOfDamage(t *testing.T) {
	whole, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		bytes []byte
		want  string
	}{
		"empty":         {nil, "damaged at offset 0: the file is empty"},
		"magic":         {append([]byte("ZKLG"), whole[4:]...), `damaged at offset 0: not a snapshot: it begins with "ZKLG"`},
		"version":       {slices.Concat(whole[:7], []byte{9}, whole[8:]), "damaged at offset 4: snapshot format version 9, only 2 is known"},
		"zeros":         {slices.Concat(whole, make([]byte, 4096)), "bytes behind the end of the snapshot"},
		"a huge length": {slices.Concat(whole[:500], []byte{0x7f, 0xff, 0xff, 0xff}, whole[504:]), "damaged at offset "},
	} {
		file := writeFile(t, "snapshot.e", string(test.bytes))
		got := unserved(t, "snapshot", "verify", file)
		if !strings.Contains(got, test.want) || !strings.HasSuffix(got, "\n= 9\n") || strings.Contains(got, ": ok") {
			t.Errorf("%s: %s", what, got)
		}
	}
	old := func(b []byte) string {
		file := writeFile(t, "snapshot.e", string(b))
		os.Chtimes(file, time.Time{}, time.Unix(1, 0)) // nobody is writing it
		return file
	}
	for cut := 0; cut < len(whole); cut += 1 + len(whole)/40 {
		got := unserved(t, "snapshot", "verify", "-o", "jsonl", old(whole[:cut]))
		if !strings.Contains(got, `"ok":false`) || !strings.HasSuffix(got, "\n= 9\n") {
			t.Errorf("cut at %d: %s", cut, got)
		}
		flipped := slices.Clone(whole)
		flipped[cut] ^= 0x10
		got = unserved(t, "snapshot", "verify", "-o", "jsonl", old(flipped))
		if !strings.Contains(got, `"ok":false`) || !strings.HasSuffix(got, "\n= 9\n") {
			t.Errorf("a bit flipped at %d: %s", cut, got)
		}
	}
}

// Every file is looked at, and the worst of them decides.
func TestVerifyOfSeveral(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "version-2")
	os.MkdirAll(inside, 0o755)
	os.WriteFile(filepath.Join(inside, "snapshot.e"), good, 0o644)
	os.WriteFile(filepath.Join(inside, "snapshot.1"), good[:100], 0o644)
	os.WriteFile(filepath.Join(inside, "snapshot.f.gz"), good, 0o644)
	run := func(words ...string) string {
		return strings.ReplaceAll(unserved(t, append([]string{"snapshot", "verify"}, words...)...), dir, "DIR")
	}
	want := `! zook: snapshot verify: /none: no such file or directory
DIR/version-2/snapshot.1: damaged at offset 83: the file ends inside an ACL: record cut short: 1 elements claimed at offset 8, 5 bytes left
DIR/version-2/snapshot.e: ok, 12 znodes, 2 sessions, 5 ACLs, last zxid 0xe, digest agrees
DIR/version-2/snapshot.f.gz: damaged: its last zxid is 0xe, and by its name it was begun at 0xf
DIR/version-2/snapshot.f.gz: warning: servers go by the name, and its content would be snapshot.f
! zook: snapshot verify: ../commands: not a data directory: there is no version-2 in it, and no snapshot or log
= 9
`
	if got := run("/none", dir, "../commands"); got != want {
		t.Errorf("got\n%s--- want\n%s", got, want)
	}
	if got := run("/none", filepath.Join(inside, "snapshot.e")); !strings.HasSuffix(got, "digest agrees\n= 1\n") {
		t.Errorf("one that is not there: %s", got)
	}
	os.RemoveAll(inside)
	os.Mkdir(inside, 0o755)
	if got := run(dir); got != "! zook: snapshot verify: DIR/version-2: there is no snapshot in it\n= 1\n" {
		t.Errorf("an empty directory: %s", got)
	}
}

// A snapshot that a server is writing is not said to be damaged.
func TestVerifyOfOneThatIsWritten(t *testing.T) {
	whole, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, "snapshot.e", string(whole[:5000]))
	written := make(chan bool)
	go func() {
		defer close(written)
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for i := 5000; i < len(whole); i += 100 {
			f.Write(whole[i:min(i+100, len(whole))])
			time.Sleep(5 * time.Millisecond)
		}
	}()
	got := unserved(t, "snapshot", "verify", file)
	<-written
	if got != "! zook: snapshot verify: "+file+": it is being written\n= 1\n" {
		t.Errorf("got %s", got)
	}
	if got := unserved(t, "snapshot", "verify", file); !strings.HasSuffix(got, "digest agrees\n") {
		t.Errorf("once it is whole: %s", got)
	}
}

// What Apache's server wrote with znodes and transactions of every kind is whole; and
// where its log is damaged, that is told with the last moment before it.
func TestVerifyOfWhatApacheWrote(t *testing.T) {
	s := zktest.Everything(t)
	s.Stop()
	got := unserved(t, "snapshot", "verify", s.DataDir)
	if strings.Count(got, ": ok, ") < 2 || strings.Contains(got, "damaged") {
		t.Error(got)
	}
	logs, err := filepath.Glob(filepath.Join(s.DataDir, "version-2", "log.*"))
	if err != nil || len(logs) == 0 {
		t.Fatal(err)
	}
	last := logs[len(logs)-1]
	b, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	b[len(bytes.TrimRight(b, "\x00"))/2] ^= 1
	if err := os.WriteFile(last, b, 0o644); err != nil {
		t.Fatal(err)
	}
	got = unserved(t, "snapshot", "stats", s.DataDir)
	before := regexp.MustCompile(`: (\S+@0x[0-9a-f]+) is before that\n= 9\n$`).FindStringSubmatch(got)
	if before == nil {
		t.Fatal(got)
	}
	if got := unserved(t, "snapshot", "stats", before[1]); !strings.Contains(got, "znodes\t") || strings.Contains(got, "= ") {
		t.Errorf("%s: %s", before[1], got)
	}
}

func TestStats(t *testing.T) {
	file := fixture("3.8.0", "snapshot.e.gz")
	want := `zxid	0xe
last zxid	0xe
compression	gz
znodes	12
persistent	8
ephemerals	2
containers	1
TTLs	1
parents	3
without data	7
sessions	2
distinct ACLs	5
bytes of data	12011
bytes of paths	127
tree digest	0x4976592d4
digest	0x4976592d4	of version 2, at zxid 0xe
largest	12000	/app/seq-0000000002
largest	5	/app/größe
most children	5	/app
most children	4	/
most ephemerals	1	0x10000336f820000, timeout 10s, 0 bytes
most ephemerals	1	0x10000336f820001, timeout 10s, 1 bytes
most used ACLs	8	world:anyone:cdrwa
most used ACLs	1	digest:bob:fyVmFCwVbTJYrznoSu1koqYEYF0=:ra
by depth	1	0
by depth	4	1
by depth	7	2
`
	if got := unserved(t, "snapshot", "stats", "-n", "2", file); got != want {
		t.Errorf("got\n%s--- want\n%s", got, want)
	}
	wantJSON := `{"source":"` + file + `","zxid":"0xe","lastZxid":"0xe","compression":"gz","znodes":12,"persistent":8,"ephemerals":2,"containers":1,"ttls":1,` +
		`"parents":3,"noData":7,"dataBytes":12011,"pathBytes":127,"sessions":2,"treeDigest":"0x4976592d4",` +
		`"digest":{"zxid":"0xe","version":2,"digest":"0x4976592d4"},"distinctACLs":5,"largest":[{"path":"/app/seq-0000000002","bytes":12000}],` +
		`"widest":[{"path":"/app","children":5}],"owners":[{"session":"0x10000336f820000","timeout":10000,"ephemerals":1,"bytes":0}],` +
		`"acls":[{"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"znodes":8}],"depths":[1,4,7]}` + "\n"
	if got := unserved(t, "snapshot", "stats", "-n", "1", "-o", "jsonl", file); got != wantJSON {
		t.Errorf("got\n%s--- want\n%s", got, wantJSON)
	}
	got := unserved(t, "snapshot", "stats", "-n", "0", "-o", "jsonl", file)
	if !strings.Contains(got, `"largest":[],"widest":[],"owners":[],"acls":[],`) {
		t.Errorf("-n 0: %s", got)
	}
	for words, want := range map[string]string{
		"-n -1 " + file:    "! zook: snapshot stats: -n: a number of lines is 0 or more\n= 2\n",
		"snapshot.go":      "! zook: snapshot stats: snapshot.go: damaged at offset 0 (no znode before it): not a snapshot: it begins with \"pack\", not \"ZKSN\"\n= 9\n",
		"../commands/none": "! zook: snapshot stats: ../commands/none: no such file or directory\n= 1\n",
	} {
		if got := unserved(t, append([]string{"snapshot", "stats"}, strings.Fields(words)...)...); got != want {
			t.Errorf("%s: %s", words, got)
		}
	}
}

// Children may come in any order behind their parents, and are counted all the same.
func TestStatsOfAnyOrder(t *testing.T) {
	file := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		w.Sessions(1, maps.All(map[int64]int32{1: 4000}))
		plainNodes(w, "/a", "/b", "/a/1", "/b/1", "/a/2", "/a/1/x", "/a/3")
		return w.Node("/b/e", []byte("12345"), snapshot.OpenACL, jute.StatPersisted{EphemeralOwner: 77})
	})
	got := unserved(t, "snapshot", "stats", file)
	for _, want := range []string{"most children\t3\t/a\n", "most children\t2\t/b\n", "most children\t1\t/a/1\n", "parents\t5\n",
		"most ephemerals\t1\t0x4d, unknown to the snapshot, 5 bytes\n", "by depth\t1\t3\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// Nothing in a file can steer a terminal.
func TestSnapshotToolsOfHostileText(t *testing.T) {
	file := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		w.ACLs(1, maps.All(map[int64][]jute.ACL{1: {{Perms: 64, ID: jute.ID{Scheme: "\x1b[31m", ID: "\x07"}}}}))
		plainNodes(w)
		return w.Node("/\x1b[31mred\n", []byte("\x1b[31mred\n"), 1, jute.StatPersisted{Ctime: 1 << 62, Mtime: -1 << 62, EphemeralOwner: -5})
	})
	plain := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		plainNodes(w)
		return nil
	})
	for _, words := range []string{"stats", "verify", "export", "diff --data --ephemerals --fields all " + plain, "diff --bytes 0 --ephemerals " + plain, "restore --to-dir " + t.TempDir()} {
		for _, format := range []string{"text", "table", "jsonl"} {
			if strings.HasPrefix(words, "export") && format != "jsonl" {
				continue
			}
			got := unserved(t, append(append([]string{"snapshot"}, strings.Fields(words)...), "-o", format, file)...)
			if strings.ContainsAny(got, "\x1b\x07") || got == "" {
				t.Errorf("%s: %q", words, got)
			}
		}
	}
	// What was exported comes back as it was.
	again := writeFile(t, "tree.json", strings.Replace(unserved(t, "snapshot", "export", file), `/\u001b[31mred\n`, "/red", 1))
	got := unserved(t, "snapshot", "stats", again)
	if !strings.Contains(got, "not those that were exported") {
		t.Errorf("a path that was changed: %s", got)
	}
	notUTF8 := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		plainNodes(w)
		return w.Node("/\xff", nil, snapshot.OpenACL, jute.StatPersisted{})
	})
	got = unserved(t, "snapshot", "export", notUTF8)
	if !strings.HasSuffix(got, `: damaged: "/\xff" is not UTF-8, and no server keeps it`+"\n= 9\n") || strings.Contains(got, `"complete"`) {
		t.Error(got)
	}
}
