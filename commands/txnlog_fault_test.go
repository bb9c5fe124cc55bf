package commands

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/jute"
	"zook/txnlog"
)

// logOf is a log of the first n transactions of sample: the second is at offset 65,
// the third at 167.
func logOf(t *testing.T, n int) []byte {
	t.Helper()
	b, err := os.ReadFile(writeTxns(t, t.TempDir(), sample()[:n]...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dumpOf is what dump prints of a log.
func dumpOf(t *testing.T, b []byte, flags string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log.1"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	got := dump(t, dir, flags+" log.1")
	if after, err := os.ReadFile("log.1"); err != nil || string(after) != string(b) {
		t.Error("the log is not what it was")
	}
	return got
}

// One line says which file, where, and what is known; what is before and behind it
// is printed, and the code is 9.
func TestTxnlogDumpDamage(t *testing.T) {
	const (
		one   = "2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s\n"
		two   = "2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /a size=3\n"
		three = "2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral\n"
		zook  = "! zook: txnlog dump: log.1: "
	)
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"wrong checksum": {
			func(b []byte) []byte { b[65+12+37] = 'x'; return b },
			one + "2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /x size=3" +
				" DAMAGED: the checksum of a record of 89 bytes is 0xc55511ea, not 0xc0a911d3 as it says\n" + three +
				zook + "the transaction at offset 65 is damaged: the checksum of a record of 89 bytes is 0xc55511ea, not 0xc0a911d3 as it says\n= 9\n"},
		"no transaction that is known": {
			func(b []byte) []byte { b[65+12+31] = 99; return resum(b, 65) },
			one + "2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 op 99 DAMAGED: transaction of type op 99: op 99 is not a transaction\n" + three +
				zook + "the transaction at offset 65 is damaged: transaction of type op 99: op 99 is not a transaction\n= 9\n"},
		"half a session": {
			func(b []byte) []byte {
				b[16+8+3] = 34 // of the 36 bytes: its timeout is cut
				return append(resum(append(b[:16+12+34:16+12+34], 'B'), 16), b[65:]...)
			},
			"2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession DAMAGED: transaction of type createSession: " +
				"record cut short: 4 bytes wanted at offset 32, 2 left\n" + two + three +
				zook + "the transaction at offset 16 is damaged: transaction of type createSession: record cut short: 4 bytes wanted at offset 32, 2 left\n= 9\n"},
		"two of them": {
			func(b []byte) []byte { b[16+12+31], b[65+12+31] = 99, 99; return resum(resum(b, 16), 65) },
			"2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 op -157 DAMAGED: transaction of type op -157: op -157 is not a transaction\n" +
				"2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 op 99 DAMAGED: transaction of type op 99: op 99 is not a transaction\n" + three +
				zook + "2 transactions are damaged, the first at offset 16: transaction of type op -157: op -157 is not a transaction\n= 9\n"},
		"in the middle": {
			func(b []byte) []byte { b[65+8] = 0x80; return b },
			one + zook + "damaged at offset 65 (last good zxid 0x1): a record of length -2147483559; " +
				"with another length the record is whole; the next whole record is at offset 167, zxid 0x3\n= 9\n"},
		"cut": {
			func(b []byte) []byte { return b[:200] },
			one + two + zook + "torn by a crash at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes\n= 9\n"},
		"larger than the file": {
			func(b []byte) []byte { copy(b[167+8:], "\x7f\xff\xff\xff"); return b[:260] },
			one + two + zook + "damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 2147483647 bytes; " +
				"with another length the record is whole\n= 9\n"},
		"not there":     {func(b []byte) []byte { clear(b[65:]); return b }, one},
		"header only":   {func(b []byte) []byte { return b[:16] }, ""},
		"preallocated":  {func(b []byte) []byte { clear(b[16:]); return b }, ""},
		"half a header": {func(b []byte) []byte { return b[:10] }, zook + "torn by a crash at offset 0 (no transaction before it): a file of 10 bytes is shorter than its header\n= 9\n"},
		"empty":         {func(b []byte) []byte { return nil }, zook + "torn by a crash at offset 0 (no transaction before it): the file is empty\n= 9\n"},
		"another file": {
			func([]byte) []byte { return []byte("<?xml version='1.0'?>\n") },
			zook + "damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"<?xm\", not \"ZKLG\"\n= 9\n"},
		"another version": {
			func(b []byte) []byte { b[7] = 3; return b },
			zook + "damaged at offset 4 (no transaction before it): log format version 3, only 2 is known\n= 9\n"},
		"packed, cut": {
			func(b []byte) []byte { return gzipped(b)[:100] },
			zook + "damaged at offset 57 (no transaction before it): the compressed file is damaged: unexpected EOF\n= 9\n"},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, dumpOf(t, c.change(logOf(t, 3)), ""), c.want)
		})
	}
}

// resum makes the checksum of the record at an offset right.
func resum(b []byte, at int) []byte {
	raw := b[at+12:][:binary.BigEndian.Uint32(b[at+8:])]
	binary.BigEndian.PutUint64(b[at:], uint64(adler32.Checksum(raw)))
	return b
}

// Wherever a log ends, what is before is printed, and nothing else.
func TestTxnlogDumpCutAnywhere(t *testing.T) {
	whole := logOf(t, 6)
	lines := strings.SplitAfter(dumpOf(t, whole, ""), "\n")
	lines = lines[:len(lines)-1]
	ends := []int{65, 167, 256, 369, 467, 530}
	for n := range 531 {
		want := 0
		for want < len(ends) && ends[want] <= n {
			want++
		}
		got := dumpOf(t, whole[:n], "")
		out, problem, _ := strings.Cut(got, "! zook: ")
		if out != strings.Join(lines[:want], "") {
			t.Fatalf("%d bytes: %s", n, got)
		}
		start := 16
		if want > 0 {
			start = ends[want-1]
		}
		if n >= start && n <= start+4 { // a record begins with four zeros, as the end does
			if problem != "" {
				t.Errorf("%d bytes: %s", n, got)
			}
		} else if !strings.HasSuffix(problem, "\n= 9\n") || strings.Count(problem, "\n") != 2 {
			t.Errorf("%d bytes: %s", n, got)
		}
	}
}

// No changed bit goes unnoticed, and every format takes what is there.
func TestTxnlogDumpFlippedBits(t *testing.T) {
	whole := logOf(t, 6)[:530]
	for i := range whole {
		b := append([]byte(nil), whole...)
		b[i] ^= 1 << (i % 8)
		format := []string{"-o text", "-o jsonl", "-o zkcli", "-o table"}[i%4]
		got := dumpOf(t, b, format)
		if i >= 8 && i < 16 { // the database id, which nothing sums
			if strings.Contains(got, "! ") {
				t.Errorf("byte %d: %s", i, got)
			}
			continue
		}
		if !strings.HasSuffix(got, "\n= 9\n") || !strings.Contains(got, "! zook: txnlog dump: log.1: ") {
			t.Errorf("byte %d, %s: %s", i, format, got)
		}
		for line := range strings.Lines(got) {
			if format == "-o jsonl" && line[0] != '!' && line[0] != '=' && !json.Valid([]byte(line)) {
				t.Errorf("byte %d: %s", i, line)
			}
		}
	}
}

// A log that cannot be read keeps nothing from being read behind it.
func TestTxnlogDumpGoesOn(t *testing.T) {
	dir := t.TempDir()
	all := sample()
	first := writeTxns(t, dir, all[:2]...)
	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(first, b[:100], 0o644)
	writeTxns(t, dir, all[2:3]...)
	os.WriteFile(filepath.Join(dir, "log.4"), []byte("?"), 0o644)
	writeTxns(t, dir, all[5:6]...)
	expect(t, dump(t, dir, "."), `
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	! zook: txnlog dump: log.1: torn by a crash at offset 65 (last good zxid 0x1): the file ends inside a record of 89 bytes
	2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral
	! zook: txnlog dump: log.4: damaged at offset 0 (no transaction before it): a file of 1 bytes is shorter than its header
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1
	= 9
	`)
	expect(t, dump(t, dir, "-o json --type error ."), `
	! zook: txnlog dump: log.1: torn by a crash at offset 65 (last good zxid 0x1): the file ends inside a record of 89 bytes
	! zook: txnlog dump: log.4: damaged at offset 0 (no transaction before it): a file of 1 bytes is shorter than its header
	[]
	= 9
	`)
	empty := t.TempDir()
	expect(t, dump(t, empty, "."), "! zook: txnlog dump: .: no transaction logs in this directory\n= 1\n")
}

// A transaction may be larger than what any server takes, and than a batch.
func TestTxnlogDumpHugeRecord(t *testing.T) {
	big := aTxn(2, jute.OpSetData, &jute.SetDataTxn{Path: "/big", Data: []byte(strings.Repeat("0123456789", 1<<20)), Version: 1})
	dir := t.TempDir()
	writeTxns(t, dir, sample()[0], big, aTxn(3, jute.OpDelete, &jute.DeleteTxn{Path: "/big"}))
	expect(t, dump(t, dir, "log.1"), `
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 setData /big size=10485760 version=1
	2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 delete /big
	`)
	if got := dump(t, dir, "--data text --path /big --type setData log.1"); len(got) < 10<<20 || !strings.HasSuffix(got, `89"`+"\n") {
		t.Errorf("%d bytes", len(got))
	}
}

// Many batches come out in order, and nothing is read on once nobody listens.
func TestTxnlogDumpOrderAndEnd(t *testing.T) {
	var txns []*jute.Txn
	for i := range int64(20_000) {
		txns = append(txns, aTxn(i+1, jute.OpDelete, &jute.DeleteTxn{Path: "/a"}))
	}
	path := writeTxns(t, t.TempDir(), txns...)
	got := strings.Split(zook(t.Context(), "", "", "txnlog", "dump", path), "\n")
	if len(got) != 20_001 {
		t.Fatalf("%d lines", len(got))
	}
	for i, line := range got[:20_000] {
		if want := " " + Hex(i+1).String() + " "; !strings.Contains(line, want) {
			t.Fatalf("line %d: %s", i, line)
		}
	}
	closed := errors.New("nobody listens")
	env := &Env{Out: failingWriter{closed}, Err: io.Discard}
	if err := Run(t.Context(), env, []string{"txnlog", "dump", path}); !errors.Is(err, closed) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := zook(ctx, "", "", "txnlog", "dump", path); got != "! zook: txnlog dump: interrupted after 0 transactions\n= 1\n" {
		t.Error(got)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// A log that a server writes is no damaged one: what is there is printed, in order.
func TestTxnlogDumpWhileWritten(t *testing.T) {
	dir := t.TempDir()
	w, err := txnlog.Create(dir, 1, txnlog.Options{Prealloc: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan bool), make(chan error)
	go func() {
		var err error
		for zxid := int64(1); err == nil; zxid++ {
			if err = w.Append(aTxn(zxid, jute.OpSetData, &jute.SetDataTxn{Path: "/a", Data: make([]byte, zxid%3000)})); err == nil {
				err = w.Sync()
			}
			select {
			case <-stop:
				done <- err
				return
			default:
			}
		}
		done <- err
	}()
	for range 30 {
		got := zook(t.Context(), "", "", "txnlog", "dump", dir)
		zxid := 0
		for line := range strings.Lines(got) {
			if zxid++; !strings.Contains(line, " "+Hex(zxid).String()+" 0x1000a ") {
				t.Fatalf("transaction %d: %s", zxid, line)
			}
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.Close()
}

// FuzzTxnlogDump takes any bytes for a log.
func FuzzTxnlogDump(f *testing.F) {
	dir := f.TempDir()
	for _, n := range []int{3, 15} {
		b, err := os.ReadFile(writeTxns(f, dir, sample()[:n]...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(n))
		os.Remove(filepath.Join(dir, "log.1"))
	}
	f.Fuzz(func(t *testing.T, b []byte, format uint8) {
		path := filepath.Join(t.TempDir(), "log.1")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		words := []string{"txnlog", "dump", path, "-o", formats[int(format)%len(formats)]}
		err := Run(t.Context(), &Env{Out: io.Discard, Err: io.Discard}, words)
		if code := ExitCode(err); code != ExitOK && code != ExitDamaged {
			t.Errorf("%d: %v", code, err)
		}
	})
}
