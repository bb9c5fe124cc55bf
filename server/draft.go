package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zook/datatree"
	"zook/jute"
)

// This file is what each request becomes: a transaction's body, or the reason
// why it is refused.

// request decodes and prepares a request.
func (d *draft) request(r *request) (jute.Record, jute.ErrCode) {
	switch r.op {
	case jute.OpCreateSession:
		return decodeAs(r.body, &jute.CreateSessionTxn{})
	case jute.OpCloseSession:
		return d.closeSession(r.session)
	}
	if r.session != 0 && !d.p.sessions.usable(r.session) {
		return nil, jute.ErrSessionExpired
	}
	if r.op == jute.OpMulti {
		return d.multi(r)
	}
	var body jute.Record
	switch r.op {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer:
		body = &d.p.asked.create
	case jute.OpCreateTTL:
		body = &jute.CreateTTLRequest{}
	case jute.OpDelete:
		body = &d.p.asked.delete
	case jute.OpDeleteContainer:
		body = &jute.DeleteContainerRequest{}
	case jute.OpSetData:
		body = &d.p.asked.setData
	case jute.OpSetACL:
		body = &jute.SetACLRequest{}
	case jute.OpReconfig:
		body = &jute.ReconfigRequest{}
	default:
		return nil, jute.ErrUnimplemented
	}
	dec := &d.p.decoder
	dec.Reset(r.body)
	if body.Decode(dec); dec.Err() != nil {
		return nil, jute.ErrMarshallingError
	}
	return d.op(r.op, body)
}

func decodeAs(b []byte, rec jute.Record) (jute.Record, jute.ErrCode) {
	if jute.Unmarshal(b, rec) != nil {
		return nil, jute.ErrMarshallingError
	}
	return rec, jute.ErrOK
}

// op prepares one operation, of a request or of a multi.
func (d *draft) op(op jute.OpCode, body jute.Record) (jute.Record, jute.ErrCode) {
	switch b := body.(type) {
	case *jute.CreateRequest:
		return d.create(op, b, 0)
	case *jute.CreateTTLRequest:
		return d.create(op, &jute.CreateRequest{Path: b.Path, Data: b.Data, ACL: b.ACL, Flags: b.Flags}, b.TTL)
	case *jute.DeleteRequest:
		return d.delete(b)
	case *jute.DeleteContainerRequest:
		return d.deleteContainer(b)
	case *jute.SetDataRequest:
		return d.setData(b)
	case *jute.SetACLRequest:
		return d.setACL(b)
	case *jute.CheckVersionRequest:
		return d.check(b)
	case *jute.ReconfigRequest:
		if !d.p.cfg.Reconfig {
			return nil, jute.ErrReconfigDisabled
		}
	}
	return nil, jute.ErrUnimplemented
}

func (d *draft) create(op jute.OpCode, r *jute.CreateRequest, ttl int64) (jute.Record, jute.ErrCode) {
	switch {
	case !r.Flags.Valid():
		return nil, jute.ErrBadArguments
	case r.Flags.IsTTL() && !d.p.cfg.ExtendedTypes:
		return nil, jute.ErrUnimplemented
	case r.Flags.IsTTL() != (op == jute.OpCreateTTL), r.Flags.IsTTL() && (ttl <= 0 || ttl > datatree.MaxTTL):
		return nil, jute.ErrBadArguments
	case !strings.Contains(r.Path, "/"), strings.IndexByte(r.Path, 0) != -1:
		return nil, jute.ErrBadArguments
	}
	acl, err := d.p.auth.fixACL(r.ACL, d.ids)
	if err != jute.ErrOK {
		return nil, err
	}
	parentPath := jute.ParentPath(r.Path)
	parent, err := d.look(parentPath)
	if err != jute.ErrOK {
		return nil, err
	}
	if !d.p.auth.allowed(parent.ACL, jute.PermCreate, d.ids) {
		return nil, jute.ErrNoAuth
	}
	path := r.Path
	if r.Flags.IsSequential() {
		path += fmt.Sprintf("%010d", parent.Stat.Cversion)
	}
	if jute.CheckPath(path, false) != nil {
		return nil, jute.ErrBadArguments
	}
	if _, err := d.look(path); err == jute.ErrOK {
		return nil, jute.ErrNodeExists
	}
	if kind, _ := datatree.OwnerKind(parent.Stat.EphemeralOwner); kind == datatree.KindEphemeral {
		return nil, jute.ErrNoChildrenForEphemerals
	}
	if err := d.checkQuota(path, int64(len(r.Data)), 1); err != jute.ErrOK {
		return nil, err
	}
	h := &d.txn.Header
	cversion := parent.Stat.Cversion + 1
	var owner int64
	var body jute.Record
	switch op {
	case jute.OpCreateContainer:
		owner, body = datatree.ContainerOwner, &jute.CreateContainerTxn{Path: path, Data: r.Data, ACL: acl, ParentCVersion: cversion}
	case jute.OpCreateTTL:
		owner, body = datatree.TTLOwner(ttl), &jute.CreateTTLTxn{Path: path, Data: r.Data, ACL: acl, ParentCVersion: cversion, TTL: ttl}
	default:
		if r.Flags.IsEphemeral() {
			owner = h.ClientID
		}
		d.memory.create = jute.CreateTxn{Path: path, Data: r.Data, ACL: acl, Ephemeral: r.Flags.IsEphemeral(), ParentCVersion: cversion}
		body = &d.memory.create
	}
	parent.NumChildren++
	if cversion > parent.Stat.Cversion { // as the tree does it; past 2^31-1 the counter stands still
		parent.Stat.Cversion = cversion
		parent.Stat.Pzxid = h.Zxid
	}
	d.put(parentPath, parent)
	d.put(path, datatree.Node{Data: r.Data, ACL: acl, Stat: jute.StatPersisted{
		Czxid: h.Zxid, Mzxid: h.Zxid, Pzxid: h.Zxid, Ctime: h.Time, Mtime: h.Time, EphemeralOwner: owner,
	}})
	return body, jute.ErrOK
}

// deletableParent returns the parent of a path that a delete may name.
func (d *draft) deletableParent(path string) (datatree.Node, jute.ErrCode) {
	if !strings.Contains(path, "/") || strings.IndexByte(path, 0) != -1 || datatree.IsSpecial(path) {
		return datatree.Node{}, jute.ErrBadArguments
	}
	return d.look(jute.ParentPath(path))
}

func (d *draft) delete(r *jute.DeleteRequest) (jute.Record, jute.ErrCode) {
	parent, err := d.deletableParent(r.Path)
	if err != jute.ErrOK {
		return nil, err
	}
	// Checked before the znode is looked for: whoever may not delete is not told
	// what there is.
	if !d.p.auth.allowed(parent.ACL, jute.PermDelete, d.ids) {
		return nil, jute.ErrNoAuth
	}
	n, err := d.look(r.Path)
	if err != jute.ErrOK {
		return nil, err
	}
	if _, err := nextVersion(n.Stat.Version, r.Version); err != jute.ErrOK {
		return nil, err
	}
	if n.NumChildren > 0 {
		return nil, jute.ErrNotEmpty
	}
	d.drop(r.Path, n, parent)
	d.memory.delete = jute.DeleteTxn{Path: r.Path}
	return &d.memory.delete, jute.ErrOK
}

// nextVersion checks and counts a version. It steps over -1, which in a request
// means any version (ZOOKEEPER-4743).
func nextVersion(current, expected int32) (int32, jute.ErrCode) {
	if expected != -1 && expected != current {
		return 0, jute.ErrBadVersion
	}
	if current+1 == -1 {
		return 0, jute.ErrOK
	}
	return current + 1, jute.ErrOK
}

// changeable returns the znode at a valid path if ids have perm on it.
func (d *draft) changeable(path string, perm jute.Perms) (datatree.Node, jute.ErrCode) {
	if jute.CheckPath(path, false) != nil {
		return datatree.Node{}, jute.ErrBadArguments
	}
	n, err := d.look(path)
	if err == jute.ErrOK && !d.p.auth.allowed(n.ACL, perm, d.ids) {
		err = jute.ErrNoAuth
	}
	return n, err
}

func (d *draft) setData(r *jute.SetDataRequest) (jute.Record, jute.ErrCode) {
	n, err := d.changeable(r.Path, jute.PermWrite)
	if err != jute.ErrOK {
		return nil, err
	}
	if err := d.checkQuota(r.Path, int64(len(r.Data)-len(n.Data)), 0); err != jute.ErrOK {
		return nil, err
	}
	version, err := nextVersion(n.Stat.Version, r.Version)
	if err != jute.ErrOK {
		return nil, err
	}
	n.Data = r.Data
	n.Stat.Version, n.Stat.Mtime, n.Stat.Mzxid = version, d.txn.Header.Time, d.txn.Header.Zxid
	d.put(r.Path, n)
	d.memory.setData = jute.SetDataTxn{Path: r.Path, Data: r.Data, Version: version}
	return &d.memory.setData, jute.ErrOK
}

func (d *draft) setACL(r *jute.SetACLRequest) (jute.Record, jute.ErrCode) {
	if jute.CheckPath(r.Path, false) != nil {
		return nil, jute.ErrBadArguments
	}
	acl, err := d.p.auth.fixACL(r.ACL, d.ids)
	if err != jute.ErrOK {
		return nil, err
	}
	n, err := d.changeable(r.Path, jute.PermAdmin)
	if err != jute.ErrOK {
		return nil, err
	}
	version, err := nextVersion(n.Stat.Aversion, r.Version)
	if err != jute.ErrOK {
		return nil, err
	}
	n.ACL, n.Stat.Aversion = acl, version
	d.put(r.Path, n)
	return &jute.SetACLTxn{Path: r.Path, ACL: acl, Version: version}, jute.ErrOK
}

func (d *draft) check(r *jute.CheckVersionRequest) (jute.Record, jute.ErrCode) {
	n, err := d.changeable(r.Path, jute.PermRead)
	if err != jute.ErrOK {
		return nil, err
	}
	version, err := nextVersion(n.Stat.Version, r.Version)
	if err != jute.ErrOK {
		return nil, err
	}
	return &jute.CheckVersionTxn{Path: r.Path, Version: version}, jute.ErrOK
}

// multi prepares all operations or none. A failed one is still a multi: the
// operations after the failure say ErrRuntimeInconsistency, and applying it
// changes nothing.
func (d *draft) multi(r *request) (jute.Record, jute.ErrCode) {
	var m jute.MultiRequest
	if jute.Unmarshal(r.body, &m) != nil || !multiOps(m.Ops) {
		return nil, jute.ErrMarshallingError
	}
	digest := d.digest
	txn := &jute.MultiTxn{Txns: make([]jute.SubTxn, 0, len(m.Ops))}
	failed := jute.ErrOK
	for _, op := range m.Ops {
		var body jute.Record
		err := jute.ErrRuntimeInconsistency
		if failed == jute.ErrOK {
			body, err = d.op(op.Type, op.Body)
			failed = err
		}
		typ := op.Type
		switch {
		case err != jute.ErrOK:
			typ, body = jute.OpError, &jute.ErrorTxn{Err: err}
		case typ == jute.OpCreate2:
			typ = jute.OpCreate // it is the same, and Apache 3.8 loses a multi with the other
		}
		txn.Txns = append(txn.Txns, jute.SubTxn{Type: typ, Data: jute.Marshal(body)})
	}
	if failed != jute.ErrOK {
		d.changes, d.index, d.charges, d.digest = nil, nil, nil, digest
	}
	return txn, jute.ErrOK
}

// multiOps makes the operations of a multi what Apache makes of them: the flags
// decide what a create creates, not its type. It reports false for a multiRead,
// for a create without a TTL whose flags ask for one, or say nothing, and for one
// whose ACL is null.
//
// Behaviour: MultiOperationRecord.deserialize, Op.create.
func multiOps(ops []jute.Op) bool {
	for i, op := range ops {
		switch b := op.Body.(type) {
		case *jute.GetDataRequest, *jute.GetChildrenRequest:
			return false
		case *jute.CreateRequest:
			if !b.Flags.Valid() || b.Flags.IsTTL() || b.ACL == nil {
				return false
			}
			if b.Flags == jute.Container {
				ops[i].Type = jute.OpCreateContainer
			}
		case *jute.CreateTTLRequest:
			if b.Flags.IsTTL() {
				continue
			}
			ops[i] = jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: b.Path, Data: b.Data, ACL: b.ACL, Flags: b.Flags}}
			if b.Flags == jute.Container {
				ops[i].Type = jute.OpCreateContainer
			}
		}
	}
	return true
}

// closeSession deletes the ephemerals that the session has, those of prepared
// transactions included.
func (d *draft) closeSession(session int64) (jute.Record, jute.ErrCode) {
	d.p.mu.Lock() // so that no transaction moves from pending into the tree in between
	paths := map[string]struct{}{}
	for _, path := range d.p.view.Ephemerals(session, "") {
		paths[path] = struct{}{}
	}
	for path, c := range d.p.pending {
		if c.deleted {
			delete(paths, path)
		} else if c.node.Stat.EphemeralOwner == session {
			paths[path] = struct{}{}
		}
	}
	d.p.mu.Unlock()
	txn := &jute.CloseSessionTxn{PathsToDelete: make([]string, 0, len(paths))}
	for _, path := range slices.Sorted(maps.Keys(paths)) { // so that watchers are told in an order
		n, err := d.look(path)
		parent, noParent := d.look(jute.ParentPath(path))
		if err == jute.ErrOK && noParent == jute.ErrOK {
			d.drop(path, n, parent)
			txn.PathsToDelete = append(txn.PathsToDelete, path)
		}
	}
	d.p.sessions.closing(session)
	if d.p.cfg.NoClosePaths {
		return nil, jute.ErrOK
	}
	return txn, jute.ErrOK
}
