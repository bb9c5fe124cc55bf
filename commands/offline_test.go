package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// seen is all that commands can learn of a znode.
type seen struct {
	data     []byte
	stat     jute.Stat
	acl      []jute.ACL
	children []string
	below    int
}

func look(t *testing.T, z Znodes) map[string]seen {
	t.Helper()
	ctx := context.Background()
	all := map[string]seen{}
	for todo := []string{"/"}; len(todo) > 0; todo = todo[1:] {
		var s seen
		var errs [5]error
		var exists *jute.Stat
		s.data, s.stat, errs[0] = z.Get(ctx, todo[0])
		s.children, _, errs[1] = z.Children(ctx, todo[0])
		s.acl, _, errs[2] = z.ACL(ctx, todo[0])
		exists, errs[3] = z.Exists(ctx, todo[0])
		s.below, errs[4] = z.AllChildrenNumber(ctx, todo[0])
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatalf("%s: %v", todo[0], err)
		}
		if *exists != s.stat {
			t.Errorf("%s: exists tells %+v, get %+v", todo[0], *exists, s.stat)
		}
		slices.Sort(s.children)
		all[todo[0]] = s
		for _, name := range s.children {
			todo = append(todo, jute.JoinPath(todo[0], name))
		}
	}
	return all
}

// everyKind makes znodes of every kind on a server.
func everyKind(t *testing.T, addr string) {
	t.Helper()
	script := `
		create /app one
		create /app/empty ""
		create /app/größe ünï
		create -s /app/seq- s
		create -s /app/seq- s
		create -c /container c
		create -t 3600000 /ttl t
		create /closed secret
		addauth digest ann:secret
		setAcl /closed auth::cdrwa
		create /app/ip x ip:10.0.0.0/8:w,world:anyone:r
		create /counted 12345
		setquota -n 10 -B 1000 /counted
		create /counted/a 678
		set /app two
		set /app three
		create -p /gone/child lost
		rmr /gone
		create /gone again`
	env := newTerminal(addr)
	defer env.Close()
	if err := RunScript(t.Context(), &env.Env, "script", strings.NewReader(script), false); err != nil {
		t.Fatal(err)
	}
}

// The tree in the files is the one that the server shows, znode for znode.
func TestOfflineIsLive(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (addr, dir string){
		"zook": func(t *testing.T) (string, string) {
			dir := t.TempDir()
			s, err := server.Start(t.Context(), server.Config{DataDir: dir, ExtendedTypes: true, SnapCount: 20})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			everyKind(t, s.Addr())
			return s.Addr(), dir
		},
		"apache": func(t *testing.T) (string, string) {
			s := zktest.Everything(t)
			return s.Addr, s.DataDir
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr, dir := start(t)
			c, err := client.Dial(t.Context(), client.Config{Servers: addr, Auth: []client.Auth{{Scheme: "digest", Data: []byte("ann:secret")}}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, _, err := c.Create(t.Context(), "/mine", nil, jute.OpenACL(), jute.Ephemeral, 0); err != nil {
				t.Fatal(err)
			}
			want := look(t, c)
			env := newTerminal("")
			env.Files.Dir = dir
			z, err := env.Znodes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := look(t, z)
			// A member of an ensemble writes this at its start by its own clock, in no log.
			for _, all := range []map[string]seen{got, want} {
				config := all["/zookeeper/config"]
				config.stat.Mtime = 0
				all["/zookeeper/config"] = config
			}
			for path, w := range want {
				if g, ok := got[path]; !ok || !reflect.DeepEqual(g, w) {
					t.Errorf("%s:\n is %+v\nnot %+v", path, g, w)
				}
			}
			if len(got) != len(want) || len(want) < 15 {
				t.Errorf("%d znodes, the server shows %d", len(got), len(want))
			}
			config, _, _ := z.Config(t.Context())
			if w, _, err := c.Config(t.Context()); !bytes.Equal(config, w) || err != nil {
				t.Errorf("the configuration is %q, not %q", config, w)
			}
		})
	}
}

// filesOf is a data directory that our server has left behind.
func filesOf(t *testing.T, script string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := server.Start(t.Context(), server.Config{DataDir: dir, ExtendedTypes: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	env := newTerminal(s.Addr())
	defer env.Close()
	if err := RunScript(t.Context(), &env.Env, "script", strings.NewReader(script), false); err != nil {
		t.Fatal(err)
	}
	env.take()
	return dir
}

// onDir runs a command and returns what a user sees.
func onDir(t *testing.T, dir string, words ...string) string {
	t.Helper()
	return zook(t.Context(), "", "", append([]string{"--data-dir", dir}, words...)...)
}

func TestCommandsOnFiles(t *testing.T) {
	dir := filesOf(t, `
		create /a one
		create -p /a/b/c "two words"
		create -c /box
		create -t 3600000 /ttl
		setquota -n 7 /a
		create -e /lock
		set /a "one and more"`)
	var report struct {
		Start struct{ Last struct{ Zxid string } }
	}
	if err := json.Unmarshal([]byte(onDir(t, dir, "-o", "json", "datadir")), &report); err != nil {
		t.Fatal(err)
	}
	last, _ := parseZxid(report.Start.Last.Zxid)
	before := fmt.Sprintf("--at 0x%x ", last-1) // the session was closed
	for _, c := range []struct{ line, want string }{
		{"ls /", "a\nbox\nttl\nzookeeper\n"},
		{"ls -R /a", "/a\n/a/b\n/a/b/c\n"},
		{"-o zkcli ls /a", "[b]\n"},
		{"ls2 /box", "/box czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=0 aversion=0 ephemeralOwner=0x0 dataLength=0 numChildren=0\n"},
		{"get /a/b/c", "two words"},
		{"get /nowhere", "! zook: get /nowhere: no such node\n= 3\n"},
		{"exists /a /nowhere", "/a true\n/nowhere false\n= 3\n"},
		{"tree /a", "/a\n`-- b\n    `-- c\n\n3 znodes\n"},
		{"du /a", "9\t2\t/a/b\n21\t3\t/a\n"},
		{"grep -r words", "/a/b/c:two words\n"},
		{"find / --type container", "/box\n"},
		{"find / --type ttl", "/ttl\n"},
		{"find /a --type persistent", "/a\n/a/b\n/a/b/c\n"},
		{before + "find / --type ephemeral", "/lock\n"},
		{"find / --type ephemeral", ""},
		{"getAllChildrenNumber /a", "2\n"},
		{"getAcl /a", "world:anyone:cdrwa\n"},
		{"listquota /a", "/a count=3 limit=7 hardLimit=none bytes=21 byteLimit=none byteHardLimit=none\n"},
		{before + "getEphemerals", "/lock\n"},
		{before + "getEphemerals /a", ""},
		{"getEphemerals --session 1", ""},
		{"config", ""},
		{"--at 0x2 ls /", "a\nzookeeper\n"},
		{"--at 2 get /a", "one"},
		{"--at 0x0 ls /", "zookeeper\n"},
	} {
		if got := mask(onDir(t, dir, strings.Fields(c.line)...)); got != c.want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", c.line, got, c.want)
		}
	}
}

// What only a server can do says so, and nothing more.
func TestCommandsThatNeedAServer(t *testing.T) {
	dir := filesOf(t, "create /a one\ncreate /a/b two\nsetquota -n 5 /a")
	before, _ := filepath.Glob(filepath.Join(dir, "version-2", "*"))
	for _, line := range []string{
		"create /x y", "create -p /x/y z", "set /a b", "delete /a", "rmr --yes /a", "deleteall /a", "touch /a", "touch /new",
		"cp /a /q", "cp -r /a /q", "mv /a /q", "mv --no-atomic /a /q", "txn create /q z", "setquota -n 4 /a", "delquota /a",
		"setAcl /a world:anyone:r", "setAcl -R /a world:anyone:r",
		"watch /a", "watch -n 1 -r /", "addWatch /a", "removewatches /a", "ls -w /", "ls -R -w /", "get -w /a", "stat -w /a", "exists -w /a", "config -w",
		"sync /", "whoami", "addauth digest a:b", "reconfig -add x", "connect 127.0.0.1:1", "close",
	} {
		words := strings.Fields(line)
		want := fmt.Sprintf("! zook: %s: only a server can do this: --data-dir reads files, which cannot be changed\n= 2\n", words[0])
		if got := onDir(t, dir, words...); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	for line, want := range map[string]string{
		"-S h ls /":                 "--data-dir reads files and --server is for a server: one of them is enough",
		"--auth digest:a:b ls /":    "--data-dir reads files and --auth is for a server: one of them is enough",
		"shell --embedded":          "this is the shell",
		"getEphemerals --session x": "--session",
		"--at tomorrow ls /":        "--at",
		"at 5":                      "--at is for one command",
	} {
		if got := onDir(t, dir, strings.Fields(line)...); !strings.Contains(got, want) || !strings.HasSuffix(got, "\n= 2\n") || strings.Count(got, "\n") != 2 {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := zook(t.Context(), "127.0.0.1:1", "", "--at", "5", "ls", "/"); !strings.Contains(got, "--at is about files: it needs --data-dir") {
		t.Errorf("--at alone: %q", got)
	}
	if after, _ := filepath.Glob(filepath.Join(dir, "version-2", "*")); !slices.Equal(before, after) {
		t.Errorf("the files were %v and are %v", before, after)
	}
}

// A tree that cannot be made is told of once, with the right code.
func TestFilesThatCannotBeRead(t *testing.T) {
	dir := filesOf(t, "create /a one\ncreate /b two\ncreate /c three")
	log := filepath.Join(dir, "version-2", "log.1")
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	used := bytes.LastIndexFunc(b[:4096], func(r rune) bool { return r != 0 })
	damaged := slices.Clone(b)
	damaged[used/2] ^= 0x20
	if err := os.WriteFile(log, damaged, 0o644); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	os.WriteFile(text, []byte("hello\n"), 0o644)
	other := t.TempDir()
	os.WriteFile(filepath.Join(other, "PG_VERSION"), []byte("15\n"), 0o644)
	for _, c := range []struct {
		dir, line, says string
		code            int
	}{
		{dir, "ls /", "log.1: damaged at offset", 9},
		{dir, "ls / /a /b", "log.1: damaged at offset", 9},
		{dir, "find / /a", "log.1: damaged at offset", 9},
		{dir, "ls -R / /a", "log.1: damaged at offset", 9},
		{dir, "tree / /a", "log.1: damaged at offset", 9},
		{dir, "grep -r x", "log.1: damaged at offset", 9},
		{dir, "du /", "log.1: damaged at offset", 9},
		{dir, "--at 0x7777 ls /", "log.1: damaged at offset", 9},
		{filepath.Join(dir, "none"), "ls /", "none: no such file or directory", 1},
		{other, "get /a /b", "not a data directory: there is no version-2 in it", 1},
		{text, "ls /", "text: dataDir is not set", 1},
		{"", "ls /", "--data-dir needs a directory", 2},
	} {
		words := append([]string{"--data-dir", c.dir}, strings.Fields(c.line)...)
		got := zook(t.Context(), "127.0.0.1:1", "", words...)
		if strings.Count(got, "\n") != 2 || !strings.Contains(got, c.says) || !strings.HasSuffix(got, fmt.Sprintf("= %d\n", c.code)) {
			t.Errorf("%s %s: %q", c.dir, c.line, got)
		}
	}
	if got := onDir(t, dir, "--at", "0x2", "ls", "/"); got != "a\nzookeeper\n" {
		t.Errorf("before the damage: %q", got)
	}
	if got := onDir(t, dir, "ls", "/"); !strings.Contains(got, ": --at 0x2 is before that") && !strings.Contains(got, ": --at 0x3 is before that") {
		t.Errorf("no way out is told: %q", got)
	}
	if got := onDir(t, dir, "--at", "2001-02-03", "ls", "/"); !strings.Contains(got, "is not covered: the files cover 0x0") || !strings.HasSuffix(got, "= 1\n") {
		t.Errorf("out of range: %q", got)
	}
}

// A script and the shell move in time.
func TestAt(t *testing.T) {
	dir := filesOf(t, "create /a one\nset /a two\nset /a three")
	play := func(lines string) string {
		env := newTerminal("")
		env.Files.Dir = dir
		env.finish(RunScript(t.Context(), &env.Env, "script", strings.NewReader(lines), true))
		return mask(env.take())
	}
	got := play("get /a\nat 0x2\nget /a\nat 0x9999\nget /a\ncd /a\nat\nat last\nget .\nat never\nls / --at 3\nls / --data-dir /x\n")
	want := "three\n0xN TIME 5 znodes\none! zook: script:4: at: " + dir + "/version-2: 0xN is not covered: the files cover 0x0 (TIME) to 0xN (TIME)\n\n" +
		"one\n0xN TIME 5 znodes\n0xN TIME 5 znodes\nthree"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, part := range []string{"script:10: at: \"never\" is neither a zxid", "--at is for the start of zook", "--data-dir is for the start of zook"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in\n%s", part, got)
		}
	}
	if got := zook(t.Context(), "127.0.0.1:1", "at 5\n", "-f", "-"); !strings.Contains(got, "at is for files") {
		t.Errorf("on a server: %q", got)
	}
}

// Paths complete from files, and a bad directory is no news while somebody types.
func TestCompletionOnFiles(t *testing.T) {
	dir := filesOf(t, "create /apple one\ncreate /apple/pie two\ncreate /banana three")
	for line, want := range map[string]string{
		"--data-dir " + dir + " get /a":           "/apple/\t1 child\n",
		"--data-dir " + dir + " ls /":             "/apple\n/banana\n/zookeeper\n",
		"--data-dir " + dir + " --at 0x2 get /":   "/apple\n/zookeeper\n",
		"--data-dir " + dir + "/nowhere get /":    "",
		"--data-dir " + dir + " --at 0x99 get /a": "",
	} {
		words := strings.Split(line, " ")
		got, _, _ := strings.Cut(zook(t.Context(), "", "", append([]string{"__complete"}, words...)...), ":")
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// zoo.cfg says where the files are, in two places.
func TestFilesOfZooCfg(t *testing.T) {
	logs, data := filepath.Join(t.TempDir(), "logs"), filepath.Join(t.TempDir(), "data")
	s, err := server.Start(t.Context(), server.Config{DataDir: data, DataLogDir: logs})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.Addr())
	if _, _, err := c.Create(t.Context(), "/a", []byte("there"), jute.OpenACL(), jute.Persistent, 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	cfg := filepath.Join(t.TempDir(), "zoo.cfg")
	os.WriteFile(cfg, fmt.Appendf(nil, "dataDir=%s\ndataLogDir=%s\nclientPort=2181\ninitLimit=5\n", data, logs), 0o644)
	if got := onDir(t, cfg, "get", "/a"); got != "there" {
		t.Errorf("got %q", got)
	}
	if got := onDir(t, data, "get", "/a"); got != "! zook: get /a: no such node\n= 3\n" {
		t.Errorf("without the logs: %q", got)
	}
}
