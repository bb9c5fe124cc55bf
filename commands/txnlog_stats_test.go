package commands

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"zook/jute"
)

// life is what a log holds that stats are there to find: gaps, an epoch that does
// not begin at its beginning, zxids out of order, time that runs back, sessions that
// end in both ways and one that does not.
func life() []*jute.Txn {
	set := func(zxid int64, path string, size int) *jute.Txn {
		return aTxn(zxid, jute.OpSetData, &jute.SetDataTxn{Path: path, Data: make([]byte, size)})
	}
	by := func(session int64, cxid int32, txn *jute.Txn) *jute.Txn {
		txn.Header.ClientID, txn.Header.Cxid = session, cxid
		return txn
	}
	txns := []*jute.Txn{
		by(1, 0, aTxn(0x100000001, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 1000})),
		by(2, 0, aTxn(0x100000002, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 1000})),
		by(1, 1, set(0x100000003, "/a/b/c", 700)),
		by(1, 2, set(0x100000004, "/a/b/d", 300)),
		by(1, 3, set(0x100000008, "/a/b/d", 20)), // 5, 6 and 7 are missing
		by(3, 7, set(0x200000001, "/x", 5)),      // a session from before; a new epoch
		by(3, 8, set(0x200000002, "/x\t", 5)),
		by(3, 9, aTxn(0x200000003, jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode})),
		by(1, 4, aTxn(0x300000003, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/a/e"}})), // 1 and 2 of the epoch are missing
		by(2, 0, aTxn(0x300000004, jute.OpCloseSession, &jute.CloseSessionTxn{})),
		by(3, 10, aTxn(0x300000005, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
			subTxn(jute.OpCheck, &jute.CheckVersionTxn{Path: "/x"}), subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/x"})}})),
		by(3, 11, aTxn(0x300000006, jute.OpMulti, &jute.MultiTxn{Txns: []jute.SubTxn{
			subTxn(jute.OpDelete, &jute.DeleteTxn{Path: "/x"}), subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrNoNode}),
			subTxn(jute.OpError, &jute.ErrorTxn{Err: jute.ErrRuntimeInconsistency})}})),
		by(3, 12, set(0x300000006, "/x", 0)), // again
		by(4, 0, aTxn(0x300000007, jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 1000})),
	}
	for i, txn := range txns {
		txn.Header.Time = 1_767_323_040_000 + int64(i)*300
	}
	txns[8].Header.Time -= 5000
	return txns
}

func TestTxnlogStats(t *testing.T) {
	dir := t.TempDir()
	all := life()
	writeTxns(t, dir, all[:5]...)
	writeTxns(t, dir, all[5:]...)
	t.Chdir(dir)
	stats := func(words ...string) string {
		return zook(t.Context(), "", "", append([]string{"txnlog", "stats", "."}, words...)...)
	}
	expect(t, strings.ReplaceAll(stats(), "\t", " "), `
	transactions 14
	first zxid 0x100000001
	last zxid 0x300000007 3 epochs
	from 2026-01-02T04:04:00.000+01:00
	until 2026-01-02T04:04:03.900+01:00 3.9s
	a second 3.6 on average
	bytes of logs 1899
	bytes of data 1030
	refused 2 multis among them: 1
	zxids missing 5 in gaps: 2
	out of order 1 the first is zxid 0x300000006
	time runs back 1 at most 4.7s, at zxid 0x300000003
	sessions 3 opened
	sessions 1 closed by their clients
	sessions 1 expired
	sessions 2 open at the end
	sessions 1 opened before
	types 6 setData
	types 3 createSession
	types 2 closeSession
	types 2 multi
	types 1 error
	types 0 check, and 1 in multis
	types 0 delete, and 1 in multis
	errors 2 -101 (no such node)
	trees 3 /a/b, 1020 bytes
	trees 3 /x, 5 bytes
	trees 1 /a/e
	trees 1 /x\x09, 5 bytes
	hottest znodes 3 /x, 5 bytes
	hottest znodes 2 /a/b/d, 320 bytes
	hottest znodes 1 /a/b/c, 700 bytes
	hottest znodes 1 /a/e
	hottest znodes 1 /x\x09, 5 bytes
	busiest sessions 6 0x3, 10 bytes
	busiest sessions 5 0x1, 1020 bytes
	busiest sessions 2 0x2
	busiest sessions 1 0x4
	busiest seconds 4 2026-01-02T04:04:00.000+01:00
	busiest seconds 4 2026-01-02T04:04:03.000+01:00
	busiest seconds 3 2026-01-02T04:04:01.000+01:00
	busiest seconds 1 2026-01-02T04:03:57.000+01:00
	busiest seconds 1 2026-01-02T04:04:02.000+01:00
	busiest seconds 1 2026-01-02T04:04:02.000+01:00
	largest writes 700 /a/b/c, setData, 0x100000003, 2026-01-02T04:04:00.600+01:00
	largest writes 300 /a/b/d, setData, 0x100000004, 2026-01-02T04:04:00.900+01:00
	largest writes 20 /a/b/d, setData, 0x100000008, 2026-01-02T04:04:01.200+01:00
	largest writes 5 /x, setData, 0x200000001, 2026-01-02T04:04:01.500+01:00
	largest writes 5 /x\x09, setData, 0x200000002, 2026-01-02T04:04:01.800+01:00
	largest gaps 3 between 0x100000004 and 0x100000008
	largest gaps 2 between 0x300000000 and 0x300000003
	files 5 log.100000001, 1323 used, 6885 allocated ahead, zxid 0x100000001 to 0x100000008
	files 9 log.200000001, 576 used, 7632 allocated ahead, zxid 0x200000001 to 0x300000007
	`)
	got := stats("-n", "1", "--depth", "1", "-o", "json")
	if !json.Valid([]byte(got)) {
		t.Error("no JSON")
	}
	for _, want := range []string{
		`"complete": true,`, `"transactions": 14,`, `"epochs": 3,`, `"missing": 5,`, `"expired": 1,`, `"dataBytes": 1030,`,
		`"prefixes": [
    {
      "path": "/a",
      "changes": 4,
      "bytes": 1020
    }
  ],`, `"preallocated": 6885`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if got := stats("-n", "0", "-o", "table"); !strings.Contains(got, "│ zxids missing  │ 5 ") {
		t.Error(got)
	}
	for words, want := range map[string]string{
		"-n -1":     "! zook: txnlog stats: -n: a number of lines is 0 or more\n= 2\n",
		"--depth 0": "! zook: txnlog stats: --depth: a depth is 1 or more\n= 2\n",
	} {
		if got := stats(strings.Fields(words)...); got != want {
			t.Errorf("%s: %s", words, got)
		}
	}
}

// A sum of what could be read is not taken for the sum of all.
func TestTxnlogStatsOfDamage(t *testing.T) {
	dir := t.TempDir()
	b := logOf(t, 6)
	b[65+12+37] = 'x'
	if err := os.WriteFile(filepath.Join(dir, "log.1"), b[:500], 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	got := zook(t.Context(), "", "", "txnlog", "stats", "log.1")
	for _, want := range []string{
		"! zook: txnlog stats: log.1: the transaction at offset 65 is damaged: the checksum",
		"! zook: txnlog stats: log.1: torn by a crash at offset 467 (last good zxid 0x5)",
		"transactions\t4\n", "damaged\t1\tnot counted\n", "files\t4\tlog.1, 467 used, 33 allocated ahead", "= 9\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := zook(t.Context(), "", "", "txnlog", "stats", "log.1", "-o", "json"); !strings.Contains(got, `"complete": false,`) {
		t.Error(got)
	}
	os.WriteFile("log.1", b[:16], 0o644)
	if got := zook(t.Context(), "", "", "txnlog", "stats", "log.1"); !strings.HasPrefix(got, "transactions\t0\nbytes of logs\t16\n") {
		t.Error(got)
	}
}

// However many things there are, a tally holds the frequent ones, and says by how
// much it may be wrong.
func TestTally(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	z := rand.NewZipf(r, 1.1, 1, 1<<30)
	tl := newTally[string]()
	tl.limit = 1000
	exact := map[string]int64{}
	for range 300_000 {
		key := strconv.FormatUint(z.Uint64(), 36)
		exact[key]++
		n := tl.counts[key]
		if n == nil {
			n = tl.add(key)
		}
		n.count++
	}
	if len(exact) < 10*tl.limit || len(tl.counts) > tl.limit {
		t.Fatalf("%d of %d things", len(tl.counts), len(exact))
	}
	for key, n := range tl.counts {
		if n.count > exact[key] || exact[key] > n.count+n.missed {
			t.Errorf("%s: %d and perhaps %d more, not %d", key, n.count, n.missed, exact[key])
		}
	}
	for key, n := range exact {
		if n > tl.missed && tl.counts[key] == nil {
			t.Errorf("%s, %d times, was forgotten", key, n)
		}
	}
	if best := top(tl, 3, func(k string, n *tallied) string { return k }); strings.Join(best, " ") != "0 1 2" {
		t.Errorf("%v", best)
	}
}
