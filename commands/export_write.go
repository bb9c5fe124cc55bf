package commands

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"zook/datatree"
	"zook/jute"
)

// The format of exports: docs/snapshot-json.md.
const (
	exportFormat  = "zook-snapshot"
	exportVersion = 1
)

// exportWriter writes an export, in the order of its methods. After an error every
// call returns it again.
type exportWriter struct {
	w    *bufio.Writer
	line []byte

	znodes int64
	digest uint64
	err    error
}

func newExportWriter(w io.Writer) *exportWriter {
	return &exportWriter{w: bufio.NewWriterSize(w, 256<<10)}
}

// begin writes what comes before the znodes. root is where they begin.
func (x *exportWriter) begin(f *savedFacts, root string) error {
	x.text(`{"format":"`, exportFormat, `","version":`).number(exportVersion).text(`,"root":`).quote(root)
	if f.Zxid >= 0 {
		x.text(`,"zxid":`).hex(f.Zxid)
	}
	x.text("}")
	x.end()
	for _, id := range slices.Sorted(maps.Keys(f.Sessions)) {
		x.text(`{"session":`).hex(id).text(`,"timeout":`).number(int64(f.Sessions[id])).text("}")
		if x.end() != nil {
			break
		}
	}
	return x.err
}

// znode writes a znode.
func (x *exportWriter) znode(z *savedZnode) error {
	x.znodes++
	x.digest += uint64(datatree.NodeDigest(z.path, z.data, &z.stat))
	x.text(`{"path":`).quote(z.path)
	kind, ttl := datatree.OwnerKind(z.stat.EphemeralOwner)
	switch kind {
	case datatree.KindEphemeral:
		x.text(`,"kind":"ephemeral","ephemeralOwner":`).hex(z.stat.EphemeralOwner)
	case datatree.KindContainer:
		x.text(`,"kind":"container"`)
	case datatree.KindTTL:
		x.text(`,"kind":"ttl","ttl":`).number(ttl)
	default:
		x.text(`,"kind":"persistent"`)
	}
	x.data(z.data)
	x.text(`,"acl":[`)
	for i := range z.acl {
		x.acl(&z.acl[i], i > 0)
	}
	s := &z.stat
	x.text(`],"czxid":`).hex(s.Czxid).text(`,"mzxid":`).hex(s.Mzxid).text(`,"pzxid":`).hex(s.Pzxid)
	x.text(`,"ctime":`).time(s.Ctime).text(`,"mtime":`).time(s.Mtime)
	x.text(`,"version":`).number(int64(s.Version)).text(`,"cversion":`).number(int64(s.Cversion))
	x.text(`,"aversion":`).number(int64(s.Aversion)).text("}")
	return x.end()
}

func (x *exportWriter) data(data []byte) {
	if utf8.Valid(data) {
		x.line = appendJSONString(append(x.line, `,"data":`...), data)
	} else {
		x.line = appendBase64(append(x.line, `,"dataBase64":`...), data)
	}
}

func (x *exportWriter) acl(a *jute.ACL, more bool) {
	if more {
		x.text(",")
	}
	x.text(`{"scheme":`).quote(a.ID.Scheme).text(`,"id":`).quote(a.ID.ID).text(`,"perms":`)
	if a.Perms&^jute.PermAll == 0 {
		x.text(`"`, a.Perms.String(), `"}`)
	} else { // there are no letters for them
		x.number(int64(a.Perms)).text("}")
	}
}

// finish writes the end, without which an export is a part of one.
func (x *exportWriter) finish(f *savedFacts) error {
	x.text(`{"complete":true,"znodes":`).number(x.znodes).text(`,"lastZxid":`).hex(f.LastZxid)
	x.text(`,"digestVersion":`).number(datatree.DigestVersion).text(`,"digest":`).hex(int64(x.digest))
	x.text("}")
	if x.end() == nil {
		x.err = x.w.Flush()
	}
	return x.err
}

func (x *exportWriter) text(parts ...string) *exportWriter {
	for _, s := range parts {
		x.line = append(x.line, s...)
	}
	return x
}

func (x *exportWriter) number(n int64) *exportWriter {
	x.line = strconv.AppendInt(x.line, n, 10)
	return x
}

func (x *exportWriter) hex(n int64) *exportWriter {
	x.line = append(appendHex(append(x.line, '"'), n), '"')
	return x
}

// quote writes a string that JSON has to be able to say: a path, or who an ACL is
// for. No server keeps one that is not UTF-8.
func (x *exportWriter) quote(s string) *exportWriter {
	if !utf8.ValidString(s) && x.err == nil {
		x.err = fmt.Errorf("%w: %q is not UTF-8, and no server keeps it", errDamaged, s)
	}
	x.line = appendJSONString(x.line, []byte(s))
	return x
}

// exportTime is how an export writes a time: in UTC.
const exportTime = "2006-01-02T15:04:05.000Z07:00"

// lastExportTime is the end of the last year of four digits, in milliseconds.
var lastExportTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - 1

// time writes milliseconds since the epoch: as a number what RFC 3339 cannot say.
func (x *exportWriter) time(ms int64) *exportWriter {
	if ms < 0 || ms > lastExportTime {
		return x.number(ms)
	}
	x.line = time.UnixMilli(ms).UTC().AppendFormat(append(x.line, '"'), exportTime)
	x.line = append(x.line, '"')
	return x
}

// end ends the line.
func (x *exportWriter) end() error {
	if x.err == nil {
		x.line = append(x.line, '\n')
		_, x.err = x.w.Write(x.line)
	}
	x.line = x.line[:0]
	return x.err
}
