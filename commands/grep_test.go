package commands

import (
	"bytes"
	"testing"

	"zook/jute"
)

func TestGrep(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		for _, z := range []struct{ path, data string }{
			{"/app", "host=db1\nport=5432\n"}, {"/app/a", "Host=db2\r\n\tport=1\r\n"}, {"/app/b", ""},
			{"/app/bin", "port=\x00\x1b[2J"}, {"/other", "nothing"},
		} {
			if _, _, err := c.Create(t.Context(), z.path, []byte(z.data), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		play(t, server, `
	$ zook grep port /app
	port=5432
	$ zook grep -n 'port|host' /app /app/a
	/app:1:host=db1
	/app:2:port=5432
	/app/a:2:	port=1
	$ zook grep -r port=
	/app:port=5432
	/app/a:	port=1
	binary data of /app/bin matches
	$ zook grep -il HOST
	/app
	/app/a
	$ zook grep -F 'b1' /app
	host=db1
	$ zook grep -F '(' /app
	= 1
	$ zook grep -v port /app
	host=db1
	$ zook grep zzz
	= 1
	$ zook grep zzz /nope
	! zook: grep /nope: no such node
	= 3
	$ zook grep port /nope /app
	! zook: grep /nope: no such node
	/app:port=5432
	= 3
	$ zook grep '(' /app
	! zook: grep: the pattern "(" is not valid: missing closing ): `+"`(`"+`
	= 2
	$ zook grep
	! zook: grep: too few arguments; usage: zook grep PATTERN [PATH...]
	= 2
	$ zook grep port /app /app/bin -o jsonl
	{"path":"/app","line":2,"text":"port=5432"}
	{"path":"/app/bin","binary":true}
	> cd /app
	> grep -l db .
	/app
	> setAcl a world:anyone:a
	> grep -r port=
	/app:port=5432
	! zook: grep /app/a: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	binary data of /app/bin matches
	= 7
	> setAcl a world:anyone:cdrwa
`)
	})
}

func TestGrepForEyes(t *testing.T) {
	for _, test := range []struct {
		m    match
		want string
	}{
		{match{Path: "/a\x1b", Line: 3, Match: "a\tb\x01c", spans: [][]int{{2, 3}}, showPath: true, number: true},
			"\x1b[35m/a\\x1b\x1b[0m:3:a\t\x1b[1;31mb\x1b[22;0m\\x01c\n"},
		{match{Path: "/a", Line: 1, Match: "x", spans: [][]int{{0, 0}}}, "x\n"},
		{match{Path: "/a", Binary: true}, "binary data of /a matches\n"},
	} {
		var out bytes.Buffer
		test.m.Text(&out, Style{Terminal: true, Color: true})
		if got := out.String(); got != test.want {
			t.Errorf("printed %q, want %q", got, test.want)
		}
	}
}
