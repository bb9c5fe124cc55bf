package commands

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/jute"
	"zook/txnlog"
)

// logsOf is the directory of a data directory's logs.
func logsOf(dir string) string { return filepath.Join(dir, "version-2") }

func changeFile(t *testing.T, file string, do func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, do(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLogOfWhatWasThere looks at logs that a server has purged the first of.
func TestLogOfWhatWasThere(t *testing.T) {
	story := aStory()
	dir := writeLogs(t, story[4:])
	onFiles(t, dir, asIs, `
	$ zook --data-dir DIR log /app
	! zook: log: warning: no snapshot says what there was before 0x5
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR log /app/lock
	! zook: log: warning: no snapshot says what there was before 0x5
	! zook: log /app/lock: no such node from 0x5 (2026-02-03T10:00:05.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
	$ zook --data-dir DIR who-deleted /app/lock
	! zook: who-deleted: warning: no snapshot says what there was before 0x5
	! zook: who-deleted /app/lock: no such node from 0x5 (2026-02-03T10:00:05.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
	$ zook --data-dir DIR blame /app
	! zook: blame: warning: no snapshot says what there was before 0x5
	created - - - - before /app
	data 2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 size=4
	acl 2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	children 2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new multi=3/3
`)
	at := func(zxid int64) int64 { return story[zxid-1].Header.Time }
	app := jute.StatPersisted{Czxid: 2, Ctime: at(2), Mzxid: 2, Mtime: at(2), Pzxid: 3, Cversion: 1}
	lock := jute.StatPersisted{Czxid: 3, Ctime: at(3), Mzxid: 3, Mtime: at(3), Pzxid: 3, EphemeralOwner: 0xa}
	writeSnapshot(t, dir, 4, snap{"/app", "one\n", app}, snap{"/app/lock", "me", lock})
	onFiles(t, dir, asIs, `
	$ zook --data-dir DIR log /app --zxid ..0xa
	2026-02-03T10:00:02.000+01:00 0x2 - - before /app version=0 size=4 aversion=0 acl=world:anyone:cdrwa
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	$ zook --data-dir DIR log -p -n 2 /app/lock
	There before the logs begin
	Created:  2026-02-03T10:00:03.000+01:00, 0x3
	Session:  0xa
	Mode:     ephemeral
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     2 bytes
	 
	    @@ -0,0 +1,1 @@
	    +me
	 
	closeSession 0xa
	Time:     2026-02-03T10:00:10.000+01:00
	Session:  0xa, opened before the logs begin, timeout 6s
	Deleted:  with its session, which expired
	Mode:     ephemeral
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     2 bytes
	 
	    @@ -1,1 +0,0 @@
	    -me
	 
	$ zook --data-dir DIR log -r /app
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new version=0 size=0 multi=3/3
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook --data-dir DIR who-deleted -o jsonl /app/lock
	{"time":"2026-02-03T10:00:10.000+01:00","zxid":"0xa","session":"0xa","sessionTimeout":6000,"cxid":0,"type":"closeSession","path":"/app/lock","change":"delete","cause":"sessionExpired","mode":"ephemeral","oldVersion":0,"oldDataLength":2,"oldAversion":0,"oldAcl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"oldData":"me","at":"0x9"}
	$ zook --data-dir DIR --at 4 blame /app
	created 2026-02-03T10:00:02.000+01:00 0x2 - - before /app mode=persistent
	data 2026-02-03T10:00:02.000+01:00 0x2 - - before /app version=0 size=4
	acl 2026-02-03T10:00:02.000+01:00 0x2 - - before /app aversion=0 acl=world:anyone:cdrwa
	children - 0x3 - - before /app children=1
	$ zook --data-dir DIR --at 4 log /app
	2026-02-03T10:00:02.000+01:00 0x2 - - before /app version=0 size=4 aversion=0 acl=world:anyone:cdrwa
	$ zook --data-dir DIR --at 3 blame /app
	! zook: blame /app: --at 0x3 is before what the files tell of: the logs begin at 0x5
	= 1
	$ zook --data-dir DIR --at 2026-02-03T10:00:04 log /app
	! zook: log /app: --at 2026-02-03T10:00:04+01:00 is before what the files tell of: the logs begin at 0x5
	= 1
	$ zook --data-dir DIR log /before
	! zook: log /before: no such node from 0x5 (2026-02-03T10:00:05.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 3
	$ zook --data-dir DIR txnlog session 0xa
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession cause=sessionExpired
	0xa - 2026-02-03T10:00:10.000+01:00 sessionExpired timeout=6000 writes=0 creates=0 sets=0 setAcls=0 deletes=0 multis=0 bytes=0 refused=0 ephemerals=0 lost=0
	$ zook --data-dir DIR --at 5 txnlog session
	0xa - - open timeout=6000 writes=0 creates=0 sets=0 setAcls=0 deletes=0 multis=0 bytes=0 refused=0 ephemerals=0 lost=0
	0xb - - open timeout=- writes=1 creates=0 sets=1 setAcls=0 deletes=0 multis=0 bytes=4 refused=0 ephemerals=0 lost=0
`)
	// The oldest snapshot is most often younger than the first transaction that is left.
	os.Remove(filepath.Join(logsOf(dir), "snapshot.4"))
	app.Mzxid, app.Mtime, app.Version = 5, at(5), 1
	writeSnapshot(t, dir, 6, snap{"/app", "two\n", app}, snap{"/app/lock", "me", lock},
		snap{"/gone", "abc", jute.StatPersisted{Czxid: 6, Ctime: at(6), Mzxid: 6, Mtime: at(6), Pzxid: 6}})
	onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 - - before /app aversion=0 acl=world:anyone:cdrwa
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	$ zook log /app/lock --data-dir DIR
	2026-02-03T10:00:03.000+01:00 0x3 0xa - before /app/lock mode=ephemeral version=0 size=2 aversion=0 acl=world:anyone:cdrwa
	2026-02-03T10:00:10.000+01:00 0xa 0xa 0x0 closeSession /app/lock oldVersion=0 oldSize=2 cause=sessionExpired
	$ zook log /gone --data-dir DIR
	2026-02-03T10:00:06.000+01:00 0x6 0xb 0x2 create /gone version=0 size=3
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 delete /gone oldVersion=0 oldSize=3 multi=1/3
	$ zook blame /app/lock --at 9 --data-dir DIR
	created 2026-02-03T10:00:03.000+01:00 0x3 0xa - before /app/lock mode=ephemeral
	data 2026-02-03T10:00:03.000+01:00 0x3 0xa - before /app/lock version=0 size=2
	acl 2026-02-03T10:00:03.000+01:00 0x3 0xa - before /app/lock aversion=0 acl=world:anyone:cdrwa
`)
	// Without a transaction the newest snapshot is all there is.
	os.Remove(filepath.Join(logsOf(dir), "log.5"))
	onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR --output text
	2026-02-03T10:00:02.000+01:00 0x2 - - before /app version=1 size=4 aversion=0 acl=world:anyone:cdrwa mzxid=0x5 mtime=2026-02-03T10:00:05.000+01:00
	$ zook blame /app --data-dir DIR --output text
	created 2026-02-03T10:00:02.000+01:00 0x2 - - before /app mode=persistent
	data 2026-02-03T10:00:05.000+01:00 0x5 - - before /app version=1 size=4
	acl 2026-02-03T10:00:02.000+01:00 0x2 - - before /app aversion=0 acl=world:anyone:cdrwa
	children - 0x3 - - before /app children=1
	$ zook who-deleted /app --data-dir DIR --output text
	! zook: who-deleted /app: it exists: created 2026-02-03T10:00:02.000+01:00, 0x2
	= 1
	$ zook who-deleted /nope --data-dir DIR --output text
	! zook: who-deleted /nope: no such node in logs without a transaction
	= 3
`)
}

// TestLogOfDamage wants all that can be known, a line that says what cannot, and exit
// code 9.
func TestLogOfDamage(t *testing.T) {
	story := aStory()
	flip := func(b []byte) []byte { b[len(b)-40] ^= 1; return b }
	t.Run("torn at the end", func(t *testing.T) {
		dir := writeLogs(t, story)
		changeFile(t, filepath.Join(logsOf(dir), "log.1"), func(b []byte) []byte { return b[:len(b)-3] })
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
`)
	})
	t.Run("a log without a transaction", func(t *testing.T) {
		dir := writeLogs(t, story)
		os.WriteFile(filepath.Join(logsOf(dir), "log.11"), nil, 0o644)
		os.WriteFile(filepath.Join(logsOf(dir), "log.12"), []byte("ZKLG\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"), 0o644)
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
`)
	})
	t.Run("a changed bit", func(t *testing.T) {
		dir := writeLogs(t, story[:10], story[10:])
		changeFile(t, filepath.Join(logsOf(dir), "log.1"), func(b []byte) []byte {
			b[bytes.Index(b, []byte("two"))] ^= 1
			return b
		})
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	! zook: log: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	! zook: log: warning: no snapshot says what there was before 0xb
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	= 9
	$ zook log /app/lock --data-dir DIR
	2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
	! zook: log: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	! zook: log: warning: no snapshot says what there was before 0xb
	= 9
	$ zook who-deleted /gone --data-dir DIR
	! zook: who-deleted: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	! zook: who-deleted: warning: no snapshot says what there was before 0xb
	! zook: who-deleted /gone: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 9
	$ zook who-deleted /box --data-dir DIR
	! zook: who-deleted: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	! zook: who-deleted: warning: no snapshot says what there was before 0xb
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	= 9
	$ zook blame /app --data-dir DIR
	! zook: blame: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	! zook: blame: warning: no snapshot says what there was before 0xb
	created 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app mode=persistent
	data 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	acl 2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	children 2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock
	= 9
	$ zook txnlog session 0xa DIR
	2026-02-03T10:00:01.000+01:00 0x1 0xa 0x0 createSession timeout=6s
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:03.000+01:00 0x3 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
	! zook: txnlog session: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	0xa 2026-02-03T10:00:01.000+01:00 - open timeout=6000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=6 refused=0 ephemerals=1 lost=0
	= 9
	$ zook txnlog session DIR
	! zook: txnlog session: DIR/version-2/log.1: damaged at offset 303 (last good zxid 0x4): the checksum of a record of 52 bytes is 0x65330570, not 0x652b056f as it says; the next whole record is at offset 368, zxid 0x6: what follows in this log is not known
	0xb 2026-02-03T10:00:04.000+01:00 2026-02-03T10:00:16.000+01:00 sessionClosed timeout=30000 writes=4 creates=2 sets=0 setAcls=1 deletes=1 multis=0 bytes=0 refused=0 ephemerals=0 lost=-
	0xa 2026-02-03T10:00:01.000+01:00 - open timeout=6000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=6 refused=0 ephemerals=1 lost=0
	= 9
`)
	})
	t.Run("at the end", func(t *testing.T) {
		dir := writeLogs(t, story)
		changeFile(t, filepath.Join(logsOf(dir), "log.1"), flip)
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	! zook: log: DIR/version-2/log.1: damaged at offset 1153 (last good zxid 0xf): the checksum of a record of 32 bytes is 0x195205b7, not 0x195305b7 as it says: what follows in this log is not known
	= 9
	$ zook --at 14 log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
`)
	})
	t.Run("a log is missing", func(t *testing.T) {
		dir := writeLogs(t, story[:4], story[10:])
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	! zook: log: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0x4): zxid 0xb comes after 0x4: the transactions between them are missing
	! zook: log: warning: no snapshot says what there was before 0xb
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	= 9
	$ zook who-deleted /app/lock --data-dir DIR
	! zook: who-deleted: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0x4): zxid 0xb comes after 0x4: the transactions between them are missing
	! zook: who-deleted: warning: no snapshot says what there was before 0xb
	! zook: who-deleted /app/lock: it was there before the hole in the logs: created 2026-02-03T10:00:03.000+01:00, 0x3, by session 0xa
	= 9
`)
	})
	t.Run("a log is missing but for a snapshot", func(t *testing.T) {
		dir := writeLogs(t, story[:4], story[10:])
		at := func(zxid int64) int64 { return story[zxid-1].Header.Time }
		writeSnapshot(t, dir, 10, snap{"/app", "two\n", jute.StatPersisted{Czxid: 2, Ctime: at(2), Mzxid: 5, Mtime: at(5), Version: 1, Pzxid: 10, Cversion: 2}})
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	! zook: log: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0x4): zxid 0xb comes after 0x4: the transactions between them are missing
	2026-02-03T10:00:02.000+01:00 0x2 - - before /app version=1 size=4 aversion=0 acl=world:anyone:cdrwa mzxid=0x5 mtime=2026-02-03T10:00:05.000+01:00
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	= 9
	$ zook blame /app --data-dir DIR
	! zook: blame: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0x4): zxid 0xb comes after 0x4: the transactions between them are missing
	created 2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app mode=persistent
	data 2026-02-03T10:00:05.000+01:00 0x5 - - before /app version=1 size=4
	acl 2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	children - 0xa - - before /app children=0
	= 9
	$ zook who-deleted /app/lock --data-dir DIR
	! zook: who-deleted: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0x4): zxid 0xb comes after 0x4: the transactions between them are missing
	! zook: who-deleted: warning: /app/lock was deleted by a transaction that is missing, between 0x4 and 0xb
	! zook: who-deleted /app/lock: no such node from 0x1 (2026-02-03T10:00:01.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
	= 9
`)
	})
	t.Run("a snapshot in the place of another epoch's first transactions", func(t *testing.T) {
		later := aStory()[10:]
		for _, txn := range later {
			txn.Header.Zxid += 1 << 32
		}
		dir := writeLogs(t, story[:4], later)
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:15.000+01:00 0x10000000f 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
`)
		writeSnapshot(t, dir, 1<<32+10, snap{"/app", "new\n", jute.StatPersisted{Czxid: 1<<32 + 1, Mzxid: 1<<32 + 1, Pzxid: 1<<32 + 1}})
		onFiles(t, dir, asIs, `
	$ zook log -o text /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	! zook: log: DIR/version-2/log.10000000b: damaged at offset 16 (last good zxid 0x4): zxid 0x10000000b comes after 0x4: the transactions between them are missing
	1970-01-01T01:00:00.000+01:00 0x100000001 - - before /app version=0 size=4 aversion=0 acl=world:anyone:cdrwa
	2026-02-03T10:00:15.000+01:00 0x10000000f 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	= 9
`)
	})
	t.Run("twice the same", func(t *testing.T) {
		dir := writeLogs(t, story[:10], story[5:])
		onFiles(t, dir, asIs, `
	$ zook log /gone --data-dir DIR
	2026-02-03T10:00:06.000+01:00 0x6 0xb 0x2 create /gone version=0 size=3
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 delete /gone oldVersion=0 oldSize=3 multi=1/3
	! zook: log: DIR/version-2/log.6: damaged at offset 16 (last good zxid 0xa): zxid 0x6 comes after 0xa: left out up to there
	= 9
	$ zook log /box --data-dir DIR
	! zook: log: DIR/version-2/log.6: damaged at offset 16 (last good zxid 0xa): zxid 0x6 comes after 0xa: left out up to there
	2026-02-03T10:00:11.000+01:00 0xb 0xb 0x6 createContainer /box mode=container version=0 size=0
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	= 9
`)
	})
	t.Run("not a log", func(t *testing.T) {
		dir := writeLogs(t, story)
		os.WriteFile(filepath.Join(logsOf(dir), "log.11"), []byte(strings.Repeat("no log", 10)), 0o644)
		onFiles(t, dir, asIs, `
	$ zook log /box --data-dir DIR
	2026-02-03T10:00:11.000+01:00 0xb 0xb 0x6 createContainer /box mode=container version=0 size=0
	2026-02-03T10:00:14.000+01:00 0xe 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped
	! zook: log: DIR/version-2/log.11: damaged at offset 0 (no transaction before it): not a transaction log: it begins with "no l", not "ZKLG": what follows in this log is not known
	= 9
`)
	})
	t.Run("not a transaction", func(t *testing.T) {
		dir := writeLogs(t, story[:10])
		w, err := txnlog.Create(logsOf(dir), 11, txnlog.Options{Prealloc: -1})
		if err != nil {
			t.Fatal(err)
		}
		h := jute.TxnHeader{ClientID: 0xb, Zxid: 11, Time: story[10].Header.Time, Type: jute.OpCreate}
		w.AppendRaw(jute.AppendUstring(jute.Marshal(&h), "/app"))
		h.Zxid, h.Type = 12, 99
		w.AppendRaw(jute.AppendUstring(jute.Marshal(&h), "/app"))
		w.Close()
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	2026-02-03T10:00:02.000+01:00 0x2 0xa 0x1 create /app version=0 size=4
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4 oldSize=4
	! zook: log: DIR/version-2/log.b: damaged at offset 16 (last good zxid 0xa): transaction of type create: record cut short: 4 bytes wanted at offset 40, 0 left: it is left out
	! zook: log: DIR/version-2/log.b: damaged at offset 69 (last good zxid 0xb): transaction of type op 99: op 99 is not a transaction: it is left out
	= 9
	$ zook log /app/new --data-dir DIR
	2026-02-03T10:00:08.000+01:00 0x8 0xb 0x4 create /app/new version=0 size=0 multi=3/3
`)
	})
	t.Run("a snapshot", func(t *testing.T) {
		dir := writeLogs(t, story[4:])
		writeSnapshot(t, dir, 4, snap{"/app", "one\n", jute.StatPersisted{Czxid: 2, Mzxid: 2, Pzxid: 3}})
		changeFile(t, filepath.Join(logsOf(dir), "snapshot.4"), flip)
		onFiles(t, dir, asIs, `
	$ zook log /app --data-dir DIR
	! zook: log: warning: snapshot passed over: DIR/version-2/snapshot.4: damaged at offset 201 (last znode "/app"): the checksum is 0x931420ba, not 0x931421ba as it says
	! zook: log: no snapshot says what there was before 0x5, since one is damaged
	2026-02-03T10:00:05.000+01:00 0x5 0xb 0x1 setData /app version=1 oldVersion=0 size=4
	2026-02-03T10:00:15.000+01:00 0xf 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
	= 9
`)
	})
}

// FuzzHistory tells of transactions that nobody can have written.
func FuzzHistory(f *testing.F) {
	var all []byte
	for _, txn := range aStory() {
		raw := txn.Append(nil)
		all = append(binary.BigEndian.AppendUint16(all, uint16(len(raw))), raw...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(logsOf(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		log := jute.Marshal(&jute.FileHeader{Magic: jute.LogMagic, Version: 2})
		for len(b) >= 2 {
			n := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			n = min(n, len(b))
			if n >= headerSize {
				log = jute.AppendBuffer(jute.AppendLong(log, int64(adler32.Checksum(b[:n]))), b[:n])
				log = append(log, 'B')
			}
			b = b[n:]
		}
		if err := os.WriteFile(filepath.Join(logsOf(dir), "log.1"), log, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"log /app", "log -r -p -o jsonl /", "blame -o table /app", "blame -o jsonl /",
			"who-deleted -a /gone", "txnlog session -o json", "txnlog session 0xb"} {
			env := &Env{Out: io.Discard, Err: io.Discard, Terminal: true}
			err := Run(context.Background(), env, append([]string{"--data-dir", dir}, strings.Fields(line)...))
			switch code := ExitCode(err); code {
			case ExitOK, ExitFailed, ExitNoNode, ExitDamaged:
			default:
				t.Errorf("%v: exit code %d: %v", line, code, err)
			}
		}
	})
}
