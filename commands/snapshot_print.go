package commands

import (
	"io"
	"strconv"

	"zook/jute"
	"zook/snapshot"
)

// snapshotOutput is where a dump goes, in the format asked for.
type snapshotOutput struct {
	env     *Env
	printer func() snapshotPrinter
	written bool
	tables  *snapshotTables
}

// snapshotOutput also decides how data is shown if d does not say.
func (e *Env) snapshotOutput(d *snapshotDump) *snapshotOutput {
	o := &snapshotOutput{env: e}
	switch e.Format {
	case JSON, JSONL:
		if d.data == "" {
			d.data = dataText
		}
		before, after := "", "\n"
		if e.Format == JSON {
			before, after = ",\n  ", ""
		}
		o.printer = func() snapshotPrinter {
			return &snapshotJSON{data: d.data, clock: newClock(), before: before, after: after}
		}
		return o
	}
	if d.data == "" {
		d.data = dataNone
	}
	if e.Format == Table {
		o.tables = newSnapshotTables(d.data)
		o.printer = func() snapshotPrinter { return &snapshotCells{data: d.data, clock: newClock()} }
		return o
	}
	o.printer = func() snapshotPrinter { return &snapshotText{data: d.data, clock: newClock()} }
	return o
}

func (o *snapshotOutput) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if o.env.Format == JSON && !o.written {
		b[0] = '[' // where a comma is
	}
	o.written = true
	if o.tables != nil {
		o.tables.add(b)
		return nil
	}
	_, err := o.env.Out.Write(b)
	return err
}

func (o *snapshotOutput) close() error {
	var err error
	switch {
	case o.tables != nil:
		return o.tables.print(o.env)
	case o.env.Format == JSON && o.written:
		_, err = io.WriteString(o.env.Out, "\n]\n")
	case o.env.Format == JSON:
		_, err = io.WriteString(o.env.Out, "[]\n")
	}
	return err
}

// snapshotText writes a line for each thing:
//
//	PATH TYPE NAME=VALUE...
type snapshotText struct {
	data  dataMode
	clock *clock
}

func (f *snapshotText) znode(b []byte, n *dumpedZnode) []byte {
	s := &n.Stat
	kind, ttl := kindOf(s.EphemeralOwner)
	b = append(append(appendWord(b, n.Path), ' '), kind...)
	switch kind {
	case "ephemeral":
		b = appendHex(append(b, " owner="...), s.EphemeralOwner)
	case "ttl":
		b = appendMillis(append(b, " ttl="...), ttl)
	}
	b = strconv.AppendInt(append(b, " size="...), int64(n.length), 10)
	b = strconv.AppendInt(append(b, " version="...), int64(s.Version), 10)
	b = strconv.AppendInt(append(b, " cversion="...), int64(s.Cversion), 10)
	b = strconv.AppendInt(append(b, " aversion="...), int64(s.Aversion), 10)
	b = f.clock.appendTime(append(b, " mtime="...), s.Mtime)
	b = f.clock.appendTime(append(b, " ctime="...), s.Ctime)
	b = appendHex(append(b, " mzxid="...), s.Mzxid)
	b = appendHex(append(b, " czxid="...), s.Czxid)
	b = appendHex(append(b, " pzxid="...), s.Pzxid)
	b = append(b, n.acl...)
	return append(f.data.appendText(b, n.Data), '\n')
}

func (f *snapshotText) znodeACL(acl []jute.ACL) []byte {
	if acl == nil {
		return []byte(" acl=unknown")
	}
	encoded := encodeACL(acl)
	if string(encoded) == openACL {
		return nil
	}
	return appendACLText([]byte(" acl="), encoded)
}

func encodeACL(acl []jute.ACL) []byte {
	b := jute.AppendInt(nil, int32(len(acl)))
	for i := range acl {
		b = acl[i].Append(b)
	}
	return b
}

func (f *snapshotText) session(b []byte, s *snapshot.Session, ephemerals int) []byte {
	b = appendHex(append(b, "session "...), s.ID)
	b = appendMillis(append(b, " timeout="...), int64(s.Timeout))
	return append(strconv.AppendInt(append(b, " ephemerals="...), int64(ephemerals), 10), '\n')
}

func (f *snapshotText) acl(b []byte, a *snapshot.ACL) []byte {
	b = append(strconv.AppendInt(append(b, "acl "...), a.ID, 10), ' ')
	return append(appendACLText(b, encodeACL(a.List)), '\n')
}

func (f *snapshotText) digest(b []byte, g *snapshot.Digest) []byte {
	b = appendHex(append(b, "digest "...), g.Digest)
	b = strconv.AppendInt(append(b, " version="...), int64(g.Version), 10)
	return append(appendHex(append(b, " zxid="...), g.Zxid), '\n')
}

func (f *snapshotText) lastZxid(b []byte, zxid int64) []byte {
	return append(appendHex(append(b, "zxid "...), zxid), '\n')
}
