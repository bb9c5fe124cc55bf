package commands

import (
	"bytes"
	"strings"
	"testing"

	"zook/jute"
)

const aTree = `
	> create -p /a/b/c data
	/a/b/c
	> create /a/b/d
	/a/b/d
	> create /a/e '{"k": 1}'
	/a/e
	> create '/a/f g'
	/a/f g
`

func TestTree(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		play(t, server, aTree+"> create /a/z\n/a/z\n> setAcl /a/z world:anyone:a\n")
		for _, test := range []struct{ line, want string }{
			{"tree /a", `/a
|-- b
|   |-- c
|   |-- d
|-- e
|-- f g
+-- z [not authorised]

7 znodes, the children of 1 could not be read
= 7
`},
			{"tree -L 1 /", "/\n+-- a\n\n2 znodes\n"},
			{"tree /a/b/c", "/a/b/c\n\n1 znode\n"},
			{"tree /a/b/c /a/nope /a/e", "/a/b/c\n! zook: tree /a/nope: no such node\n/a/e\n\n2 znodes\n= 3\n"},
			{"tree /nope", "! zook: tree /nope: no such node\n= 3\n"},
			{"tree -L 0 /", "! zook: tree: -L: a level is 1 or more\n= 2\n"},
			{"tree a", "! zook: tree: invalid path \"a\": it must start with /\n= 2\n"},
			{"tree -o jsonl /a/b /a/z", `{"path":"/a/b","depth":0}
{"path":"/a/b/c","depth":1}
{"path":"/a/b/d","depth":1}
{"path":"/a/z","depth":0,"error":"not authorised"}
= 7
`},
		} {
			want := strings.NewReplacer("|-- d", "`-- d", "+--", "`--").Replace(test.want)
			if got := zook(t.Context(), server, "", strings.Fields(test.line)...); got != want {
				t.Errorf("%s\n--- got\n%s--- want\n%s", test.line, got, want)
			}
		}
		play(t, server, "> setAcl /a/z world:anyone:cdrwa\n> cd /a/b\n> tree -o jsonl -L 1\n"+
			`{"path":"/a/b","depth":0}`+"\n"+`{"path":"/a/b/c","depth":1}`+"\n"+`{"path":"/a/b/d","depth":1}`+"\n")
	})
}

func TestTreeForEyes(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		play(t, server, aTree)
		env := newTerminal(server)
		defer env.Close()
		env.Terminal = true
		env.finish(Run(t.Context(), &env.Env, []string{"tree", "/a"}))
		const want = "/a\n├── b\n│   ├── c\n│   └── d\n├── e\n└── f g\n\n6 znodes\n"
		if got := env.take(); got != want {
			t.Errorf("got\n%s--- want\n%s", got, want)
		}
	})
}

// The names on a server are not to be trusted: they reach the terminal printable.
func TestTreeOfHostileNames(t *testing.T) {
	b := &branch{Path: "/a/\x1b[2J\n\u0085", Depth: 1, last: []bool{true}}
	for _, s := range []Style{{}, {Terminal: true, Color: true}} {
		var out bytes.Buffer
		b.Text(&out, s)
		if got := out.String(); !strings.HasSuffix(got, `-- \x1b[2J\x0a\x85`+"\n") && !strings.HasSuffix(got, `── \x1b[2J\x0a\x85`+"\n") {
			t.Errorf("drawn as %q", got)
		}
	}
}

// A parent of 100,000 children is no reason to wait long, or to keep them all.
func TestUnderManyChildren(t *testing.T) {
	server := servers[0].start(t) // Apache's takes a minute for this
	addr := server + emptyTree(t, server)
	const n = 100_000
	bigTree(t, addr, "/big", n, 10)
	out := zook(t.Context(), addr, "", "tree", "/big")
	lines := strings.Split(out, "\n")
	if len(lines) != n+5 || lines[2] != "    |-- 000000" || lines[n+1] != "    `-- 099999" || lines[n+3] != "100002 znodes" {
		t.Errorf("tree printed %d lines, among them %q %q %q", len(lines), lines[2], lines[n+1], lines[len(lines)-2])
	}
	for _, test := range []struct{ line, want string }{
		{"du -s /big", "1000000\t100002\t/big\n"},
		{"find /big --name 09999[89]", "/big/kids/099998\n/big/kids/099999\n"},
		{"find /big --min-children 100000", "/big/kids\n"},
		{"grep -r 0000099999 /big", "/big/kids/099999:0000099999\n"},
	} {
		if got := zook(t.Context(), addr, "", strings.Fields(test.line)...); got != test.want {
			t.Errorf("%s\n--- got\n%.300s--- want\n%s", test.line, got, test.want)
		}
	}
	old := newProxy(t, addr, jute.OpAddWatch) // where every znode has a watch of its own
	w := startWatch(t, old.server, "-r", "/big")
	c := dial(t, addr)
	if _, err := c.Set(t.Context(), "/big/kids/050000", nil, -1); err != nil {
		t.Fatal(err)
	}
	w.expect("NodeDataChanged /big/kids/050000")
	if err := c.Delete(t.Context(), "/big/kids/050000", -1); err != nil {
		t.Fatal(err)
	}
	w.expect("NodeDataChanged /big/kids/050000", "NodeDeleted /big/kids/050000")
	w.stop()
}
