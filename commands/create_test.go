package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/server"
)

func TestCreate(t *testing.T) {
	transcript(t, `
	$ zook create /a
	/a
	$ zook create /a
	! zook: create /a: node exists
	= 4
	$ zook create -s /a/item- x
	/a/item-0000000000
	$ zook create -s /a/ x
	/a/0000000001
	$ zook create /b/c/d
	! zook: create /b/c/d: no such node: its parent /b does not exist: -p creates parents
	= 3
	$ zook create -p /b/c/d data
	/b/c/d
	$ zook create -p /b/c/d/e/
	/b/c/d/e
	$ zook get -o jsonl /b /b/c/d
	{"path":"/b","data":null}
	{"path":"/b/c/d","data":"data"}
	$ zook create -c /container
	/container
	$ zook create -t 90s /ttl
	/ttl
	$ zook create -t 5000 -s /ttl-
	/ttl-0000000004
	$ zook create /acl data ip:127.0.0.1:cdrwa,world:anyone:r
	/acl
	$ zook getAcl /acl
	ip:127.0.0.1:cdrwa
	world:anyone:r
	$ zook create -o zkcli /z
	! Created /z
	$ zook create -o jsonl /j
	{"path":"/j","stat":{"czxid":"0xN","mzxid":"0xN","pzxid":"0xN","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeralOwner":"0x0","dataLength":0,"numChildren":0}}
	> create -e /e
	/e
	> create -e -s /e-
	/e-0000000009
	> create /e/child
	! zook: create /e/child: ephemeral nodes have no children, and /e is one
	= 1
	> ls / -o zkcli
	[a, acl, b, container, e, e-0000000009, j, ttl, ttl-0000000004, z]
`)
}

func TestCreateRefuses(t *testing.T) {
	transcript(t, `
	$ zook create -c -e /x
	! zook: create: -c cannot go with -e or -s: containers are neither ephemeral nor sequential
	= 2
	$ zook create -t 5s -e /x
	! zook: create: -t cannot go with -e or -c: only persistent znodes have a TTL
	= 2
	$ zook create -t never /x
	! zook: create: -t: "never" is not a duration such as 500ms, 5s or 2m (zook create --help)
	= 2
	$ zook create -t 0 /x
	! zook: create: -t: it must be more than zero (zook create --help)
	= 2
	$ zook create -t 20000000h /x
	! zook: create: -t: "20000000h" is not a duration such as 500ms, 5s or 2m (zook create --help)
	= 2
	$ zook create -t 1099511627776 /x
	! zook: create: -t: a TTL is at most 305419h53m47.775s
	= 2
	$ zook create /x data world:anyone
	! zook: create: ACL: "world:anyone" is not scheme:id:perms
	= 2
	$ zook create /x data nobody:knows:r
	! zook: create /x: invalid ACL: scheme:id:perms is wanted, in a scheme that the server knows
	= 1
	$ zook create /x a b c
	! zook: create: one argument too many, "c"; usage: zook create PATH [DATA [ACL]]
	= 2
	$ zook create /x @/no/such/file
	! zook: create: /no/such/file: no such file or directory
	= 1
	$ zook ls /
`)
}

func TestData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	onServers(t, func(t *testing.T, server string) {
		for _, c := range []struct{ arg, stdin, want string }{
			{"@" + file, "", "from a file\n"},
			{"-", "from stdin", "from stdin"},
			{"-", "", ""},
			{"@@home", "", "@home"},
			{"a@b", "", "a@b"},
		} {
			if got := zook(t.Context(), server, c.stdin, "create", "-s", "/data-", c.arg); !strings.HasPrefix(got, "/data-") {
				t.Fatalf("create %s: %s", c.arg, got)
			} else if got := zook(t.Context(), server, "", "get", strings.TrimSpace(got)); got != c.want {
				t.Errorf("create %s: the data is %q, want %q", c.arg, got, c.want)
			}
		}
		const tooMuch = "! zook: create /big: the data is more than the 1 MB that servers take: --force sends it, for a server with a larger jute.maxbuffer\n= 1\n"
		if got := zook(t.Context(), server, strings.Repeat("x", 1<<20), "create", "/big", "-"); got != tooMuch {
			t.Errorf("1 MB: got %q", got)
		}
		if got := zook(t.Context(), server, strings.Repeat("x", 1<<20-200), "create", "/big", "-"); got != "/big\n" {
			t.Errorf("a little less than 1 MB: got %q", got)
		}
	})
}

func TestForceSendsWhatALargerServerTakes(t *testing.T) {
	s, err := server.Start(t.Context(), server.Config{MaxFrame: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	data := strings.Repeat("x", 2<<20)
	if got := zook(t.Context(), s.Addr(), data, "--force", "create", "/big", "-"); got != "/big\n" {
		t.Errorf("got %q", got)
	}
	if got := zook(t.Context(), s.Addr(), "", "get", "/big"); got != data {
		t.Errorf("%d bytes came back", len(got))
	}
}
