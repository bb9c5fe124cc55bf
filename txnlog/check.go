package txnlog

import (
	"fmt"

	"zook/jute"
)

// Checker looks at transactions in their order for what no checksum tells: that each
// follows the one before, and that its body is what its type says. The zero value has
// seen none.
type Checker struct {
	last int64 // zxid
	view jute.TxnView
}

// GapError is transactions that are missing before one that is there: those between
// After and Before. It is a *CorruptError, too.
type GapError struct {
	CorruptError
	After, Before int64 // zxids
}

func (e *GapError) Unwrap() error { return &e.CorruptError }

// Check returns a *CorruptError or a *GapError if the transaction cannot be what a
// server wrote behind those that were checked before. The next one is then to follow
// this one.
//
// A new epoch may begin anywhere. Apache gives a request that it cannot read the zxid
// of the transaction before it: such an error is no fault.
func (c *Checker) Check(rec *Record) error {
	last, h := c.last, rec.Header
	if h.Zxid <= last && h.Type == jute.OpError {
		return nil
	}
	c.last = h.Zxid
	fault := func(format string, args ...any) CorruptError {
		return CorruptError{File: rec.file, Offset: rec.Offset, Zxid: last, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case h.Zxid == last:
		e := fault("zxid 0x%x is there twice", h.Zxid)
		return &e
	case h.Zxid < last:
		e := fault("zxid 0x%x comes after 0x%x", uint64(h.Zxid), last)
		return &e
	case last != 0 && h.Zxid > last+1 && h.Zxid>>32 == last>>32:
		return &GapError{fault("zxid 0x%x comes after 0x%x: the transactions between them are missing", h.Zxid, last), last, h.Zxid}
	}
	if err := c.view.Decode(rec.Raw); err != nil {
		e := fault("transaction 0x%x of type %v: %v", h.Zxid, h.Type, err)
		return &e
	}
	return nil
}
