package server

import (
	"fmt"

	"zook/internal/zktest"
	"zook/jute"
)

func kindsOfZnodes(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/k", "", 0))
	p.a("ephemeral", jute.OpCreate2, reqCreate("/k/e", "", jute.Ephemeral))
	p.a("ephemeral's child", jute.OpCreate, reqCreate("/k/e/x", "", 0))
	p.a("ephemeral's sequential child", jute.OpCreate, reqCreate("/k/e/x", "", jute.EphemeralSequential))
	p.a("stat of an ephemeral", jute.OpExists, reqExists("/k/e", false))
	p.b("another's ephemeral", jute.OpCreate2, reqCreate("/k/b", "", jute.Ephemeral))
	p.b("seen by another", jute.OpGetData, reqGet("/k/e", false))
	p.a("ephemeral sequential", jute.OpCreate2, reqCreate("/k/es-", "", jute.EphemeralSequential))
	for _, prefix := range []string{"/", "", " ", "/k", "/k/e", "/none", " /k", "/k "} {
		p.a(fmt.Sprintf("ephemerals %q", prefix), jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: prefix})
	}
	p.b("ephemerals of another", jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: "/"})
	p.a("container", jute.OpCreateContainer, reqCreate("/k/c", "data", jute.Container))
	p.a("container's stat", jute.OpExists, reqExists("/k/c", false))
	p.a("container's child", jute.OpCreate, reqCreate("/k/c/x", "", 0))
	p.a("container's parent", jute.OpExists, reqExists("/k", false))
	for _, flags := range []jute.CreateMode{0, 1, 2, 3, 5, 6, 7} {
		p.a(fmt.Sprintf("createContainer with flags %d", flags), jute.OpCreateContainer, reqCreate(fmt.Sprintf("/k/cf%d-", flags), "", flags))
	}
	for _, flags := range []jute.CreateMode{4, 5, 6} {
		p.a(fmt.Sprintf("create with flags %d", flags), jute.OpCreate2, reqCreate(fmt.Sprintf("/k/pf%d-", flags), "", flags))
	}
	p.a("TTL", jute.OpCreateTTL, reqTTL("/k/t", jute.PersistentTTL, 100_000))
	p.a("TTL's stat", jute.OpExists, reqExists("/k/t", false))
	p.a("TTL sequential", jute.OpCreateTTL, reqTTL("/k/ts-", jute.PersistentSequentialTTL, 100_000))
	p.a("TTL's child", jute.OpCreate, reqCreate("/k/t/x", "", 0))
	p.a("longest TTL", jute.OpCreateTTL, reqTTL("/k/tl", jute.PersistentTTL, 1<<40-1))
	for _, ttl := range []int64{0, -1, 1 << 40, 1 << 62, -1 << 63} {
		p.a(fmt.Sprintf("TTL %d", ttl), jute.OpCreateTTL, reqTTL("/k/bad", jute.PersistentTTL, ttl))
	}
	for _, flags := range []jute.CreateMode{0, 1, 2, 3, 4, 7} {
		p.a(fmt.Sprintf("createTTL with flags %d", flags), jute.OpCreateTTL, reqTTL("/k/tf", flags, 5000))
	}
	p.a("all", jute.OpGetChildren2, reqList("/k", false))
	p.a("close", jute.OpCloseSession, nil)
	p.closed("a", "closed by the server")
	p.b("what the session leaves", jute.OpGetChildren2, reqList("/k", false))
}

// kindsInMultis creates by every type of request with all flags.
func kindsInMultis(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/km", "", 0))
	for flags := jute.CreateMode(-1); flags <= 7; flags++ {
		for _, typ := range []jute.OpCode{jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer} {
			if typ == jute.OpCreateContainer && flags.IsEphemeral() && !zktest.OtherVersion() {
				continue // Apache 3.8 creates an ephemeral, later ones a container
			}
			name := fmt.Sprintf("%v with flags %d", typ, flags)
			path := fmt.Sprintf("/km/%v%d", typ, flags)
			p.a(name, jute.OpMulti, multi(op(typ, reqCreate(path, "x", flags))))
			p.a(name+" is", jute.OpExists, reqExists(path, false))
			p.a(name+": a child", jute.OpMulti, multi(op(typ, reqCreate(path+"/x", "", flags))))
		}
		for _, ttl := range []int64{-1, 0, 100_000} {
			path := fmt.Sprintf("/km/%d-%d", flags, ttl)
			name := fmt.Sprintf("createTTL with flags %d, TTL %d", flags, ttl)
			p.a(name, jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL(path, flags, ttl))))
			p.a(name+" is", jute.OpExists, reqExists(path, false))
		}
	}
	p.a("all", jute.OpGetChildren2, reqList("/km", false))
}

func acls(p *program) {
	ann, bob := jute.DigestID("ann:secret"), jute.DigestID("bob:secret")
	p.a("create", jute.OpCreate, reqCreate("/acl", "", 0))
	for i, acl := range [][]jute.ACL{
		nil, {}, {entry("world", "anyone", 0)}, {entry("world", "anyone", 1<<10)}, {entry("world", "anyone", -1)},
		{entry("world", "somebody", 31)}, {entry("world", "", 31)}, {entry("", "", 31)}, {entry("none", "x", 31)},
		{entry("auth", "", 31)}, {entry("auth", "x", 31)}, {entry("super", "", 31)}, {entry("sasl", "x", 31)}, {entry("x509", "CN=x", 31)},
		{entry("digest", "a", 31)}, {entry("digest", "", 31)}, {entry("digest", ":", 31)}, {entry("digest", "a:", 31)}, {entry("digest", ":b", 31)},
		{entry("digest", "a:b", 31)}, {entry("digest", "a:b:", 31)}, {entry("digest", "a:b:c", 31)}, {entry("digest", "a::b", 31)},
		{entry("ip", "10.0.0.0/8", 31)}, {entry("ip", "10.0.0.0", 31)}, {entry("ip", "10.0.0.0/0", 31)}, {entry("ip", "10.0.0.0/33", 31)},
		{entry("ip", "10.0.0.0/-1", 31)}, {entry("ip", "10.0.0.0/x", 31)}, {entry("ip", "10.0.0", 31)}, {entry("ip", "10.0.0.256", 31)}, {entry("ip", "", 31)},
		{entry("ip", "10.0.0.1/", 31)}, {entry("ip", "10.0.0.01", 31)}, {entry("ip", "::1", 31)}, {entry("ip", "host", 31)}, {entry("ip", "10.0.0.0/8/8", 31)},
		{entry("world", "anyone", 1), entry("none", "x", 31)},
		{entry("world", "anyone", 1), entry("world", "anyone", 1), entry("digest", "a:b", 2), entry("world", "anyone", 1)},
		{entry("world", "anyone", 1), entry("world", "anyone", 2)},
	} {
		name := fmt.Sprintf("%d %v ", i, acl)
		path := fmt.Sprintf("/acl/n%d", i)
		p.a(name+"create", jute.OpCreate, &jute.CreateRequest{Path: path, ACL: acl})
		p.a(name+"is", jute.OpGetACL, reqACL(path))
		p.a(name+"set", jute.OpSetACL, &jute.SetACLRequest{Path: "/acl", ACL: acl, Version: 99})
	}
	p.a("auth", jute.OpAuth, reqAuth("digest", "ann:secret"))
	p.a("who", jute.OpWhoAmI, nil)
	p.a("auth again", jute.OpAuth, reqAuth("digest", "ann:secret"))
	p.a("auth ip", jute.OpAuth, reqAuth("ip", ""))
	p.a("second identity", jute.OpAuth, reqAuth("digest", "cy:x"))
	p.a("who, twice", jute.OpWhoAmI, nil)
	p.a("create with auth", jute.OpCreate2, reqCreate("/acl/ann", "", 0, entry("auth", "", jute.PermAll)))
	p.a("auth is expanded", jute.OpGetACL, reqACL("/acl/ann"))
	p.a("auth twice", jute.OpCreate2, reqCreate("/acl/ann2", "", 0, entry("auth", "", 31), entry("auth", "x", 1), entry("digest", ann, 31)))
	p.a("auth twice is", jute.OpGetACL, reqACL("/acl/ann2"))
	for perm := range 5 {
		only := fmt.Sprintf("/acl/only%d", perm)
		p.a(only+" create", jute.OpCreate, reqCreate(only, "", 0, entry("digest", bob, 1<<perm), entry("digest", ann, 31)))
		p.a(only+" child", jute.OpCreate, reqCreate(only+"/x", "", 0))
	}
	p.b("who b is", jute.OpWhoAmI, nil)
	tries := func(who string) {
		for perm := range 5 {
			only := fmt.Sprintf("/acl/only%d", perm)
			name := fmt.Sprintf("%s with %v of %s: ", who, jute.Perms(1<<perm), only)
			p.b(name+"get", jute.OpGetData, reqGet(only, false))
			p.b(name+"exists", jute.OpExists, reqExists(only, false))
			p.b(name+"children", jute.OpGetChildren, reqList(only, false))
			p.b(name+"children2", jute.OpGetChildren2, reqList(only, false))
			p.b(name+"number", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: only})
			p.b(name+"getACL", jute.OpGetACL, reqACL(only))
			p.b(name+"create", jute.OpCreate, reqCreate(only+"/y", "", 0))
			p.b(name+"create one that is there", jute.OpCreate, reqCreate(only+"/x", "", 0))
			p.b(name+"set", jute.OpSetData, reqSet(only, "", -1))
			p.b(name+"set bad version", jute.OpSetData, reqSet(only, "", 77))
			p.b(name+"delete below", jute.OpDelete, reqDelete(only+"/x", -1))
			p.b(name+"delete none below", jute.OpDelete, reqDelete(only+"/none", -1))
			p.b(name+"delete it", jute.OpDelete, reqDelete(only, 99))
			p.b(name+"check", jute.OpMulti, &jute.MultiRequest{Ops: []jute.Op{{Type: jute.OpCheck, Body: &jute.CheckVersionRequest{Path: only, Version: -1}}}})
			p.b(name+"setACL", jute.OpSetACL, reqSetACL(only, 99, jute.OpenACL()...))
			p.b(name+"sync", jute.OpSync, &jute.SyncRequest{Path: only})
		}
	}
	tries("nobody")
	p.b("b is bob", jute.OpAuth, reqAuth("digest", "bob:secret"))
	tries("bob")
	p.a("ip of mine", jute.OpCreate, reqCreate("/acl/ip", "", 0, entry("ip", "127.0.0.0/8", 31)))
	p.a("ip of mine is mine", jute.OpGetData, reqGet("/acl/ip", false))
	p.a("ip of others", jute.OpCreate, reqCreate("/acl/ip2", "", 0, entry("ip", "10.0.0.0/8", 31)))
	p.a("ip of others is not mine", jute.OpGetData, reqGet("/acl/ip2", false))
	p.a("ip to the bit", jute.OpCreate, reqCreate("/acl/ip3", "", 0, entry("ip", "127.0.0.3/30", 1)))
	p.a("ip to the bit is mine", jute.OpGetData, reqGet("/acl/ip3", false))
	p.a("ip to the next bit", jute.OpCreate, reqCreate("/acl/ip4", "", 0, entry("ip", "127.0.0.3/31", 1)))
	p.a("ip to the next bit is not", jute.OpGetData, reqGet("/acl/ip4", false))
}

func failedAuthentication(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/fa", "", 0))
	for i, c := range []struct{ scheme, auth string }{
		{"none", "x"}, {"", ""}, {"world", "anyone"}, {"auth", "x"}, {"super", "x"}, {"sasl", "x"}, {"x509", "x"}} {
		conn := fmt.Sprintf("c%d", i)
		p.do(conn, fmt.Sprintf("scheme %q", c.scheme), jute.OpAuth, reqAuth(c.scheme, c.auth))
		p.closed(conn, fmt.Sprintf("scheme %q closes", c.scheme))
	}
	for i, auth := range []string{"", ":", "a", "a:", ":b", "a:b:c", "\xff\xfe:x"} {
		conn := fmt.Sprintf("d%d", i)
		p.do(conn, fmt.Sprintf("digest %q", auth), jute.OpAuth, reqAuth("digest", auth))
		p.do(conn, fmt.Sprintf("digest %q who", auth), jute.OpWhoAmI, nil)
		p.do(conn, fmt.Sprintf("digest %q creates", auth), jute.OpCreate, reqCreate(fmt.Sprintf("/fa/%d", i), "", 0, entry("auth", "", 31)))
		p.do(conn, fmt.Sprintf("digest %q created", auth), jute.OpGetACL, reqACL(fmt.Sprintf("/fa/%d", i)))
	}
	p.a("others go on", jute.OpExists, reqExists("/fa", false))
}
