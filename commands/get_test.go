package commands

import (
	"bytes"
	"strings"
	"testing"

	"zook/jute"
)

func TestGet(t *testing.T) {
	transcript(t, `
	$ zook create /a hello
	/a
	$ zook create /none
	/none
	$ zook create /json '{"b":1.50,"a":[true,"<&>"]}'
	/json
	$ zook get -o jsonl /a /none
	{"path":"/a","data":"hello"}
	{"path":"/none","data":null}
	$ zook get -s /a
	hello
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=0 aversion=0 ephemeralOwner=0x0 dataLength=5 numChildren=0
	$ zook get -o json -s /none
	{
	  "path": "/none",
	  "data": null,
	  "stat": {
	    "czxid": "0xN",
	    "mzxid": "0xN",
	    "pzxid": "0xN",
	    "ctime": "TIME",
	    "mtime": "TIME",
	    "version": 0,
	    "cversion": 0,
	    "aversion": 0,
	    "ephemeralOwner": "0x0",
	    "dataLength": 0,
	    "numChildren": 0
	  }
	}
	$ zook get --json /json
	{
	  "b": 1.50,
	  "a": [
	    true,
	    "<&>"
	  ]
	}
	$ zook get --json /a
	! zook: get /a: the data is not JSON, at byte 1: invalid character 'h' looking for beginning of value
	= 1
	$ zook get --json /none
	! zook: get /none: the data is not JSON: there is none
	= 1
	$ zook get -o zkcli /a /none
	hello
	null
	$ zook get -o table /a
	┌──────┬───────┐
	│ path │ data  │
	├──────┼───────┤
	│ /a   │ hello │
	└──────┴───────┘
	$ zook get /nope
	! zook: get /nope: no such node
	= 3
	$ zook get
	! zook: get: too few arguments; usage: zook get PATH...
	= 2
`)
}

func TestGetIsByteForByte(t *testing.T) {
	data := []byte("\x00\xff no newline, \x1b[31m no colour")
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		if _, _, err := c.Create(t.Context(), "/bin", data, jute.OpenACL(), jute.Persistent, 0); err != nil {
			t.Fatal(err)
		}
		if got := zook(t.Context(), server, "", "get", "/bin"); got != string(data) {
			t.Errorf("got %q", got)
		}
		if got := zook(t.Context(), server, "", "get", "/bin", "-o", "jsonl"); got != `{"path":"/bin","data":null,"dataBase64":"AP8gbm8gbmV3bGluZSwgG1szMW0gbm8gY29sb3Vy"}`+"\n" {
			t.Errorf("got %q", got)
		}
		eyes := newTerminal(server)
		eyes.Terminal, eyes.Color = true, true
		defer eyes.Close()
		if err := Run(t.Context(), &eyes.Env, []string{"get", "/bin"}); err != nil {
			t.Fatal(err)
		}
		got := eyes.take()
		if !strings.HasPrefix(got, "00000000  00 ff 20 6e") || bytes.ContainsRune([]byte(got), 0x1b) {
			t.Errorf("on a terminal, data that is not text is %q", got)
		}
	})
}

func TestGetWatch(t *testing.T) {
	transcript(t, `
	> create /a one
	/a
	> get /a 1 -o zkcli
	one
	> set /a two
	~ NodeDataChanged /a
	> set /a three
	> get -w -o zkcli /a
	three
	> delete /a
	~ NodeDeleted /a
	> get -w /a
	! zook: get /a: no such node
	= 3
`)
}
