package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"zook/jute"
	"zook/snapshot"
)

// snapshotPrinter writes what is in a snapshot in one format. Each worker that
// formats znodes has one.
type snapshotPrinter interface {
	znode(b []byte, n *dumpedZnode) []byte
	session(b []byte, s *snapshot.Session, ephemerals int) []byte
	acl(b []byte, a *snapshot.ACL) []byte
	digest(b []byte, g *snapshot.Digest) []byte
	lastZxid(b []byte, zxid int64) []byte
	// znodeACL writes an ACL as znode does; nil is one that the file does not have.
	znodeACL(acl []jute.ACL) []byte
}

// dumpedZnode is a znode of which less may have been kept.
type dumpedZnode struct {
	snapshot.Node
	length int    // of the data, which is not kept unless it is to be printed
	acl    []byte // as znodeACL writes it
}

// znodeBatch is some znodes of a snapshot, and what is printed of them.
type znodeBatch struct {
	nodes []dumpedZnode
	bytes []byte // paths and data, one behind the other
	read  int    // znodes read, those that were not wanted included
	out   []byte
}

const (
	znodeBatchBytes = 128 << 10
	znodeBatchNodes = 512
)

// snapshotStream prints a snapshot as it is read.
type snapshotStream struct {
	*snapshotDump
	r        *snapshot.Reader
	printer  func() snapshotPrinter
	sessions []snapshot.Session
	acls     []snapshot.ACL
	written  map[int64][]byte // ACLs by number, as znodes have them
	unknown  []byte           // for others
	owned    map[int64]int    // znodes by ephemeral owner
}

// dumpSnapshot prints a snapshot in a format of our own, in the order of the file.
// After an error, what was printed is not all, or not right, and the error says so.
func (e *Env) dumpSnapshot(ctx context.Context, d *snapshotDump) error {
	r, err := snapshot.Open(d.file)
	if err != nil {
		return err
	}
	defer r.Close()
	shown := &progress{}
	if !e.Terminal { // else it would be in the way
		shown = e.progress("read")
		defer shown.Finish()
	}
	out := e.snapshotOutput(d)
	s := snapshotStream{snapshotDump: d, r: r, printer: out.printer, owned: map[int64]int{}}
	err = s.run(ctx, func(b []byte, read int) error {
		shown.done.Add(int64(read))
		return out.write(b)
	})
	if err != nil && out.written {
		return fmt.Errorf("%w; what was printed is only a part, or wrong", err)
	}
	return cmp.Or(err, out.close())
}

// run calls write with what is printed, and how many znodes were read for it.
func (s *snapshotStream) run(ctx context.Context, write func(b []byte, read int) error) error {
	for session, err := range s.r.Sessions() {
		if err != nil {
			return err
		}
		s.sessions = append(s.sessions, session)
	}
	p := s.printer()
	s.unknown = p.znodeACL(nil)
	s.written = map[int64][]byte{snapshot.OpenACL: p.znodeACL(jute.OpenACL())}
	for acl, err := range s.r.ACLs() {
		if err != nil {
			return err
		}
		s.acls = append(s.acls, acl)
		s.written[acl.ID] = p.znodeACL(acl.List)
	}
	worker := func() func(*znodeBatch) {
		p := s.printer()
		return func(b *znodeBatch) { s.format(b, p) }
	}
	err := runPipeline(ctx, manyWorkers(), s.readZnodes, worker, func(b *znodeBatch) error { return write(b.out, b.read) })
	if err != nil || !s.filter.all() {
		return err
	}
	return write(s.formatRest(), 0)
}

// readZnodes fills batches with the znodes that are wanted.
func (s *snapshotStream) readZnodes(next func() *znodeBatch) error {
	b := next()
	for b != nil {
		n, err := s.r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if owner := n.Stat.EphemeralOwner; owner != 0 {
			s.owned[owner]++
		}
		b.read++
		if s.filter.match(n) {
			b.add(n, s.data != dataNone)
		}
		if len(b.bytes) >= znodeBatchBytes || len(b.nodes) >= znodeBatchNodes || b.read >= 16*znodeBatchNodes {
			if b = next(); b != nil {
				*b = znodeBatch{nodes: b.nodes[:0], bytes: reuse(b.bytes), out: reuse(b.out)}
			}
		}
	}
	return nil
}

// add copies a znode.
func (b *znodeBatch) add(n *snapshot.Node, withData bool) {
	z := dumpedZnode{Node: *n, length: len(n.Data)}
	z.Path, z.Data = b.keep(znodePath(n)), nil
	if n.Data != nil && withData {
		z.Data = b.keep(n.Data)
	}
	b.nodes = append(b.nodes, z)
}

// keep copies bytes, which never move: a buffer that is full is left to them.
func (b *znodeBatch) keep(p []byte) []byte {
	if cap(b.bytes)-len(b.bytes) < len(p) {
		b.bytes = make([]byte, 0, max(2*znodeBatchBytes, len(p)))
	}
	b.bytes = append(b.bytes, p...)
	return b.bytes[len(b.bytes)-len(p):]
}

func (s *snapshotStream) format(b *znodeBatch, p snapshotPrinter) {
	for i := range b.nodes {
		n := &b.nodes[i]
		var ok bool
		if n.acl, ok = s.written[n.ACL]; !ok {
			n.acl = s.unknown
		}
		b.out = p.znode(b.out, n)
	}
}

// formatRest formats all that is not znodes.
func (s *snapshotStream) formatRest() (b []byte) {
	p := s.printer()
	for i := range s.sessions {
		b = p.session(b, &s.sessions[i], s.owned[s.sessions[i].ID])
	}
	slices.SortFunc(s.acls, func(x, y snapshot.ACL) int { return cmp.Compare(x.ID, y.ID) })
	for i := range s.acls {
		b = p.acl(b, &s.acls[i])
	}
	if digest, ok := s.r.Digest(); ok {
		b = p.digest(b, &digest)
	}
	if zxid, ok := s.r.LastZxid(); ok {
		b = p.lastZxid(b, zxid)
	}
	return b
}
