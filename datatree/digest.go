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
	return nodeDigest([]byte(path), data, s)
}

func nodeDigest(path, data []byte, s *jute.StatPersisted) uint32 {
	if bytes.HasPrefix(path, []byte(procPath+"/")) {
		return 0
	}
	if string(path) == rootPath {
		path = nil
	}
	var buf [60]byte
	b := jute.AppendLong(buf[:0], s.Czxid)
	b = jute.AppendLong(b, s.Mzxid)
	b = jute.AppendLong(b, s.Pzxid)
	b = jute.AppendLong(b, s.Ctime)
	b = jute.AppendLong(b, s.Mtime)
	b = jute.AppendInt(b, s.Version)
	b = jute.AppendInt(b, s.Cversion)
	b = jute.AppendInt(b, s.Aversion)
	b = jute.AppendLong(b, s.EphemeralOwner)
	crc := crc32.Update(0, crc32.IEEETable, path)
	crc = crc32.Update(crc, crc32.IEEETable, data)
	return crc32.Update(crc, crc32.IEEETable, b)
}

// rehash takes a change of n into the digest of the tree.
func (t *Tree) rehash(path string, n *node) {
	s := t.stat(n)
	d := NodeDigest(path, t.data(n), &s)
	t.digest += uint64(d) - uint64(n.digest)
	n.digest = d
}
