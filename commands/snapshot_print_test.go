package commands

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"zook/jute"
	"zook/snapshot"
)

// smallTree has a znode of each kind.
func smallTree() *treeFile {
	bob := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "digest", ID: "bob:x"}}}
	f := &treeFile{sessions: []snapshot.Session{{ID: 0x10000000001, Timeout: 30000}, {ID: 5, Timeout: 4500}}, acls: map[int64][]jute.ACL{2: bob, 1: jute.OpenACL()}}
	add := func(path string, data []byte, acl, owner int64) {
		n := int64(len(f.nodes))
		f.nodes = append(f.nodes, snapshot.Node{Path: []byte(path), Data: data, ACL: acl,
			Stat: jute.StatPersisted{Czxid: n, Mzxid: n + 16, Pzxid: n, Ctime: 1_700_000_000_000 + n, Mtime: 1_800_000_000_000 + n, Version: 2, Cversion: 1, Aversion: 0, EphemeralOwner: owner}})
	}
	add("", []byte{}, -1, 0)
	add("/app", []byte("text\n"), 1, 0)
	add("/app/a b", []byte{0xff, 0}, 2, 0)
	add("/app/eph", nil, 1, 0x10000000001)
	add("/app/in", nil, 9, 0)
	add("/box", nil, 1, -1<<63)
	add("/soon", []byte("x"), 1, -1<<56|60_000)
	return f
}

// onSmallTree plays lines "$ zook …" that work on the file "snapshot.5f" of the
// working directory.
func onSmallTree(t *testing.T, text string) {
	t.Helper()
	t.Chdir(filepath.Dir(smallTree().write(t, 0x5f, snapshot.None)))
	for _, step := range steps(text) {
		words := strings.Fields(strings.TrimPrefix(step.line, "$ zook "))
		if got := unserved(t, words...); got != step.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", step.line, got, step.want)
		}
	}
}

func TestSnapshotDumpText(t *testing.T) {
	onSmallTree(t, `
	$ zook snapshot dump snapshot.5f
	/ persistent size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.000+01:00 ctime=2023-11-14T23:13:20.000+01:00 mzxid=0x10 czxid=0x0 pzxid=0x0
	/app persistent size=5 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.001+01:00 ctime=2023-11-14T23:13:20.001+01:00 mzxid=0x11 czxid=0x1 pzxid=0x1
	"/app/a b" persistent size=2 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.002+01:00 ctime=2023-11-14T23:13:20.002+01:00 mzxid=0x12 czxid=0x2 pzxid=0x2 acl=digest:bob:x:r
	/app/eph ephemeral owner=0x10000000001 size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.003+01:00 ctime=2023-11-14T23:13:20.003+01:00 mzxid=0x13 czxid=0x3 pzxid=0x3
	/app/in persistent size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.004+01:00 ctime=2023-11-14T23:13:20.004+01:00 mzxid=0x14 czxid=0x4 pzxid=0x4 acl=unknown
	/box container size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.005+01:00 ctime=2023-11-14T23:13:20.005+01:00 mzxid=0x15 czxid=0x5 pzxid=0x5
	/soon ttl ttl=1m0s size=1 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.006+01:00 ctime=2023-11-14T23:13:20.006+01:00 mzxid=0x16 czxid=0x6 pzxid=0x6
	session 0x10000000001 timeout=30s ephemerals=1
	session 0x5 timeout=4.5s ephemerals=0
	acl 1 world:anyone:cdrwa
	acl 2 digest:bob:x:r
	digest 0xfffffffffffffffb version=2 zxid=0x100000001
	zxid 0x100000001
	$ zook snapshot dump --data text --path /app/ snapshot.5f
	/app persistent size=5 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.001+01:00 ctime=2023-11-14T23:13:20.001+01:00 mzxid=0x11 czxid=0x1 pzxid=0x1 data="text\n"
	"/app/a b" persistent size=2 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.002+01:00 ctime=2023-11-14T23:13:20.002+01:00 mzxid=0x12 czxid=0x2 pzxid=0x2 acl=digest:bob:x:r data="\xff\x00"
	/app/eph ephemeral owner=0x10000000001 size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.003+01:00 ctime=2023-11-14T23:13:20.003+01:00 mzxid=0x13 czxid=0x3 pzxid=0x3 data=null
	/app/in persistent size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.004+01:00 ctime=2023-11-14T23:13:20.004+01:00 mzxid=0x14 czxid=0x4 pzxid=0x4 acl=unknown data=null
	$ zook snapshot dump --data hex --type ttl --type container snapshot.5f
	/box container size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.005+01:00 ctime=2023-11-14T23:13:20.005+01:00 mzxid=0x15 czxid=0x5 pzxid=0x5 data=null
	/soon ttl ttl=1m0s size=1 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.006+01:00 ctime=2023-11-14T23:13:20.006+01:00 mzxid=0x16 czxid=0x6 pzxid=0x6 data=78
	$ zook snapshot dump --data base64 --path /app/* --type persistent snapshot.5f
	"/app/a b" persistent size=2 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.002+01:00 ctime=2023-11-14T23:13:20.002+01:00 mzxid=0x12 czxid=0x2 pzxid=0x2 acl=digest:bob:x:r data=/wA=
	/app/in persistent size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.004+01:00 ctime=2023-11-14T23:13:20.004+01:00 mzxid=0x14 czxid=0x4 pzxid=0x4 acl=unknown data=null
	$ zook snapshot dump -d --path /app snapshot.5f
	/app persistent size=5 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.001+01:00 ctime=2023-11-14T23:13:20.001+01:00 mzxid=0x11 czxid=0x1 pzxid=0x1 data=dGV4dAo=
	$ zook snapshot dump --depth 0 snapshot.5f
	/ persistent size=0 version=2 cversion=1 aversion=0 mtime=2027-01-15T09:00:00.000+01:00 ctime=2023-11-14T23:13:20.000+01:00 mzxid=0x10 czxid=0x0 pzxid=0x0
	$ zook snapshot dump --path /none snapshot.5f
`)
}

func TestSnapshotDumpJSON(t *testing.T) {
	onSmallTree(t, `
	$ zook snapshot dump -o jsonl snapshot.5f
	{"path":"/","kind":"persistent","czxid":"0x0","mzxid":"0x10","pzxid":"0x0","ctime":"2023-11-14T23:13:20.000+01:00","mtime":"2027-01-15T09:00:00.000+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","data":"","dataLength":0,"aclId":-1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":118}
	{"path":"/app","kind":"persistent","czxid":"0x1","mzxid":"0x11","pzxid":"0x1","ctime":"2023-11-14T23:13:20.001+01:00","mtime":"2027-01-15T09:00:00.001+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","data":"text\n","dataLength":5,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":194}
	{"path":"/app/a b","kind":"persistent","czxid":"0x2","mzxid":"0x12","pzxid":"0x2","ctime":"2023-11-14T23:13:20.002+01:00","mtime":"2027-01-15T09:00:00.002+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","data":null,"dataBase64":"/wA=","dataLength":2,"aclId":2,"acl":[{"scheme":"digest","id":"bob:x","perms":"r"}],"offset":279}
	{"path":"/app/eph","kind":"ephemeral","czxid":"0x3","mzxid":"0x13","pzxid":"0x3","ctime":"2023-11-14T23:13:20.003+01:00","mtime":"2027-01-15T09:00:00.003+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x10000000001","data":null,"dataLength":0,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":365}
	{"path":"/app/in","kind":"persistent","czxid":"0x4","mzxid":"0x14","pzxid":"0x4","ctime":"2023-11-14T23:13:20.004+01:00","mtime":"2027-01-15T09:00:00.004+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","data":null,"dataLength":0,"aclId":9,"acl":null,"offset":449}
	{"path":"/box","kind":"container","czxid":"0x5","mzxid":"0x15","pzxid":"0x5","ctime":"2023-11-14T23:13:20.005+01:00","mtime":"2027-01-15T09:00:00.005+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x8000000000000000","data":null,"dataLength":0,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":532}
	{"path":"/soon","kind":"ttl","ttl":60000,"czxid":"0x6","mzxid":"0x16","pzxid":"0x6","ctime":"2023-11-14T23:13:20.006+01:00","mtime":"2027-01-15T09:00:00.006+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0xff0000000000ea60","data":"x","dataLength":1,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":612}
	{"session":"0x10000000001","timeout":30000,"ephemerals":1}
	{"session":"0x5","timeout":4500,"ephemerals":0}
	{"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}]}
	{"aclId":2,"acl":[{"scheme":"digest","id":"bob:x","perms":"r"}]}
	{"digest":"0xfffffffffffffffb","digestVersion":2,"zxid":"0x100000001"}
	{"lastZxid":"0x100000001"}
	$ zook snapshot dump -o json --path /soon snapshot.5f
	[
	  {"path":"/soon","kind":"ttl","ttl":60000,"czxid":"0x6","mzxid":"0x16","pzxid":"0x6","ctime":"2023-11-14T23:13:20.006+01:00","mtime":"2027-01-15T09:00:00.006+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0xff0000000000ea60","data":"x","dataLength":1,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":612}
	]
	$ zook snapshot dump -o json --path /none snapshot.5f
	[]
	$ zook snapshot dump -o jsonl --data none --path /app snapshot.5f
	{"path":"/app","kind":"persistent","czxid":"0x1","mzxid":"0x11","pzxid":"0x1","ctime":"2023-11-14T23:13:20.001+01:00","mtime":"2027-01-15T09:00:00.001+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","dataLength":5,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":194}
	$ zook snapshot dump -o jsonl --data hex --path /app snapshot.5f
	{"path":"/app","kind":"persistent","czxid":"0x1","mzxid":"0x11","pzxid":"0x1","ctime":"2023-11-14T23:13:20.001+01:00","mtime":"2027-01-15T09:00:00.001+01:00","version":2,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","dataHex":"746578740a","dataLength":5,"aclId":1,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"offset":194}
`)
}

func TestSnapshotDumpTable(t *testing.T) {
	onSmallTree(t, `
	$ zook snapshot dump -o table snapshot.5f
	┌────────────┬────────────┬──────┬─────────┬───────────────────────────────┬───────┬───────────────────────────────┬───────┬───────────────┬────────────────────┐
	│ path       │ type       │ size │ version │ mtime                         │ mzxid │ ctime                         │ czxid │ owner or ttl  │ acl                │
	├────────────┼────────────┼──────┼─────────┼───────────────────────────────┼───────┼───────────────────────────────┼───────┼───────────────┼────────────────────┤
	│ /          │ persistent │ 0    │ 2       │ 2027-01-15T09:00:00.000+01:00 │ 0x10  │ 2023-11-14T23:13:20.000+01:00 │ 0x0   │               │ world:anyone:cdrwa │
	│ /app       │ persistent │ 5    │ 2       │ 2027-01-15T09:00:00.001+01:00 │ 0x11  │ 2023-11-14T23:13:20.001+01:00 │ 0x1   │               │ world:anyone:cdrwa │
	│ "/app/a b" │ persistent │ 2    │ 2       │ 2027-01-15T09:00:00.002+01:00 │ 0x12  │ 2023-11-14T23:13:20.002+01:00 │ 0x2   │               │ digest:bob:x:r     │
	│ /app/eph   │ ephemeral  │ 0    │ 2       │ 2027-01-15T09:00:00.003+01:00 │ 0x13  │ 2023-11-14T23:13:20.003+01:00 │ 0x3   │ 0x10000000001 │ world:anyone:cdrwa │
	│ /app/in    │ persistent │ 0    │ 2       │ 2027-01-15T09:00:00.004+01:00 │ 0x14  │ 2023-11-14T23:13:20.004+01:00 │ 0x4   │               │ unknown            │
	│ /box       │ container  │ 0    │ 2       │ 2027-01-15T09:00:00.005+01:00 │ 0x15  │ 2023-11-14T23:13:20.005+01:00 │ 0x5   │               │ world:anyone:cdrwa │
	│ /soon      │ ttl        │ 1    │ 2       │ 2027-01-15T09:00:00.006+01:00 │ 0x16  │ 2023-11-14T23:13:20.006+01:00 │ 0x6   │ 1m0s          │ world:anyone:cdrwa │
	└────────────┴────────────┴──────┴─────────┴───────────────────────────────┴───────┴───────────────────────────────┴───────┴───────────────┴────────────────────┘
	┌───────────────┬─────────┬────────────┐
	│ session       │ timeout │ ephemerals │
	├───────────────┼─────────┼────────────┤
	│ 0x10000000001 │ 30s     │ 1          │
	│ 0x5           │ 4.5s    │ 0          │
	└───────────────┴─────────┴────────────┘
	┌─────┬────────────────────┐
	│ acl │ entries            │
	├─────┼────────────────────┤
	│ 1   │ world:anyone:cdrwa │
	│ 2   │ digest:bob:x:r     │
	└─────┴────────────────────┘
	┌─────────────┬────────────────────┬─────────────┐
	│ of the tree │ value              │ zxid        │
	├─────────────┼────────────────────┼─────────────┤
	│ digest      │ 0xfffffffffffffffb │ 0x100000001 │
	│ last zxid   │                    │ 0x100000001 │
	└─────────────┴────────────────────┴─────────────┘
	$ zook snapshot dump -o table --data text --depth 1 snapshot.5f
	┌───────┬────────────┬──────┬─────────┬───────────────────────────────┬───────┬───────────────────────────────┬───────┬──────────────┬────────────────────┬──────────┐
	│ path  │ type       │ size │ version │ mtime                         │ mzxid │ ctime                         │ czxid │ owner or ttl │ acl                │ data     │
	├───────┼────────────┼──────┼─────────┼───────────────────────────────┼───────┼───────────────────────────────┼───────┼──────────────┼────────────────────┼──────────┤
	│ /     │ persistent │ 0    │ 2       │ 2027-01-15T09:00:00.000+01:00 │ 0x10  │ 2023-11-14T23:13:20.000+01:00 │ 0x0   │              │ world:anyone:cdrwa │ ""       │
	│ /app  │ persistent │ 5    │ 2       │ 2027-01-15T09:00:00.001+01:00 │ 0x11  │ 2023-11-14T23:13:20.001+01:00 │ 0x1   │              │ world:anyone:cdrwa │ "text\n" │
	│ /box  │ container  │ 0    │ 2       │ 2027-01-15T09:00:00.005+01:00 │ 0x15  │ 2023-11-14T23:13:20.005+01:00 │ 0x5   │              │ world:anyone:cdrwa │ null     │
	│ /soon │ ttl        │ 1    │ 2       │ 2027-01-15T09:00:00.006+01:00 │ 0x16  │ 2023-11-14T23:13:20.006+01:00 │ 0x6   │ 1m0s         │ world:anyone:cdrwa │ "x"      │
	└───────┴────────────┴──────┴─────────┴───────────────────────────────┴───────┴───────────────────────────────┴───────┴──────────────┴────────────────────┴──────────┘
`)
}

func TestSnapshotDumpUsage(t *testing.T) {
	onSmallTree(t, `
	$ zook snapshot dump
	! zook: snapshot dump: too few arguments; usage: zook snapshot dump FILE
	= 2
	$ zook snapshot dump -o zkcli --path /a snapshot.5f
	! zook: snapshot dump: --path: SnapshotFormatter has no filters, so -o zkcli and --json have none
	= 2
	$ zook snapshot dump --json --depth 2 snapshot.5f
	! zook: snapshot dump: --depth: SnapshotFormatter has no filters, so -o zkcli and --json have none
	= 2
	$ zook snapshot dump -o zkcli --data hex snapshot.5f
	! zook: snapshot dump: --data: SnapshotFormatter prints data in base64 (-d), so -o zkcli does
	= 2
	$ zook snapshot dump --json -d snapshot.5f
	! zook: snapshot dump: --json has no data, as SnapshotFormatter -json has none
	= 2
	$ zook snapshot dump -o jsonl --json snapshot.5f
	! zook: snapshot dump: --json is what SnapshotFormatter prints; the JSON of zook is -o json without it
	= 2
	$ zook snapshot dump -d --data hex snapshot.5f
	! zook: snapshot dump: -d is --data base64: one of them is enough
	= 2
	$ zook snapshot dump --type x snapshot.5f
	! zook: snapshot dump: --type: there is no type "x"; there are persistent, ephemeral, container, ttl (zook snapshot dump --help)
	= 2
	$ zook snapshot dump --depth -1 snapshot.5f
	! zook: snapshot dump: --depth: a depth is 0 or more
	= 2
	$ zook snapshot dump none
	! zook: snapshot dump: none: no such file or directory
	= 1
	$ zook snapshot dump -o zkcli none
	! zook: snapshot dump: none: no such file or directory
	= 1
	$ zook snapshot dump .
	! zook: snapshot dump: .: reading behind offset 0: .: is a directory
	= 1
	$ zook snapshot dump -o zkcli .
	! zook: snapshot dump: .: reading behind offset 0: .: is a directory
	= 1
	$ zook snapshot summary none
	! zook: snapshot summary: none: no such file or directory
	= 1
	$ zook snapshot summary snapshot.5f /none
	! zook: snapshot summary /none: no such node
	= 3
	$ zook snapshot summary snapshot.5f app
	! zook: snapshot summary: invalid path "app": it must start with /
	= 2
	$ zook snapshot summary snapshot.5f / x
	! zook: snapshot summary: one argument too many, "x"; usage: zook snapshot summary FILE [PATH]
	= 2
	$ zook snapshot summary --depth -1 snapshot.5f
	! zook: snapshot summary: --depth: a depth is 0, for all levels, or more
	= 2
`)
}

func TestSnapshotSummary(t *testing.T) {
	onSmallTree(t, `
	$ zook snapshot summary snapshot.5f
	8	7	/
	7	4	/app
	$ zook snapshot summary --depth 0 -o jsonl snapshot.5f /app
	{"path":"/app","bytes":7,"znodes":4}
	$ zook snapshot summary -o table snapshot.5f /app/eph
	┌───────┬────────┬──────────┐
	│ bytes │ znodes │ path     │
	├───────┼────────┼──────────┤
	│ 0     │ 1      │ /app/eph │
	└───────┴────────┴──────────┘
`)
}

// What Apache's SnapshotRecursiveSummary prints, which 3.8 does not have.
func TestSnapshotSummaryZkCli(t *testing.T) {
	f := smallTree()
	f.add("/app/deep", []byte("123"))
	f.add("/app/deep/er", []byte("4567"))
	f.add("/box/in", []byte("8"))
	file := f.write(t, 0x5f, snapshot.None)
	const box, app, deep = "-- /box\n--   children: 1\n--   data: 1\n", "-- /app\n--   children: 5\n--   data: 14\n",
		"---- /app/deep\n----   children: 1\n----   data: 7\n"
	const root = " /\n   children: 9\n   data: 16\n"
	for words, want := range map[string]string{
		"":               root + app + box + "\n",
		"/ --depth 1":    root + app + box + "\n",
		"/ --depth 2":    root + app + deep + box + "\n",
		"/ --depth 0":    root + app + deep + box + "\n",
		"/app/deep":      " /app/deep\n   children: 1\n   data: 7\n\n",
		"/app --depth 1": " /app\n   children: 5\n   data: 14\n-- /app/deep\n--   children: 1\n--   data: 7\n\n",
		"/soon":          "\n",
	} {
		words := append([]string{"snapshot", "summary", "-o", "zkcli", file}, strings.Fields(words)...)
		sameText(t, strings.Join(words, " "), unserved(t, words...), want)
	}
}

// Sums are of all that is below, and the usage of a quota is what it is now.
func TestSnapshotSummaryAddsUp(t *testing.T) {
	odd := oddTree()
	file := odd.write(t, 0x5f, snapshot.None)
	below := func(path, top string) bool {
		return path == top || strings.HasPrefix(path, strings.TrimSuffix(top, "/")+"/") || top == "/"
	}
	usage := map[string]string{} // of quotas
	sum := func(top string) (znodes, bytes int) {
		for _, n := range odd.nodes {
			path := string(n.Path)
			if !below(path, top) {
				continue
			}
			znodes++
			if anew, ok := usage[path]; ok {
				bytes += len(anew)
			} else {
				bytes += len(n.Data)
			}
		}
		return znodes, bytes
	}
	for _, real := range []string{"/app", "/app/deep", "/gone", "/zookeeper/config"} {
		znodes, bytes := sum(real)
		usage["/zookeeper/quota"+real+"/zookeeper_stats"] = fmt.Sprintf("count=%d,bytes=%d", znodes, bytes)
	}
	lines := 0
	for line := range strings.Lines(unserved(t, "snapshot", "summary", "--depth", "0", file)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		znodes, bytes := sum(f[2])
		if want := fmt.Sprintf("%d\t%d", bytes, znodes); want != f[0]+"\t"+f[1] {
			t.Errorf("%s: want %s", line, want)
		}
		lines++
	}
	if lines < 100 {
		t.Errorf("%d lines", lines)
	}
}
