package server

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
)

// goProgram is what goClient prints, and the connections of its client.
type goProgram struct {
	t    *testing.T
	addr string
	out  strings.Builder

	mu    sync.Mutex
	conns []net.Conn
}

// goClient calls every operation of go-zookeeper and returns what it sees.
func goClient(t *testing.T, addr string) string {
	p := &goProgram{t: t, addr: addr}
	a, events := p.connect(10 * time.Second)
	b, _ := p.connect(10 * time.Second)
	defer b.Close()
	p.znodes(a)
	p.watches(a, b)
	p.multis(a)
	p.acls(a, b)
	p.locks(a, b)
	p.reconnect(a, b, events)
	a.Close()
	_, _, err := a.Get("/go")
	p.say("after close", err)
	p.say("done")
	return p.out.String()
}

func (p *goProgram) say(words ...any) { fmt.Fprintln(&p.out, words...) }

func (p *goProgram) stat(what string, s *zk.Stat, err error) {
	if err != nil || s == nil {
		p.say(what, err)
		return
	}
	p.say(what, s.Version, s.Cversion, s.Aversion, s.DataLength, s.NumChildren, s.EphemeralOwner != 0, s.Mzxid > s.Czxid, s.Pzxid > s.Czxid)
}

func (p *goProgram) connect(timeout time.Duration) (*zk.Conn, <-chan zk.Event) {
	p.t.Helper()
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		c, err := net.DialTimeout(network, address, timeout)
		if err == nil {
			p.mu.Lock()
			p.conns = append(p.conns, c)
			p.mu.Unlock()
		}
		return c, err
	}
	c, events, err := zk.Connect([]string{p.addr}, timeout, zk.WithLogger(quiet{}), zk.WithDialer(dial))
	if err != nil {
		p.t.Fatal(err)
	}
	p.await(events, zk.StateHasSession)
	return c, events
}

func (p *goProgram) await(events <-chan zk.Event, state zk.State) {
	p.t.Helper()
	for limit := time.After(30 * time.Second); ; {
		select {
		case e := <-events:
			if e.Type == zk.EventSession && e.State == state {
				return
			}
		case <-limit:
			p.t.Fatalf("%s: the state is never %v", p.addr, state)
		}
	}
}

var openACL = zk.WorldACL(zk.PermAll)

func (p *goProgram) create(c *zk.Conn, path string, flags int32) {
	name, err := c.Create(path, []byte("x"), flags, openACL)
	p.say("create", name, err)
}

func (p *goProgram) znodes(c *zk.Conn) {
	for _, path := range []string{"/go", "/go", "/go/no/parent", "bad"} {
		p.create(c, path, 0)
	}
	for _, flags := range []int32{zk.FlagEphemeral, zk.FlagSequence, zk.FlagEphemeral | zk.FlagSequence} {
		p.create(c, "/go/n", flags)
	}
	p.create(c, "/go/n/below", 0)
	name, err := c.CreateContainer("/go/box", nil, zk.FlagContainer, openACL)
	p.say("container", name, err)
	name, err = c.CreateTTL("/go/ttl", nil, zk.FlagTTL, openACL, time.Minute)
	p.say("TTL", name, err)
	name, err = c.CreateTTL("/go/ttl-", nil, zk.FlagTTL|zk.FlagSequence, openACL, time.Minute)
	p.say("TTL in sequence", name, err)
	name, err = c.CreateProtectedEphemeralSequential("/go/p-", nil, openACL)
	p.say("protected", strings.HasSuffix(name, "p-0000000006"), len(name), err)
	s, err := c.Set("/go", []byte("two"), 0)
	p.stat("set", s, err)
	_, err = c.Set("/go", nil, 0)
	p.say("an old version", err)
	data, s, err := c.Get("/go")
	p.stat("get "+string(data), s, err)
	_, _, err = c.Get("/none")
	p.say("get none", err)
	there, s, err := c.Exists("/go/box")
	p.stat(fmt.Sprint("exists ", there), s, err)
	there, _, err = c.Exists("/none")
	p.say("exists", there, err)
	children, s, err := c.Children("/go")
	children = slices.DeleteFunc(children, func(n string) bool { return strings.HasPrefix(n, "_c_") })
	slices.Sort(children)
	p.stat(fmt.Sprint("children ", children), s, err)
	p.say("delete", c.Delete("/go", -1), c.Delete("/go/box", 7), c.Delete("/go/box", 0), c.Delete("/go/box", -1))
	path, err := c.Sync("/go")
	p.say("sync", path, err)
	_, err = c.Set("/go", make([]byte, 1_000_000), -1)
	p.say("large", err)
	s, err = c.IncrementalReconfig([]string{"server.2=localhost:1:2;3"}, nil, -1)
	p.stat("reconfig", s, err)
	s, err = c.Reconfig([]string{"server.2=localhost:1:2;3"}, -1)
	p.stat("reconfig", s, err)
	p.say(c.State(), c.SessionID() != 0, c.Server() == p.addr)
}

func (p *goProgram) event(what string, ch <-chan zk.Event) {
	p.t.Helper()
	select {
	case e := <-ch:
		p.say(what, e.Type, e.Path, e.State, e.Err)
	case <-time.After(20 * time.Second):
		p.t.Fatalf("%s: no event: %s", p.addr, what)
	}
}

func (p *goProgram) watches(a, b *zk.Conn) {
	_, _, exists, _ := a.ExistsW("/go/w")
	p.create(b, "/go/w", 0)
	p.event("created", exists)
	_, _, data, _ := a.GetW("/go/w")
	_, _, children, _ := a.ChildrenW("/go/w")
	p.create(b, "/go/w/x", 0)
	p.event("children", children)
	b.Set("/go/w", nil, -1)
	p.event("changed", data)
	_, _, exists, _ = a.ExistsW("/go/w/x")
	_, _, data, _ = a.GetW("/go/w/x")
	_, _, children, _ = a.ChildrenW("/go/w/x")
	b.Delete("/go/w/x", -1)
	p.event("deleted", exists)
	p.event("deleted", data)
	p.event("deleted", children)
}

func (p *goProgram) multis(c *zk.Conn) {
	for _, ops := range [][]any{
		{&zk.CreateRequest{Path: "/go/m", Acl: openACL}, &zk.SetDataRequest{Path: "/go/m", Data: []byte("1"), Version: 0},
			&zk.CheckVersionRequest{Path: "/go/m", Version: 1}, &zk.CreateRequest{Path: "/go/m/s-", Acl: openACL, Flags: zk.FlagSequence}},
		{&zk.CreateRequest{Path: "/go/no", Acl: openACL}, &zk.DeleteRequest{Path: "/go/m", Version: -1}, &zk.DeleteRequest{Path: "/go/x", Version: -1}},
		{&zk.DeleteRequest{Path: "/go/m/s-0000000000", Version: 0}, &zk.DeleteRequest{Path: "/go/m", Version: 1}},
	} {
		results, err := c.Multi(ops...)
		p.say("multi", err)
		for _, r := range results {
			p.stat(fmt.Sprint(r.String, " ", r.Error), r.Stat, nil)
		}
	}
}

func (p *goProgram) acls(a, b *zk.Conn) {
	p.say("auth", a.AddAuth("digest", []byte("ann:secret")))
	name, err := a.Create("/go/hers", []byte("h"), 0, zk.AuthACL(zk.PermAll))
	p.say("hers", name, err)
	acl, s, err := a.GetACL("/go/hers")
	p.stat(fmt.Sprint("ACL ", acl), s, err)
	_, _, err = b.Get("/go/hers")
	p.say("another", err)
	_, err = b.Set("/go/hers", nil, -1)
	p.say("another", err)
	_, err = b.Create("/go/none", nil, 0, zk.AuthACL(zk.PermAll))
	p.say("no auth", err)
	_, err = b.Create("/go/none", nil, 0, []zk.ACL{{Perms: 31, Scheme: "none", ID: "x"}})
	p.say("no scheme", err)
	s, err = a.SetACL("/go/hers", append(zk.DigestACL(zk.PermAll, "ann", "secret"), zk.WorldACL(zk.PermRead)...), 0)
	p.stat("set ACL", s, err)
	_, err = a.SetACL("/go/hers", openACL, 0)
	p.say("an old version", err)
	data, _, err := b.Get("/go/hers")
	p.say("another", string(data), err)
}

func (p *goProgram) locks(a, b *zk.Conn) {
	first, second := zk.NewLock(a, "/go/lock/deep", openACL), zk.NewLock(b, "/go/lock/deep", openACL)
	p.say("lock", first.LockWithData([]byte("mine")), first.Lock())
	got := make(chan error)
	go func() { got <- second.Lock() }()
	select {
	case err := <-got:
		p.say("both have it", err)
	case <-time.After(100 * time.Millisecond):
	}
	p.say("unlock", first.Unlock(), <-got, second.Unlock(), second.Unlock())
}

func (p *goProgram) reconnect(a, b *zk.Conn, events <-chan zk.Event) {
	_, _, missed, _ := a.ExistsW("/go/missed")
	_, _, late, _ := a.ExistsW("/go/late")
	for len(events) > 0 {
		<-events // the channel is short, and what it has no room for is lost
	}
	id := a.SessionID()
	p.conns[0].Close()
	p.create(b, "/go/missed", 0)
	p.event("missed", missed)
	p.await(events, zk.StateHasSession)
	p.create(b, "/go/late", 0)
	p.event("kept", late)
	_, s, err := b.Exists("/go/n")
	p.stat("its ephemeral", s, err)
	p.say("same session", a.SessionID() == id)
	data, _, err := a.Get("/go/hers")
	p.say("hers", string(data), err)
	var refused *net.OpError
	p.say("no network error", !errors.As(err, &refused))
	short, shortEvents := p.connect(2 * time.Second)
	p.create(short, "/go/short", zk.FlagEphemeral)
	_, _, gone, _ := b.ExistsW("/go/short")
	short.Close()
	p.event("its session is closed", gone)
	for range shortEvents {
	}
}

// go-zookeeper reads four-letter words by patterns of its own.
func TestGoClientWords(t *testing.T) {
	s := start(t, Config{Words: []string{"*"}})
	c := zktest.Connect(t, s.Addr())
	if ok := zk.FLWRuok([]string{s.Addr()}, 10*time.Second); !ok[0] {
		t.Error("ruok: no")
	}
	conns, _ := zk.FLWCons([]string{s.Addr()}, 10*time.Second) // it does not know the line of its own connection, Apache's neither
	if !slices.ContainsFunc(conns[0].Clients, func(z *zk.ServerClient) bool { return z.SessionID == c.SessionID() && z.Addr != "" }) {
		t.Errorf("cons: %+v", conns[0])
	}
}
