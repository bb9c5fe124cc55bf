package commands

import (
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

func TestFind(t *testing.T) {
	transcript(t, aTree+`
	> create -e /a/eph1 x
	/a/eph1
	$ zook find
	/
	/a
	/a/b
	/a/b/c
	/a/b/d
	/a/e
	/a/eph1
	/a/f g
	$ zook find /a --type ephemeral
	/a/eph1
	$ zook find /a/b /a/e --type persistent
	/a/b
	/a/b/c
	/a/b/d
	/a/e
	$ zook find / -name '[b-e]'
	/a/b
	/a/b/c
	/a/b/d
	/a/e
	$ zook find / --size 4
	/a/b/c
	$ zook find / --size +3
	/a/b/c
	/a/e
	$ zook find /a --size -1 --min-children 1
	/a
	/a/b
	$ zook find / --empty
	/a/b/d
	/a/f g
	$ zook find / --max-depth 0
	/
	$ zook find /a --max-depth 1 --name '*g'
	/a/f g
	$ zook find / --mtime -1h --name e
	/a/e
	$ zook find / --mtime +1h --name e
	$ zook find / --mtime +2d
	$ zook find /a --newer /a/e
	/a/eph1
	/a/f g
	$ zook find / --newer /nope
	! zook: find /nope: no such node
	= 3
	$ zook find /nope /a/e
	! zook: find /nope: no such node
	/a/e
	= 3
	$ zook find / --owner 0x1
	$ zook find / --owner mine
	! zook: find: --owner: "mine" is not a session id such as 0xN
	= 2
	$ zook find / --type dir
	! zook: find: --type: there is no type "dir"; there are persistent, ephemeral, container, ttl
	= 2
	$ zook find / --name '[a'
	! zook: find: --name: the pattern "[a" has a [ without its ]
	= 2
	$ zook find / --size big
	! zook: find: --size: "big" is not a number of bytes such as 0, +100k or -1M
	= 2
	$ zook find / --size 99999999999999999k
	! zook: find: --size: "99999999999999999k" is not a number of bytes such as 0, +100k or -1M
	= 2
	$ zook find / --mtime 3d
	! zook: find: --mtime: "3d" is not an age such as +7d or -10m
	= 2
	$ zook find / --max-depth -1
	! zook: find: --max-depth: a depth is 0 or more
	= 2
	$ zook find /a/b --name c -o jsonl
	{"path":"/a/b/c","czxid":"0xN","mzxid":"0xN","pzxid":"0xN","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeralOwner":"0x0","dataLength":4,"numChildren":0}
	> setAcl /a/b world:anyone:a
	$ zook find /a --name 'b'
	! zook: find /a/b: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	/a/b
	= 7
	> setAcl /a/b world:anyone:cdrwa
`)
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		if _, _, err := c.Create(t.Context(), "/mine", nil, jute.OpenACL(), jute.Ephemeral, 0); err != nil {
			t.Fatal(err)
		}
		owner := Hex(c.SessionID()).String()
		if got := zook(t.Context(), server, "", "find", "--owner", owner); got != "/mine\n" {
			t.Errorf("find --owner %s printed\n%s", owner, got)
		}
	})
}

// A search that loses its server says so once, after what it has found.
func TestFindOverALostConnection(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		bigTree(t, server, "/many", 20_000, 10)
		proxy := newProxy(t, server)
		env := newTerminal(proxy.server)
		defer env.Close()
		env.Connect.Timeout = time.Second
		stop := proxy.cutWhen(nil, func(*client.Client) bool { return env.peek() != "" })
		env.finish(Run(t.Context(), &env.Env, []string{"find", "/many"}))
		stop()
		out := env.take()
		if !strings.HasPrefix(out, "/many\n/many/kids\n/many/kids/000000\n") || strings.Count(out, "! ") != 1 || !strings.HasSuffix(out, "= 8\n") {
			t.Errorf("got %.200s\n...\n%s", out, out[max(0, len(out)-300):])
		}
	})
}
