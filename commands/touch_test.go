package commands

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"zook/jute"
)

func TestTouch(t *testing.T) {
	transcript(t, `
	$ zook touch /a
	$ zook get /a -o jsonl
	{"path":"/a","data":null}
	$ zook set /a data
	$ zook touch /a
	$ zook stat /a
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=2 aversion=0 ephemeralOwner=0x0 dataLength=4 numChildren=0
	$ zook get /a -o jsonl
	{"path":"/a","data":"data"}
	$ zook touch /x/y/z
	! zook: touch /x/y/z: no such node: its parent /x does not exist: -p creates parents
	= 3
	$ zook touch -p /x/y/z /x/y/w /nope/nope
	$ zook ls -R /x
	/x
	/x/y
	/x/y/w
	/x/y/z
	$ zook touch /a/ /x//y /none/of/it
	! zook: touch: invalid path "/x//y": it has an empty element
	! zook: touch /none/of/it: no such node: its parent /none does not exist: -p creates parents
	= 2
	$ zook stat /a
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=3 aversion=0 ephemeralOwner=0x0 dataLength=4 numChildren=0
	$ zook create /mine x world:anyone:r
	/mine
	$ zook touch /mine
	! zook: touch /mine: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	= 7
	$ zook touch
	! zook: touch: too few arguments; usage: zook touch PATH...
	= 2
`)
	onServers(t, func(t *testing.T, server string) {
		got := mask(zook(t.Context(), server, "", "touch", "-o", "jsonl", "/new"))
		if !strings.HasPrefix(got, `{"path":"/new","created":true,"czxid":"0xN",`) {
			t.Errorf("touch of a missing znode printed %s", got)
		}
		got = mask(zook(t.Context(), server, "", "touch", "-o", "jsonl", "/new"))
		if !strings.Contains(got, `"created":false,`) || !strings.Contains(got, `"version":1,`) {
			t.Errorf("touch of a znode printed %s", got)
		}
	})
}

// Touching must never undo what somebody else writes at the same time.
func TestTouchTakesNothingBack(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		writer, toucher := dial(t, server), dial(t, server)
		ctx := t.Context()
		if _, _, err := writer.Create(ctx, "/counter", []byte{0}, jute.OpenACL(), jute.Persistent, 0); err != nil {
			t.Fatal(err)
		}
		stop, cancel := context.WithCancel(ctx)
		var touching sync.WaitGroup
		touching.Go(func() {
			for stop.Err() == nil {
				if _, err := touch(stop, toucher, "/counter", false); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
		const increments = 100
		for n := byte(0); n < increments; n++ {
			data, stat, err := writer.Get(ctx, "/counter")
			for err == nil && data[0] == n {
				_, err = writer.Set(ctx, "/counter", []byte{n + 1}, stat.Version)
				if errors.Is(err, jute.ErrBadVersion) {
					data, stat, err = writer.Get(ctx, "/counter")
					continue
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if data[0] != n {
				t.Fatalf("the counter is %d, not %d: touch has undone a write", data[0], n)
			}
		}
		cancel()
		touching.Wait()
	})
}
