package commands

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"zook/jute"
	"zook/txnlog"
)

// benchTxns writes a log of 100,000 transactions with 100 bytes of data each.
func benchTxns(b *testing.B) (path string, size int64) {
	w, err := txnlog.Create(b.TempDir(), 1, txnlog.Options{Prealloc: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	for i := range 100_000 {
		txn := &jute.Txn{
			Header: jute.TxnHeader{ClientID: 0x100000000000007, Cxid: int32(i), Zxid: int64(i + 1), Time: 1_700_000_000_000 + int64(i), Type: jute.OpCreate},
			Body:   &jute.CreateTxn{Path: fmt.Sprintf("/app/service-%d/n%d", i%100, i), Data: bytes.Repeat([]byte("0123456789 "), 9), ACL: jute.OpenACL()},
			Digest: &jute.TxnDigest{Version: 2, TreeDigest: int64(i)},
		}
		if err := w.Append(txn); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Sync(); err != nil {
		b.Fatal(err)
	}
	st, err := os.Stat(w.Name())
	if err != nil {
		b.Fatal(err)
	}
	return w.Name(), st.Size()
}

// BenchmarkTxnlogDump is to be seen beside BenchmarkSum of package txnlog.
func BenchmarkTxnlogDump(b *testing.B) {
	path, size := benchTxns(b)
	for name, words := range map[string][]string{
		"text":   nil,
		"zkcli":  {"-o", "zkcli"},
		"jsonl":  {"-o", "jsonl"},
		"filter": {"--path", "/none"},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				env := &Env{Out: io.Discard, Err: os.Stderr}
				if err := Run(b.Context(), env, append([]string{"txnlog", "dump", path}, words...)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
