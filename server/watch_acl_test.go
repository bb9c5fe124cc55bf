package server

import (
	"slices"
	"testing"
	"time"

	"zook/jute"
)

// What happens to a znode is told to those who may read it when it happens (Apache
// ZooKeeper since 3.9.2 and 3.8.4, CVE-2024-23944; Debian's 3.8.0 tells everybody). A
// one-shot watch is used up all the same.
func TestEventsAreForThoseWhoMayRead(t *testing.T) {
	s := start(t, Config{})
	owner, ann, other := openSession(t, s.Addr(), 20*time.Second), openSession(t, s.Addr(), 20*time.Second), openSession(t, s.Addr(), 20*time.Second)
	for _, w := range []*wire{owner, ann} {
		w.do(jute.OpAuth, reqAuth("digest", "ann:secret"), nil)
	}
	anns := entry("digest", jute.DigestID("ann:secret"), jute.PermAll)
	look := func(when string, w *wire, want ...string) {
		t.Helper()
		w.xid = jute.XidPing - 1 // the reply to a ping has this xid
		_, events := w.call(jute.OpPing, nil)
		w.xid = 1000
		var got []string
		for _, e := range events {
			got = append(got, e.Type.String()+" "+e.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", when, got, want)
		}
	}
	owner.create("/p", "", 0)
	for _, w := range []*wire{ann, other} {
		w.call(jute.OpExists, reqExists("/p/x", true))
		w.do(jute.OpGetChildren, reqList("/p", true), nil)
		w.do(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/p/r", Mode: jute.WatchPersistentRecursive}, nil)
	}
	owner.do(jute.OpCreate, reqCreate("/p/x", "", 0, anns), nil)
	look("created with an ACL of ann's", ann, "NodeCreated /p/x", "NodeChildrenChanged /p")
	look("its name is known to those who may read the parent", other, "NodeChildrenChanged /p")
	owner.do(jute.OpSetACL, reqSetACL("/p/x", -1, jute.OpenACL()...), nil)
	owner.do(jute.OpSetData, reqSet("/p/x", "", -1), nil)
	look("a watch fires once, even where it is not told", other)

	owner.create("/p/r", "", 0)
	owner.do(jute.OpCreate, reqCreate("/p/r/x", "", 0, anns), nil)
	owner.do(jute.OpSetData, reqSet("/p/r/x", "", -1), nil)
	look("recursive, ann", ann, "NodeCreated /p/r", "NodeCreated /p/r/x", "NodeDataChanged /p/r/x")
	look("recursive, of znodes with different ACLs", other, "NodeCreated /p/r")
	other.do(jute.OpAuth, reqAuth("digest", "ann:secret"), nil)
	owner.do(jute.OpSetData, reqSet("/p/r/x", "", -1), nil)
	look("who may read it by now", other, "NodeDataChanged /p/r/x")
	look("and who may since long", ann, "NodeDataChanged /p/r/x")

	// What was missed: Apache tells everybody, and so of what they may not read.
	stranger := openSession(t, s.Addr(), 20*time.Second)
	missed := &jute.SetWatches{RelativeZxid: 1, DataWatches: []string{"/p/r/x", "/p/x"}, ExistWatches: []string{"/p/r/x"}, ChildWatches: []string{"/p/none"}}
	for w, want := range map[*wire][]string{
		stranger: {"NodeDataChanged /p/x", "NodeDeleted /p/none"},
		ann:      {"NodeDataChanged /p/r/x", "NodeDataChanged /p/x", "NodeCreated /p/r/x", "NodeDeleted /p/none"},
	} {
		var got []string
		_, events := w.call(jute.OpSetWatches, missed)
		for _, e := range events {
			got = append(got, e.Type.String()+" "+e.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("missed:\n got %v\nwant %v", got, want)
		}
	}
}
