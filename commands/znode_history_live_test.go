package commands

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// TestHistoryOfApache reads what Apache wrote: transactions of every type.
func TestHistoryOfApache(t *testing.T) {
	s := zktest.Everything(t)
	s.Stop()
	onFiles(t, s.DataDir, mask, `
	$ zook --data-dir DIR log /app/lines
	TIME 0xN 0xN 0xN create /app/lines version=0 size=12
	TIME 0xN 0xN 0xN setData /app/lines version=1 oldVersion=0 size=18 oldSize=12
	$ zook --data-dir DIR log -p -n 1 /app/lines
	setData 0xN
	Time:     TIME
	Session:  0xN, opened TIME, timeout 10s
	Version:  0 -> 1
	Size:     12 -> 18 bytes
	 
	    @@ -1,2 +1,3 @@
	     a = 1
	    -b = 2
	    +b = 3
	    +c = 4
	 
	$ zook --data-dir DIR log -r -n 2 /app
	TIME 0xN 0xN 0xN closeSession /app/lock-0000000019 oldVersion=0 oldSize=0 cause=sessionClosed
	TIME 0xN 0xN 0xN setData /app version=3 oldVersion=2 size=12000 oldSize=5
	$ zook --data-dir DIR log /app/empty
	TIME 0xN 0xN 0xN create /app/empty version=0 size=0
	TIME 0xN 0xN 0xN setACL /app/empty aversion=1 acl=digest:ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=:cdrwa
	$ zook --data-dir DIR log /m
	TIME 0xN 0xN 0xN create /m version=0 size=1 multi=1/5
	TIME 0xN 0xN 0xN setData /m version=1 oldVersion=0 size=1 oldSize=1 multi=2/5
	$ zook --data-dir DIR log /m/x
	TIME 0xN 0xN 0xN create /m/x version=0 size=0 multi=4/5
	TIME 0xN 0xN 0xN delete /m/x oldVersion=0 oldSize=0 multi=5/5
	$ zook --data-dir DIR log /no
	! zook: log /no: no such node from 0xN (TIME) to 0xN (TIME)
	= 3
	$ zook --data-dir DIR log /ttl
	TIME 0xN 0xN 0xN createTTL /ttl mode=ttl ttl=1h0m0s version=0 size=1
	$ zook --data-dir DIR log /container
	TIME 0xN 0xN 0xN createContainer /container mode=container version=0 size=1
	$ zook --data-dir DIR log "/app/größe 測試"
	TIME 0xN 0xN 0xN create "/app/größe 測試" version=0 size=10
	$ zook --data-dir DIR log /zookeeper/config
	- 0x0 - - before /zookeeper/config version=-1 size=68 aversion=-1 acl=world:anyone:r
	TIME 0xN 0xN 0xN reconfig /zookeeper/config version=-1 oldVersion=-1 size=132 oldSize=68
	$ zook --data-dir DIR log -r -n 3 /zookeeper
	TIME 0xN 0xN 0xN create /zookeeper/quota/app/zookeeper_limits version=0 size=18
	TIME 0xN 0xN 0xN create /zookeeper/quota/app/zookeeper_stats version=0 size=15
	TIME 0xN 0xN 0xN reconfig /zookeeper/config version=-1 oldVersion=-1 size=132 oldSize=68
	$ zook --data-dir DIR who-deleted /gone
	! zook: who-deleted /gone: it exists: created TIME, 0xN, by session 0xN: it had been deleted once before, which -a shows
	= 1
	$ zook --data-dir DIR who-deleted -a /gone
	TIME 0xN 0xN 0xN delete /gone oldVersion=0 oldSize=0 also=104
	$ zook --data-dir DIR who-deleted /app/other
	TIME 0xN 0xN 0xN closeSession /app/other oldVersion=0 oldSize=0 cause=sessionClosed also=1
	$ zook --data-dir DIR who-deleted /m/x
	TIME 0xN 0xN 0xN delete /m/x oldVersion=0 oldSize=0 multi=5/5 also=104
	$ zook --data-dir DIR blame /app
	created TIME 0xN 0xN 0xN create /app mode=persistent
	data TIME 0xN 0xN 0xN setData /app version=3 size=12000
	acl TIME 0xN 0xN 0xN create /app aversion=0 acl=world:anyone:cdrwa
	children TIME 0xN 0xN 0xN closeSession /app/lock-0000000019 children=19
	$ zook --data-dir DIR blame /zookeeper/config
	created - 0x0 - - before /zookeeper/config mode=persistent
	data TIME 0xN 0xN 0xN reconfig /zookeeper/config version=-1 size=132
	acl - 0x0 - - before /zookeeper/config aversion=-1 acl=world:anyone:r
	$ zook --data-dir DIR txnlog session
	0xN TIME TIME sessionClosed timeout=10000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=1 refused=0 ephemerals=2 lost=2
	0xN TIME TIME sessionClosed timeout=10000 writes=0 creates=0 sets=0 setAcls=0 deletes=0 multis=0 bytes=0 refused=0 ephemerals=0 lost=0
	0xN TIME TIME sessionClosed timeout=10000 writes=444 creates=335 sets=5 setAcls=1 deletes=103 multis=1 bytes=5846 refused=5 ephemerals=2 lost=2
	0xN TIME - open timeout=10000 writes=24 creates=22 sets=1 setAcls=0 deletes=1 multis=0 bytes=12032 refused=0 ephemerals=1 lost=0
`)
}

// What a session's end looks like in the logs tells whether its client closed it.
func TestCloseAndExpiry(t *testing.T) {
	t.Run("zook", func(t *testing.T) {
		dir := t.TempDir()
		s, err := server.Start(t.Context(), server.Config{DataDir: dir, TickTime: 100 * time.Millisecond, PreAllocSize: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		closeAndExpire(t, dir, s.Addr())
	})
	t.Run("apache", func(t *testing.T) {
		s := zktest.Apache(t, "", "minSessionTimeout=500")
		closeAndExpire(t, s.DataDir, s.Addr)
	})
}

func closeAndExpire(t *testing.T, dir, addr string) {
	ctx := t.Context()
	create := func(c *client.Client, path string) {
		t.Helper()
		if _, _, err := c.Create(ctx, path, []byte("mine"), jute.OpenACL(), jute.Ephemeral, 0); err != nil {
			t.Fatal(err)
		}
	}
	watcher := dial(t, addr)
	closed, err := client.Dial(ctx, client.Config{Servers: addr, SessionTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	create(closed, "/closed")
	create(closed, "/taken")
	if err := watcher.Delete(ctx, "/taken", -1); err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, addr)
	lost, err := client.Dial(ctx, client.Config{Servers: strings.TrimSuffix(p.server, "/"), SessionTimeout: 600 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer lost.Close()
	create(lost, "/lost")
	create(lost, "/lost2")
	p.cut()
	for tries := 0; ; tries++ {
		st, err := watcher.Exists(ctx, "/lost")
		if err == nil && st == nil {
			break
		}
		if tries == 600 {
			t.Fatalf("the session does not expire: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	names := map[*client.Client]string{closed: "CLOSED", lost: "LOST", watcher: "WATCHER"}
	text := `
	$ zook --data-dir DIR log /closed
	TIME 0xN CLOSED 0xN create2 /closed mode=ephemeral version=0 size=4
	TIME 0xN CLOSED 0xN closeSession /closed oldVersion=0 oldSize=4 cause=sessionClosed
	$ zook --data-dir DIR log /lost
	TIME 0xN LOST 0xN create2 /lost mode=ephemeral version=0 size=4
	TIME 0xN LOST 0x0 closeSession /lost oldVersion=0 oldSize=4 cause=sessionExpired
	$ zook --data-dir DIR who-deleted /lost
	TIME 0xN LOST 0x0 closeSession /lost oldVersion=0 oldSize=4 cause=sessionExpired also=1
	$ zook --data-dir DIR who-deleted /closed
	TIME 0xN CLOSED 0xN closeSession /closed oldVersion=0 oldSize=4 cause=sessionClosed
	$ zook --data-dir DIR who-deleted /taken
	TIME 0xN WATCHER 0xN delete /taken oldVersion=0 oldSize=4
	$ zook --data-dir DIR txnlog session SESSION-CLOSED
	TIME 0xN CLOSED 0x0 createSession timeout=2s
	TIME 0xN CLOSED 0xN create2 /closed mode=ephemeral version=0 size=4
	TIME 0xN CLOSED 0xN create2 /taken mode=ephemeral version=0 size=4
	TIME 0xN WATCHER 0xN delete /taken
	TIME 0xN CLOSED 0xN closeSession /closed cause=sessionClosed
	TIME 0xN CLOSED 0xN closeSession cause=sessionClosed
	CLOSED TIME TIME sessionClosed timeout=2000 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=8 refused=0 ephemerals=2 lost=1
	$ zook --data-dir DIR txnlog session SESSION-LOST
	TIME 0xN LOST 0x0 createSession timeout=600ms
	TIME 0xN LOST 0xN create2 /lost mode=ephemeral version=0 size=4
	TIME 0xN LOST 0xN create2 /lost2 mode=ephemeral version=0 size=4
	TIME 0xN LOST 0x0 closeSession /lost cause=sessionExpired
	TIME 0xN LOST 0x0 closeSession /lost2 cause=sessionExpired
	TIME 0xN LOST 0x0 closeSession cause=sessionExpired
	LOST TIME TIME sessionExpired timeout=600 writes=2 creates=2 sets=0 setAcls=0 deletes=0 multis=0 bytes=8 refused=0 ephemerals=2 lost=2
`
	for c, name := range names {
		text = strings.ReplaceAll(text, "SESSION-"+name, Hex(c.SessionID()).String())
	}
	onFiles(t, dir, func(s string) string {
		for c, name := range names {
			s = strings.ReplaceAll(s, Hex(c.SessionID()).String(), name)
		}
		return mask(s)
	}, text)
}

// The server reaps containers and znodes with a TTL by itself.
func TestReaped(t *testing.T) {
	dir := t.TempDir()
	s, err := server.Start(t.Context(), server.Config{DataDir: dir, PreAllocSize: 1 << 16, ExtendedTypes: true,
		ContainerCheckInterval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, ctx := dial(t, s.Addr()), t.Context()
	do := func(_ any, _ jute.Stat, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(c.Create(ctx, "/box", nil, jute.OpenACL(), jute.Container, 0))
	do(c.Create(ctx, "/box/x", nil, jute.OpenACL(), jute.Persistent, 0))
	if err := c.Delete(ctx, "/box/x", -1); err != nil {
		t.Fatal(err)
	}
	do(c.Create(ctx, "/brief", nil, jute.OpenACL(), jute.PersistentTTL, 50*time.Millisecond))
	for _, path := range []string{"/box", "/brief"} {
		for tries := 0; ; tries++ {
			if st, err := c.Exists(ctx, path); err == nil && st == nil {
				break
			} else if tries == 600 {
				t.Fatalf("%s is not reaped: %v", path, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	onFiles(t, dir, mask, `
	$ zook --data-dir DIR who-deleted /box
	TIME 0xN 0x0 0x0 deleteContainer /box oldVersion=0 oldSize=0 cause=reaped also=1
	$ zook --data-dir DIR log -p -n 1 /brief
	deleteContainer 0xN
	Time:     TIME
	Session:  none, the server itself
	Deleted:  by the server: its TTL was over
	Mode:     ttl, 50ms after its last change
	ACL:      world:anyone:cdrwa
	Version:  0
	Size:     0 bytes
	 
`)
}

// TestLogForEyes is what a person sees on a terminal.
func TestLogForEyes(t *testing.T) {
	story := aStory()
	set := story[4].Body.(*jute.SetDataTxn)
	for i := range 30 {
		set.Data = fmt.Appendf(set.Data, "line %d %s\n", i, strings.Repeat("x", 2*i))
	}
	dir := writeLogs(t, story[1:])
	writeSnapshot(t, dir, 1)
	eyes := func(words ...string) string {
		u := newTerminal("")
		u.Terminal, u.Color = true, true
		u.Width = func() int { return 60 }
		u.finish(Run(context.Background(), &u.Env, append([]string{"--data-dir", dir}, words...)))
		return strings.ReplaceAll(strings.ReplaceAll(u.take(), dir, "DIR"), "\x1b", "^")
	}
	for _, c := range []struct{ words, want string }{
		{"log /gone", `^[2mThe logs begin at 0x2 (2026-02-03T10:00:02.000+01:00).
^[22m
^[33mcreate 0x6^[0m
Time:     2026-02-03T10:00:06.000+01:00
Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
Mode:     persistent
ACL:      world:anyone:cdrwa
Version:  0
Size:     3 bytes

    ^[32m+00000000  00 01 02                                    …^[0m

^[33mdelete 0x8^[0m
Time:     2026-02-03T10:00:08.000+01:00
Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
Mode:     persistent
ACL:      world:anyone:cdrwa
Version:  0
Size:     3 bytes
Multi:    operation 1 of 3

    ^[31m-00000000  00 01 02                                    …^[0m

`},
		{"log -r -n 1 /app", `^[2mThe logs begin at 0x2 (2026-02-03T10:00:02.000+01:00).
^[22m
2026-02-03T10:00:15.000+01:00 ^[33m0xf^[0m 0xb 0x9 setACL /app aversion=1 acl=world:anyone:r
`},
		{"log --since 2026-02-03T11:00:00 /app", `No such change from 0x2 (2026-02-03T10:00:02.000+01:00) to 0x10 (2026-02-03T10:00:16.000+01:00)
`},
		{"log --zxid 5 /app", `^[2mThe logs begin at 0x2 (2026-02-03T10:00:02.000+01:00).
^[22m
^[33msetData 0x5^[0m
Time:     2026-02-03T10:00:05.000+01:00
Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
Version:  0 -> 1
Size:     4 -> 1.1 kB

    ^[36m@@ -1,1 +1,31 @@^[0m
    ^[31m-one^[0m
    ^[32m+two^[0m
    ^[32m+line 0 ^[0m
    ^[32m+line 1 xx^[0m
    ^[32m+line 2 xxxx^[0m
    ^[32m+line 3 xxxxxx^[0m
    ^[32m+line 4 xxxxxxxx^[0m
    ^[32m+line 5 xxxxxxxxxx^[0m
    ^[32m+line 6 xxxxxxxxxxxx^[0m
    ^[32m+line 7 xxxxxxxxxxxxxx^[0m
    ^[32m+line 8 xxxxxxxxxxxxxxxx^[0m
    ^[32m+line 9 xxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 10 xxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 11 xxxxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 12 xxxxxxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 13 xxxxxxxxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 14 xxxxxxxxxxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 15 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx^[0m
    ^[32m+line 16 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx^[0m
^[2m    … 13 lines more (-p shows all)^[22m

`},
		{"who-deleted /gone", `^[33mdelete 0x8 /gone^[0m
Time:     2026-02-03T10:00:08.000+01:00
Session:  0xb, opened 2026-02-03T10:00:04.000+01:00, timeout 30s
Mode:     persistent
ACL:      world:anyone:cdrwa
Version:  0
Size:     3 bytes
Multi:    operation 1 of 3

    ^[31m-00000000  00 01 02                                    …^[0m

With it the same session deleted 1 other znode below /box, from 2026-02-03T10:00:13.000+01:00 to 2026-02-03T10:00:13.000+01:00: "/box/x y".
To see it as it was:
    zook --data-dir DIR --at 0x7 get /gone

`},
		{"txnlog session 0xa", `2026-02-03T10:00:02.000+01:00 ^[33m0x2^[0m 0xa 0x1 create /app version=0 size=4
2026-02-03T10:00:03.000+01:00 ^[33m0x3^[0m 0xa 0x2 create /app/lock mode=ephemeral version=0 size=2
2026-02-03T10:00:10.000+01:00 ^[33m0xa^[0m 0xa 0x0 closeSession /app/lock cause=sessionExpired
2026-02-03T10:00:10.000+01:00 ^[33m0xa^[0m 0xa 0x0 closeSession cause=sessionExpired

^[33mSession 0xa^[0m
Opened:      before the logs begin, timeout 6s, by server 0
Ended:       2026-02-03T10:00:10.000+01:00, 0xa, expired
Writes:      2: 2 creates; 6 bytes of data
Ephemerals:  1 created, 1 deleted with it
Refused:     0
`},
	} {
		if got := eyes(strings.Fields(c.words)...); got != c.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", c.words, got, c.want)
		}
	}
}
