package datatree_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/txnlog"
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// TestDigestIsApaches applies what Apache ZooKeeper has logged. Each of its
// transactions carries the digest that its tree has then.
func TestDigestIsApaches(t *testing.T) {
	apache := zktest.Apache(t, "")
	c, _, err := zk.Connect([]string{apache.Addr}, 10*time.Second, zk.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	drive(t, c)
	apache.Stop()

	logs, _ := filepath.Glob(filepath.Join(apache.DataDir, "version-2", "log.*"))
	if len(logs) != 1 {
		t.Fatalf("logs: %v", logs)
	}
	r, err := txnlog.Open(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tree, compared := datatree.New(), 0
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		own := *rec
		own.Raw = bytes.Clone(rec.Raw)
		txn, err := own.Txn()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Apply(&txn); err != nil {
			t.Fatal(err)
		}
		if txn.Digest == nil {
			continue
		}
		compared++
		if got, _ := tree.Digest(); got != txn.Digest.TreeDigest {
			t.Fatalf("after %v (zxid 0x%x) the digest is %x, Apache's %x", txn.Header.Type, txn.Header.Zxid, got, txn.Digest.TreeDigest)
		}
	}
	if compared < 150 {
		t.Errorf("only %d transactions had a digest", compared)
	}
}

// drive makes every type of transaction.
func drive(t *testing.T, c *zk.Conn) {
	t.Helper()
	world := zk.WorldACL(zk.PermAll)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		p := fmt.Sprintf("/a%d", i)
		_, err := c.Create(p, bytes.Repeat([]byte{byte(i)}, i), 0, world)
		ok(err)
		_, err = c.Create(p+"/ä-", nil, zk.FlagSequence, world)
		ok(err)
		_, err = c.Set(p, []byte("set"), 0)
		ok(err)
		_, err = c.Create("/gone", nil, zk.FlagEphemeral, world)
		ok(err)
		ok(c.Delete("/gone", 0))
		_, err = c.SetACL(p, zk.DigestACL(zk.PermAll, "u", "p"), 0)
		ok(err)
	}
	_, err := c.CreateContainer("/box", nil, zk.FlagContainer, world)
	ok(err)
	_, err = c.CreateTTL("/ttl", []byte("x"), zk.FlagTTL, world, time.Hour)
	ok(err)
	_, err = c.Set("/", []byte("the root has data"), -1)
	ok(err)
	_, err = c.Create("/zookeeper/quota/a1", nil, 0, world)
	ok(err)
	_, err = c.Create("/a2/eph", nil, zk.FlagEphemeral, world)
	if !errors.Is(err, zk.ErrNoAuth) {
		t.Fatalf("create below a znode of another: %v", err)
	}
	_, err = c.Multi(&zk.CreateRequest{Path: "/m", Acl: world}, &zk.CreateRequest{Path: "/m/n", Acl: world},
		&zk.SetDataRequest{Path: "/m", Data: []byte("x"), Version: 0}, &zk.DeleteRequest{Path: "/m/n", Version: 0})
	ok(err)
	if _, err = c.Multi(&zk.CreateRequest{Path: "/no", Acl: world}, &zk.DeleteRequest{Path: "/none"}); err == nil {
		t.Fatal("a multi that cannot be")
	}
	_, err = c.Create("/eph", nil, zk.FlagEphemeral, world)
	ok(err)
	c.Close()
}

// The digest counts no null data, no child names, and the root as "".
func TestNodeDigest(t *testing.T) {
	s := &jute.StatPersisted{Czxid: 1, Mzxid: 2, Pzxid: 3, Ctime: 4, Mtime: 5, Version: 6, Cversion: 7, Aversion: 8, EphemeralOwner: 9}
	if datatree.NodeDigest("/", nil, s) != datatree.NodeDigest("", []byte{}, s) {
		t.Error("the root is not \"\"")
	}
	if datatree.NodeDigest("/zookeeper/quota/a", []byte("x"), s) != 0 {
		t.Error("what is below /zookeeper counts")
	}
	if datatree.NodeDigest("/zookeeper", nil, s) == 0 || datatree.NodeDigest("/zookeeperx", nil, s) == 0 {
		t.Error("/zookeeper itself does not count")
	}
}
