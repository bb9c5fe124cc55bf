package commands

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

func TestWatches(t *testing.T) {
	transcript(t, `
	> create -p /a/b
	/a/b
	> addWatch -m persistent /a
	> create /a/c
	/a/c
	~ NodeChildrenChanged /a
	> set /a x
	~ NodeDataChanged /a
	> set /a/b x
	> removewatches /a
	~ PersistentWatchRemoved /a
	> set /a y
	> addWatch /a
	> set /a/b y
	~ NodeDataChanged /a/b
	> create /a/b/deep
	/a/b/deep
	~ NodeCreated /a/b/deep
	> printwatches
	printwatches is on
	> printwatches maybe
	! zook: printwatches: on or off is wanted, not "maybe"
	= 2
	> addWatch -m sometimes /a
	! zook: addWatch: -m: there is no mode "sometimes"; there are PERSISTENT and PERSISTENT_RECURSIVE
	= 2
	> removewatches /a/b/deep
	! zook: removewatches /a/b/deep: no such watch
	= 1
	> removewatches -c -d /a
	! zook: removewatches: -c, -d, -p, -r and -a cannot go together
	= 2
	> create -e /e
	/e
	> create -e /a/e
	/a/e
	~ NodeCreated /a/e
	> getEphemerals
	/a/e
	/e
	> getEphemerals /a -o jsonl
	{"prefix":"/a","ephemerals":["/a/e"]}
	> getEphemerals -o zkcli
	[/a/e, /e]
	> getAllChildrenNumber /a
	4
	> getAllChildrenNumber /a /e -o jsonl
	{"path":"/a","count":4}
	{"path":"/e","count":0}
	$ zook getEphemerals -o json
	{
	  "prefix": "/",
	  "ephemerals": []
	}
	$ zook getAllChildrenNumber /nope
	! zook: getAllChildrenNumber /nope: no such node
	= 3
	> sync /
	> sync /a -o zkcli
	Sync is OK
	> printwatches off
	> printwatches
	printwatches is off
	> printwatches -o json
	{
	  "printwatches": "off"
	}
	> set /a/b z
`)
}

// On the command line -w waits for the event, and addWatch prints events until it
// is interrupted, which is no failure.
func TestWatchOnTheCommandLine(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		if _, _, err := c.Create(t.Context(), "/a", []byte("one"), jute.OpenACL(), jute.Persistent, 0); err != nil {
			t.Fatal(err)
		}
		after := func(words []string, lines int, change func()) string {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			u := newTerminal(server)
			defer u.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				u.finish(Run(ctx, &u.Env, words))
			}()
			waitFor(t, u, lines)
			change()
			if words[0] == "addWatch" {
				waitFor(t, u, lines+2)
				cancel()
			}
			select {
			case <-done:
			case <-time.After(5 * time.Second):
				t.Fatalf("%v goes on: %q", words, u.take())
			}
			return u.take()
		}
		set := func() { c.Set(t.Context(), "/a", []byte("two"), -1) }
		if got, want := after([]string{"get", "-w", "/a"}, 1, set), "one\nNodeDataChanged /a\n"; got != want {
			t.Errorf("get -w: got %q, want %q", got, want)
		}
		if got, want := after([]string{"get", "-w", "/a", "-o", "zkcli"}, 1, set),
			"two\n\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDataChanged path:/a\n"; got != want {
			t.Errorf("get -w -o zkcli: got %q, want %q", got, want)
		}
		got := after([]string{"addWatch", "/a", "-o", "jsonl"}, 0, func() {
			for range 2 {
				time.Sleep(200 * time.Millisecond) // until the watch is set
				set()
			}
		})
		want := `{"type":"NodeDataChanged","path":"/a","state":"SyncConnected"}` + "\n"
		if got != want+want && strings.Count(got, `"type":"NodeDataChanged","path":"/a"`) != 2 {
			t.Errorf("addWatch: got %q, want %q twice", got, want)
		}
	})
}

func waitFor(t *testing.T, u *terminal, lines int) {
	t.Helper()
	for range 500 {
		if strings.Count(u.peek(), "\n") >= lines {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d lines do not come: %q", lines, u.peek())
}

// A session that expires takes one-shot watches with it: waiting on would be for
// ever. Persistent ones are set again.
func TestExpiredWhileWaiting(t *testing.T) {
	u := newTerminal("")
	u.Env.events.state(client.StateDisconnected)
	u.Env.events.state(client.StateExpired)
	if err := u.printEvents(t.Context(), "get", 1); ExitCode(err) != ExitNoConnection {
		t.Errorf("-w: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	u.Env.events.state(client.StateExpired)
	u.Env.events.push(client.Event{Type: jute.EventNodeCreated, Path: "/a"})
	go func() {
		waitFor(t, u, 2)
		cancel()
	}()
	err := u.printEvents(ctx, "addWatch", -1)
	want := "! zook: addWatch: session expired: a new one goes on watching, what changed between them is not told\nNodeCreated /a\n"
	if got := u.take(); got != want || !errors.Is(err, context.Canceled) {
		t.Errorf("addWatch: %v, printed %q, want %q", err, got, want)
	}
}
