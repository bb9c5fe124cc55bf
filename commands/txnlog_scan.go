package commands

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"zook/txnlog"
)

const (
	batchBytes = 128 << 10 // of transactions
	batchTxns  = 1024
)

// txnScan reads logs one after the other and makes output of what a filter wants of
// them: one goroutine reads, others decode and format, and the output is handed on
// in the order of the logs. Memory does not grow with the logs.
type txnScan struct {
	files  []string
	filter *txnFilter
	// format returns what appends a transaction to the output; each of the workers
	// asks for its own.
	format  func() func(b []byte, t *loggedTxn) []byte
	workers int
	toolkit bool // frame each log as Apache's TxnLogToolkit does
}

// txnBatch is some transactions of one log, and what came out of them.
type txnBatch struct {
	file  string
	raw   []byte // the transactions, one behind the other
	txns  []batchedTxn
	seen  int    // transactions read, those that were not wanted by their header included
	begin []byte // output before them
	end   []byte // and behind
	bad   badTxns
	err   error // why the log cannot be read on
	last  bool  // of the log
	whole int64 // where the transactions of the log end, if this is its last batch

	out []byte
}

type batchedTxn struct {
	end    int // in raw
	offset int64
	damage string
}

// badTxns are those that cannot be trusted, or not even decoded.
type badTxns struct {
	count  int
	offset int64 // of the first
	reason string
}

func (b *badTxns) add(n badTxns) {
	if b.count == 0 || n.count > 0 && n.offset < b.offset {
		b.offset, b.reason = n.offset, n.reason
	}
	b.count += n.count
}

// run reads all logs and calls each with every batch. Its error is that of each, or
// that of ctx.
func (s *txnScan) run(ctx context.Context, each func(*txnBatch) error) error {
	read := func(next func() *txnBatch) error {
		(&txnScanner{txnScan: s, next: next}).readAll()
		return nil
	}
	worker := func() func(*txnBatch) {
		format := s.format()
		return func(b *txnBatch) { b.make(s.filter, format) }
	}
	return runPipeline(ctx, s.workers, read, worker, each)
}

// make makes the output of the batch.
func (b *txnBatch) make(filter *txnFilter, format func([]byte, *loggedTxn) []byte) {
	b.out = append(b.out[:0], b.begin...)
	t := loggedTxn{file: b.file}
	start := 0
	for _, at := range b.txns {
		t.offset, t.damage = at.offset, at.damage
		t.decode(b.raw[start:at.end])
		start = at.end
		if t.damage != "" {
			b.bad.add(badTxns{1, t.offset, t.damage})
		}
		if filter.matchBody(&t.TxnView) {
			b.out = format(b.out, &t)
		}
	}
	b.out = append(b.out, b.end...)
}

// txnScanner is the reading side of a scan.
type txnScanner struct {
	*txnScan
	next func() *txnBatch // nil once the scan is over

	file  string
	count int       // its transactions so far
	whole int64     // where they, or the header, end; 0 if it has no header
	batch *txnBatch // being filled
}

func (s *txnScanner) readAll() {
	for _, s.file = range s.files {
		s.count, s.whole = 0, 0
		err := s.readFile()
		if !s.room() {
			return
		}
		if s.toolkit && s.whole > 0 {
			s.batch.end = s.appendToolkitEnd(s.batch.end, err)
		}
		s.batch.err, s.batch.last, s.batch.whole = err, true, s.whole
		s.batch = nil
	}
}

// room makes sure that there is a batch to fill. It is false if the scan is over.
func (s *txnScanner) room() bool {
	if s.batch != nil {
		return true
	}
	b := s.next()
	if b == nil {
		return false
	}
	*b = txnBatch{file: s.file, raw: reuse(b.raw), txns: b.txns[:0], begin: b.begin[:0], end: b.end[:0], out: reuse(b.out)}
	s.batch = b
	return true
}

// reuse empties a buffer. One that a rare transaction has made large is let go.
func reuse(b []byte) []byte {
	if cap(b) > 32*batchBytes {
		return nil
	}
	return b[:0]
}

// readFile reads a log to its end.
func (s *txnScanner) readFile() error {
	r, err := txnlog.OpenAny(s.file)
	if err != nil {
		return err
	}
	defer r.Close()
	r.KeepDamaged = true
	if s.toolkit && s.room() {
		h := r.Header()
		s.batch.begin = fmt.Appendf(s.batch.begin, "ZooKeeper Transactional Log File with dbid %d txnlog format version %d\n", h.DBID, h.Version)
	}
	for {
		rec, err := r.Next()
		s.whole = r.Offset()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case !s.add(rec):
			return nil
		}
	}
}

// add adds a record to the batch, if the filter may want it. It is false if the
// scan is over.
func (s *txnScanner) add(rec *txnlog.Record) bool {
	if !s.room() {
		return false
	}
	s.count++
	b := s.batch
	b.seen++
	wanted := s.filter.matchHeader(&rec.Header)
	switch {
	case wanted:
		b.raw = append(b.raw, rec.Raw...)
		at := batchedTxn{end: len(b.raw), offset: rec.Offset}
		if rec.Damaged != nil {
			at.damage = rec.Damaged.Reason
		}
		b.txns = append(b.txns, at)
	case rec.Damaged != nil:
		b.bad.add(badTxns{1, rec.Offset, rec.Damaged.Reason})
	}
	if len(b.raw) >= batchBytes || len(b.txns) >= batchTxns || b.seen >= 64*batchTxns {
		s.batch = nil
	}
	return true
}

// filesOf are those of the logs that can hold what the filter wants, by the zxids
// in their names.
func (t *txnFilter) filesOf(files []string) []string {
	var wanted []string
	for i, file := range files {
		first, named := txnlog.ParseName(filepath.Base(file))
		if !named {
			first = 0
		}
		var next int64
		if i+1 < len(files) && filepath.Dir(file) == filepath.Dir(files[i+1]) {
			next, _ = txnlog.ParseName(filepath.Base(files[i+1]))
		}
		if t.mayHold(first, next) {
			wanted = append(wanted, file)
		}
	}
	return wanted
}
