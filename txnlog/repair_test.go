package txnlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/adler32"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zook/jute"
)

// repairBytes repairs a log with all fixes that there are, or none. The new log is nil
// if none was written; if one was, nothing is wrong with it.
func repairBytes(t testing.TB, b []byte, fix bool) (repaired []byte, done *Repaired, err error) {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "log.1"), filepath.Join(dir, "log.1.fixed")
	if err := os.WriteFile(from, b, 0o640); err != nil {
		t.Fatal(err)
	}
	lost := 0
	done, err = Repair(context.Background(), from, to, RepairOptions{
		Keep: func(f *Fix) (bool, error) { return fix, nil },
		Lost: func(*Record) { lost++ },
	})
	if now, _ := os.ReadFile(from); !bytes.Equal(now, b) {
		t.Fatal("the log itself was changed")
	}
	repaired, rerr := os.ReadFile(to)
	if err != nil {
		if !errors.Is(rerr, fs.ErrNotExist) {
			t.Fatalf("%v, and yet there is a file", err)
		}
	} else {
		checkWhole(t, repaired, done)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 2 {
		t.Fatalf("files were left behind: %v", entries)
	}
	if done != nil && lost != done.Lost.Txns {
		t.Fatalf("%d lost transactions were told, %d counted", lost, done.Lost.Txns)
	}
	return repaired, done, err
}

// checkWhole checks that nothing is wrong with a log, and that it holds what done says.
func checkWhole(t testing.TB, b []byte, done *Repaired) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(b), "log.1.fixed")
	var c Checker
	var part Part
	for err == nil {
		var rec *Record
		if rec, err = r.Next(); err == nil {
			part.add(rec)
			err = c.Check(rec)
		}
	}
	if err.Error() != "EOF" || r.Offset() != int64(len(b)) {
		t.Fatalf("the repaired log: %v", err)
	}
	if part.Bytes = r.Offset(); part != done.Kept {
		t.Fatalf("the repaired log holds %+v, not %+v", part, done.Kept)
	}
}

func TestRepair(t *testing.T) {
	txns := []*jute.Txn{session(1), set(2, []byte("some data")), set(3, []byte("more")), set(4, []byte("the last"))}
	whole := bytesOf(t, txns...)
	_, offsets, end, err := readBytes(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	second, third, fourth := int(offsets[1]), int(offsets[2]), int(offsets[3])
	put := func(at int, with string) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], with)
		return b
	}
	gap := bytesOf(t, txns[0], txns[1], set(5, nil), set(6, nil))
	twice := bytesOf(t, txns[0], txns[1], set(2, nil), txns[2])
	padded := func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, 5000)...) }

	for _, c := range []struct {
		name  string
		log   []byte
		fix   bool
		kept  Part
		fixed []int64
		same  bool // the new log is as the log was once
		cut   string
		lost  Part
	}{
		{"a torn tail", whole[:end-3], true, Part{3, 1, 3, int64(fourth)}, nil, false, "the file ends inside a record", Part{Bytes: end - 3 - int64(fourth)}},
		{"a torn tail and zeros", padded(whole[:end-3]), true, Part{3, 1, 3, int64(fourth)}, nil, false, "ends in 0x00, not in 'B'", Part{Bytes: end - 3 - int64(fourth)}},
		{"a checksum", put(second+5, "\x01"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"a checksum, and no fix", put(second+5, "\x01"), false, Part{1, 1, 1, int64(second)}, nil, false, "the checksum of a record of 67 bytes", Part{2, 3, 4, end - int64(second)}},
		{"a changed byte", put(second+60, "X"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"a changed byte of the last", put(int(end)-20, "X"), true, Part{4, 1, 4, end}, []int64{4}, true, "", Part{}},
		{"a byte of a zxid", put(second+prefixSize+12, "\x7f"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"a byte of the length of a path", put(second+prefixSize+32, "\x7f"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"two changed bytes", put(second+60, "XY"), true, Part{4, 1, 4, end}, []int64{2}, false, "", Part{}},
		{"an end", put(third-1, "C"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"a length", put(second+10, "\x7f"), true, Part{4, 1, 4, end}, []int64{2}, true, "", Part{}},
		{"a length, and no fix", put(second+10, "\x7f"), false, Part{1, 1, 1, int64(second)}, nil, false, "with another length", Part{2, 3, 4, end - int64(second)}},
		{"a magic number", put(0, "ZKXX"), true, Part{4, 1, 4, end}, []int64{0}, true, "", Part{}},
		{"a blank header", put(0, strings.Repeat("\x00", 16)), true, Part{4, 1, 4, end}, []int64{0}, true, "", Part{}},
		{"two faults", put(second+5, "\x01"+string(whole[second+6:third+5])+"\x02"), true, Part{4, 1, 4, end}, []int64{2, 3}, true, "", Part{}},
		{"the length of a path", put(second+prefixSize+32, "\x7f\x01"), true, Part{1, 1, 1, int64(second)}, nil, false, "the checksum", Part{2, 3, 4, end - int64(second)}},
		{"a zxid", put(second+prefixSize+12, "\x7f\x01"), true, Part{1, 1, 1, int64(second)}, nil, false, "the checksum", Part{2, 3, 4, end - int64(second)}},
		{"two bytes of a record", put(second+4, "\x01\x02\x03\x04\x7f"), true, Part{1, 1, 1, int64(second)}, nil, false, "the file ends inside", Part{2, 3, 4, end - int64(second)}},
		{"zeros in the middle", padded(put(second, string(make([]byte, third-second)))), true, Part{1, 1, 1, int64(second)}, nil, false, "zeros, but the file goes on", Part{2, 3, 4, end - int64(second)}},
		{"a gap", gap, true, Part{2, 1, 2, int64(third)}, nil, false, "zxid 0x5 comes after 0x2: the transactions between them are missing", Part{2, 5, 6, int64(len(gap) - third)}},
		{"a zxid that is there twice", twice, true, Part{2, 1, 2, int64(third)}, nil, false, "zxid 0x2 is there twice", Part{2, 2, 3, int64(len(twice) - third)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, done, err := repairBytes(t, c.log, c.fix)
			if err != nil {
				t.Fatal(err)
			}
			if done.Kept != c.kept || done.Lost != c.lost || !slices.Equal(done.Fixed, c.fixed) {
				t.Errorf("kept %+v, fixed %v, lost %+v\nwant %+v, %v, %+v", done.Kept, done.Fixed, done.Lost, c.kept, c.fixed, c.lost)
			}
			if bytes.Equal(got, whole) != c.same {
				t.Errorf("the new log and what was written once: the same is %v", !c.same)
			}
			if (done.Cut == nil) != (c.cut == "") || done.Cut != nil && (!strings.Contains(done.Cut.Reason, c.cut) || done.Cut.Offset != done.Kept.Bytes) {
				t.Errorf("cut by %v, want %q", done.Cut, c.cut)
			}
		})
	}
}

// Whatever byte of a log has changed a bit, it is changed back, and the log is what it was.
func TestRepairUndoesFlippedBits(t *testing.T) {
	whole, _, _ := small(t)
	for at := range whole {
		if at >= 8 && at < headerSize {
			continue // the database id, which nothing sums
		}
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at * 5 % 8)
		if got, done, err := repairBytes(t, b, true); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("byte %d: %+v, %v", at, done, err)
		}
	}
}

// What is behind missing transactions is kept only if it is to be.
func TestRepairKeepsGaps(t *testing.T) {
	b := bytesOf(t, session(1), session(4), session(5), session(9))
	b = b[:len(b)-2]
	dir := t.TempDir()
	path := write(t, dir, "log.1", b)
	for i, c := range []struct {
		keep bool
		kept Part
	}{{true, Part{3, 1, 5, 163}}, {false, Part{1, 1, 1, 65}}} {
		done, err := Repair(t.Context(), path, filepath.Join(dir, fmt.Sprint(i)), RepairOptions{Gap: func(g *GapError) (bool, error) {
			if g.After != 1 || g.Before != 4 || g.Offset != 65 {
				t.Errorf("%+v", g)
			}
			return c.keep, nil
		}})
		if err != nil || done.Kept != c.kept {
			t.Errorf("%+v, %v, want %+v", done, err, c.kept)
		}
	}
}

// Nothing is written where there would be nothing new, or nothing at all.
func TestRepairWritesNothing(t *testing.T) {
	whole := bytesOf(t, session(1), session(2))
	for _, c := range []struct {
		name string
		log  []byte
		want string
	}{
		{"whole", whole, "log.1: there is nothing to repair"},
		{"whole and padded", append(bytes.Clone(whole), make([]byte, 999)...), "log.1: there is nothing to repair"},
		{"a header", whole[:headerSize], "log.1: there is nothing to repair"},
		{"empty", nil, "no transaction can be kept: log.1: torn by a crash at offset 0 (no transaction before it): the file is empty"},
		{"zeros", make([]byte, 1000), "no transaction can be kept: log.1: torn by a crash at offset 0 (no transaction before it): no header, the file is all zeros"},
		{"text", []byte("this is not what anyone would take for a log"), "no transaction can be kept: log.1: damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"this\", not \"ZKLG\""},
		{"half a transaction", whole[:30], "no transaction can be kept: log.1: torn by a crash at offset 16 (no transaction before it): the file ends inside a record of 36 bytes"},
	} {
		_, done, err := repairBytes(t, c.log, true)
		if err == nil {
			t.Errorf("%s: repaired: %+v", c.name, done)
			continue
		}
		if got := err.Error(); strings.ReplaceAll(got, filepath.Dir(got[strings.Index(got, "/"):strings.Index(got, "log.1")+1])+"/", "") != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	for _, to := range []string{"log.1", "other"} {
		dir := t.TempDir()
		os.Chdir(dir)
		path := write(t, dir, "log.1", whole[:len(whole)-1])
		write(t, dir, "other", []byte("precious"))
		if _, err := Repair(t.Context(), path, filepath.Join(dir, to), RepairOptions{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("onto %s: %v", to, err)
		}
	}
}

// What a person is asked, and that an abort leaves nothing.
func TestRepairAsks(t *testing.T) {
	b := bytesOf(t, session(1), set(2, []byte("some data")), set(3, nil))
	b[bytes.Index(b, []byte("some"))] = 'x'
	b[len(b)-1] = 'x'
	dir := t.TempDir()
	path, to := write(t, dir, "log.1", b), filepath.Join(dir, "new")
	var asked []string
	stop := errors.New("stop")
	_, err := Repair(t.Context(), path, to, RepairOptions{Keep: func(f *Fix) (bool, error) {
		txn, err := f.Txn()
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, fmt.Sprintf("%d %#x %v, fix %d", f.Offset, txn.Header.Zxid, txn.Header.Type, f.Kind))
		if len(asked) == 2 {
			return false, stop
		}
		return true, nil
	}})
	if want := []string{"65 0x2 setData, fix 2", "145 0x3 setData, fix 1"}; !slices.Equal(asked, want) || !errors.Is(err, stop) {
		t.Errorf("asked %q, %v", asked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	many := write(t, dir, "log.2", append(many(t, 3000), 1))
	if _, err := Repair(ctx, many, to, RepairOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files were left: %v", entries)
	}
}

// One changed byte is told from all others, wherever it is and whatever it became.
func TestChangedByte(t *testing.T) {
	for _, n := range []int{1, 2, 100, 5000, 65520, 65521, 65522, 70_000, 200_000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i * i)
		}
		sum := uint64(adler32.Checksum(b))
		unique := 0
		for range 500 {
			at, was := rand.IntN(n), byte(0)
			was = b[at]
			if b[at] = byte(rand.Uint32()); b[at] == was {
				continue
			}
			i, got, ok := changedByte(b, sum)
			if ok && (i != at || got != was) || !ok && n < 65521 {
				t.Fatalf("of %d bytes, %d at %d became %d: found %d at %d, %v", n, was, at, b[at], got, i, ok)
			}
			if b[at] = was; ok {
				unique++
			}
		}
		if unique == 0 && n < 70_000 {
			t.Errorf("of %d bytes none was found", n)
		}
	}
	b := []byte("any text")
	for _, sum := range []uint64{uint64(adler32.Checksum(b)), 0, 1, math.MaxUint32, math.MaxUint64, uint64(adler32.Checksum([]byte("any taxt."))), uint64(adler32.Checksum(b)) ^ 1<<31, uint64(adler32.Checksum(b)) ^ 1} {
		if i, v, ok := changedByte(b, sum); ok {
			t.Errorf("for %#x it would be %d at %d", sum, v, i)
		}
	}
}

func TestChop(t *testing.T) {
	b := bytesOf(t, session(1), session(2), session(4), session(5), session(0x300000002))
	_, offsets, end, err := readBytes(t, b)
	if err != nil {
		t.Fatal(err)
	}
	torn := b[:end-4]
	dir := t.TempDir()
	for i, c := range []struct {
		log  []byte
		zxid int64
		want Part
		gaps string
		err  string
	}{
		{b, 1, Part{1, 1, 1, offsets[1]}, "", ""},
		{b, 4, Part{3, 1, 4, offsets[3]}, "2-4 ", ""},
		{b, 0x300000002, Part{5, 1, 0x300000002, end}, "2-4 5-300000002 ", ""},
		{append(bytes.Clone(b), make([]byte, 99)...), 0x300000002, Part{5, 1, 0x300000002, end}, "2-4 5-300000002 ", ""},
		{torn, 5, Part{4, 1, 5, offsets[4]}, "2-4 ", ""},
		{b, 3, Part{}, "", "there is no transaction 0x3: 0x2 is followed by 0x4"},
		{b, 0, Part{}, "", "there is no transaction 0x0: the first one is 0x1"},
		{b, 0x300000003, Part{}, "2-4 5-300000002 ", "there is no transaction 0x300000003: the last one is 0x300000002"},
		{b[:headerSize], 1, Part{}, "", "there is no transaction 0x1: it holds none"},
		{torn, 0x300000002, Part{}, "2-4 ", "torn by a crash at offset 212 (last good zxid 0x5): the file ends inside a record of 36 bytes"},
		{nil, 1, Part{}, "", "torn by a crash at offset 0 (no transaction before it): the file is empty"},
	} {
		path, to := write(t, dir, "log.1", c.log), filepath.Join(dir, fmt.Sprint("new", i))
		gaps := ""
		part, err := Chop(t.Context(), path, to, c.zxid, ChopOptions{Gap: func(last, next int64) { gaps += fmt.Sprintf("%x-%x ", last, next) }})
		got, _ := os.ReadFile(to)
		if part != c.want || gaps != c.gaps || !bytes.Equal(got, c.log[:part.Bytes]) {
			t.Errorf("at %#x: %+v, gaps %q, %d bytes, want %+v, %q", c.zxid, part, gaps, len(got), c.want, c.gaps)
		}
		if (err == nil) != (c.err == "") || err != nil && err.Error() != path+": "+c.err {
			t.Errorf("at %#x: %v, want %s", c.zxid, err, c.err)
		}
		if _, err := Chop(t.Context(), path, path, c.zxid, ChopOptions{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("onto itself: %v", err)
		}
	}
}
