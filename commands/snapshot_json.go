package commands

import (
	"strconv"
	"unicode/utf8"

	"zook/jute"
	"zook/snapshot"
)

// snapshotJSON writes an object for each thing:
//
//	znodes: path; kind; ttl (milliseconds) of a TTL znode; the fields of stat;
//	  data or dataBase64, dataLength; aclId and acl, null if the file has no ACL
//	  of that number; offset, where it begins in the uncompressed file
//	sessions: session, timeout (milliseconds), ephemerals (their number)
//	the ACL table: aclId, acl
//	the digest, since 3.6: digest, digestVersion, zxid
//	the last zxid, since 3.9: lastZxid
type snapshotJSON struct {
	data          dataMode
	clock         *clock
	before, after string // each object
}

func (f *snapshotJSON) znode(b []byte, n *dumpedZnode) []byte {
	s := &n.Stat
	b = appendJSONString(append(append(b, f.before...), `{"path":`...), n.Path)
	if !utf8.Valid(n.Path) {
		b = appendBase64(append(b, `,"pathBase64":`...), n.Path)
	}
	kind, ttl := kindOf(s.EphemeralOwner)
	b = append(append(append(b, `,"kind":"`...), kind...), '"')
	if kind == "ttl" {
		b = appendIntField(b, "ttl", ttl)
	}
	b = appendHex(append(b, `,"czxid":"`...), s.Czxid)
	b = appendHex(append(b, `","mzxid":"`...), s.Mzxid)
	b = appendHex(append(b, `","pzxid":"`...), s.Pzxid)
	b = f.clock.appendTime(append(b, `","ctime":"`...), s.Ctime)
	b = f.clock.appendTime(append(b, `","mtime":"`...), s.Mtime)
	b = strconv.AppendInt(append(b, `","version":`...), int64(s.Version), 10)
	b = strconv.AppendInt(append(b, `,"cversion":`...), int64(s.Cversion), 10)
	b = strconv.AppendInt(append(b, `,"aversion":`...), int64(s.Aversion), 10)
	b = append(appendHex(append(b, `,"ephemeralOwner":"`...), s.EphemeralOwner), '"')
	b = f.data.appendJSON(b, n.Data)
	b = strconv.AppendInt(append(b, `,"dataLength":`...), int64(n.length), 10)
	b = strconv.AppendInt(append(b, `,"aclId":`...), n.ACL, 10)
	b = append(b, n.acl...)
	b = strconv.AppendInt(append(b, `,"offset":`...), n.Offset, 10)
	return f.end(b)
}

func (f *snapshotJSON) end(b []byte) []byte { return append(append(b, '}'), f.after...) }

func (f *snapshotJSON) znodeACL(acl []jute.ACL) []byte {
	if acl == nil {
		return []byte(`,"acl":null`)
	}
	return appendACLFields(nil, encodeACL(acl))
}

func (f *snapshotJSON) session(b []byte, s *snapshot.Session, ephemerals int) []byte {
	b = append(appendHex(append(append(b, f.before...), `{"session":"`...), s.ID), '"')
	return f.end(appendIntField(appendIntField(b, "timeout", int64(s.Timeout)), "ephemerals", int64(ephemerals)))
}

func (f *snapshotJSON) acl(b []byte, a *snapshot.ACL) []byte {
	b = appendIntField(append(append(b, f.before...), '{'), "aclId", a.ID)
	return f.end(appendACLFields(b, encodeACL(a.List)))
}

func (f *snapshotJSON) digest(b []byte, g *snapshot.Digest) []byte {
	b = append(appendHex(append(append(b, f.before...), `{"digest":"`...), g.Digest), '"')
	b = appendIntField(b, "digestVersion", int64(g.Version))
	return f.end(append(appendHex(append(b, `,"zxid":"`...), g.Zxid), '"'))
}

func (f *snapshotJSON) lastZxid(b []byte, zxid int64) []byte {
	return f.end(append(appendHex(append(append(b, f.before...), `{"lastZxid":"`...), zxid), '"'))
}
