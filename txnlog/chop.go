package txnlog

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Part is some transactions of a log.
type Part struct {
	Txns        int
	First, Last int64 // zxids; 0 if there are none
	Bytes       int64
}

func (p *Part) add(rec *Record) {
	if p.Txns == 0 {
		p.First = rec.Header.Zxid
	}
	p.Txns++
	p.Last = rec.Header.Zxid
}

// ChopOptions of Chop.
type ChopOptions struct {
	// Gap, unless it is nil, is called where zxids do not follow each other, with the
	// two that are there: of one epoch, or the second not the first of its epoch.
	Gap func(last, next int64)
	// Progress, unless it is nil, is called now and then with how many bytes have been read.
	Progress func(int64)
}

// Chop makes a new log at to, where there must be no file, of the transactions of a log
// up to that with the zxid, which must be there. What is behind it does not matter: it
// may be damaged. The new log is byte for byte that of Apache's LogChopper.
func Chop(ctx context.Context, from, to string, zxid int64, opts ChopOptions) (Part, error) {
	if err := checkNew(to); err != nil {
		return Part{}, err
	}
	part, err := chopAt(ctx, from, zxid, &opts)
	if err != nil {
		return Part{}, err
	}
	return part, copyPrefix(from, to, part.Bytes, nil)
}

// chopAt is what a log holds up to a zxid.
func chopAt(ctx context.Context, from string, zxid int64, opts *ChopOptions) (Part, error) {
	r, err := Open(from)
	if err != nil {
		return Part{}, err
	}
	defer r.Close()
	part := Part{Bytes: headerSize}
	for {
		rec, err := r.Next()
		var corrupt *CorruptError
		behind := err == io.EOF || errors.As(err, &corrupt) || err == nil && rec.Header.Zxid > zxid
		switch {
		case behind && part.Txns > 0 && part.Last == zxid:
			return part, nil
		case err != nil && err != io.EOF:
			return Part{}, err
		case behind:
			return Part{}, notThere(from, zxid, &part, rec)
		}
		if next := rec.Header.Zxid; opts.Gap != nil && part.Txns > 0 && skips(part.Last, next) {
			opts.Gap(part.Last, next)
		}
		part.add(rec)
		part.Bytes = r.Offset()
		if err := step(ctx, part.Txns, opts.Progress, r); err != nil {
			return Part{}, err
		}
	}
}

// notThere is the error for a zxid behind part and before next, which is nil at the end.
func notThere(file string, zxid int64, part *Part, next *Record) error {
	where := "it holds none"
	switch {
	case part.Txns > 0 && next != nil:
		where = fmt.Sprintf("0x%x is followed by 0x%x", uint64(part.Last), uint64(next.Header.Zxid))
	case part.Txns > 0:
		where = fmt.Sprintf("the last one is 0x%x", uint64(part.Last))
	case next != nil:
		where = fmt.Sprintf("the first one is 0x%x", uint64(next.Header.Zxid))
	}
	return fmt.Errorf("%s: there is no transaction 0x%x: %s", file, uint64(zxid), where)
}

// skips reports whether next does not follow last, in its epoch or as the first of a
// later one.
func skips(last, next int64) bool {
	return next != last+1 && (next>>32 == last>>32 || int32(next) != 1)
}

// step is what there is to do now and then while the n-th record is read.
func step(ctx context.Context, n int, progress func(int64), r *Reader) error {
	if n%1024 != 0 {
		return nil
	}
	if progress != nil {
		progress(r.Offset())
	}
	return ctx.Err()
}
