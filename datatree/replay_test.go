package datatree

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"zook/jute"
)

// history makes transactions as a server makes them of the requests of busy
// clients: all kinds, few paths, so that znodes go and come back.
type history struct {
	*world
	rnd      *rand.Rand
	oldClose bool // closeSession as before 3.6, without paths
}

var historyACLs = [][]jute.ACL{jute.OpenACL(), digestACL("ann", jute.PermAll), digestACL("bob", jute.PermAll),
	digestACL("cy", jute.PermRead), digestACL("di", jute.PermAll)}

func (h *history) acl() []jute.ACL { return historyACLs[h.rnd.IntN(len(historyACLs))] }

// path is of a few hundred, some of which mean quotas.
func (h *history) path() string {
	names := []string{"/a", "/b", "/c"}
	p := ""
	if h.rnd.IntN(6) == 0 {
		p = QuotaPath
		if h.rnd.IntN(3) > 0 {
			return p + names[h.rnd.IntN(3)] + []string{"", "/" + QuotaLimits, "/" + QuotaStats}[h.rnd.IntN(3)]
		}
	}
	for range 1 + h.rnd.IntN(3) {
		p += names[h.rnd.IntN(3)]
	}
	return p
}

// step applies the next transaction.
func (h *history) step() {
	session := int64(100 + h.rnd.IntN(3))
	if h.rnd.IntN(20) == 0 {
		var body jute.Record
		if !h.oldClose {
			v := h.tree.View()
			body = &jute.CloseSessionTxn{PathsToDelete: v.Ephemerals(session, "")}
			v.Close()
		}
		h.apply(session, jute.OpCloseSession, body)
		return
	}
	typ, body := h.op(session)
	if h.rnd.IntN(8) > 0 {
		h.apply(session, typ, body)
		return
	}
	m := &jute.MultiTxn{Txns: []jute.SubTxn{subTxn(typ, body)}}
	if h.rnd.IntN(3) == 0 {
		m.Txns = append(m.Txns, subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrBadVersion}))
	} else if typ == jute.OpCreate && !body.(*jute.CreateTxn).Ephemeral {
		c := body.(*jute.CreateTxn)
		m.Txns = append(m.Txns, subTxn(jute.OpCreate, &jute.CreateTxn{Path: c.Path + "/m", ACL: h.acl(), ParentCVersion: 1}))
	}
	h.apply(session, jute.OpMulti, m)
}

// op is a transaction that can be applied to the tree as it is.
func (h *history) op(session int64) (jute.OpCode, jute.Record) {
	path := h.path()
	n, exists := h.tree.Lookup(path)
	if !exists {
		parent, ok := h.tree.Lookup(jute.ParentPath(path))
		if kind, _ := OwnerKind(parent.Stat.EphemeralOwner); !ok || kind == KindEphemeral {
			return jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode}
		}
		acl, cversion, data := h.acl(), parent.Stat.Cversion+1, fmt.Appendf(nil, "data %d", h.rnd.IntN(1000))
		switch h.rnd.IntN(6) {
		case 0:
			return jute.OpCreateContainer, &jute.CreateContainerTxn{Path: path, Data: data, ACL: acl, ParentCVersion: cversion}
		case 1:
			return jute.OpCreateTTL, &jute.CreateTTLTxn{Path: path, Data: data, ACL: acl, ParentCVersion: cversion, TTL: 5}
		case 2, 3:
			return jute.OpCreate2, &jute.CreateTxn{Path: path, Data: data, ACL: acl, Ephemeral: true, ParentCVersion: cversion}
		}
		return jute.OpCreate, &jute.CreateTxn{Path: path, Data: data, ACL: acl, ParentCVersion: cversion}
	}
	switch h.rnd.IntN(4) {
	case 0:
		return jute.OpSetACL, &jute.SetACLTxn{Path: path, ACL: h.acl(), Version: n.Stat.Aversion + 1}
	case 1:
		return jute.OpSetData, &jute.SetDataTxn{Path: path, Data: fmt.Appendf(nil, "set %d", h.rnd.IntN(1000)), Version: n.Stat.Version + 1}
	}
	if n.NumChildren > 0 {
		return jute.OpError, &jute.ErrorTxn{Err: jute.ErrNotEmpty}
	}
	return jute.OpDelete, &jute.DeleteTxn{Path: path}
}

func replay(t *testing.T, tree *Tree, log []*jute.Txn) {
	t.Helper()
	for _, txn := range log {
		if _, err := tree.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
}

func checkSame(t *testing.T, what string, got, want *Tree) {
	t.Helper()
	if d := difference(factsOf(got), factsOf(want)); d != "" {
		t.Fatalf("%s: %s", what, d)
	}
	if err := checkWhole(got); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Any part of the log that ends it may be applied again to a newer tree, and
// gives the same tree. That is what makes a fuzzy snapshot and its log whole.
func TestApplyingAgainChangesNothing(t *testing.T) {
	for seed := range uint64(60) {
		h := &history{world: newWorld(t), rnd: rand.New(rand.NewPCG(1, seed)), oldClose: seed%4 == 0}
		const steps = 150
		for range steps {
			h.step()
		}
		for range 20 {
			from := h.rnd.IntN(steps + 1)
			upTo := from + h.rnd.IntN(steps+1-from)
			again := New()
			replay(t, again, h.log[:upTo])
			replay(t, again, h.log[from:])
			checkSame(t, fmt.Sprintf("seed %d: %d transactions, then all from %d", seed, upTo, from), again, h.tree)
		}
	}
}

// A snapshot that is written while transactions are applied, with the log of
// those, is the tree.
func TestFuzzySnapshotAndLogMakeTheTree(t *testing.T) {
	for seed := range uint64(300) {
		h := &history{world: newWorld(t), rnd: rand.New(rand.NewPCG(2, seed))}
		for range 120 {
			h.step()
		}
		e := h.tree.Export()
		loaded := load(t, e, func() {
			for range h.rnd.IntN(8) {
				h.step()
			}
		})
		replay(t, loaded, h.log[e.Zxid():])
		checkSame(t, fmt.Sprintf("seed %d", seed), loaded, h.tree)
	}
}

// Apache's snapshots hold what was created since they began, with ACLs that
// their table lacks, and so may hold a znode that replay first deletes.
func TestApachesFuzzySnapshots(t *testing.T) {
	for seed := range uint64(300) {
		h := &history{world: newWorld(t), rnd: rand.New(rand.NewPCG(3, seed))}
		for range 120 {
			h.step()
		}
		e := h.tree.Export()
		begun := e.zxid
		e.zxid = 1 << 62 // so that Walk leaves nothing out
		b := NewBuilder()
		for ref, acl := range e.ACLs() {
			b.ACL(ref, acl)
		}
		walkRaw(t, h, rootPath, b)
		loaded := b.Tree(begun)
		replay(t, loaded, h.log[begun:])
		checkSame(t, fmt.Sprintf("seed %d", seed), loaded, h.tree)
	}
}

// walkRaw adds the znodes as they are when they are come to, ACL references too.
func walkRaw(t *testing.T, h *history, path string, b *Builder) {
	n, ok := h.tree.Lookup(path)
	if !ok {
		return
	}
	names := h.tree.childNames(h.tree.node(path))
	if err := b.Node(path, n.Data, n.ACLRef, n.Stat); err != nil {
		t.Fatal(err)
	}
	for range h.rnd.IntN(8) {
		h.step()
	}
	for _, name := range names {
		walkRaw(t, h, jute.JoinPath(path, name), b)
	}
}

func TestExportWithoutChangesIsTheTree(t *testing.T) {
	h := &history{world: newWorld(t), rnd: rand.New(rand.NewPCG(4, 4))}
	for range 2000 {
		h.step()
	}
	e := h.tree.Export()
	checkSame(t, "loaded", load(t, e, func() {}), h.tree)
	digest, zxid := e.Digest()
	if want, _ := h.tree.Digest(); digest != want || zxid != h.zxid {
		t.Errorf("digest %x at %d", digest, zxid)
	}
}

// FuzzApply: whatever a transaction says, the tree stays one.
func FuzzApply(f *testing.F) {
	w := newWorld(f)
	w.create("/a", "x")
	w.createAs(1, "/a/e", "", digestACL("u", jute.PermAll))
	w.set("/a", "y")
	w.delete("/a/e")
	w.apply(1, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/a"})}})
	w.apply(1, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: QuotaPath + "/a", ParentCVersion: 9, TTL: -5})
	w.apply(1, jute.OpCreate, &jute.CreateTxn{Path: QuotaPath + "/a/" + QuotaStats, Data: []byte("count=x"), ParentCVersion: 9})
	w.apply(1, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/", "", "x", "/zookeeper"}})
	for _, txn := range w.log {
		f.Add(jute.Marshal(txn), jute.Marshal(w.log[0]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		w := newWorld(t)
		w.create("/a", "x")
		w.create("/a/b", "y")
		w.createAs(1, "/a/e", "", digestACL("u", jute.PermAll))
		w.create(QuotaPath+"/a", "")
		w.create(QuotaPath+"/a/"+QuotaLimits, "count=1,bytes=1")
		w.create(QuotaPath+"/a/"+QuotaStats, "")
		for _, b := range [][]byte{first, second} {
			var txn jute.Txn
			if jute.Unmarshal(b, &txn) == nil {
				w.tree.Apply(&txn)
			}
		}
		if err := checkWhole(w.tree); err != nil {
			t.Fatal(err)
		}
		load(t, w.tree.Export(), func() {})
	})
}
