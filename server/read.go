package server

import (
	"strings"

	"zook/datatree"
	"zook/jute"
)

// reader is a view of the tree for one connection.
type reader struct {
	datatree.View
	c *conn
}

// answerRead executes a request that needs no transaction, and replies while
// nothing is applied: so the reply is ahead of the event of any later change.
//
// Behaviour: FinalRequestProcessor.java.
func (c *conn) answerRead(op *clientOp) {
	r := reader{c.srv.tree.View(), c}
	defer r.Close()
	read := reads[op.op]
	switch {
	case op.op == jute.OpPing:
		c.reply(op, jute.ErrOK, nil)
	case read == nil: // what it is is not known, so neither is what the client expects
		c.out.put((&jute.ReplyHeader{Xid: op.xid, Zxid: -1, Err: jute.ErrUnimplemented}).Append, nil)
		c.out.end()
	default:
		rec, err := read(r, jute.NewDecoder(op.body))
		c.reply(op, err, rec)
	}
}

// reads are the requests that need no transaction.
var reads = map[jute.OpCode]func(reader, *jute.Decoder) (jute.Record, jute.ErrCode){
	jute.OpGetData:              decoded(reader.getData),
	jute.OpExists:               decoded(reader.exists),
	jute.OpGetChildren:          decoded(reader.getChildren),
	jute.OpGetChildren2:         decoded(reader.getChildren2),
	jute.OpGetACL:               decoded(reader.getACL),
	jute.OpGetAllChildrenNumber: decoded(reader.getAllChildrenNumber),
	jute.OpGetEphemerals:        decoded(reader.getEphemerals),
	jute.OpMultiRead:            decoded(reader.multiRead),
	jute.OpSetWatches:           decoded(reader.setWatches),
	jute.OpSetWatches2:          decoded(reader.setWatches2),
	jute.OpAddWatch:             decoded(reader.addWatch),
	jute.OpCheckWatches:         decoded(reader.checkWatches),
	jute.OpRemoveWatches:        decoded(reader.removeWatches),
	jute.OpWhoAmI: func(r reader, _ *jute.Decoder) (jute.Record, jute.ErrCode) {
		return r.whoAmI(), jute.ErrOK
	},
}

// decoded makes a function of a request one of its bytes.
func decoded[T any, P interface {
	*T
	jute.Record
}](f func(reader, P) (jute.Record, jute.ErrCode)) func(reader, *jute.Decoder) (jute.Record, jute.ErrCode) {
	return func(r reader, d *jute.Decoder) (jute.Record, jute.ErrCode) {
		req := P(new(T))
		if req.Decode(d); d.Err() != nil {
			return nil, jute.ErrMarshallingError
		}
		return f(r, req)
	}
}

// watcher is the connection where a watch is wanted.
func (r reader) watcher(wanted bool) datatree.Watcher {
	if wanted {
		return r.c
	}
	return nil
}

func (r reader) getData(q *jute.GetDataRequest) (jute.Record, jute.ErrCode) {
	data, stat, err := r.Get(q.Path, r.c, r.watcher(q.Watch))
	r.c.hasRead(err, q.Path, len(data))
	return &jute.GetDataResponse{Data: data, Stat: stat}, err
}

func (r reader) exists(q *jute.ExistsRequest) (jute.Record, jute.ErrCode) {
	if strings.IndexByte(q.Path, 0) != -1 {
		return nil, jute.ErrBadArguments
	}
	stat, err := r.Exists(q.Path, r.c, r.watcher(q.Watch))
	r.c.hasRead(err, q.Path, 0)
	return &jute.ExistsResponse{Stat: stat}, err
}

func (r reader) getChildren(q *jute.GetChildrenRequest) (jute.Record, jute.ErrCode) {
	names, _, err := r.Children(q.Path, r.c, r.watcher(q.Watch))
	r.c.hasRead(err, q.Path, totalLen(names))
	return &jute.GetChildrenResponse{Children: names}, err
}

func (r reader) getChildren2(q *jute.GetChildren2Request) (jute.Record, jute.ErrCode) {
	names, stat, err := r.Children(q.Path, r.c, r.watcher(q.Watch))
	r.c.hasRead(err, q.Path, totalLen(names))
	return &jute.GetChildren2Response{Children: names, Stat: stat}, err
}

func (r reader) getACL(q *jute.GetACLRequest) (jute.Record, jute.ErrCode) {
	acl, stat, err := r.ACL(q.Path, r.c)
	if err == jute.ErrOK && !r.c.Allowed(acl, jute.PermAdmin) {
		acl = hideDigests(acl)
	}
	return &jute.GetACLResponse{ACL: acl, Stat: stat}, err
}

func (r reader) getAllChildrenNumber(q *jute.GetAllChildrenNumberRequest) (jute.Record, jute.ErrCode) {
	n, err := r.AllChildrenNumber(q.Path, r.c)
	return &jute.GetAllChildrenNumberResponse{TotalNumber: int32(n)}, err
}

func (r reader) getEphemerals(q *jute.GetEphemeralsRequest) (jute.Record, jute.ErrCode) {
	prefix := q.PrefixPath
	if p := strings.TrimSpace(prefix); p == "" || p == "/" {
		prefix = ""
	}
	return &jute.GetEphemeralsResponse{Ephemerals: r.Ephemerals(r.c.session.id, prefix)}, jute.ErrOK
}

// multiRead answers each read by itself: one that fails does not fail the others.
// None of them sets a watch, whatever it says (MultiOperationRecord.deserialize).
func (r reader) multiRead(q *jute.MultiRequest) (jute.Record, jute.ErrCode) {
	res := &jute.MultiResponse{}
	for _, op := range q.Ops {
		var rec jute.Record
		var err jute.ErrCode
		switch b := op.Body.(type) {
		case *jute.GetDataRequest:
			rec, err = r.getData(&jute.GetDataRequest{Path: b.Path})
		case *jute.GetChildrenRequest:
			rec, err = r.getChildren(&jute.GetChildrenRequest{Path: b.Path})
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

func (r reader) whoAmI() jute.Record {
	res := &jute.WhoAmIResponse{ClientInfo: []jute.ClientInfo{}}
	for _, id := range r.c.identities() {
		res.ClientInfo = append(res.ClientInfo, jute.ClientInfo{AuthScheme: id.Scheme, User: r.c.srv.auth.userName(id)})
	}
	return res
}

func (r reader) setWatches(q *jute.SetWatches) (jute.Record, jute.ErrCode) {
	r.SetWatches(&jute.SetWatches2{RelativeZxid: q.RelativeZxid, DataWatches: q.DataWatches,
		ExistWatches: q.ExistWatches, ChildWatches: q.ChildWatches}, r.c)
	return nil, jute.ErrOK
}

func (r reader) setWatches2(q *jute.SetWatches2) (jute.Record, jute.ErrCode) {
	r.SetWatches(q, r.c)
	return nil, jute.ErrOK
}

func (r reader) addWatch(q *jute.AddWatchRequest) (jute.Record, jute.ErrCode) {
	if q.Mode != jute.WatchPersistent && q.Mode != jute.WatchPersistentRecursive {
		return nil, jute.ErrMarshallingError // as Apache says it
	}
	r.AddWatch(q.Path, q.Mode, r.c)
	return &jute.ErrorResponse{}, jute.ErrOK
}

func (r reader) checkWatches(q *jute.CheckWatchesRequest) (jute.Record, jute.ErrCode) {
	return watched(r.HasWatch, q.Path, q.Type, r.c)
}

func (r reader) removeWatches(q *jute.RemoveWatchesRequest) (jute.Record, jute.ErrCode) {
	return watched(r.RemoveWatch, q.Path, q.Type, r.c)
}

func watched(has func(string, jute.WatcherType, datatree.Watcher) bool, path string, typ jute.WatcherType, c *conn) (jute.Record, jute.ErrCode) {
	switch {
	case typ < jute.WatcherChildren || typ > jute.WatcherPersistentRecursive:
		return nil, jute.ErrMarshallingError // as Apache says it
	case !has(path, typ, c):
		return nil, jute.ErrNoWatcher
	}
	return nil, jute.ErrOK
}
