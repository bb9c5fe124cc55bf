package server

import (
	"fmt"

	"zook/jute"
)

func multi(ops ...jute.Op) *jute.MultiRequest { return &jute.MultiRequest{Ops: ops} }

func op(typ jute.OpCode, body jute.Record) jute.Op { return jute.Op{Type: typ, Body: body} }

func opCheck(path string, version int32) jute.Op {
	return op(jute.OpCheck, &jute.CheckVersionRequest{Path: path, Version: version})
}

func multis(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/m", "", 0))
	p.a("empty", jute.OpMulti, multi())
	p.a("all kinds", jute.OpMulti, multi(
		opCheck("/m", 0), op(jute.OpCreate, reqCreate("/m/a", "x", 0)), op(jute.OpCreate2, reqCreate("/m/b", "y", jute.Ephemeral)),
		op(jute.OpCreateContainer, reqCreate("/m/c", "", jute.Container)), op(jute.OpCreateTTL, reqTTL("/m/t", jute.PersistentTTL, 50_000)),
		op(jute.OpSetData, reqSet("/m/a", "z", 0)), op(jute.OpSetData, reqSet("/m/a", "zz", 1)), op(jute.OpDelete, reqDelete("/m/b", 0)),
		op(jute.OpCreate, reqCreate("/m/s-", "", jute.PersistentSequential)), op(jute.OpCreate2, reqCreate("/m/s-", "", jute.EphemeralSequential)),
		opCheck("/m/a", 2)))
	p.a("what it left", jute.OpGetChildren2, reqList("/m", false))
	p.a("and a", jute.OpGetData, reqGet("/m/a", false))
	p.a("only checks", jute.OpMulti, multi(opCheck("/m", -1), opCheck("/m/a", 2)))
	p.a("create and delete again", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/m/x", "", 0)), op(jute.OpCreate, reqCreate("/m/x/y", "", 0)),
		op(jute.OpDelete, reqDelete("/m/x/y", 0)), op(jute.OpDelete, reqDelete("/m/x", 0)), op(jute.OpCreate, reqCreate("/m/x", "new", 0))))
	p.a("x", jute.OpGetData, reqGet("/m/x", false))
	p.a("parent after", jute.OpExists, reqExists("/m", false))
	good := []jute.Op{op(jute.OpCreate, reqCreate("/m/g", "", 0)), op(jute.OpSetData, reqSet("/m/a", "q", -1)), op(jute.OpCreate2, reqCreate("/m/g2-", "", jute.PersistentSequential))}
	for i, bad := range []jute.Op{
		opCheck("/m/a", 7), opCheck("/m/none", -1), op(jute.OpCreate, reqCreate("/m/a", "", 0)), op(jute.OpCreate, reqCreate("/none/a", "", 0)),
		op(jute.OpCreate2, reqCreate("/m/bad", "", 0, entry("none", "", 1))), op(jute.OpDelete, reqDelete("/m", -1)), op(jute.OpDelete, reqDelete("/m/a", 9)),
		op(jute.OpDelete, reqDelete("/", -1)), op(jute.OpSetData, reqSet("/m/a", "", 55)), op(jute.OpSetData, reqSet("", "", -1)), op(jute.OpCreate, reqCreate("/m/", "", 0)),
		op(jute.OpCreate, reqCreate("bad", "", 0)), opCheck("bad", -1),
		op(jute.OpCreateTTL, reqTTL("/m/bad", jute.PersistentTTL, 0)),
		op(jute.OpCreateContainer, reqCreate("/m/a", "", jute.Container)), op(jute.OpCreate, reqCreate("/m/g", "", 0)),
	} {
		for at := range len(good) + 1 {
			ops := append(append(append([]jute.Op{}, good[:at]...), bad), good[at:]...)
			p.a(fmt.Sprintf("failure %d at %d", i, at), jute.OpMulti, multi(ops...))
		}
	}
	p.a("failures left nothing", jute.OpGetChildren2, reqList("/m", false))
	p.a("nor changed a", jute.OpGetData, reqGet("/m/a", false))
	p.a("sequential after failures", jute.OpCreate2, reqCreate("/m/after-", "", jute.PersistentSequential))
	for _, flags := range []jute.CreateMode{-1, 7, 100} {
		p.a(fmt.Sprintf("flags %d", flags), jute.OpMulti, multi(good[0], op(jute.OpCreate, reqCreate("/m/flags", "", flags))))
	}
	p.b("another", jute.OpCreate, reqCreate("/m/private", "", 0, entry("digest", "x:y", 31)))
	p.a("no auth", jute.OpMulti, multi(good[0], op(jute.OpCreate, reqCreate("/m/private/x", "", 0))))
	p.a("no auth to check", jute.OpMulti, multi(good[0], opCheck("/m/private", -1)))
	p.a("reads in a multi", jute.OpMulti, multi(op(jute.OpGetData, reqGet("/m", false))))
	p.a("reads among writes", jute.OpMulti, multi(good[0], op(jute.OpGetData, reqGet("/m", false))))
	p.a("writes behind reads", jute.OpMulti, multi(op(jute.OpGetChildren, reqList("/m", false)), good[0]))
	p.a("setACL in a multi", jute.OpMulti, multi(op(jute.OpSetACL, reqSetACL("/m", -1, jute.OpenACL()...))))
	p.a("still there", jute.OpGetChildren2, reqList("/m", false))
	p.a("createTTL of an ephemeral", jute.OpMulti, multi(op(jute.OpCreateTTL, reqTTL("/m/bad", jute.Ephemeral, 5))))
}

func multiReads(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/mr", "data", 0))
	p.a("create child", jute.OpCreate, reqCreate("/mr/x", "", 0))
	p.a("create private", jute.OpCreate, reqCreate("/mr/private", "", 0, entry("digest", "x:y", 31)))
	p.a("empty", jute.OpMultiRead, multi())
	p.a("both kinds", jute.OpMultiRead, multi(op(jute.OpGetData, reqGet("/mr", false)), op(jute.OpGetChildren, reqList("/mr", false)), op(jute.OpGetData, reqGet("/mr/x", false))))
	p.a("errors are single", jute.OpMultiRead, multi(op(jute.OpGetData, reqGet("/none", false)), op(jute.OpGetData, reqGet("/mr", false)),
		op(jute.OpGetChildren, reqList("/mr/private", false)), op(jute.OpGetData, reqGet("", true)), op(jute.OpGetChildren, reqList("/mr/x", false))))
	p.a("writes", jute.OpMultiRead, multi(op(jute.OpDelete, reqDelete("/mr/x", -1))))
	p.a("mixed", jute.OpMultiRead, multi(op(jute.OpGetData, reqGet("/mr", false)), op(jute.OpDelete, reqDelete("/mr/x", -1))))
	p.a("checks", jute.OpMultiRead, multi(opCheck("/mr", -1)))
	p.a("nothing deleted", jute.OpGetChildren, reqList("/mr", false))
	p.a("with watches", jute.OpMultiRead, multi(op(jute.OpGetData, reqGet("/mr/x", true)), op(jute.OpGetChildren, reqList("/mr", true))))
	p.a("set", jute.OpSetData, reqSet("/mr/x", "", -1))
	p.a("create another", jute.OpCreate, reqCreate("/mr/y", "", 0))
	p.a("no event", jute.OpPing, nil)
}

func quotas(p *program) {
	stats := func(name string) { p.a(name, jute.OpGetData, reqGet("/zookeeper/quota/q/zookeeper_stats", false)) }
	p.a("create", jute.OpCreate, reqCreate("/q", "1234", 0))
	p.a("create child", jute.OpCreate, reqCreate("/q/x", "56", 0))
	p.a("quota", jute.OpCreate, reqCreate("/zookeeper/quota/q", "", 0))
	p.a("limits", jute.OpCreate, reqCreate("/zookeeper/quota/q/zookeeper_limits", "count=1,bytes=2", 0))
	p.a("stats", jute.OpCreate, reqCreate("/zookeeper/quota/q/zookeeper_stats", "count=9,bytes=9", 0))
	stats("counted")
	p.a("another child", jute.OpCreate, reqCreate("/q/y", "789", 0))
	stats("create counts")
	p.a("over the limit", jute.OpSetData, reqSet("/q", "0123456789", -1))
	stats("set counts")
	p.a("null", jute.OpSetData, &jute.SetDataRequest{Path: "/q", Version: -1})
	stats("null counts")
	p.a("delete", jute.OpDelete, reqDelete("/q/x", -1))
	stats("delete counts")
	p.a("ephemeral", jute.OpCreate, reqCreate("/q/e", "e", jute.Ephemeral))
	p.b("b's ephemeral", jute.OpCreate, reqCreate("/q/eb", "ephemeral", jute.Ephemeral))
	stats("ephemerals count")
	p.b("b closes", jute.OpCloseSession, nil)
	stats("closed sessions count")
	p.a("a failing multi", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/m", "x", 0)), opCheck("/none", 0)))
	stats("failed multis count not")
	p.a("a multi", jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/m", "x", 0)), op(jute.OpSetData, reqSet("/q/m", "xxx", 0))))
	stats("multis count")
	p.a("deeper quota", jute.OpCreate, reqCreate("/zookeeper/quota/q/y", "", 0))
	p.a("deeper limits", jute.OpCreate, reqCreate("/zookeeper/quota/q/y/zookeeper_limits", "count=10,bytes=-1", 0))
	p.a("deeper stats", jute.OpCreate, reqCreate("/zookeeper/quota/q/y/zookeeper_stats", "", 0))
	p.a("below it", jute.OpCreate, reqCreate("/q/y/z", "abc", 0))
	stats("the nearest counts")
	p.a("deeper counts", jute.OpGetData, reqGet("/zookeeper/quota/q/y/zookeeper_stats", false))
	p.a("stats with hard limits", jute.OpSetData, reqSet("/zookeeper/quota/q/zookeeper_stats", "count=3,bytes=4=;byteHardLimit=-1;countHardLimit=7", -1))
	p.a("create again", jute.OpCreate, reqCreate("/q/again", "abc", 0))
	stats("they stay")
	p.a("stats of nothing", jute.OpSetData, reqSet("/zookeeper/quota/q/zookeeper_stats", "", -1))
	p.a("delete again", jute.OpDelete, reqDelete("/q/again", -1))
	stats("counted from nothing")
	p.a("no limits", jute.OpDelete, reqDelete("/zookeeper/quota/q/zookeeper_limits", -1))
	p.a("create uncounted", jute.OpCreate, reqCreate("/q/uncounted", "abc", 0))
	stats("not counted any more")
	p.a("stats of a path that is not there", jute.OpCreate, reqCreate("/zookeeper/quota/gone", "", 0))
	p.a("limits of it", jute.OpCreate, reqCreate("/zookeeper/quota/gone/zookeeper_limits", "count=1,bytes=2", 0))
	p.a("its stats", jute.OpCreate, reqCreate("/zookeeper/quota/gone/zookeeper_stats", "", 0))
	p.a("its stats are", jute.OpGetData, reqGet("/zookeeper/quota/gone/zookeeper_stats", false))
	p.a("now it is there", jute.OpCreate, reqCreate("/gone", "12", 0))
	p.a("its stats are now", jute.OpGetData, reqGet("/zookeeper/quota/gone/zookeeper_stats", false))
	p.a("a stats znode without limits", jute.OpCreate, reqCreate("/zookeeper/quota/gone2", "", 0))
	p.a("its stats alone", jute.OpCreate, reqCreate("/zookeeper/quota/gone2/zookeeper_stats", "x", 0))
	p.a("stay alone", jute.OpGetData, reqGet("/zookeeper/quota/gone2/zookeeper_stats", false))
}
