package commands

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What Apache's SnapshotFormatter prints.

// printText is SnapshotFormatter without -json. name is that of the file.
func (p *treePrinter) printText(ctx context.Context, name string) error {
	count := len(p.address) + 1 // the root counts twice
	if _, err := fmt.Fprintf(p.out, "ZNode Details (count=%d):\n", count); err != nil {
		return err
	}
	if err := p.walk(ctx, p.newTreeText); err != nil {
		return err
	}
	b := p.appendSessions([]byte("----\nSession Details (sid, timeout, ephemeralCount):\n"))
	b = fmt.Appendf(b, "----\nLast zxid: 0x%x\n", uint64(max(p.zxid, zxidOfName(name))))
	_, err := p.out.Write(b)
	return err
}

// printJSON is SnapshotFormatter -json: for ncdu, which reads directories.
func (p *treePrinter) printJSON(ctx context.Context, now time.Time) error {
	_, err := fmt.Fprintf(p.out, `[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":%d}`, now.UnixMilli())
	if err == nil {
		err = p.walk(ctx, func() func(*treeBatch) { return p.formatJSON })
	}
	if err == nil {
		_, err = io.WriteString(p.out, "]")
	}
	return err
}

// zxidOfName is the zxid in the name of a snapshot, -1 if there is none (format:
// Util.getZxidFromName).
func zxidOfName(name string) int64 {
	parts := strings.Split(filepath.Base(name), ".")
	if len(parts) < 2 || parts[0] != "snapshot" {
		return -1
	}
	zxid, err := strconv.ParseInt(parts[1], 16, 64)
	if err != nil {
		return -1
	}
	return zxid
}

// treeText formats znodes as text. Each worker has one.
type treeText struct {
	*treePrinter
	clock *clock
	data  *dataReader // nil to print lengths
	znode snapRecord
}

func (p *treePrinter) newTreeText() func(*treeBatch) {
	f := &treeText{treePrinter: p, clock: newClock()}
	if p.data != nil {
		f.data = &dataReader{from: p.data}
	}
	return f.format
}

func (f *treeText) format(b *treeBatch) {
	f.touch(b)
	b.zxid = -1 << 63
	for _, s := range b.steps {
		if s.znode == leaveStep {
			continue
		}
		f.record(s.znode, &f.znode)
		b.zxid = max(b.zxid, f.znode.stat.Mzxid, f.znode.stat.Pzxid)
		b.out = append(append(b.out, "----\n"...), b.parents[s.from:s.to]...)
		b.out = append(append(b.out, '/'), f.znode.name...)
		b.out = f.appendStat(b.out)
		if b.out, b.err = f.appendData(b.out, s.znode); b.err != nil {
			return
		}
	}
}

func (f *treeText) appendStat(b []byte) []byte {
	s := &f.znode.stat
	b = appendPaddedHex(append(b, "\n  cZxid = "...), s.Czxid)
	b = f.clock.appendJava(append(b, "\n  ctime = "...), s.Ctime)
	b = appendPaddedHex(append(b, "\n  mZxid = "...), s.Mzxid)
	b = f.clock.appendJava(append(b, "\n  mtime = "...), s.Mtime)
	b = appendPaddedHex(append(b, "\n  pZxid = "...), s.Pzxid)
	b = strconv.AppendInt(append(b, "\n  cversion = "...), int64(s.Cversion), 10)
	b = strconv.AppendInt(append(b, "\n  dataVersion = "...), int64(s.Version), 10)
	b = strconv.AppendInt(append(b, "\n  aclVersion = "...), int64(s.Aversion), 10)
	return appendPaddedHex(append(b, "\n  ephemeralOwner = "...), s.EphemeralOwner)
}

func (f *treeText) appendData(b []byte, znode int32) ([]byte, error) {
	if f.data == nil {
		return append(strconv.AppendInt(append(b, "\n  dataLength = "...), int64(f.znode.length), 10), '\n'), nil
	}
	data := []byte(f.quotas[znode])
	if len(data) == 0 {
		var err error
		if data, err = f.data.read(f.znode.offset, f.znode.length); err != nil {
			return b, fmt.Errorf("%s: reading at offset %d again: %w", f.file, f.znode.offset, err)
		}
	}
	return append(base64.StdEncoding.AppendEncode(append(b, "\n  data = "...), data), '\n'), nil
}

// appendPaddedHex appends a number as Java's %#016x does: 16 characters or more.
func appendPaddedHex(b []byte, v int64) []byte {
	u := uint64(v)
	if u >= 1<<56 {
		return appendHex(b, v)
	}
	b = append(b, "0x00000000000000"...)
	for i := len(b) - 1; u != 0; u >>= 4 {
		b[i] = hexDigits[u&15]
		i--
	}
	return b
}

// appendSessions appends the sessions in the order of a HashMap.
func (t *snapTree) appendSessions(b []byte) []byte {
	const bins = 16
	m := newJavaMap(bins, func(x, y int32) int { return cmp.Compare(t.sessions[x].ID, t.sessions[y].ID) })
	timeout := make([]int32, len(t.sessions))
	for _, s := range t.sessions {
		timeout[m.add(javaHashLong(s.ID))] = s.Timeout
	}
	m.each(func(i int32) {
		id := t.sessions[i].ID
		ephemerals := t.owned[id]
		if kind, _ := kindOf(id); kind == "container" {
			ephemerals = 0 // what owns the containers is no session
		}
		b = fmt.Appendf(appendPaddedHex(b, id), ", %d, %d\n", timeout[i], ephemerals)
	})
	return b
}

func (p *treePrinter) formatJSON(b *treeBatch) {
	p.touch(b)
	inode := b.entered + 1000
	for _, s := range b.steps {
		if s.znode == leaveStep {
			b.out = append(b.out, ']')
			continue
		}
		out := append(b.out, ',')
		if p.isParent(s.znode) {
			out = append(out, '[')
		}
		out = append(out, `{"name":"`...)
		if s.znode == 0 {
			out = append(out, '/')
		}
		out = appendJacksonText(out, p.name(s.znode))
		length := int64(p.length(s.znode))
		out = strconv.AppendInt(append(out, `","asize":`...), length, 10)
		out = strconv.AppendInt(append(out, `,"dsize":`...), length, 10)
		inode++
		out = strconv.AppendInt(append(out, `,"dev":0,"ino":`...), inode, 10)
		b.out = append(out, '}')
	}
}

// appendJacksonText appends text as JsonStringEncoder.quoteAsString does.
func appendJacksonText(b, text []byte) []byte {
	const digits = "0123456789ABCDEF"
	plain := 0 // text[plain:i] is to be copied
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(append(b, text[plain:i]...), '\\')
		plain = i + 1
		switch {
		case c == '"' || c == '\\':
			b = append(b, c)
		case shortEscape(c) != 0:
			b = append(b, shortEscape(c))
		default:
			b = append(b, 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(b, text[plain:]...)
}
