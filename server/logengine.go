package server

import (
	"fmt"
	"sync"

	"zook/txnlog"
)

// logEngine is the engine of a standalone server: a batch is committed when it
// has been appended to the transaction log and the log has been synced. Batches
// that arrive during a sync share the next one.
type logEngine struct {
	dir      string
	prealloc int64
	apply    func(batch)
	failed   func(error) // called once; nothing is applied after it

	in      *queue[batch]
	durable chan []batch
	done    sync.WaitGroup

	mu   sync.Mutex
	log  *txnlog.Writer // nil until the first transaction of a file
	roll bool           // begin a new file with the next transaction
	err  error
}

func newLogEngine(dir string, prealloc int64, apply func(batch), failed func(error)) *logEngine {
	e := &logEngine{dir: dir, prealloc: prealloc, apply: apply, failed: failed,
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
		batches := e.in.take(nil)
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

func (e *logEngine) append(batches []batch) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	dirty := false
	for _, b := range batches {
		for _, txn := range b.txns {
			if e.log == nil || e.roll {
				if err := e.open(txn.Header.Zxid); err != nil {
					return err
				}
			}
			if err := e.log.Append(txn); err != nil {
				return fmt.Errorf("transaction log: %w", err)
			}
			dirty = true
		}
	}
	if !dirty {
		return nil
	}
	if err := e.log.Sync(); err != nil {
		return fmt.Errorf("transaction log: %w", err)
	}
	return nil
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
	w, err := txnlog.Create(e.dir, zxid, txnlog.Options{Prealloc: e.prealloc})
	if err != nil {
		return fmt.Errorf("transaction log: %w", err)
	}
	e.log = w
	return nil
}

func (e *logEngine) applyLoop() {
	defer e.done.Done()
	for batches := range e.durable {
		for _, b := range batches {
			e.apply(b)
		}
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
