package commands

import (
	"strings"
	"testing"
)

func TestModern(t *testing.T) {
	root := NewRoot(&Env{})
	for words, want := range map[string]string{
		"":                            "",
		"ls /":                        "ls -- /",
		"LS /":                        "ls -- /",
		"getacl /a":                   "getAcl -- /a",
		"EXIT":                        "exit",
		"ls / watch":                  "ls -w -- /",
		"ls /a /watch":                "ls -- /a /watch",
		"ls2 / true":                  "ls2 -w -- /",
		"get /a 1":                    "get -w -- /a",
		"get /a /b 1":                 "get -- /a /b 1",
		"stat /a watch":               "stat -w -- /a",
		"set /a data 3":               "set -v 3 -- /a data",
		"set /a data -1":              "set -v -1 -- /a data",
		"set /a -1":                   "set -- /a -1",
		"set -v 3 /a data":            "set -v 3 -- /a data",
		"set /a -v 3 data":            "set -v 3 -- /a data",
		"set /a -- -x":                "set -- /a -x",
		"delete /a 3":                 "delete -v 3 -- /a",
		"delete /a /b":                "delete -- /a /b",
		"-server h:1 ls /":            "ls --server h:1 -- /",
		"-server=h:1 ls /":            "ls --server=h:1 -- /",
		"--server h:1 ls /":           "ls --server h:1 -- /",
		"-S h:1 -o json ls -R /":      "ls -S h:1 -o json -R -- /",
		"-Sh:1 ls /":                  "ls -Sh:1 -- /",
		"reconfig -add server.1=a -s": "reconfig --add server.1=a -s",
		"create -se /a x":             "create -se -- /a x",
		"create -t 500 /a":            "create -t 500 -- /a",
		"create -st 500 /a":           "create -st 500 -- /a",
		"ls -yes /":                   "ls --yes -- /",
		"ls -help":                    "ls --help",
		"deleteall /a -b 100":         "deleteall -b 100 -- /a",
		"__complete ls -":             "__complete ls -",
		"help server run":             "help -- server run",
		"server run zoo.cfg":          "server run -- zoo.cfg",
		"setquota -n 5 /a":            "setquota -n 5 -- /a",
		"get - /a":                    "get -- - /a",
		"ls --nosuch /":               "ls --nosuch -- /",
	} {
		got, err := modern(root, strings.Fields(words))
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q becomes %q (%v), want %q", words, strings.Join(got, " "), err, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	transcript(t, `
	$ zook lss
	! zook: unknown command "lss", did you mean ls? (zook help lists the commands)
	= 2
	$ zook CREAET /a
	! zook: unknown command "CREAET", did you mean create? (zook help lists the commands)
	= 2
	$ zook getephemeral
	! zook: unknown command "getephemeral", did you mean getEphemerals? (zook help lists the commands)
	= 2
	$ zook frobnicate
	! zook: unknown command "frobnicate" (zook help lists the commands)
	= 2
	$ zook help frobnicate
	! zook: help: unknown command "frobnicate" (zook help lists the commands)
	= 2
	$ zook ls --recursve /
	! zook: ls: unknown flag --recursve, did you mean --recursive? (zook ls --help)
	= 2
	$ zook ls -z /
	! zook: ls: unknown flag -z (zook ls --help)
	= 2
	$ zook ls / --tmeout 3s
	! zook: ls: unknown flag --tmeout, did you mean --timeout? (zook ls --help)
	= 2
	$ zook ls / --timeout
	! zook: ls: --timeout needs a value (zook ls --help)
	= 2
	$ zook ls / --timeout soon
	! zook: ls: --timeout: "soon" is not a duration such as 500ms, 5s or 2m (zook ls --help)
	= 2
	$ zook ls / -o jsn
	! zook: ls: -o: there is no format "jsn"; did you mean json? (zook ls --help)
	= 2
	$ zook ls / -o xml
	! zook: ls: -o: there is no format "xml"; there are text, table, json, jsonl, zkcli (zook ls --help)
	= 2
	$ zook delete -v 99999999999 /a
	! zook: delete: -v: 99999999999 is out of range (zook delete --help)
	= 2
	$ zook --tls-cert x.pem ls /
	! zook: ls: --tls-cert and --tls-key go together
	= 2
	$ zook --tls-ca /no/such.pem ls /
	! zook: ls: --tls-ca: open /no/such.pem: no such file or directory
	= 2
	$ zook ls /a//b
	! zook: ls: invalid path "/a//b": it has an empty element
	= 2
	$ zook create /a/../b
	! zook: create: invalid path "/a/../b": it has a ".." element; znode paths have no relative parts
	= 2
	$ zook exists foo
	! zook: exists: invalid path "foo": it must start with /
	= 2
`)
	got := zook(t.Context(), "127.0.0.1:1", "", "get", "/a\x00b")
	if want := "! zook: get: invalid path \"/a\\x00b\": NUL at byte 2\n= 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every command can be understood and completed.
func TestEveryCommandIsExplained(t *testing.T) {
	for _, c := range NewRoot(&Env{}).Commands() {
		if c.Short == "" || c.Long == "" || c.Example == "" && !c.HasSubCommands() || c.GroupID == "" {
			t.Errorf("%s lacks Short, Long, Example or a group", c.Name())
		}
		u := newTerminal("127.0.0.1:1")
		if err := Run(t.Context(), &u.Env, []string{"help", strings.ToUpper(c.Name())}); err != nil {
			t.Errorf("help %s: %v", c.Name(), err)
		}
		if out := u.take(); !strings.Contains(out, "Usage: zook "+c.Name()) || c.HasExample() && !strings.Contains(out, "Examples:") {
			t.Errorf("help %s prints %q", c.Name(), out)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"ls", "get", "getAcl", "delete", "deleteall", "create"}
	for word, want := range map[string]string{
		"sl": "ls", "gte": "get", "getalc": "getAcl", "dele": "delete", "del": "delete", "x": "", "lsblk": "", "": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("%q is nearest to %q, want %q", word, got, want)
		}
	}
}

func FuzzModern(f *testing.F) {
	f.Add("-server h ls / watch")
	f.Add("set /a -1 -1 -- -x")
	f.Add("create -st=5 /a @@x")
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		got, err := modern(NewRoot(&Env{}), words)
		if err == nil && len(got) > len(words)+2 {
			t.Errorf("%q becomes %q", words, got) // only -w or -v and -- are added
		}
	})
}
