// Package snapshot reads and writes ZooKeeper's snapshots, the files
// version-2/snapshot.<zxid> of a data directory. It streams, and knows no tree.
//
// All integers are big-endian; buffer, ustring and vector are jute's. A snapshot
// is five parts in a row, of which the last two need not be there:
//
//	+------------------+------------+-------------------------+
//	| magic "ZKSN" (4) | 2      (4) | database id, -1     (8) |  header
//	+------------------+---------+--+-------------------------+
//	| count (4) |  session id (8) | timeout in ms (4)  | …     |  sessions
//	+-----------+-----------------+--------------------+-------+
//	| count (4) |  number (8)     | vector of ACL      | …     |  ACL table
//	+-----------+-----------------+--------------------+-------+
//	| path ustring | data buffer | ACL number (8) | stat (60)  |  znodes, each
//	| …                                                        |
//	| "/" ustring (5)                                          |  the end of them
//	+--------------------------+-------------------------------+
//	| Adler32 in a long (8)    | "/" ustring (5)               |  seal
//	+--------------------------+--------------+----------------+
//	| zxid (8) | digest version, 2 (4) | digest (8) | seal (13) |  digest, since 3.6
//	+----------+-----------------------+------------+-----------+
//	| zxid (8) | seal (13)                                      |  last zxid, since 3.9
//	+----------+------------------------------------------------+
//
// The root's path is the empty string, and it comes first: Apache's servers want
// every parent before its children. The stat is a jute.StatPersisted. A znode
// points to its ACL by the number in the table; -1 is world:anyone with all
// permissions and stands in no table.
//
// A seal's checksum is over every byte of the file before it, seals included. So
// an older server, which stops after the first seal it knows, reads what a newer
// one wrote. The other way round it finds the end of the file where it looks for
// a section, which is allowed too; but a server that knows the digest takes a
// last zxid without a digest before it for a broken digest.
//
// The digest is that of the tree at its own zxid: a snapshot is fuzzy, taken
// while transactions go on being applied, and at that zxid, at the latest, replay
// has to give that digest. A digest of zxid 0 says nothing. Digest versions
// before 2 hold, instead of the long, its hex digits in a ustring.
//
// All of it may be in one gzip stream, in a file that ends in ".gz", or in the
// stream of snappy-java, in one that ends in ".snappy":
//
//	+-----------------------+-------+-------+
//	| 82 "SNAPPY" 00    (8) | 1 (4) | 1 (4) |   version, oldest reader's version
//	+------------+----------+-------+-------+
//	| length (4) | one raw snappy block     |   of 32 KiB uncompressed; and so on
//	+------------+--------------------------+
//
// Format: FileSnap.java, SnapStream.java, SerializeUtils.java, DataTree.java and
// ReferenceCountedACLCache.java of Apache ZooKeeper; SnappyOutputStream.java of
// snappy-java.
package snapshot

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"zook/jute"
)

// Compression is how a snapshot's bytes are packed.
type Compression int

// The compressions that ZooKeeper knows.
const (
	None Compression = iota
	Gzip
	Snappy
)

// extension is how the name of a file ends.
func (c Compression) extension() string {
	return [...]string{"", ".gz", ".snappy"}[c]
}

// String is the name that zoo.cfg's snapshot.compression.method has for it.
func (c Compression) String() string {
	return [...]string{"", "gz", "snappy"}[c]
}

// FileName is the name of the snapshot that was begun when zxid was the last
// transaction applied.
func FileName(zxid int64, c Compression) string {
	return "snapshot." + strconv.FormatInt(zxid, 16) + c.extension()
}

// TempPrefix begins the name of a snapshot that is being written. A crash can
// leave one, which nothing reads; neither we nor Apache take it for a snapshot.
const TempPrefix = "snapshot.tmp."

// ParseName returns the zxid in the name of a snapshot; ok is false for any
// other name.
func ParseName(name string) (zxid int64, ok bool) {
	hex, ok := strings.CutPrefix(name, "snapshot.")
	if !ok {
		return 0, false
	}
	for _, c := range []Compression{Gzip, Snappy} {
		if h, ok := strings.CutSuffix(hex, c.extension()); ok {
			hex = h
			break
		}
	}
	u, err := strconv.ParseUint(hex, 16, 63)
	return int64(u), err == nil
}

// Session is one session of a snapshot.
type Session struct {
	ID      int64
	Timeout int32 // milliseconds
}

func (s *Session) decode(d *jute.Decoder) { s.ID, s.Timeout = d.Long(), d.Int() }

// ACL is one list of the ACL table.
type ACL struct {
	ID   int64 // what Node.ACL refers to
	List []jute.ACL
}

func (a *ACL) decode(d *jute.Decoder) {
	a.ID = d.Long()
	n, ok := d.Count(12)
	if !ok {
		d.Fail(errNullACL)
	}
	a.List = make([]jute.ACL, n)
	for i := range a.List {
		a.List[i].Decode(d)
	}
}

var errNullACL = errors.New("its list is null")

// OpenACL is the ACL number that every snapshot knows: world:anyone:cdrwa.
const OpenACL int64 = -1

// Node is one znode.
type Node struct {
	Path []byte // empty for the root
	Data []byte // nil is null, which is not the same as empty
	ACL  int64
	Stat jute.StatPersisted
	// Offset is where the znode begins, in the uncompressed snapshot.
	Offset int64
}

// Digest is the digest of the tree once Zxid was applied.
type Digest struct {
	Zxid    int64
	Version int32
	Digest  int64
}

// Append appends the encoded digest to b.
func (g *Digest) Append(b []byte) []byte {
	b = jute.AppendInt(jute.AppendLong(b, g.Zxid), g.Version)
	if g.Version < 2 {
		return jute.AppendUstring(b, strconv.FormatInt(g.Digest, 16))
	}
	return jute.AppendLong(b, g.Digest)
}

// Decode reads the digest.
func (g *Digest) Decode(d *jute.Decoder) {
	g.Zxid, g.Version = d.Long(), d.Int()
	if g.Version >= 2 {
		g.Digest = d.Long()
	} else if hex := d.Buffer(); hex != nil {
		var err error
		if g.Digest, err = strconv.ParseInt(string(hex), 16, 64); err != nil {
			d.Fail(fmt.Errorf("digest of version %d: %w", g.Version, err))
		}
	}
}

// CorruptError says where a snapshot stops making sense.
type CorruptError struct {
	File   string
	Offset int64  // in the uncompressed snapshot
	Path   string // of the last znode read; "" if none was, "/" for the root
	Reason string // what is wrong, without the fields above
}

// Error is one line.
func (e *CorruptError) Error() string {
	last := "no znode before it"
	if e.Path != "" {
		last = "last znode " + strconv.Quote(e.Path)
	}
	return fmt.Sprintf("%s: damaged at offset %d (%s): %s", e.File, e.Offset, last, e.Reason)
}
