package commands

import (
	"bytes"
	"cmp"
	"slices"

	"zook/jute"
)

// txnCounter counts transactions as they come. What it keeps does not grow with
// their number.
type txnCounter struct {
	txnStats
	most, depth int

	types    map[jute.OpCode]*typeStats
	prefixes *tally[string]
	paths    *tally[string]
	sessions *tally[int64]
	errs     *tally[int32]
	open     map[int64]bool // sessions that have not ended, by whether they began here
	largest  topList[writeStats]
	busiest  topList[secondStats]
	gaps     topList[zxidGap]
	logs     []logStats // by file, what is known from the transactions

	second secondStats // that is counted now
	last   jute.TxnHeader
}

// maxOpen is the most sessions that are followed to their end at a time.
const maxOpen = 1 << 20

func newTxnCounter(most, depth int) *txnCounter {
	return &txnCounter{
		most: most, depth: depth,
		types:    map[jute.OpCode]*typeStats{},
		prefixes: newTally[string](), paths: newTally[string](), sessions: newTally[int64](), errs: newTally[int32](),
		open: map[int64]bool{},
		largest: newTopList(most, func(a, b writeStats) int {
			return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Zxid, b.Zxid))
		}),
		busiest: newTopList(most, func(a, b secondStats) int {
			return cmp.Or(cmp.Compare(b.Transactions, a.Transactions), cmp.Compare(a.Time, b.Time))
		}),
		gaps: newTopList(most, func(a, b zxidGap) int {
			return cmp.Or(cmp.Compare(b.Missing, a.Missing), cmp.Compare(a.After, b.After))
		}),
	}
}

// add counts a transaction. It appends nothing: it is there for txnScan.
func (c *txnCounter) add(b []byte, t *loggedTxn) []byte {
	if t.damage != "" {
		c.Damaged++
		return b
	}
	h := &t.Header
	c.addZxid(h)
	c.addTime(h)
	c.addToLog(t)
	c.Transactions++
	kind := c.typeOf(h.Type)
	kind.Transactions++
	kind.Bytes += int64(t.size)
	session := c.sessions.counts[h.ClientID]
	if session == nil {
		session = c.sessions.add(h.ClientID)
	}
	session.count++
	c.addSession(h)
	if h.Type == jute.OpError {
		c.addErr(t.Err)
		return b
	}
	if h.Type == jute.OpMulti && t.Failed() {
		c.Refused.Multis++
		for i := range t.Ops {
			if o := &t.Ops[i]; o.Type == jute.OpError && o.Err != jute.ErrOK && o.Err != jute.ErrRuntimeInconsistency {
				c.addErr(o.Err)
				return b
			}
		}
		c.addErr(jute.ErrRuntimeInconsistency)
		return b
	}
	for i := range t.Ops {
		o := &t.Ops[i]
		if h.Type == jute.OpMulti {
			c.typeOf(o.Type).Parts++
		}
		session.bytes += int64(len(o.Data))
		c.addOp(h, o)
	}
	for _, path := range t.Closed {
		c.addPath(path, 0)
	}
	return b
}

func (c *txnCounter) typeOf(op jute.OpCode) *typeStats {
	t := c.types[op]
	if t == nil {
		t = &typeStats{Type: op.String()}
		c.types[op] = t
	}
	return t
}

// addZxid looks for what is missing since the last transaction.
func (c *txnCounter) addZxid(h *jute.TxnHeader) {
	last := c.last.Zxid
	c.last.Zxid = h.Zxid
	if c.Transactions == 0 {
		zxid := Hex(h.Zxid)
		c.FirstZxid, c.Epochs = &zxid, 1
		return
	}
	switch {
	case h.Zxid <= last:
		if c.Unsorted.Count++; c.Unsorted.First == nil {
			zxid := Hex(h.Zxid)
			c.Unsorted.First = &zxid
		}
		return
	case h.Zxid>>32 != last>>32:
		c.Epochs++
		if h.Zxid != last+1 { // else a server alone, which counts through
			last = h.Zxid >> 32 << 32
		}
	}
	if missing := h.Zxid - last - 1; missing > 0 {
		c.Gaps.Count++
		c.Gaps.Missing += missing
		c.gaps.add(zxidGap{Hex(last), Hex(h.Zxid), missing})
	}
}

// addTime counts the transaction's second. One second that comes twice, because time
// ran backwards, is counted as two.
func (c *txnCounter) addTime(h *jute.TxnHeader) {
	last := c.last.Time
	c.last.Time = h.Time
	if c.Transactions == 0 {
		first := Time(h.Time)
		c.FirstTime = &first
	} else if back := last - h.Time; back > 0 {
		c.Back.Count++
		if back > c.Back.Most {
			zxid := Hex(h.Zxid)
			c.Back.Most, c.Back.Zxid = back, &zxid
		}
	}
	second := Time(floorDiv(h.Time, 1000) * 1000)
	if second != c.second.Time && c.second.Transactions > 0 {
		c.busiest.add(c.second)
		c.second.Transactions = 0
	}
	c.second.Time = second
	c.second.Transactions++
}

// addToLog counts the transaction for its file.
func (c *txnCounter) addToLog(t *loggedTxn) {
	zxid := Hex(t.Header.Zxid)
	if n := len(c.logs); n == 0 || c.logs[n-1].File != t.file {
		first := zxid
		c.logs = append(c.logs, logStats{File: t.file, FirstZxid: &first, LastZxid: new(Hex)})
	}
	l := &c.logs[len(c.logs)-1]
	l.Transactions++
	*l.LastZxid = zxid
}

// addSession follows sessions from their beginning to their end. A server that
// closes one has no request with a cxid to do so.
func (c *txnCounter) addSession(h *jute.TxnHeader) {
	_, known := c.open[h.ClientID]
	switch h.Type {
	case jute.OpCreateSession:
		c.Sessions.Opened++
		if len(c.open) < maxOpen {
			c.open[h.ClientID] = true
		}
		return
	case jute.OpCloseSession:
		delete(c.open, h.ClientID)
		if h.Cxid == 0 {
			c.Sessions.Expired++
		} else {
			c.Sessions.Closed++
		}
	default:
		if !known && len(c.open) < maxOpen {
			c.open[h.ClientID] = false
		}
	}
	if !known {
		c.Sessions.Before++
	}
}

func (c *txnCounter) addErr(code jute.ErrCode) {
	c.Refused.Transactions++
	e := c.errs.counts[int32(code)]
	if e == nil {
		e = c.errs.add(int32(code))
	}
	e.count++
}

// addOp counts a change. A check is none.
func (c *txnCounter) addOp(h *jute.TxnHeader, o *jute.OpView) {
	if o.Type == jute.OpCheck {
		return
	}
	size := int64(len(o.Data))
	c.DataBytes += size
	c.addPath(o.Path, size)
	if l := c.largest.items; size > 0 && (len(l) < c.most || c.most > 0 && size > l[len(l)-1].Bytes) {
		c.largest.add(writeStats{string(o.Path), size, o.Type.String(), Hex(h.Zxid), Time(h.Time)})
	}
}

func (c *txnCounter) addPath(path []byte, size int64) {
	for _, to := range []struct {
		tally *tally[string]
		path  []byte
	}{{c.paths, path}, {c.prefixes, prefixOf(path, c.depth)}} {
		n := to.tally.counts[string(to.path)]
		if n == nil {
			n = to.tally.add(string(to.path))
		}
		n.count++
		n.bytes += size
	}
}

// prefixOf is the part of a path down to depth names.
func prefixOf(path []byte, depth int) []byte {
	for i := 1; i < len(path); i++ {
		next := bytes.IndexByte(path[i:], '/')
		if next < 0 {
			break
		}
		if i += next; depth == 1 {
			return path[:i]
		}
		depth--
	}
	return path
}

// stats is the sum. sizes are what is known of the files without their transactions.
func (c *txnCounter) stats(sizes []logStats) *txnStats {
	s := &c.txnStats
	s.Files = []logStats{}
	for _, l := range sizes {
		if i := slices.IndexFunc(c.logs, func(m logStats) bool { return m.File == l.File }); i >= 0 {
			l.Transactions, l.FirstZxid, l.LastZxid = c.logs[i].Transactions, c.logs[i].FirstZxid, c.logs[i].LastZxid
		}
		s.Bytes += l.Used
		s.Files = append(s.Files, l)
	}
	if s.Transactions > 0 {
		zxid, at := Hex(c.last.Zxid), Time(c.last.Time)
		s.LastZxid, s.LastTime = &zxid, &at
		c.busiest.add(c.second)
		if span := float64(at-*s.FirstTime) / 1000; span > 0 {
			s.PerSecond = float64(s.Transactions) / span
		}
	}
	s.Busiest, s.Largest, s.Gaps.Largest = c.busiest.items, c.largest.items, c.gaps.items
	s.Types = []typeStats{}
	for _, t := range c.types {
		s.Types = append(s.Types, *t)
	}
	slices.SortFunc(s.Types, func(a, b typeStats) int {
		return cmp.Or(cmp.Compare(b.Transactions, a.Transactions), cmp.Compare(b.Parts, a.Parts), cmp.Compare(a.Type, b.Type))
	})
	path := func(path string, n *tallied) pathStats { return pathStats{path, n.count, n.missed, n.bytes} }
	s.Prefixes, s.Hottest = top(c.prefixes, c.most, path), top(c.paths, c.most, path)
	s.Sessions.Busiest = top(c.sessions, c.most, func(id int64, n *tallied) sessionStats {
		return sessionStats{Hex(id), n.count, n.missed, n.bytes}
	})
	s.Refused.Errors = top(c.errs, max(c.most, len(c.errs.counts)), func(code int32, n *tallied) errStats {
		return errStats{code, jute.ErrCode(code).Error(), n.count}
	})
	s.Sessions.Open = int64(len(c.open))
	return s
}
