package commands

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

func TestMv(t *testing.T) {
	transcript(t, aTree+`
	> setAcl /a/b/c world:anyone:rwa
	$ zook mv /a/b /b
	$ zook ls -R /
	/
	/a
	/a/e
	/a/f g
	/b
	/b/c
	/b/d
	$ zook getAcl /b/c
	world:anyone:rwa
	$ zook get /b/c /b/d -o jsonl
	{"path":"/b/c","data":"data"}
	{"path":"/b/d","data":null}
	$ zook mv /b /a -o jsonl
	! zook: mv /a: node exists: --force replaces it
	= 4
	$ zook mv --force /b /a
	! zook: mv /a: node has children, so it is not replaced: rmr deletes it first
	= 6
	$ zook mv /b /a/ -o jsonl
	{"from":"/b","to":"/a/b","znodes":3}
	$ zook mv --force /a/b /a/e
	$ zook ls -R /a
	/a
	/a/e
	/a/e/c
	/a/e/d
	/a/f g
	$ zook mv /a/e /a/e/d/x
	! zook: mv: /a/e/d/x is below /a/e, which cannot go into itself
	= 2
	$ zook mv --force /a/e/c /a/e
	! zook: mv: /a/e/c is below /a/e, and would go with what it replaces
	= 2
	$ zook mv /a/e /a/e
	! zook: mv: /a/e and DST are the same znode
	= 2
	$ zook mv /nope /x
	! zook: mv /nope: no such node
	= 3
	$ zook mv -p /nope /q/x
	! zook: mv /nope: no such node
	= 3
	$ zook exists /q
	/q false
	= 3
	$ zook mv /a/e /q/x
	! zook: mv /q/x: no such node: its parent /q does not exist: -p creates parents
	= 3
	$ zook mv -p /a/e '/a/f g' /q/
	$ zook ls -R /
	/
	/a
	/q
	/q/e
	/q/e/c
	/q/e/d
	/q/f g
	$ zook mv / /x
	! zook: mv: / is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook mv /a /zookeeper/a
	! zook: mv: /zookeeper/a is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	> create -e /q/e/eph
	/q/e/eph
	> mv /q /w
	! zook: mv /q/e/eph: it is ephemeral: elsewhere it would not go with its session
	= 1
	> mv --no-atomic /q /w
	! zook: mv /q/e/eph: it is ephemeral: elsewhere it would not go with its session
	= 1
	> delete /q/e/eph
	> cd /q
	> mv e g
	> ls
	f g
	g
	> setAcl /q world:anyone:crwa
	> mv g h
	! zook: mv /q/g: not authorised: the ACL of /q wants another identity (--auth scheme:data, or addauth)
	= 7
	> ls
	f g
	g
	> setAcl /q world:anyone:cdrwa
`)
}

// A tree that others write to while it is moved arrives whole: each value that
// was written is in the one place or in the other, and no reader sees both.
func TestMvAmongWriters(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		ctx := t.Context()
		c := dial(t, server)
		for _, p := range []string{"/x", "/x/counter", "/x/other"} {
			if _, _, err := c.Create(ctx, p, []byte("0"), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		stop, cancel := context.WithCancel(ctx)
		var busy sync.WaitGroup
		busy.Go(func() {
			writer := dial(t, server)
			for n := 0; stop.Err() == nil; n++ {
				writer.Set(ctx, "/x/counter", fmt.Append(nil, n), -1)
			}
		})
		for range 10 {
			out := zook(ctx, server, "", "mv", "/x", "/y")
			if out != "" {
				if out != "! zook: mv /x: others keep changing it; nothing was moved\n= 1\n" {
					t.Fatalf("mv printed %s", out)
				}
				continue
			}
			for _, p := range []string{"/y", "/y/counter", "/y/other"} {
				if stat, err := c.Exists(ctx, p); err != nil || stat == nil {
					t.Fatalf("%s after the move: %v %v", p, stat, err)
				}
			}
			if stat, err := c.Exists(ctx, "/x"); err != nil || stat != nil {
				t.Fatalf("/x after the move: %v %v", stat, err)
			}
			if out := zook(ctx, server, "", "mv", "/y", "/x"); out != "" {
				t.Fatalf("mv back printed %s", out)
			}
		}
		cancel()
		busy.Wait()
	})
}

// What others change between the copy and the deletion of a move in steps stays
// where they have it, and the copy stays too.
func TestMvInStepsAmongWriters(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *client.Client) error
		verify bool // the comparison finds it already
		want   string
	}{
		"new data": {change: func(c *client.Client) error {
			_, err := c.Set(context.Background(), "/many/kids/000700", []byte("precious"), -1)
			return err
		}, want: "zook: /many/kids/000700: bad version: somebody has changed it during the move"},
		"a new child": {change: func(c *client.Client) error {
			_, _, err := c.Create(context.Background(), "/many/kids/000700/precious", nil, jute.OpenACL(), jute.Persistent, 0)
			return err
		}, want: "zook: /many/kids/000700: node has children: somebody has changed it during the move: rmr deletes its children too"},
		"the copy": {change: func(c *client.Client) error {
			_, err := c.Set(context.Background(), "/copy/kids/000700", []byte("x"), -1)
			return err
		}, verify: true, want: "zook: /copy/kids/000700: the copy is not the same: somebody has changed it"},
		"the ACL of the copy": {change: func(c *client.Client) error {
			_, err := c.SetACL(context.Background(), "/copy/kids/000700", []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}, -1)
			return err
		}, verify: true, want: "zook: /copy/kids/000700: the copy is not the same: somebody has changed it"},
	} {
		t.Run(name, func(t *testing.T) {
			onServers(t, func(t *testing.T, server string) {
				ctx := t.Context()
				bigTree(t, server, "/many", 1000, 10)
				c := dial(t, server)
				env := newTerminal(server)
				defer env.Close()
				m := newStepMove(&env.Env, "/many", "/copy")
				if n, err := m.copy(ctx); err != nil || n != 1002 {
					t.Fatalf("copied %d: %v", n, err)
				}
				if err := m.verify(ctx); err != nil {
					t.Fatal(err)
				}
				if err := test.change(c); err != nil {
					t.Fatal(err)
				}
				err := m.verify(ctx)
				if !test.verify {
					if err != nil {
						t.Fatal(err)
					}
					_, err = m.delete(ctx)
				}
				if got := Explain(err); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
				if stat, err := c.Exists(ctx, "/many/kids/000700"); err != nil || stat == nil {
					t.Errorf("the original that was changed: %v %v", stat, err)
				}
				if stat, err := c.Exists(ctx, "/copy/kids/000999"); err != nil || stat == nil {
					t.Errorf("the copy: %v %v", stat, err)
				}
			})
		})
	}
}

// Losing the connection in the middle of a move in steps loses nothing.
func TestMvOverALostConnection(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		const n = 3000
		for name, moment := range map[string]func(*client.Client) bool{
			"while copying": func(c *client.Client) bool {
				stat, err := c.Exists(t.Context(), "/copy/kids")
				return err == nil && stat != nil && stat.NumChildren >= 500
			},
			"while deleting": func(c *client.Client) bool {
				stat, err := c.Exists(t.Context(), "/many/kids")
				return err == nil && stat != nil && stat.NumChildren < n
			},
		} {
			bigTree(t, server, "/many", n, 10)
			proxy := newProxy(t, server)
			c := dial(t, server)
			stop := proxy.cutWhen(c, moment)
			env := newTerminal(proxy.server)
			env.Connect.Timeout = 2 * time.Second
			_, err := env.moveInSteps(t.Context(), "/many", "/copy")
			stop()
			env.Close()
			if err == nil {
				t.Fatalf("%s: it was faster than the loss of the connection", name)
			}
			if ExitCode(err) != ExitNoConnection {
				t.Errorf("%s: it ended with %v", name, err)
			}
			for i := range n {
				name := fmt.Sprintf("/kids/%06d", i)
				there, err := c.Exists(t.Context(), "/copy"+name)
				if err == nil && there == nil {
					there, err = c.Exists(t.Context(), "/many"+name)
				}
				if err != nil || there == nil {
					t.Fatalf("%s is lost: %v", name, err)
				}
			}
			for _, path := range []string{"/copy", "/many"} {
				zook(t.Context(), server, "", "rmr", path)
			}
		}
	})
}
