package server

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"zook/txnlog"
)

// logEngine is the engine of a standalone server: a batch is committed when it
// has been appended to the transaction log and the log has been synced. Batches
// that arrive during a sync share the next one.
type logEngine struct {
	dir    string
	cfg    *Config
	stats  *stats
	warn   *slog.Logger
	apply  func([]batch)
	failed func(error) // called once; nothing is applied after it

	in      *queue[batch]
	durable chan []batch
	done    sync.WaitGroup

	mu   sync.Mutex
	log  *txnlog.Writer // nil until the first transaction of a file
	roll bool           // begin a new file with the next transaction
	err  error

	appended  atomic.Int64 // bytes of transactions
	slowSyncs atomic.Int64 // that took as long as FsyncWarning
}

func newLogEngine(dir string, cfg *Config, stats *stats, warn *slog.Logger, apply func([]batch), failed func(error)) *logEngine {
	e := &logEngine{dir: dir, cfg: cfg, stats: stats, warn: warn, apply: apply, failed: failed,
		in: newQueue[batch](), durable: make(chan []batch, 1)}
	e.done.Add(2)
	go e.appendLoop()
	go e.applyLoop()
	return e
}

func (e *logEngine) commit(b batch) { e.in.put(b) }

// rollLog makes the next transaction begin a new file, as a snapshot does.
func (e *logEngine) rollLog() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.roll = true
}

func (e *logEngine) appendLoop() {
	defer e.done.Done()
	defer close(e.durable)
	for {
		batches := e.gather()
		if batches == nil {
			return
		}
		if err := e.append(batches); err != nil {
			e.failed(err)
			return
		}
		e.durable <- batches
	}
}

// maxTogether is how many transactions wait for others to be synced with them.
const maxTogether = 512

// gather takes what is there, and what is on its way: a sync costs as much as preparing a
// hundred requests. It returns nil when there will be nothing more.
func (e *logEngine) gather() []batch {
	batches := e.in.take(nil)
	for n, from := 0, 0; from < len(batches); {
		for _, b := range batches[from:] {
			n += len(b.txns)
		}
		if from = len(batches); n < maxTogether && batches[from-1].more {
			batches = append(batches, e.in.take(nil)...)
		}
	}
	return batches
}

func (e *logEngine) append(batches []batch) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	dirty := false
	began := e.stats.toSync(batches)
	for _, b := range batches {
		for _, txn := range b.txns {
			if e.log == nil || e.roll {
				if err := e.open(txn.Header.Zxid); err != nil {
					return err
				}
			}
			before := e.log.Size()
			if err := e.log.Append(txn); err != nil {
				return fmt.Errorf("transaction log: %w", err)
			}
			e.appended.Add(e.log.Size() - before)
			dirty = true
		}
	}
	if !dirty {
		return nil
	}
	appended := time.Since(epoch)
	if err := e.sync(); err != nil {
		return fmt.Errorf("transaction log: %w", err)
	}
	e.stats.synced(batches, began, appended)
	if limit := e.cfg.TxnLogSizeLimit; limit > 0 && e.log.Size() > limit {
		e.roll = true
	}
	return nil
}

// sync makes durable what was appended, unless the configuration gives that up.
func (e *logEngine) sync() error {
	if e.cfg.NoForceSync {
		return e.log.Flush()
	}
	since := time.Now()
	err := e.log.Sync()
	if took := time.Since(since); took >= e.cfg.FsyncWarning && err == nil {
		e.slowSyncs.Add(1)
		e.warn.Warn("the disk is slow: a sync of the transaction log held up every write",
			"took", took.Round(time.Millisecond).String(), "file", e.log.Name(), "size", e.log.Size())
	}
	return err
}

// open begins the file whose first transaction is zxid.
func (e *logEngine) open(zxid int64) error {
	if e.log != nil {
		if err := e.log.Close(); err != nil {
			return fmt.Errorf("transaction log: %w", err)
		}
		e.log = nil
	}
	e.roll = false
	w, err := txnlog.Create(e.dir, zxid, txnlog.Options{Prealloc: e.cfg.PreAllocSize})
	if err != nil {
		return fmt.Errorf("transaction log: %w", err)
	}
	e.log = w
	return nil
}

func (e *logEngine) applyLoop() {
	defer e.done.Done()
	for batches := range e.durable {
		e.apply(batches)
	}
}

func (e *logEngine) close() error {
	e.in.close()
	e.done.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.log == nil {
		return nil
	}
	return e.log.Close()
}
