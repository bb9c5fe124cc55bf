package datadir

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"zook/datatree"
	"zook/jute"
	"zook/txnlog"
)

// replaying is what a State knows while it is made.
type replaying struct {
	// settled is the zxid up to which the snapshot may hold what happened while it was
	// written; settles says that it does not hold more.
	settled int64
	settles bool

	// digestFrom is the zxid from which on the tree's digest says something: until then
	// the tree may hold more than it was told. digest is what it has to be there, if the
	// snapshot knows.
	digestFrom int64
	digest     *jute.TxnDigest
	differs    error // the first transaction whose digest was another, if all since have differed
	differing  int   // how many that are

	stopped bool // the target is reached
	gap     bool // and transactions are missing before the next one
}

// replayLog applies the transactions of a log that come after zxid, up to the target.
// The tail that a crash tears off the last log, or that a server is writing, was never
// acknowledged and is only a warning.
func (l *loader) replayLog(st *State, f File, after int64, last bool) error {
	r, err := txnlog.Open(f.Path)
	if torn(err) {
		return st.tornLog(err, last)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	for batch, err := range ahead(func(b *txnBatch) error { return b.fill(r, after, l.target) }) {
		if torn(err) {
			return st.tornLog(err, last)
		}
		if err != nil {
			return err
		}
		if l.progress.Add(int64(len(batch.txns))); l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		l.largest = max(l.largest, batch.largest)
		for i := range batch.txns {
			txn := &batch.txns[i]
			if zxid := txn.Header.Zxid; zxid > l.target || l.target != end && isGap(st.Tree.LastZxid(), zxid) {
				st.stopped, st.gap = true, isGap(st.Tree.LastZxid(), zxid)
				return nil
			}
			if err := st.apply(f.Path, txn); err != nil {
				return err
			}
			if txn.Header.Zxid == l.target {
				st.stopped = true
				return nil
			}
		}
	}
	return nil
}

// readTxn is a transaction that has been read ahead.
type readTxn struct {
	jute.Txn
	offset int64
}

// txnBatch is some of them.
type txnBatch struct {
	txns    []readTxn
	largest int // bytes
}

// fill takes the transactions that come after a zxid, up to the first that is behind the
// target.
func (b *txnBatch) fill(r *txnlog.Reader, after, target int64) error {
	b.txns, b.largest = b.txns[:0], 0
	for size := 0; len(b.txns) < batchSize && size < batchBytes; {
		rec, err := r.Next()
		switch {
		case err != nil:
			return err
		case rec.Header.Zxid <= after:
			continue
		case rec.Header.Zxid > target:
			b.txns = append(b.txns, readTxn{jute.Txn{Header: rec.Header}, rec.Offset})
			return io.EOF
		}
		txn, err := rec.Txn()
		if err != nil {
			return err
		}
		size += keepData(txn.Body)
		b.largest = max(b.largest, len(rec.Raw))
		b.txns = append(b.txns, readTxn{txn, rec.Offset})
	}
	return nil
}

// keepData copies data, which are the reader's, and returns their size.
func keepData(body jute.Record) (size int) {
	keep := func(data *[]byte) {
		*data = bytes.Clone(*data)
		size += len(*data)
	}
	switch b := body.(type) {
	case *jute.CreateTxn:
		keep(&b.Data)
	case *jute.CreateTTLTxn:
		keep(&b.Data)
	case *jute.CreateContainerTxn:
		keep(&b.Data)
	case *jute.SetDataTxn:
		keep(&b.Data)
	case *jute.MultiTxn:
		for i := range b.Txns {
			keep(&b.Txns[i].Data)
		}
	}
	return size
}

func torn(err error) bool {
	var c *txnlog.CorruptError
	return errors.As(err, &c) && c.Torn
}

// tornLog judges a torn tail. One in an older log is the trace of an older crash: the
// next log goes on where the whole part ended, which the order of zxids shows.
func (st *State) tornLog(err error, last bool) error {
	if last {
		st.Warnings = append(st.Warnings, fmt.Sprintf("an unfinished transaction is left out: %v", err))
	}
	return nil
}

func (st *State) apply(file string, txn *readTxn) error {
	damaged := func(format string, args ...any) error {
		return &txnlog.CorruptError{File: file, Offset: txn.offset, Zxid: st.Tree.LastZxid(), Reason: fmt.Sprintf(format, args...)}
	}
	h, last := &txn.Header, st.Tree.LastZxid()
	switch {
	case h.Zxid <= last && h.Type == jute.OpError:
		// Apache gives a request that it cannot read the zxid of the one before.
		return nil
	case h.Zxid <= last:
		return damaged("zxid 0x%x comes after 0x%x", h.Zxid, last)
	case isGap(last, h.Zxid):
		return damaged("zxid 0x%x comes after 0x%x: the transactions between them are missing", h.Zxid, last)
	}
	if _, err := st.Tree.Apply(&txn.Txn); err != nil {
		return damaged("%v", err)
	}
	st.Replayed++
	st.Time = h.Time
	switch h.Type {
	case jute.OpCreateSession:
		st.Sessions[h.ClientID] = txn.Body.(*jute.CreateSessionTxn).Timeout
	case jute.OpCloseSession:
		delete(st.Sessions, h.ClientID)
	}
	if st.digest != nil && h.Zxid == st.digestFrom && !st.agrees(st.digest) {
		return damaged("after this transaction the tree does not have the digest that the snapshot says")
	}
	if txn.Digest != nil && h.Zxid >= st.digestFrom {
		st.checkDigest(txn.Digest, func() error {
			return damaged("after this transaction, zxid 0x%x, the tree does not have the digest that the log says", h.Zxid)
		})
	}
	return nil
}

// checkDigest compares the tree with what a transaction says of it. Apache writes a
// wrong digest now and then, such as for a container that was asked for without the
// flag of one; but then the next is right again. A tree that is another stays another.
func (st *State) checkDigest(want *jute.TxnDigest, differs func() error) {
	if want.Version == datatree.DigestVersion {
		st.Compared++
	}
	switch {
	case !st.agrees(want):
		st.differing++
		if st.differs == nil {
			st.differs = differs()
		}
	case st.differs != nil:
		st.Warnings = append(st.Warnings, fmt.Sprintf("a digest is wrong, and later ones are right: %v", st.differs))
		st.differs, st.differing = nil, 0
	}
}

// agrees reports whether the tree has a digest, as far as that can be told.
func (st *State) agrees(want *jute.TxnDigest) bool {
	got, _ := st.Tree.Digest()
	return want.Version != datatree.DigestVersion || got == want.TreeDigest
}
