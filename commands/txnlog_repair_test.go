package commands

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/internal/zktest"
	"zook/jute"
)

// repair is what "zook txnlog repair" prints in dir, and, if it made a log, what verify
// says of that. A person who is asked answers by answer, unless it is nil.
func repair(t *testing.T, dir, line string, answer func(context.Context, string) (bool, error)) string {
	t.Helper()
	t.Chdir(dir)
	before, err := os.ReadFile("log.1")
	if err != nil {
		t.Fatal(err)
	}
	term := newTerminal("")
	if answer != nil {
		term.Ask = func(ctx context.Context, question string) (bool, error) {
			term.Err.Write([]byte("? " + question + "\n"))
			return answer(ctx, question)
		}
	}
	term.finish(Run(t.Context(), &term.Env, append([]string{"txnlog", "repair"}, strings.Fields(line)...)))
	got := term.take()
	if after, _ := os.ReadFile("log.1"); string(after) != string(before) {
		t.Error("the log is not what it was")
	}
	if entries, _ := filepath.Glob(".log*"); len(entries) > 0 {
		t.Errorf("%v were left behind", entries)
	}
	if _, err := os.Stat("log.1.fixed"); err == nil {
		got += zook(t.Context(), "", "", "txnlog", "verify", "log.1.fixed")
	}
	return got
}

const (
	lineOfTwo   = "2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /a size=3 data=\"one\"\n"
	lineOfThree = "2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral data=null\n"
	cutAtTwo    = "log.1.fixed: written: 1 transaction, 0x1, 65 bytes\n"
	okOne       = "log.1.fixed: ok, 1 transaction, 0x1\n"
	okThree     = "log.1.fixed: ok, 3 transactions, 0x1..0x3\n"
)

func TestTxnlogRepair(t *testing.T) {
	const atTwo = "at offset 65 (last good zxid 0x1): "
	for name, c := range map[string]struct {
		flags  string
		change func([]byte) []byte
		want   string
	}{
		"torn": {"", func(b []byte) []byte { return b[:200] },
			"log.1.fixed: written: 2 transactions, 0x1..0x2, 167 bytes\n" +
				"log.1.fixed: ends where log.1 is damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes\n" +
				"log.1.fixed: lost: all behind 0x2, 32 bytes, of which no transaction can still be read there\n" +
				"log.1.fixed: ok, 2 transactions, 0x1..0x2\n"},
		"torn, for a program": {"-o jsonl", func(b []byte) []byte { return b[:200] },
			`{"file":"log.1","to":"log.1.fixed","kept":{"transactions":2,"firstZxid":"0x1","lastZxid":"0x2","bytes":167},` +
				`"cut":{"offset":167,"lastGoodZxid":"0x2","reason":"the file ends inside a record of 76 bytes"},` +
				`"lost":{"transactions":0,"firstZxid":null,"lastZxid":null,"bytes":32},"warnings":[]}` + "\n" +
				"log.1.fixed: ok, 2 transactions, 0x1..0x2\n"},
		"one byte": {"--yes", func(b []byte) []byte { b[65+12+37] ^= 4; return b },
			"log.1.fixed: written: 3 transactions, 0x1..0x3, 256 bytes\n" +
				"log.1.fixed: fixed (byte): transaction 0x2 at offset 65: the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3\n" + okThree},
		"more bytes": {"--yes -o jsonl", func(b []byte) []byte { copy(b[65+12+42:], "xy"); return b },
			`{"file":"log.1","to":"log.1.fixed","kept":{"transactions":3,"firstZxid":"0x1","lastZxid":"0x3","bytes":256},` +
				`"fixed":[{"offset":65,"zxid":"0x2","fix":"checksum","reason":"the checksum of a record of 89 bytes is 0xc44a11e7, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3"}],"warnings":[]}` + "\n" + okThree},
		"an end": {"--yes", func(b []byte) []byte { b[166] = 0; return b },
			"log.1.fixed: written: 3 transactions, 0x1..0x3, 256 bytes\n" +
				"log.1.fixed: fixed (frame): transaction 0x2 at offset 65: a record of 89 bytes ends in 0x00, not in 'B'; the next whole record is at offset 167, zxid 0x3\n" + okThree},
		"a header": {"--yes", func(b []byte) []byte { clear(b[:16]); return b },
			"log.1.fixed: written: 3 transactions, 0x1..0x3, 256 bytes\n" +
				"log.1.fixed: fixed (header): the header at offset 0: no header, zeros in its place\n" + okThree},
		"the prefix": {"--valid-prefix", func(b []byte) []byte { b[65+12+37] ^= 4; return b },
			cutAtTwo + "log.1.fixed: ends where log.1 is damaged " + atTwo + "the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3\n" +
				"log.1.fixed: lost: all behind 0x1, 191 bytes, of which 1 transaction, 0x3 can still be read there\n  " + lineOfThree + okOne},
		"what cannot be fixed": {"--yes", func(b []byte) []byte { clear(b[100:140]); return b },
			cutAtTwo + "log.1.fixed: ends where log.1 is damaged " + atTwo + "the checksum of a record of 89 bytes is 0x5ddf0a9c, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3\n" +
				"log.1.fixed: lost: all behind 0x1, 191 bytes, of which 1 transaction, 0x3 can still be read there\n  " + lineOfThree + okOne},
		"a script that does not say": {"", func(b []byte) []byte { b[65+12+37] ^= 4; return b },
			"! zook: txnlog repair: log.1: damaged " + atTwo + "the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3: " +
				"--yes keeps this transaction, with one byte changed back as the checksum tells, and --valid-prefix ends the new log before it\n= 9\n"},
		"no fault": {"", func(b []byte) []byte { return b },
			"! zook: txnlog repair: log.1: there is nothing to repair: 3 transactions, 0x1..0x3, and no fault\n= 1\n"},
		"only a header": {"", func(b []byte) []byte { return b[:16] },
			"! zook: txnlog repair: log.1: there is nothing to repair: no transactions, and no fault\n= 1\n"},
		"empty": {"", func(b []byte) []byte { return nil },
			"! zook: txnlog repair: no transaction can be kept: log.1: torn by a crash at offset 0 (no transaction before it): the file is empty\n= 9\n"},
		"zeros": {"", func(b []byte) []byte { clear(b); return b },
			"! zook: txnlog repair: no transaction can be kept: log.1: torn by a crash at offset 0 (no transaction before it): no header, the file is all zeros\n= 9\n"},
		"text": {"--yes", func(b []byte) []byte {
			return []byte("text, and enough of it for a record to fit in: text, text, text")
		},
			"! zook: txnlog repair: no transaction can be kept: log.1: damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"text\", not \"ZKLG\"\n= 9\n"},
		"packed": {"--yes", gzipped,
			"! zook: txnlog repair: no transaction can be kept: log.1: damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"\\x1f\\x8b\\b\\x00\", not \"ZKLG\", as what gzip has packed does\n= 9\n"},
		"both":    {"--yes --valid-prefix", func(b []byte) []byte { return b }, "! zook: txnlog repair: --yes keeps all that can be fixed, and --valid-prefix nothing: one of them is enough\n= 2\n"},
		"taken":   {"--to log.1", func(b []byte) []byte { return b[:200] }, "! zook: txnlog repair: log.1: file already exists: --to names another file\n= 1\n"},
		"nowhere": {"--to gone/log.1", func(b []byte) []byte { return b[:200] }, "! zook: txnlog repair: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := repair(t, changedLog(t, c.change), c.flags+" log.1", nil)
			if name == "nowhere" {
				got, _, _ = strings.Cut(got, "gone")
			}
			expect(t, got, c.want)
		})
	}
	dir := changedLog(t, func(b []byte) []byte { return b })
	t.Chdir(dir)
	for words, want := range map[string]string{
		"gone": "! zook: txnlog repair: gone: no such file or directory\n= 1\n",
		".":    "! zook: txnlog repair: .: not a file\n= 1\n",
		"":     "! zook: txnlog repair: too few arguments; usage: zook txnlog repair FILE\n= 2\n",
	} {
		expect(t, zook(t.Context(), "", "", append([]string{"txnlog", "repair"}, strings.Fields(words)...)...), want)
	}
}

// A person is shown each transaction, and what is wrong with it, and may keep it, end the
// log there, or leave.
func TestTxnlogRepairAsks(t *testing.T) {
	change := func(b []byte) []byte { b[65+12+37] ^= 4; b[167+5] ^= 1; b[167+6] ^= 1; return b }
	const first = "! zook: log.1: damaged at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says\n" +
		"!   " + lineOfTwo + "! ? Keep this transaction, with one byte changed back as the checksum tells?\n"
	const second = "! zook: log.1: damaged at offset 167 (last good zxid 0x2): the checksum of a record of 76 bytes is 0x96500d24, not 0x96510c24 as it says\n" +
		"!   " + lineOfThree + "! ? Keep this transaction as it is, with a new checksum?\n"
	answers := func(all ...bool) func(context.Context, string) (bool, error) {
		return func(context.Context, string) (bool, error) {
			a := all[0]
			all = all[1:]
			return a, nil
		}
	}
	expect(t, repair(t, changedLog(t, change), "log.1", answers(true, true)), first+second+
		"log.1.fixed: written: 3 transactions, 0x1..0x3, 256 bytes\n"+
		"log.1.fixed: fixed (byte): transaction 0x2 at offset 65: the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says\n"+
		"log.1.fixed: fixed (checksum): transaction 0x3 at offset 167: the checksum of a record of 76 bytes is 0x96500d24, not 0x96510c24 as it says\n"+okThree)
	expect(t, repair(t, changedLog(t, change), "log.1", answers(true, false)), first+second+
		"log.1.fixed: written: 2 transactions, 0x1..0x2, 167 bytes\n"+
		"log.1.fixed: fixed (byte): transaction 0x2 at offset 65: the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says\n"+
		"log.1.fixed: ends where log.1 is damaged at offset 167 (last good zxid 0x2): the checksum of a record of 76 bytes is 0x96500d24, not 0x96510c24 as it says\n"+
		"log.1.fixed: lost: all behind 0x2, 89 bytes, of which no transaction can still be read there\n"+
		"log.1.fixed: ok, 2 transactions, 0x1..0x2\n")
	left := func(ctx context.Context, _ string) (bool, error) { return false, context.Canceled }
	expect(t, repair(t, changedLog(t, change), "log.1", left), first+"! zook: txnlog repair: log.1: interrupted, nothing was written\n= 1\n")
	expect(t, repair(t, changedLog(t, change), "--valid-prefix -o table log.1", answers()), `
	┌─────────────┬────────────────────┬───────┬─────────────────┬──────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
	│ file        │ kept               │ fixed │ lost            │ why                                                                                                              │
	├─────────────┼────────────────────┼───────┼─────────────────┼──────────────────────────────────────────────────────────────────────────────────────────────────────────────────┤
	│ log.1.fixed │ 1 transaction, 0x1 │ 0     │ no transactions │ at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc17911d7, not 0xc0a911d3 as it says │
	└─────────────┴────────────────────┴───────┴─────────────────┴──────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
	`+okOne)
}

// Missing transactions end the new log, unless a snapshot is newer, or they are said not
// to matter; and later logs that do not follow any more are told of.
func TestTxnlogRepairGaps(t *testing.T) {
	missing := func(b []byte) []byte { return append(b[:65:65], b[167:]...) }
	tornToo := func(b []byte) []byte { return append(missing(b)[:154:154], b[65:100]...) }
	const cut = "zxid 0x3 comes after 0x1: the transactions between them are missing"
	for name, c := range map[string]struct {
		change func([]byte) []byte
		flags  string
		beside []string
		want   string
	}{
		"cut": {missing, "--valid-prefix", nil, cutAtTwo + "log.1.fixed: ends where log.1 is damaged at offset 65 (last good zxid 0x1): " + cut + "\n" +
			"log.1.fixed: lost: all behind 0x1, 89 bytes, of which 1 transaction, 0x3 can still be read there\n  " + lineOfThree + okOne},
		"a script": {missing, "", []string{"snapshot.1"}, "! zook: txnlog repair: log.1: damaged at offset 65 (last good zxid 0x1): " + cut +
			": --yes keeps what is behind them, which takes a snapshot that is newer, and --valid-prefix ends the new log before it\n= 9\n"},
		"kept": {tornToo, "--yes", nil, "log.1.fixed: written: 2 transactions, 0x1..0x3, 154 bytes\n" +
			"log.1.fixed: ends where log.1 is damaged at offset 154 (last good zxid 0x3): the file ends inside a record of 89 bytes\n" +
			"log.1.fixed: lost: all behind 0x3, 35 bytes, of which no transaction can still be read there\n" +
			"log.1.fixed: warning: at offset 65 " + cut + ": a start needs a snapshot of 0x2 or later\n" +
			"log.1.fixed: damaged at offset 65 (last good zxid 0x1): " + cut + ": a start needs a snapshot of 0x2 or later\n= 9\n"},
		"missed by nobody": {tornToo, "", []string{"snapshot.2"}, "log.1.fixed: written: 2 transactions, 0x1..0x3, 154 bytes\n" +
			"log.1.fixed: ends where log.1 is damaged at offset 154 (last good zxid 0x3): the file ends inside a record of 89 bytes\n" +
			"log.1.fixed: lost: all behind 0x3, 35 bytes, of which no transaction can still be read there\n" +
			"log.1.fixed: warning: at offset 65 " + cut + ": a start does not need them, as snapshot.2 is newer\n" +
			"log.1.fixed: warning at offset 65 (last good zxid 0x1): " + cut + ": a start does not need them, as snapshot.2 is newer\n" +
			"log.1.fixed: ok, 2 transactions, 0x1..0x3\n"},
		"later logs": {func(b []byte) []byte { return b[:200] }, "", []string{"log.20", "log.30"},
			"log.1.fixed: written: 2 transactions, 0x1..0x2, 167 bytes\n" +
				"log.1.fixed: ends where log.1 is damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes\n" +
				"log.1.fixed: lost: all behind 0x2, 32 bytes, of which no transaction can still be read there\n" +
				"log.1.fixed: warning: log.20 does not follow any more: 0x20 comes after 0x2, and a start needs a snapshot of 0x1f or later, or has to be without the later logs\n" +
				"log.1.fixed: ok, 2 transactions, 0x1..0x2\n"},
		"later logs that nobody misses": {func(b []byte) []byte { return b[:200] }, "", []string{"log.20", "snapshot.1f"},
			"log.1.fixed: written: 2 transactions, 0x1..0x2, 167 bytes\n" +
				"log.1.fixed: ends where log.1 is damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes\n" +
				"log.1.fixed: lost: all behind 0x2, 32 bytes, of which no transaction can still be read there\n" +
				"log.1.fixed: warning: log.20 does not follow any more: 0x20 comes after 0x2, which a start does not need, as snapshot.1f is newer\n" +
				"log.1.fixed: ok, 2 transactions, 0x1..0x2\n"},
		"later logs that follow": {func(b []byte) []byte { return b[:200] }, "", []string{"log.3", "log.30"},
			"log.1.fixed: written: 2 transactions, 0x1..0x2, 167 bytes\n" +
				"log.1.fixed: ends where log.1 is damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes\n" +
				"log.1.fixed: lost: all behind 0x2, 32 bytes, of which no transaction can still be read there\n" +
				"log.1.fixed: ok, 2 transactions, 0x1..0x2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := changedLog(t, c.change)
			for _, name := range c.beside {
				os.WriteFile(filepath.Join(dir, name), nil, 0o644)
			}
			expect(t, repair(t, dir, c.flags+" log.1", nil), c.want)
		})
	}
}

func TestTxnlogChop(t *testing.T) {
	dir := t.TempDir()
	all := sample()
	writeTxns(t, dir, append(all[:3:3], all[5], all[14])...)
	chop := func(line string) string {
		t.Chdir(dir)
		return zook(t.Context(), "", "", append([]string{"txnlog", "chop"}, strings.Fields(line)...)...)
	}
	expect(t, chop("--zxid 0x6 log.1"), `
	! zook: log.1: transactions are missing: 0x6 comes after 0x3
	log.1.chopped: written: 4 transactions, 0x1..0x6, 319 bytes
	`)
	whole, _ := os.ReadFile("log.1")
	if got, _ := os.ReadFile("log.1.chopped"); string(got) != string(whole[:319]) {
		t.Errorf("%d bytes", len(got))
	}
	for line, want := range map[string]string{
		"--zxid 6 log.1":                   "! zook: txnlog chop: log.1.chopped: file already exists: --to names another file\n= 1\n",
		"--zxid 1 -o jsonl --to one log.1": `{"file":"log.1","to":"one","kept":{"transactions":1,"firstZxid":"0x1","lastZxid":"0x1","bytes":65},"warnings":[]}` + "\n",
		"--zxid 0x100000001 --to all log.1": "! zook: log.1: transactions are missing: 0x6 comes after 0x3\n" +
			"all: written: 5 transactions, 0x1..0x100000001, 364 bytes\n",
		"--zxid 5 --to x log.1": "! zook: txnlog chop: log.1: there is no transaction 0x5: 0x3 is followed by 0x6\n= 1\n",
		"--zxid 5 --to x gone":  "! zook: txnlog chop: gone: no such file or directory\n= 1\n",
		"--zxid 5 --to x .":     "! zook: txnlog chop: .: reading at offset 0: .: is a directory\n= 1\n",
		"log.1":                 "! zook: txnlog chop: --zxid says which transaction is to be the last (zook txnlog chop --help)\n= 2\n",
		"--zxid x log.1":        "! zook: txnlog chop: --zxid: \"x\" is not a number such as 0x1f00000002 or 12 (zook txnlog chop --help)\n= 2\n",
		"--zxid 1":              "! zook: txnlog chop: too few arguments; usage: zook txnlog chop --zxid ZXID FILE\n= 2\n",
	} {
		expect(t, chop(line), want)
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a log was made without its last transaction")
	}
	damaged := changedLog(t, func(b []byte) []byte { b[70] ^= 1; return b })
	dir = damaged
	expect(t, chop("--zxid 1 log.1"), "log.1.chopped: written: 1 transaction, 0x1, 65 bytes\n")
	expect(t, chop("--zxid 3 --to x log.1"), "! zook: txnlog chop: log.1: damaged at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc0a911d3, "+
		"not 0xc0a811d3 as it says; the next whole record is at offset 167, zxid 0x3\n= 9\n")
}

// A transaction larger than any server takes is checked, repaired and chopped as others.
func TestTxnlogLargeRecord(t *testing.T) {
	dir := t.TempDir()
	big := aTxn(2, jute.OpSetData, &jute.SetDataTxn{Path: "/big", Data: []byte(strings.Repeat("0123456789", 1<<20)), Version: 1})
	path := writeTxns(t, dir, sample()[0], big, sample()[2])
	expect(t, verify(t, dir, "log.1"), "log.1: ok, 3 transactions, 0x1..0x3\n")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[5<<20] ^= 0x55
	b[5<<20+1] ^= 0x55
	os.WriteFile(path, b, 0o644)
	if got := repair(t, dir, "--yes log.1", nil); !strings.HasSuffix(got, "zxid 0x3\n"+okThree) || !strings.Contains(got, "fixed (checksum): transaction 0x2 ") {
		t.Error(got)
	}
	expect(t, zook(t.Context(), "", "", "txnlog", "chop", "--zxid", "2", "--to", "two", "log.1.fixed"), "two: written: 2 transactions, 0x1..0x2, 10485886 bytes\n")
}

// What Apache wrote is chopped as Apache does it.
func TestTxnlogChopApache(t *testing.T) {
	s := zktest.Everything(t)
	s.Stop()
	logs, err := filepath.Glob(filepath.Join(s.DataDir, "version-2", "log.*"))
	if err != nil || len(logs) != 2 {
		t.Fatalf("%v, %v", logs, err)
	}
	dir := t.TempDir()
	for _, log := range logs {
		lines := strings.Split(zook(t.Context(), "", "", "txnlog", "dump", log), "\n")
		zxid := strings.Fields(lines[len(lines)/2])[1]
		ours, theirs := filepath.Join(dir, "ours"+zxid), filepath.Join(dir, "theirs"+zxid)
		got := zook(t.Context(), "", "", "txnlog", "chop", "--zxid", zxid, "--to", ours, log)
		out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.util.LogChopper", zxid, log, theirs).CombinedOutput()
		if err != nil {
			t.Fatalf("LogChopper: %v\n%s\nours: %s", err, out, got)
		}
		a, _ := os.ReadFile(ours)
		if b, _ := os.ReadFile(theirs); len(a) < 100 || string(a) != string(b) {
			t.Errorf("%d bytes, and %d by Apache: %s", len(a), len(b), got)
		}
	}
}
