package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/client"
	"zook/jute"
)

func TestDeleteAll(t *testing.T) {
	transcript(t, `
	$ zook create -p /a/b/c/d
	/a/b/c/d
	$ zook create -p /a/x/y
	/a/x/y
	$ zook create /keep
	/keep
	$ zook rmr -o jsonl /a
	{"path":"/a","deleted":6}
	$ zook rmr /a
	! zook: rmr /a: no such node
	= 3
	$ zook create -p /b/c
	/b/c
	$ zook create -p /d/e
	/d/e
	$ zook deleteall /b /nope /d
	! zook: deleteall /nope: no such node
	= 3
	$ zook deleteall -b 0 /keep
	! zook: deleteall: -b: a batch has at least one znode
	= 2
	$ zook deleteall /
	! zook: deleteall: / is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook ls /
	keep
	$ zook rmr --force /
	$ zook ls /
`)
}

// plant creates n znodes with the given number of children each, and chain of
// them in a line.
func plant(t *testing.T, c *client.Client, root string, parents, children, chain int) (total int) {
	t.Helper()
	var ops []jute.Op
	flush := func() {
		if len(ops) > 0 {
			if _, err := c.Multi(t.Context(), ops); err != nil {
				t.Fatal(err)
			}
			ops = nil
		}
	}
	add := func(path string) {
		ops = append(ops, jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: path, ACL: jute.OpenACL()}})
		total++
		if len(ops) == 1000 {
			flush()
		}
	}
	add(root)
	for i := range parents {
		parent := fmt.Sprintf("%s/p%d", root, i)
		add(parent)
		for j := range children {
			add(fmt.Sprintf("%s/c%d", parent, j))
		}
	}
	for path := root; chain > 0; chain-- {
		path += "/d"
		add(path)
	}
	flush()
	return total
}

// Every shape goes in one command, whatever the batches cut apart.
func TestDeleteAllShapes(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		for _, shape := range []struct{ parents, children, chain, batch int }{
			{0, 0, 0, 500}, {1500, 0, 0, 500}, {2, 1500, 0, 500}, {300, 7, 120, 100}, {0, 0, 300, 7}, {5, 5, 5, 1},
		} {
			total := plant(t, c, "/shape", shape.parents, shape.children, shape.chain)
			got := zook(t.Context(), server, "", "deleteall", "-o", "jsonl", "-b", fmt.Sprint(shape.batch), "/shape")
			if want := fmt.Sprintf(`{"path":"/shape","deleted":%d}`+"\n", total); got != want {
				t.Errorf("%+v: got %q, want %q", shape, got, want)
			}
		}
	})
}

// Others delete and create below while the command works.
func TestDeleteAllAmongOthers(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c, other := dial(t, server), dial(t, server)
		plant(t, c, "/busy", 100, 50, 0)
		ctx, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		others.Go(func() { // from the end, where the command begins
			for i := 99; i >= 0 && ctx.Err() == nil; i-- {
				for j := range 50 {
					other.Delete(ctx, fmt.Sprintf("/busy/p%d/c%d", i, j), -1)
				}
				other.Create(ctx, fmt.Sprintf("/busy/p%d/new", i), nil, jute.OpenACL(), jute.Persistent, 0)
			}
		})
		got := zook(ctx, server, "", "rmr", "/busy")
		cancel()
		others.Wait()
		if got != "" {
			t.Errorf("got %q", got)
		}
		if stat, err := c.Exists(t.Context(), "/busy"); stat != nil || err != nil {
			t.Errorf("it is still there: %+v, %v", stat, err)
		}
	})
}

func TestDeleteAllAsks(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		total := plant(t, c, "/ask", 3, 3, 0)
		run := func(answer bool, words ...string) (asked []string, out string) {
			u := newTerminal(server)
			defer u.Close()
			u.Terminal = true
			u.Ask = func(_ context.Context, question string) (bool, error) {
				asked = append(asked, question)
				return answer, nil
			}
			u.finish(Run(t.Context(), &u.Env, words))
			return asked, u.take()
		}
		asked, out := run(false, "rmr", "/ask")
		if len(asked) != 1 || asked[0] != "Delete /ask and the 12 znodes below it?" || out != "! zook: rmr /ask: cancelled, nothing was changed\n= 1\n" {
			t.Errorf("asked %q, printed %q", asked, out)
		}
		if n, err := c.AllChildrenNumber(t.Context(), "/ask"); n != total-1 || err != nil {
			t.Errorf("after a no %d are left (%v), want %d", n, err, total-1)
		}
		if asked, _ := run(false, "delete", "/ask/p0/c0", "/ask/p0/c1"); len(asked) != 1 {
			t.Errorf("delete of two asked %q", asked)
		}
		if asked, out := run(false, "delete", "/ask/p0/c0"); len(asked) != 0 || out != "" {
			t.Errorf("delete of one asked %q and printed %q", asked, out)
		}
		if asked, out := run(false, "rmr", "--yes", "/ask"); len(asked) != 0 || out != "Deleted 12 znodes\n" {
			t.Errorf("--yes asked %q and printed %q", asked, out)
		}
	})
}

func TestDeleteAllInterrupted(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		total := plant(t, c, "/stop", 200, 50, 0)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // as soon as something has gone
			for stat := (&jute.Stat{}); stat != nil && t.Context().Err() == nil; {
				stat, _ = c.Exists(t.Context(), "/stop/p199/c49")
			}
			cancel()
		}()
		u := newTerminal(server)
		defer u.Close()
		err := Run(ctx, &u.Env, []string{"rmr", "-b", "10", "/stop"})
		if !errors.Is(err, context.Canceled) {
			t.Skipf("it was done before it could be stopped: %v", err)
		}
		left, _ := c.AllChildrenNumber(t.Context(), "/stop")
		want := fmt.Sprintf("zook: rmr /stop: interrupted (%s znodes were deleted before)", Style{Terminal: true}.Count(int64(total-left-1)))
		if line := Explain(err); line != want {
			t.Errorf("got %q, want %q", line, want)
		}
	})
}

// A znode that may not be deleted is named, and what stays is whole.
func TestDeleteAllRefused(t *testing.T) {
	transcript(t, `
	$ zook create -p /a/locked/x
	/a/locked/x
	$ zook setAcl /a/locked world:anyone:rwca
	$ zook rmr /a
	! zook: rmr /a/locked/x: not authorised (0 znodes were deleted before): the ACL of /a/locked wants another identity (--auth scheme:data, or addauth)
	= 7
	$ zook ls -R /a
	/a
	/a/locked
	/a/locked/x
`)
}

func TestProgressLine(t *testing.T) {
	p := &progress{what: "deleted"}
	p.done.Store(12000)
	if got := p.line(2 * time.Second); got != "deleted 12,000, 6,000/s" {
		t.Errorf("got %q", got)
	}
	p.total.Store(48000)
	if got := p.line(2 * time.Second); got != "deleted 12,000 of 48,000, 6,000/s, 6s left" {
		t.Errorf("got %q", got)
	}
	var drawn strings.Builder
	e := &Env{Progress: &drawn}
	e.progress("deleted").Finish()
	if drawn.Len() > 0 {
		t.Errorf("work that took no second drew %q", drawn.String())
	}
}
