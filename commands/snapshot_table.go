package commands

import (
	"bytes"
	"io"
	"strconv"

	"zook/jute"
	"zook/snapshot"
)

// A dump as tables: of znodes, of sessions, of ACLs, and of what is said of the
// whole tree. They are drawn once their widths are known.

// The tables. They begin the lines that snapshotCells writes.
const (
	znodeTable   = 'z'
	sessionTable = 's'
	aclTable     = 'a'
	treeTable    = 't'
)

// snapshotTables gathers what snapshotCells writes.
type snapshotTables struct {
	order  []byte
	tables map[byte]*cellTable
}

func newSnapshotTables(data dataMode) *snapshotTables {
	znodes := []string{"path", "type", "size", "version", "mtime", "mzxid", "ctime", "czxid", "owner or ttl", "acl"}
	if data != dataNone {
		znodes = append(znodes, "data")
	}
	return &snapshotTables{
		order: []byte{znodeTable, sessionTable, aclTable, treeTable},
		tables: map[byte]*cellTable{
			znodeTable:   {columns: znodes},
			sessionTable: {columns: []string{"session", "timeout", "ephemerals"}},
			aclTable:     {columns: []string{"acl", "entries"}},
			treeTable:    {columns: []string{"of the tree", "value", "zxid"}},
		},
	}
}

// add takes lines of cells with tabs between them, the table before them.
func (t *snapshotTables) add(b []byte) {
	for line := range bytes.Lines(b) {
		cells := bytes.Split(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
		row := make([]string, len(cells)-1)
		for i := range row {
			row[i] = string(cells[i+1])
		}
		table := t.tables[line[0]]
		table.rows = append(table.rows, row)
	}
}

// print draws the tables that have rows, and that of znodes.
func (t *snapshotTables) print(e *Env) error {
	for _, kind := range t.order {
		if table := t.tables[kind]; len(table.rows) > 0 || kind == znodeTable {
			if err := e.print(table); err != nil {
				return err
			}
		}
	}
	return nil
}

// cellTable is a table as an Item.
type cellTable struct {
	columns []string
	rows    [][]string
}

func (t *cellTable) Text(io.Writer, Style)            {}
func (t *cellTable) Row(Style) ([]string, [][]string) { return t.columns, t.rows }

// snapshotCells writes lines of cells.
type snapshotCells struct {
	data  dataMode
	clock *clock
}

func (f *snapshotCells) znode(b []byte, n *dumpedZnode) []byte {
	s := &n.Stat
	kind, ttl := kindOf(s.EphemeralOwner)
	b = appendWord(append(b, znodeTable, '\t'), n.Path)
	b = append(append(append(b, '\t'), kind...), '\t')
	b = append(strconv.AppendInt(b, int64(n.length), 10), '\t')
	b = append(strconv.AppendInt(b, int64(s.Version), 10), '\t')
	b = append(f.clock.appendTime(b, s.Mtime), '\t')
	b = append(appendHex(b, s.Mzxid), '\t')
	b = append(f.clock.appendTime(b, s.Ctime), '\t')
	b = append(appendHex(b, s.Czxid), '\t')
	switch kind {
	case "ephemeral":
		b = appendHex(b, s.EphemeralOwner)
	case "ttl":
		b = appendMillis(b, ttl)
	}
	b = append(append(b, '\t'), n.acl...)
	if f.data != dataNone {
		data := f.data.appendText(nil, n.Data)
		b = append(append(b, '\t'), bytes.TrimPrefix(data, []byte(" data="))...)
	}
	return append(b, '\n')
}

func (f *snapshotCells) znodeACL(acl []jute.ACL) []byte {
	if acl == nil {
		return []byte("unknown")
	}
	return appendACLText(nil, encodeACL(acl))
}

func (f *snapshotCells) session(b []byte, s *snapshot.Session, ephemerals int) []byte {
	b = append(appendHex(append(b, sessionTable, '\t'), s.ID), '\t')
	b = append(appendMillis(b, int64(s.Timeout)), '\t')
	return append(strconv.AppendInt(b, int64(ephemerals), 10), '\n')
}

func (f *snapshotCells) acl(b []byte, a *snapshot.ACL) []byte {
	b = append(strconv.AppendInt(append(b, aclTable, '\t'), a.ID, 10), '\t')
	return append(appendACLText(b, encodeACL(a.List)), '\n')
}

func (f *snapshotCells) digest(b []byte, g *snapshot.Digest) []byte {
	b = append(appendHex(append(append(b, treeTable), "\tdigest\t"...), g.Digest), '\t')
	return append(appendHex(b, g.Zxid), '\n')
}

func (f *snapshotCells) lastZxid(b []byte, zxid int64) []byte {
	return append(appendHex(append(append(b, treeTable), "\tlast zxid\t\t"...), zxid), '\n')
}
