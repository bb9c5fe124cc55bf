package commands

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/snapshot"
)

// diffTrees are two exports that differ in every way.
func diffTrees(t *testing.T) (left, right string) {
	const acl = `"acl":[{"scheme":"world","id":"anyone","perms":"r"}]`
	left = writeFile(t, "left.json", exportOf(`{"path":"/"}`,
		`{"path":"/app","data":"a = 1\nb = 2\n","pzxid":"0x5","cversion":3,"czxid":"0x2","mzxid":"0x2"}`,
		`{"path":"/app/acl","czxid":"0x3"}`,
		`{"path":"/app/bin","dataBase64":"AP8="}`,
		`{"path":"/app/eph","ephemeralOwner":"0x100","czxid":"0x4"}`,
		`{"path":"/app/gone","data":"12345"}`,
		`{"path":"/app/gone/too","data":"123"}`,
		`{"path":"/app/new","data":"same","czxid":"0x5"}`,
		`{"path":"/app/null","data":null}`,
		`{"path":"/app/same","data":"x"}`,
		`{"path":"/kind","ttl":5}`))
	right = writeFile(t, "right.json", exportOf(`{"path":"/"}`,
		`{"path":"/added","data":"one line"}`,
		`{"path":"/app","data":"a = 1\nb = 3\nc = 4\n","pzxid":"0x9","cversion":4,"czxid":"0x2","mzxid":"0x8","version":1}`,
		`{"path":"/app/null","data":""}`,
		`{"path":"/app/acl","czxid":"0x3","aversion":1,`+acl+`}`,
		`{"path":"/app/bin","dataBase64":"AP7/","version":7}`,
		`{"path":"/app/eph","ephemeralOwner":"0x101","czxid":"0x4"}`,
		`{"path":"/app/new","data":"same","czxid":"0x7"}`,
		`{"path":"/app/same","data":"x","pzxid":"0x9","mtime":5}`,
		`{"path":"/kind","kind":"container"}`))
	return left, right
}

func TestDiff(t *testing.T) {
	left, right := diffTrees(t)
	for _, test := range []struct{ flags, want string }{
		{"", `added	/added	8 bytes
changed	/app	data 12 bytes -> 18 bytes, version 0 -> 1
changed	/app/acl	acl world:anyone:cdrwa -> world:anyone:r, aversion 0 -> 1
changed	/app/bin	data 2 bytes -> 3 bytes, version 0 -> 7
removed	/app/gone	5 bytes
removed	/app/gone/too	3 bytes
changed	/app/new	czxid 0x5 -> 0x7
changed	/app/null	data none -> 0 bytes
changed	/kind	owner ttl of 5 ms -> container
`},
		{"--data --path /app --path /ad*", `added	/added	8 bytes
    @@ -0,0 +1,1 @@
    +one line
changed	/app	data 12 bytes -> 18 bytes, version 0 -> 1
    @@ -1,2 +1,3 @@
     a = 1
    -b = 2
    +b = 3
    +c = 4
changed	/app/acl	acl world:anyone:cdrwa -> world:anyone:r, aversion 0 -> 1
changed	/app/bin	data 2 bytes -> 3 bytes, version 0 -> 7
    (the data is not text)
removed	/app/gone	5 bytes
    @@ -1,1 +0,0 @@
    -12345
removed	/app/gone/too	3 bytes
    @@ -1,1 +0,0 @@
    -123
changed	/app/new	czxid 0x5 -> 0x7
changed	/app/null	data none -> 0 bytes
`},
		{"--fields acl,pzxid --path /app", `changed	/app	pzxid 0x5 -> 0x9
changed	/app/acl	acl world:anyone:cdrwa -> world:anyone:r
removed	/app/gone	5 bytes
removed	/app/gone/too	3 bytes
changed	/app/same	pzxid 0x0 -> 0x9
`},
		{"--fields all --path /app/same", "changed	/app/same	pzxid 0x0 -> 0x9, mtime 1970-01-01T01:00:00.000+01:00 -> 1970-01-01T01:00:00.005+01:00\n"},
		{"--ephemerals --path /app/e*", "changed	/app/eph	owner ephemeral of 0x100 -> ephemeral of 0x101\n"},
		{"--path /app/same", ""},
		{"--path /app/same --exit-code", ""},
		{"--path /kind --exit-code", "changed	/kind	owner ttl of 5 ms -> container\n= 1\n"},
		{"--path /**/too --data -o jsonl", `{"path":"/app/gone/too","change":"removed","before":{"kind":"persistent","dataLength":3,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],` +
			`"czxid":"0x0","mzxid":"0x0","pzxid":"0x0","ctime":"1970-01-01T01:00:00.000+01:00","mtime":"1970-01-01T01:00:00.000+01:00","version":0,"cversion":0,"aversion":0,"data":"123"}}` + "\n"},
		{"--path /app/null -o jsonl", `{"path":"/app/null","change":"changed","fields":["data"],"before":{"kind":"persistent","dataLength":null,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],` +
			`"czxid":"0x0","mzxid":"0x0","pzxid":"0x0","ctime":"1970-01-01T01:00:00.000+01:00","mtime":"1970-01-01T01:00:00.000+01:00","version":0,"cversion":0,"aversion":0},` +
			`"after":{"kind":"persistent","dataLength":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],` +
			`"czxid":"0x0","mzxid":"0x0","pzxid":"0x0","ctime":"1970-01-01T01:00:00.000+01:00","mtime":"1970-01-01T01:00:00.000+01:00","version":0,"cversion":0,"aversion":0}}` + "\n"},
		{"--bytes 0", "changed\t7\t-1\t/\nadded\t8\t1\t/added\nchanged\t-1\t-2\t/app\nchanged\t1\t0\t/app/bin\nremoved\t-8\t-2\t/app/gone\nremoved\t-3\t-1\t/app/gone/too\n"},
		{"--bytes 7 --nodes 1", "added\t8\t1\t/added\nchanged\t-1\t-2\t/app\nremoved\t-8\t-2\t/app/gone\n"},
		{"--nodes 0", "changed\t7\t-1\t/\nchanged\t-1\t-2\t/app\nremoved\t-8\t-2\t/app/gone\n"},
		{"--bytes 4 -o jsonl", `{"path":"/","change":"changed","bytes":7,"znodes":-1,"before":{"bytes":27,"znodes":10},"after":{"bytes":34,"znodes":9}}` + "\n" +
			`{"path":"/added","change":"added","bytes":8,"znodes":1,"after":{"bytes":8,"znodes":1}}` + "\n" +
			`{"path":"/app/gone","change":"removed","bytes":-8,"znodes":-2,"before":{"bytes":8,"znodes":2}}` + "\n"},
		{"--bytes 100 --nodes 100 --exit-code", ""},
		{"--bytes 1 --data", "! zook: snapshot diff: --data and --fields are about znodes, --bytes, --nodes and -o zkcli about subtrees\n= 2\n"},
		{"-o zkcli --path /a", "! zook: snapshot diff: -o zkcli is as SnapshotComparer, which has no --path and no --ephemerals\n= 2\n"},
		{"--fields data,foo", "! zook: snapshot diff: --fields: there is no \"foo\"; there are data, acl, version, aversion, czxid, owner, cversion, mzxid, pzxid, ctime, mtime, all\n= 2\n"},
		{"--path app", "! zook: snapshot diff: --path: \"app\" does not begin with / (zook snapshot diff --help)\n= 2\n"},
		{"third", "! zook: snapshot diff: one argument too many, \"" + right + "\"; usage: zook snapshot diff SOURCE SOURCE\n= 2\n"},
	} {
		words := append(append([]string{"snapshot", "diff"}, strings.Fields(test.flags)...), left, right)
		if got := unserved(t, words...); got != test.want {
			t.Errorf("diff %s:\n%s--- want\n%s", test.flags, got, test.want)
		}
	}
	if got := unserved(t, "snapshot", "diff", "--exit-code", "--fields", "all", "--ephemerals", left, left); got != "" {
		t.Errorf("a tree differs from itself:\n%s", got)
	}
	if got, want := unserved(t, "snapshot", "diff", left, left+"x"), "! zook: snapshot diff: "+left+"x: no such file or directory: SOURCE is a file or a directory, not a znode\n= 1\n"; got != want {
		t.Errorf("one that is not there: %s", got)
	}
}

func TestDiffForEyes(t *testing.T) {
	left, right := diffTrees(t)
	u := newTerminal("")
	u.Terminal = true
	u.finish(Run(t.Context(), &u.Env, []string{"snapshot", "diff", "--path", "/app/*", "--path", "/added", left, right}))
	if got, want := u.take(), `+ /added  8 bytes
~ /app/acl  acl world:anyone:cdrwa -> world:anyone:r, aversion 0 -> 1
~ /app/bin  data 2 bytes -> 3 bytes, version 0 -> 7
- /app/gone  5 bytes
~ /app/new  czxid 0x5 -> 0x7
~ /app/null  data none -> 0 bytes
1 added, 1 removed, 4 changed, of 6 and 6 znodes
`; got != want {
		t.Errorf("got\n%s--- want\n%s", got, want)
	}
}

// Parts, directories, other compressions and damage: whatever a source is.
func TestDiffOfSources(t *testing.T) {
	file := fixture("3.10", "snapshot.e")
	dir := filepath.Join(t.TempDir(), "new")
	if got := unserved(t, "snapshot", "restore", "--to-dir", dir, file); strings.Contains(got, "= ") {
		t.Fatal(got)
	}
	part := writeFile(t, "part.json", unserved(t, "snapshot", "export", "--path", "/app", file))
	other := writeFile(t, "other.json", unserved(t, "snapshot", "export", "--path", "/box", file))
	cut := writeFile(t, "snapshot.e", "ZKSN\x00\x00\x00\x02")
	for _, test := range []struct{ left, right, want string }{
		{file, file + ".snappy", ""},
		{file + ".gz", dir, ""},
		{dir, dir + "@0xe", ""},
		{part, file, ""},
		{file, part, ""},
		{part, other, "! zook: snapshot diff: one has the znodes below /app, the other those below /box: they have nothing in common\n= 1\n"},
		{file, cut, "! zook: snapshot diff: " + cut + ": damaged at offset 0 (no znode before it): the file ends inside the header: record cut short: 8 bytes wanted at offset 8, 0 left\n= 9\n"},
	} {
		if got := unserved(t, "snapshot", "diff", "--fields", "all", "--ephemerals", test.left, test.right); got != test.want {
			t.Errorf("diff %s %s:\n%s--- want\n%s", test.left, test.right, got, test.want)
		}
	}
}

// An ACL is the same under another number.
func TestDiffResolvesACLs(t *testing.T) {
	one := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}
	two := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "::1"}}}
	write := func(numbers map[int64][]jute.ACL, a, b int64) string {
		return snapshotOf(t, 7, func(w *snapshot.Writer) error {
			w.ACLs(len(numbers), func(yield func(int64, []jute.ACL) bool) {
				for id, list := range numbers {
					if !yield(id, list) {
						return
					}
				}
			})
			plainNodes(w)
			w.Node("/a", nil, a, jute.StatPersisted{})
			return w.Node("/b", nil, b, jute.StatPersisted{})
		})
	}
	left, right := write(map[int64][]jute.ACL{1: one, 2: two}, 1, 2), write(map[int64][]jute.ACL{1: two, 9: one}, 9, 9)
	if got := unserved(t, "snapshot", "diff", left, right); got != "changed\t/b\tacl ip:::1:r -> world:anyone:r\n" {
		t.Error(got)
	}
}

var seconds = regexp.MustCompile(`in \d+\.\d{6} seconds`)

// compareAsApache runs SnapshotComparer and us on two snapshots.
func compareAsApache(t *testing.T, left, right string, bytes, nodes int) {
	t.Helper()
	cmd := zktest.Java(t, nil, "org.apache.zookeeper.server.SnapshotComparer", "-l", left, "-r", right, "-b", fmt.Sprint(bytes), "-n", fmt.Sprint(nodes))
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	want := seconds.ReplaceAllString(string(out), "in N seconds")
	got := unserved(t, "snapshot", "diff", "-o", "zkcli", "--bytes", fmt.Sprint(bytes), "--nodes", fmt.Sprint(nodes), left, right)
	if got = seconds.ReplaceAllString(got, "in N seconds"); got != want {
		t.Errorf("%s %s over %d bytes, %d znodes:\n%s--- want\n%s", filepath.Base(left), filepath.Base(right), bytes, nodes, got, want)
	}
}

func TestDiffIsAsSnapshotComparer(t *testing.T) {
	s := zktest.Everything(t)
	s.Stop()
	snaps, err := filepath.Glob(filepath.Join(s.DataDir, "version-2", "snapshot.*"))
	if err != nil || len(snaps) < 2 {
		t.Fatalf("%q %v", snaps, err)
	}
	first, last := snaps[0], snaps[len(snaps)-1]
	for _, limits := range [][2]int{{0, 0}, {-1, -1}, {100, 5}, {1 << 30, 1 << 30}} {
		compareAsApache(t, first, last, limits[0], limits[1])
	}
	compareAsApache(t, last, first, 0, 0)
	compareAsApache(t, last, last, 0, 0)
	compareAsApache(t, fixture("3.8.0", "snapshot.e.gz"), fixture("3.10", "snapshot.e.snappy"), 0, 0)
	compareAsApache(t, last, fixture("3.10", "snapshot.e"), 3, 3)

	// Quotas whose statistics are not what they should be: a server counts again.
	quota := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		plainNodes(w, "/a", "/a/b", datatree.QuotaPath+"/a", datatree.QuotaPath+"/none", datatree.QuotaPath+"/none/zookeeper_limits", datatree.QuotaPath+"/none/zookeeper_stats")
		w.Node("/a/c", make([]byte, 1234), snapshot.OpenACL, jute.StatPersisted{})
		w.Node(datatree.QuotaPath+"/a/zookeeper_limits", []byte("count=5,bytes=-1"), snapshot.OpenACL, jute.StatPersisted{})
		return w.Node(datatree.QuotaPath+"/a/zookeeper_stats", []byte("nothing"), snapshot.OpenACL, jute.StatPersisted{})
	})
	compareAsApache(t, quota, last, 0, 0)
	compareAsApache(t, quota, quota, -1, -1)
}
