package datatree

import (
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
	for path, n := range tree.nodes {
		names := n.childNames()
		slices.Sort(names)
		data := string(n.data)
		if strings.HasPrefix(path, QuotaPath+"/") && jute.BaseName(path) == QuotaStats {
			data = "statistics"
		}
		f.Nodes[path] = fact{data, n.data == nil, tree.acls.get(n.acl), n.stat, names}
	}
	for id, paths := range tree.ephemerals {
		f.Ephemerals[id] = sorted(paths)
	}
	f.Due, f.Quotas = sorted(tree.due), sorted(tree.quotas)
	return f
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
	uses := map[int64]int{}
	quotas := map[string]struct{}{}
	ephemerals, due := map[string]int64{}, map[string]struct{}{}
	for path, n := range tree.nodes {
		if want := NodeDigest(path, n.data, &n.stat); n.digest != want {
			return fmt.Errorf("%s has digest %x instead of %x", path, n.digest, want)
		}
		digest += uint64(n.digest)
		size += int64(len(path) + len(n.data))
		uses[n.acl]++
		switch kind, _ := OwnerKind(n.stat.EphemeralOwner); kind {
		case KindEphemeral:
			ephemerals[path] = n.stat.EphemeralOwner
		case KindContainer, KindTTL:
			due[path] = struct{}{}
		}
		if of, ok := strings.CutSuffix(path, "/"+QuotaLimits); ok && strings.HasPrefix(of, QuotaPath+"/") {
			quotas[strings.TrimPrefix(of, QuotaPath)] = struct{}{}
		}
		if path != rootPath {
			parent := tree.nodes[jute.ParentPath(path)]
			if parent == nil {
				return fmt.Errorf("%s has no parent", path)
			}
			if _, ok := parent.children[jute.BaseName(path)]; !ok {
				return fmt.Errorf("%s is no child of its parent", path)
			}
		}
		for name := range n.children {
			if tree.nodes[jute.JoinPath(path, name)] == nil {
				return fmt.Errorf("%s has a child %s that is not there", path, name)
			}
		}
	}
	if digest != tree.digest || size != tree.dataSize {
		return fmt.Errorf("digest %x and size %d instead of %x and %d", tree.digest, tree.dataSize, digest, size)
	}
	for id, paths := range tree.ephemerals {
		for p := range paths {
			if ephemerals[p] != id {
				return fmt.Errorf("%s is listed as an ephemeral of %x", p, id)
			}
			delete(ephemerals, p)
		}
	}
	if len(ephemerals) > 0 || !reflect.DeepEqual(due, tree.due) {
		return fmt.Errorf("ephemerals not listed: %v; due listed %v, are %v", ephemerals, tree.due, due)
	}
	if !reflect.DeepEqual(quotas, tree.quotas) {
		return fmt.Errorf("quotas listed %v, are %v", tree.quotas, quotas)
	}
	return checkACLs(&tree.acls, uses)
}

func checkACLs(t *aclTable, uses map[int64]int) error {
	for ref, n := range uses {
		if ref == openACLRef || ref == nobodyACLRef {
			continue
		}
		if e := t.byRef[ref]; e == nil || e.uses != n {
			return fmt.Errorf("ACL %d is used %d times, the table says %+v", ref, n, e)
		}
	}
	for ref, e := range t.byRef {
		if uses[ref] != e.uses {
			return fmt.Errorf("ACL %d is used %d times, the table says %d", ref, uses[ref], e.uses)
		}
	}
	for key, ref := range t.byKey {
		if e := t.byRef[ref]; e == nil || e.key != key {
			return fmt.Errorf("ACL %d is found by the wrong key", ref)
		}
	}
	return nil
}

// load makes a tree of an export as a start makes one of a snapshot. during is
// called after every znode that is read.
func load(t testing.TB, e *Export, during func()) *Tree {
	t.Helper()
	b := NewBuilder()
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
