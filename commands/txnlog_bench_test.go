package commands

import (
	"bytes"
	"fmt"
	"hash/adler32"
	"io"
	"os"
	"strings"
	"testing"

	"zook/internal/zktest"
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

// BenchmarkTxnlogDump is beside Apache's own tool, process start included, and
// beside reading the log and summing it, which is the least that there is to do.
func BenchmarkTxnlogDump(b *testing.B) {
	path, size := benchTxns(b)
	bench := func(name string, run func(b *testing.B) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := run(b); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	bench("apache", func(b *testing.B) error {
		return zktest.Java(b, nil, "org.apache.zookeeper.server.persistence.TxnLogToolkit", path).Run()
	})
	bench("sum", func(b *testing.B) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.CopyBuffer(struct{ io.Writer }{adler32.New()}, struct{ io.Reader }{f}, make([]byte, 256<<10))
		return err
	})
	for _, words := range []string{"dump -o zkcli", "dump", "dump -o jsonl", "dump --path /none", "stats"} {
		bench(words, func(b *testing.B) error {
			env := &Env{Out: io.Discard, Err: os.Stderr}
			return Run(b.Context(), env, append([]string{"txnlog"}, append(strings.Fields(words), path)...))
		})
	}
}
