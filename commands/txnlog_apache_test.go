package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// toolkit is what Apache's TxnLogToolkit 3.8 prints of a log, a string for each
// transaction, in the words of 3.10: that changed the name of createTTL and how
// deletes look. Multis are left out: 3.8 prints their parts as bytes.
func toolkit(t *testing.T, path string) (out []string, stderr string) {
	t.Helper()
	cmd := zktest.Java(t, nil, "org.apache.zookeeper.server.persistence.TxnLogToolkit", path)
	cmd.Env = append(os.Environ(), "TZ=GMT+01:00", "LC_ALL=C.UTF-8")
	var errs strings.Builder
	cmd.Stderr = &errs
	b, _ := cmd.Output()
	txns := withoutMultis(string(b))
	for i, txn := range txns {
		txn = strings.Replace(txn, " createTtl ", " createTTL ", 1)
		txn = strings.Replace(txn, "M GMT+01:00 session ", "M CET session ", 1) // the zone of the tests
		if del := quotedDelete.FindString(txn); del != "" {
			txn = strings.Replace(txn, del, strings.TrimSuffix(del, "'"), 1)
			for _, c := range ",}%\n\r\x00" {
				txn = strings.ReplaceAll(txn, fmt.Sprintf("%%%02X", c), string(c))
			}
		}
		txns[i] = txn
	}
	return txns, errs.String()
}

var (
	beginOfTxn   = regexp.MustCompile(`(?m)^(CRC ERROR - )?\d+/\d+/\d\d, \d+:\d\d:\d\d [AP]M |^EOF reached after `)
	quotedDelete = regexp.MustCompile(`^.* delete(Container)? '`)
)

// withoutMultis splits what a toolkit printed into transactions.
func withoutMultis(text string) (txns []string) {
	starts := beginOfTxn.FindAllStringIndex(text, -1)
	starts = append(starts, []int{len(text), len(text)})
	txns = append(txns, text[:starts[0][0]])
	for i := range len(starts) - 1 {
		txn := text[starts[i][0]:starts[i+1][0]]
		if !strings.Contains(txn, " multi ") {
			txns = append(txns, txn)
		}
	}
	return txns
}

// asApache compares what zook prints of a log with what Apache's tool does, and
// returns the error lines and code of zook and of Apache.
func asApache(t *testing.T, path string) (zookErr, apacheErr string) {
	t.Helper()
	want, apacheErr := toolkit(t, path)
	var stdout strings.Builder
	for line := range strings.Lines(zook(t.Context(), "", "", "txnlog", "dump", "-o", "zkcli", path)) {
		if strings.HasPrefix(line, "! zook") || strings.HasPrefix(line, "= ") {
			zookErr += line
		} else {
			stdout.WriteString(line)
		}
	}
	got := withoutMultis(stdout.String())
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s: %d transactions, Apache prints %d", path, len(got), len(want))
			if i < len(got) {
				t.Errorf("zook:   %q", got[i])
			}
			if i < len(want) {
				t.Errorf("Apache: %q", want[i])
			}
			break
		}
	}
	return zookErr, apacheErr
}

// All types of transactions, as Apache's server wrote them.
func TestTxnlogDumpAsApache(t *testing.T) {
	s := zktest.Everything(t)
	s.Stop()
	logs, _ := filepath.Glob(filepath.Join(s.DataDir, "version-2", "log.*"))
	if len(logs) < 2 {
		t.Fatal("no logs")
	}
	for _, log := range logs {
		if problem, _ := asApache(t, log); problem != "" {
			t.Error(problem)
		}
	}
}

// And as ours writes them.
func TestTxnlogDumpOfOurServerAsApache(t *testing.T) {
	dir := t.TempDir()
	s, err := server.Start(context.Background(), server.Config{DataDir: dir, ExtendedTypes: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := dial(t, s.Addr())
	ctx := t.Context()
	for mode, path := range map[jute.CreateMode]string{jute.Persistent: "/a", jute.Ephemeral: "/e", jute.Container: "/c", jute.PersistentTTL: "/ttl"} {
		var ttl time.Duration
		if mode.IsTTL() {
			ttl = time.Hour
		}
		if _, _, err := c.Create(ctx, path, []byte("data of "+path), jute.OpenACL(), mode, ttl); err != nil {
			t.Fatal(err)
		}
	}
	c.Set(ctx, "/a", nil, -1)
	c.Set(ctx, "/a", nil, 99)
	c.SetACL(ctx, "/a", jute.OpenACL(), -1)
	c.Delete(ctx, "/c", -1)
	c.Close()
	s.Close()
	if problem, _ := asApache(t, filepath.Join(dir, "version-2", "log.1")); problem != "" {
		t.Error(problem)
	}
}

// oddTxns have whatever can be in a path, in data, in an ACL and in a header.
func oddTxns() (txns []*jute.Txn) {
	r := rand.New(rand.NewPCG(1, 2))
	bytes := []byte{0, '\n', '\r', ',', '}', '%', '\'', 'a', 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xa0, 0x9f, 0xf0, 0x90, 0xf4, 0xf5, 0xff}
	text := func() string {
		b := make([]byte, 1+r.IntN(7))
		for i := range b {
			b[i] = bytes[r.IntN(len(bytes))]
		}
		return string(b)
	}
	for i := range int64(1500) {
		path := "/" + text()
		acl := []jute.ACL{{Perms: jute.Perms(r.Int32()) >> r.IntN(31), ID: jute.ID{Scheme: text(), ID: text()}}, {}}[:r.IntN(3)]
		txn := aTxn(i+1, jute.OpSetData, &jute.SetDataTxn{Path: path, Data: []byte(text()), Version: r.Int32() - 1<<30})
		switch i % 7 {
		case 0:
			txn = aTxn(i+1, jute.OpCreate, &jute.CreateTxn{Path: path, Data: []byte(text()), ACL: acl, Ephemeral: true, ParentCVersion: -1})
		case 1:
			txn = aTxn(i+1, jute.OpSetACL, &jute.SetACLTxn{Path: path, ACL: acl, Version: -7})
		case 2:
			txn = aTxn(i+1, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{path, "", text()}[:r.IntN(4)]})
		case 3:
			txn = aTxn(i+1, jute.OpCreateTTL, &jute.CreateTTLTxn{Path: path, TTL: -5})
		}
		txn.Header.ClientID, txn.Header.Cxid = int64(r.Uint64())>>r.IntN(63), int32(r.Uint32())
		txn.Header.Time = int64(r.Uint64()) >> r.IntN(63)
		txns = append(txns, txn)
	}
	return append(txns, aTxn(10001, jute.OpSetData, nulls{2}), aTxn(10002, jute.OpSetACL, nulls{2}))
}

// nulls is a record that begins with so many fields that are null, and an int.
type nulls struct{ n int }

func (r nulls) Append(b []byte) []byte {
	for range r.n {
		b = jute.AppendInt(b, -1)
	}
	return jute.AppendInt(b, 3)
}
func (nulls) Decode(*jute.Decoder) {}

func TestTxnlogDumpOfOddTextAsApache(t *testing.T) {
	path := writeTxns(t, t.TempDir(), oddTxns()...)
	if problem, _ := asApache(t, path); problem != "" {
		t.Error(problem)
	}
}

// Where a log is damaged, Apache's tool goes on at times and ends at others, and so
// does what is printed here; standard error and the code say what it is.
func TestTxnlogDumpOfDamageAsApache(t *testing.T) {
	log, err := os.ReadFile(writeTxns(t, t.TempDir(), sample()...))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change       func(b []byte) []byte
		zook, apache string // what each says on standard error
	}{
		"data": {func(b []byte) []byte { b[120] ^= 1; return b },
			"the transaction at offset 65 is damaged", ""},
		"end of record": {func(b []byte) []byte { b[65+12+89] = 'C'; return b },
			"damaged at offset 65", "Last transaction was partial."},
		"end of record and data": {func(b []byte) []byte { b[65+12+89], b[120] = 0, 'x'; return b },
			"damaged at offset 65", "Last transaction was partial."},
		"cut in a record":       {func(b []byte) []byte { return b[:130] }, "torn by a crash at offset 65", ""},
		"cut in a length":       {func(b []byte) []byte { return b[:75] }, "torn by a crash at offset 65", ""},
		"cut before the end":    {func(b []byte) []byte { return b[:65+12+89] }, "torn by a crash at offset 65", "EOFException"},
		"cut after the header":  {func(b []byte) []byte { return b[:16] }, "", ""},
		"zeros between records": {func(b []byte) []byte { clear(b[65:167]); return b }, "damaged at offset 65", ""},
		"negative length":       {func(b []byte) []byte { b[65+8] = 0xff; return b }, "damaged at offset 65", "Unreasonable length"},
		"empty":                 {func(b []byte) []byte { return nil }, "the file is empty", "EOFException"},
		"magic":                 {func(b []byte) []byte { b[0] = 'S'; return b }, "not a transaction log", "Invalid magic number"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log.1")
			if err := os.WriteFile(path, c.change([]byte(string(log))), 0o644); err != nil {
				t.Fatal(err)
			}
			zook, apache := asApache(t, path)
			if !strings.Contains(zook, c.zook) || !strings.Contains(apache, c.apache) {
				t.Errorf("zook: %s\nApache: %s", zook, apache)
			}
			if (c.zook == "") != (zook == "") || zook != "" && !strings.HasSuffix(zook, "\n= 9\n") {
				t.Errorf("zook: %s", zook)
			}
		})
	}
}
