package datatree

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zook/jute"
)

// world applies transactions in the order of their zxids, as a server would.
type world struct {
	t    testing.TB
	tree *Tree
	zxid int64
	log  []*jute.Txn
}

func newWorld(t testing.TB) *world { return &world{t: t, tree: New()} }

// timeOf is the time that the transaction of a zxid has.
func timeOf(zxid int64) int64 { return 1_700_000_000_000 + zxid }

// apply applies body as the next transaction of a session.
func (w *world) apply(session int64, typ jute.OpCode, body jute.Record) Result {
	w.t.Helper()
	w.zxid++
	txn := &jute.Txn{Header: jute.TxnHeader{ClientID: session, Zxid: w.zxid, Time: timeOf(w.zxid), Type: typ}, Body: body}
	w.log = append(w.log, txn)
	res, err := w.tree.Apply(txn)
	if err != nil {
		w.t.Fatalf("%v %+v: %v", typ, body, err)
	}
	return res
}

// create creates an ordinary znode that everybody may do everything with.
func (w *world) create(path, data string) Result {
	w.t.Helper()
	return w.createAs(0, path, data, jute.OpenACL())
}

// createAs creates an ephemeral if there is a session.
func (w *world) createAs(session int64, path, data string, acl []jute.ACL) Result {
	w.t.Helper()
	return w.apply(session, jute.OpCreate, w.createTxn(session, path, data, acl))
}

func (w *world) createTxn(session int64, path, data string, acl []jute.ACL) *jute.CreateTxn {
	return &jute.CreateTxn{Path: path, Data: []byte(data), ACL: acl, Ephemeral: session != 0,
		ParentCVersion: w.nextCversion(path)}
}

func (w *world) nextCversion(path string) int32 {
	parent, _ := w.tree.Lookup(jute.ParentPath(path))
	return parent.Stat.Cversion + 1
}

func (w *world) delete(path string) Result {
	w.t.Helper()
	return w.apply(0, jute.OpDelete, &jute.DeleteTxn{Path: path})
}

func (w *world) set(path, data string) Result {
	w.t.Helper()
	n, _ := w.tree.Lookup(path)
	return w.apply(0, jute.OpSetData, &jute.SetDataTxn{Path: path, Data: []byte(data), Version: n.Stat.Version + 1})
}

func (w *world) setACL(path string, acl []jute.ACL) Result {
	w.t.Helper()
	n, _ := w.tree.Lookup(path)
	return w.apply(0, jute.OpSetACL, &jute.SetACLTxn{Path: path, ACL: acl, Version: n.Stat.Aversion + 1})
}

func digestACL(user string, perms jute.Perms) []jute.ACL {
	return []jute.ACL{{Perms: perms, ID: jute.ID{Scheme: "digest", ID: user + ":hash"}}}
}

// facts is everything that one tree can differ from another in.
type facts struct {
	Nodes      map[string]fact
	Ephemerals map[int64][]string
	Due        []string
	Quotas     []string
	Digest     int64
}

type fact struct {
	Data     string
	Null     bool
	ACL      []jute.ACL
	Stat     jute.StatPersisted
	Children []string
}

// factsOf leaves out what quota statistics say: they are counted on the way and
// anew at a start, and no two servers agree on them.
func factsOf(tree *Tree) facts {
	f := facts{Nodes: map[string]fact{}, Ephemerals: map[int64][]string{}}
	f.Digest, _ = tree.Digest()
	tree.each(rootPath, rootID, func(path string, n *node) {
		names := tree.childNames(n)
		slices.Sort(names)
		data := string(tree.data(n))
		if strings.HasPrefix(path, QuotaPath+"/") && jute.BaseName(path) == QuotaStats {
			data = "statistics"
		}
		f.Nodes[path] = fact{data, tree.data(n) == nil, tree.acls.get(n.acl), tree.stat(n), names}
	})
	for id, set := range tree.ephemerals {
		f.Ephemerals[id] = sorted(pathsOf(tree, set))
	}
	f.Due, f.Quotas = sorted(pathsOf(tree, tree.due)), sorted(tree.quotas)
	return f
}

func pathsOf(tree *Tree, ids map[uint32]struct{}) map[string]struct{} {
	set := map[string]struct{}{}
	for id := range ids {
		set[tree.path(id)] = struct{}{}
	}
	return set
}

func sorted(set map[string]struct{}) []string {
	s := make([]string, 0, len(set))
	for p := range set {
		s = append(s, p)
	}
	slices.Sort(s)
	return s
}

// difference names the first difference of two trees, "" if there is none.
func difference(got, want facts) string {
	for path, w := range want.Nodes {
		if g, ok := got.Nodes[path]; !ok {
			return path + " is missing"
		} else if !reflect.DeepEqual(g, w) {
			return fmt.Sprintf("%s\n got %+v\nwant %+v", path, g, w)
		}
	}
	for path := range got.Nodes {
		if _, ok := want.Nodes[path]; !ok {
			return path + " should not be there"
		}
	}
	got.Nodes, want.Nodes = nil, nil
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("\n got %+v\nwant %+v", got, want)
	}
	return ""
}

// checkWhole finds what a tree holds twice and not alike.
func checkWhole(tree *Tree) error {
	var digest uint64
	var size int64
	var failed error
	fail := func(format string, args ...any) {
		if failed == nil {
			failed = fmt.Errorf(format, args...)
		}
	}
	count := 0
	uses := map[aclRef]int{}
	quotas := map[string]struct{}{}
	ephemerals, due := map[string]int64{}, map[string]struct{}{}
	tree.each(rootPath, rootID, func(path string, n *node) {
		count++
		stat, id := tree.stat(n), tree.find(path)
		if tree.nodes.at(id) != n || tree.path(id) != path {
			fail("%s is not found by its path, or has another: %s", path, tree.path(id))
		}
		if want := NodeDigest(path, tree.data(n), &stat); n.digest != want {
			fail("%s has digest %x instead of %x", path, n.digest, want)
		}
		digest += uint64(n.digest)
		size += int64(len(path) + len(tree.data(n)))
		uses[n.acl]++
		switch kind, _ := OwnerKind(stat.EphemeralOwner); kind {
		case KindEphemeral:
			ephemerals[path] = stat.EphemeralOwner
		case KindContainer, KindTTL:
			due[path] = struct{}{}
		}
		if of, ok := strings.CutSuffix(path, "/"+QuotaLimits); ok && strings.HasPrefix(of, QuotaPath+"/") {
			quotas[strings.TrimPrefix(of, QuotaPath)] = struct{}{}
		}
		if names := tree.childNames(n); len(names) != int(tree.more(n).children) {
			fail("%s has %d children and %q", path, tree.more(n).children, names)
		}
	})
	if count != tree.count {
		fail("%d znodes instead of %d", count, tree.count)
	}
	if digest != tree.digest || size != tree.dataSize {
		fail("digest %x and size %d instead of %x and %d", tree.digest, tree.dataSize, digest, size)
	}
	for id, set := range tree.ephemerals {
		for p := range pathsOf(tree, set) {
			if ephemerals[p] != id {
				fail("%s is listed as an ephemeral of %x", p, id)
			}
			delete(ephemerals, p)
		}
	}
	if listed := pathsOf(tree, tree.due); len(ephemerals) > 0 || !reflect.DeepEqual(due, listed) {
		fail("ephemerals not listed: %v; due listed %v, are %v", ephemerals, listed, due)
	}
	if !reflect.DeepEqual(quotas, tree.quotas) {
		fail("quotas listed %v, are %v", tree.quotas, quotas)
	}
	checkMemory(&tree.nodeTable, fail)
	checkACLs(&tree.acls, uses, fail)
	return failed
}

// checkMemory finds blobs that are lost or counted wrong, and entries of the index of no znode.
func checkMemory(t *nodeTable, fail func(string, ...any)) {
	live, allDead, all := 0, 0, 0
	for at, p := range t.blobs.pieces {
		dead := 0
		for offset := 0; offset < len(p.b); {
			id, size := binary.BigEndian.Uint32(p.b[offset:]), 0
			if id&deadBlob != 0 {
				size = int(id &^ deadBlob)
				dead += size
			} else {
				n := t.nodes.at(id)
				name, _ := t.blobs.name(n.at)
				size = 4 + uvarintLen(uint64(len(name))) + len(name) + int(max(n.dataLen, 0))
				if live++; n.at != (place{uint32(at), uint32(offset)}) {
					fail("znode %d is at %v, not at %d in piece %d", id, n.at, offset, at)
				}
			}
			offset += size
		}
		allDead, all = allDead+dead, all+cap(p.b)
		if dead != p.dead {
			fail("piece %d has %d dead bytes, not %d", at, dead, p.dead)
		}
	}
	if all != t.blobs.size || allDead != t.blobs.dead {
		fail("%d of %d bytes are dead, not %d of %d", allDead, all, t.blobs.dead, t.blobs.size)
	}
	if live != t.count || t.index.entries != uint32(t.count-1) {
		fail("%d blobs and %d entries of the index for %d znodes", live, t.index.entries, t.count)
	}
	if used := int(t.nodes.last) - len(t.nodes.free); used != t.count {
		fail("%d nodes are taken for %d znodes", used, t.count)
	}
}

func checkACLs(t *aclTable, uses map[aclRef]int, fail func(string, ...any)) {
	for ref, n := range uses {
		if ref == openACLRef || ref == nobodyACLRef {
			continue
		}
		if e := t.entry(ref); e.uses != n {
			fail("ACL %d is used %d times, the table says %+v", ref, n, e)
		}
	}
	for saved, ref := range t.bySaved {
		if e := t.entry(ref); uses[ref] != e.uses || e.saved != saved {
			fail("ACL %d, %d in snapshots, is used %d times, the table says %+v", ref, saved, uses[ref], e)
		}
	}
	for key, ref := range t.byKey {
		if t.entry(ref).key != key {
			fail("ACL %d is found by the wrong key", ref)
		}
	}
}

// load makes a tree of an export as a start makes one of a snapshot. during is
// called after every znode that is read.
func load(t testing.TB, e *Export, during func()) *Tree {
	t.Helper()
	b := NewBuilder()
	e.limit = 1
	for ref, acl := range e.ACLs() {
		b.ACL(ref, acl)
	}
	err := e.Walk(func(path string, n Node) error {
		err := b.Node(path, n.Data, n.ACLRef, n.Stat)
		during()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Tree(e.Zxid())
}

// recorder is a Watcher that notes what it is told.
type recorder struct{ events []Event }

func (r *recorder) Notify(e *Event) { r.events = append(r.events, *e) }

// take returns and forgets the events, as "NodeCreated /a@5".
func (r *recorder) take() string {
	var s []string
	for _, e := range r.events {
		s = append(s, fmt.Sprintf("%v %s@%d", e.Type, e.Path, e.Zxid))
	}
	r.events = nil
	return strings.Join(s, ", ")
}
