package datadir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"time"

	"zook/datatree"
	"zook/snapshot"
	"zook/txnlog"
)

// State is what a directory adds up to.
type State struct {
	Tree     *datatree.Tree
	Time     int64           // of the last transaction, milliseconds since the epoch; 0 if unknown
	Sessions map[int64]int32 // timeouts in milliseconds by session id
	Snapshot *File           // that was loaded; nil if there was none
	Logs     []File          // that were read behind it
	Replayed int             // transactions applied behind the snapshot
	Compared int             // of them, whose digest said something about the tree
	Largest  int             // bytes of the largest of them
	Warnings []string        // what an operator should know, a line each
	Doubts   []string        // those of them that speak against the tree
	// Fuzzy is 0, or the zxid up to which the snapshot may hold what happened while it
	// was written, if no log tells of that: then znodes are as they were at different
	// moments.
	Fuzzy int64

	replaying
}

// Load is what a server starts from: the newest snapshot that is whole, and the logs
// behind it. The error is of files that cannot be read, are damaged
// (*txnlog.CorruptError, *snapshot.CorruptError) or do not add up; nothing is changed
// on disk. progress, unless it is nil, counts znodes and transactions as they are read.
func (d *Dir) Load(ctx context.Context, progress *atomic.Int64) (*State, error) {
	l, err := d.newLoader(ctx, progress)
	if err != nil {
		return nil, err
	}
	l.strict = true
	return l.load()
}

// At is the tree as it was at a moment: a snapshot that is old enough, and the logs
// behind it up to then. Damage matters only where it is in the way. A server may be
// running on the directory.
//
// The error is a *RangeError for a moment that the files do not cover, else as of Load.
func (d *Dir) At(ctx context.Context, m Moment, progress *atomic.Int64) (*State, error) {
	l, err := d.newLoader(ctx, progress)
	if err != nil {
		return nil, err
	}
	l.moment = m
	switch m.kind {
	case atZxid:
		if l.target = m.zxid; m.zxid < 0 {
			return nil, l.outOfRange()
		}
	case atTime:
		if m.ms > time.Now().UnixMilli() {
			return nil, l.outOfRange()
		}
		if err := l.findTime(m.ms); err != nil {
			return nil, err
		}
	}
	return l.load()
}

// Replay is the tree as of a zxid as it comes out of the oldest snapshot that is whole:
// every transaction behind it is applied, and every digest compared. Errors are as of At.
func (d *Dir) Replay(ctx context.Context, zxid int64, progress *atomic.Int64) (*State, error) {
	l, err := d.newLoader(ctx, progress)
	if err != nil {
		return nil, err
	}
	l.oldest, l.moment, l.target = true, AtZxid(zxid), zxid
	return l.load()
}

// end is the target of a loader that reads everything.
const end = math.MaxInt64

// loader makes a tree of files.
type loader struct {
	ctx         context.Context
	dir         *Dir
	snaps, logs []File
	strict      bool // as servers are: logs need a snapshot if ever one was there
	oldest      bool // begin with the oldest snapshot, not with the newest that serves
	moment      Moment
	target      int64 // the last transaction that is wanted
	unlogged    bool  // the time is between two that are logged: a snapshot may know of it
	progress    *atomic.Int64

	damaged  error // the first of the snapshots that are
	largest  int   // bytes of a transaction
	warnings []string
}

func (d *Dir) newLoader(ctx context.Context, progress *atomic.Int64) (*loader, error) {
	if progress == nil {
		progress = new(atomic.Int64)
	}
	l := &loader{ctx: ctx, dir: d, target: end, progress: progress}
	var err error
	if l.snaps, err = d.Snapshots(); err != nil {
		return nil, err
	}
	// After the snapshots: a server that begins one has begun its log.
	l.logs, err = d.Logs()
	return l, err
}

func (l *loader) load() (*State, error) {
	st, err := l.base()
	if err != nil {
		return nil, err
	}
	if l.unlogged && (st.Time == 0 || st.Time > l.moment.ms) {
		return nil, l.outOfRange()
	}
	if err := l.replay(st); err != nil {
		return nil, err
	}
	return st, nil
}

// base is the tree to replay from: the newest snapshot that holds nothing younger than
// the target. Where a snapshot does not say what it holds, an older one is better than
// a guess.
func (l *loader) base() (*State, error) {
	for _, guess := range []bool{false, true} {
		for j := range l.snaps {
			i := len(l.snaps) - 1 - j
			if l.oldest {
				i = j
			}
			if l.snaps[i].Zxid > l.target {
				continue
			}
			st, err := l.readSnapshot(l.snaps[i])
			if corrupt := (*snapshot.CorruptError)(nil); errors.As(err, &corrupt) {
				l.passOver(err, guess)
				continue
			}
			if err != nil {
				return nil, err
			}
			if l.serves(st, i, guess) {
				st.Warnings = l.warnings
				return st, nil
			}
		}
		if l.target == end {
			break
		}
	}
	switch {
	case l.strict && len(l.snaps) == 0, !l.strict && fromTheStart(l.logs):
		return &State{Tree: datatree.New(), Sessions: map[int64]int32{}, Warnings: l.warnings}, nil
	case l.damaged != nil: // without the snapshot that they follow, logs say nothing whole
		return nil, fmt.Errorf("%s: no snapshot is whole: %w", l.dir.SnapDir, l.damaged)
	}
	if l.target == end {
		return nil, fmt.Errorf("%s: there is no snapshot, and no log that begins with the first transaction", l.dir.SnapDir)
	}
	return nil, l.outOfRange()
}

func (l *loader) passOver(err error, again bool) {
	if l.damaged == nil {
		l.damaged = err
	}
	if !again {
		l.warnings = append(l.warnings, fmt.Sprintf("snapshot passed over: %v", err))
	}
}

// serves reports whether the tree of the i-th snapshot can be replayed to the target.
// Snapshots are written one at a time: what one holds had happened when the next began.
// The zxids of its znodes are a hint, but do not tell of those that were deleted.
func (l *loader) serves(st *State, i int, guess bool) bool {
	known := st.settles || guess || i+1 < len(l.snaps) && l.snaps[i+1].Zxid <= l.target
	return l.target == end || known && st.settled <= l.target
}

// fromTheStart reports whether logs begin with the first transaction of all: of a
// server that stands alone, or of an ensemble's first epoch.
func fromTheStart(logs []File) bool {
	return len(logs) > 0 && (logs[0].Zxid == 1 || logs[0].Zxid == 1<<32+1)
}

// replay applies the logs behind st up to the target.
func (l *loader) replay(st *State) error {
	from := st.Tree.LastZxid()
	first := 0 // the last log that begins at or before the next zxid
	for i, f := range l.logs {
		if f.Zxid <= from+1 {
			first = i
		}
	}
	st.stopped = from == l.target
	for i := first; i < len(l.logs) && !st.stopped; i++ {
		st.Logs = append(st.Logs, l.logs[i])
		if err := l.replayLog(st, l.logs[i], from, i == len(l.logs)-1); err != nil {
			return err
		}
	}
	st.Largest = l.largest
	last := st.Tree.LastZxid()
	switch {
	case st.differs != nil && (l.strict || st.differing > 1):
		return st.differs
	case st.differs != nil: // Apache's mistake perhaps, see checkDigest
		st.doubt(st.differs.Error())
	case l.target == end && st.settled > last:
		st.Fuzzy = st.settled
		st.doubt(fmt.Sprintf("%s was written while the tree changed, up to 0x%x at the most, and the logs end at 0x%x", st.Snapshot.Path, st.settled, last))
	case l.target != end && last < l.target && (st.gap || !st.stopped):
		return l.outOfRange()
	}
	return nil
}

func (st *State) doubt(text string) {
	st.Warnings, st.Doubts = append(st.Warnings, text), append(st.Doubts, text)
}

// findTime makes the target the last transaction at a time, milliseconds since the
// epoch: the one before the next that is logged.
func (l *loader) findTime(ms int64) error {
	next := int64(end)   // the first transaction behind the time
	var unreadable error // what is between the log at hand and that one cannot be read
	for i := len(l.logs) - 1; i >= 0; i-- {
		last, passed := int64(0), false
		err := l.scan(l.logs[i], func(p Point) bool {
			if passed = p.Time > ms; passed {
				next = p.Zxid
			} else {
				last = p.Zxid
			}
			return !passed
		})
		if err != nil && !torn(err) {
			unreadable = err
		}
		switch {
		case last == 0 && passed: // it begins later
			unreadable = nil
			continue
		case last == 0:
			continue
		case !passed && unreadable != nil:
			return unreadable
		case next == end || !isGap(last, next):
			l.target = last
			return nil
		}
		break
	}
	if unreadable != nil {
		return unreadable
	}
	l.target, l.unlogged = next, true
	if next != end {
		l.target--
	}
	return nil
}

// isGap reports whether transactions are missing between two. A new epoch begins where
// it likes.
func isGap(last, next int64) bool { return next > last+1 && next>>32 == last>>32 }

// scan calls fn for the transactions of a log until it returns false.
func (l *loader) scan(f File, fn func(Point) bool) error {
	r, err := txnlog.Open(f.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	for n := 0; ; n++ {
		if n%1024 == 0 && l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !fn(Point{rec.Header.Zxid, rec.Header.Time}) {
			return nil
		}
	}
}

// outOfRange is the error for the moment, with what the files cover.
func (l *loader) outOfRange() error {
	s, err := l.dir.Survey(l.ctx, l.progress)
	if err != nil {
		return err
	}
	return &RangeError{Dir: l.dir.SnapDir, Moment: l.moment, Covered: s.Covered}
}
