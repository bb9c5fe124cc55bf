package server

import (
	"strings"

	"zook/jute"
)

// answerRead executes a request that needs no transaction, and replies.
//
// Behaviour: FinalRequestProcessor.java.
func (c *conn) answerRead(op pendingOp) {
	if c.session.closed.Load() && op.op != jute.OpPing {
		c.reply(op, jute.ErrSessionExpired, nil)
		return
	}
	rec, err := c.read(op)
	c.reply(op, err, rec)
}

func (c *conn) watcher(watch bool) *conn {
	if watch {
		return c
	}
	return nil
}

func (c *conn) read(op pendingOp) (jute.Record, jute.ErrCode) {
	d := jute.NewDecoder(op.body)
	switch op.op {
	case jute.OpPing:
		return nil, jute.ErrOK
	case jute.OpGetData:
		var r jute.GetDataRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		return c.getData(&r)
	case jute.OpExists:
		var r jute.ExistsRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		if strings.IndexByte(r.Path, 0) != -1 {
			return nil, jute.ErrBadArguments
		}
		if r.Watch {
			stat, err := c.srv.tree.Exists(r.Path, c, c)
			return &jute.ExistsResponse{Stat: stat}, err
		}
		stat, err := c.srv.tree.Exists(r.Path, c, nil)
		return &jute.ExistsResponse{Stat: stat}, err
	case jute.OpGetChildren:
		var r jute.GetChildrenRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		return c.getChildren(&r)
	case jute.OpGetChildren2:
		var r jute.GetChildrenRequest // the same fields
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		names, stat, err := c.children(&r)
		return &jute.GetChildren2Response{Children: names, Stat: stat}, err
	case jute.OpGetACL:
		var r jute.GetACLRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		acl, stat, err := c.srv.tree.ACL(r.Path, c)
		if err == jute.ErrOK && !c.Allowed(acl, jute.PermAdmin) {
			acl = hideDigests(acl)
		}
		return &jute.GetACLResponse{ACL: acl, Stat: stat}, err
	case jute.OpGetAllChildrenNumber:
		var r jute.GetAllChildrenNumberRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		n, err := c.srv.tree.AllChildrenNumber(r.Path, c)
		return &jute.GetAllChildrenNumberResponse{TotalNumber: int32(n)}, err
	case jute.OpGetEphemerals:
		var r jute.GetEphemeralsRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		return c.ephemerals(&r), jute.ErrOK
	case jute.OpMultiRead:
		var r jute.MultiRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		return c.multiRead(&r)
	case jute.OpWhoAmI:
		res := &jute.WhoAmIResponse{ClientInfo: []jute.ClientInfo{}}
		for _, id := range c.identities() {
			res.ClientInfo = append(res.ClientInfo, jute.ClientInfo{AuthScheme: id.Scheme, User: userName(id)})
		}
		return res, jute.ErrOK
	}
	return c.watchOp(op.op, d)
}

// watchOp executes a request about watches.
func (c *conn) watchOp(op jute.OpCode, d *jute.Decoder) (jute.Record, jute.ErrCode) {
	tree := c.srv.tree
	switch op {
	case jute.OpSetWatches:
		var r jute.SetWatches
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		tree.SetWatches(&jute.SetWatches2{RelativeZxid: r.RelativeZxid, DataWatches: r.DataWatches,
			ExistWatches: r.ExistWatches, ChildWatches: r.ChildWatches}, c)
		return nil, jute.ErrOK
	case jute.OpSetWatches2:
		var r jute.SetWatches2
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		tree.SetWatches(&r, c)
		return nil, jute.ErrOK
	case jute.OpAddWatch:
		var r jute.AddWatchRequest
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		if r.Mode != jute.WatchPersistent && r.Mode != jute.WatchPersistentRecursive {
			return nil, jute.ErrMarshallingError // as Apache, which throws IllegalArgumentException
		}
		tree.AddWatch(r.Path, r.Mode, c)
		return &jute.ErrorResponse{}, jute.ErrOK
	case jute.OpCheckWatches, jute.OpRemoveWatches:
		var r jute.CheckWatchesRequest // RemoveWatchesRequest has the same fields
		if r.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		found := tree.HasWatch
		if op == jute.OpRemoveWatches {
			found = tree.RemoveWatch
		}
		if !found(r.Path, r.Type, c) {
			return nil, jute.ErrNoWatcher
		}
		return nil, jute.ErrOK
	}
	return nil, jute.ErrUnimplemented
}

func (c *conn) getData(r *jute.GetDataRequest) (jute.Record, jute.ErrCode) {
	if r.Watch {
		data, stat, err := c.srv.tree.Get(r.Path, c, c)
		return &jute.GetDataResponse{Data: data, Stat: stat}, err
	}
	data, stat, err := c.srv.tree.Get(r.Path, c, nil)
	return &jute.GetDataResponse{Data: data, Stat: stat}, err
}

func (c *conn) children(r *jute.GetChildrenRequest) ([]string, jute.Stat, jute.ErrCode) {
	if r.Watch {
		return c.srv.tree.Children(r.Path, c, c)
	}
	return c.srv.tree.Children(r.Path, c, nil)
}

func (c *conn) getChildren(r *jute.GetChildrenRequest) (jute.Record, jute.ErrCode) {
	names, _, err := c.children(r)
	return &jute.GetChildrenResponse{Children: names}, err
}

func (c *conn) ephemerals(r *jute.GetEphemeralsRequest) jute.Record {
	prefix := strings.TrimSpace(r.PrefixPath)
	if prefix == "/" {
		prefix = ""
	}
	res := &jute.GetEphemeralsResponse{Ephemerals: []string{}}
	for _, path := range c.srv.tree.Ephemerals(c.session.id) {
		if strings.HasPrefix(path, prefix) {
			res.Ephemerals = append(res.Ephemerals, path)
		}
	}
	return res
}

// multiRead answers each read by itself: one that fails does not fail the others.
func (c *conn) multiRead(r *jute.MultiRequest) (jute.Record, jute.ErrCode) {
	res := &jute.MultiResponse{}
	for _, op := range r.Ops {
		var rec jute.Record
		var err jute.ErrCode
		switch b := op.Body.(type) {
		case *jute.GetDataRequest:
			rec, err = c.getData(b)
		case *jute.GetChildrenRequest:
			rec, err = c.getChildren(b)
		default:
			return nil, jute.ErrMarshallingError
		}
		if err != jute.ErrOK {
			res.Results = append(res.Results, jute.OpResult{Type: jute.OpError, Err: err})
		} else {
			res.Results = append(res.Results, jute.OpResult{Type: op.Type, Body: rec})
		}
	}
	return res, jute.ErrOK
}
