package datatree

import (
	"fmt"

	"zook/jute"
)

// Result is what a transaction did. Err is of the request that it answers; on
// replay it may also say that the effect was there already.
type Result struct {
	Type  jute.OpCode
	Path  string
	Stat  jute.Stat // of create2 and later creates, setData and setACL
	Err   jute.ErrCode
	Multi []Result
}

// Apply changes the tree as the transaction says and fires the watches that it
// triggers. The error is of a transaction that cannot be understood.
func (t *Tree) Apply(txn *jute.Txn) (Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	res, err := t.apply(&txn.Header, txn.Body)
	if err != nil {
		return res, fmt.Errorf("transaction 0x%x: %w", txn.Header.Zxid, err)
	}
	if z := txn.Header.Zxid; z > t.lastZxid.Load() {
		t.lastZxid.Store(z)
	}
	return res, nil
}

// apply also replays. Then a znode may be the one that took this one's place
// later, which its zxids tell: the transaction is not of that znode.
func (t *Tree) apply(h *jute.TxnHeader, body jute.Record) (res Result, err error) {
	res.Type = h.Type
	switch b := body.(type) {
	case *jute.CreateTxn:
		var owner int64
		if b.Ephemeral {
			owner = h.ClientID
		}
		err = t.create(&res, h, b, owner)
	case *jute.CreateTTLTxn:
		plain := jute.CreateTxn{Path: b.Path, Data: b.Data, ACL: b.ACL, ParentCVersion: b.ParentCVersion}
		err = t.create(&res, h, &plain, TTLOwner(b.TTL))
	case *jute.CreateContainerTxn:
		plain := jute.CreateTxn{Path: b.Path, Data: b.Data, ACL: b.ACL, ParentCVersion: b.ParentCVersion}
		err = t.create(&res, h, &plain, ContainerOwner)
	case *jute.DeleteTxn:
		res.Path = b.Path
		res.Err = t.delete(b.Path, h.Zxid)
	case *jute.SetDataTxn:
		t.setData(&res, h, b)
	case *jute.SetACLTxn:
		t.setACL(&res, h, b)
	case *jute.CheckVersionTxn:
		res.Path = b.Path
	case *jute.ErrorTxn:
		res.Err = b.Err
	case *jute.CreateSessionTxn:
	case *jute.CloseSessionTxn:
		t.closeSession(h, b.PathsToDelete)
	case *jute.MultiTxn:
		return t.multi(h, b)
	case nil:
		if h.Type != jute.OpCloseSession {
			return res, fmt.Errorf("%v has no body", h.Type)
		}
		t.closeSession(h, nil)
	default:
		err = fmt.Errorf("%T cannot be applied", body)
	}
	return res, err
}

func (t *Tree) create(res *Result, h *jute.TxnHeader, b *jute.CreateTxn, owner int64) error {
	path := b.Path
	parentPath, name := jute.ParentPath(path), jute.BaseName(path)
	if slash := len(path) - len(name) - 1; name == "" || path[0] != '/' || (slash == 0) != (parentPath == rootPath) {
		return fmt.Errorf("create of %q, which is no path", path)
	}
	res.Path = path
	parent := t.nodes[parentPath]
	if parent == nil {
		res.Err = jute.ErrNoNode
		return nil
	}
	if parent.stat.Czxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return nil
	}
	cversion := b.ParentCVersion
	if cversion == -1 && h.Zxid > parent.stat.Pzxid { // of a server before 3.4, which let the tree count
		cversion = parent.stat.Cversion + 1
	}
	if cversion > parent.stat.Cversion {
		parent.stat.Cversion = cversion
		parent.stat.Pzxid = h.Zxid
		t.rehash(parentPath, parent)
	}
	if n := t.nodes[path]; n != nil {
		if n.stat.Czxid == h.Zxid { // its ACL may be newer than the table of the snapshot (ZOOKEEPER-3306)
			t.changeACL(n, b.ACL)
		}
		res.Err = jute.ErrNodeExists
		return nil
	}
	ref := t.acls.use(b.ACL)
	n := &node{data: b.Data, acl: ref, stat: jute.StatPersisted{
		Czxid: h.Zxid, Mzxid: h.Zxid, Pzxid: h.Zxid, Ctime: h.Time, Mtime: h.Time, EphemeralOwner: owner,
	}}
	t.insert(path, n)
	t.rehash(path, n)
	if parent.children == nil {
		parent.children = map[string]struct{}{}
	}
	parent.children[name] = struct{}{}
	t.quotaCreated(parentPath, name)
	t.charge(path, int64(len(b.Data)), 1)
	res.Stat = n.clientStat()
	t.written(path, len(b.Data))
	t.watches.fire(jute.EventNodeCreated, path, h.Zxid, t.acls.get(ref))
	t.watches.fire(jute.EventNodeChildrenChanged, parentPath, h.Zxid, t.acls.get(parent.acl))
	return nil
}

// insert adds a znode to everything but its parent and the digest.
func (t *Tree) insert(path string, n *node) {
	t.nodes[path] = n
	t.dataSize += int64(len(path) + len(n.data))
	switch kind, _ := OwnerKind(n.stat.EphemeralOwner); kind {
	case KindEphemeral:
		set := t.ephemerals[n.stat.EphemeralOwner]
		if set == nil {
			set = map[string]struct{}{}
			t.ephemerals[n.stat.EphemeralOwner] = set
		}
		set[path] = struct{}{}
	case KindContainer, KindTTL:
		t.due[path] = struct{}{}
	}
}

func (t *Tree) delete(path string, zxid int64) jute.ErrCode {
	parentPath := jute.ParentPath(path)
	parent := t.nodes[parentPath]
	if parent == nil || path == rootPath {
		return jute.ErrNoNode
	}
	if zxid > parent.stat.Pzxid {
		parent.stat.Pzxid = zxid
		t.rehash(parentPath, parent)
	}
	n := t.nodes[path]
	if n == nil || n.stat.Czxid > zxid {
		return jute.ErrNoNode
	}
	acl := t.acls.get(n.acl)
	t.remove(path, n)
	delete(parent.children, jute.BaseName(path))
	t.written(path, 0)
	t.watches.fire(jute.EventNodeDeleted, path, zxid, acl)
	t.watches.fire(jute.EventNodeChildrenChanged, parentPath, zxid, t.acls.get(parent.acl))
	return jute.ErrOK
}

// remove takes a znode out of everything but its parent. A delete only comes to
// a znode without children, except on replay: a fuzzy snapshot may hold, with
// children, the znode that was created in its place later. These go too; replay
// will make them again.
func (t *Tree) remove(path string, n *node) {
	for name := range n.children {
		child := jute.JoinPath(path, name)
		t.remove(child, t.nodes[child])
	}
	t.acls.drop(n.acl)
	delete(t.nodes, path)
	t.digest -= uint64(n.digest)
	t.dataSize -= int64(len(path) + len(n.data))
	switch kind, _ := OwnerKind(n.stat.EphemeralOwner); kind {
	case KindEphemeral:
		set := t.ephemerals[n.stat.EphemeralOwner]
		delete(set, path)
		if len(set) == 0 {
			delete(t.ephemerals, n.stat.EphemeralOwner)
		}
	case KindContainer, KindTTL:
		delete(t.due, path)
	}
	t.quotaDeleted(jute.ParentPath(path), jute.BaseName(path))
	t.charge(path, -int64(len(n.data)), -1)
}

func (t *Tree) setData(res *Result, h *jute.TxnHeader, b *jute.SetDataTxn) {
	res.Path = b.Path
	n := t.nodes[b.Path]
	if n == nil || n.stat.Mzxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return
	}
	grown := int64(len(b.Data) - len(n.data))
	n.data = b.Data
	n.stat.Mtime, n.stat.Mzxid, n.stat.Version = h.Time, h.Zxid, b.Version
	t.dataSize += grown
	t.rehash(b.Path, n)
	t.charge(b.Path, grown, 0)
	res.Stat = n.clientStat()
	t.written(b.Path, len(b.Data))
	t.watches.fire(jute.EventNodeDataChanged, b.Path, h.Zxid, t.acls.get(n.acl))
}

func (t *Tree) setACL(res *Result, h *jute.TxnHeader, b *jute.SetACLTxn) {
	res.Path = b.Path
	n := t.nodes[b.Path]
	if n == nil || n.stat.Czxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return
	}
	t.changeACL(n, b.ACL)
	n.stat.Aversion = b.Version
	t.rehash(b.Path, n)
	res.Stat = n.clientStat()
}

func (t *Tree) changeACL(n *node, acl []jute.ACL) {
	ref := t.acls.use(acl) // before the drop, which may be of the same one
	t.acls.drop(n.acl)
	n.acl = ref
}

// closeSession deletes the ephemerals of a session: those that the transaction
// names, and for transactions of servers before 3.6, which name none, those that
// the tree knows of.
func (t *Tree) closeSession(h *jute.TxnHeader, paths []string) {
	for _, p := range paths {
		t.delete(p, h.Zxid)
	}
	for p := range t.ephemerals[h.ClientID] {
		t.delete(p, h.Zxid)
	}
}

// multi applies all operations or, if one of them is an error, none. Then the
// results before that one say ErrOK and those after it what the transaction
// says, ErrRuntimeInconsistency.
func (t *Tree) multi(h *jute.TxnHeader, m *jute.MultiTxn) (Result, error) {
	res := Result{Type: h.Type, Multi: make([]Result, 0, len(m.Txns))}
	bodies := make([]jute.Record, len(m.Txns))
	failed := false
	for i := range m.Txns {
		body, err := m.Txns[i].Body()
		if err != nil {
			return res, err
		}
		bodies[i] = body
		failed = failed || m.Txns[i].Type == jute.OpError
	}
	sub := *h
	for i, body := range bodies {
		sub.Type = m.Txns[i].Type
		if failed && sub.Type != jute.OpError {
			sub.Type, body = jute.OpError, &jute.ErrorTxn{Err: jute.ErrOK}
		}
		r, err := t.apply(&sub, body)
		if err != nil {
			return res, err
		}
		res.Multi = append(res.Multi, r)
		if res.Err == jute.ErrOK {
			res.Err = r.Err
		}
	}
	return res, nil
}
