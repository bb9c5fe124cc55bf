package txnlog

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
	"zook/jute"
)

var update = flag.String("update", "", "have Apache ZooKeeper, which is of this `version`, write its testdata anew")

// connect opens a session with Apache's server.
func connect(t *testing.T, addr string) *zk.Conn {
	t.Helper()
	c, _, err := zk.Connect([]string{addr}, 5*time.Second, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// work makes the server log a transaction of every type that it logs standalone.
func work(t *testing.T, addr string) {
	t.Helper()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fails := func(want error) func(any, error) {
		return func(_ any, err error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Fatalf("%v, want %v", err, want)
			}
		}
	}
	open := zk.WorldACL(zk.PermAll)
	c := connect(t, addr)
	must(c.Create("/app", []byte("v1"), 0, open))
	must(c.Create("/app/null", nil, 0, open))
	must(c.Create("/app/empty", []byte{}, 0, zk.DigestACL(zk.PermRead|zk.PermAdmin, "bob", "secret")))
	must(c.Create("/app/größe", []byte("ünï"), 0, append(open, zk.ACL{Perms: zk.PermRead, Scheme: "ip", ID: "127.0.0.0/8"})))
	must(c.Create("/app/seq-", nil, zk.FlagSequence, open))
	must(c.Create("/app/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, open))
	must(c.CreateContainer("/box", nil, zk.FlagContainer, open))
	must(c.CreateTTL("/soon", []byte("ttl"), zk.FlagTTL, open, time.Hour))
	must(c.Set("/app", bytes.Repeat([]byte{0, 1, 254, 255}, 3000), -1))
	must(c.SetACL("/app", zk.WorldACL(zk.PermRead|zk.PermWrite|zk.PermCreate|zk.PermDelete|zk.PermAdmin), -1))
	must(nil, c.Delete("/app/null", -1))
	must(c.Multi(
		&zk.CreateRequest{Path: "/m", Data: []byte("1"), Acl: open},
		&zk.SetDataRequest{Path: "/m", Data: []byte("2"), Version: 0},
		&zk.CheckVersionRequest{Path: "/m", Version: 1},
		&zk.CreateRequest{Path: "/m/x", Acl: open},
		&zk.DeleteRequest{Path: "/m/x", Version: -1}))
	fails(zk.ErrBadVersion)(c.Multi(
		&zk.CreateRequest{Path: "/n", Acl: open},
		&zk.CheckVersionRequest{Path: "/m", Version: 9},
		&zk.DeleteRequest{Path: "/m", Version: -1}))
	fails(zk.ErrNodeExists)(c.Create("/app", nil, 0, open))
	fails(zk.ErrNoNode)(nil, c.Delete("/none", -1))
	second := connect(t, addr)
	must(second.Create("/app/other", nil, zk.FlagEphemeral, open))
	second.Close()
	must(c.Set("/m", []byte("last"), -1))
	c.Close()
}

// apacheLog is a log as Apache's server writes it.
func apacheLog(t *testing.T) []byte {
	t.Helper()
	s := zktest.Apache(t, "", "preAllocSize=8")
	work(t, s.Addr)
	s.Kill()
	b, err := os.ReadFile(filepath.Join(s.DataDir, "version-2", "log.1"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dump is a log as text, one transaction a line.
func dump(t *testing.T, b []byte) string {
	t.Helper()
	txns, offsets, end, err := readBytes(t, b)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, txn := range txns {
		fmt.Fprintf(&out, "%d zxid %#x cxid %d %v", offsets[i], txn.Header.Zxid, txn.Header.Cxid, txn.Header.Type)
		dumpBody(t, &out, txn.Body)
		if txn.Digest != nil {
			fmt.Fprintf(&out, " digest %+v", *txn.Digest)
		}
		fmt.Fprintln(&out)
	}
	fmt.Fprintf(&out, "%d end\n", end)
	return out.String()
}

func dumpBody(t *testing.T, out *strings.Builder, body jute.Record) {
	if m, ok := body.(*jute.MultiTxn); ok {
		for _, sub := range m.Txns {
			body, err := sub.Body()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(out, "\n    %v", sub.Type)
			dumpBody(t, out, body)
		}
		return
	}
	text := fmt.Sprintf("%+v", body)
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	fmt.Fprintf(out, " %s", text)
}

// rewrite writes the decoded transactions of a log again, as the server does.
func rewrite(t *testing.T, b []byte) []byte {
	t.Helper()
	txns, _, _, err := readBytes(t, b)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(t.TempDir(), txns[0].Header.Zxid, Options{Prealloc: 8192})
	if err != nil {
		t.Fatal(err)
	}
	for i := range txns {
		w.Append(&txns[i])
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	again, err := os.ReadFile(w.Name())
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// What Apache ZooKeeper 3.8.0 and 3.10 (a build of its source) once wrote, for
// work, is in testdata with what is in it. Written again, zeros included, it is
// the same file.
func TestApachesGoldenLogs(t *testing.T) {
	if *update != "" {
		path := "testdata/apache-" + *update + "/log.1"
		b := apacheLog(t)
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, b, 0o644)
		os.WriteFile(path+".txt", []byte(dump(t, b)), 0o644)
	}
	for _, path := range []string{"testdata/apache-3.8.0/log.1", "testdata/apache-3.10/log.1"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(path + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := dump(t, b); got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
		if !bytes.Equal(rewrite(t, b), b) {
			t.Errorf("%s: written again, it is another file", path)
		}
	}
}

func TestApacheWritesWeRead(t *testing.T) {
	b := apacheLog(t)
	seen := map[jute.OpCode]bool{}
	txns, _, _, err := readBytes(t, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, txn := range txns {
		seen[txn.Header.Type] = true
	}
	for _, op := range []jute.OpCode{jute.OpCreateSession, jute.OpCloseSession, jute.OpCreate, jute.OpCreateContainer,
		jute.OpCreateTTL, jute.OpSetData, jute.OpSetACL, jute.OpDelete, jute.OpMulti, jute.OpError} {
		if !seen[op] {
			t.Errorf("no %v among %d transactions", op, len(txns))
		}
	}
	if again := rewrite(t, b); !bytes.Equal(again, b) {
		t.Errorf("%d bytes, written again %d bytes, are not the same", len(b), len(again))
	}
}

// Apache's own tool reads what we write, and finds the same fault in it.
func TestApacheReadsWhatWeWrite(t *testing.T) {
	path := create(t, t.TempDir(), Options{Prealloc: 8192}, session(1), set(2, []byte("some data")), set(0x100000003, []byte("more")))
	toolkit := func() string {
		out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.persistence.TxnLogToolkit", path).CombinedOutput()
		if err != nil {
			t.Fatalf("TxnLogToolkit: %v\n%s", err, out)
		}
		return string(out)
	}
	out := toolkit()
	for _, want := range []string{
		"ZooKeeper Transactional Log File with dbid 0 txnlog format version 2",
		"session 0x7 cxid 0x0 zxid 0x1 createSession 30000",
		"session 0x7 cxid 0x2 zxid 0x2 setData /a,some data,2",
		"session 0x7 cxid 0x3 zxid 0x100000003 setData /a,more,3",
		"EOF reached after 3 txns.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "CRC") {
		t.Errorf("a checksum is wrong:\n%s", out)
	}
	b, _ := os.ReadFile(path)
	os.WriteFile(path, bytes.Replace(b, []byte("some"), []byte("same"), 1), 0o600)
	if out := toolkit(); !strings.Contains(out, "CRC ERROR - ") || !strings.Contains(out, "same data") {
		t.Errorf("the changed byte was not found:\n%s", out)
	}
}
