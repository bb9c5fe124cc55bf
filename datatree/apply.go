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
	parentID := t.find(parentPath)
	if parentID == 0 || t.nodes.at(parentID).czxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return nil
	}
	parent := t.nodes.at(parentID)
	x := t.more(parent)
	cversion := b.ParentCVersion
	if cversion == -1 && h.Zxid > x.pzxid { // of a server before 3.4, which let the tree count
		cversion = x.cversion + 1
	}
	if cversion > x.cversion {
		x := t.change(parent)
		x.cversion, x.pzxid = cversion, h.Zxid
		t.rehash(parentPath, parent)
	}
	hash := nameHash([]byte(name))
	if id := findChild(&t.nodeTable, parentID, name, hash); id != 0 {
		if n := t.nodes.at(id); n.czxid == h.Zxid { // its ACL may be newer than the table of the snapshot (ZOOKEEPER-3306)
			t.changeACL(n, b.ACL)
		}
		res.Err = jute.ErrNodeExists
		return nil
	}
	stat := jute.StatPersisted{Czxid: h.Zxid, Mzxid: h.Zxid, Pzxid: h.Zxid, Ctime: h.Time, Mtime: h.Time, EphemeralOwner: owner}
	n := t.insert(addNode(&t.nodeTable, parentID, name, hash, b.Data, &stat), len(path))
	n.acl = t.acls.use(b.ACL)
	t.rehash(path, n)
	t.quotaCreated(parentPath, name)
	t.charge(path, int64(len(b.Data)), 1)
	res.Stat = t.clientStat(n)
	t.written(path, len(b.Data))
	t.watches.fire(jute.EventNodeCreated, path, h.Zxid, t.acls.get(n.acl))
	t.watches.fire(jute.EventNodeChildrenChanged, parentPath, h.Zxid, t.acls.get(parent.acl))
	return nil
}

// insert adds a znode to what is known of znodes of its kind.
func (t *Tree) insert(id uint32, pathLen int) *node {
	n := t.nodes.at(id)
	t.dataSize += int64(pathLen) + int64(max(n.dataLen, 0))
	owner := t.more(n).owner
	switch kind, _ := OwnerKind(owner); kind {
	case KindEphemeral:
		set := t.ephemerals[owner]
		if set == nil {
			set = map[uint32]struct{}{}
			t.ephemerals[owner] = set
		}
		set[id] = struct{}{}
	case KindContainer, KindTTL:
		t.due[id] = struct{}{}
	}
	return n
}

func (t *Tree) delete(path string, zxid int64) jute.ErrCode {
	parentPath := jute.ParentPath(path)
	parentID := t.find(parentPath)
	if parentID == 0 || path == rootPath {
		return jute.ErrNoNode
	}
	parent := t.nodes.at(parentID)
	if zxid > t.more(parent).pzxid {
		t.change(parent).pzxid = zxid
		t.rehash(parentPath, parent)
	}
	id := t.childNamed(parentID, jute.BaseName(path))
	if id == 0 || t.nodes.at(id).czxid > zxid {
		return jute.ErrNoNode
	}
	acl := t.acls.get(t.nodes.at(id).acl)
	t.drop(path, id)
	t.written(path, 0)
	t.watches.fire(jute.EventNodeDeleted, path, zxid, acl)
	t.watches.fire(jute.EventNodeChildrenChanged, parentPath, zxid, t.acls.get(parent.acl))
	return jute.ErrOK
}

// drop takes a znode out of everything. A delete only comes to a znode without
// children, except on replay: a fuzzy snapshot may hold, with children, the znode that
// was created in its place later. These go too; replay will make them again.
func (t *Tree) drop(path string, id uint32) {
	n := t.nodes.at(id)
	for c := t.more(n).first; c != 0; c = t.more(n).first {
		t.drop(jute.JoinPath(path, string(t.name(t.nodes.at(c)))), c)
	}
	t.acls.drop(n.acl)
	t.digest -= uint64(n.digest)
	size, owner := int64(max(n.dataLen, 0)), t.more(n).owner
	t.dataSize -= int64(len(path)) + size
	switch kind, _ := OwnerKind(owner); kind {
	case KindEphemeral:
		set := t.ephemerals[owner]
		delete(set, id)
		if len(set) == 0 {
			delete(t.ephemerals, owner)
		}
	case KindContainer, KindTTL:
		delete(t.due, id)
	}
	t.remove(id)
	t.quotaDeleted(jute.ParentPath(path), jute.BaseName(path))
	t.charge(path, -size, -1)
}

func (t *Tree) setData(res *Result, h *jute.TxnHeader, b *jute.SetDataTxn) {
	res.Path = b.Path
	id := t.find(b.Path)
	if id == 0 || t.lastSet(t.nodes.at(id)).mzxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return
	}
	n := t.nodes.at(id)
	grown := int64(len(b.Data)) - int64(max(n.dataLen, 0))
	t.putData(id, b.Data)
	t.noteSet(n, lastSet{h.Zxid, h.Time, b.Version})
	t.dataSize += grown
	t.rehash(b.Path, n)
	t.charge(b.Path, grown, 0)
	res.Stat = t.clientStat(n)
	t.written(b.Path, len(b.Data))
	t.watches.fire(jute.EventNodeDataChanged, b.Path, h.Zxid, t.acls.get(n.acl))
}

func (t *Tree) setACL(res *Result, h *jute.TxnHeader, b *jute.SetACLTxn) {
	res.Path = b.Path
	n := t.node(b.Path)
	if n == nil || n.czxid > h.Zxid {
		res.Err = jute.ErrNoNode
		return
	}
	t.changeACL(n, b.ACL)
	t.change(n).aversion = b.Version
	t.rehash(b.Path, n)
	res.Stat = t.clientStat(n)
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
	for id := range t.ephemerals[h.ClientID] {
		t.delete(t.path(id), h.Zxid)
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
