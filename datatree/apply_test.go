package datatree

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"zook/jute"
)

func statOf(t *testing.T, tree *Tree, path string) jute.Stat {
	t.Helper()
	v := tree.View()
	defer v.Close()
	s, err := v.Exists(path, nil, nil)
	if err != jute.ErrOK {
		t.Fatalf("exists %s: %v", path, err)
	}
	return s
}

func children(t *testing.T, tree *Tree, path string) []string {
	t.Helper()
	v := tree.View()
	defer v.Close()
	names, _, err := v.Children(path, nil, nil)
	if err != jute.ErrOK {
		t.Fatalf("children of %s: %v", path, err)
	}
	slices.Sort(names)
	return names
}

func TestNewTree(t *testing.T) {
	tree := New()
	if got := children(t, tree, "/"); !slices.Equal(got, []string{"zookeeper"}) {
		t.Errorf("the root has %v", got)
	}
	if got := children(t, tree, "/zookeeper"); !slices.Equal(got, []string{"config", "quota"}) {
		t.Errorf("/zookeeper has %v", got)
	}
	v := tree.View()
	defer v.Close()
	acl, stat, err := v.ACL(ConfigPath, nil)
	if err != jute.ErrOK || len(acl) != 1 || acl[0].String() != "world:anyone:r" || stat.Aversion != -1 {
		t.Errorf("config: %v %+v %v", acl, stat, err)
	}
	if c := tree.Counts(); c.Znodes != 4 {
		t.Errorf("%+v", c)
	}
}

func TestCreateSetDelete(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "one")
	want := jute.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: timeOf(1), Mtime: timeOf(1), DataLength: 3}
	if got := statOf(t, w.tree, "/a"); got != want {
		t.Errorf("created\n got %+v\nwant %+v", got, want)
	}
	w.create("/a/b", "")
	w.create("/a/c", "")
	w.delete("/a/b")
	// Clients are shown creations plus deletions.
	want.Cversion, want.NumChildren, want.Pzxid = 3, 1, 4
	if got := statOf(t, w.tree, "/a"); got != want {
		t.Errorf("children made and deleted\n got %+v\nwant %+v", got, want)
	}
	res := w.set("/a", "three")
	want.Version, want.Mzxid, want.Mtime, want.DataLength = 1, 5, timeOf(5), 5
	if res.Stat != want || res.Path != "/a" {
		t.Errorf("set\n got %+v\nwant %+v", res, want)
	}
	w.setACL("/a", digestACL("ann", jute.PermAll))
	want.Aversion = 1
	if got := statOf(t, w.tree, "/a"); got != want {
		t.Errorf("setACL\n got %+v\nwant %+v", got, want)
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

func TestNullDataStaysNull(t *testing.T) {
	w := newWorld(t)
	w.apply(0, jute.OpCreate, &jute.CreateTxn{Path: "/null", ACL: jute.OpenACL(), ParentCVersion: 1})
	w.create("/empty", "")
	v := w.tree.View()
	defer v.Close()
	if data, _, _ := v.Get("/null", nil, nil); data != nil {
		t.Errorf("null became %q", data)
	}
	if data, _, _ := v.Get("/empty", nil, nil); data == nil {
		t.Error("empty became null")
	}
}

func TestKindsOfZnode(t *testing.T) {
	w := newWorld(t)
	const session = 0x1000000000001
	w.createAs(session, "/eph", "", jute.OpenACL())
	r := w.apply(session, jute.OpCreateContainer, &jute.CreateContainerTxn{Path: "/box", ACL: jute.OpenACL(), ParentCVersion: 2})
	if r.Stat.EphemeralOwner != 0 || r.Stat.Czxid != 2 {
		t.Errorf("a container shows %+v", r.Stat)
	}
	w.apply(session, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: "/ttl", ACL: jute.OpenACL(), ParentCVersion: 3, TTL: 60_000})
	w.apply(session, jute.OpCreate2, &jute.CreateTxn{Path: "/plain", ACL: jute.OpenACL(), ParentCVersion: 4})
	if got := statOf(t, w.tree, "/eph").EphemeralOwner; got != session {
		t.Errorf("owner of an ephemeral: %x", got)
	}
	for path, want := range map[string]int64{"/box": -1 << 63, "/ttl": -1<<56 | 60_000, "/plain": 0} {
		n, _ := w.tree.Lookup(path)
		if shown := statOf(t, w.tree, path).EphemeralOwner; n.Stat.EphemeralOwner != want || shown != 0 {
			t.Errorf("%s: owner %x, shown %x", path, n.Stat.EphemeralOwner, shown)
		}
	}
	if c := w.tree.Counts(); c.Ephemerals != 1 || c.Znodes != 8 {
		t.Errorf("%+v", c)
	}
	w.apply(session, jute.OpDeleteContainer, &jute.DeleteTxn{Path: "/box"})
	w.apply(session, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/eph"}})
	if got := children(t, w.tree, "/"); !slices.Equal(got, []string{"plain", "ttl", "zookeeper"}) {
		t.Errorf("left: %v", got)
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

// Servers before 3.6 name no paths in a closeSession, and servers before 3.4 no
// cversion in a create.
func TestTransactionsOfOldServers(t *testing.T) {
	w := newWorld(t)
	w.apply(7, jute.OpCreate, &jute.CreateTxn{Path: "/a", ACL: jute.OpenACL(), Ephemeral: true, ParentCVersion: -1})
	w.apply(7, jute.OpCreate, &jute.CreateTxn{Path: "/b", ACL: jute.OpenACL(), Ephemeral: true, ParentCVersion: -1})
	if s := statOf(t, w.tree, "/"); s.Cversion != 2*2-3 {
		t.Errorf("cversion %d", s.Cversion)
	}
	w.apply(7, jute.OpCloseSession, nil)
	if got := children(t, w.tree, "/"); !slices.Equal(got, []string{"zookeeper"}) {
		t.Errorf("left: %v", got)
	}
}

func subTxn(typ jute.OpCode, body jute.Record) jute.SubTxn {
	return jute.SubTxn{Type: typ, Data: jute.Marshal(body)}
}

func TestMulti(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "x")
	create := &jute.CreateTxn{Path: "/a/b", ACL: jute.OpenACL(), ParentCVersion: 1}
	set := &jute.SetDataTxn{Path: "/a", Data: []byte("yy"), Version: 1}
	res := w.apply(0, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
		subTxn(jute.OpCheck, &jute.CheckVersionTxn{Path: "/a", Version: 1}),
		subTxn(jute.OpCreate, create), subTxn(jute.OpSetData, set),
		subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/a/b"})}})
	if len(res.Multi) != 4 || res.Err != jute.ErrOK || res.Multi[1].Path != "/a/b" || res.Multi[2].Stat.Version != 1 {
		t.Errorf("%+v", res)
	}
	if s := statOf(t, w.tree, "/a"); s.DataLength != 2 || s.Cversion != 2 || s.Mzxid != 2 || s.Pzxid != 2 {
		t.Errorf("%+v", s)
	}

	before := factsOf(w.tree)
	res = w.apply(0, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
		subTxn(jute.OpSetData, set), subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode}),
		subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrRuntimeInconsistency})}})
	var got []jute.ErrCode
	for _, r := range res.Multi {
		if r.Type != jute.OpError {
			t.Errorf("a result of a failed multi is %v", r.Type)
		}
		got = append(got, r.Err)
	}
	if want := []jute.ErrCode{0, jute.ErrNoNode, jute.ErrRuntimeInconsistency}; !slices.Equal(got, want) || res.Err != jute.ErrNoNode {
		t.Errorf("results %v, want %v", got, want)
	}
	if d := difference(factsOf(w.tree), before); d != "" {
		t.Errorf("a multi that failed changed the tree: %s", d)
	}
}

func TestRefusedTransactionsChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "")
	before := factsOf(w.tree)
	if r := w.apply(1, jute.OpError, &jute.ErrorTxn{Err: jute.ErrBadVersion}); r.Err != jute.ErrBadVersion {
		t.Errorf("%+v", r)
	}
	w.apply(1, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 1})
	for _, r := range []Result{w.set("/none", ""), w.setACL("/none", jute.OpenACL()), w.create("/none/x", ""), w.delete("/none/x")} {
		if r.Err != jute.ErrNoNode {
			t.Errorf("%+v", r)
		}
	}
	if d := difference(factsOf(w.tree), before); d != "" {
		t.Error(d)
	}
	if w.tree.LastZxid() != w.zxid {
		t.Errorf("last zxid %d, applied %d", w.tree.LastZxid(), w.zxid)
	}
}

func TestTransactionsThatCannotBe(t *testing.T) {
	for name, txn := range map[string]*jute.Txn{
		"no body":      {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpCreate}},
		"no path":      {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpCreate}, Body: &jute.CreateTxn{}},
		"no slash":     {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpCreate}, Body: &jute.CreateTxn{Path: "a"}},
		"a request":    {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpCreate}, Body: &jute.CreateRequest{Path: "/a"}},
		"broken multi": {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpMulti}, Body: &jute.MultiTxn{Txns: []jute.SubTxn{{Type: jute.OpCreate, Data: []byte{1}}}}},
		"nested multi": {Header: jute.TxnHeader{Zxid: 1, Type: jute.OpMulti}, Body: &jute.MultiTxn{Txns: []jute.SubTxn{{Type: jute.OpMulti}}}},
	} {
		tree := New()
		before := factsOf(tree)
		if _, err := tree.Apply(txn); err == nil {
			t.Errorf("%s: applied", name)
		}
		if d := difference(factsOf(tree), before); d != "" || tree.LastZxid() != 0 {
			t.Errorf("%s: changed the tree: %s", name, d)
		}
	}
}

func TestRootAndSpecialZnodesCannotBeDeleted(t *testing.T) {
	w := newWorld(t)
	if r := w.delete("/"); r.Err != jute.ErrNoNode {
		t.Errorf("%+v", r)
	}
	for _, p := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
		if !IsSpecial(p) {
			t.Errorf("%s is not special", p)
		}
	}
	if IsSpecial("/a") || IsSpecial("/zookeeper/quota/a") {
		t.Error("an ordinary znode is special")
	}
}

func TestDue(t *testing.T) {
	w := newWorld(t)
	now := func(after int64) int64 { return timeOf(w.zxid) + after }
	container := func(path string) {
		w.apply(1, jute.OpCreateContainer, &jute.CreateContainerTxn{Path: path, ACL: jute.OpenACL(), ParentCVersion: w.nextCversion(path)})
	}
	container("/new")
	container("/used")
	container("/full")
	w.create("/used/x", "")
	w.delete("/used/x")
	w.create("/full/x", "")
	w.apply(1, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: "/ttl", ACL: jute.OpenACL(), ParentCVersion: w.nextCversion("/ttl"), TTL: 1000})
	ttlAt := w.zxid
	w.apply(1, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: "/parent", ACL: jute.OpenACL(), ParentCVersion: w.nextCversion("/parent"), TTL: 1000})
	w.create("/parent/x", "")
	due := func(now, neverUsed int64) []string {
		d := w.tree.Due(time.UnixMilli(now), time.Duration(neverUsed)*time.Millisecond)
		slices.Sort(d)
		return d
	}
	for _, c := range []struct {
		name           string
		now, neverUsed int64
		want           []string
	}{
		{"at once", now(0), 0, []string{"/used"}},
		{"a TTL just over", timeOf(ttlAt) + 1000, 0, []string{"/used"}},
		{"a TTL over", timeOf(ttlAt) + 1001, 0, []string{"/ttl", "/used"}},
		{"containers never used", now(500), 400, []string{"/new", "/used"}},
		{"containers not used for long enough", now(500), 600, []string{"/used"}},
	} {
		if got := due(c.now, c.neverUsed); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	w.set("/ttl", "touched")
	if got := due(timeOf(w.zxid)+1000, 0); !slices.Equal(got, []string{"/used"}) {
		t.Errorf("a TTL node that was set again: %v", got)
	}
	w.delete("/parent/x")
	w.delete("/used")
	if got := due(now(5000), 0); !slices.Equal(got, []string{"/parent", "/ttl"}) {
		t.Errorf("later: %v", got)
	}
}

func TestOwnerKinds(t *testing.T) {
	for owner, want := range map[int64]Kind{
		0: KindPersistent, 1: KindEphemeral, ContainerOwner: KindContainer, 0x7f00000000000000: KindEphemeral,
		TTLOwner(1): KindTTL, TTLOwner(MaxTTL): KindTTL, -2 << 56: KindEphemeral, -1<<56 | 1<<40: KindEphemeral,
	} {
		if got, _ := OwnerKind(owner); got != want {
			t.Errorf("%x is of kind %d, want %d", owner, got, want)
		}
	}
	if _, ttl := OwnerKind(TTLOwner(MaxTTL)); ttl != MaxTTL {
		t.Errorf("TTL %d", ttl)
	}
}

// An ACL that many znodes have is kept once, for as long as one of them has it.
func TestACLsAreKeptOnce(t *testing.T) {
	w := newWorld(t)
	refs := func() int { return len(w.tree.acls.bySaved) }
	base := refs() // the config's
	ann, bob := digestACL("ann", jute.PermAll), digestACL("bob", jute.PermRead)
	w.createAs(0, "/a", "", ann)
	w.createAs(0, "/b", "", slices.Clone(ann))
	w.createAs(0, "/c", "", bob)
	w.createAs(5, "/e", "", bob)
	w.create("/open", "")
	if refs() != base+2 {
		t.Errorf("%d ACLs are kept", refs()-base)
	}
	a, _ := w.tree.Lookup("/a")
	if b, _ := w.tree.Lookup("/b"); a.ACLRef != b.ACLRef {
		t.Error("the same ACL has two references")
	}
	if o, _ := w.tree.Lookup("/open"); o.ACLRef != -1 || !reflect.DeepEqual(o.ACL, jute.OpenACL()) {
		t.Errorf("the open ACL is %+v", o)
	}
	w.setACL("/a", bob)
	if refs() != base+2 {
		t.Errorf("%d ACLs are kept, /b still has ann's", refs()-base)
	}
	w.delete("/b")
	w.delete("/c")
	w.apply(5, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/e"}})
	if refs() != base+1 {
		t.Errorf("%d ACLs are kept, only /a has one", refs()-base)
	}
	w.setACL("/a", jute.OpenACL())
	if refs() != base {
		t.Errorf("%d ACLs are kept", refs()-base)
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

// A snapshot's table may name an ACL twice, or for no znode, or lack one that a
// znode has: that znode is nobody's until the log says more.
func TestACLTablesOfSnapshots(t *testing.T) {
	ann, bob := digestACL("ann", jute.PermAll), digestACL("bob", jute.PermAll)
	b := NewBuilder()
	b.ACL(3, ann)
	b.ACL(4, ann)
	b.ACL(5, digestACL("unused", jute.PermAll))
	b.Node("/", nil, -1, jute.StatPersisted{})
	b.Node("/a3", nil, 3, jute.StatPersisted{})
	b.Node("/a4", nil, 4, jute.StatPersisted{})
	b.Node("/lost", nil, 6, jute.StatPersisted{})
	w := &world{t: t, tree: b.Tree(10), zxid: 10}
	if err := checkWhole(w.tree); err != nil {
		t.Fatal(err)
	}
	if n, _ := w.tree.Lookup("/lost"); len(n.ACL) != 1 || n.ACL[0].Perms != 0 {
		t.Errorf("a znode without its ACL has %v", n.ACL)
	}
	w.createAs(0, "/bob", "", bob) // takes the number that /lost had
	w.delete("/lost")
	w.delete("/a3")
	w.createAs(0, "/a", "", ann)
	w.delete("/a4")
	for path, want := range map[string][]jute.ACL{"/bob": bob, "/a": ann} {
		if n, _ := w.tree.Lookup(path); !reflect.DeepEqual(n.ACL, want) {
			t.Errorf("%s has %v, want %v", path, n.ACL, want)
		}
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

func TestBuilderRefuses(t *testing.T) {
	b := NewBuilder()
	if err := b.Node("/a/b", nil, -1, jute.StatPersisted{}); err == nil {
		t.Error("a znode without its parent")
	}
	b.Node("", nil, -1, jute.StatPersisted{})
	b.Node("/a", nil, -1, jute.StatPersisted{})
	for _, p := range []string{"/a", "/", "", "a", "/b/c"} {
		if err := b.Node(p, nil, -1, jute.StatPersisted{}); err == nil {
			t.Errorf("%q was taken", p)
		}
	}
}

func TestReadsAreRefusedByACL(t *testing.T) {
	w := newWorld(t)
	w.createAs(0, "/r", "", digestACL("x", jute.PermRead))
	w.createAs(0, "/a", "", digestACL("x", jute.PermAdmin))
	w.createAs(0, "/w", "", digestACL("x", jute.PermWrite))
	rec := &recorder{}
	v := w.tree.View()
	for path, want := range map[string][2]jute.ErrCode{
		"/r": {0, 0}, "/a": {jute.ErrNoAuth, 0}, "/w": {jute.ErrNoAuth, jute.ErrNoAuth}, "/no": {jute.ErrNoNode, jute.ErrNoNode}} {
		_, _, get := v.Get(path, anyPerm{}, rec)
		_, exists := v.Exists(path, anyPerm{}, rec)
		_, _, list := v.Children(path, anyPerm{}, rec)
		_, count := v.AllChildrenNumber(path, anyPerm{})
		_, _, acl := v.ACL(path, anyPerm{})
		if get != want[0] || exists != want[0] || list != want[0] || count != want[0] || acl != want[1] {
			t.Errorf("%s: get %v exists %v children %v count %v acl %v", path, get, exists, list, count, acl)
		}
	}
	v.Close()
	if c := w.tree.Counts().Watches; c != 3 { // data and children of /r and, by exists, /no
		t.Errorf("%d watches were set", c)
	}
}

// anyPerm is a client whose every ACL entry applies.
type anyPerm struct{}

func (anyPerm) Allowed(acl []jute.ACL, perms jute.Perms) bool {
	for _, e := range acl {
		if e.Perms&perms != 0 {
			return true
		}
	}
	return false
}

func TestCountsOfSubtrees(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{"/a", "/a/b", "/a/b/c", "/a/d", "/ab"} {
		w.createAs(0, p, "", jute.OpenACL())
	}
	w.createAs(9, "/a/e", "", jute.OpenACL())
	w.createAs(9, "/f", "", jute.OpenACL())
	v := w.tree.View()
	defer v.Close()
	for path, want := range map[string]int{"/": 10, "/a": 4, "/a/b": 1, "/ab": 0} {
		if got, err := v.AllChildrenNumber(path, nil); got != want || err != jute.ErrOK {
			t.Errorf("%s has %d descendants, %v; want %d", path, got, err, want)
		}
	}
	if got := v.Ephemerals(9, "/a"); !slices.Equal(got, []string{"/a/e"}) {
		t.Errorf("ephemerals below /a: %v", got)
	}
	if got := v.Ephemerals(8, ""); len(got) != 0 {
		t.Errorf("ephemerals of another session: %v", got)
	}
	if got := w.tree.EphemeralOwners(); !slices.Equal(got, []int64{9}) {
		t.Errorf("owners: %v", got)
	}
}
