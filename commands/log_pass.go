package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"zook/datadir"
	"zook/jute"
	"zook/txnlog"
)

// logPass reads transaction logs once, from the first transaction on. It tells the
// user at once of what is damaged or missing, and goes on with what there is behind.
type logPass struct {
	env     *Env
	command string
	files   []string // in the order of their transactions
	at      moment   // the last that counts
	upTo    int64    // the last zxid that counts, if not 0
	p       *Printer // flushed before the user is told of something
	// gap is called where transactions are missing between after, 0 at the beginning,
	// and next.
	gap func(after, next int64) error
	// skips, unless it is nil, reports whether transactions are missing between two
	// that are of different epochs.
	skips func(last, next int64) bool

	first, last datadir.Point // transactions that counted; zero if there was none
	behind      int64         // the first transaction that did not count, 0 if there is none
	faulty      error         // the first damage, which has been told
	whole       int           // files that end before at, if that is a time
	inFault     bool          // what is missing before the next transaction has been told
	file        string        // of the record at hand
	before      int64         // the zxid before it
}

// run calls each for every record, in the order of zxids. The error is
// logPass.faulty if nothing else went wrong.
func (l *logPass) run(ctx context.Context, each func(*txnlog.Record) error) error {
	shown := l.env.progress("read")
	defer shown.Finish()
	if err := l.findTime(); err != nil {
		return err
	}
	s := txnlog.NewStream(l.files)
	defer s.Close()
	for n := 1; ; n++ {
		if n%1024 == 0 {
			if shown.done.Add(1024); ctx.Err() != nil {
				return fmt.Errorf("%w at %v", ctx.Err(), l.last)
			}
		}
		rec, err := s.Next()
		l.file = s.File()
		if err == io.EOF {
			return l.faulty
		}
		if err != nil {
			if err = l.fault(err); err != nil {
				return err
			}
			continue
		}
		if l.isBehind(&rec.Header) {
			l.behind = rec.Header.Zxid
			return l.faulty
		}
		if wanted, err := l.order(rec); err != nil {
			return err
		} else if !wanted {
			continue
		}
		if err := each(rec); err != nil {
			return err
		}
	}
}

// fault judges an error behind which the next log follows: nil if reading can go on.
func (l *logPass) fault(err error) error {
	var corrupt *txnlog.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	if !corrupt.Torn { // else a crash ended the log, or it is being written
		l.tell(corrupt, "what follows in this log is not known")
		l.inFault = true
	}
	return nil
}

// tell reports damage.
func (l *logPass) tell(err *txnlog.CorruptError, hint string) {
	if l.p != nil {
		l.p.Flush()
	}
	if told := l.env.report(l.command, &Error{Err: err, Hint: hint}); l.faulty == nil {
		l.faulty = told
	}
}

// tellOf reports what is wrong with a record whose checksum is right.
func (l *logPass) tellOf(rec *txnlog.Record, reason, hint string) {
	l.tell(&txnlog.CorruptError{File: l.file, Offset: rec.Offset, Zxid: l.before, Reason: reason}, hint)
}

// warn tells of what is not known.
func (l *logPass) warn(text string) {
	if l.p != nil {
		l.p.Flush()
	}
	fmt.Fprintln(l.env.Err, oneLine("zook: "+l.command+": warning: "+text))
}

// order looks at the zxid of the next record: false if it is to be left out.
func (l *logPass) order(rec *txnlog.Record) (bool, error) {
	h, last, told := &rec.Header, l.last.Zxid, l.inFault
	l.before = last
	if h.Zxid <= last {
		// Apache gives a request that it cannot read the zxid of the one before.
		if h.Type == jute.OpError && !told {
			return true, nil
		}
		if l.inFault = true; !told {
			l.tellOf(rec, fmt.Sprintf("zxid %v comes after %v", Hex(h.Zxid), Hex(last)), "left out up to there")
		}
		return false, nil
	}
	l.inFault = false
	l.last = datadir.Point{Zxid: h.Zxid, Time: h.Time}
	first := l.first == datadir.Point{}
	if first {
		l.first = l.last
	}
	// A new epoch begins where it likes.
	missing := h.Zxid > last+1 && (told || h.Zxid>>32 == last>>32 || l.skips != nil && l.skips(last, h.Zxid))
	if missing && !first && !told {
		l.tellOf(rec, fmt.Sprintf("zxid %v comes after %v", Hex(h.Zxid), Hex(last)), "the transactions between them are missing")
	}
	if (first || missing) && l.gap != nil {
		return true, l.gap(last, h.Zxid)
	}
	return true, nil
}

// isBehind reports whether a transaction is later than what counts. In logs that end
// before at the times do not matter: a clock may have been wrong for a while.
func (l *logPass) isBehind(h *jute.TxnHeader) bool {
	return l.at.isZxid && h.Zxid > l.at.zxid || l.upTo != 0 && h.Zxid > l.upTo ||
		!l.at.time.IsZero() && h.Time > l.at.time.UnixMilli() && !slices.Contains(l.files[:l.whole], l.file)
}

// findTime finds the last log that begins before the time at.
func (l *logPass) findTime() error {
	if l.at.time.IsZero() {
		return nil
	}
	for i := len(l.files) - 1; i > 0; i-- {
		s := txnlog.NewStream(l.files[i : i+1])
		rec, err := s.Next()
		s.Close()
		var corrupt *txnlog.CorruptError
		switch {
		case err == nil && rec.Header.Time <= l.at.time.UnixMilli():
			l.whole = i
			return nil
		case err != nil && err != io.EOF && !errors.As(err, &corrupt):
			return err
		}
	}
	return nil
}

// told is what the logs tell of, for a line that says where nothing was found.
func (l *logPass) told() string {
	if l.last == (datadir.Point{}) {
		return "in logs without a transaction"
	}
	return fmt.Sprintf("from %v to %v", l.first, l.last)
}
