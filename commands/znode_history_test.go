package commands

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/completions"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// onFiles runs commands on a data directory, which DIR stands for, and compares what a
// user sees as play does. An empty line is written as a space.
func onFiles(t *testing.T, dir string, mask func(string) string, text string) {
	t.Helper()
	for _, step := range steps(text) {
		words, err := completions.Split(strings.TrimPrefix(step.line, "$ zook"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "DIR", dir)
		}
		got := mask(strings.ReplaceAll(zook(t.Context(), "", "", words...), dir, "DIR"))
		got = strings.ReplaceAll(strings.ReplaceAll(got, "\n\n", "\n \n"), "\n\n", "\n \n")
		if got != step.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", step.line, got, step.want)
		}
	}
}

func asIs(s string) string { return s }

// aStory is transactions with the zxids 1, 2 and so on, a second after each other from
// 2026-02-03 10:00:01 on, as servers before 3.6 wrote them.
func aStory() (txns []*jute.Txn) {
	add := func(session int64, cxid int32, op jute.OpCode, body jute.Record) {
		zxid := int64(len(txns) + 1)
		at := time.Date(2026, 2, 3, 10, 0, int(zxid), 0, time.Local)
		txns = append(txns, &jute.Txn{Body: body, Header: jute.TxnHeader{
			ClientID: session, Cxid: cxid, Zxid: zxid, Time: at.UnixMilli(), Type: op}})
	}
	multi := func(ops ...any) *jute.MultiTxn {
		m := &jute.MultiTxn{}
		for i := 0; i < len(ops); i += 2 {
			m.Txns = append(m.Txns, jute.SubTxn{Type: ops[i].(jute.OpCode), Data: jute.Marshal(ops[i+1].(jute.Record))})
		}
		return m
	}
	world := jute.OpenACL()
	add(0xa, 0, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 6000})
	add(0xa, 1, jute.OpCreate, &jute.CreateTxn{Path: "/app", Data: []byte("one\n"), ACL: world, ParentCVersion: 1})
	add(0xa, 2, jute.OpCreate, &jute.CreateTxn{Path: "/app/lock", Data: []byte("me"), ACL: world, Ephemeral: true, ParentCVersion: 1})
	add(0xb, 0, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 30000})
	add(0xb, 1, jute.OpSetData, &jute.SetDataTxn{Path: "/app", Data: []byte("two\n"), Version: 1})
	add(0xb, 2, jute.OpCreate, &jute.CreateTxn{Path: "/gone", Data: []byte{0, 1, 2}, ACL: world, ParentCVersion: 2})
	add(0xb, 3, jute.OpError, &jute.ErrorTxn{Err: jute.ErrBadVersion})
	add(0xb, 4, jute.OpMulti, multi(
		jute.OpDelete, &jute.DeleteTxn{Path: "/gone"},
		jute.OpCheck, &jute.CheckVersionTxn{Path: "/app", Version: 1},
		jute.OpCreate, &jute.CreateTxn{Path: "/app/new", ACL: world, ParentCVersion: 2}))
	add(0xb, 5, jute.OpMulti, multi(
		jute.OpDelete, &jute.DeleteTxn{Path: "/app/new"},
		jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode}))
	add(0xa, 0, jute.OpCloseSession, nil)
	add(0xb, 6, jute.OpCreateContainer, &jute.CreateContainerTxn{Path: "/box", ACL: world, ParentCVersion: 3})
	add(0xb, 7, jute.OpCreate, &jute.CreateTxn{Path: "/box/x y", ACL: world, ParentCVersion: 1})
	add(0xb, 8, jute.OpDelete, &jute.DeleteTxn{Path: "/box/x y"})
	add(0, 0, jute.OpDeleteContainer, &jute.DeleteTxn{Path: "/box"})
	add(0xb, 9, jute.OpSetACL, &jute.SetACLTxn{Path: "/app", ACL: []jute.ACL{{Perms: jute.PermRead, ID: world[0].ID}}, Version: 1})
	add(0xb, 10, jute.OpCloseSession, nil)
	return txns
}

// writeLogs writes a data directory with a log of each list.
func writeLogs(t *testing.T, logs ...[]*jute.Txn) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, txns := range logs {
		writeLog(t, filepath.Join(dir, "version-2"), txns)
	}
	return dir
}

func writeLog(t *testing.T, dir string, txns []*jute.Txn) (path string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := txnlog.Create(dir, txns[0].Header.Zxid, txnlog.Options{Prealloc: -1})
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
	return filepath.Join(dir, txnlog.FileName(txns[0].Header.Zxid))
}

// snap is a znode of a snapshot.
type snap struct {
	path, data string
	stat       jute.StatPersisted
}

func writeSnapshot(t *testing.T, dir string, zxid int64, znodes ...snap) (path string) {
	t.Helper()
	path, err := snapshot.Create(filepath.Join(dir, "version-2"), zxid, snapshot.Options{}, func(w *snapshot.Writer) error {
		w.Sessions(1, maps.All(map[int64]int32{0xa: 6000}))
		w.ACLs(0, maps.All(map[int64][]jute.ACL{}))
		w.Node("", nil, snapshot.OpenACL, jute.StatPersisted{})
		for _, z := range znodes {
			w.Node(z.path, []byte(z.data), snapshot.OpenACL, z.stat)
		}
		return w.Digest(snapshot.Digest{Zxid: zxid, Version: 2})
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLog(t *testing.T) {
	onFiles(t, writeLogs(t, aStory()[:6], aStory()[6:]), asIs, `
	$ zook --data-dir DIR log /app
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR log -p /app
	create 0x2
	Time:     2026-02-03T10:00:02.000+01:00
	Session:  0xa, opened 2026-02-03T10:00:01.000+01:00, timeout 6s
	Mode:     persistent
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     4 bytes
	 
	    @@ -0,0 +1,1 @@
	    +one
	 
	setData 0x5
	Time:     2026-02-03T10:00:05.000+01:00
	Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
	Version:  0 -> 1
	Size:     4 -> 4 bytes
	 
	    @@ -1,1 +1,1 @@
	    -one
	    +two
	 
	setACL 0xf
	Time:     2026-02-03T10:00:15.000+01:00
	Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
	ACL:      world:anyone:cdrwa -> world:anyone:r
	Version:  0 -> 1 of the ACL
	 
	$ zook --data-dir DIR log -p /gone
	create 0x6
	Time:     2026-02-03T10:00:06.000+01:00
	Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
	Mode:     persistent
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     3 bytes
	 
	    +00000000  00 01 02                                          |...|
	 
	delete 0x8
	Time:     2026-02-03T10:00:08.000+01:00
	Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
	Mode:     persistent
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     3 bytes
	Multi:    operation 1 of 3
	 
	    -00000000  00 01 02                                          |...|
	 
	$ zook --data-dir DIR log /app/lock
	2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	$ zook --data-dir DIR log -p /app/lock
	create 0x3
	Time:     2026-02-03T10:00:03.000+01:00
	Session:  0xa, opened 2026-02-03T10:00:01.000+01:00, timeout 6s
	Mode:     ephemeral
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     2 bytes
	 
	    @@ -0,0 +1,1 @@
	    +me
	 
	closeSession 0xa
	Time:     2026-02-03T10:00:10.000+01:00
	Session:  0xa, opened 2026-02-03T10:00:01.000+01:00, timeout 6s
	Deleted:  with its session, which expired
	Mode:     ephemeral
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     2 bytes
	 
	    @@ -1,1 +0,0 @@
	    -me
	 
	$ zook --data-dir DIR log /box
	2026-02-03T10:00:11.000+01:00 0xb 0xb 0x6 createContainer /box mode=container version=0 size=0
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	$ zook --data-dir DIR log -r /
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:06.000+01:00 0x6 0xb 0x2 create /gone version=0 size=3
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 delete /gone oldVersion=0 oldSize=3 multi=1/3
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new version=0 size=0 multi=3/3
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	2026-02-03T10:00:11.000+01:00 0xb 0xb 0x6 createContainer /box mode=container version=0 size=0
	2026-02-03T10:00:12.000+01:00 0xc 0xb 0x7 create "/box/x y" version=0 size=0
	2026-02-03T10:00:13.000+01:00 0xd 0xb 0x8 delete "/box/x y" oldVersion=0 oldSize=0
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR log -r -n 2 /app
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR log -r --zxid 4..6 /app
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	$ zook --data-dir DIR log --since 2026-02-03T10:00:06 /app
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR log --until 2026-02-03T10:00:04 /app
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	$ zook --data-dir DIR --at 5 log /app
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	$ zook --data-dir DIR --at 2026-02-03T10:00:02 log -r /
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	$ zook --data-dir DIR log --since 2026-02-03T11:00:00 /app
	$ zook --data-dir DIR log -o table -r /box
	┌───────────────────────────────┬──────┬─────────┬─────────────────┬──────────┬─────────┬──────┬────────────────┐
	│ time                          │ zxid │ session │ type            │ path     │ version │ size │ details        │
	├───────────────────────────────┼──────┼─────────┼─────────────────┼──────────┼─────────┼──────┼────────────────┤
	│ 2026-02-03T10:00:11.000+01:00 │ 0xb  │ 0xb     │ createContainer │ /box     │ 0       │ 0    │ mode=container │
	│ 2026-02-03T10:00:12.000+01:00 │ 0xc  │ 0xb     │ create          │ /box/x y │ 0       │ 0    │                │
	│ 2026-02-03T10:00:13.000+01:00 │ 0xd  │ 0xb     │ delete          │ /box/x y │ (0)     │ (0)  │                │
	│ 2026-02-03T10:00:14.000+01:00 │ 0xe  │ 0x0     │ deleteContainer │ /box     │ (0)     │ (0)  │ cause=reaped   │
	└───────────────────────────────┴──────┴─────────┴─────────────────┴──────────┴─────────┴──────┴────────────────┘
	$ zook --data-dir DIR log -o jsonl /gone
	{"time":"2026-02-03T10:00:06.000+01:00","zxid":"0x6","session":"0xb","sessionOpened":"2026-02-03T10:00:04.000+01:00","sessionTimeout":30000,"cxid":2,"type":"create","path":"/gone","change":"create","mode":"persistent","version":0,"dataLength":3,"aversion":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"data":"\u0000\u0001\u0002"}
	{"time":"2026-02-03T10:00:08.000+01:00","zxid":"0x8","session":"0xb","sessionOpened":"2026-02-03T10:00:04.000+01:00","sessionTimeout":30000,"cxid":4,"type":"delete","multi":{"op":1,"of":3},"path":"/gone","change":"delete","cause":"request","mode":"persistent","oldVersion":0,"oldDataLength":3,"oldAversion":0,"oldAcl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"oldData":"\u0000\u0001\u0002"}
	$ zook --data-dir DIR log -o json -p -n 1 /app
	[
	  {
	    "time": "2026-02-03T10:00:15.000+01:00",
	    "zxid": "0xf",
	    "session": "0xb",
	    "sessionOpened": "2026-02-03T10:00:04.000+01:00",
	    "sessionTimeout": 30000,
	    "cxid": 9,
	    "type": "setACL",
	    "path": "/app",
	    "change": "setACL",
	    "aversion": 1,
	    "oldAversion": 0,
	    "acl": [
	      {
	        "scheme": "world",
	        "id": "anyone",
	        "perms": "r"
	      }
	    ],
	    "oldAcl": [
	      {
	        "scheme": "world",
	        "id": "anyone",
	        "perms": "cdrwa"
	      }
	    ]
	  }
	]
	$ zook --data-dir DIR log /never
	! zook: log /never: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
	$ zook --data-dir DIR log /app/new
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new version=0 size=0 multi=3/3
	$ zook --data-dir DIR log app
	! zook: log: invalid path "app": it must start with /
	= 2
	$ zook --data-dir DIR log -n -1 /app
	! zook: log: -n: a number of changes is 0 or more
	= 2
	$ zook log /app
	! zook: log: this reads files: --data-dir DIR says where they are
	= 2
	$ zook --data-dir DIR/nope log /app
	! zook: log: DIR/nope: no such file or directory
	= 1
`)
}

func TestBlame(t *testing.T) {
	onFiles(t, writeLogs(t, aStory()), asIs, `
	$ zook --data-dir DIR blame /app
	created 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app mode=persistent
	data 2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 size=4
	acl 2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	children 2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock children=1
	$ zook --data-dir DIR blame -o table /app
	┌──────────┬───────────────────────────────┬──────┬─────────┬──────────────┬───────────┬───────────────────────────────┐
	│ what     │ time                          │ zxid │ session │ type         │ path      │ details                       │
	├──────────┼───────────────────────────────┼──────┼─────────┼──────────────┼───────────┼───────────────────────────────┤
	│ created  │ 2026-02-03T10:00:02.000+01:00 │ 0x2  │ 0xa     │ create       │ /app      │ mode=persistent               │
	│ data     │ 2026-02-03T10:00:05.000+01:00 │ 0x5  │ 0xb     │ setData      │ /app      │ version=1 size=4              │
	│ acl      │ 2026-02-03T10:00:15.000+01:00 │ 0xf  │ 0xb     │ setACL       │ /app      │ aversion=1 acl=world:anyone:r │
	│ children │ 2026-02-03T10:00:10.000+01:00 │ 0xa  │ 0xa     │ closeSession │ /app/lock │ children=1                    │
	└──────────┴───────────────────────────────┴──────┴─────────┴──────────────┴───────────┴───────────────────────────────┘
	$ zook --data-dir DIR --at 4 blame /app
	created 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app mode=persistent
	data 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	acl 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app aversion=0 acl=world:anyone:cdrwa
	children 2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock children=1
	$ zook --data-dir DIR blame -o json -- /app/new
	[
	  {
	    "what": "created",
	    "time": "2026-02-03T10:00:08.000+01:00",
	    "zxid": "0x8",
	    "session": "0xb",
	    "sessionOpened": "2026-02-03T10:00:04.000+01:00",
	    "sessionTimeout": 30000,
	    "cxid": 4,
	    "type": "create",
	    "multi": {
	      "op": 3,
	      "of": 3
	    },
	    "path": "/app/new",
	    "mode": "persistent"
	  },
	  {
	    "what": "data",
	    "time": "2026-02-03T10:00:08.000+01:00",
	    "zxid": "0x8",
	    "session": "0xb",
	    "sessionOpened": "2026-02-03T10:00:04.000+01:00",
	    "sessionTimeout": 30000,
	    "cxid": 4,
	    "type": "create",
	    "multi": {
	      "op": 3,
	      "of": 3
	    },
	    "path": "/app/new",
	    "version": 0,
	    "dataLength": 0
	  },
	  {
	    "what": "acl",
	    "time": "2026-02-03T10:00:08.000+01:00",
	    "zxid": "0x8",
	    "session": "0xb",
	    "sessionOpened": "2026-02-03T10:00:04.000+01:00",
	    "sessionTimeout": 30000,
	    "cxid": 4,
	    "type": "create",
	    "multi": {
	      "op": 3,
	      "of": 3
	    },
	    "path": "/app/new",
	    "aversion": 0,
	    "acl": [
	      {
	        "scheme": "world",
	        "id": "anyone",
	        "perms": "cdrwa"
	      }
	    ]
	  }
	]
	$ zook --data-dir DIR blame /gone
	! zook: blame /gone: no such node: deleted at 2026-02-03T10:00:08.000+01:00 by 0x8: who-deleted tells more
	= 3
	$ zook --data-dir DIR blame /never
	! zook: blame /never: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
`)
}

func TestWhoDeleted(t *testing.T) {
	onFiles(t, writeLogs(t, aStory()), asIs, `
	$ zook --data-dir DIR who-deleted /gone
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 delete /gone oldVersion=0 oldSize=3 multi=1/3 also=1
	$ zook --data-dir DIR who-deleted /app/lock
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	$ zook --data-dir DIR who-deleted /box
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	$ zook --data-dir DIR who-deleted -o json "/box/x y"
	{
	  "time": "2026-02-03T10:00:13.000+01:00",
	  "zxid": "0xd",
	  "session": "0xb",
	  "sessionOpened": "2026-02-03T10:00:04.000+01:00",
	  "sessionTimeout": 30000,
	  "cxid": 8,
	  "type": "delete",
	  "path": "/box/x y",
	  "change": "delete",
	  "cause": "request",
	  "mode": "persistent",
	  "oldVersion": 0,
	  "oldDataLength": 0,
	  "oldAversion": 0,
	  "oldAcl": [
	    {
	      "scheme": "world",
	      "id": "anyone",
	      "perms": "cdrwa"
	    }
	  ],
	  "oldData": null,
	  "at": "0xc",
	  "also": {
	    "count": 1,
	    "below": "/",
	    "from": "2026-02-03T10:00:08.000+01:00",
	    "to": "2026-02-03T10:00:13.000+01:00",
	    "paths": [
	      "/gone"
	    ]
	  }
	}
	$ zook --data-dir DIR who-deleted /app
	! zook: who-deleted /app: it exists: created 2026-02-03T10:00:02.000+01:00, 0x2, by session 0xa
	= 1
	$ zook --data-dir DIR who-deleted /never
	! zook: who-deleted /never: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
	$ zook --data-dir DIR --at 5 who-deleted /gone
	! zook: who-deleted /gone: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x5 (2026-02-03T10:00:05.000+01:00)
	= 3
`)
}

func TestTxnlogSession(t *testing.T) {
	onFiles(t, writeLogs(t, aStory()), asIs, `
	$ zook txnlog session DIR
	0xa 2026-02-03T10:00:01.000+01:00 2026-02-03T10:00:10.000+01:00 sessionExpired timeout=6000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=6 refused=0 ephemerals=1 lost=-
	0xb 2026-02-03T10:00:04.000+01:00 2026-02-03T10:00:16.000+01:00 sessionClosed timeout=30000 writes=8 creates=4 sets=1 setAcls=1 deletes=2 multis=1 bytes=7 refused=2 ephemerals=0 lost=-
	$ zook txnlog session 0xa DIR/version-2/log.1
	2026-02-03T10:00:01.000+01:00 0x1 0xa 0x0 createSession timeout=6s
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock cause=sessionExpired
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession cause=sessionExpired
	0xa 2026-02-03T10:00:01.000+01:00 2026-02-03T10:00:10.000+01:00 sessionExpired timeout=6000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=6 refused=0 ephemerals=1 lost=1
	$ zook txnlog session 0xb DIR
	2026-02-03T10:00:04.000+01:00 0x4 0xb 0x0 createSession timeout=30s
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 size=4
	2026-02-03T10:00:06.000+01:00 0x6 0xb 0x2 create /gone version=0 size=3
	2026-02-03T10:00:07.000+01:00 0x7 0xb 0x3 error refused -103 (bad version)
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 delete /gone multi=1/3
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new version=0 size=0 multi=3/3
	2026-02-03T10:00:09.000+01:00 0x9 0xb 0x5 multi refused -101 (no such node) at operation 2 of 2
	2026-02-03T10:00:11.000+01:00 0xb 0xb 0x6 createContainer /box mode=container version=0 size=0
	2026-02-03T10:00:12.000+01:00 0xc 0xb 0x7 create "/box/x y" version=0 size=0
	2026-02-03T10:00:13.000+01:00 0xd 0xb 0x8 delete "/box/x y"
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	2026-02-03T10:00:16.000+01:00 0x10 0xb 0xa closeSession cause=sessionClosed
	0xb 2026-02-03T10:00:04.000+01:00 2026-02-03T10:00:16.000+01:00 sessionClosed timeout=30000 writes=8 creates=4 sets=1 setAcls=1 deletes=2 multis=1 bytes=7 refused=2 ephemerals=0 lost=0
	$ zook txnlog session 0 DIR
	! zook: txnlog session: 0x0 is no session but the server itself: txnlog dump --session 0 shows what it did
	= 2
	$ zook txnlog session -o table 0xa DIR
	┌───────────────────────────────┬──────┬─────────┬───────────────┬───────────┬─────────┬──────┬──────────────────────┐
	│ time                          │ zxid │ session │ type          │ path      │ version │ size │ details              │
	├───────────────────────────────┼──────┼─────────┼───────────────┼───────────┼─────────┼──────┼──────────────────────┤
	│ 2026-02-03T10:00:01.000+01:00 │ 0x1  │ 0xa     │ createSession │           │         │      │ timeout=6s           │
	│ 2026-02-03T10:00:02.000+01:00 │ 0x2  │ 0xa     │ create        │ /app      │ 0       │ 4    │                      │
	│ 2026-02-03T10:00:03.000+01:00 │ 0x3  │ 0xa     │ create        │ /app/lock │ 0       │ 2    │ mode=ephemeral       │
	│ 2026-02-03T10:00:10.000+01:00 │ 0xa  │ 0xa     │ closeSession  │ /app/lock │         │      │ cause=sessionExpired │
	│ 2026-02-03T10:00:10.000+01:00 │ 0xa  │ 0xa     │ closeSession  │           │         │      │ cause=sessionExpired │
	└───────────────────────────────┴──────┴─────────┴───────────────┴───────────┴─────────┴──────┴──────────────────────┘
	$ zook txnlog session -o jsonl 0xa DIR
	{"time":"2026-02-03T10:00:01.000+01:00","zxid":"0x1","session":"0xa","sessionTimeout":6000,"cxid":0,"type":"createSession"}
	{"time":"2026-02-03T10:00:02.000+01:00","zxid":"0x2","session":"0xa","cxid":1,"type":"create","path":"/app","change":"create","mode":"persistent","version":0,"dataLength":4,"aversion":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"data":"one\n"}
	{"time":"2026-02-03T10:00:03.000+01:00","zxid":"0x3","session":"0xa","cxid":2,"type":"create","path":"/app/lock","change":"create","mode":"ephemeral","version":0,"dataLength":2,"aversion":0,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"data":"me"}
	{"time":"2026-02-03T10:00:10.000+01:00","zxid":"0xa","session":"0xa","cxid":0,"type":"closeSession","path":"/app/lock","change":"delete","cause":"sessionExpired","mode":"ephemeral"}
	{"time":"2026-02-03T10:00:10.000+01:00","zxid":"0xa","session":"0xa","cxid":0,"type":"closeSession","cause":"sessionExpired"}
	{"type":"summary","session":"0xa","server":0,"opened":"2026-02-03T10:00:01.000+01:00","openedZxid":"0x1","timeout":6000,"ended":"2026-02-03T10:00:10.000+01:00","endedZxid":"0xa","end":"sessionExpired","first":"2026-02-03T10:00:01.000+01:00","last":"2026-02-03T10:00:10.000+01:00","writes":2,"creates":2,"sets":0,"setAcls":0,"deletes":0,"multis":0,"bytes":6,"refused":0,"ephemerals":1,"lost":1}
	$ zook --data-dir DIR --at 9 txnlog session
	0xa 2026-02-03T10:00:01.000+01:00 - open timeout=6000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=6 refused=0 ephemerals=1 lost=0
	0xb 2026-02-03T10:00:04.000+01:00 - open timeout=30000 writes=4 creates=2 sets=1 setAcls=0 deletes=1 multis=1 bytes=7 refused=2 ephemerals=0 lost=0
	$ zook txnlog session 0xc DIR
	! zook: txnlog session: the logs tell of no session 0xc from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 1
	$ zook txnlog session 0xa
	! zook: txnlog session: which logs? usage: zook txnlog session [SESSION] FILE|DIR...
	= 2
`)
}
