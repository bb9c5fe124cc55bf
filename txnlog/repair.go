package txnlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"zook/jute"
)

// ErrWhole is the error of Repair for a log with which nothing is wrong.
var ErrWhole = errors.New("there is nothing to repair")

// Fix is a record that a reader refuses, as it would be in a repaired log.
type Fix struct {
	Record // of the header of the file it is the zero value
	Kind   FixKind
	Fault  *CorruptError // what is wrong with it

	patches []patch
}

// FixKind is what a Fix does to a record.
type FixKind int

const (
	// NewHeader writes the header of the file before a record that is whole.
	NewHeader FixKind = iota
	// NewFrame writes the length of a record, or the byte at its end: its checksum is right.
	NewFrame
	// OneByte changes one byte of a record, or of its checksum, so that they agree. An
	// Adler-32 tells which byte that is, and no other change of one byte would do.
	OneByte
	// NewChecksum writes the checksum of a record: any byte of it may be wrong, and nothing
	// tells but that it can be decoded, and has the zxid that is next.
	NewChecksum
)

// Repaired is what Repair made of a log.
type Repaired struct {
	Kept  Part
	Fixed []int64       // zxids of the records that were fixed; 0 is the header of the file
	Cut   *CorruptError // why the new log ends where it does; nil if nothing is left out
	Lost  Part          // behind Cut, and could still be read; Bytes is all that was not zeros
}

// RepairOptions of Repair.
type RepairOptions struct {
	// Keep decides whether a record is kept with a fix; the new log ends before the
	// first that is not. Its error ends the repair. Without it none is kept.
	Keep func(*Fix) (bool, error)
	// Gap decides whether what is behind missing transactions is kept: a server can use
	// it only with a snapshot that is newer. Without it the new log ends there.
	Gap func(*GapError) (bool, error)
	// Lost, unless it is nil, is called with the transactions behind the end of the new
	// log that can still be read.
	Lost func(*Record)
	// Progress, unless it is nil, is called now and then with how many bytes have been read.
	Progress func(int64)
}

// Repair makes a new log at to, where there must be no file, of the transactions of a
// log before the first fault, or before the first that cannot be fixed. A fault is all
// that Reader or Checker find, so that there is none in the new log, but for gaps that
// were to be kept. With a torn tail it is the log as a server would go on from.
//
// It writes nothing if nothing is wrong with the log, which is ErrWhole, and if no
// transaction could be kept; what it found is returned all the same.
func Repair(ctx context.Context, from, to string, opts RepairOptions) (*Repaired, error) {
	if err := checkNew(to); err != nil {
		return nil, err
	}
	r, err := openAsIs(from)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := &repair{ctx: ctx, r: r, opts: &opts}
	if err := p.diagnose(); err != nil {
		return nil, err
	}
	done := &p.Repaired
	switch {
	case done.Cut == nil && len(done.Fixed) == 0:
		return done, fmt.Errorf("%s: %w", from, ErrWhole)
	case done.Kept.Txns == 0:
		return done, fmt.Errorf("no transaction can be kept: %w", done.Cut)
	}
	return done, copyPrefix(from, to, done.Kept.Bytes, p.patches)
}

// openAsIs is Open before the header is read.
func openAsIs(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := newReader(f, path)
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = &fs.PathError{Op: "repair", Path: path, Err: errors.New("not a file")}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.file, r.size = f, st.Size()
	return r, nil
}

// repair is a Repair that is under way.
type repair struct {
	Repaired
	ctx     context.Context
	r       *Reader
	opts    *RepairOptions
	checker Checker
	patches []patch
}

// diagnose finds out what to keep, and what is lost.
func (p *repair) diagnose() error {
	var header *CorruptError
	if err := p.r.readHeader(); errors.As(err, &header) {
		if kept, err := p.fixHeader(header); err != nil {
			return err
		} else if !kept {
			p.Cut = header
			return p.findLost()
		}
	} else if err != nil {
		return err
	}
	for p.Cut == nil {
		err := p.r.next()
		var fault *CorruptError
		switch {
		case err == io.EOF:
			p.Kept.Bytes = p.r.good
			return nil
		case err == nil:
			if err := p.check(); err != nil {
				return err
			}
		case !errors.As(err, &fault):
			return err
		default:
			if err := p.fixRecord(fault); err != nil {
				return err
			}
		}
		if p.Cut == nil {
			p.Kept.add(&p.r.rec)
			if err := step(p.ctx, p.Kept.Txns, p.opts.Progress, p.r); err != nil {
				return err
			}
		}
	}
	p.Kept.Bytes = p.Cut.Offset
	return p.findLost()
}

// check cuts the log at the reader's record if that does not belong there.
func (p *repair) check() error {
	err := p.checker.Check(&p.r.rec)
	var gap *GapError
	if errors.As(err, &gap) && p.opts.Gap != nil {
		kept, err := p.opts.Gap(gap)
		if kept || err != nil {
			return err
		}
	}
	errors.As(err, &p.Cut)
	return nil
}

// fixHeader has the reader go on behind a header that is none, if a record is there.
func (p *repair) fixHeader(fault *CorruptError) (bool, error) {
	r := p.r
	r.good = headerSize
	if err := r.rewind(); err != nil {
		return false, err
	}
	if err := r.parse(); err != nil {
		return false, nil
	}
	fix := &Fix{Kind: NewHeader, Fault: fault,
		patches: []patch{{0, jute.Marshal(&jute.FileHeader{Magic: jute.LogMagic, Version: version})}}}
	r.good, r.zxid = headerSize, 0
	if err := r.rewind(); err != nil {
		return false, err
	}
	return p.keep(fix)
}

// fixRecord goes behind the record that the reader refuses, or cuts the log there.
func (p *repair) fixRecord(fault *CorruptError) error {
	p.Cut = fault
	if fault.Torn {
		return nil
	}
	fixes, err := p.r.mend(fault)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(fixes, p.fits)
	if i < 0 {
		return nil
	}
	fix := fixes[i]
	kept, err := p.keep(fix)
	if kept && err == nil {
		p.Cut = nil
		p.checker.Check(&fix.Record)
		p.r.rec, p.r.zxid = fix.Record, fix.Header.Zxid
		p.r.pass()
	}
	return err
}

// fits reports whether there would be no fault left. A zxid that nothing proves must be
// the one that is next, or named by the file.
func (p *repair) fits(fix *Fix) bool {
	last, zxid := p.checker.last, fix.Header.Zxid
	if fix.Kind == NewChecksum {
		name, named := ParseName(filepath.Base(p.r.name))
		if last != 0 && skips(last, zxid) || last == 0 && named && name != zxid {
			return false
		}
	}
	trial := Checker{last: last}
	return trial.Check(&fix.Record) == nil
}

func (p *repair) keep(fix *Fix) (bool, error) {
	if p.opts.Keep == nil {
		return false, nil
	}
	kept, err := p.opts.Keep(fix)
	if kept && err == nil {
		p.Fixed = append(p.Fixed, fix.Header.Zxid)
		p.patches = append(p.patches, fix.patches...)
	}
	return kept, err
}

// findLost reads what can be read behind the end of the new log.
func (p *repair) findLost() error {
	r := p.r
	r.good, r.zxid = p.Cut.Offset, 0
	if err := r.rewind(); err != nil {
		return err
	}
	end := r.good
	for {
		err := r.parse()
		var f *fault
		switch {
		case err == nil:
			if p.Lost.add(&r.rec); p.opts.Lost != nil {
				p.opts.Lost(&r.rec)
			}
			end = r.good
			if err := step(p.ctx, p.Lost.Txns, p.opts.Progress, r); err != nil {
				return err
			}
			continue
		case errors.As(err, &f):
			s := r.scan()
			switch {
			case s.err != nil:
				return s.err
			case s.next > 0:
				r.good = s.next
				continue
			case s.gaveUp:
				s.zerosFrom = r.grown()
			}
			end = s.zerosFrom
		case err != io.EOF:
			return err
		}
		p.Lost.Bytes = end - p.Cut.Offset
		return nil
	}
}

// mend returns what can be made of the record behind the last good one, the most likely
// first. It stays in the window until the reader goes on.
func (r *Reader) mend(f *CorruptError) ([]*Fix, error) {
	if err := r.rewind(); err != nil {
		return nil, err
	}
	if err := r.fill(2 * scanMax); err != nil {
		return nil, err
	}
	b := r.buf[r.pos:r.end]
	if len(b) < prefixSize+recordMin+1 {
		return nil, nil
	}
	if n := wholeButLength(b[:min(len(b), 2*scanMax)]); n > 0 {
		return []*Fix{r.fix(f, NewFrame, b[prefixSize:prefixSize+n])}, nil
	}
	sum, n := binary.BigEndian.Uint64(b), int64(int32(binary.BigEndian.Uint32(b[8:])))
	total := prefixSize + n + 1
	if n < recordMin || total > r.grown()-r.good {
		return nil, nil
	}
	last, err := r.peek(total - 1)
	if err == nil && (last == endOfTxn || total <= scanMax) {
		err = r.fill(int(total))
	}
	if err != nil || int64(r.end-r.pos) < total {
		return nil, err
	}
	b = r.buf[r.pos:r.end]
	raw := b[prefixSize : prefixSize+n]
	switch right, ended := sum == uint64(adler32.Checksum(raw)), b[total-1] == endOfTxn; {
	case right:
		return []*Fix{r.fix(f, NewFrame, raw)}, nil
	case !ended:
		return nil, nil
	}
	if x := sum ^ uint64(adler32.Checksum(raw)); (bits.Len64(x)-1)/8 == bits.TrailingZeros64(x)/8 {
		return []*Fix{r.fix(f, OneByte, raw)}, nil // of the checksum itself
	}
	fixes := []*Fix{r.fix(f, NewChecksum, raw)}
	if i, was, ok := changedByte(raw, sum); ok {
		raw = bytes.Clone(raw)
		raw[i] = was
		fix := r.fix(f, OneByte, raw)
		fix.patches = []patch{{r.good + prefixSize + int64(i), []byte{was}}}
		fixes = append([]*Fix{fix}, fixes...)
	}
	return fixes, nil
}

// fix is the record behind the last good one, if raw is its transaction.
func (r *Reader) fix(f *CorruptError, kind FixKind, raw []byte) *Fix {
	fix := &Fix{Record: Record{Offset: r.good, Raw: raw, file: r.name}, Kind: kind, Fault: f}
	var d jute.Decoder
	d.Reset(raw)
	fix.Header.Decode(&d)
	prefix := appendRecord(nil, raw)[:prefixSize:prefixSize]
	fix.patches = []patch{{r.good, bytes.Clone(prefix)}, {r.good + prefixSize + int64(len(raw)), []byte{endOfTxn}}}
	return fix
}

// changedByte tells which byte of b has to be another one for its Adler-32 to be sum, if
// that can be told. The lower half of an Adler-32 is the sum of the bytes, the upper one
// that of all the sums on the way: a change of d at k bytes from the end changes them by d
// and d*k, modulo a prime.
func changedByte(b []byte, sum uint64) (i int, was byte, ok bool) {
	const prime = 65521
	is := uint64(adler32.Checksum(b))
	if sum > math.MaxUint32 {
		return 0, 0, false
	}
	d := int64(sum&0xffff) - int64(is&0xffff)
	if d > prime/2 {
		d -= prime
	} else if d < -prime/2 {
		d += prime
	}
	if d == 0 || d < -255 || d > 255 {
		return 0, 0, false
	}
	moved := (int64(sum>>16) - int64(is>>16) + prime) % prime
	var inverse int64 // of d
	for x := (d + prime) % prime; inverse == 0 || inverse*x%prime != 1; {
		inverse++
	}
	for k := moved * inverse % prime; k <= int64(len(b)); k += prime {
		if k == 0 {
			continue
		}
		at := len(b) - int(k)
		if v := int64(b[at]) + d; v >= 0 && v <= 255 {
			if ok {
				return 0, 0, false // it may be this one or that
			}
			i, was, ok = at, byte(v), true
		}
	}
	return i, was, ok
}
