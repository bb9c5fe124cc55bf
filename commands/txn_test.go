package commands

import (
	"context"
	"strings"
	"testing"

	"zook/jute"
)

func TestTxn(t *testing.T) {
	transcript(t, `
	$ zook create /app old
	/app
	$ zook txn create /app/a x ';' set /app new -v 0 ';' create -s /app/s- ';' check /app 1
	create /app/a
	set /app
	create /app/s-0000000001
	check /app
	$ zook txn 'create /app/b "x; y"; delete /app/a; check /app'
	create /app/b
	delete /app/a
	check /app
	$ zook get /app /app/b -o jsonl
	{"path":"/app","data":"new"}
	{"path":"/app/b","data":"x; y"}
	$ zook txn create /app/c ';' set /app newer -v 7 ';' delete /app/b
	! zook: txn: operation 2 of 3, set /app: bad version: it has version 1, not 7; nothing was changed
	= 5
	$ zook txn create /app/c ';' create /app/b
	! zook: txn: operation 2 of 2, create /app/b: node exists; nothing was changed
	= 4
	$ zook txn create /app/c ';' create /x/y/z
	! zook: txn: operation 2 of 2, create /x/y/z: no such node: its parent /x/y does not exist; nothing was changed
	= 3
	$ zook txn create /app/c ';' delete /app
	! zook: txn: operation 2 of 2, delete /app: node has children; nothing was changed: rmr deletes its children too
	= 6
	$ zook txn create /app/c ';' check /app 3
	! zook: txn: operation 2 of 2, check /app: bad version: it has version 1, not 3; nothing was changed
	= 5
	$ zook txn check /nope
	! zook: txn: operation 1 of 1, check /nope: no such node; nothing was changed
	= 3
	$ zook ls /app
	b
	s-0000000001
	> cd /app
	> txn create n x world:anyone:r ; check n 0 ; set b 'it is'
	create /app/n
	check /app/n
	set /app/b
	> txn set n y
	! zook: txn: operation 1 of 1, set /app/n: not authorised; nothing was changed: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	= 7
	> txn 'create --acl world:anyone:cdrwa -e e; create -t 5m ttl; create -c cont'
	create /app/e
	create /app/ttl
	create /app/cont
	> getEphemerals
	/app/e
	> txn create e/below
	! zook: txn: operation 1 of 1, create /app/e/below: ephemeral nodes have no children, and /app/e is one; nothing was changed
	= 1
	> txn delete ttl 0 ; set b z 1 ; delete cont -1
	delete /app/ttl
	set /app/b
	delete /app/cont
	$ zook txn -o jsonl 'check /app; create /app/j; delete /app/j'
	{"op":"check","path":"/app"}
	{"op":"create","path":"/app/j"}
	{"op":"delete","path":"/app/j"}
	$ zook txn create /app/j -o jsonl
	{"op":"create","path":"/app/j"}
	$ zook txn -- set /app/j -- -o
	set /app/j
	$ zook get /app/j -o jsonl
	{"path":"/app/j","data":"-o"}
`)
}

func TestTxnThatMakesNoSense(t *testing.T) {
	transcript(t, `
	$ zook txn
	! zook: txn: an operation is wanted, or - to read them from standard input (zook txn --help)
	= 2
	$ zook txn ';' ';'
	! zook: txn: there is no operation
	= 2
	$ zook txn '# nothing'
	! zook: txn: there is no operation
	= 2
	$ zook txn create /ok ';' crate /x
	! zook: txn: operation 2: there is no operation "crate"; there are check, create, delete, set
	= 2
	$ zook txn create /ok 'x;' set /ok y
	! zook: txn: operation 1: a blank is wanted before the ; of "x;"
	= 2
	$ zook txn create /ok ';' create //x
	! zook: txn: operation 2: invalid path "//x": it has an empty element
	= 2
	$ zook txn create /ok ';' set /ok
	! zook: txn: operation 2: too few arguments; usage: txn set PATH DATA
	= 2
	$ zook txn create /ok ';' set /ok x -z
	! zook: txn: operation 2: unknown flag -z (txn set --help)
	= 2
	$ zook txn create /ok ';' check /ok one
	! zook: txn: operation 2: "one" is not a version
	= 2
	$ zook txn create /ok ';' create -e -c /x
	! zook: txn: operation 2: -c cannot go with -e or -s: containers are neither ephemeral nor sequential
	= 2
	$ zook txn create /ok x world:anyone
	! zook: txn: operation 1: ACL: "world:anyone" is not scheme:id:perms
	= 2
	$ zook txn create /ok ';' delete /zookeeper
	! zook: txn: operation 2: /zookeeper is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook txn "create /ok 'x"
	! zook: txn: operation 1: a single quote (') is not closed
	= 2
	$ zook ls /
`)
}

func TestTxnFromInput(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		for _, test := range []struct {
			input, want string
			words       []string
		}{
			{"# it's\ncreate /a x; create /b\n\n  set /a 'two\nlines'\n", "create /a\ncreate /b\nset /a\n", []string{"txn"}},
			{"set /a y\n", "set /a\n", []string{"txn", "-"}},
			{"set /a -\n", "! zook: txn: operation 1: - is standard input, which the operations or other data come from\n= 2\n", []string{"txn"}},
			{"data", "set /a\n", []string{"txn", "set /a -"}},
			{"data", "! zook: txn: operation 2: - is standard input, which the operations or other data come from\n= 2\n",
				[]string{"txn", "set /a -; set /b -"}},
			{"", "! zook: txn: there is no operation\n= 2\n", []string{"txn"}},
			{"set /a x\nset /b 'y", "! zook: txn: operation 2: a single quote (') is not closed\n= 2\n", []string{"txn"}},
			{"set /a \x00\x1b[2J\n", "set /a\n", []string{"txn"}},
			{"set \x00\x1b[2J y\n", `! zook: txn: operation 1: invalid path "\x00\x1b[2J": it must start with /` + "\n= 2\n", []string{"txn"}},
			{"set /a " + strings.Repeat("x", 1<<20), "! zook: txn: the operations are 1048609 bytes, more than the 1 MB that servers take: --force sends them, to a server with a larger jute.maxbuffer\n= 1\n", []string{"txn"}},
		} {
			env := newTerminal(server)
			env.Piped, env.In = true, strings.NewReader(test.input)
			env.finish(Run(t.Context(), &env.Env, test.words))
			env.Close()
			if got := env.take(); got != test.want {
				t.Errorf("%.60q | zook %q\n--- got\n%s--- want\n%s", test.input, test.words, got, test.want)
			}
		}
	})
}

// Deleting several znodes is asked about, and no is an answer.
func TestTxnAsks(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		env := newTerminal(server)
		defer env.Close()
		asked := ""
		env.Ask = func(_ context.Context, question string) (bool, error) {
			asked += question
			return false, nil
		}
		for _, line := range []string{"txn create /a ; create /b", "txn delete /a ; delete /b", "txn delete /a ; check /b", "txn --yes delete /b ; create /a ; delete /a"} {
			env.finish(Run(t.Context(), &env.Env, strings.Fields(line)))
		}
		if asked != "Delete /a, /b?" {
			t.Errorf("asked %q", asked)
		}
		const want = "create /a\ncreate /b\n! zook: txn: cancelled, nothing was changed\n= 1\ndelete /a\ncheck /b\ndelete /b\ncreate /a\ndelete /a\n"
		if got := env.take(); got != want {
			t.Errorf("got\n%s--- want\n%s", got, want)
		}
	})
}

func TestTxnResultForEyes(t *testing.T) {
	var b strings.Builder
	(&txnResult{Op: "delete", Path: "/a\x1b[2J"}).Text(&b, Style{Terminal: true})
	if got := b.String(); got != "Deleted /a\\x1b[2J\n" {
		t.Errorf("printed %q", got)
	}
}

// A server that answers too few results is no reason to fall over.
func TestTxnWithWrongAnswers(t *testing.T) {
	op := &txnOp{name: "set", path: "/a", version: -1}
	for _, results := range [][]jute.OpResult{nil, {{Err: jute.ErrRuntimeInconsistency}}, {{}, {Err: jute.ErrBadVersion}}} {
		if err := explainTxn(t.Context(), nil, []*txnOp{op}, results, jute.ErrConnectionLoss); err == nil || ExitCode(err) != ExitNoConnection {
			t.Errorf("%v: %v", results, err)
		}
	}
}
