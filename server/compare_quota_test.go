package server

import (
	"fmt"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// What other settings than the usual ones change.
func TestAnswersWithOtherSettingsAreApaches(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=2000", "enforceQuota=true", "reconfigEnabled=true", "extendedTypesEnabled=false")
	ours := start(t, Config{TickTime: 2 * time.Second, EnforceQuota: true, Reconfig: true})
	for _, c := range []struct {
		name    string
		program func(*program)
	}{
		{"enforced quotas", enforcedQuotas},
		{"quotas of other contents", oddQuotas},
		{"reconfig", reconfigs},
		{"no extended types", noExtendedTypes},
	} {
		t.Run(c.name, func(t *testing.T) {
			compareRuns(t, run(t, apache.Addr, c.program), run(t, ours.Addr(), c.program), nil)
		})
	}
}

// setQuota makes the znodes of a quota, as zkCli's setquota does.
func setQuota(p *program, path, limits string) {
	parent := "/zookeeper/quota"
	for i, name := range []string{path, "/zookeeper_limits", "/zookeeper_stats"} {
		data := ""
		if i == 1 {
			data = limits
		} else if i == 2 {
			data = "count=0,bytes=0"
		}
		if parent += name; i > 0 {
			parent = "/zookeeper/quota" + path + name
		}
		p.a("quota "+parent, jute.OpCreate, reqCreate(parent, data, 0))
	}
}

func enforcedQuotas(p *program) {
	stats := func(name, path string) {
		p.a(name, jute.OpGetData, reqGet("/zookeeper/quota"+path+"/zookeeper_stats", false))
	}
	limits := func(name, path, l string) {
		p.a(name, jute.OpSetData, reqSet("/zookeeper/quota"+path+"/zookeeper_limits", l, -1))
	}
	p.a("create", jute.OpCreate, reqCreate("/q", "12345", 0))
	setQuota(p, "/q", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3")
	stats("counted", "/q")
	p.a("second", jute.OpCreate, reqCreate("/q/b", "", 0))
	p.a("third", jute.OpCreate2, reqCreate("/q/c", "123", jute.Ephemeral))
	p.a("fourth", jute.OpCreate, reqCreate("/q/d", "", 0))
	p.a("fourth, a container", jute.OpCreateContainer, reqCreate("/q/d", "", jute.Container))
	p.a("fourth, sequential", jute.OpCreate, reqCreate("/q/d", "", jute.PersistentSequential))
	p.a("fourth, deeper", jute.OpCreate, reqCreate("/q/b/d", "", 0))
	p.a("parent", jute.OpExists, reqExists("/q", false))
	stats("three", "/q")
	p.a("up to the bytes", jute.OpSetData, reqSet("/q/b", "12", -1))
	p.a("over the bytes", jute.OpSetData, reqSet("/q/b", "123", -1))
	p.a("over the bytes, bad version", jute.OpSetData, reqSet("/q/b", "123", 77))
	p.a("the same bytes", jute.OpSetData, reqSet("/q/b", "xy", -1))
	p.a("fewer", jute.OpSetData, reqSet("/q", "1", -1))
	p.a("null", jute.OpSetData, &jute.SetDataRequest{Path: "/q/b", Version: -1})
	p.a("over by far", jute.OpSetData, reqSet("/q/b", "1234567890", -1))
	stats("bytes", "/q")
	p.a("over with other faults: exists", jute.OpCreate, reqCreate("/q/b", "", 0))
	p.a("over with other faults: no parent", jute.OpCreate, reqCreate("/q/none/b", "", 0))
	p.a("over with other faults: ACL", jute.OpCreate, reqCreate("/q/e", "", 0, entry("none", "", 31)))
	p.a("over with other faults: below an ephemeral", jute.OpCreate, reqCreate("/q/c/x", "", 0))
	p.a("over with other faults: no node", jute.OpSetData, reqSet("/q/none", "1234567890", -1))
	p.a("set to a smaller limit", jute.OpGetData, reqGet("/zookeeper/quota/q/zookeeper_limits", false))
	limits("limits below what is used", "/q", "byteHardLimit=2")
	p.a("shrink and be over still", jute.OpSetData, reqSet("/q/c", "12", -1))
	p.a("shrink to the limit", jute.OpSetData, reqSet("/q/c", "1", -1))
	p.a("any number now", jute.OpCreate, reqCreate("/q/d", "", 0))
	limits("soft only", "/q", "count=1,bytes=1")
	p.a("over what is soft", jute.OpCreate, reqCreate("/q/e", "lots of data", 0))
	limits("soft and hard", "/q", "count=1,bytes=1=;countHardLimit=6")
	p.a("over the soft one", jute.OpCreate, reqCreate("/q/f", "lots of data", 0))
	p.a("over both", jute.OpCreate, reqCreate("/q/g", "lots of data", 0))
	p.a("delete one", jute.OpDelete, reqDelete("/q/f", -1))
	p.a("room again", jute.OpCreate, reqCreate("/q/g", "", 0))
	p.a("a multi over it", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/h", "", 0))))
	p.a("a multi whose second is over it", jute.OpMulti, multi(opCheck("/q", -1), op(jute.OpCreate, reqCreate("/q/h", "", 0)), op(jute.OpDelete, reqDelete("/q/g", -1))))
	p.a("a multi that makes room first", jute.OpMulti, multi(op(jute.OpDelete, reqDelete("/q/g", -1)), op(jute.OpCreate, reqCreate("/q/h", "", 0))))
	p.a("make room", jute.OpDelete, reqDelete("/q/g", -1))
	p.a("a multi of more than there is room for", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/h", "", 0)), op(jute.OpCreate2, reqCreate("/q/i", "", 0)), op(jute.OpSetData, reqSet("/q/i", "x", 0))))
	stats("after the multis", "/q")
	p.a("no more", jute.OpCreate, reqCreate("/q/j", "", 0))
	limits("bytes of a multi", "/q", "byteHardLimit=40")
	p.a("create and set within a multi", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/k", "", 0)), op(jute.OpSetData, reqSet("/q/k", "1234567890123456789012345", -1))))
	p.a("the same twice in one", jute.OpMulti, multi(op(jute.OpSetData, reqSet("/q/k", "1", -1)), op(jute.OpSetData, reqSet("/q/k", "1234567890123456789012345678", -1))))
	stats("bytes after the multis", "/q")
	setQuota(p, "/q/b", "countHardLimit=2")
	p.a("a quota within a quota", jute.OpCreate, reqCreate("/q/b/x", "12345678901234567890123456789012345678901234567890", 0))
	p.a("has its own limit", jute.OpCreate, reqCreate("/q/b/y", "", 0))
	stats("and counts", "/q/b")
	stats("what the other one does not", "/q")
	p.a("limits gone", jute.OpDelete, reqDelete("/zookeeper/quota/q/b/zookeeper_limits", -1))
	p.a("then the next one counts", jute.OpCreate, reqCreate("/q/b/y", "123456789012345678901234567890", 0))
	p.a("and allows", jute.OpCreate, reqCreate("/q/b/y", "", 0))
	limits("none at all", "/q", "countHardLimit=0")
	p.a("none", jute.OpCreate, reqCreate("/q/z", "", 0))
	p.a("one that is beside", jute.OpCreate, reqCreate("/qq", "1234567890", 0))
	p.a("stats gone", jute.OpDelete, reqDelete("/zookeeper/quota/q/zookeeper_stats", -1))
	p.a("without stats", jute.OpCreate, reqCreate("/q/z", "", 0))
	p.a("the quota of a znode that is not there yet", jute.OpCreate, reqCreate("/zookeeper/quota/later", "", 0))
	p.a("its limits", jute.OpCreate, reqCreate("/zookeeper/quota/later/zookeeper_limits", "countHardLimit=1", 0))
	p.a("its stats", jute.OpCreate, reqCreate("/zookeeper/quota/later/zookeeper_stats", "", 0))
	p.a("it", jute.OpCreate, reqCreate("/later", "", 0))
	p.a("its child", jute.OpCreate, reqCreate("/later/x", "", 0))
	p.b("b's ephemeral", jute.OpCreate, reqCreate("/later/e", "", jute.Ephemeral))
	limits("one more for b", "/later", "countHardLimit=2")
	p.b("b's ephemeral again", jute.OpCreate, reqCreate("/later/e", "", jute.Ephemeral))
	p.b("b closes", jute.OpCloseSession, nil)
	p.a("and makes room", jute.OpCreate, reqCreate("/later/x", "", 0))
	p.a("for one", jute.OpCreate, reqCreate("/later/y", "", 0))
	stats("of it", "/later")
}

// oddQuotas are limits and stats that somebody wrote by hand.
func oddQuotas(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/odd", "", 0))
	setQuota(p, "/odd", "")
	for i, limits := range []string{"", "count=", "countHardLimit=5,,;;byteHardLimit=5", "countHardLimit=-1", "countHardLimit=-7;count=1", "countHardLimit=+3",
		"countHardLimit=9223372036854775807", "other=1", "countHardLimit=1=2=3", "countHardLimit=1;countHardLimit=50",
		"x", "count=x", ",count=1", ";", "count==5", "=5", "count= 5", "count=1=", "count=99999999999999999999"} {
		p.a(fmt.Sprintf("%d %s", i, limits), jute.OpSetData, reqSet("/zookeeper/quota/odd/zookeeper_limits", limits, -1))
		p.a(fmt.Sprintf("%d create", i), jute.OpCreate, reqCreate(fmt.Sprintf("/odd/%d", i), "12", 0))
		p.a(fmt.Sprintf("%d set", i), jute.OpSetData, reqSet("/odd", "123456", -1))
		p.a(fmt.Sprintf("%d stats", i), jute.OpGetData, reqGet("/zookeeper/quota/odd/zookeeper_stats", false))
		p.a(fmt.Sprintf("%d set back", i), jute.OpSetData, reqSet("/odd", "", -1))
	}
}

func reconfigs(p *program) {
	p.a("config", jute.OpGetData, reqGet("/zookeeper/config", true))
	for i, r := range []*jute.ReconfigRequest{{CurConfigID: -1}, {CurConfigID: 7}, {NewMembers: []byte("server.1=127.0.0.1:2888:3888;2181"), CurConfigID: -1},
		{JoiningServers: []byte("server.2=x"), CurConfigID: 0}, {LeavingServers: []byte("1"), CurConfigID: -1}} {
		p.a(fmt.Sprintf("reconfig %d", i), jute.OpReconfig, r)
	}
	p.a("set", jute.OpSetData, reqSet("/zookeeper/config", "x", -1))
	p.a("setACL", jute.OpSetACL, reqSetACL("/zookeeper/config", -1, jute.OpenACL()...))
	p.a("create below it", jute.OpCreate, reqCreate("/zookeeper/config/x", "", 0))
	p.a("delete", jute.OpDelete, reqDelete("/zookeeper/config", -1))
	p.a("config still", jute.OpGetData, reqGet("/zookeeper/config", false))
	p.a("its ACL", jute.OpGetACL, reqACL("/zookeeper/config"))
	p.a("its children", jute.OpGetChildren2, reqList("/zookeeper/config", false))
}

func noExtendedTypes(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/x", "", 0))
	for _, flags := range []jute.CreateMode{0, 5, 6} {
		for _, ttl := range []int64{-1, 0, 100_000} {
			if flags == 0 && ttl == -1 {
				continue // Apache's server ends there
			}
			name := fmt.Sprintf("flags %d, TTL %d", flags, ttl)
			p.a(name, jute.OpCreateTTL, reqTTL("/x/t", flags, ttl))
			p.a(name+" in a multi", jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL("/x/t", flags, ttl))))
		}
		p.a(fmt.Sprintf("create with flags %d", flags), jute.OpCreate, reqCreate("/x/c", "", flags))
	}
	p.a("container", jute.OpCreateContainer, reqCreate("/x/k", "", jute.Container))
	p.a("an ACL and a path that are bad", jute.OpCreateTTL, &jute.CreateTTLRequest{Path: "x", Flags: jute.PersistentTTL, TTL: 5})
	p.a("all", jute.OpGetChildren2, reqList("/x", false))
}
