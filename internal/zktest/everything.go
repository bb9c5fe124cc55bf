package zktest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Connect opens a session with a server for the length of the test.
func Connect(tb testing.TB, addr string) *zk.Conn {
	tb.Helper()
	c, events, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogger(quiet{}))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	for deadline := time.After(30 * time.Second); ; {
		select {
		case e := <-events:
			if e.State == zk.StateHasSession {
				return c
			}
		case <-deadline:
			tb.Fatalf("no session with %s", addr)
		}
	}
}

// Everything returns a running Apache ZooKeeper whose data directory has two logs
// and two snapshots, and in them transactions of every type that a server writes:
// sessions opened, closed with and without ephemerals, and one that is open still;
// all kinds of znodes; sequences; ACLs; quotas; data that is null, empty, binary
// and large; odd paths; multis that went through and that failed; refusals; a
// reconfig.
func Everything(tb testing.TB) *Server {
	tb.Helper()
	s := ApacheEnsemble(tb)
	e := everything{tb, Connect(tb, s.Addr)}
	e.znodes()
	e.changes()
	e.multis()
	e.refusals()
	e.sessions(s.Addr)
	e.c.Close()
	s.Stop() // the next start takes a snapshot
	s.Start()
	e.c = Connect(tb, s.Addr)
	e.later()
	return s
}

type everything struct {
	tb testing.TB
	c  *zk.Conn
}

var world = zk.WorldACL(zk.PermAll)

func (e *everything) must(_ any, err error) {
	e.tb.Helper()
	if err != nil {
		e.tb.Fatal(err)
	}
}

func (e *everything) refused(want error) func(any, error) {
	e.tb.Helper()
	return func(_ any, err error) {
		e.tb.Helper()
		if !errors.Is(err, want) {
			e.tb.Fatalf("%v, want %v", err, want)
		}
	}
}

func (e *everything) create(path, data string, flags int32, acl []zk.ACL) {
	e.tb.Helper()
	e.must(e.c.Create(path, []byte(data), flags, acl))
}

func (e *everything) znodes() {
	e.must(nil, e.c.AddAuth("digest", []byte("ann:secret")))
	e.create("/app", "one", 0, world)
	e.must(e.c.Create("/app/null", nil, 0, world))
	e.create("/app/empty", "", 0, world)
	e.create("/app/binary", string(bytes.Repeat([]byte{0, 1, 254, 255, '\n'}, 600)), 0, world)
	e.create("/app/lines", "a = 1\nb = 2\n", 0, world)
	e.create("/app/größe 測試", "ünï 😀", 0, world)
	e.create("/app/quote\"\\", "x", 0, world)
	e.create("/ann", "hers", 0, zk.AuthACL(zk.PermAll))
	e.create("/mixed", "m", 0, append(zk.WorldACL(zk.PermRead), append(zk.DigestACL(zk.PermWrite, "bob", "x"),
		zk.ACL{Perms: zk.PermRead | zk.PermAdmin, Scheme: "ip", ID: "10.0.0.0/8"})...))
	for range 12 {
		e.create("/app/seq-", "s", zk.FlagSequence, world)
	}
	e.create("/app/eph", "here", zk.FlagEphemeral, world)
	e.create("/app/lock-", "", zk.FlagEphemeral|zk.FlagSequence, world)
	e.must(e.c.CreateContainer("/container", []byte("c"), zk.FlagContainer, world))
	e.must(e.c.CreateTTL("/ttl", []byte("t"), zk.FlagTTL, world, time.Hour))
	e.create("/wide", "", 0, world)
	for i := range 300 {
		e.create(fmt.Sprintf("/wide/n%d", i), fmt.Sprintf("value %d", i), 0, world)
	}
	e.create("/zookeeper/quota/app", "", 0, world)
	e.create("/zookeeper/quota/app/zookeeper_limits", "count=100,bytes=-1", 0, world)
	e.create("/zookeeper/quota/app/zookeeper_stats", "count=0,bytes=0", 0, world)
	e.create("/app/counted", "12345", 0, world)
}

func (e *everything) changes() {
	e.must(e.c.Set("/app", []byte("two"), -1))
	e.must(e.c.Set("/app", []byte("three"), 1))
	e.must(e.c.Set("/app/lines", []byte("a = 1\nb = 3\nc = 4\n"), -1))
	e.must(e.c.SetACL("/app/empty", zk.DigestACL(zk.PermAll, "ann", "secret"), 0))
	e.create("/gone", "", 0, world)
	e.create("/gone/child", "lost", 0, world)
	e.must(nil, e.c.Delete("/gone/child", 0))
	e.must(nil, e.c.Delete("/gone", -1))
	e.create("/gone", "again", 0, world)
	for i := range 100 {
		e.must(nil, e.c.Delete(fmt.Sprintf("/wide/n%d", 2*i), -1))
	}
	e.must(e.c.IncrementalReconfig([]string{fmt.Sprintf("server.2=127.0.0.1:%d:%d:observer;127.0.0.1:%d",
		FreePort(e.tb), FreePort(e.tb), FreePort(e.tb))}, nil, -1))
}

func (e *everything) multis() {
	e.must(e.c.Multi(&zk.CreateRequest{Path: "/m", Data: []byte("1"), Acl: world},
		&zk.SetDataRequest{Path: "/m", Data: []byte("2"), Version: 0},
		&zk.CheckVersionRequest{Path: "/app", Version: 2},
		&zk.CreateRequest{Path: "/m/x", Acl: world},
		&zk.DeleteRequest{Path: "/m/x", Version: -1}))
	e.refused(zk.ErrNoNode)(e.c.Multi(&zk.CreateRequest{Path: "/no", Data: []byte("never"), Acl: world},
		&zk.DeleteRequest{Path: "/nothing", Version: -1}, &zk.DeleteRequest{Path: "/m", Version: -1}))
}

func (e *everything) refusals() {
	e.refused(zk.ErrNotEmpty)(nil, e.c.Delete("/app", -1))
	e.refused(zk.ErrNodeExists)(e.c.Create("/app", nil, 0, world))
	e.refused(zk.ErrBadVersion)(e.c.Set("/app", nil, 77))
	e.refused(zk.ErrNoNode)(e.c.Set("/nothing", nil, -1))
}

// sessions opens and closes some, with ephemerals and without.
func (e *everything) sessions(addr string) {
	second := Connect(e.tb, addr)
	e.must(second.Create("/app/other", nil, zk.FlagEphemeral, world))
	e.must(second.Create("/app/third", []byte("3"), zk.FlagEphemeral, world))
	second.Close()
	Connect(e.tb, addr).Close()
}

// later is what comes behind the second snapshot.
func (e *everything) later() {
	e.create("/after", "restart", 0, world)
	e.create("/after/eph", "alive", zk.FlagEphemeral, world)
	e.must(e.c.Set("/app", bytes.Repeat([]byte("large "), 2000), -1))
	e.must(nil, e.c.Delete("/wide/n1", -1))
	for i := range 20 {
		e.create(fmt.Sprintf("/after/n%d", i), "x", 0, world)
	}
}
