package datadir

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"

	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// Survey is what is in a data directory. Every file has been read to its end, or to
// where it is damaged. The tree has not been made: digests are not compared.
type Survey struct {
	Snapshots []SnapshotInfo // oldest first
	Logs      []LogInfo      // oldest first
	Covered   []Span         // the moments of which the tree is known, oldest first
	Missing   []Span         // transactions that are missing between those of the logs
}

// SnapshotInfo is a snapshot.
type SnapshotInfo struct {
	File
	Size     int64
	Znodes   int
	Sessions int
	// Settled is the first zxid at which the tree can be made of the snapshot: it may
	// hold what happened up to then.
	Settled int64
	Time    int64 // of the youngest change in it, milliseconds since the epoch; 0 if there is none
	Err     error // why it cannot be used; nil if it is whole
}

// LogInfo is a log.
type LogInfo struct {
	File
	Size        int64
	Used        int64 // how much of Size is whole; the rest is preallocated, torn or damaged
	Txns        int
	First, Last Point // the zero value if there is no transaction
	// Err is a *txnlog.CorruptError where the log is damaged, or torn, as a log is that
	// is being written; nil if it is whole.
	Err error

	runs []Span // of transactions without a gap
}

// Survey reads every file. progress, unless it is nil, counts znodes and transactions
// as they are read.
func (d *Dir) Survey(ctx context.Context, progress *atomic.Int64) (*Survey, error) {
	l, err := d.newLoader(ctx, progress)
	if err != nil {
		return nil, err
	}
	s := &Survey{}
	for _, f := range l.snaps {
		info := SnapshotInfo{File: f}
		info.Err = l.surveySnapshot(&info)
		if !errors.Is(info.Err, fs.ErrNotExist) { // purged meanwhile
			s.Snapshots = append(s.Snapshots, info)
		}
	}
	for _, f := range l.logs {
		info := LogInfo{File: f}
		info.Err = l.surveyLog(&info)
		if !errors.Is(info.Err, fs.ErrNotExist) {
			s.Logs = append(s.Logs, info)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.sum()
	return s, nil
}

// Without is the survey of what is left when files are gone.
func (s *Survey) Without(gone []File) *Survey {
	isGone := func(f File) bool { return slices.Contains(gone, f) }
	left := &Survey{
		Snapshots: slices.DeleteFunc(slices.Clone(s.Snapshots), func(i SnapshotInfo) bool { return isGone(i.File) }),
		Logs:      slices.DeleteFunc(slices.Clone(s.Logs), func(i LogInfo) bool { return isGone(i.File) }),
	}
	left.sum()
	return left
}

func (l *loader) surveySnapshot(info *SnapshotInfo) error {
	st, err := os.Stat(info.Path)
	if err != nil {
		return err
	}
	info.Size = st.Size()
	r, err := snapshot.Open(info.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, err := range r.Sessions() {
		if err == nil {
			info.Sessions++
		}
	}
	var young age
	for ; ; info.Znodes++ {
		if info.Znodes%1024 == 1023 {
			if l.progress.Add(1024); l.ctx.Err() != nil {
				return l.ctx.Err()
			}
		}
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		young.add(&n.Stat)
	}
	info.Settled, _ = young.settled(info.File, r)
	info.Time = young.time
	return nil
}

func (l *loader) surveyLog(info *LogInfo) error {
	st, err := os.Stat(info.Path)
	if err != nil {
		return err
	}
	info.Size = st.Size()
	r, err := txnlog.Open(info.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		info.Used = r.Offset()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if info.Txns++; info.Txns%1024 == 0 {
			if l.progress.Add(1024); l.ctx.Err() != nil {
				return l.ctx.Err()
			}
		}
		info.add(&rec.Header)
	}
}

// add takes in a transaction.
func (info *LogInfo) add(h *jute.TxnHeader) {
	p := Point{h.Zxid, h.Time}
	last := info.Last.Zxid
	switch n := len(info.runs); {
	case n == 0:
		info.First = p
		info.runs = append(info.runs, Span{p, p})
	case h.Zxid <= last && h.Type == jute.OpError: // as Apache writes them, see State.apply
		return
	case h.Zxid <= last || isGap(last, h.Zxid):
		info.runs = append(info.runs, Span{p, p})
	default:
		info.runs[n-1].To = p
	}
	info.Last = p
}

// sum works out what the files add up to.
func (s *Survey) sum() {
	s.Missing = nil
	runs := s.runs()
	for i := 1; i < len(runs); i++ {
		if last, next := runs[i-1].To.Zxid, runs[i].From.Zxid; isGap(last, next) {
			s.Missing = append(s.Missing, Span{Point{Zxid: last + 1}, Point{Zxid: next - 1}})
		}
	}
	var spans []Span
	if len(runs) > 0 && fromTheStart([]File{s.Logs[0].File}) && !isGap(0, runs[0].From.Zxid) {
		spans = append(spans, Span{Point{0, runs[0].From.Time}, runs[0].To})
	}
	for _, snap := range s.Snapshots {
		if snap.Err == nil {
			spans = append(spans, snap.covers(runs)...)
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From.Zxid, b.From.Zxid) })
	s.Covered = nil
	for _, span := range spans {
		if n := len(s.Covered); n > 0 && span.From.Zxid <= s.Covered[n-1].To.Zxid+1 {
			if span.To.Zxid > s.Covered[n-1].To.Zxid {
				s.Covered[n-1].To = span.To
			}
			continue
		}
		s.Covered = append(s.Covered, span)
	}
}

// runs are the transactions of all logs, in parts without a gap. Replay does not get
// past damage.
func (s *Survey) runs() (all []Span) {
	whole := false // the log before ends where it should
	for _, l := range s.Logs {
		for i, run := range l.runs {
			n := len(all)
			if i > 0 || !whole || n == 0 || run.From.Zxid <= all[n-1].To.Zxid || isGap(all[n-1].To.Zxid, run.From.Zxid) {
				all = append(all, run)
			} else {
				all[n-1].To = run.To
			}
		}
		whole = l.Err == nil || torn(l.Err)
	}
	return all
}

// covers is the moments of which the tree is known by the snapshot and the logs.
func (s *SnapshotInfo) covers(runs []Span) []Span {
	from := Point{s.Settled, s.Time}
	span := Span{from, from}
	for _, run := range runs {
		if run.From.Zxid <= s.Zxid && s.Zxid <= run.To.Zxid || run.From.Zxid > s.Zxid && !isGap(s.Zxid, run.From.Zxid) {
			if span.From.Time == 0 {
				span.From.Time = run.From.Time
			}
			if run.To.Zxid >= s.Settled {
				span.To = run.To
				return []Span{span}
			}
			break
		}
	}
	if s.Settled > s.Zxid {
		return nil // it needs transactions that no log has
	}
	return []Span{span}
}
