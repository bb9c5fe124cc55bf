package txnlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zook/jute"
)

// following reads a tail until it has given transactions up to last, or an error that is
// not of a torn log.
func following(t *testing.T, tail *Tail, last int64) (zxids []int64, torn []string, err error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		rec, err := tail.Next()
		var corrupt *CorruptError
		switch {
		case err == nil:
			if _, err := rec.Txn(); err != nil {
				t.Fatal(err)
			}
			if zxids = append(zxids, rec.Header.Zxid); rec.Header.Zxid >= last {
				return zxids, torn, nil
			}
		case err == io.EOF:
			time.Sleep(time.Millisecond)
		case errors.As(err, &corrupt) && corrupt.Torn:
			torn = append(torn, filepath.Base(tail.File()))
		default:
			return zxids, torn, err
		}
	}
	t.Fatalf("after %d transactions nothing comes", len(zxids))
	return nil, nil, nil
}

func upTo(first, last int64) (zxids []int64) {
	for z := first; z <= last; z++ {
		zxids = append(zxids, z)
	}
	return zxids
}

// records are those of transactions from first to last, without a header.
func records(first, last int64, size int) []byte {
	var b []byte
	for z := first; z <= last; z++ {
		b = appendRecord(b, jute.Marshal(set(z, bytes.Repeat([]byte{byte(z)}, size))))
	}
	return b
}

// A tail tells all transactions in their order, however they are written, over rolls.
func TestTailWhileWritten(t *testing.T) {
	for name, c := range map[string]struct {
		most, size int
		padded     bool
		logs       int64
	}{
		"byte by byte":            {1, 20, false, 4},
		"byte by byte over zeros": {1, 20, true, 4},
		"pieces over zeros":       {5000, 700, true, 12},
		"large records":           {30_000, 400_000, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			const perLog = 25
			dir := t.TempDir() // without version-2, as before the first start
			tail := NewTail(dir)
			defer tail.Close()
			if _, err := tail.Next(); err != io.EOF {
				t.Fatalf("without a log: %v", err)
			}
			version2 := filepath.Join(dir, "version-2")
			writing := make(chan struct{})
			go func() {
				defer close(writing)
				os.Mkdir(version2, 0o755)
				for i := range c.logs {
					first := i*perLog + 1
					b := append(unhex(header), records(first, first+perLog-1, c.size)...)
					trickle(t, filepath.Join(version2, FileName(first)), b, c.most, c.padded, new(atomic.Int64))
				}
			}()
			zxids, torn, err := following(t, tail, c.logs*perLog)
			if err != nil || len(torn) > 0 || !slices.Equal(zxids, upTo(1, c.logs*perLog)) {
				t.Errorf("%d transactions %v, torn %v, %v", len(zxids), zxids, torn, err)
			}
			<-writing
		})
	}
}

func TestTailSeeks(t *testing.T) {
	dir := t.TempDir()
	for _, l := range [][2]int64{{1, 10}, {11, 20}, {21, 30}} {
		b := append(unhex(header), records(l[0], l[1], 10)...)
		write(t, dir, FileName(l[0]), append(b, make([]byte, 500)...))
	}
	for _, c := range []struct {
		seek  func(*Tail) error
		first int64
	}{
		{func(*Tail) error { return nil }, 1},
		{func(t *Tail) error { return t.SeekEnd(0) }, 31},
		{func(t *Tail) error { return t.SeekEnd(1) }, 30},
		{func(t *Tail) error { return t.SeekEnd(10) }, 21},
		{func(t *Tail) error { return t.SeekEnd(13) }, 18},
		{func(t *Tail) error { return t.SeekEnd(1000) }, 1},
		{func(t *Tail) error { return t.SeekZxid(0) }, 1},
		{func(t *Tail) error { return t.SeekZxid(11) }, 11},
		{func(t *Tail) error { return t.SeekZxid(19) }, 19},
		{func(t *Tail) error { return t.SeekZxid(31) }, 31},
		{func(t *Tail) error { return t.SeekZxid(40) }, 40},
	} {
		tail := NewTail(dir)
		if err := c.seek(tail); err != nil {
			t.Fatal(err)
		}
		if c.first > 30 {
			if _, err := tail.Next(); err != io.EOF {
				t.Fatalf("at the end: %v", err)
			}
		}
		next := filepath.Join(dir, FileName(31))
		write(t, dir, FileName(31), append(unhex(header), records(31, 45, 10)...))
		zxids, _, err := following(t, tail, 45)
		if err != nil || !slices.Equal(zxids, upTo(c.first, 45)) {
			t.Errorf("from %d: %v, %v", c.first, zxids, err)
		}
		tail.Close()
		os.Remove(next)
	}
	for _, n := range []int{0, 5} {
		tail := NewTail(t.TempDir())
		if err := tail.SeekEnd(n); err != nil {
			t.Errorf("an empty directory: %v", err)
		}
		if err := NewTail(filepath.Join(dir, "gone")).SeekEnd(n); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no directory: %v", err)
		}
	}
}

// What a crash leaves is said once the server has begun the next log, and only then.
func TestTailOverCrashes(t *testing.T) {
	dir := t.TempDir()
	tail := NewTail(dir)
	defer tail.Close()
	torn := append(unhex(header), records(1, 5, 100)...)
	write(t, dir, "log.1", append(torn[:len(torn)-50], make([]byte, 1000)...))
	write(t, dir, "log.0", nil) // has no header, even
	zxids, said, err := following(t, tail, 4)
	if !slices.Equal(zxids, upTo(1, 4)) || !slices.Equal(said, []string{"log.0"}) || err != nil {
		t.Fatalf("%v, torn %v, %v", zxids, said, err)
	}
	if _, err := tail.Next(); err != io.EOF {
		t.Fatalf("a server that may still write: %v", err)
	}
	write(t, dir, "log.5", unhex(header)[:7])
	time.Sleep(10 * time.Millisecond)
	if _, err := tail.Next(); err == nil || tail.File() != filepath.Join(dir, "log.1") {
		t.Fatalf("a torn log that has a successor: %v of %s", err, tail.File())
	}
	if _, err := tail.Next(); err != io.EOF {
		t.Fatalf("half a header: %v", err)
	}
	write(t, dir, "log.5", append(unhex(header), records(5, 9, 0)...)) // taken again, as after a crash
	if zxids, said, err = following(t, tail, 9); !slices.Equal(zxids, upTo(5, 9)) || said != nil || err != nil {
		t.Fatalf("%v, torn %v, %v", zxids, said, err)
	}
}

// A record that takes its time is waited for; one that can never be is not.
func TestTailPatience(t *testing.T) {
	dir := t.TempDir()
	whole := append(unhex(header), records(1, 3, 50)...)
	f, err := os.Create(filepath.Join(dir, "log.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(whole[:len(whole)-30])
	tail := NewTail(dir)
	defer tail.Close()
	if zxids, _, err := following(t, tail, 2); len(zxids) != 2 || err != nil {
		t.Fatalf("%v, %v", zxids, err)
	}
	for start := time.Now(); time.Since(start) < patience+200*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		if _, err := tail.Next(); err != io.EOF {
			t.Fatalf("half a record: %v", err)
		}
	}
	f.Write(whole[len(whole)-30:])
	if zxids, _, err := following(t, tail, 3); !slices.Equal(zxids, []int64{3}) || err != nil {
		t.Fatalf("%v, %v", zxids, err)
	}
	bad := records(4, 6, 50)
	bad[4] ^= 1
	f.Write(bad)
	zxids, _, err := following(t, tail, 6)
	if err == nil || len(zxids) > 0 || !strings.Contains(err.Error(), fmt.Sprintf("damaged at offset %d (last good zxid 0x3)", len(whole))) {
		t.Fatalf("a record that is damaged: %v, %v", zxids, err)
	}
	if _, again := tail.Next(); again == nil || again.Error() != err.Error() {
		t.Fatalf("then %v", again)
	}
	write(t, dir, FileName(7), append(unhex(header), records(7, 8, 50)...))
	for range 2 {
		zxids, _, err = following(t, tail, 8)
		if err == nil {
			break
		}
	}
	if !slices.Equal(zxids, upTo(7, 8)) || err != nil {
		t.Errorf("the next log: %v, %v", zxids, err)
	}
}

// Logs that are taken away are passed over, and a directory that is begun again is
// followed again.
func TestTailOfLogsThatGo(t *testing.T) {
	dir := t.TempDir()
	for i := range int64(4) {
		write(t, dir, FileName(i*10+1), append(unhex(header), records(i*10+1, i*10+10, 10)...))
	}
	tail := NewTail(dir)
	defer tail.Close()
	if zxids, _, err := following(t, tail, 5); len(zxids) != 5 || err != nil {
		t.Fatalf("%v, %v", zxids, err)
	}
	os.Remove(filepath.Join(dir, "log.1"))
	os.Remove(filepath.Join(dir, "log.b"))
	zxids, _, err := following(t, tail, 40)
	if want := append(upTo(6, 10), upTo(21, 40)...); !slices.Equal(zxids, want) || err != nil {
		t.Fatalf("%v, %v, want %v", zxids, err, want)
	}
	os.RemoveAll(dir)
	os.Mkdir(dir, 0o755)
	if _, err := tail.Next(); err != io.EOF {
		t.Fatal(err)
	}
	write(t, dir, "log.1", append(unhex(header), records(1, 3, 10)...))
	if zxids, _, err := following(t, tail, 3); !slices.Equal(zxids, upTo(1, 3)) || err != nil {
		t.Errorf("begun again: %v, %v", zxids, err)
	}
}
