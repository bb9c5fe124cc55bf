package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zook/datadir"
	"zook/snapshot"
	"zook/txnlog"
)

// logCheck checks logs in their order.
type logCheck struct {
	ctx    context.Context
	shown  *progress
	snaps  []datadir.File // beside the logs
	dir    bool           // all logs of a directory are checked
	newest bool           // this is the last of them

	checker    txnlog.Checker
	time       int64  // of the transaction before
	damaged    bool   // there was a fault
	gap        bool   // transactions are missing
	unfinished string // what was said of the torn end of the last log

	*logVerdict
	backwards int64      // how often clocks went back
	set       logFinding // where they first did
}

// check checks a log. Its error is what kept it from that.
func (c *logCheck) check(file string) (*logVerdict, error) {
	c.logVerdict = &logVerdict{File: file, Faults: []logFinding{}, Warnings: []logFinding{}}
	c.backwards = 0
	before, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	c.Size = before.Size()
	shown := c.shown.done.Load()
	err = c.read()
	c.shown.done.Store(shown + c.Size)
	var corrupt *txnlog.CorruptError
	switch {
	case errors.As(err, &corrupt) && corrupt.Torn:
		c.torn(corrupt, before)
	case errors.As(err, &corrupt):
		c.fault(corrupt, c.repair())
	case err != nil:
		return nil, err
	}
	if c.backwards > 0 {
		c.set.Reason = fmt.Sprintf("the time is before that of the transaction before (%d such in all)", c.backwards)
		c.Warnings = append(c.Warnings, c.set)
	}
	c.OK = len(c.Faults) == 0
	c.damaged = c.damaged || !c.OK
	return c.logVerdict, nil
}

// read reads a log up to its end, or to where it cannot be read on.
func (c *logCheck) read() error {
	r, err := txnlog.OpenAny(c.File)
	if err != nil {
		return err
	}
	defer r.Close()
	shown := c.shown.done.Load()
	for {
		rec, err := r.Next()
		c.Used = r.Offset()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if c.Transactions%1024 == 1023 {
			if c.shown.done.Store(shown + c.Used); c.ctx.Err() != nil {
				return c.ctx.Err()
			}
		}
		c.add(rec)
	}
}

// add takes in a transaction.
func (c *logCheck) add(rec *txnlog.Record) {
	h := &rec.Header
	if c.Transactions == 0 {
		c.First = new(Hex(h.Zxid))
		if zxid, named := txnlog.ParseName(filepath.Base(c.File)); named && zxid != h.Zxid {
			c.fault(&txnlog.CorruptError{Offset: rec.Offset, Reason: fmt.Sprintf("the first transaction is 0x%x, and not that of the name", h.Zxid)},
				"servers go by the name")
		}
		c.Last = new(Hex)
	}
	err := c.checker.Check(rec)
	var gap *txnlog.GapError
	var corrupt *txnlog.CorruptError
	switch {
	case errors.As(err, &gap):
		c.gap = true
		if snap := needless(gap, c.snaps); snap != "" {
			c.warning(&gap.CorruptError, "a start does not need them, as "+filepath.Base(snap)+" is newer")
		} else {
			c.fault(&gap.CorruptError, fmt.Sprintf("a start needs a snapshot of 0x%x or later", gap.Before-1))
		}
	case errors.As(err, &corrupt) && c.Transactions == 0: // and not that of the log before
		c.fault(corrupt, "")
	case errors.As(err, &corrupt):
		c.fault(corrupt, c.repair())
	}
	if h.Time < c.time {
		if c.backwards++; c.backwards == 1 {
			c.set = findingOf(&txnlog.CorruptError{Offset: rec.Offset, Zxid: int64(*c.Last)})
		}
	}
	c.time = h.Time
	c.Transactions++
	*c.Last = Hex(h.Zxid)
}

// torn judges what a crash left.
func (c *logCheck) torn(e *txnlog.CorruptError, before os.FileInfo) {
	header := c.Used == 0
	c.unfinished = e.Error()
	switch {
	case header && c.dir && c.newest && c.Size == 0:
		c.warning(e, "a server starts without it")
	case header:
		c.fault(e, "there is nothing in it: Apache's server starts only without the file")
	case c.dir && !c.newest:
		c.warning(e, "a crash left it, and the next log goes on without it")
	case isWritten(c.ctx, c.File, before):
		c.warning(e, "the log is being written")
	case c.dir:
		c.warning(e, "a server starts without it")
	default:
		c.fault(e, c.repair())
	}
}

// repair is what to do about a fault.
func (c *logCheck) repair() string {
	if c.Transactions == 0 && c.Used == 0 {
		return ""
	}
	return "zook txnlog repair " + c.File
}

func findingOf(e *txnlog.CorruptError) logFinding {
	f := logFinding{Offset: e.Offset, Reason: e.Reason}
	if e.Zxid != 0 {
		f.After = new(Hex(e.Zxid))
	}
	return f
}

func (c *logCheck) fault(e *txnlog.CorruptError, advice string) { c.find(&c.Faults, e, advice) }

func (c *logCheck) warning(e *txnlog.CorruptError, advice string) { c.find(&c.Warnings, e, advice) }

func (c *logCheck) find(list *[]logFinding, e *txnlog.CorruptError, advice string) {
	if len(*list) == maxFindings {
		c.More++
		return
	}
	f := findingOf(e)
	f.Advice = advice
	*list = append(*list, f)
}

// isWritten reports whether a file that was written to lately has changed, or does so in
// a moment.
func isWritten(ctx context.Context, file string, before os.FileInfo) bool {
	for range 3 {
		now, err := os.Stat(file)
		if err != nil || time.Since(now.ModTime()) > 10*time.Second {
			return false
		}
		if now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
			return true
		}
		sleep(ctx, 50*time.Millisecond)
	}
	return false
}

// replayVerdict is what verify prints of a directory: what the digests of its
// transactions say.
type replayVerdict struct {
	Dir      string   `json:"dir"`
	OK       bool     `json:"ok"`
	Digest   string   `json:"digest"`   // agrees or differs; none if no transaction has one; unknown if nothing was replayed
	Snapshot string   `json:"snapshot"` // behind which logs were replayed; "" for none
	Replayed int      `json:"replayed"` // transactions
	Compared int      `json:"compared"` // those with a digest
	Reason   string   `json:"reason,omitempty"`
	Warnings []string `json:"warnings"`
}

// replay replays the logs that c has checked. Its error is of what ends all.
func (v *replayVerdict) replay(dir *datadir.Dir, c *logCheck) error {
	ctx := c.ctx
	v.Digest, v.OK, v.Warnings = "unknown", true, []string{}
	if c.damaged {
		v.Reason = "there is damage"
		return nil
	}
	var err error
	var st *datadir.State
	if c.gap { // the newest snapshot is behind it
		st, err = dir.Load(ctx, &c.shown.done)
	} else {
		st, err = dir.Replay(ctx, math.MaxInt64, &c.shown.done)
	}
	var log *txnlog.CorruptError
	var snap *snapshot.CorruptError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &log):
		v.OK, v.Digest, v.Reason = false, "differs", err.Error()
		return nil
	case errors.As(err, &snap):
		v.OK, v.Reason = false, err.Error()
		return nil
	case err != nil:
		v.Reason = err.Error()
		return nil
	}
	if v.Replayed, v.Compared = st.Replayed, st.Compared; st.Snapshot != nil {
		v.Snapshot = st.Snapshot.Path
	}
	v.Digest = "agrees"
	if v.Compared == 0 {
		v.Digest = "none"
	}
	for _, w := range st.Warnings {
		if c.unfinished == "" || !strings.Contains(w, c.unfinished) {
			v.Warnings = append(v.Warnings, w)
		}
	}
	return nil
}

func (v *replayVerdict) Text(w io.Writer, s Style) {
	dir := printable(v.Dir)
	for _, text := range v.Warnings {
		fmt.Fprintf(w, "%s: %s: %s\n", dir, s.Paint("warning", yellow), oneLine(text))
	}
	if !v.OK {
		fmt.Fprintf(w, "%s: %s: %s\n", dir, s.Paint("damaged", red), v.what(s))
	} else {
		fmt.Fprintf(w, "%s: %s\n", dir, v.what(s))
	}
}

func (v *replayVerdict) what(s Style) string {
	if v.Reason != "" && !v.OK {
		return oneLine(v.Reason)
	}
	if v.Reason != "" {
		return "digests are not compared: " + oneLine(v.Reason)
	}
	from := "from the first transaction on"
	if v.Snapshot != "" {
		from = "behind " + printable(filepath.Base(v.Snapshot))
	}
	replayed := fmt.Sprintf("%s transactions replayed %s", s.Count(int64(v.Replayed)), from)
	if v.Compared == 0 {
		return replayed + ", none of them with a digest to compare"
	}
	return fmt.Sprintf("%s, the digests of %s agree", replayed, s.Count(int64(v.Compared)))
}

func (v *replayVerdict) Row(s Style) ([]string, [][]string) {
	word := "ok"
	if !v.OK {
		word = "damaged"
	}
	var rows [][]string
	for _, w := range v.Warnings {
		rows = append(rows, []string{printable(v.Dir), "warning", "", oneLine(w)})
	}
	return verifyColumns, append(rows, []string{printable(v.Dir), word, s.Count(int64(v.Replayed)), v.what(s)})
}
