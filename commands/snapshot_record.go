package commands

import (
	"encoding/binary"

	"zook/jute"
	"zook/snapshot"
)

// snapRecord is what is kept of a znode.
type snapRecord struct {
	name   []byte // as Java decodes it
	length int    // of the data
	offset int64
	stat   jute.StatPersisted
}

const recordBlock = 1 << 20

// add keeps a znode.
func (t *snapTree) add(n *snapshot.Node, at placed) {
	need := len(at.name) + 100
	last := len(t.blocks) - 1
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < need {
		t.blocks = append(t.blocks, make([]byte, 0, max(recordBlock, need)))
		last++
	}
	b := t.blocks[last]
	t.address = append(t.address, uint64(last)<<32|uint64(len(b)))
	t.parent = append(t.parent, at.parent)
	b = append(binary.AppendUvarint(b, uint64(len(at.name))), at.name...)
	b = binary.AppendUvarint(b, uint64(len(n.Data)))
	if t.with.offset {
		b = binary.AppendUvarint(b, uint64(n.Offset)+4+uint64(len(n.Path))+4)
	}
	if t.with.stat {
		b = appendStat(b, &n.Stat)
	}
	t.blocks[last] = b
	if owner := n.Stat.EphemeralOwner; owner != 0 && at.parent >= 0 {
		t.owned[owner]++
	}
}

// record reads what was kept of a znode.
func (t *snapTree) record(znode int32, r *snapRecord) {
	b := t.bytes(znode)
	size, n := binary.Uvarint(b)
	r.name, b = b[n:n+int(size)], b[n+int(size):]
	size, n = binary.Uvarint(b)
	r.length, b = int(size), b[n:]
	if t.with.offset {
		size, n = binary.Uvarint(b)
		r.offset, b = int64(size), b[n:]
	}
	if t.with.stat {
		readStat(b, &r.stat)
	}
	if data, ok := t.quotas[znode]; ok {
		r.length = len(data)
	}
}

func (t *snapTree) bytes(znode int32) []byte {
	at := t.address[znode]
	return t.blocks[at>>32][at&(1<<32-1):]
}

// name is the last part of a path.
func (t *snapTree) name(znode int32) []byte {
	b := t.bytes(znode)
	if b[0] < 0x80 { // the length is one byte
		return b[1 : 1+b[0]]
	}
	size, n := binary.Uvarint(b)
	return b[n : n+int(size)]
}

// length is that of a znode's data.
func (t *snapTree) length(znode int32) int {
	if data, ok := t.quotas[znode]; ok {
		return len(data)
	}
	b := t.bytes(znode)
	size, n := binary.Uvarint(b)
	size, _ = binary.Uvarint(b[n+int(size):])
	return int(size)
}

// path is the path of a znode, "" for the root.
func (t *snapTree) path(znode int32) []byte {
	size := 0
	for n := znode; t.parent[n] >= 0; n = t.parent[n] {
		size += 1 + len(t.name(n))
	}
	path := make([]byte, size)
	for n := znode; t.parent[n] >= 0; n = t.parent[n] {
		name := t.name(n)
		size -= len(name)
		copy(path[size:], name)
		size--
		path[size] = '/'
	}
	return path
}

// What a stat most often has, and what is then left out of its record.
const (
	mzxidIsCzxid = 1 << iota
	pzxidIsCzxid
	mtimeIsCtime
	noVersion
	noCversion
	noAversion
	noOwner
)

// appendStat appends a stat in a form for memory, of 17 bytes more often than not.
func appendStat(b []byte, s *jute.StatPersisted) []byte {
	at := len(b)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Czxid))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Ctime))
	var is byte
	long := func(v, usual int64, bit byte) {
		if v == usual {
			is |= bit
		} else {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
	}
	integer := func(v int32, bit byte) {
		if v == 0 {
			is |= bit
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
	}
	long(s.Mzxid, s.Czxid, mzxidIsCzxid)
	long(s.Pzxid, s.Czxid, pzxidIsCzxid)
	long(s.Mtime, s.Ctime, mtimeIsCtime)
	long(s.EphemeralOwner, 0, noOwner)
	integer(s.Version, noVersion)
	integer(s.Cversion, noCversion)
	integer(s.Aversion, noAversion)
	b[at] = is
	return b
}

// readStat reads what appendStat appended.
func readStat(b []byte, s *jute.StatPersisted) {
	is := b[0]
	b = b[1:]
	long := func(v *int64, usual int64, bit byte) {
		if is&bit != 0 {
			*v = usual
			return
		}
		*v, b = int64(binary.BigEndian.Uint64(b)), b[8:]
	}
	integer := func(v *int32, bit byte) {
		if is&bit != 0 {
			*v = 0
			return
		}
		*v, b = int32(binary.BigEndian.Uint32(b)), b[4:]
	}
	long(&s.Czxid, 0, 0)
	long(&s.Ctime, 0, 0)
	long(&s.Mzxid, s.Czxid, mzxidIsCzxid)
	long(&s.Pzxid, s.Czxid, pzxidIsCzxid)
	long(&s.Mtime, s.Ctime, mtimeIsCtime)
	long(&s.EphemeralOwner, 0, noOwner)
	integer(&s.Version, noVersion)
	integer(&s.Cversion, noCversion)
	integer(&s.Aversion, noAversion)
}
