package commands

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/completions"
	"zook/jute"
	"zook/txnlog"
)

// aTxn is a transaction of session 0x1000a, one second after the one with the zxid
// before.
func aTxn(zxid int64, op jute.OpCode, body jute.Record) *jute.Txn {
	return &jute.Txn{
		Header: jute.TxnHeader{ClientID: 0x1000a, Cxid: int32(zxid & 0xff), Zxid: zxid, Time: 1_767_323_040_000 + zxid&0xff*1001, Type: op},
		Body:   body,
	}
}

func subTxn(op jute.OpCode, body jute.Record) jute.SubTxn {
	return jute.SubTxn{Type: op, Data: jute.Marshal(body)}
}

// sample is a transaction of every type.
func sample() []*jute.Txn {
	open := jute.OpenACL()
	bob := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "ip", ID: "10.0.0.0/8"}}, {Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: "bob:x="}}}
	refused := subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode})
	all := []*jute.Txn{
		aTxn(1, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 30000}),
		aTxn(2, jute.OpCreate, &jute.CreateTxn{Path: "/a", Data: []byte("one"), ACL: open, ParentCVersion: 1}),
		aTxn(3, jute.OpCreate2, &jute.CreateTxn{Path: "/a/e", ACL: open, Ephemeral: true, ParentCVersion: 1}),
		aTxn(4, jute.OpCreateContainer, &jute.CreateContainerTxn{Path: "/box", Data: []byte{}, ACL: bob, ParentCVersion: 2}),
		aTxn(5, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: "/ttl", Data: []byte{0xff, '"'}, ACL: open, ParentCVersion: 3, TTL: 90_000}),
		aTxn(6, jute.OpSetData, &jute.SetDataTxn{Path: "/a", Data: []byte("two\n"), Version: 1}),
		aTxn(7, jute.OpSetACL, &jute.SetACLTxn{Path: "/a", ACL: bob, Version: 1}),
		aTxn(8, jute.OpReconfig, &jute.SetDataTxn{Path: "/zookeeper/config", Data: []byte("version=8"), Version: 2}),
		aTxn(9, jute.OpDelete, &jute.DeleteTxn{Path: "/größe \x1b[2J"}),
		aTxn(10, jute.OpDeleteContainer, &jute.DeleteTxn{Path: "/box"}),
		aTxn(11, jute.OpError, &jute.ErrorTxn{Err: jute.ErrBadVersion}),
		aTxn(12, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
			subTxn(jute.OpCheck, &jute.CheckVersionTxn{Path: "/a", Version: 1}),
			subTxn(jute.OpCreate, &jute.CreateTxn{Path: "/m", Data: []byte("<m>"), ACL: open, ParentCVersion: 4}),
			subTxn(jute.OpSetData, &jute.SetDataTxn{Path: "/a", Version: 2}),
			subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/m"})}}),
		aTxn(13, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
			subTxn(jute.OpCreate, &jute.CreateTxn{Path: "/n", ACL: open, ParentCVersion: 5}), refused}}),
		aTxn(14, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/a/e", "/x y"}}),
	}
	last := aTxn(0x100000001, jute.OpCloseSession, nil) // of a server before 3.6, in the next epoch
	last.Header.ClientID, last.Header.Cxid = -1, -2
	all[1].Digest = &jute.TxnDigest{Version: 2, TreeDigest: -1}
	return append(all, last)
}

// writeTxns writes a log into dir, named after its first transaction.
func writeTxns(t testing.TB, dir string, txns ...*jute.Txn) string {
	t.Helper()
	w, err := txnlog.Create(dir, txns[0].Header.Zxid, txnlog.Options{Prealloc: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for _, txn := range txns {
		if err := w.Append(txn); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Name()
}

// dump is what "zook txnlog dump" prints with the words of a line, in which files
// are of dir.
func dump(t *testing.T, dir, line string) string {
	t.Helper()
	t.Chdir(dir)
	words, err := completions.Split("txnlog dump " + line)
	if err != nil {
		t.Fatal(err)
	}
	return zook(t.Context(), "", "", words...)
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTxnlogDump(t *testing.T) {
	dir := t.TempDir()
	writeTxns(t, dir, sample()...)
	expect(t, dump(t, dir, "log.1"), `
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /a size=3
	2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral
	2026-01-02T04:04:04.004+01:00 0x4 0x1000a 0x4 createContainer /box size=0 acl=ip:10.0.0.0/8:r,digest:bob:x=:cdrwa
	2026-01-02T04:04:05.005+01:00 0x5 0x1000a 0x5 createTTL /ttl size=2 ttl=1m30s
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1
	2026-01-02T04:04:07.007+01:00 0x7 0x1000a 0x7 setACL /a version=1 acl=ip:10.0.0.0/8:r,digest:bob:x=:cdrwa
	2026-01-02T04:04:08.008+01:00 0x8 0x1000a 0x8 reconfig /zookeeper/config size=9 version=2
	2026-01-02T04:04:09.009+01:00 0x9 0x1000a 0x9 delete "/größe \x1b[2J"
	2026-01-02T04:04:10.010+01:00 0xa 0x1000a 0xa deleteContainer /box
	2026-01-02T04:04:11.011+01:00 0xb 0x1000a 0xb error -103 (bad version)
	2026-01-02T04:04:12.012+01:00 0xc 0x1000a 0xc multi: check /a version=1; create /m size=3; setData /a size=0 version=2; delete /m
	2026-01-02T04:04:13.013+01:00 0xd 0x1000a 0xd multi refused: create /n size=0; error -101 (no such node)
	2026-01-02T04:04:14.014+01:00 0xe 0x1000a 0xe closeSession deletes /a/e "/x y"
	2026-01-02T04:04:01.001+01:00 0x100000001 0xffffffffffffffff 0xfffffffe closeSession
	`)
	expect(t, dump(t, dir, "--data text --zxid 2..6 log.1"), `
	2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /a size=3 data="one"
	2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral data=null
	2026-01-02T04:04:04.004+01:00 0x4 0x1000a 0x4 createContainer /box size=0 acl=ip:10.0.0.0/8:r,digest:bob:x=:cdrwa data=""
	2026-01-02T04:04:05.005+01:00 0x5 0x1000a 0x5 createTTL /ttl size=2 ttl=1m30s data="\xff\""
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1 data="two\n"
	`)
	expect(t, dump(t, dir, "--data hex --path /m log.1"), `
	2026-01-02T04:04:12.012+01:00 0xc 0x1000a 0xc multi: check /a version=1; create /m size=3 data=3c6d3e; setData /a size=0 version=2 data=null; delete /m
	`)
	expect(t, dump(t, dir, "--data base64 --grep ^two log.1"), `
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1 data=dHdvCg==
	`)
}

func TestTxnlogDumpTable(t *testing.T) {
	dir := t.TempDir()
	writeTxns(t, dir, sample()...)
	expect(t, dump(t, dir, "-o table --zxid 2 --zxid 0xd log.1"), `
	┌───────────────────────────────┬──────┬─────────┬──────┬────────┬──────┬──────────────────────────────────────────────────────┐
	│ time                          │ zxid │ session │ cxid │ type   │ path │ more                                                 │
	├───────────────────────────────┼──────┼─────────┼──────┼────────┼──────┼──────────────────────────────────────────────────────┤
	│ 2026-01-02T04:04:02.002+01:00 │ 0x2  │ 0x1000a │ 0x2  │ create │ /a   │ size=3                                               │
	│ 2026-01-02T04:04:13.013+01:00 │ 0xd  │ 0x1000a │ 0xd  │ multi  │      │ refused: create /n size=0; error -101 (no such node) │
	└───────────────────────────────┴──────┴─────────┴──────┴────────┴──────┴──────────────────────────────────────────────────────┘
	`)
}

func TestTxnlogDumpJSON(t *testing.T) {
	dir := t.TempDir()
	writeTxns(t, dir, sample()...)
	got := dump(t, dir, "-o jsonl log.1")
	expect(t, got, `
	{"time":"2026-01-02T04:04:01.001+01:00","zxid":"0x1","epoch":0,"session":"0x1000a","cxid":1,"type":"createSession","timeout":30000,"file":"log.1","offset":16,"size":36}
	{"time":"2026-01-02T04:04:02.002+01:00","zxid":"0x2","epoch":0,"session":"0x1000a","cxid":2,"type":"create","path":"/a","data":"one","dataLength":3,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"ephemeral":false,"parentCversion":1,"digest":{"version":2,"value":"0xffffffffffffffff"},"file":"log.1","offset":65,"size":89}
	{"time":"2026-01-02T04:04:03.003+01:00","zxid":"0x3","epoch":0,"session":"0x1000a","cxid":3,"type":"create2","path":"/a/e","data":null,"dataLength":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"ephemeral":true,"parentCversion":1,"file":"log.1","offset":167,"size":76}
	{"time":"2026-01-02T04:04:04.004+01:00","zxid":"0x4","epoch":0,"session":"0x1000a","cxid":4,"type":"createContainer","path":"/box","data":"","dataLength":0,"acl":[{"scheme":"ip","id":"10.0.0.0/8","perms":"r"},{"scheme":"digest","id":"bob:x=","perms":"cdrwa"}],"parentCversion":2,"file":"log.1","offset":256,"size":100}
	{"time":"2026-01-02T04:04:05.005+01:00","zxid":"0x5","epoch":0,"session":"0x1000a","cxid":5,"type":"createTTL","path":"/ttl","data":null,"dataBase64":"/yI=","dataLength":2,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"ttl":90000,"parentCversion":3,"file":"log.1","offset":369,"size":85}
	{"time":"2026-01-02T04:04:06.006+01:00","zxid":"0x6","epoch":0,"session":"0x1000a","cxid":6,"type":"setData","path":"/a","data":"two\n","dataLength":4,"version":1,"file":"log.1","offset":467,"size":50}
	{"time":"2026-01-02T04:04:07.007+01:00","zxid":"0x7","epoch":0,"session":"0x1000a","cxid":7,"type":"setACL","path":"/a","acl":[{"scheme":"ip","id":"10.0.0.0/8","perms":"r"},{"scheme":"digest","id":"bob:x=","perms":"cdrwa"}],"version":1,"file":"log.1","offset":530,"size":94}
	{"time":"2026-01-02T04:04:08.008+01:00","zxid":"0x8","epoch":0,"session":"0x1000a","cxid":8,"type":"reconfig","path":"/zookeeper/config","data":"version=8","dataLength":9,"version":2,"file":"log.1","offset":637,"size":70}
	{"time":"2026-01-02T04:04:09.009+01:00","zxid":"0x9","epoch":0,"session":"0x1000a","cxid":9,"type":"delete","path":"/größe \u001b[2J","file":"log.1","offset":720,"size":49}
	{"time":"2026-01-02T04:04:10.010+01:00","zxid":"0xa","epoch":0,"session":"0x1000a","cxid":10,"type":"deleteContainer","path":"/box","file":"log.1","offset":782,"size":40}
	{"time":"2026-01-02T04:04:11.011+01:00","zxid":"0xb","epoch":0,"session":"0x1000a","cxid":11,"type":"error","refused":true,"err":-103,"error":"bad version","file":"log.1","offset":835,"size":36}
	{"time":"2026-01-02T04:04:12.012+01:00","zxid":"0xc","epoch":0,"session":"0x1000a","cxid":12,"type":"multi","ops":[{"type":"check","path":"/a","version":1},{"type":"create","path":"/m","data":"<m>","dataLength":3,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"ephemeral":false,"parentCversion":4},{"type":"setData","path":"/a","data":null,"dataLength":0,"version":2},{"type":"delete","path":"/m"}],"file":"log.1","offset":884,"size":143}
	{"time":"2026-01-02T04:04:13.013+01:00","zxid":"0xd","epoch":0,"session":"0x1000a","cxid":13,"type":"multi","refused":true,"ops":[{"type":"create","path":"/n","data":null,"dataLength":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"ephemeral":false,"parentCversion":5},{"type":"error","err":-101,"error":"no such node"}],"file":"log.1","offset":1040,"size":98}
	{"time":"2026-01-02T04:04:14.014+01:00","zxid":"0xe","epoch":0,"session":"0x1000a","cxid":14,"type":"closeSession","closed":["/a/e","/x y"],"file":"log.1","offset":1151,"size":52}
	{"time":"2026-01-02T04:04:01.001+01:00","zxid":"0x100000001","epoch":1,"session":"0xffffffffffffffff","cxid":-2,"type":"closeSession","file":"log.1","offset":1216,"size":32}
	`)
	var lines []any
	for line := range strings.Lines(got) {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, v)
	}
	var array []any
	if err := json.Unmarshal([]byte(dump(t, dir, "-o json log.1")), &array); err != nil || len(array) != len(lines) {
		t.Errorf("%d objects in the array, %d lines; %v", len(array), len(lines), err)
	}
	expect(t, dump(t, dir, "-o json --path /nope log.1"), "[]\n")
	expect(t, dump(t, dir, "-o json --zxid 9..10 log.1"), `
	[
	  {"time":"2026-01-02T04:04:09.009+01:00","zxid":"0x9","epoch":0,"session":"0x1000a","cxid":9,"type":"delete","path":"/größe \u001b[2J","file":"log.1","offset":720,"size":49},
	  {"time":"2026-01-02T04:04:10.010+01:00","zxid":"0xa","epoch":0,"session":"0x1000a","cxid":10,"type":"deleteContainer","path":"/box","file":"log.1","offset":782,"size":40}
	]
	`)
	expect(t, dump(t, dir, "-o jsonl --zxid 6 --data none log.1"), `
	{"time":"2026-01-02T04:04:06.006+01:00","zxid":"0x6","epoch":0,"session":"0x1000a","cxid":6,"type":"setData","path":"/a","dataLength":4,"version":1,"file":"log.1","offset":467,"size":50}
	`)
	expect(t, dump(t, dir, "-o jsonl --zxid 6 --data hex log.1"), `
	{"time":"2026-01-02T04:04:06.006+01:00","zxid":"0x6","epoch":0,"session":"0x1000a","cxid":6,"type":"setData","path":"/a","dataHex":"74776f0a","dataLength":4,"version":1,"file":"log.1","offset":467,"size":50}
	`)
}

// Whatever is in a log, a line of JSON is one, and holds it.
func FuzzJSONString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1f\"\\\b\f\n\r\t\x7f<>&\u2028\u2029\ufffd\xff\xed\xa0\x80ä😀")
	f.Fuzz(func(t *testing.T, s string) {
		want, err := encodeJSON(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendJSONString(nil, []byte(s)); string(got) != strings.TrimSuffix(string(want), "\n") {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	})
}

// A word is what no terminal and no eye takes for anything else.
func FuzzWord(f *testing.F) {
	f.Add("/a/b")
	f.Add("/a b\x1b[2J\u009b\u202e;\"\\\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := string(appendWord(nil, []byte(s)))
		if strings.ContainsFunc(got, isControl) {
			t.Errorf("%q: control characters in %q", s, got)
		}
		if got != s && (got[0] != '"' || got[len(got)-1] != '"') {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestTxnlogDumpZkCli(t *testing.T) {
	dir := t.TempDir()
	txns := sample()
	txns[4].Body.(*jute.CreateTTLTxn).Data = []byte("\xff,\xed\xa0\x80.\xe2\x82.\xf0\x9f\x98")
	writeTxns(t, dir, append(txns, aTxn(0x100000002, jute.OpDelete, nulls{1}), aTxn(0x100000003, jute.OpMulti, &jute.MultiTxn{}))...)
	expect(t, dump(t, dir, "-o zkcli log.1"), `
	ZooKeeper Transactional Log File with dbid 0 txnlog format version 2
	1/2/26, 4:04:01 AM CET session 0x1000a cxid 0x1 zxid 0x1 createSession 30000
	1/2/26, 4:04:02 AM CET session 0x1000a cxid 0x2 zxid 0x2 create /a,one,[31,s{'world,'anyone}
	],false,1
	1/2/26, 4:04:03 AM CET session 0x1000a cxid 0x3 zxid 0x3 create2 /a/e,,[31,s{'world,'anyone}
	],true,1
	1/2/26, 4:04:04 AM CET session 0x1000a cxid 0x4 zxid 0x4 createContainer /box,,[1,s{'ip,'10.0.0.0/8}
	, 31,s{'digest,'bob:x=}
	],2
	1/2/26, 4:04:05 AM CET session 0x1000a cxid 0x5 zxid 0x5 createTTL /ttl,�,�.�.�,[31,s{'world,'anyone}
	],3,90000
	1/2/26, 4:04:06 AM CET session 0x1000a cxid 0x6 zxid 0x6 setData /a,two
	,1
	1/2/26, 4:04:07 AM CET session 0x1000a cxid 0x7 zxid 0x7 setACL '/a,v{s{1,s{'ip,'10.0.0.0/8}},s{31,s{'digest,'bob:x=}}},1
	1/2/26, 4:04:08 AM CET session 0x1000a cxid 0x8 zxid 0x8 reconfig /zookeeper/config,version=8,2
	1/2/26, 4:04:09 AM CET session 0x1000a cxid 0x9 zxid 0x9 delete /größe `+"\x1b"+`[2J
	1/2/26, 4:04:10 AM CET session 0x1000a cxid 0xa zxid 0xa deleteContainer /box
	1/2/26, 4:04:11 AM CET session 0x1000a cxid 0xb zxid 0xb error -103
	1/2/26, 4:04:12 AM CET session 0x1000a cxid 0xc zxid 0xc multi check:/a,1;create:/m,<m>,[31,s{'world,'anyone}
	],false,4;setData:/a,,2;delete:/m
	1/2/26, 4:04:13 AM CET session 0x1000a cxid 0xd zxid 0xd multi create:/n,,[31,s{'world,'anyone}
	],false,5;error:-101
	1/2/26, 4:04:14 AM CET session 0x1000a cxid 0xe zxid 0xe closeSession v{'/a/e,'/x y}
	1/2/26, 4:04:01 AM CET session 0xffffffffffffffff cxid 0xfffffffffffffffe zxid 0x100000001 closeSession `+`
	1/2/26, 4:04:02 AM CET session 0x1000a cxid 0x2 zxid 0x100000002 delete null
	1/2/26, 4:04:03 AM CET session 0x1000a cxid 0x3 zxid 0x100000003 multi `+`
	EOF reached after 17 txns.
	`)
}

// Any time may stand in a damaged transaction. What Java 17 prints for it, an hour
// east of Greenwich.
func TestJavaTimes(t *testing.T) {
	for ms, want := range map[int64]string{
		0:                 "1/1/70, 1:00:00 AM CET",
		-1:                "1/1/70, 12:59:59 AM CET",
		1_767_356_640_999: "1/2/26, 1:24:00 PM CET",
		-12219292800000:   "10/15/82, 1:00:00 AM CET",
		-12219296400001:   "10/4/82, 11:59:59 PM CET",
		-12219292800001:   "10/15/82, 12:59:59 AM CET",
		-62135769600000:   "1/1/01, 1:00:00 AM CET",
		-62135769600001:   "1/1/01, 12:59:59 AM CET",
		253402300800000:   "1/1/00, 1:00:00 AM CET",
		math.MinInt64:     "12/2/55, 5:47:04 PM CET",
		math.MaxInt64:     "8/17/94, 8:12:55 AM CET",
		99999999999999999: "11/7/43, 10:46:39 AM CET",
	} {
		if got := string((&txnZkCli{}).appendTime(nil, ms)); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

func gzipped(b []byte) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(b)
	z.Close()
	return packed.Bytes()
}

// Several logs are one stream, in the order of their transactions.
func TestTxnlogDumpSeveral(t *testing.T) {
	dir := t.TempDir()
	version2 := filepath.Join(dir, "version-2")
	os.Mkdir(version2, 0o755)
	all := sample()
	writeTxns(t, version2, all[9:]...) // log.a
	writeTxns(t, version2, all[5:9]...)
	first := writeTxns(t, version2, all[:5]...)
	os.WriteFile(filepath.Join(version2, "snapshot.5"), []byte("no log"), 0o644)

	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "yesterday.gz"), gzipped(b), 0o644)

	whole := t.TempDir()
	writeTxns(t, whole, all...)
	want := dump(t, whole, "log.1")
	for _, args := range []string{".", "version-2", "version-2/log.a version-2/log.6 yesterday.gz", "version-2/log.a version-2/log.1 version-2/log.6"} {
		if got := dump(t, dir, args); got != want {
			t.Errorf("%s: got\n%s", args, got)
		}
	}
	if got := dump(t, dir, "-o zkcli version-2"); strings.Count(got, "ZooKeeper Transactional Log File") != 3 || strings.Count(got, "EOF reached after") != 3 {
		t.Errorf("zkcli: %s", got)
	}
	// A range of zxids leaves files unread.
	os.WriteFile(filepath.Join(version2, "log.6"), []byte("no log at all"), 0o644)
	expect(t, dump(t, dir, "--zxid 0xa..0xb version-2"), `
	2026-01-02T04:04:10.010+01:00 0xa 0x1000a 0xa deleteContainer /box
	2026-01-02T04:04:11.011+01:00 0xb 0x1000a 0xb error -103 (bad version)
	`)
	expect(t, dump(t, dir, "--zxid 1 version-2"), `
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	`)
}

func TestTxnlogDumpUsage(t *testing.T) {
	dir := t.TempDir()
	writeTxns(t, dir, sample()...)
	for line, want := range map[string]string{
		"":                            "! zook: txnlog dump: which logs? usage: zook txnlog dump [FILE|DIR...]\n= 2\n",
		"--type creat log.1":          "! zook: txnlog dump: --type: there is no type \"creat\"; there are session, creates, deletes, write, createSession, closeSession, create, create2, createContainer, createTTL, delete, deleteContainer, setData, setACL, reconfig, multi, error, check (zook txnlog dump --help)\n= 2\n",
		"--path a log.1":              "! zook: txnlog dump: --path: \"a\" does not begin with / (zook txnlog dump --help)\n= 2\n",
		"--grep '(' log.1":            "! zook: txnlog dump: --grep: error parsing regexp: missing closing ): `(` (zook txnlog dump --help)\n= 2\n",
		"--data raw log.1":            "! zook: txnlog dump: --data: there is no \"raw\"; there are none, text, hex, base64 (zook txnlog dump --help)\n= 2\n",
		"--zxid x log.1":              "! zook: txnlog dump: --zxid: \"x\" is not a number such as 0x1f00000002 or 12 (zook txnlog dump --help)\n= 2\n",
		"--since 1h --until 2h log.1": "! zook: txnlog dump: --until is before --since\n= 2\n",
		"log.2":                       "! zook: txnlog dump: log.2: no such file or directory\n= 1\n",
	} {
		if got := dump(t, dir, line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}
