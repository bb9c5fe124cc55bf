package server

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

var watchSeeds = flag.Int("watch.seeds", 1, "how many histories TestRandomWatchesAreApaches plays")

// TestRandomWatchesAreApaches plays histories of watches and changes of several sessions,
// which also lose their connections, to Apache's server and to ours: every connection gets
// the same replies and events in the same order, and the same watches are left.
//
// Apache 3.8 knows one mode for each path of a session, and since 3.9 they are kept apart
// (ZOOKEEPER-4466). So a session watches a path in one of three ways here, unless the peer
// is a later version; all ways together are compared with a model of Apache's tables in
// package datatree. There is no checkWatches either: before 3.9 it says yes to a watch of
// anybody.
func TestRandomWatchesAreApaches(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=2000", "4lw.commands.whitelist=wchs")
	ours := start(t, Config{TickTime: 2 * time.Second})
	for seed := range *watchSeeds {
		history := func(p *program) { (&watchHistory{program: p, rnd: rand.New(rand.NewPCG(11, uint64(seed)))}).play() }
		compareRuns(t, run(t, apache.Addr, history), run(t, ours.Addr(), history), nil)
		var got fourletter.Wchs
		client := fourletter.Client{Timeout: 10 * time.Second}
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			reply, err := client.Ask(context.Background(), apache.Addr, "wchs")
			if err != nil {
				t.Fatal(err)
			}
			want, err := fourletter.ParseWchs(reply)
			if err != nil {
				t.Fatal(err)
			}
			sums := ours.tree.WatchSums()
			// Apache also counts connections whose watches have all fired.
			got = fourletter.Wchs{Connections: want.Connections, Paths: sums.Paths, Watches: sums.Data}
			if got == *want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("seed %d: we have %+v, Apache %+v", seed, got, *want)
			}
		}
	}
}

type watchHistory struct {
	*program
	rnd   *rand.Rand
	zxids int64 // transactions so far, the refused ones as well
	lost  map[string]bool
	round int
}

var watchSessions = []string{"a", "b", "c", "d"}

func (h *watchHistory) play() {
	h.lost = map[string]bool{}
	root := fmt.Sprintf("/watch-%d", h.rnd.Uint32())
	for _, s := range watchSessions {
		h.on(s)
	}
	h.a("root", jute.OpCreate, reqCreate(root, "", 0))
	for h.round = range 250 {
		s := watchSessions[h.rnd.IntN(len(watchSessions))]
		switch {
		case h.lost[s]:
			h.comeBack(s, root)
		case h.rnd.IntN(40) == 0:
			h.on(s).nc.Close()
			h.lost[s] = true
		case h.rnd.IntN(60) == 0:
			h.do(s, fmt.Sprintf("%d %s leaves", h.round, s), jute.OpCloseSession, nil)
			h.on(s).nc.Close()
			delete(h.conns, s)
			h.on(s)
		default:
			h.several(s, root)
		}
		for _, s := range watchSessions {
			if !h.lost[s] {
				h.do(s, fmt.Sprintf("%d %s sees", h.round, s), jute.OpPing, nil)
			}
		}
	}
	for _, s := range watchSessions {
		if h.lost[s] {
			h.comeBack(s, root)
		}
		for depth := range 40 {
			path := h.path(root)
			h.do(s, fmt.Sprintf("%s still watches %d %s", s, depth, path), jute.OpRemoveWatches,
				&jute.RemoveWatchesRequest{Path: path, Type: jute.WatcherAny})
		}
	}
}

// path is one of few, so that they meet.
func (h *watchHistory) path(root string) string {
	path := root
	if h.rnd.IntN(8) == 0 {
		return h.ephemeral(root, watchSessions[h.rnd.IntN(len(watchSessions))])
	}
	for range h.rnd.IntN(4) {
		path += "/" + string("xyz"[h.rnd.IntN(3)])
	}
	return path
}

// ephemeral is the one ephemeral of a session: Apache deletes several in the order of a
// Java HashSet.
func (h *watchHistory) ephemeral(root, s string) string { return root + "/ephemeral-of-" + s }

// way is how a session watches a path: 0 with one-shot watches, 1 persistent, 2 recursive.
func way(session, path string) int {
	f := fnv.New32a()
	f.Write([]byte(session + path))
	return max(0, int(f.Sum32()%5)-2)
}

// several sends a few requests at once, and notes all that comes until the last reply.
func (h *watchHistory) several(s, root string) {
	w := h.on(s)
	ops := map[int32]jute.OpCode{}
	n := 1 + h.rnd.IntN(5)
	for range n {
		op, body := h.request(s, root)
		ops[w.send(op, body)] = op
	}
	var came []string
	for n > 0 {
		f, err := w.next()
		if err != nil {
			h.t.Fatalf("round %d: %v", h.round, err)
		}
		if f.Xid == jute.XidNotification {
			e := f.event()
			came = append(came, fmt.Sprintf("event %v %v %s", e.Type, e.State, e.Path))
			continue
		}
		came = append(came, fmt.Sprintf("%v %s", ops[f.Xid], h.describe(ops[f.Xid], &f)))
		n--
	}
	h.note(fmt.Sprintf("%d %s", h.round, s), "%s", strings.Join(came, "; "))
}

func (h *watchHistory) request(s, root string) (jute.OpCode, any) {
	path := h.path(root)
	way := way(s, path)
	standard := way == 0
	types := []jute.WatcherType{jute.WatcherAny}
	if standard {
		types = append(types, jute.WatcherData, jute.WatcherChildren)
	}
	if zktest.OtherVersion() {
		standard, way = h.rnd.IntN(2) == 0, 1+h.rnd.IntN(2)
		types = []jute.WatcherType{jute.WatcherAny, jute.WatcherData, jute.WatcherChildren, jute.WatcherPersistent, jute.WatcherPersistentRecursive}
	}
	typ := types[h.rnd.IntN(len(types))]
	switch k := h.rnd.IntN(20); {
	case k < 3:
		return jute.OpGetData, reqGet(path, standard)
	case k < 5:
		return jute.OpExists, reqExists(path, standard)
	case k < 7:
		return jute.OpGetChildren, reqList(path, standard)
	case k < 9 && !standard:
		return jute.OpAddWatch, &jute.AddWatchRequest{Path: path, Mode: jute.AddWatchMode(way - 1)}
	case k == 9:
		return jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: path, Type: typ}
	case k == 10 && zktest.OtherVersion():
		return jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: path, Type: typ}
	}
	h.zxids++
	switch h.rnd.IntN(8) {
	case 0, 1, 2:
		return jute.OpCreate, reqCreate(path, "", 0)
	case 3:
		return jute.OpCreate2, reqCreate(h.ephemeral(root, s), "", jute.Ephemeral)
	case 4:
		return jute.OpDelete, reqDelete(path, -1)
	case 5:
		return jute.OpMulti, multi(op(jute.OpCreate, reqCreate(path+"/m", "", 0)), op(jute.OpSetData, reqSet(path, "", -1)),
			op(jute.OpDelete, reqDelete(path+"/m", -1)))
	}
	return jute.OpSetData, reqSet(path, "", -1)
}

// comeBack resumes a session on a new connection and sets some watches again.
func (h *watchHistory) comeBack(s, root string) {
	old := h.conns[s]
	h.conns[s] = old.resume(h.addr)
	h.conns[s].xid = old.xid
	delete(h.lost, s)
	q := &jute.SetWatches2{RelativeZxid: h.base + h.rnd.Int64N(h.zxids+1),
		DataWatches: []string{}, ExistWatches: []string{}, ChildWatches: []string{}, PersistentWatches: []string{}, PersistentRecursiveWatches: []string{}}
	for range h.rnd.IntN(8) {
		path := h.path(root)
		set := [][]*[]string{{&q.DataWatches, &q.ExistWatches, &q.ChildWatches}, {&q.PersistentWatches}, {&q.PersistentRecursiveWatches}}[way(s, path)]
		one := set[h.rnd.IntN(len(set))]
		*one = append(*one, path)
	}
	h.do(s, fmt.Sprintf("%d %s comes back", h.round, s), jute.OpSetWatches2, q)
}
