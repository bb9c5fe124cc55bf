package txnlog

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Tail reads the logs of a directory in their order, and goes on while a server writes
// them, from log to log. It asks the files themselves whether there is more: that works
// on every system and file system, and costs little where nothing happens. It is not for
// concurrent use.
type Tail struct {
	dir   string          // as it was named
	logs  string          // where the logs are; "" until there are any
	known map[string]bool // names of the logs that are there
	asked time.Time       // when that was
	dated time.Time       // and what the directory said when it was last changed
	queue []string        // those that are still to be read, in their order
	from  int64           // earlier zxids are passed over

	name  string  // of the log at hand, or of the last one that was
	begun bool    // there is one at hand
	r     *Reader // of it; nil until it has a header
	done  bool    // the next log was there before it was read on: nobody writes to it
	ended error   // what was behind the last record when it was read on; nil if another one was

	fault string    // what is wrong with the next record, as far as it is there; "" if nothing is
	since time.Time // when that was first seen
	torn  bool      // and it is the trace of a crash, or of a writer that takes its time
}

// patience is how long a record may take to be written before it is looked at whether
// that can be one at all.
const patience = time.Second

// coarse is how exact the times of directories are at least: FAT has two seconds, all
// others one or less. A directory that is older is listed as seldom as this.
const coarse = time.Second

// NewTail returns a tail of the logs in dir, or in version-2 in it, there already or
// not, from the first transaction on.
func NewTail(dir string) *Tail { return &Tail{dir: dir, known: map[string]bool{}} }

// File is the log that the last record, or the last error, was of.
func (t *Tail) File() string { return t.name }

// Next returns the next record, which is valid until the next call. The error is io.EOF
// if there is none yet: the caller waits a while and asks again. A *CorruptError that is
// torn is of a log that a crash ended; the next call goes on with the log that the server
// then began. After any other error the next call goes on with the next log, too, if there
// is one, and else returns it again.
//
// A log that somebody takes away before it has been read is passed over.
func (t *Tail) Next() (*Record, error) {
	for {
		if !t.begun {
			if err := t.look(); err != nil {
				return nil, err
			}
			if len(t.queue) == 0 {
				return nil, io.EOF
			}
			t.begin()
		}
		rec, err := t.read()
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrNotExist):
			t.leave()
			continue
		case t.done:
			err = t.settle(err)
			t.leave()
			if err == io.EOF {
				continue
			}
		default:
			if err := t.look(); err != nil {
				return nil, err
			}
			if t.done = len(t.queue) > 0; t.done {
				continue // there may be more than when it was read
			}
			if atEnd(err) {
				rec, err = t.wait(err)
			}
		}
		if err != nil || rec.Header.Zxid >= t.from {
			return rec, err
		}
	}
}

// Close closes the log at hand.
func (t *Tail) Close() error {
	if t.r == nil {
		return nil
	}
	err := t.r.Close()
	t.r = nil
	return err
}

// SeekZxid has the tail begin with the first transaction from zxid on, there already or
// not. It is for before the first call of Next.
func (t *Tail) SeekZxid(zxid int64) error {
	if err := t.look(); err != nil {
		return err
	}
	for len(t.queue) > 1 && zxidOf(t.queue[1]) <= zxid {
		t.queue = t.queue[1:]
	}
	t.from = zxid
	return nil
}

// SeekEnd has the tail begin n transactions before the end of what is there, or with the
// first that is. It is for before the first call of Next.
func (t *Tail) SeekEnd(n int) error {
	if err := t.look(); err != nil {
		return err
	}
	there, first := 0, len(t.queue)
	for first > 0 && (there < n || first == len(t.queue)) {
		first--
		count, err := countRecords(t.queue[first])
		if err != nil {
			return err
		}
		there += count
	}
	t.queue = t.queue[first:]
	for skip := there - n; skip > 0; {
		_, err := t.Next()
		var corrupt *CorruptError
		switch {
		case err == nil:
			skip--
		case err == io.EOF: // less is there than was
			return nil
		case !errors.As(err, &corrupt) || !corrupt.Torn:
			return err
		}
	}
	return nil
}

func countRecords(path string) (int, error) {
	r, err := Open(path)
	n := -1
	if err == nil {
		defer r.Close()
	}
	for ; err == nil; n++ {
		_, err = r.Next()
	}
	if corrupt := (*CorruptError)(nil); err == io.EOF || errors.As(err, &corrupt) || errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return max(n, 0), err
}

// look adds the logs to the queue that are new.
func (t *Tail) look() error {
	if t.logs == "" {
		dir, err := logDir(t.dir)
		if dir == "" {
			return err
		}
		t.logs = dir
	}
	st, err := os.Stat(t.logs)
	if err != nil {
		return err
	}
	now, dated := time.Now(), st.ModTime()
	if dated.Equal(t.dated) && t.asked.Sub(dated) > 2*coarse && now.Sub(t.asked) < coarse {
		return nil
	}
	d, err := os.Open(t.logs)
	if err != nil {
		return err
	}
	defer d.Close()
	t.asked, t.dated = now, dated
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		if _, ok := ParseName(name); !ok {
			continue
		}
		known[name] = true
		if !t.known[name] {
			t.queue = append(t.queue, filepath.Join(t.logs, name))
		}
	}
	t.known = known
	slices.SortFunc(t.queue, func(a, b string) int { return cmp.Compare(zxidOf(a), zxidOf(b)) })
	return nil
}

// logDir is where the logs of a data directory are: in it or in version-2; "" if there is
// nothing yet to tell.
func logDir(dir string) (string, error) {
	inside := filepath.Join(dir, "version-2")
	if st, err := os.Stat(inside); err == nil && st.IsDir() {
		return inside, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if _, ok := ParseName(e.Name()); ok {
			return dir, nil
		}
	}
	return "", nil
}

func zxidOf(path string) int64 {
	zxid, _ := ParseName(filepath.Base(path))
	return zxid
}

// begin takes the next log to hand.
func (t *Tail) begin() {
	t.name, t.queue, t.begun = t.queue[0], t.queue[1:], true
	t.done, t.ended, t.fault = len(t.queue) > 0, nil, ""
}

func (t *Tail) leave() {
	t.Close()
	t.begun = false
}

// read reads the next record of the log at hand. The error is io.EOF, a *fault or a torn
// *CorruptError of the header where the log ends, as far as it is written.
func (t *Tail) read() (*Record, error) {
	if t.r == nil {
		r, err := Open(t.name)
		if err != nil {
			return nil, err
		}
		t.r = r
	} else if t.ended != nil {
		if t.ended == io.EOF && !t.done && t.r.nothingNew() {
			return nil, io.EOF
		}
		if err := t.r.rewind(); err != nil {
			return nil, err
		}
	}
	if t.ended = t.r.parse(); t.ended != nil {
		return nil, t.ended
	}
	t.fault = ""
	return &t.r.rec, nil
}

// nothingNew reports whether there still is nothing behind the last record, without
// reading all that is preallocated.
func (r *Reader) nothingNew() bool {
	var b [prefixSize]byte
	n, err := r.file.ReadAt(b[:], r.good)
	return zeros(b[:n]) == n && (err == nil || err == io.EOF)
}

// atEnd reports whether err is of the end of what is written.
func atEnd(err error) bool {
	var f *fault
	var corrupt *CorruptError
	return err == io.EOF || errors.As(err, &f) || errors.As(err, &corrupt) && corrupt.Torn
}

// wait is what there is at the end of the newest log, which may be amid a record: io.EOF,
// but an error if that cannot become one.
func (t *Tail) wait(err error) (*Record, error) {
	if err == io.EOF {
		t.fault = ""
		return nil, io.EOF
	}
	if what := err.Error(); what != t.fault {
		t.fault, t.since, t.torn = what, time.Now(), false
	}
	if t.torn || time.Since(t.since) < patience {
		return nil, io.EOF
	}
	verdict := t.settle(err)
	if corrupt := (*CorruptError)(nil); errors.As(verdict, &corrupt) && corrupt.Torn {
		t.torn = true
		return nil, io.EOF
	}
	rec, err := t.read() // it may have become one while it was looked behind it
	if err != nil && err.Error() == t.fault {
		err = verdict
	} else if err != nil && atEnd(err) {
		err = io.EOF
	}
	return rec, err
}

// settle is what an error of read is, if nobody is about to write on.
func (t *Tail) settle(err error) error {
	if f := (*fault)(nil); errors.As(err, &f) {
		return t.r.judge(f)
	}
	return err
}
