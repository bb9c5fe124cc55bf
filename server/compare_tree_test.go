package server

import (
	"bytes"
	"fmt"
	"strings"

	"zook/jute"
)

// Short forms of requests.

func reqCreate(path, data string, flags jute.CreateMode, acl ...jute.ACL) *jute.CreateRequest {
	if acl == nil {
		acl = jute.OpenACL()
	}
	return &jute.CreateRequest{Path: path, Data: []byte(data), ACL: acl, Flags: flags}
}

func reqTTL(path string, flags jute.CreateMode, ttl int64) *jute.CreateTTLRequest {
	return &jute.CreateTTLRequest{Path: path, ACL: jute.OpenACL(), Flags: flags, TTL: ttl}
}

func reqSet(path, data string, version int32) *jute.SetDataRequest {
	return &jute.SetDataRequest{Path: path, Data: []byte(data), Version: version}
}

func reqDelete(path string, version int32) *jute.DeleteRequest {
	return &jute.DeleteRequest{Path: path, Version: version}
}

func reqGet(path string, watch bool) *jute.GetDataRequest {
	return &jute.GetDataRequest{Path: path, Watch: watch}
}

func reqExists(path string, watch bool) *jute.ExistsRequest {
	return &jute.ExistsRequest{Path: path, Watch: watch}
}

func reqList(path string, watch bool) *jute.GetChildrenRequest {
	return &jute.GetChildrenRequest{Path: path, Watch: watch}
}

func reqACL(path string) *jute.GetACLRequest { return &jute.GetACLRequest{Path: path} }

func reqSetACL(path string, version int32, acl ...jute.ACL) *jute.SetACLRequest {
	return &jute.SetACLRequest{Path: path, ACL: acl, Version: version}
}

func entry(scheme, id string, perms jute.Perms) jute.ACL {
	return jute.ACL{Perms: perms, ID: jute.ID{Scheme: scheme, ID: id}}
}

func reqAuth(scheme, auth string) *jute.AuthPacket {
	return &jute.AuthPacket{Scheme: scheme, Auth: []byte(auth)}
}

// comparisons are the programs of TestAnswersAreApaches.
var comparisons = []struct {
	name    string
	program func(*program)
	differs map[string]differing
}{
	{"reading and writing", readingAndWriting, nil},
	{"refusals", refusals, nil},
	{"paths", paths, map[string]differing{
		`0 "" number`: {"0 at base+7 &{TotalNumber:10}", "0 at base+7 &{TotalNumber:9}", `Apache counts the root as a child of "", its other name`},
	}},
	{"sequences and stats", sequencesAndStats, nil},
	{"ephemerals, containers, TTL", kindsOfZnodes, nil},
	{"ephemerals, containers, TTL in multis", kindsInMultis, badFlags(
		"create with flags -1", "create with flags 7", "create2 with flags -1", "create2 with flags 7",
		"create with flags -1: a child", "create with flags 7: a child", "create2 with flags -1: a child", "create2 with flags 7: a child",
		"createContainer with flags -1", "createContainer with flags 7", "createContainer with flags -1: a child", "createContainer with flags 7: a child")},
	{"ACLs", acls, aclDifferences()},
	{"failed authentication", failedAuthentication, nil},
	{"multi", multis, badFlags("flags -1", "flags 7", "flags 100")},
	{"no SASL", noSASL, nil},
	{"multiRead", multiReads, map[string]differing{
		"writes": {"-5 at base+4 with ff ff ff ff 01", "-5 at base+4", "an error has no body"},
		"checks": {"-5 at base+4 with ff ff ff ff 01", "-5 at base+4", "an error has no body"},
	}},
	{"watches", watches, nil},
	{"persistent watches", persistentWatches, map[string]differing{
		"type persistent":                    {"-5", "0", "types 4 and 5 are of ZooKeeper 3.9"},
		"type recursive":                     {"-5", "0", "types 4 and 5 are of ZooKeeper 3.9"},
		"type recursive of a persistent one": {"-5", "-121", "types 4 and 5 are of ZooKeeper 3.9"},
		"type data of a persistent one":      {"0", "-121", "since ZooKeeper 3.9 a persistent watch is no data watch"},
		"type children of a persistent one":  {"0", "-121", "since ZooKeeper 3.9 a persistent watch is no child watch"},
	}},
	{"setWatches", setWatchesAgain, nil},
	{"quotas", quotas, nil},
	{"other requests", otherRequests, nil},
	{"several faults", faults, nil},
	{"sizes", sizes, nil},
	{"malformed requests", malformed, map[string]differing{
		"getACL: null":               {"-5", "0", "null is the empty path"},
		"getAllChildrenNumber: null": {"-5", "0", "null is the empty path"},
	}},
}

// aclDifferences: exists asks for READ since ZooKeeper 3.9.3, as everybody else
// could tell what there is, and IPv6 addresses are known since 3.10.
func aclDifferences() map[string]differing {
	const v6 = "IPv6 addresses in ACLs are of ZooKeeper 3.10"
	m := map[string]differing{
		"34 [ip:::1:cdrwa] create": {"-114", "0", v6}, "34 [ip:::1:cdrwa] is": {"-101", "-102", v6}, "34 [ip:::1:cdrwa] set": {"-114", "-103", v6}}
	for perm := range 5 {
		for _, who := range []string{"nobody", "bob"} {
			if who == "bob" && jute.Perms(1<<perm) == jute.PermRead {
				continue
			}
			m[fmt.Sprintf("%s with %v of /acl/only%d: exists", who, jute.Perms(1<<perm), perm)] =
				differing{"0", "-102", "exists asks for READ since ZooKeeper 3.9.3"}
		}
	}
	return m
}

func badFlags(steps ...string) map[string]differing {
	m := map[string]differing{}
	for _, s := range steps {
		m[s] = differing{"0", "-5", "since ZooKeeper 3.8.4 a multi with flags that say nothing is refused as a whole"}
	}
	return m
}

func readingAndWriting(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/rw", "one", 0))
	p.a("create2", jute.OpCreate2, reqCreate("/rw/x", "two", 0))
	p.a("create with null data", jute.OpCreate, &jute.CreateRequest{Path: "/rw/null", ACL: jute.OpenACL()})
	p.a("create with no data", jute.OpCreate2, reqCreate("/rw/empty", "", 0))
	p.a("get", jute.OpGetData, reqGet("/rw", false))
	p.a("get null", jute.OpGetData, reqGet("/rw/null", false))
	p.a("get empty", jute.OpGetData, reqGet("/rw/empty", false))
	p.a("exists", jute.OpExists, reqExists("/rw/x", false))
	p.a("children", jute.OpGetChildren, reqList("/rw", false))
	p.a("children2", jute.OpGetChildren2, reqList("/rw", false))
	p.a("children of a leaf", jute.OpGetChildren, reqList("/rw/x", false))
	p.a("set", jute.OpSetData, reqSet("/rw", "longer", 0))
	p.a("set any", jute.OpSetData, reqSet("/rw", "", -1))
	p.a("set null", jute.OpSetData, &jute.SetDataRequest{Path: "/rw", Version: 2})
	p.a("get set", jute.OpGetData, reqGet("/rw", false))
	p.a("getACL", jute.OpGetACL, reqACL("/rw"))
	p.a("setACL", jute.OpSetACL, reqSetACL("/rw/x", 0, entry("world", "anyone", jute.PermRead|jute.PermAdmin)))
	p.a("getACL set", jute.OpGetACL, reqACL("/rw/x"))
	p.a("sync", jute.OpSync, &jute.SyncRequest{Path: "/rw"})
	p.a("sync of nothing", jute.OpSync, &jute.SyncRequest{Path: "/none"})
	p.a("number of descendants", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: "/rw"})
	p.a("number of a leaf", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: "/rw/x"})
	p.a("delete", jute.OpDelete, reqDelete("/rw/null", 0))
	p.a("delete any", jute.OpDelete, reqDelete("/rw/empty", -1))
	p.a("exists deleted", jute.OpExists, reqExists("/rw/null", false))
	p.a("parent", jute.OpExists, reqExists("/rw", false))
	p.a("root", jute.OpExists, reqExists("/", false))
	p.a("set the root", jute.OpSetData, reqSet("/", "root", -1))
	p.a("get the root", jute.OpGetData, reqGet("/", false))
	p.a("setACL of the root", jute.OpSetACL, reqSetACL("/", -1, jute.OpenACL()...))
	p.a("system", jute.OpGetChildren2, reqList("/zookeeper", false))
	p.a("get /zookeeper", jute.OpGetData, reqGet("/zookeeper", false))
	p.a("get quota", jute.OpGetData, reqGet("/zookeeper/quota", false))
	p.a("config's ACL", jute.OpGetACL, reqACL("/zookeeper/config"))
	p.a("set config", jute.OpSetData, reqSet("/zookeeper/config", "", -1))
	p.a("set system", jute.OpSetData, reqSet("/zookeeper", "", -1))
	p.a("large data", jute.OpCreate2, reqCreate("/rw/large", string(bytes.Repeat([]byte{'x'}, 500_000)), 0))
	p.a("get large data", jute.OpExists, reqExists("/rw/large", false))
}

func refusals(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/no", "", 0))
	p.a("create child", jute.OpCreate, reqCreate("/no/x", "", 0))
	for _, r := range []jute.Op{
		op(jute.OpGetData, reqGet("/no/none", false)), op(jute.OpExists, reqExists("/no/none", false)),
		op(jute.OpGetChildren, reqList("/no/none", false)), op(jute.OpGetChildren2, reqList("/no/none", false)),
		op(jute.OpGetACL, reqACL("/no/none")), op(jute.OpSetACL, reqSetACL("/no/none", -1, jute.OpenACL()...)),
		op(jute.OpSetData, reqSet("/no/none", "", -1)), op(jute.OpDelete, reqDelete("/no/none", -1)),
		op(jute.OpCreate, reqCreate("/no/none/x", "", 0)), op(jute.OpCreate2, reqCreate("/no/none/x", "", 0)),
		op(jute.OpCreateContainer, reqCreate("/no/none/x", "", jute.Container)),
		op(jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: "/no/none"}),
	} {
		p.a(fmt.Sprintf("no node: %v", r.Type), r.Type, r.Body)
	}
	p.a("node exists", jute.OpCreate, reqCreate("/no", "", 0))
	p.a("node exists, 2", jute.OpCreate2, reqCreate("/no/x", "", jute.Ephemeral))
	p.a("root exists", jute.OpCreate, reqCreate("/", "", 0))
	p.a("not empty", jute.OpDelete, reqDelete("/no", -1))
	p.a("version before not empty", jute.OpDelete, reqDelete("/no", 7))
	p.a("set bad version", jute.OpSetData, reqSet("/no", "", 1))
	p.a("set negative version", jute.OpSetData, reqSet("/no", "", -2))
	p.a("delete bad version", jute.OpDelete, reqDelete("/no/x", 3))
	p.a("setACL bad version", jute.OpSetACL, reqSetACL("/no", 9, jute.OpenACL()...))
	p.a("setACL counts its own version", jute.OpSetACL, reqSetACL("/no", 0, jute.OpenACL()...))
	p.a("setACL old version", jute.OpSetACL, reqSetACL("/no", 0, jute.OpenACL()...))
	p.a("delete root", jute.OpDelete, reqDelete("/", -1))
	p.a("delete /zookeeper", jute.OpDelete, reqDelete("/zookeeper", -1))
	p.a("delete quota", jute.OpDelete, reqDelete("/zookeeper/quota", -1))
	p.a("delete config", jute.OpDelete, reqDelete("/zookeeper/config", -1))
	for _, flags := range []jute.CreateMode{-1, 7, 8, 1 << 30} {
		p.a(fmt.Sprintf("create flags %d", flags), jute.OpCreate, reqCreate("/no/flags", "", flags))
		p.a(fmt.Sprintf("create2 flags %d", flags), jute.OpCreate2, reqCreate("/no/flags", "", flags))
	}
	p.a("what all that left", jute.OpGetChildren2, reqList("/no", false))
}

func paths(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/p", "", 0))
	for i, path := range []string{"", "p", "p/x", "x/y", "/p/", "//", "//p", "/p//x", "/p/./x", "/p/.", "/p/..", "/p/../p", "/.", "/..",
		"/p/.x", "/p/x.", "/p/x..", "/p/...", "/p/a\x00b", "\x00", "/p/\x01", "/p/\x1f", "/p/ ", "/p/\x7f", "/p/\u009f", "/p/ä",
		"/p/\ue000", "/p/\uf8ff", "/p/\ufff0", "/p/\uffff", "/p/😀", "/p/\ufeff", "/p/\xff", "/p/a b", "/p/%2f", "/p/" + strings.Repeat("n", 300)} {
		name := fmt.Sprintf("%d %.20q ", i, path)
		p.a(name+"create", jute.OpCreate, reqCreate(path, "", 0))
		p.a(name+"create sequential", jute.OpCreate, reqCreate(path, "", jute.PersistentSequential))
		p.a(name+"exists", jute.OpExists, reqExists(path, false))
		p.a(name+"get", jute.OpGetData, reqGet(path, false))
		p.a(name+"children", jute.OpGetChildren, reqList(path, false))
		p.a(name+"set", jute.OpSetData, reqSet(path, "", -1))
		p.a(name+"getACL", jute.OpGetACL, reqACL(path))
		p.a(name+"setACL", jute.OpSetACL, reqSetACL(path, -1, jute.OpenACL()...))
		p.a(name+"setACL without an ACL", jute.OpSetACL, reqSetACL(path, -1))
		p.a(name+"number", jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: path})
		p.a(name+"delete", jute.OpDelete, reqDelete(path, -1))
	}
	p.a("what all that left", jute.OpGetChildren2, reqList("/p", false))
	p.a("and in the root", jute.OpExists, reqExists("/", false))
}

func sequencesAndStats(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/s", "", 0))
	for i := range 12 {
		p.a(fmt.Sprintf("sequential %d", i), jute.OpCreate2, reqCreate("/s/n-", "x", jute.PersistentSequential))
	}
	p.a("sequential without a name", jute.OpCreate, reqCreate("/s/", "", jute.PersistentSequential))
	p.a("parent", jute.OpExists, reqExists("/s", false))
	p.a("delete one", jute.OpDelete, reqDelete("/s/n-0000000003", -1))
	p.a("parent of the deleted", jute.OpExists, reqExists("/s", false))
	p.a("the counter goes on", jute.OpCreate, reqCreate("/s/n-", "", jute.EphemeralSequential))
	p.a("an ordinary child counts", jute.OpCreate, reqCreate("/s/plain", "", 0))
	p.a("so does", jute.OpCreate, reqCreate("/s/n-", "", jute.PersistentSequential))
	p.a("a name that the counter will come to", jute.OpCreate, reqCreate("/s/q0000000017", "", 0))
	p.a("is in the way", jute.OpCreate, reqCreate("/s/q", "", jute.PersistentSequential))
	p.a("a refused one counts not", jute.OpCreate, reqCreate("/s/plain", "", 0))
	p.a("then", jute.OpCreate, reqCreate("/s/r", "", jute.PersistentSequential))
	p.a("set leaves the children's version", jute.OpSetData, reqSet("/s", "x", -1))
	p.a("setACL too", jute.OpSetACL, reqSetACL("/s", -1, jute.OpenACL()...))
	p.a("a grandchild counts for its parent", jute.OpCreate, reqCreate("/s/plain/x", "", 0))
	p.a("not for its grandparent", jute.OpExists, reqExists("/s", false))
	p.a("grandchild gone", jute.OpDelete, reqDelete("/s/plain/x", -1))
	p.a("the child", jute.OpExists, reqExists("/s/plain", false))
	p.a("parent gone", jute.OpDelete, reqDelete("/s/plain", -1))
	p.a("sequential below it", jute.OpCreate, reqCreate("/s/plain/n-", "", jute.PersistentSequential))
	p.a("create it again", jute.OpCreate2, reqCreate("/s/plain", "", 0))
	p.a("its counter is new", jute.OpCreate, reqCreate("/s/plain/n-", "", jute.PersistentSequential))
	p.a("all", jute.OpGetChildren2, reqList("/s", false))
}
