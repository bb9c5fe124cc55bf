package server

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
)

// read is a request that changes nothing but watches.
func (m *loadMaker) read(conn string) (jute.OpCode, jute.Record) {
	path := m.path()
	watch := false
	if m.one(3) {
		if p, way := m.watchable(conn); way == 0 || m.free {
			path, watch = p, true
		}
	}
	switch m.rnd.IntN(20) {
	case 0, 1, 2:
		if m.one(8) {
			return jute.OpGetData, reqGet("/zookeeper/quota"+m.root+"/q"+pick(m.rnd, "", "/a")+"/zookeeper_stats", false)
		}
		return jute.OpGetData, reqGet(path, watch)
	case 3, 4:
		return jute.OpExists, reqExists(path, watch)
	case 5, 6:
		return jute.OpGetChildren, reqList(path, watch)
	case 7, 8:
		return jute.OpGetChildren2, reqList(path, watch)
	case 9:
		return jute.OpGetACL, reqACL(path)
	case 10:
		return jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: pick(m.rnd, path, "/", "", m.root)}
	case 11:
		for path == "" || path == "/" { // what others have left is below the root
			path = m.path()
		}
		return jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: path}
	case 12:
		return jute.OpSync, &jute.SyncRequest{Path: path}
	case 13:
		return pick(m.rnd, jute.OpPing, jute.OpWhoAmI), nothing{}
	case 14:
		return m.setWatches(conn)
	case 15, 16:
		path, way := m.watchable(conn)
		if m.free {
			return jute.OpAddWatch, &jute.AddWatchRequest{Path: path, Mode: pick[jute.AddWatchMode](m.rnd, 0, 0, 1, 1, 2)}
		} else if way > 0 {
			return jute.OpAddWatch, &jute.AddWatchRequest{Path: path, Mode: jute.AddWatchMode(way - 1)}
		}
		return jute.OpGetData, reqGet(path, true)
	case 17:
		path, way := m.watchable(conn)
		typ := jute.WatcherAny
		if m.free || way == 0 {
			typ = pick(m.rnd, jute.WatcherAny, jute.WatcherData, jute.WatcherChildren)
		}
		if m.free {
			typ = pick[jute.WatcherType](m.rnd, 0, 1, 2, 3, 4, 5, 6)
			if m.one(2) {
				return jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: path, Type: typ}
			}
		}
		return jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: path, Type: typ}
	}
	q := &jute.MultiRequest{}
	for range m.rnd.IntN(5) {
		if path := m.path(); m.one(2) {
			q.Ops = append(q.Ops, op(jute.OpGetData, reqGet(path, m.one(2))))
		} else {
			q.Ops = append(q.Ops, op(jute.OpGetChildren, reqList(path, m.one(2))))
		}
	}
	return jute.OpMultiRead, q
}

func (m *loadMaker) setWatches(conn string) (jute.OpCode, jute.Record) {
	lists := [5][]string{{}, {}, {}, {}, {}}
	for range m.rnd.IntN(6) {
		path, way := m.watchable(conn)
		at := way + 2
		if way == 0 {
			at = m.rnd.IntN(3)
		}
		lists[at] = append(lists[at], path)
	}
	if m.one(3) {
		return jute.OpSetWatches, &jute.SetWatches{DataWatches: lists[0], ExistWatches: lists[1], ChildWatches: lists[2]}
	}
	return jute.OpSetWatches2, &jute.SetWatches2{DataWatches: lists[0], ExistWatches: lists[1], ChildWatches: lists[2],
		PersistentWatches: lists[3], PersistentRecursiveWatches: lists[4]}
}

// nothing is the body of a request that has none.
type nothing struct{}

func (nothing) Append(b []byte) []byte { return b }
func (nothing) Decode(d *jute.Decoder) {}

// bodyText is a request for people.
func bodyText(body jute.Record) string {
	if m, ok := body.(*jute.MultiRequest); ok {
		var ops []string
		for _, o := range m.Ops {
			ops = append(ops, fmt.Sprintf("%v %s", o.Type, bodyText(o.Body)))
		}
		return "[" + strings.Join(ops, ", ") + "]"
	}
	switch b := body.(type) {
	case *jute.CreateRequest:
		return fmt.Sprintf("%.80s %.20q %v flags %d", b.Path, b.Data, b.ACL, b.Flags)
	case *jute.CreateTTLRequest:
		return fmt.Sprintf("%.80s %.20q %v flags %d TTL %d", b.Path, b.Data, b.ACL, b.Flags, b.TTL)
	case *jute.SetDataRequest:
		return fmt.Sprintf("%.80s %.20q version %d", b.Path, b.Data, b.Version)
	}
	return fmt.Sprintf("%.300s", fmt.Sprintf("%+v", body))
}

// wholeTree notes what the data directory of the server holds of a load.
func (p *program) wholeTree(dir string, root string) {
	st, err := datadir.Open(dir, "").Load(context.Background(), nil)
	if err != nil {
		p.note("the files", "%v", err)
		return
	}
	p.note("doubts about the tree", "%q", st.Doubts)
	var all []noted
	st.Tree.Export().Walk(func(path string, n datatree.Node) error {
		if strings.HasPrefix(path+"/", root+"/") || strings.HasPrefix(path+"/", "/zookeeper/quota"+root+"/") {
			all = append(all, noted{"tree " + path, p.node(n)})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b noted) int { return strings.Compare(a.name, b.name) })
	p.steps = append(p.steps, all...)
}

// node is a znode in words, but for what time it is.
func (p *program) node(n datatree.Node) string {
	s := n.Stat
	return fmt.Sprintf("%.50q null %v of %d bytes, %v, c %s m %s p %s, version %d cversion %d aversion %d, owner %s, %d children, never set: %v",
		n.Data, n.Data == nil, len(n.Data), n.ACL, p.zxid(s.Czxid), p.zxid(s.Mzxid), p.zxid(s.Pzxid), s.Version, s.Cversion, s.Aversion,
		p.owner(s.EphemeralOwner), n.NumChildren, s.Version == 0 && s.Mtime == s.Ctime)
}

// sinceThen reports whether a difference is deliberate, or one of a newer version.
func sinceThen(d difference) bool {
	for _, known := range []struct{ op, apache, ours, why string }{
		{"exists", "0 at", "-102 at", "exists asks for READ since ZooKeeper 3.9.3"},
	} {
		eventsApache, apache := lastOf(d.apache)
		eventsOurs, ours := lastOf(d.ours)
		if strings.Contains(d.name, " "+known.op+" ") && eventsApache == eventsOurs && strings.HasPrefix(apache, known.apache) && strings.HasPrefix(ours, known.ours) {
			return true
		}
	}
	// Apache tells of what was missed also whoever may not read it.
	return strings.Contains(d.name, " setWatches") && isPart(strings.Split(d.ours, "; "), strings.Split(d.apache, "; "))
}

// lastOf is the reply and what came before it.
func lastOf(came string) (before, reply string) {
	at := strings.LastIndex(came, "; ") + 1
	return came[:at], strings.TrimSpace(came[at:])
}

// isPart reports whether some is all without some of its events.
func isPart(some, all []string) bool {
	for _, s := range all {
		if len(some) > 0 && s == some[0] {
			some = some[1:]
		} else if !strings.HasPrefix(s, "event ") {
			return false
		}
	}
	return len(some) == 0
}
