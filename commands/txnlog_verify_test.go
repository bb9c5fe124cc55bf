package commands

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zook/datadir"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
	"zook/txnlog"
)

// verify is what "zook txnlog verify" prints in dir.
func verify(t *testing.T, dir, line string) string {
	t.Helper()
	t.Chdir(dir)
	return zook(t.Context(), "", "", append([]string{"txnlog", "verify"}, strings.Fields(line)...)...)
}

// changedLog makes dir hold log.1, of the first three transactions of sample.
func changedLog(t *testing.T, change func([]byte) []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "log.1")
	if err := os.WriteFile(path, change(logOf(t, 3)), 0o644); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	os.Chtimes(path, long, long)
	return dir
}

func TestTxnlogVerifyFile(t *testing.T) {
	whole := func(b []byte) []byte { return b }
	expect(t, verify(t, changedLog(t, whole), "log.1"), "log.1: ok, 3 transactions, 0x1..0x3\n")
	expect(t, verify(t, changedLog(t, gzipped), "-o jsonl log.1"),
		`{"file":"log.1","ok":true,"transactions":3,"firstZxid":"0x1","lastZxid":"0x3","used":256,"size":203,"faults":[],"warnings":[]}`+"\n")
	const advice = ": zook txnlog repair log.1\n= 9\n"
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"checksum": {func(b []byte) []byte { b[70] ^= 1; return b }, "damaged at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc0a911d3, " +
			"not 0xc0a811d3 as it says; the next whole record is at offset 167, zxid 0x3" + advice},
		"length": {func(b []byte) []byte { b[73] = 0x80; return b }, "damaged at offset 65 (last good zxid 0x1): a record of length -2147483559; " +
			"with another length the record is whole; the next whole record is at offset 167, zxid 0x3" + advice},
		"no transaction that is known": {func(b []byte) []byte { b[65+12+31] = 99; return resum(b, 65) },
			"damaged at offset 65 (last good zxid 0x1): transaction 0x2 of type op 99: op 99 is not a transaction" + advice},
		"twice": {func(b []byte) []byte { b[167+12+19] = 2; return resum(b, 167) },
			"damaged at offset 167 (last good zxid 0x2): zxid 0x2 is there twice" + advice},
		"order": {func(b []byte) []byte { b[167+12+19] = 1; return resum(b, 167) },
			"damaged at offset 167 (last good zxid 0x2): zxid 0x1 comes after 0x2" + advice},
		"gap": {func(b []byte) []byte { b[167+12+19] = 9; return resum(b, 167) },
			"damaged at offset 167 (last good zxid 0x2): zxid 0x9 comes after 0x2: the transactions between them are missing: a start needs a snapshot of 0x8 or later\n= 9\n"},
		"name": {func(b []byte) []byte { return append(b[:16:16], b[65:]...) },
			"damaged at offset 16 (no transaction before it): the first transaction is 0x2, and not that of the name: servers go by the name\n= 9\n"},
		"cut":            {func(b []byte) []byte { return b[:200] }, "damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes" + advice},
		"cut, and zeros": {func(b []byte) []byte { clear(b[200:]); return b }, "damaged at offset 167 (last good zxid 0x2): a record of 76 bytes ends in 0x00, not in 'B'" + advice},
		"zeros inside":   {func(b []byte) []byte { clear(b[65:167]); return b }, "damaged at offset 65 (last good zxid 0x1): zeros, but the file goes on at offset 171; the next whole record is at offset 167, zxid 0x3" + advice},
		"only a header":  {func(b []byte) []byte { return b[:16] }, "ok, no transactions\n"},
		"preallocated":   {func(b []byte) []byte { clear(b[16:]); return b }, "ok, no transactions\n"},
		"half a header": {func(b []byte) []byte { return b[:10] }, "damaged at offset 0 (no transaction before it): a file of 10 bytes is shorter than its header: " +
			"there is nothing in it: Apache's server starts only without the file\n= 9\n"},
		"empty": {func(b []byte) []byte { return nil }, "damaged at offset 0 (no transaction before it): the file is empty: " +
			"there is nothing in it: Apache's server starts only without the file\n= 9\n"},
		"zeros": {func(b []byte) []byte { clear(b); return b }, "damaged at offset 0 (no transaction before it): no header, the file is all zeros: " +
			"there is nothing in it: Apache's server starts only without the file\n= 9\n"},
		"magic":      {func(b []byte) []byte { b[0]++; return b }, "damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"[KLG\", not \"ZKLG\"\n= 9\n"},
		"version":    {func(b []byte) []byte { b[7] = 3; return b }, "damaged at offset 4 (no transaction before it): log format version 3, only 2 is known\n= 9\n"},
		"a snapshot": {func(b []byte) []byte { return []byte("ZKSN\x00\x00\x00\x02 and so on") }, "damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"ZKSN\", not \"ZKLG\", as a snapshot does\n= 9\n"},
		"a text":     {func(b []byte) []byte { return []byte("\x1b[2J is what steers a terminal") }, "damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"\\x1b[2J\", not \"ZKLG\"\n= 9\n"},
		"packed, and no log": {func(b []byte) []byte { return gzipped([]byte("something else altogether")) },
			"damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"some\", not \"ZKLG\"\n= 9\n"},
		"packed, cut": {func(b []byte) []byte { return gzipped(b)[:100] }, "damaged at offset 57 (no transaction before it): the compressed file is damaged: unexpected EOF" + advice},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, verify(t, changedLog(t, c.change), "log.1"), "log.1: "+c.want)
		})
	}
}

// Several faults are told, each where it is, and what comes behind is still checked.
func TestTxnlogVerifySeveral(t *testing.T) {
	dir := changedLog(t, func(b []byte) []byte { b[65+12+31] = 99; return resum(b, 65)[:200] })
	txns := sample()[3:6]
	txns[1].Header.Time -= 5000
	writeTxns(t, dir, txns...)
	writeTxns(t, dir, sample()[10:]...)
	expect(t, verify(t, dir, "log.b log.1 log.4"), `
	log.1: damaged at offset 65 (last good zxid 0x1): transaction 0x2 of type op 99: op 99 is not a transaction: zook txnlog repair log.1
	log.1: damaged at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes: zook txnlog repair log.1
	log.4: damaged at offset 16 (last good zxid 0x2): zxid 0x4 comes after 0x2: the transactions between them are missing: a start needs a snapshot of 0x3 or later
	log.4: warning at offset 129 (last good zxid 0x4): the time is before that of the transaction before (1 such in all)
	log.b: damaged at offset 16 (last good zxid 0x6): zxid 0xb comes after 0x6: the transactions between them are missing: a start needs a snapshot of 0xa or later
	log.b: warning at offset 397 (last good zxid 0xe): the time is before that of the transaction before (1 such in all)
	= 9
	`)
	expect(t, verify(t, dir, "-o table log.4"), `
	┌───────┬─────────┬──────────────┬───────────────────────────────────────────────────────────────────────────────────────────────────────┐
	│ file  │ verdict │ transactions │ what                                                                                                  │
	├───────┼─────────┼──────────────┼───────────────────────────────────────────────────────────────────────────────────────────────────────┤
	│ log.4 │ warning │ 3            │ at offset 129 (last good zxid 0x4): the time is before that of the transaction before (1 such in all) │
	│ log.4 │ ok      │ 3            │ 3 transactions, 0x4..0x6                                                                              │
	└───────┴─────────┴──────────────┴───────────────────────────────────────────────────────────────────────────────────────────────────────┘
	`)
	if got := verify(t, dir, "gone log.4"); !strings.HasPrefix(got, "! zook: txnlog verify: gone: no such file or directory\n") || !strings.HasSuffix(got, "\n= 1\n") {
		t.Error(got)
	}
	expect(t, verify(t, dir, ""), "! zook: txnlog verify: this reads files: --data-dir DIR says where they are\n= 2\n")
	expect(t, verify(t, t.TempDir(), "."), "! zook: txnlog verify: .: not a data directory: there is no version-2 in it, and no snapshot or log\n= 1\n")
	empty := t.TempDir()
	os.Mkdir(filepath.Join(empty, "version-2"), 0o755)
	expect(t, verify(t, empty, "."), "! zook: txnlog verify: version-2: there is no transaction log in it\n= 1\n")
}

// servedDir is a directory that our server has written: four logs of 20 transactions and
// more, and their snapshots.
func servedDir(t *testing.T) (dir string, logs []string) {
	t.Helper()
	dir = t.TempDir()
	for i := range 4 {
		s, err := server.Start(t.Context(), server.Config{DataDir: dir, PreAllocSize: -1})
		if err != nil {
			t.Fatal(err)
		}
		c := dial(t, s.Addr())
		for j := range 20 {
			if _, _, err := c.Create(t.Context(), fmt.Sprintf("/n%d-%d", i, j), []byte("data"), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
		s.Close()
	}
	logs, err := txnlog.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	for _, l := range logs {
		os.Chtimes(l, long, long)
	}
	return dir, logs
}

func TestTxnlogVerifyDir(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, version2 string, logs []string)
		want   string // LOG1 to LOG4 are the names of the logs
	}{
		"as it is": {func(*testing.T, string, []string) {}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: 88 transactions replayed behind snapshot.0, the digests of 88 agree
			`},
		"a torn end": {func(t *testing.T, _ string, logs []string) { shorten(t, logs[3], 5) }, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: warning at offset 2207 (last good zxid 0x57): the file ends inside a record of 48 bytes: a server starts without it
			LOG4: ok, 21 transactions, 0x43..0x57
			DIR: 87 transactions replayed behind snapshot.0, the digests of 87 agree
			`},
		"a crash before": {func(t *testing.T, dir string, logs []string) {
			whole, _ := os.ReadFile(logs[1])
			os.WriteFile(logs[1], append(whole, 0, 0, 0, 0, 7, 7, 7, 7, 0, 0, 0, 60, 1, 2, 3), 0o644)
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: warning at offset 2268 (last good zxid 0x2c): the file ends inside a record of 60 bytes: a crash left it, and the next log goes on without it
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: 88 transactions replayed behind snapshot.0, the digests of 88 agree
			`},
		"a log that is missing": {func(t *testing.T, dir string, logs []string) {
			os.Remove(logs[1])
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG3: damaged at offset 16 (last good zxid 0x16): zxid 0x2d comes after 0x16: the transactions between them are missing: a start needs a snapshot of 0x2c or later
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: digests are not compared: there is damage
			= 9
			`},
		"a log that nobody misses": {func(t *testing.T, dir string, logs []string) {
			d, err := datadir.Find(dir)
			if err != nil {
				t.Fatal(err)
			}
			st, err := d.At(t.Context(), datadir.AtZxid(0x42), nil)
			if err == nil {
				err = d.WriteSnapshot(st.Tree.Export(), st.Sessions)
			}
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(logs[1])
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG3: warning at offset 16 (last good zxid 0x16): zxid 0x2d comes after 0x16: the transactions between them are missing: a start does not need them, as snapshot.42 is newer
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: 22 transactions replayed behind snapshot.42, the digests of 22 agree
			`},
		"an empty last log": {func(t *testing.T, dir string, logs []string) {
			os.WriteFile(filepath.Join(dir, "log.59"), nil, 0o644)
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			log.59: warning at offset 0 (no transaction before it): the file is empty: a server starts without it
			log.59: ok, no transactions
			DIR: 88 transactions replayed behind snapshot.0, the digests of 88 agree
			`},
		"an empty log that is not the last": {func(t *testing.T, dir string, logs []string) {
			os.WriteFile(filepath.Join(dir, "log.20"), nil, 0o644)
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			log.20: damaged at offset 0 (no transaction before it): the file is empty: there is nothing in it: Apache's server starts only without the file
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: digests are not compared: there is damage
			= 9
			`},
		"another history": {func(t *testing.T, dir string, logs []string) {
			b, _ := os.ReadFile(logs[2])
			at := bytes.Index(b, []byte("/n2-7"))
			b[at+4] = '8' // so that /n2-8 is created twice, and /n2-7 never
			at = bytes.LastIndex(b[:at], []byte("B\x00\x00\x00\x00")) + 1
			os.WriteFile(logs[2], resum(b, at), 0o644)
		}, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: damaged: LOG3: damaged at offset 819 (last good zxid 0x35): after this transaction, zxid 0x35, the tree does not have the digest that the log says
			= 9
			`},
		"a snapshot that is damaged": {func(t *testing.T, dir string, logs []string) { shorten(t, filepath.Join(dir, "snapshot.0"), 20) }, `
			LOG1: ok, 22 transactions, 0x1..0x16
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: warning: snapshot passed over: DIR/snapshot.0: damaged at offset 492 (last znode "/zookeeper/quota"): the file ends inside the last zxid: record cut short: 8 bytes wanted at offset 0, 1 left
			DIR: 88 transactions replayed from the first transaction on, the digests of 88 agree
			`},
		"logs alone": {func(t *testing.T, dir string, logs []string) {
			os.Remove(filepath.Join(dir, "snapshot.0"))
			os.Remove(logs[0])
		}, `
			LOG2: ok, 22 transactions, 0x17..0x2c
			LOG3: ok, 22 transactions, 0x2d..0x42
			LOG4: ok, 22 transactions, 0x43..0x58
			DIR: digests are not compared: DIR: there is no snapshot, and no log that begins with the first transaction
			`},
	} {
		t.Run(name, func(t *testing.T) {
			dir, logs := servedDir(t)
			version2 := filepath.Join(dir, "version-2")
			c.change(t, version2, logs)
			got := strings.ReplaceAll(strings.ReplaceAll(verify(t, dir, dir), version2+"/log.", "log."), version2, "DIR")
			for i, l := range logs {
				got = strings.ReplaceAll(got, filepath.Base(l)+":", fmt.Sprintf("LOG%d:", i+1))
			}
			expect(t, got, c.want)
		})
	}
}

func shorten(t *testing.T, file string, by int64) {
	t.Helper()
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, st.Size()-by); err != nil {
		t.Fatal(err)
	}
	os.Chtimes(file, st.ModTime(), st.ModTime())
}

// What Apache wrote, with all there is, is whole, while the server runs too.
func TestTxnlogVerifyApache(t *testing.T) {
	s := zktest.Everything(t)
	for range 2 {
		got := zook(t.Context(), "", "", "txnlog", "verify", s.DataDir)
		if strings.Contains(got, "damaged") || strings.Contains(got, "= ") || !strings.Contains(got, " agree\n") || strings.Count(got, ": ok, ") != 2 {
			t.Errorf("%s", got)
		}
		s.Stop()
	}
}

// A log that is being written is not damaged for that, whether it is named or its
// directory is.
func TestTxnlogVerifyWhileWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log.1")
	var txns []*jute.Txn
	for i := range int64(3000) { // far more than is written in time
		txns = append(txns, aTxn(i+1, jute.OpDelete, &jute.DeleteTxn{Path: "/a"}))
	}
	b, err := os.ReadFile(writeTxns(t, t.TempDir(), txns...))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(b[:16])
	checked := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := 16; n < len(b); n++ {
			select {
			case <-checked:
				return
			default:
				f.Write(b[n : n+1])
				time.Sleep(2 * time.Millisecond)
			}
		}
	}()
	defer func() { close(checked); <-written }()
	for torn := 0; torn < 5; {
		for _, what := range []string{path, dir} {
			got := zook(t.Context(), "", "", "txnlog", "verify", what)
			if strings.Contains(got, "damaged") || strings.Contains(got, "= ") {
				t.Fatalf("%s", got)
			}
			torn += strings.Count(got, "the log is being written")
		}
	}
}
