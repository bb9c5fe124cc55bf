package commands

import (
	"fmt"
	"strings"
	"testing"

	"zook/client"
	"zook/jute"
)

func TestCp(t *testing.T) {
	transcript(t, aTree+`
	> setAcl /a/b/c world:anyone:rwa
	$ zook cp /a/b/c /copy
	$ zook get /copy -o jsonl
	{"path":"/copy","data":"data"}
	$ zook getAcl /copy
	world:anyone:rwa
	$ zook cp /a/b /b
	$ zook ls /b
	$ zook cp /a/b/c /copy
	! zook: cp /copy: node exists: --force overwrites it
	= 4
	$ zook cp -r /a /big -o jsonl
	{"from":"/a","to":"/big","znodes":6}
	$ zook ls -R /big
	/big
	/big/b
	/big/b/c
	/big/b/d
	/big/e
	/big/f g
	$ zook getAcl /big/b/c
	world:anyone:rwa
	$ zook set /a/e new
	$ zook create /a/more
	/a/more
	$ zook create /big/stays
	/big/stays
	$ zook cp -r --force /a /big
	$ zook ls -R /big
	/big
	/big/b
	/big/b/c
	/big/b/d
	/big/e
	/big/f g
	/big/more
	/big/stays
	$ zook get /big/e -o jsonl
	{"path":"/big/e","data":"new"}
	$ zook cp --force --no-acl /a/e /big/b/c
	$ zook getAcl /big/b/c
	world:anyone:rwa
	$ zook cp -p -r --no-acl /a/b /x/y/
	$ zook getAcl /x/y/b/c
	world:anyone:cdrwa
	$ zook cp /a/e /a/b/c /x/
	$ zook ls /x
	c
	e
	y
	$ zook cp /a/e /a/nope /copy /x/
	! zook: cp /x/e: node exists: --force overwrites it
	! zook: cp /a/nope: no such node
	= 4
	$ zook ls /x
	c
	copy
	e
	y
	$ zook cp /a/e /x/y/z
	$ zook cp /a/e /no/where
	! zook: cp /no/where: no such node: its parent /no does not exist: -p creates parents
	= 3
	$ zook cp /nope /new
	! zook: cp /nope: no such node
	= 3
	$ zook cp /a /b /new
	! zook: cp: several znodes go into a DST that ends in a slash, /new/
	= 2
	$ zook cp -r /a /a/b/new
	! zook: cp: /a and /a/b/new: one is below the other, and -r would copy the copy
	= 2
	$ zook cp -r --force /a/b /a
	! zook: cp: /a/b and /a: one is below the other, and -r would copy the copy
	= 2
	$ zook cp /a /a/inside
	$ zook cp /a /a/
	$ zook ls /a
	a
	b
	e
	f g
	inside
	more
	$ zook cp /a/e /a/e
	! zook: cp: /a/e and DST are the same znode
	= 2
	$ zook cp / /x/
	! zook: cp: / has no name to keep in /x
	= 2
	$ zook cp /a/e /zookeeper/
	! zook: cp: /zookeeper/e is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook cp /a
	! zook: cp: too few arguments; usage: zook cp SRC... DST
	= 2
	> create -e /a/eph
	/a/eph
	> cp /a/eph /eph2
	! zook: cp /a/eph: it is ephemeral: elsewhere it would not go with its session
	= 1
	> cp -r /a /a2
	! zook: cp /a: left out what is ephemeral, 1 znode
	> exists /a2/eph
	/a2/eph false
	= 3
	> cd /a
	> cp e e3
	> ls -R e3
	/a/e3
`)
}

// An ACL that its reader may not see as it is, or that forbids what cp wants, is
// told and not copied wrongly.
func TestCpOfACLs(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		owner, _ := client.Dial(t.Context(), client.Config{Servers: server, Auth: []client.Auth{{Scheme: "digest", Data: []byte("bob:secret")}}})
		defer owner.Close()
		bob := jute.ACL{Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: jute.DigestID("bob:secret")}}
		all := jute.ACL{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}
		for _, path := range []string{"/sec", "/sec/child"} {
			if _, _, err := owner.Create(t.Context(), path, []byte("x"), []jute.ACL{bob, all}, jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct{ line, want string }{
			{"cp /sec /open", "! zook: cp /sec: not authorised: the server shows the digest in its ACL only to whom the ACL makes admin: cp --no-acl copies without ACLs\n= 7\n"},
			{"mv /sec /open", "! zook: mv /sec: not authorised: the server shows the digest in its ACL only to whom the ACL makes admin: cp --no-acl copies without ACLs\n= 7\n"},
			{"cp -r --no-acl /sec /open", ""},
			{"getAcl /open/child", "world:anyone:cdrwa\n"},
			{"--auth digest:bob:secret cp -r /sec /copy", ""},
			{"--auth digest:bob:secret getAcl /copy/child", "digest:" + jute.DigestID("bob:secret") + ":cdrwa\nworld:anyone:r\n"},
			{"--auth digest:bob:secret mv /copy /moved", ""},
			{"--auth digest:bob:secret getAcl /moved/child", "digest:" + jute.DigestID("bob:secret") + ":cdrwa\nworld:anyone:r\n"},
			{"create -p /ro/child", "/ro/child\n"},
			{"setAcl /ro world:anyone:r", ""},
			{"cp -r /ro /ro2", "! zook: cp /ro2/child: not authorised: the ACL of /ro2, copied too, does not let you create below it: cp --no-acl copies without ACLs\n= 7\n"},
			{"exists /ro2", "/ro2 false\n= 3\n"},
			{"mv /ro /ro2", "! zook: mv /ro2/child: not authorised: the ACL of /ro2 does not let you create below it: --auth scheme:data gives another identity\n= 7\n"},
			{"cp /ro /ro/new", "! zook: cp /ro/new: not authorised: the ACL of /ro wants another identity (--auth scheme:data, or addauth)\n= 7\n"},
		} {
			if got := zook(t.Context(), server, "", strings.Fields(test.line)...); got != test.want {
				t.Errorf("%s\n--- got\n%s--- want\n%s", test.line, got, test.want)
			}
		}
	})
}

// bigTree creates n znodes below path/kids, of size bytes each.
func bigTree(t *testing.T, server, path string, n, size int) {
	t.Helper()
	c := dial(t, server)
	for _, p := range []string{path, path + "/kids"} {
		if _, _, err := c.Create(t.Context(), p, nil, jute.OpenACL(), jute.Persistent, 0); err != nil {
			t.Fatal(err)
		}
	}
	batch := min(500, 500_000/size)
	for from := 0; from < n; from += batch {
		var ops []jute.Op
		for i := from; i < min(from+batch, n); i++ {
			data := fmt.Appendf(nil, "%0*d", size, i)
			ops = append(ops, createOp(fmt.Sprintf("%s/kids/%06d", path, i), data, jute.OpenACL(), jute.Persistent, 0))
		}
		if _, err := c.Multi(t.Context(), ops); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCpAndMvOfLargeTrees(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		bigTree(t, server, "/many", 9_000, 30)
		bigTree(t, server, "/large", 20, 300_000) // three of them fill a request
		run := func(line, want string) {
			t.Helper()
			if got := zook(t.Context(), server, "", strings.Fields(line)...); got != want {
				t.Errorf("%s\n--- got\n%s--- want\n%s", line, got, want)
			}
		}
		for _, tree := range []struct{ path, du string }{
			{"/many", "270000\t9002\t%s\n"}, {"/large", "6000000\t22\t%s\n"},
		} {
			run("cp -r "+tree.path+" /copy", "")
			run("du -s /copy", fmt.Sprintf(tree.du, "/copy"))
			run("mv "+tree.path+" /moved", "! zook: mv "+tree.path+": it does not fit into one request of 1 MB, in which it would move at once: --no-atomic moves it in steps\n= 1\n")
			run("exists /moved", "/moved false\n= 3\n")
			run("mv --no-atomic --force "+tree.path+" /copy", "! zook: mv /copy: node has children, so it is not replaced (nothing was moved; 0 znodes had been copied to /copy before): rmr deletes it first\n= 6\n")
			run("rmr /copy/kids", "")
			run("mv --no-atomic --force "+tree.path+" /copy", "")
			run("exists "+tree.path, tree.path+" false\n= 3\n")
			run("du -s /copy", fmt.Sprintf(tree.du, "/copy"))
			run("rmr /copy", "")
		}
	})
}

// Whatever moment the connection is lost at, the command says so and nothing of
// the original is lost.
func TestCpOverALostConnection(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		bigTree(t, server, "/many", 5_000, 10)
		proxy := newProxy(t, server)
		stop := proxy.cutWhen(dial(t, server), func(c *client.Client) bool {
			stat, err := c.Exists(t.Context(), "/copy/kids")
			return err == nil && stat != nil && stat.NumChildren >= 500
		})
		got := zook(t.Context(), proxy.server, "", "cp", "-r", "/many", "/copy", "--timeout", "2s")
		stop()
		if !strings.Contains(got, "had been copied to /copy before") || !strings.HasSuffix(got, "= 8\n") || strings.Count(got, "\n") != 2 {
			t.Errorf("got\n%s", got)
		}
	})
}
