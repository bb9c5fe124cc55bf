package server

import (
	"fmt"

	"zook/internal/zktest"
	"zook/jute"
)

// look makes the events arrive that b has been sent so far.
func look(p *program, name string) { p.b(name, jute.OpPing, nil) }

func watches(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/w", "", 0))
	p.b("exists of none", jute.OpExists, reqExists("/w/x", true))
	p.a("create x", jute.OpCreate, reqCreate("/w/x", "", 0))
	look(p, "created")
	p.a("set unwatched", jute.OpSetData, reqSet("/w/x", "", -1))
	look(p, "no event")
	p.b("get", jute.OpGetData, reqGet("/w/x", true))
	p.b("get twice", jute.OpGetData, reqGet("/w/x", true))
	p.b("exists too", jute.OpExists, reqExists("/w/x", true))
	p.a("set", jute.OpSetData, reqSet("/w/x", "", -1))
	look(p, "changed, once")
	p.b("children", jute.OpGetChildren, reqList("/w", true))
	p.b("children2 of x", jute.OpGetChildren2, reqList("/w/x", true))
	p.a("create below x", jute.OpCreate, reqCreate("/w/x/y", "", 0))
	look(p, "children of x changed")
	p.a("delete below x", jute.OpDelete, reqDelete("/w/x/y", -1))
	p.b("get and", jute.OpGetData, reqGet("/w/x", true))
	p.b("list x", jute.OpGetChildren, reqList("/w/x", true))
	p.a("delete x", jute.OpDelete, reqDelete("/w/x", -1))
	look(p, "deleted and children changed")
	p.b("get of none", jute.OpGetData, reqGet("/w/none", true))
	p.b("children of none", jute.OpGetChildren, reqList("/w/none", true))
	p.a("create none", jute.OpCreate, reqCreate("/w/none", "", 0))
	look(p, "a failed get sets no watch")
	p.b("watch for one's own", jute.OpExists, reqExists("/w/own", true))
	p.b("one's own change", jute.OpCreate2, reqCreate("/w/own", "", 0))
	p.b("get own", jute.OpGetData, reqGet("/w/own", true))
	p.b("own multi", jute.OpMulti, multi(op(jute.OpSetData, reqSet("/w/own", "1", -1)), op(jute.OpSetData, reqSet("/w/own", "2", -1)), op(jute.OpDelete, reqDelete("/w/own", -1))))
	p.a("ephemeral", jute.OpCreate, reqCreate("/w/e", "", jute.Ephemeral))
	p.b("watch the ephemeral", jute.OpExists, reqExists("/w/e", true))
	p.b("and its parent", jute.OpGetChildren, reqList("/w", true))
	p.a("close", jute.OpCloseSession, nil)
	look(p, "the ephemeral is deleted")
	p.b("setACL fires nothing", jute.OpSetACL, reqSetACL("/w", -1, jute.OpenACL()...))
	for _, typ := range []jute.WatcherType{jute.WatcherChildren, jute.WatcherData, jute.WatcherAny} {
		n := func(s string) string { return fmt.Sprintf("type %d: %s", typ, s) }
		p.b(n("no watch"), jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/w", Type: typ})
		p.b(n("remove none"), jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/w", Type: typ})
		p.b(n("set data"), jute.OpGetData, reqGet("/w", true))
		p.b(n("set children"), jute.OpGetChildren, reqList("/w", true))
		p.b(n("is"), jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/w", Type: typ})
		p.b(n("is not elsewhere"), jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/w/none", Type: typ})
		p.b(n("remove"), jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/w", Type: typ})
		p.b(n("remove again"), jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/w", Type: typ})
		p.b(n("what fires"), jute.OpMulti, multi(op(jute.OpSetData, reqSet("/w", "", -1)), op(jute.OpCreate, reqCreate("/w/f-", "", jute.PersistentSequential))))
	}
	for _, typ := range []jute.WatcherType{0, -1, 6, 99} {
		p.b(fmt.Sprintf("check type %d", typ), jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/w", Type: typ})
		p.b(fmt.Sprintf("remove type %d", typ), jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/w", Type: typ})
	}
}

func persistentWatches(p *program) {
	add := func(name, path string, mode jute.AddWatchMode) {
		p.b(name, jute.OpAddWatch, &jute.AddWatchRequest{Path: path, Mode: mode})
	}
	change := func(when, path string) {
		p.a(when+": create "+path, jute.OpCreate, reqCreate(path, "", 0))
		p.a(when+": set "+path, jute.OpSetData, reqSet(path, "", -1))
		p.a(when+": create below "+path, jute.OpCreate, reqCreate(path+"/x", "", 0))
		p.a(when+": set below "+path, jute.OpSetData, reqSet(path+"/x", "", -1))
		p.a(when+": delete below "+path, jute.OpDelete, reqDelete(path+"/x", -1))
		p.a(when+": delete "+path, jute.OpDelete, reqDelete(path, -1))
		look(p, when+": events of "+path)
	}
	p.a("create", jute.OpCreate, reqCreate("/pw", "", 0))
	add("persistent", "/pw/p", jute.WatchPersistent)
	add("persistent twice", "/pw/p", jute.WatchPersistent)
	change("persistent", "/pw/p")
	change("again", "/pw/p")
	add("recursive", "/pw/r", jute.WatchPersistentRecursive)
	change("recursive", "/pw/r")
	add("recursive above", "/pw", jute.WatchPersistentRecursive)
	change("recursive twice", "/pw/r")
	change("both kinds", "/pw/p")
	for _, mode := range []jute.AddWatchMode{-1, 2, 99} {
		add(fmt.Sprintf("mode %d", mode), "/pw", mode)
	}
	add("of no path", "", jute.WatchPersistent)
	add("of a bad path", "x//y", jute.WatchPersistentRecursive)
	add("persistent where recursive is", "/pw/none", jute.WatchPersistent)
	p.b("check any", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/none", Type: jute.WatcherAny})
	p.b("remove any", jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/pw/none", Type: jute.WatcherAny})
	p.b("remove any again", jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/pw/none", Type: jute.WatcherAny})
	p.b("remove the one above", jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/pw", Type: jute.WatcherAny})
	change("after removal", "/pw/r")
	p.b("type persistent", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/p", Type: jute.WatcherPersistent})
	p.b("type recursive", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/r", Type: jute.WatcherPersistentRecursive})
	p.b("type recursive of a persistent one", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/p", Type: jute.WatcherPersistentRecursive})
	p.b("type data of a persistent one", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/p", Type: jute.WatcherData})
	p.b("type children of a persistent one", jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/pw/p", Type: jute.WatcherChildren})
}

func setWatchesAgain(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/sw", "", 0))
	for _, n := range []string{"same", "changed", "gone", "kids", "calm"} {
		p.a("create "+n, jute.OpCreate, reqCreate("/sw/"+n, "", 0))
	}
	since := p.on("a").sinceNow()
	p.a("change", jute.OpSetData, reqSet("/sw/changed", "", -1))
	p.a("delete", jute.OpDelete, reqDelete("/sw/gone", -1))
	p.a("child", jute.OpCreate, reqCreate("/sw/kids/x", "", 0))
	p.a("appear", jute.OpCreate, reqCreate("/sw/new", "", 0))
	p.b("setWatches", jute.OpSetWatches, &jute.SetWatches{RelativeZxid: since,
		DataWatches: []string{"/sw/same", "/sw/changed", "/sw/gone"}, ExistWatches: []string{"/sw/new", "/sw/never"}, ChildWatches: []string{"/sw/calm", "/sw/kids", "/sw/gone"}})
	drainSetWatches(p, "missed events")
	p.a("set same", jute.OpSetData, reqSet("/sw/same", "", -1))
	p.a("set changed", jute.OpSetData, reqSet("/sw/changed", "", -1))
	p.a("create never", jute.OpCreate, reqCreate("/sw/never", "", 0))
	p.a("create in calm", jute.OpCreate, reqCreate("/sw/calm/x", "", 0))
	look(p, "those set again")
	p.b("setWatches2", jute.OpSetWatches2, &jute.SetWatches2{RelativeZxid: since, DataWatches: []string{"/sw/changed"}, ExistWatches: []string{}, ChildWatches: []string{},
		PersistentWatches: []string{"/sw/p"}, PersistentRecursiveWatches: []string{"/sw/r"}})
	drainSetWatches(p, "missed by the second")
	p.a("create p", jute.OpCreate, reqCreate("/sw/p", "", 0))
	p.a("create r", jute.OpCreate, reqCreate("/sw/r", "", 0))
	p.a("create below r", jute.OpCreate, reqCreate("/sw/r/x", "", 0))
	p.a("set p", jute.OpSetData, reqSet("/sw/p", "", -1))
	look(p, "persistent ones set again")
	p.b("setWatches of the root's other name", jute.OpSetWatches, &jute.SetWatches{RelativeZxid: since, DataWatches: []string{""}, ExistWatches: []string{""}, ChildWatches: []string{""}})
	p.b("setWatches of a zxid to come", jute.OpSetWatches, &jute.SetWatches{RelativeZxid: 1 << 60, DataWatches: []string{"/sw/changed"}, ExistWatches: []string{}, ChildWatches: []string{}})
	p.b("setWatches of nothing", jute.OpSetWatches, &jute.SetWatches{RelativeZxid: 1, DataWatches: []string{}, ExistWatches: []string{}, ChildWatches: []string{}})
}

// sinceNow is the zxid that the server is at.
func (w *wire) sinceNow() int64 {
	f, _ := w.call(jute.OpExists, reqExists("/", false))
	return f.Zxid
}

// drainSetWatches reads what is on its way.
func drainSetWatches(p *program, name string) { look(p, name) }

func otherRequests(p *program) {
	p.a("create", jute.OpCreate, reqCreate("/o", "", 0))
	p.a("ping", jute.OpPing, nil)
	p.a("ping with a body", jute.OpPing, []byte{1, 2, 3})
	p.a("who", jute.OpWhoAmI, nil)
	p.a("reconfig", jute.OpReconfig, &jute.ReconfigRequest{CurConfigID: -1})
	for _, op := range []jute.OpCode{0, 10, 13, 23, 99, 108, -1, -12, -100, 1 << 30} {
		if op == jute.OpCheck && !zktest.OtherVersion() {
			continue // it ends Apache's server before 3.9
		}
		conn := fmt.Sprintf("c%d", op)
		p.do(conn, fmt.Sprintf("before %d", op), jute.OpExists, reqExists("/o", false))
		p.do(conn, fmt.Sprintf("op %d", op), op, &jute.CheckVersionRequest{Path: "/o", Version: -1})
		p.closed(conn, fmt.Sprintf("after %d", op)) // Apache may answer one more on the way
	}
	p.a("others go on", jute.OpExists, reqExists("/o", false))
	p.a("close", jute.OpCloseSession, nil)
	p.closed("a", "closed")
}

func malformed(p *program) {
	p.noZxids = true // Apache gives a request that it cannot read the zxid of another
	p.a("create", jute.OpCreate, reqCreate("/mal", "", 0))
	null := jute.AppendInt(nil, -1)
	huge := append(jute.AppendInt(nil, 1<<30), "/mal"...)
	negative := jute.AppendInt(nil, -5)
	for _, op := range []jute.OpCode{jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpSetData, jute.OpSetACL,
		jute.OpMulti, jute.OpMultiRead, jute.OpExists, jute.OpGetData, jute.OpGetChildren, jute.OpGetChildren2, jute.OpGetACL, jute.OpGetEphemerals,
		jute.OpGetAllChildrenNumber, jute.OpSync, jute.OpSetWatches, jute.OpSetWatches2, jute.OpAddWatch, jute.OpCheckWatches, jute.OpRemoveWatches} {
		p.a(fmt.Sprintf("%v: no body", op), op, nil)
		p.a(fmt.Sprintf("%v: a length alone", op), op, jute.AppendInt(nil, 4))
		p.a(fmt.Sprintf("%v: half a path", op), op, append(jute.AppendInt(nil, 4), "/m"...))
		p.a(fmt.Sprintf("%v: a huge length", op), op, huge)
		p.a(fmt.Sprintf("%v: a negative length", op), op, negative)
		p.a(fmt.Sprintf("%v: null", op), op, null)
		p.a(fmt.Sprintf("%v: a path alone", op), op, jute.AppendUstring(nil, "/mal"))
	}
	p.a("trailing bytes", jute.OpExists, append(jute.Marshal(reqExists("/mal", false)), 1, 2, 3))
	p.a("trailing bytes of a write", jute.OpCreate, append(jute.Marshal(reqCreate("/mal/x", "", 0)), 1, 2, 3))
	p.a("a multi without an end", jute.OpMulti, (&jute.MultiHeader{Type: jute.OpDelete}).Append(nil))
	p.a("a multi of an unknown op", jute.OpMulti, (&jute.MultiHeader{Type: 77}).Append(nil))
	p.a("a negative number of ACLs", jute.OpCreate, append(jute.AppendBuffer(jute.AppendUstring(nil, "/mal/y"), nil), 0xff, 0xff, 0xff, 0xfe))
	p.a("a huge number of ACLs", jute.OpCreate, append(jute.AppendBuffer(jute.AppendUstring(nil, "/mal/y"), nil), 0x7f, 0xff, 0xff, 0xff))
	p.a("what is left", jute.OpGetChildren, reqList("/mal", false))
}
