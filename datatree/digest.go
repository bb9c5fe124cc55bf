package datatree

import (
	"bytes"
	"hash/crc32"

	"zook/jute"
)

// DigestVersion is the version of the digest that TxnDigest names.
const DigestVersion = 2

// NodeDigest is the digest of one znode: the CRC-32 of path, data and stat. The
// root counts as "", and what is below /zookeeper does not count, since servers
// change quota statistics without a transaction.
// Format: DigestCalculator.java.
func NodeDigest(path string, data []byte, s *jute.StatPersisted) uint32 {
	var d Digester
	return d.Node(path, data, s)
}

// Digester makes digests one after the other in memory of its own. It is not for
// concurrent use.
type Digester struct{ buf []byte }

// Node is NodeDigest.
func (d *Digester) Node(path string, data []byte, s *jute.StatPersisted) uint32 {
	return digest(d, path, data, s)
}

// longData is from where on data cost more to copy than another call of the CRC.
const longData = 1 << 10

// digest calls the CRC once, where data are short: it has fast instructions for pieces
// of 64 bytes and more, which the stat alone is not.
func digest[P string | []byte](d *Digester, path P, data []byte, s *jute.StatPersisted) uint32 {
	b := append(d.buf[:0], path...)
	if bytes.HasPrefix(b, []byte(procPath+"/")) {
		return 0
	}
	if string(b) == rootPath {
		b = b[:0]
	}
	crc := uint32(0)
	if len(data) < longData {
		b = append(b, data...)
	} else {
		crc = crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, data)
		b = b[:0]
	}
	b = jute.AppendLong(b, s.Czxid)
	b = jute.AppendLong(b, s.Mzxid)
	b = jute.AppendLong(b, s.Pzxid)
	b = jute.AppendLong(b, s.Ctime)
	b = jute.AppendLong(b, s.Mtime)
	b = jute.AppendInt(b, s.Version)
	b = jute.AppendInt(b, s.Cversion)
	b = jute.AppendInt(b, s.Aversion)
	b = jute.AppendLong(b, s.EphemeralOwner)
	d.buf = b
	return crc32.Update(crc, crc32.IEEETable, b)
}

// rehash takes a change of n into the digest of the tree.
func (t *Tree) rehash(path string, n *node) {
	s := t.stat(n)
	d := t.digester.Node(path, t.data(n), &s)
	t.digest += uint64(d) - uint64(n.digest)
	n.digest = d
}
