package server

import (
	"fmt"
	"strings"

	"zook/jute"
)

// faults makes requests with several faults at once, alone and in a multi: which one is
// told has to be the same.
func faults(p *program) {
	not := func(perm jute.Perms) jute.ACL { return entry("world", "anyone", jute.PermAll&^perm) }
	p.a("create", jute.OpCreate, reqCreate("/f", "", 0))
	for _, n := range []struct {
		name string
		not  jute.Perms
	}{{"open", 0}, {"noc", jute.PermCreate}, {"nod", jute.PermDelete}, {"now", jute.PermWrite}, {"noa", jute.PermAdmin}, {"nor", jute.PermRead}} {
		p.a("create "+n.name, jute.OpCreate, reqCreate("/f/"+n.name, "", 0))
		p.a("create a child of "+n.name, jute.OpCreate, reqCreate("/f/"+n.name+"/x", "", 0))
		p.a("ACL of "+n.name, jute.OpSetACL, reqSetACL("/f/"+n.name, -1, not(n.not)))
	}
	p.a("create an ephemeral", jute.OpCreate, reqCreate("/f/eph", "", jute.Ephemeral))
	paths := []string{"", "x", "/", "/f/\x00", "/f//x", "/f/", "/f/../f", "/f/none", "/f/none/x", "/f/open", "/f/open/x", "/f/noc", "/f/noc/x", "/f/noc/new", "/f/nod", "/f/nod/x", "/f/nod/none",
		"/f/now", "/f/now/x", "/f/noa", "/f/noa/x", "/f/nor", "/f/nor/x", "/f/nor/none", "/f/eph", "/f/eph/x", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/zookeeper/config/x"}
	versions := []int32{-1, 0, 7, -2}
	acls := []struct {
		name string
		acl  []jute.ACL
	}{{"null", nil}, {"empty", []jute.ACL{}}, {"of no scheme", []jute.ACL{entry("none", "x", 31)}}, {"good", jute.OpenACL()}}
	both := func(name string, typ jute.OpCode, body jute.Record) {
		p.a(name+", in a multi", jute.OpMulti, multi(op(typ, body)))
		p.a(name, typ, body)
	}
	for _, path := range paths {
		for _, v := range versions {
			name := fmt.Sprintf("%q version %d ", path, v)
			p.a(name+"setData, with a check", jute.OpMulti, multi(opCheck(path, v), op(jute.OpSetData, reqSet(path, "", v))))
			both(name+"setData", jute.OpSetData, reqSet(path, "", v))
			for _, a := range acls {
				if a.name == "good" && v == -1 {
					continue // it would succeed
				}
				p.a(name+"setACL "+a.name, jute.OpSetACL, &jute.SetACLRequest{Path: path, ACL: a.acl, Version: v})
			}
			if v != -1 {
				both(name+"delete", jute.OpDelete, reqDelete(path, v))
			}
		}
		faultyReads(p, path)
		for _, a := range acls {
			acl := a.name
			for _, flags := range []jute.CreateMode{-1, 0, 2, 5} {
				name := fmt.Sprintf("create %q ACL %s flags %d", path, acl, flags)
				r := &jute.CreateRequest{Path: path, ACL: a.acl, Flags: flags}
				if flags.Valid() && !flags.IsTTL() && acl != "null" {
					p.a(name+", in a multi", jute.OpMulti, multi(op(jute.OpCreate, r), opCheck("/f", 99))) // which leaves nothing
				}
				if acl != "good" || flags == jute.Persistent || !flags.Valid() {
					p.a(name, jute.OpCreate2, r)
					p.a(name+" of a container", jute.OpCreateContainer, r)
				}
				ttl := int64(flags) * 500
				if ttl < 0 {
					ttl = 1 << 41
				}
				t := &jute.CreateTTLRequest{Path: path, ACL: a.acl, Flags: flags, TTL: ttl}
				p.a(name+" of a TTL, in a multi", jute.OpMulti, multi(op(jute.OpCreateTTL, t), opCheck("/f", 99)))
				if acl != "good" {
					p.a(name+" of a TTL", jute.OpCreateTTL, t)
				}
			}
		}
	}
	p.a("what is left", jute.OpGetChildren2, reqList("/f", false))
}

// sizes are those about the largest request, and paths that are deep.
func sizes(p *program) {
	const largest = 0xfffff // jute.maxbuffer
	p.a("create", jute.OpCreate, reqCreate("/z", "", 0))
	bare := len(encodeRequest(1, jute.OpSetData, reqSet("/z", "", -1)))
	for _, off := range []int{-1, 0, 1, 1000} {
		conn := fmt.Sprintf("c%d", off)
		name := fmt.Sprintf("largest%+d ", off)
		p.do(conn, name+"before", jute.OpPing, nil)
		p.do(conn, name+"set", jute.OpSetData, reqSet("/z", strings.Repeat("x", largest+off-bare), -1))
		p.a(name+"is", jute.OpExists, reqExists("/z", false))
		p.a(name+"got", jute.OpGetData, reqGet("/z", true))
		p.a(name+"got in a multiRead", jute.OpMultiRead, multi(op(jute.OpGetData, reqGet("/z", false)), op(jute.OpGetData, reqGet("/z", false))))
	}
	p.a("a long name", jute.OpCreate, reqCreate("/z/"+strings.Repeat("n", 100_000), "", 0))
	p.a("a long name in a list", jute.OpGetChildren, reqList("/z", false))
	deep := "/z"
	for i := range 400 {
		deep += "/d"
		p.a(fmt.Sprintf("%d deep", i), jute.OpCreate, reqCreate(deep, "", 0))
	}
	p.a("the deepest", jute.OpExists, reqExists(deep, false))
	p.a("below", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: "/z"})
	p.a("a sequential one deep down", jute.OpCreate2, reqCreate(deep+"/s-", "", jute.EphemeralSequential))
}

// faultyReads leaves out exists where READ is missing, which 3.8 does not ask for.
func faultyReads(p *program, path string) {
	name := fmt.Sprintf("%q ", path)
	for _, r := range []jute.Op{op(jute.OpGetData, reqGet(path, true)), op(jute.OpGetChildren, reqList(path, true)), op(jute.OpGetChildren2, reqList(path, true)),
		op(jute.OpGetACL, reqACL(path)), op(jute.OpSync, &jute.SyncRequest{Path: path}), op(jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: path}),
		op(jute.OpMultiRead, multi(op(jute.OpGetData, reqGet(path, false)), op(jute.OpGetChildren, reqList(path, false)))),
		op(jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: path, Type: jute.WatcherAny}), op(jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: path, Type: 9}),
		op(jute.OpAddWatch, &jute.AddWatchRequest{Path: path, Mode: 9})} {
		p.a(fmt.Sprintf("%s%v %s", name, r.Type, bodyText(r.Body)), r.Type, r.Body)
	}
	if path != "/f/nor" {
		p.a(name+"exists", jute.OpExists, reqExists(path, false))
	}
	if path != "" && path != "/" { // where everything else counts
		p.a(name+"number", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: path})
	}
}
