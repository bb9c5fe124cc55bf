package commands

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// snapshotCheck checks one snapshot, as it is read.
type snapshotCheck struct {
	verdict
	name     int64 // the zxid of the name; -1 if that is none of a snapshot
	order    *znodeOrder
	sessions map[int64]bool
	acls     map[int64]bool

	digest   uint64
	youngest snapshotFinding // the znode with the highest zxid
	zxid     int64           // which is that
	noACL    lacking         // znodes whose ACL is not in the table
	noOwner  lacking         // ephemerals whose session is not in the file
	system   int             // what every server's tree has
	quiet    bool            // nothing happened while it was written
}

// lacking are znodes that refer to what is not there: the first, and how many.
type lacking struct {
	first snapshotFinding
	n     int64
}

func (l *lacking) add(n *snapshot.Node, path string) {
	if l.n++; l.n == 1 {
		l.first = snapshotFinding{Offset: &n.Offset, Path: path}
		at := n.Offset
		l.first.Offset = &at
	}
}

// more says how many there are besides the first.
func (l *lacking) more() string {
	if l.n == 1 {
		return ""
	}
	return fmt.Sprintf(" (and so for %d more)", l.n-1)
}

func newSnapshotCheck(file string) *snapshotCheck {
	c := &snapshotCheck{verdict: verdict{File: file, Digest: "unknown", Faults: []snapshotFinding{}, Warnings: []snapshotFinding{}}, name: -1,
		order: newZnodeOrder("/"), sessions: map[int64]bool{}, acls: map[int64]bool{snapshot.OpenACL: true}}
	if zxid, ok := snapshot.ParseName(filepath.Base(file)); ok {
		hex := Hex(zxid)
		c.name, c.Zxid, c.LastZxid = zxid, &hex, hex
	}
	return c
}

// fault notes damage. An offset of -1 is none.
func (c *snapshotCheck) fault(offset int64, path, format string, args ...any) {
	c.note(&c.Faults, offset, path, fmt.Sprintf(format, args...))
}

func (c *snapshotCheck) warning(offset int64, path, format string, args ...any) {
	c.note(&c.Warnings, offset, path, fmt.Sprintf(format, args...))
}

func (c *snapshotCheck) note(list *[]snapshotFinding, offset int64, path, reason string) {
	if len(*list) == maxFindings {
		c.More++
		return
	}
	f := snapshotFinding{Path: path, Reason: reason}
	if offset >= 0 {
		f.Offset = &offset
	}
	*list = append(*list, f)
}

// check reads the file to its end, or to where it makes no more sense, which is a
// *snapshot.CorruptError.
func (c *snapshotCheck) check(ctx context.Context, shown *progress) error {
	r, err := snapshot.Open(c.File)
	if err != nil {
		return err
	}
	defer r.Close()
	c.checkHeader(r)
	if err := c.checkTables(r); err != nil {
		return err
	}
	stop := stopCheck{ctx: ctx}
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		c.checkNode(n)
		shown.done.Add(1)
		if err := stop.check(); err != nil {
			return err
		}
	}
	c.checkEnd(r)
	return nil
}

func (c *snapshotCheck) checkHeader(r *snapshot.Reader) {
	if h := r.Header(); h.DBID != -1 {
		c.warning(8, "", "the database id is %d, and servers write -1", h.DBID)
	}
	if packed := r.Compression(); packed != snapshot.None {
		c.Compression = packed.String()
	}
	if c.name >= 0 && filepath.Base(c.File) != snapshot.FileName(c.name, r.Compression()) {
		c.warning(-1, "", "servers go by the name, and its content would be %s", snapshot.FileName(c.name, r.Compression()))
	}
}

func (c *snapshotCheck) checkTables(r *snapshot.Reader) error {
	for s, err := range r.Sessions() {
		if err != nil {
			return err
		}
		if c.sessions[s.ID] {
			c.warning(-1, "", "session 0x%x is there twice", uint64(s.ID))
		}
		c.sessions[s.ID] = true
	}
	for a, err := range r.ACLs() {
		if err != nil {
			return err
		}
		if c.acls[a.ID] {
			c.warning(-1, "", "ACL %d is there twice", a.ID)
		}
		c.acls[a.ID] = true
	}
	c.Sessions, c.ACLs = len(c.sessions), len(c.acls)-1
	return nil
}

func (c *snapshotCheck) checkNode(n *snapshot.Node) {
	c.Znodes++
	path := string(n.Path)
	if path == "" {
		path = "/"
	}
	if err := c.order.add(path); err != nil {
		c.fault(n.Offset, path, "%v", err)
	}
	if err := jute.CheckPath(path, false); err != nil {
		c.warning(n.Offset, path, "no server creates this: %v", err)
	}
	c.digest += uint64(datatree.NodeDigest(path, n.Data, &n.Stat))
	if zxid := max(n.Stat.Czxid, n.Stat.Mzxid, n.Stat.Pzxid); zxid > c.zxid {
		at := n.Offset
		c.zxid, c.youngest = zxid, snapshotFinding{Offset: &at, Path: path}
	}
	if !c.acls[n.ACL] {
		c.noACL.add(n, path)
	}
	if kind, _ := datatree.OwnerKind(n.Stat.EphemeralOwner); kind == datatree.KindEphemeral && !c.sessions[n.Stat.EphemeralOwner] {
		c.noOwner.add(n, path)
	}
	if path == "/" || path == "/zookeeper" || path == datatree.QuotaPath {
		c.system++
	}
}

// checkEnd judges what only all of the snapshot can tell.
func (c *snapshotCheck) checkEnd(r *snapshot.Reader) {
	if c.Znodes == 0 {
		c.fault(-1, "", "there is no znode, not even /")
	} else if c.system < 3 {
		c.warning(-1, "", "it lacks /, /zookeeper or %s, which servers need", datatree.QuotaPath)
	}
	said := c.checkDigest(r)
	if zxid, ok := r.LastZxid(); ok {
		said = max(said, zxid)
		if zxid < c.name {
			c.fault(-1, "", "its last zxid is 0x%x, and by its name it was begun at 0x%x", uint64(zxid), c.name)
		}
	}
	c.LastZxid = Hex(max(int64(c.LastZxid), said, c.zxid))
	if said > 0 && c.zxid > max(said, c.name) {
		c.warning(*c.youngest.Offset, c.youngest.Path, "it is of transaction 0x%x, and the snapshot says that 0x%x was the last", c.zxid, max(said, c.name))
	}
	if c.noACL.n > 0 {
		note := c.warning
		if c.quiet {
			note = c.fault
		}
		note(*c.noACL.first.Offset, c.noACL.first.Path, "its ACL is not in the table%s: nobody may do anything there until a log tells it", c.noACL.more())
	}
	if c.noOwner.n > 0 {
		c.warning(*c.noOwner.first.Offset, c.noOwner.first.Path, "its session is not in the file%s: a server that starts deletes it, unless a log tells of the session", c.noOwner.more())
	}
}

// checkDigest compares the digest, if it is of this tree. It returns its zxid.
func (c *snapshotCheck) checkDigest(r *snapshot.Reader) int64 {
	g, ok := r.Digest()
	if !ok || g.Zxid == 0 {
		c.Digest = "none"
		return 0
	}
	agrees := uint64(g.Digest) == c.digest
	c.quiet = g.Zxid == c.name
	switch {
	case g.Version != datatree.DigestVersion:
		c.Digest = "none"
		c.warning(-1, "", "its digest is of version %d, only %d is known", g.Version, datatree.DigestVersion)
	case agrees:
		c.Digest = "agrees"
	case g.Zxid > c.name:
		c.Digest = "later"
	case g.Zxid < c.name: // of a leader that began an epoch: no transaction in between, and no promise
		c.Digest = "earlier"
	default:
		c.Digest = "differs"
		c.fault(-1, "", "the tree does not have the digest that the snapshot says: 0x%x, not 0x%x", c.digest, uint64(g.Digest))
	}
	return g.Zxid
}
