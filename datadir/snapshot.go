package datadir

import (
	"context"
	"io"
	"maps"
	"math"
	"os"
	"sync/atomic"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// age is how young what a snapshot holds is, as far as its znodes tell.
type age struct{ zxid, time int64 }

func (a *age) add(s *jute.StatPersisted) {
	a.zxid = max(a.zxid, s.Czxid, s.Mzxid, s.Pzxid)
	a.time = max(a.time, s.Ctime, s.Mtime)
}

// settled is the zxid up to which a snapshot that has been read may hold what happened
// while it was written. Its sections say it: they are written last. Servers before 3.6
// have none; then sure is false.
func (a *age) settled(f File, r *snapshot.Reader) (zxid int64, sure bool) {
	zxid = max(f.Zxid, a.zxid)
	if g, ok := r.Digest(); ok && g.Zxid != 0 {
		zxid, sure = max(zxid, g.Zxid), true
	}
	if last, ok := r.LastZxid(); ok {
		zxid, sure = max(zxid, last), true
	}
	return zxid, sure || zxid == 0 // or nothing had happened yet
}

// Read makes a tree of a snapshot that is in no data directory; name is for errors. zxid
// is that of the last transaction that the snapshot may hold something of; the tree's own
// is 0. The error is a *snapshot.CorruptError, or of src.
func Read(ctx context.Context, src io.Reader, name string) (st *State, zxid int64, err error) {
	r, err := snapshot.NewReader(src, name)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	l := &loader{ctx: ctx, progress: new(atomic.Int64)}
	if st, err = l.read(r, File{Path: name}); err != nil {
		return nil, 0, err
	}
	st.Snapshot = nil
	if g, ok := r.Digest(); ok && g.Zxid != 0 && !st.agrees(&jute.TxnDigest{Version: g.Version, TreeDigest: g.Digest}) {
		st.Warnings = append(st.Warnings, name+": the tree does not have the digest that the snapshot says: it changed while it was written")
	}
	return st, st.settled, nil
}

func (l *loader) readSnapshot(f File) (*State, error) {
	r, err := snapshot.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return l.read(r, f)
}

func (l *loader) read(r *snapshot.Reader, f File) (*State, error) {
	st := &State{Sessions: map[int64]int32{}, Snapshot: &f}
	for s, err := range r.Sessions() {
		if err != nil {
			return nil, err
		}
		st.Sessions[s.ID] = s.Timeout
	}
	b := datatree.NewBuilder()
	for a, err := range r.ACLs() {
		if err != nil {
			return nil, err
		}
		b.ACL(a.ID, a.List)
	}
	var young age
	for batch, err := range ahead(func(b *nodeBatch) error { return b.fill(r, &young) }) {
		if err != nil {
			return nil, err
		}
		if l.progress.Add(int64(len(batch.nodes))); l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		if n, err := b.Add(batch.nodes); err != nil {
			return nil, &snapshot.CorruptError{File: f.Path, Offset: batch.offsets[n], Reason: err.Error()}
		}
		if batch.first && r.Compression() == snapshot.None {
			b.Expect(guessZnodes(f, len(batch.nodes), batch.offsets[len(batch.nodes)-1]))
		}
	}
	st.Tree, st.Time = b.Tree(f.Zxid), young.time
	st.settled, st.settles = young.settled(f, r)
	return st, st.expectDigest(r, f)
}

// guessZnodes is about how many znodes a snapshot has of which the first n end at an
// offset; not much too many, if these are smaller than the others.
func guessZnodes(f File, n int, offset int64) int {
	st, err := os.Stat(f.Path)
	if err != nil || n == 0 {
		return 0
	}
	return int(min(st.Size()*int64(n)/offset, 1<<21))
}

// nodeBatch is some znodes that have been read ahead, with the bytes of their paths and data.
type nodeBatch struct {
	nodes   []datatree.Entry
	offsets []int64
	bytes   []byte
	first   bool

	digester datatree.Digester
}

func (b *nodeBatch) fill(r *snapshot.Reader, young *age) error {
	b.nodes, b.offsets, b.bytes, b.first = b.nodes[:0], b.offsets[:0], b.bytes[:0], false
	if cap(b.bytes) > 2*batchBytes {
		b.bytes = nil // a large znode is not kept room for
	}
	for len(b.nodes) < batchSize && len(b.bytes) < batchBytes {
		n, err := r.Next()
		if err != nil {
			return err
		}
		b.first = b.first || *young == age{}
		young.add(&n.Stat)
		path, data := b.keep(n.Path), b.keep(n.Data)
		b.nodes = append(b.nodes, b.digester.NewEntry(path, data, n.ACL, &n.Stat))
		b.offsets = append(b.offsets, n.Offset)
	}
	return nil
}

// keep copies bytes, which are the reader's, but for null.
func (b *nodeBatch) keep(v []byte) []byte {
	if len(v) == 0 {
		return v
	}
	start := len(b.bytes)
	b.bytes = append(b.bytes, v...)
	return b.bytes[start:len(b.bytes):len(b.bytes)]
}

// expectDigest takes what a snapshot says of the tree's digest.
func (st *State) expectDigest(r *snapshot.Reader, f File) error {
	g, ok := r.Digest()
	switch {
	case f.Zxid == 0: // an empty tree; nothing had happened yet
	case !ok || g.Zxid == 0: // of a server before 3.6, or one that had applied nothing yet
		st.digestFrom = math.MaxInt64
	case g.Zxid < f.Zxid: // of a leader that began an epoch: no transaction in between, and no promise
		st.digestFrom = f.Zxid
	default:
		st.digestFrom, st.digest = g.Zxid, &jute.TxnDigest{Version: g.Version, TreeDigest: g.Digest}
		if g.Zxid == f.Zxid && !st.agrees(st.digest) {
			return &snapshot.CorruptError{File: f.Path, Reason: "the tree does not have the digest that the snapshot says"}
		}
	}
	return nil
}

// WriteSnapshot writes the snapshot that e is of, with the sessions of the moment when
// the export began, by id with their timeouts in milliseconds. The tree may change
// meanwhile.
func (d *Dir) WriteSnapshot(e *datatree.Export, sessions map[int64]int32) error {
	_, err := snapshot.Create(d.SnapDir, e.Zxid(), snapshot.Options{Compression: d.Compression}, func(w *snapshot.Writer) error {
		w.Sessions(len(sessions), maps.All(sessions)) // the writer's error sticks
		acls := e.ACLs()
		w.ACLs(len(acls), maps.All(acls))
		err := e.Walk(func(path string, n datatree.Node) error {
			if path == "/" {
				path = ""
			}
			return w.Node(path, n.Data, n.ACLRef, n.Stat)
		})
		if err != nil {
			return err
		}
		if d.NoDigest {
			return nil
		}
		digest, at := e.Digest()
		if err := w.Digest(snapshot.Digest{Zxid: at, Version: datatree.DigestVersion, Digest: digest}); err != nil || d.NoLastZxid {
			return err
		}
		return w.LastZxid(at) // a server that restores the snapshot has no file name to tell
	})
	return err
}
