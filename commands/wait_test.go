package commands

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/server"
)

// awaiting is a wait that runs.
type awaiting struct {
	*terminal
	t      *testing.T
	ended  chan error
	cancel context.CancelFunc
}

func startWait(t *testing.T, servers string, words ...string) *awaiting {
	w := &awaiting{terminal: newTerminal(servers), t: t, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	t.Cleanup(cancel)
	go func() { w.ended <- Run(ctx, &w.Env, append([]string{"wait"}, words...)) }()
	return w
}

// still fails if the wait is over.
func (w *awaiting) still() {
	w.t.Helper()
	select {
	case err := <-w.ended:
		w.t.Fatalf("it is over already: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
}

// end is what the wait has printed when it is over.
func (w *awaiting) end() string {
	w.t.Helper()
	select {
	case err := <-w.ended:
		w.finish(err)
	case <-time.After(30 * time.Second):
		w.t.Fatalf("it does not end; printed\n%s", w.peek())
	}
	return w.take()
}

func TestWaitForZnodes(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		run := func(words ...string) {
			t.Helper()
			if out := zook(t.Context(), server, "", words...); strings.Contains(out, "= ") {
				t.Fatal(out)
			}
		}
		there := startWait(t, server, "--path", "/a/b")
		there.still()
		run("create", "/a")
		there.still()
		run("create", "/a/b")
		if out := there.end(); out != "" {
			t.Errorf("a path that is there: %s", out)
		}
		children := startWait(t, server, "--path", "/a/ids", "--min-children", "2", "--serving")
		run("create", "/a/ids")
		run("create", "/a/ids/1")
		children.still()
		run("deleteall", "/a/ids") // it starts again from nothing
		run("create", "/a/ids")
		run("create", "/a/ids/2")
		children.still()
		run("create", "/a/ids/3")
		if out := children.end(); out != "" {
			t.Errorf("children that are there: %s", out)
		}
		gone := startWait(t, server, "--gone", "/a/b", "--gone", "/a/ids/3", "--timeout", "1m")
		run("set", "/a/b", "changed")
		gone.still()
		run("delete", "/a/b")
		gone.still()
		run("delete", "/a/ids/3")
		if out := gone.end(); out != "" {
			t.Errorf("paths that are gone: %s", out)
		}
		for _, test := range []struct{ words, want string }{
			{"", ""},
			{"--servers all", ""},
			{"--servers 1 --serving --path /a --gone /nope", ""},
			{"--path /nope", "! zook: wait: /nope: there is no such node, after 300ms\n= 1\n"},
			{"--path /a --min-children 2", "! zook: wait: /a: 1 of 2 children are there, after 300ms\n= 1\n"},
			{"--gone /a", "! zook: wait: /a: it is still there, after 300ms\n= 1\n"},
			{"--servers 2", "! zook: wait: 1 of 2 servers serve, after 300ms\n= 1\n"},
		} {
			out := zook(t.Context(), server, "", append([]string{"wait", "--timeout", "300ms"}, strings.Fields(test.words)...)...)
			if out != test.want {
				t.Errorf("%s: %s", test.words, out)
			}
		}
		run("setAcl", "/a", "world:anyone:cdwa")
		if out := startWait(t, server, "--path", "/a", "--min-children", "2").end(); !strings.HasPrefix(out, "! zook: wait /a: not authorised") || !strings.HasSuffix(out, "= 7\n") {
			t.Errorf("children that cannot be read: %s", out)
		}
		stopped := startWait(t, server, "--path", "/nope")
		stopped.still()
		stopped.cancel()
		if out := stopped.end(); out != "! zook: wait: interrupted\n= 1\n" {
			t.Errorf("Ctrl-C: %s", out)
		}
	})
}

func TestWaitUsage(t *testing.T) {
	play(t, "127.0.0.1:1", `
	$ zook wait --min-children 2
	! zook: wait: --min-children is about --path
	= 2
	$ zook wait --path /a//b
	! zook: wait: invalid path "/a//b": it has an empty element
	= 2
	$ zook wait --servers none
	! zook: wait: --servers: "none" is neither a number of servers nor all (zook wait --help)
	= 2
	$ zook wait --data-dir /x
	! zook: wait: only a server can do this: --data-dir reads files, which cannot be changed
	= 2
	$ zook wait --timeout 200ms
	! zook: wait: cannot connect to 127.0.0.1:1: connection refused, after 200ms
	= 8
`)
}

// It keeps trying while nothing listens, and where what listens is no ZooKeeper.
func TestWaitForAServerThatStarts(t *testing.T) {
	port := zktest.FreePort(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	serving := startWait(t, addr+",no-such-host.invalid:2181,"+stranger(t, silent)+","+stranger(t, replying("HTTP/1.1 400 Bad Request\r\n\r\n")))
	path := startWait(t, addr, "--path", "/ready")
	count := startWait(t, addr, "--servers", "all")
	serving.still()
	path.still()
	count.still()
	s, err := server.Start(t.Context(), server.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*awaiting{serving, count} {
		if out := w.end(); out != "" {
			t.Errorf("a server that has started: %s", out)
		}
	}
	path.still()
	zook(t.Context(), addr, "", "create", "/ready")
	if out := path.end(); out != "" {
		t.Errorf("a path of a server that has started: %s", out)
	}
	s.Close()
}

// A session that is lost while it waits is no reason to give up.
func TestWaitThroughALoss(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		for _, expire := range []bool{false, true} {
			proxy := newProxy(t, server)
			w := startWait(t, proxy.server, "--path", fmt.Sprintf("/x%v", expire))
			w.still()
			proxy.cut()
			zook(t.Context(), server, "", "create", fmt.Sprintf("/x%v", expire))
			w.still()
			proxy.resume(expire)
			if out := w.end(); out != "" {
				t.Errorf("%v: %s", expire, out)
			}
		}
	})
}

// When the time is up a line says what was missing, whatever was met.
func TestWaitInVain(t *testing.T) {
	certs := zktest.NewCerts(t)
	plain, secure := zktest.ApacheTLS(t, certs)
	trust := []string{"--tls-ca", certs.CA, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey}
	for _, test := range []struct {
		addr, want string
		words      []string
	}{
		{stranger(t, silent), "no answer in time", nil},
		{stranger(t, flood), "", nil},
		{stranger(t, replying("HTTP/1.1 400 Bad Request\r\n\r\n")), "HTTP", nil},
		{stranger(t, func(net.Conn) {}), "", nil},
		{"no-such-host.invalid:2181", "no such host", nil},
		{secure, "", nil},
		{plain.Addr, "TLS handshake", trust},
		{secure, "unknown authority", []string{"--tls-ca", zktest.NewCerts(t).CA}},
	} {
		start := time.Now()
		out := zook(t.Context(), test.addr, "", append([]string{"wait", "--timeout", "700ms"}, test.words...)...)
		if !strings.HasPrefix(out, "! zook: wait: cannot connect to "+test.addr+": ") || !strings.Contains(out, test.want) || !strings.HasSuffix(out, ", after 700ms\n= 8\n") {
			t.Errorf("%s: %s", test.want, out)
		}
		if took := time.Since(start); took < 600*time.Millisecond || took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	if out := zook(t.Context(), secure, "", append([]string{"wait", "--timeout", "30s"}, trust...)...); out != "" {
		t.Error(out)
	}
}

// A person at the terminal is told after a second, once for each thing.
func TestWaitTellsAPerson(t *testing.T) {
	w := newTerminal("127.0.0.1:1")
	w.Progress = lockedWriter{w, "! "}
	w.finish(Run(t.Context(), &w.Env, []string{"wait", "--timeout", "2s"}))
	if out := w.take(); out != "! zook: waiting: cannot connect to 127.0.0.1:1: connection refused\n! zook: wait: cannot connect to 127.0.0.1:1: connection refused, after 2s\n= 8\n" {
		t.Error(out)
	}
}

// The members of an ensemble that fails and comes back.
func TestWaitForAnEnsemble(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	wait := func(words ...string) string {
		return zook(t.Context(), members[0].Addr, "", append([]string{"wait", "--timeout", "3s"}, words...)...)
	}
	if out := zook(t.Context(), members[0].Addr, "", "wait", "--timeout", "30s", "--servers", "all"); out != "" {
		t.Errorf("all serve: %s", out)
	}
	hangs := members[1]
	if members.Leader() == 1 {
		hangs = members[2]
	}
	hangs.Suspend()
	want := fmt.Sprintf("! zook: wait: 2 of 3 servers serve: %s: no answer in time, after 3s\n= 1\n", hangs.Addr)
	if out := wait("--servers", "all"); out != want {
		t.Errorf("one hangs: got %swant %s", out, want)
	}
	hangs.Resume()
	members[2].Kill()
	members[1].Kill()
	eventually(t, "the loss of the quorum is not told", func() bool {
		out := wait()
		return strings.HasPrefix(out, "! zook: wait: cannot connect to "+members[0].Addr+": ") && strings.HasSuffix(out, "= 8\n")
	})
	back := startWait(t, members.Addrs(), "--servers", "2", "--path", "/zookeeper")
	back.still()
	members[1].Launch()
	if out := back.end(); out != "" {
		t.Errorf("the quorum is back: %s", out)
	}
}
