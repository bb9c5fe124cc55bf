package commands

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSession(t *testing.T) {
	transcript(t, `
	> create -e /e
	/e
	> close
	> ls /
	! zook: ls: not connected: connect opens a session
	= 8
	$ zook ls /
	> connect -o zkcli
	> ls /
	> history
	0 - create -e /e
	1 - close
	2 - ls /
	3 - connect -o zkcli
	4 - ls /
	5 - history
	> create /x
	/x
	> redo 4
	x
	> redo 7
	! zook: redo: line 7 is a redo itself
	= 2
	> redo 99
	! zook: redo: "99" is not the number of a line before this one (history shows them)
	= 2
	> redo ls
	! zook: redo: "ls" is not the number of a line before this one (history shows them)
	= 2
	> ls / -S localhost:1
	! zook: ls: --server is for the start of zook; connect and addauth change a session
	= 2
	> ls / -o jsonl
	{"path":"/","children":["x"]}
	> ls /
	x
	> # a comment
	> quit
	$ zook quit
	! zook: quit: only the shell has this
	= 2
	$ zook redo 1
	! zook: redo: only the shell has this
	= 2
`)
}

func TestConfig(t *testing.T) {
	// The configuration is outside of the chroot that this runs in.
	transcript(t, `
	$ zook config -c -o zkcli
	 
`)
	rootTranscript(t, `
	$ zook config -c -o zkcli
	 
	$ zook reconfig -add server.2=127.0.0.1:1:2;3
	! zook: reconfig: reconfiguration is disabled on the server
	= 1
	$ zook reconfig
	! zook: reconfig: what to change is missing: -add, -remove, -members or -file
	= 2
	$ zook reconfig -add a -file b
	! zook: reconfig: -members and -file, which name all servers, cannot go with -add and -remove
	= 2
	$ zook reconfig -v xyz -remove 1
	! zook: reconfig: -v: "xyz" is not a version in hex, as config shows it
	= 2
	$ zook reconfig -file /no/such/file
	! zook: reconfig: /no/such/file: no such file or directory
	= 1
`)
}

func TestParseConfig(t *testing.T) {
	e := parseConfig([]byte("server.1=zk1:2888:3888:participant;0.0.0.0:2181\nserver.2=zk2:2888:3888;2182\nversion=100000000\n"))
	if got, want := e.clientString(), "100000000 0.0.0.0:2181,0.0.0.0:2182"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoConnection(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	start := time.Now()
	for _, c := range []struct{ server, want string }{
		{refused.Addr().String(), "! zook: ls: cannot connect to ADDR: connection refused\n= 8\n"},
		{silent.Addr().String(), "! zook: ls: cannot connect to ADDR: no answer in time\n= 8\n"},
		{"host:port", "! zook: ls: servers \"ADDR\": \"port\" is not a port\n= 2\n"},
		{"127.0.0.1:1/a//b", "! zook: ls: invalid path \"/a//b\": it has an empty element\n= 2\n"},
	} {
		got := zook(t.Context(), c.server, "", "ls", "--timeout", "300ms", "/")
		if got = strings.ReplaceAll(got, c.server, "ADDR"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.server, got, c.want)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("a timeout of 300 ms took %v", took)
	}
}

// What needs no server connects to none.
func TestNoNeedToConnect(t *testing.T) {
	for _, line := range []string{"help", "help ls", "version", "ls foo", "get", "lss", "ls --nosuch", "create -c -e /x", "help completion"} {
		u := newTerminal("127.0.0.1:1")
		err := Run(t.Context(), &u.Env, strings.Fields(line))
		if code := ExitCode(err); code != ExitOK && code != ExitUsage {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestResolve(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	t.Setenv("ZOOK_CONFIG", file)
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"current": "prod", "contexts": {"prod": {"server": "zk1:2181/app", "auth": ["digest:u:p"],
		"sessionTimeout": "5s", "tls": {"ca": "ca.pem"}}}}`)
	c, err := Connect{}.Resolve()
	if err != nil || c.Server != "zk1:2181/app" || len(c.Auth) != 1 || c.SessionTimeout != 5*time.Second || c.TLS.CA != "ca.pem" || c.Timeout != 10*time.Second {
		t.Errorf("from the file: %+v, %v", c, err)
	}
	c, err = Connect{Server: "other:1"}.Resolve()
	if err != nil || c.Server != "other:1" || len(c.Auth) != 0 {
		t.Errorf("the credentials of a context go to another server: %+v, %v", c, err)
	}
	t.Setenv("ZOOK_SERVER", "env:2")
	if c, err = (Connect{}).Resolve(); err != nil || c.Server != "env:2" || len(c.Auth) != 0 {
		t.Errorf("with ZOOK_SERVER: %+v, %v", c, err)
	}
	t.Setenv("ZOOK_SERVER", "")
	for text, want := range map[string]string{
		`{"current": "dev", "contexts": {}}`:      `there is no context "dev"`,
		`{"current": "x", "contexts": {"x": {}}}`: "names no server",
		`{"contexts": `:    "unexpected EOF",
		`{"kontexts": {}}`: `unknown field "kontexts"`,
	} {
		write(text)
		_, err := Connect{}.Resolve()
		if ExitCode(err) != ExitUsage || !strings.Contains(Explain(err), want) || !strings.Contains(Explain(err), file) {
			t.Errorf("%s: %s", text, Explain(err))
		}
	}
	os.Remove(file)
	if _, err := (Connect{}).Resolve(); ExitCode(err) != ExitUsage {
		t.Errorf("a file that ZOOK_CONFIG names and is not there: %v", err)
	}
	t.Setenv("ZOOK_CONFIG", "")
	if c, err := (Connect{}).Resolve(); err != nil || c.Server != "localhost:2181" {
		t.Errorf("with nothing: %+v, %v", c, err)
	}
}
