package server

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
	"zook/jute"
)

// znode is all that a client can see of one.
type znode struct {
	Data string
	Null bool
	Stat zk.Stat
	ACL  []zk.ACL
}

// treeOf reads a whole tree through a client. What servers change on their own
// account is left out: the config.
func treeOf(t *testing.T, c *zk.Conn) map[string]znode {
	t.Helper()
	tree := map[string]znode{}
	var walk func(path string)
	walk = func(path string) {
		if path == "/zookeeper/config" {
			return
		}
		data, stat, err := c.Get(path)
		if err != nil {
			t.Fatalf("get %s: %v", path, err)
		}
		acl, _, err := c.GetACL(path)
		if err != nil {
			t.Fatalf("getACL %s: %v", path, err)
		}
		tree[path] = znode{string(data), data == nil, *stat, acl}
		names, _, err := c.Children(path)
		if err != nil {
			t.Fatalf("children %s: %v", path, err)
		}
		sort.Strings(names)
		for _, n := range names {
			if path == "/" {
				walk("/" + n)
			} else {
				walk(path + "/" + n)
			}
		}
	}
	walk("/")
	return tree
}

func sameTree(t *testing.T, got, want map[string]znode) {
	t.Helper()
	for path, w := range want {
		if g, ok := got[path]; !ok {
			t.Errorf("%s is missing", path)
		} else if !reflect.DeepEqual(g, w) {
			t.Errorf("%s\n got %+v\nwant %+v", path, g, w)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s is there and should not be", path)
		}
	}
}

// fill makes znodes of every kind, with changes, refusals and a multi that fails.
func fill(t *testing.T, c *zk.Conn) {
	t.Helper()
	world := zk.WorldACL(zk.PermAll)
	if err := c.AddAuth("digest", []byte("ann:secret")); err != nil {
		t.Fatal(err)
	}
	create := func(path, data string, flags int32, acl []zk.ACL) {
		if _, err := c.Create(path, []byte(data), flags, acl); err != nil {
			t.Fatalf("create %s: %v", path, err)
		}
	}
	create("/a", "one", 0, world)
	create("/a/b", "", 0, world)
	must(c.Create("/a/null", nil, 0, world))
	for range 12 {
		create("/a/seq-", "s", zk.FlagSequence, world)
	}
	create("/a/eph", "here", zk.FlagEphemeral, world)
	create("/a/ephseq-", "here", zk.FlagEphemeral|zk.FlagSequence, world)
	create("/ann", "hers", 0, zk.AuthACL(zk.PermAll))
	create("/mixed", "m", 0, append(zk.WorldACL(zk.PermRead), append(zk.DigestACL(zk.PermWrite, "bob", "x"),
		zk.ACL{Perms: zk.PermRead, Scheme: "ip", ID: "10.0.0.0/8"})...))
	create("/ä ö", "", 0, world)
	create("/ä ö/", "", zk.FlagSequence, world)
	must(c.CreateContainer("/container", []byte("c"), zk.FlagContainer, world))
	must(c.CreateTTL("/ttl", []byte("t"), zk.FlagTTL, world, time.Hour))
	must(c.Set("/a", []byte("two"), -1))
	must(c.Set("/a", []byte("three"), 1))
	must(c.SetACL("/a/b", zk.DigestACL(zk.PermAll, "ann", "secret"), 0))
	create("/gone", "", 0, world)
	if err := c.Delete("/gone", 0); err != nil {
		t.Fatal(err)
	}
	c.Delete("/a", -1)            // not empty
	c.Create("/a", nil, 0, world) // exists
	must(c.Multi(&zk.CreateRequest{Path: "/m", Acl: world}, &zk.SetDataRequest{Path: "/m", Data: []byte("x"), Version: 0},
		&zk.CheckVersionRequest{Path: "/a", Version: 2}))
	if _, err := c.Multi(&zk.CreateRequest{Path: "/no", Acl: world}, &zk.DeleteRequest{Path: "/nothing", Version: -1}); err == nil {
		t.Fatal("a multi with a failing operation went through")
	}
	create("/zookeeper/quota/a", "", 0, world)
	create("/zookeeper/quota/a/zookeeper_limits", "count=100,bytes=-1", 0, world)
	create("/zookeeper/quota/a/zookeeper_stats", "count=0,bytes=0", 0, world)
	create("/a/counted", "12345", 0, world)
	for i := range 200 {
		create(fmt.Sprintf("/a/b/n%d", i), "x", 0, world)
	}
}

func annsSession(t *testing.T, addr string) *zk.Conn {
	c := dial(t, addr)
	if err := c.AddAuth("digest", []byte("ann:secret")); err != nil {
		t.Fatal(err)
	}
	return c
}

// Apache ZooKeeper goes on where our server stopped, its ephemerals of sessions
// that may still come back included.
func TestApacheServesOurDirectory(t *testing.T) {
	for name, snapCount := range map[string]int{"log": 1 << 20, "snapshots": 50} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := start(t, Config{DataDir: dir, ExtendedTypes: true, SnapCount: snapCount, TickTime: 5 * time.Second})
			c := dial(t, s.Addr())
			fill(t, c)
			want := treeOf(t, c)
			if err := s.Close(); err != nil { // before the client closes its session
				t.Fatal(err)
			}
			apache := zktest.Apache(t, dir, "tickTime=5000")
			sameTree(t, treeOf(t, annsSession(t, apache.Addr)), want)
			if log := apache.Log(); strings.Contains(strings.ToLower(log), "digest") {
				t.Errorf("Apache is not content:\n%s", log)
			}
		})
	}
}

// Our server goes on where Apache ZooKeeper stopped, and Apache again after ours.
func TestWeServeApachesDirectory(t *testing.T) {
	for name, snapCount := range map[string]string{"log": "100000", "snapshots": "50"} {
		t.Run(name, func(t *testing.T) {
			apache := zktest.Apache(t, "", "tickTime=5000", "snapCount="+snapCount)
			c := dial(t, apache.Addr)
			fill(t, c)
			want := treeOf(t, c)
			apache.Kill()

			s := start(t, Config{DataDir: apache.DataDir, ExtendedTypes: true, TickTime: 5 * time.Second})
			c = annsSession(t, s.Addr())
			sameTree(t, treeOf(t, c), want)
			must(c.Set("/a", []byte("four"), 2))
			want = treeOf(t, c)
			s.Close()

			apache.Start()
			sameTree(t, treeOf(t, annsSession(t, apache.Addr)), want)
		})
	}
}

// Apache ZooKeeper starts on a snapshot that we wrote while znodes came, went and
// changed their ACLs, and on the log behind it, and has the same tree.
func TestApacheServesOurFuzzySnapshot(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir, SnapCount: 1 << 20, TickTime: 5 * time.Second})
	w := openSession(t, s.Addr(), 60*time.Second)
	const znodes = 1500 // so that the walk takes its time
	for i := range znodes {
		w.send(jute.OpCreate, reqCreate(fmt.Sprintf("/n%04d", i), "x", 0))
	}
	for range znodes {
		if f, err := w.next(); err != nil || f.Err != jute.ErrOK {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for n := range 3 {
		rnd := rand.New(rand.NewPCG(11, uint64(n)))
		w := openSession(t, s.Addr(), 60*time.Second)
		load.Add(1)
		go func() {
			defer load.Done()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				path := fmt.Sprintf("/n%04d", rnd.IntN(znodes))
				acl := entry("digest", fmt.Sprintf("u%d-%d:x", n, i), jute.PermAll)
				for _, op := range [][]jute.Op{
					{op(jute.OpDelete, reqDelete(path, -1)), op(jute.OpCreate, reqCreate(path, "again", 0, entry("world", "anyone", 31), acl))},
					{op(jute.OpSetACL, reqSetACL(path, -1, entry("world", "anyone", 31), acl)), op(jute.OpSetData, reqSet(path, "y", -1))},
					{op(jute.OpCreate, reqCreate(path+"/x", "", 0)), op(jute.OpDelete, reqDelete(path+"/x", -1))},
				}[rnd.IntN(3)] {
					w.call(op.Type, op.Body)
				}
			}
		}()
	}
	fuzzy := 0
	for range 20 {
		e := s.tree.Export()
		if err := s.dir.WriteSnapshot(e, s.sessions.timeouts()); err != nil {
			t.Fatal(err)
		}
		if _, at := e.Digest(); at > e.Zxid() {
			fuzzy++
		}
	}
	close(stop)
	load.Wait()
	if fuzzy == 0 {
		t.Fatal("nothing happened while the snapshots were written")
	}
	want := treeOf(t, dial(t, s.Addr()))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	apache := zktest.Apache(t, dir, "tickTime=5000")
	sameTree(t, treeOf(t, dial(t, apache.Addr)), want)
	if log := apache.Log(); strings.Contains(strings.ToLower(log), "digest") {
		t.Errorf("Apache is not content:\n%s", log)
	}
	apache.Stop()
	again := start(t, Config{DataDir: dir, TickTime: 5 * time.Second})
	sameTree(t, treeOf(t, dial(t, again.Addr())), want)
}

// What odd requests make Apache write: a transaction with the zxid of another, a
// digest that is wrong for once.
func TestWeStartOnApachesOddities(t *testing.T) {
	apache := zktest.Apache(t, "", "tickTime=5000")
	w := openSession(t, apache.Addr, 60*time.Second)
	w.create("/a", "", 0)
	if f, _ := w.call(jute.OpCreate, []byte{0, 0}); f.Err != jute.ErrMarshallingError {
		t.Fatalf("half a request: %v", f.Err)
	}
	w.create("/b", "", 0)
	for flags := range jute.CreateMode(4) { // the flags of other kinds
		w.do(jute.OpCreateContainer, reqCreate(fmt.Sprintf("/c%d-", flags), "", flags), nil)
	}
	w.create("/d", "", 0)
	want := treeOf(t, dial(t, apache.Addr))
	apache.Kill()
	logger := &lockedBuffer{}
	s := start(t, Config{DataDir: apache.DataDir, TickTime: 5 * time.Second, Logger: textLogger(logger)})
	sameTree(t, treeOf(t, dial(t, s.Addr())), want)
	if !strings.Contains(logger.String(), "a digest is wrong, and later ones are right") {
		t.Errorf("the wrong digests are no more: %s", logger)
	}
}
