package server

import (
	"time"

	"zook/jute"
)

// batch is the unit of the pipeline: transactions in the order of their zxids,
// and the syncs and handshakes that are to be answered once these are applied.
type batch struct {
	txns  []*jute.Txn
	syncs []waiting
	alone *exclusive    // runs after these
	more  bool          // another batch is being prepared
	since time.Duration // since epoch: when it was committed
}

// waiting names a request that waits for an answer.
type waiting struct {
	session int64
	cxid    int32
	op      jute.OpCode
}

// engine makes batches durable. It is all that knows what "committed" means.
type engine interface {
	// commit takes a batch. The engine gives the batches that it has made durable to
	// the apply function that it was made with: all that became so at once together,
	// and in the order of commit.
	commit(batch)
	// close waits until what was taken is applied, and releases the files.
	close() error
}
