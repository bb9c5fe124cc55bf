package commands

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zook/client"
	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
	"zook/snapshot"
)

// A live server gets data, ACLs and kinds, whichever server it is.
func TestRestoreLiveIsTheSame(t *testing.T) {
	s := zktest.Everything(t)
	s.Kill()
	exported := writeFile(t, "tree.json", unserved(t, "snapshot", "export", s.DataDir))
	want := contents(t, s.DataDir, "/app", "/app")
	for name, start := range map[string]func(dir string) string{
		"apache": func(dir string) string { return zktest.Apache(t, dir).Addr },
		"zook": func(dir string) string {
			s, err := server.Start(t.Context(), server.Config{DataDir: dir, ExtendedTypes: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s.Addr()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			addr := start(dir)
			run := func(words ...string) string { return zook(t.Context(), addr, "", words...) }
			if got := run("snapshot", "restore", exported, "-o", "jsonl", "--auth", "digest:ann:secret"); !strings.Contains(got, `"ephemerals":1,`) || strings.Contains(got, "= ") {
				t.Fatal(got)
			}
			compareLines(t, "/", contents(t, dir, "/", "/"), contents(t, s.DataDir, "/", "/"))
			if got := run("snapshot", "restore", "--path", "/app", "--to", "/deep/copy", s.DataDir, "--auth", "digest:ann:secret"); strings.Contains(got, "= ") {
				t.Fatal(got)
			}
			compareLines(t, "/app", contents(t, dir, "/deep/copy", "/app"), want)
			got := run("snapshot", "restore", "--path", "/app", "--to", "/deep/copy", "--delete", s.DataDir, "--auth", "digest:ann:secret")
			if !strings.HasPrefix(got, "0 created, 0 set, 0 ACLs set, 0 deleted; ") {
				t.Errorf("once more: %s", got)
			}
		})
	}
}

// contents are the znodes of a data directory at and below from, but for what a
// restore leaves out, as if from were to: what clients can set of them.
func contents(t *testing.T, dir, from, to string) []string {
	t.Helper()
	tree, err := newTerminal("").openSaved(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	_, err = tree.read(t.Context(), savedVisit{znode: func(z *savedZnode) error {
		kind, ttl := datatree.OwnerKind(z.stat.EphemeralOwner)
		if (z.path == from || isBelow(z.path, from)) && !isSystem(z.path) && kind != datatree.KindEphemeral {
			lines = append(lines, fmt.Sprintf("%s %d %d %q %v %v\n", rebase(z.path, from, to), kind, ttl, z.data, z.data == nil, z.acl))
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// restoreTree is an export for the transcripts.
func restoreTree(t *testing.T) string {
	return writeFile(t, "tree.json", exportOf(slices.Concat(systemLines, []string{
		`{"path":"/app","data":"one"}`,
		`{"path":"/app/a","data":"A","acl":[{"scheme":"world","id":"anyone","perms":"cdrw"}]}`,
		`{"path":"/app/a/deep"}`,
		`{"path":"/app/box","kind":"container"}`,
		`{"path":"/app/eph","ephemeralOwner":"0x100"}`,
		`{"path":"/app/time","ttl":3600000,"data":"t"}`,
		`{"path":"/other","data":"o"}`,
	})...))
}

func TestRestoreLive(t *testing.T) {
	t.Chdir(filepath.Dir(restoreTree(t)))
	transcript(t, `
	$ zook snapshot restore tree.json --path /app --to /x/y/app --dry-run
	create	/x
	create	/x/y
	create	/x/y/app
	create	/x/y/app/a
	create	/x/y/app/a/deep
	create	/x/y/app/box
	create	/x/y/app/time
	would be: 7 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 1 ephemerals left out
	$ zook exists /x
	/x false
	= 3
	$ zook snapshot restore tree.json
	6 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 1 ephemerals left out, 3 of ZooKeeper itself left alone
	$ zook ls -R /
	/
	/app
	/app/a
	/app/a/deep
	/app/box
	/app/time
	/other
	$ zook getAcl /app/a
	world:anyone:cdrw
	$ zook set /app/a changed
	$ zook set /other changed
	$ zook rmr /app/time
	$ zook create /app/extra
	/app/extra
	$ zook create /app/extra/below
	/app/extra/below
	$ zook snapshot restore tree.json
	! zook: snapshot restore /app/a: node exists and differs, as do 1 more; nothing was changed: --overwrite sets data and ACLs, --dry-run tells which
	= 4
	$ zook exists /app/time
	/app/time false
	= 3
	$ zook snapshot restore tree.json --dry-run
	create	/app/time
	differs	/app/a
	differs	/other
	! zook: snapshot restore /app/a: node exists and differs, as do 1 more; nothing was changed: --overwrite sets data and ACLs, --dry-run tells which
	= 4
	$ zook snapshot restore tree.json --path /app --overwrite --delete --dry-run -o jsonl
	{"action":"create","path":"/app/time"}
	{"action":"set","path":"/app/a"}
	{"action":"delete","path":"/app/extra/below"}
	{"action":"delete","path":"/app/extra"}
	{"source":"tree.json","path":"/app","to":"/app","created":1,"set":1,"aclSet":0,"deleted":2,"same":3,"ephemerals":1,"kept":0,"system":0,"dryRun":true}
	$ zook snapshot restore tree.json --path /app --overwrite --delete -o jsonl
	{"source":"tree.json","path":"/app","to":"/app","created":1,"set":1,"aclSet":0,"deleted":2,"same":3,"ephemerals":1,"kept":0,"system":0}
	$ zook ls -R /app
	/app
	/app/a
	/app/a/deep
	/app/box
	/app/time
	$ zook get /app/a -o jsonl
	{"path":"/app/a","data":"A"}
	$ zook setAcl /app/box world:anyone:cdra
	$ zook snapshot restore tree.json --path /app --no-acl
	0 created, 0 set, 0 ACLs set, 0 deleted; 5 the same, 1 ephemerals left out
	$ zook snapshot restore tree.json --path /app --overwrite
	0 created, 0 set, 1 ACLs set, 0 deleted; 4 the same, 1 ephemerals left out
	$ zook getAcl /app/box
	world:anyone:cdrwa
	$ zook snapshot restore tree.json --path /app/a --to /open --no-acl
	2 created, 0 set, 0 ACLs set, 0 deleted; 0 the same
	$ zook getAcl /open
	world:anyone:cdrwa
	> create -e /app/box/lock
	/app/box/lock
	> create /app/box/gone
	/app/box/gone
	> create -e /app/eph mine
	/app/eph
	> snapshot restore tree.json --path /app --delete
	0 created, 0 set, 0 ACLs set, 1 deleted; 5 the same, 1 ephemerals left out, 1 kept for the server's ephemerals
	> ls -R /app
	/app
	/app/a
	/app/a/deep
	/app/box
	/app/box/lock
	/app/eph
	/app/time
	> create -e /app/other
	/app/other
	> snapshot restore tree.json --path /other --to /app/other --overwrite
	! zook: snapshot restore /app/other: it is an ephemeral of a living session there, and would go with it
	= 1
	> snapshot restore tree.json --path /other --to /app/other/below
	! zook: snapshot restore /app/other/below: ephemeral nodes have no children, and /app/other is one (before that 0 created, 0 set, 0 ACLs set, 0 deleted)
	= 1
	$ zook snapshot restore tree.json --path /nope
	! zook: snapshot restore /nope: no such node in tree.json
	= 3
	$ zook snapshot restore tree.json --path nope
	! zook: snapshot restore: invalid path "nope": it must start with /
	= 2
	$ zook snapshot restore tree.json --path /app --to /zookeeper/x
	! zook: snapshot restore: /zookeeper/x is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook snapshot restore tree.json --path /zookeeper/quota
	! zook: snapshot restore: /zookeeper/quota is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook --data-dir . snapshot restore tree.json --path /app
	! zook: snapshot restore: only a server can do this: --data-dir reads files, which cannot be changed
	= 2
`)
}

func TestRestoreFromInput(t *testing.T) {
	tree, err := os.ReadFile(restoreTree(t))
	if err != nil {
		t.Fatal(err)
	}
	snap, err := os.ReadFile(fixture("3.10", "snapshot.e.snappy"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	onServers(t, func(t *testing.T, server string) {
		for _, step := range []struct{ in, words, want string }{
			{string(tree), "--path /app -", "5 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 1 ephemerals left out\n"},
			{string(snap), "--path /box -", "1 created, 0 set, 0 ACLs set, 0 deleted; 0 the same\n"},
			{string(snap[:200]), "--path /box -", "! zook: snapshot restore: standard input: damaged at offset 0 (no znode before it): the compressed file ends too early\n= 9\n"},
			{"", "-", "! zook: snapshot restore: standard input: damaged at offset 0 (no znode before it): the file is empty\n= 9\n"},
		} {
			if got := zook(t.Context(), server, step.in, append([]string{"snapshot", "restore"}, strings.Fields(step.words)...)...); got != step.want {
				t.Errorf("restore %s:\n%s--- want\n%s", step.words, got, step.want)
			}
		}
		if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// The source is read to its end before anything is changed.
func TestRestoreOfDamageChangesNothing(t *testing.T) {
	whole, err := os.ReadFile(fixture("3.10", "snapshot.e"))
	if err != nil {
		t.Fatal(err)
	}
	cut := writeFile(t, "snapshot.e", string(whole[:len(whole)-1]))
	torn := writeFile(t, "torn.json", strings.TrimSuffix(exportOf(append(systemLines, `{"path":"/app"}`)...), `{"complete":true}`+"\n"))
	onServers(t, func(t *testing.T, server string) {
		for _, file := range []string{cut, torn} {
			got := zook(t.Context(), server, "", "snapshot", "restore", file)
			if !strings.Contains(got, file+": damaged at offset ") || !strings.HasSuffix(got, "= 9\n") || strings.Count(got, "\n") != 2 {
				t.Error(got)
			}
			if names, _, err := dial(t, server).Children(t.Context(), "/"); err != nil || len(names) > 0 {
				t.Errorf("the server has %q now, %v", names, err)
			}
		}
	})
}

func TestRestoreACLs(t *testing.T) {
	bob := "digest:" + jute.DigestID("bob:secret") + ":cdrwa"
	entry := `"acl":[{"scheme":"digest","id":"` + jute.DigestID("bob:secret") + `","perms":"cdrwa"},{"scheme":"world","id":"anyone","perms":"r"}]`
	tree := writeFile(t, "tree.json", exportOf(`{"path":"/"}`, `{"path":"/sec","data":"x",`+entry+`}`, `{"path":"/sec/child","data":"y",`+entry+`}`))
	odd := writeFile(t, "odd.json", exportOf(`{"path":"/"}`, `{"path":"/odd","acl":[{"scheme":"nonsense","id":"x","perms":"r"}]}`))
	onServers(t, func(t *testing.T, server string) {
		for _, test := range []struct{ line, want string }{
			{"snapshot restore " + tree, "! zook: snapshot restore /sec/child: not authorised: the ACL of /sec does not let you create below it (before that 0 created, 0 set, 0 ACLs set, 0 deleted): --auth scheme:data gives another identity, --no-acl restores without ACLs\n= 7\n"},
			{"snapshot restore --no-acl --path /sec --to /open " + tree, "2 created, 0 set, 0 ACLs set, 0 deleted; 0 the same\n"},
			{"--auth digest:bob:secret snapshot restore " + tree, "2 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 1 of ZooKeeper itself left alone\n"},
			{"--auth digest:bob:secret getAcl /sec/child", bob + "\nworld:anyone:r\n"},
			// Whom the server does not show the digest is not told of a difference.
			{"snapshot restore " + tree, "0 created, 0 set, 0 ACLs set, 0 deleted; 2 the same, 1 of ZooKeeper itself left alone\n"},
			{"--auth digest:bob:secret set /sec other", ""},
			{"snapshot restore --overwrite " + tree, "! zook: snapshot restore /sec: not authorised (before that 0 created, 0 set, 0 ACLs set, 0 deleted): its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)\n= 7\n"},
			{"snapshot restore " + odd, "! zook: snapshot restore /odd: invalid ACL (before that 0 created, 0 set, 0 ACLs set, 0 deleted): the server does not know a scheme in it; --no-acl restores without ACLs\n= 1\n"},
		} {
			if got := zook(t.Context(), server, "", strings.Fields(test.line)...); got != test.want {
				t.Errorf("%s\n--- got\n%s--- want\n%s", test.line, got, test.want)
			}
		}
	})
}

// / and /zookeeper are left alone unless one insists.
func TestRestoreOfSystemZnodes(t *testing.T) {
	tree := writeFile(t, "tree.json", exportOf(`{"path":"/","data":"root"}`, `{"path":"/zookeeper"}`, `{"path":"/zookeeper/quota"}`,
		`{"path":"/zookeeper/quota/q"}`, `{"path":"/zookeeper/quota/q/zookeeper_limits","data":"count=5,bytes=-1"}`))
	s, err := server.Start(t.Context(), server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, step := range []struct{ words, want string }{
		{"snapshot restore " + tree, "0 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 5 of ZooKeeper itself left alone\n"},
		{"snapshot restore --delete " + tree, "0 created, 0 set, 0 ACLs set, 0 deleted; 0 the same, 5 of ZooKeeper itself left alone\n"},
		{"ls -R /", "/\n/zookeeper\n/zookeeper/config\n/zookeeper/quota\n"},
		{"snapshot restore --force --overwrite " + tree, "2 created, 1 set, 0 ACLs set, 0 deleted; 2 the same\n"},
		{"get /", "root"},
		{"get /zookeeper/quota/q/zookeeper_limits", "count=5,bytes=-1"},
	} {
		if got := zook(t.Context(), s.Addr(), "", strings.Fields(step.words)...); got != step.want {
			t.Errorf("%s\n%s--- want\n%s", step.words, got, step.want)
		}
	}
}

// bigExport is an export of path with parents of it and children of each.
func bigExport(t *testing.T, path string, parents, children, size int) (file string, znodes int) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"format":"zook-snapshot","version":1,"root":"` + path + `"}` + "\n" + `{"path":"` + path + `"}` + "\n")
	for i := range parents {
		fmt.Fprintf(&b, `{"path":"%s/p%d","data":"%s"}`+"\n", path, i, strings.Repeat("x", size))
		for j := range children {
			fmt.Fprintf(&b, `{"path":"%s/p%d/c%d","data":"%d"}`+"\n", path, i, j, j)
		}
	}
	b.WriteString(`{"complete":true}`)
	return writeFile(t, "big.json", b.String()), 1 + parents*(1+children)
}

// However batches cut a tree apart, all of it arrives, and goes again.
func TestRestoreOfLargeTrees(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		for i, shape := range []struct{ parents, children, size int }{{300, 30, 10}, {5000, 0, 0}, {20, 3, 300_000}} {
			path := fmt.Sprintf("/big%d", i)
			file, n := bigExport(t, path, shape.parents, shape.children, shape.size)
			run := func(words, want string) {
				t.Helper()
				if got := zook(t.Context(), server, "", strings.Fields(words)...); got != want {
					t.Errorf("%s: %s, want %s", words, got, want)
				}
			}
			run("snapshot restore "+file, fmt.Sprintf("%d created, 0 set, 0 ACLs set, 0 deleted; 0 the same\n", n))
			run("snapshot restore "+file, fmt.Sprintf("0 created, 0 set, 0 ACLs set, 0 deleted; %d the same\n", n))
			run("snapshot restore --path "+path+"/p0 --to "+path+" --overwrite --delete "+file,
				fmt.Sprintf("%d created, %d set, 0 ACLs set, %d deleted; %d the same\n", shape.children, min(shape.size, 1), n-1, 1-min(shape.size, 1)))
		}
	})
}

// It is told how far the work got when the connection is lost, and when a person
// stops it.
func TestRestoreStopped(t *testing.T) {
	file, total := bigExport(t, "/big", 200, 100, 0)
	begun := func(c *client.Client) bool {
		stat, err := c.Exists(t.Context(), "/big/p5")
		return err == nil && stat != nil
	}
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		proxy := newProxy(t, server)
		stop := proxy.cutWhen(c, begun)
		got := zook(t.Context(), proxy.server, "", "snapshot", "restore", file, "--timeout", "2s")
		stop()
		if !strings.Contains(got, "before that ") || !strings.HasSuffix(got, "= 8\n") || strings.Count(got, "\n") != 2 {
			t.Errorf("over a lost connection: %s", got)
		}
		zook(t.Context(), server, "", "rmr", "/big")

		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for !begun(c) && ctx.Err() == nil {
			}
			cancel()
		}()
		got = zook(ctx, server, "", "snapshot", "restore", file)
		cancel()
		n, err := c.AllChildrenNumber(t.Context(), "/big")
		s := Style{Terminal: true}
		if want := fmt.Sprintf("! zook: snapshot restore /big: interrupted (before that %s created, 0 set, 0 ACLs set, 0 deleted)\n= 1\n", s.Count(int64(n)+1)); got != want || err != nil || n+1 >= total {
			t.Errorf("interrupted: %s%d of %d are there, %v", got, n+1, total, err)
		}
	})
}

func TestRestoreAsks(t *testing.T) {
	file := writeFile(t, "tree.json", exportOf(`{"path":"/"}`, `{"path":"/a","data":"1"}`, `{"path":"/b","data":"1"}`))
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		for _, path := range []string{"/a", "/b", "/x", "/y"} {
			if _, _, err := c.Create(t.Context(), path, []byte("0"), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		run := func(answer bool, words ...string) (asked []string, out string) {
			u := newTerminal(server)
			defer u.Close()
			u.Terminal = true
			u.Ask = func(_ context.Context, question string) (bool, error) {
				asked = append(asked, question)
				return answer, nil
			}
			u.finish(Run(t.Context(), &u.Env, append([]string{"snapshot", "restore", file}, words...)))
			return asked, u.take()
		}
		asked, out := run(false, "--overwrite", "--delete")
		if len(asked) != 1 || asked[0] != "Overwrite 2 times and delete 2 znodes at and below /?" || out != "! zook: snapshot restore /: cancelled, nothing was changed\n= 1\n" {
			t.Errorf("asked %q, printed %q", asked, out)
		}
		if data, _, err := c.Get(t.Context(), "/a"); string(data) != "0" || err != nil {
			t.Errorf("after a no /a has %q, %v", data, err)
		}
		if asked, out := run(false, "--overwrite", "--yes"); len(asked) != 0 || !strings.HasPrefix(out, "0 created, 2 set, ") {
			t.Errorf("--yes asked %q and printed %q", asked, out)
		}
		if asked, _ := run(false); len(asked) != 0 {
			t.Errorf("nothing to overwrite asked %q", asked)
		}
	})
}

// What no server takes is told before anything is changed.
func TestRestoreOfTheImpossible(t *testing.T) {
	large := writeFile(t, "large.json", exportOf(`{"path":"/"}`, `{"path":"/a"}`, `{"path":"/large","data":"`+strings.Repeat("x", 1<<20)+`"}`))
	odd := snapshotOf(t, 7, func(w *snapshot.Writer) error {
		plainNodes(w, "/a")
		return w.Node("/\x01", nil, snapshot.OpenACL, jute.StatPersisted{})
	})
	onServers(t, func(t *testing.T, server string) {
		for file, want := range map[string]string{
			large: "! zook: snapshot restore /large: its 1048576 bytes of data are more than the 1 MB that servers take: --force sends it, to a server with a larger jute.maxbuffer\n= 1\n",
			odd:   "! zook: snapshot restore / : damaged: no server creates this: character U+0001 at byte 1\n= 9\n",
		} {
			if got := zook(t.Context(), server, "", "snapshot", "restore", file); got != want {
				t.Errorf("got %s", got)
			}
		}
		if names, _, err := dial(t, server).Children(t.Context(), "/"); err != nil || len(names) > 0 {
			t.Errorf("the server has %q now, %v", names, err)
		}
	})
}
