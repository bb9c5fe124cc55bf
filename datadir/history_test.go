package datadir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/client"
	"zook/datadir"
	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
	"zook/snapshot"
	"zook/txnlog"
)

// model is a tree made in the plainest way: a map, and what the documentation of
// ZooKeeper says of each change. It shares nothing with package datatree.
type model map[string]*modelNode

type modelNode struct {
	data     []byte
	acl      []jute.ACL
	stat     jute.Stat // as a client sees it; the two lengths are left out
	children map[string]bool
	session  int64 // whose ephemeral it is
}

func newModel() model {
	m := model{}
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
		m[path] = &modelNode{data: []byte{}, acl: jute.OpenACL(), children: map[string]bool{}}
		if path != "/" {
			m[parent(path)].children[filepath.Base(path)] = true
			m[parent(path)].stat.Cversion-- // they were not created by anybody
		}
	}
	config := m["/zookeeper/config"]
	config.acl, config.stat.Aversion = []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}, -1
	return m
}

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func (m model) create(h jute.TxnHeader, path string, data []byte, acl []jute.ACL, ephemeral bool) {
	n := &modelNode{data: data, acl: acl, children: map[string]bool{},
		stat: jute.Stat{Czxid: h.Zxid, Mzxid: h.Zxid, Pzxid: h.Zxid, Ctime: h.Time, Mtime: h.Time}}
	if ephemeral {
		n.session, n.stat.EphemeralOwner = h.ClientID, h.ClientID
	}
	m[path] = n
	m.changeChildren(h, path, true)
}

func (m model) changeChildren(h jute.TxnHeader, path string, there bool) {
	p := m[parent(path)]
	p.stat.Cversion++
	p.stat.Pzxid = h.Zxid
	if there {
		p.children[filepath.Base(path)] = true
	} else {
		delete(p.children, filepath.Base(path))
	}
}

func (m model) apply(t testing.TB, h jute.TxnHeader, body jute.Record) {
	t.Helper()
	switch b := body.(type) {
	case *jute.CreateTxn:
		m.create(h, b.Path, b.Data, b.ACL, b.Ephemeral)
	case *jute.CreateContainerTxn:
		m.create(h, b.Path, b.Data, b.ACL, false)
	case *jute.CreateTTLTxn:
		m.create(h, b.Path, b.Data, b.ACL, false)
	case *jute.DeleteTxn:
		delete(m, b.Path)
		m.changeChildren(h, b.Path, false)
	case *jute.SetDataTxn:
		n := m[b.Path]
		n.data, n.stat.Version, n.stat.Mzxid, n.stat.Mtime = b.Data, b.Version, h.Zxid, h.Time
	case *jute.SetACLTxn:
		m[b.Path].acl, m[b.Path].stat.Aversion = b.ACL, b.Version
	case *jute.CloseSessionTxn:
		for path, n := range m {
			if n.session == h.ClientID {
				delete(m, path)
				m.changeChildren(h, path, false)
			}
		}
	case *jute.MultiTxn:
		for _, sub := range b.Txns {
			if sub.Type == jute.OpError {
				return
			}
		}
		for _, sub := range b.Txns {
			body, err := sub.Body()
			if err != nil {
				t.Fatal(err)
			}
			m.apply(t, h, body)
		}
	case *jute.CreateSessionTxn, *jute.ErrorTxn, *jute.CheckVersionTxn:
	default:
		t.Fatalf("a transaction of type %v", h.Type)
	}
}

// same reports the first difference between the model and a tree.
func (m model) same(tree *datatree.Tree) error {
	v := tree.View()
	defer v.Close()
	if n, _ := v.AllChildrenNumber("/", nil); n != len(m)-1 {
		return fmt.Errorf("%d znodes, want %d", n+1, len(m))
	}
	for path, want := range m {
		data, stat, code := v.Get(path, nil, nil)
		if code != jute.ErrOK {
			return fmt.Errorf("%s: %v", path, code)
		}
		wantStat := want.stat
		wantStat.DataLength, wantStat.NumChildren = int32(len(want.data)), int32(len(want.children))
		if stat != wantStat || !bytes.Equal(data, want.data) {
			return fmt.Errorf("%s:\n is %+v %q\nnot %+v %q", path, stat, data, wantStat, want.data)
		}
		if acl, _, _ := v.ACL(path, nil); !slices.Equal(acl, want.acl) {
			return fmt.Errorf("%s has the ACL %v, not %v", path, acl, want.acl)
		}
		names, _, _ := v.Children(path, nil, nil)
		for _, name := range names {
			if !want.children[name] {
				return fmt.Errorf("%s has a child %s", path, name)
			}
		}
	}
	return nil
}

type logged struct {
	header jute.TxnHeader
	body   jute.Record
}

// readLogs reads every transaction of a data directory.
func readLogs(t testing.TB, dataDir string) (all []logged) {
	t.Helper()
	files, err := datadir.Open(dataDir, "").Logs()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		r, err := txnlog.Open(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for {
			rec, err := r.Next()
			if torn := (*txnlog.CorruptError)(nil); err == io.EOF || errors.As(err, &torn) && torn.Torn {
				break // it is being written
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
			all = append(all, logged{txn.Header, txn.Body})
		}
		r.Close()
	}
	return all
}

// busy changes a server's tree in every way, from several sessions at once.
func busy(t *testing.T, addr string, sessions, changes int) {
	var clients sync.WaitGroup
	for s := range sessions {
		c, err := client.Dial(t.Context(), client.Config{Servers: addr})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for g := range 4 {
			clients.Go(func() {
				change(t, c, rand.New(rand.NewPCG(uint64(s), uint64(g))), fmt.Sprintf("/own-%d-%d", s, g), changes/4)
			})
		}
	}
	clients.Wait()
}

func change(t *testing.T, c *client.Client, r *rand.Rand, root string, changes int) {
	ctx := context.Background()
	open := jute.OpenACL()
	readOnly := []jute.ACL{{Perms: jute.PermRead | jute.PermAdmin, ID: jute.ID{Scheme: "ip", ID: fmt.Sprintf("10.0.0.%d", r.IntN(200))}}, open[0]}
	op := func(o jute.OpCode, body jute.Record) jute.Op { return jute.Op{Type: o, Body: body} }
	c.Create(ctx, root, nil, open, jute.Persistent, 0)
	for i := range changes {
		path := fmt.Sprintf("%s/n%d", root, r.IntN(12))
		shared := fmt.Sprintf("/shared-%d", r.IntN(3000))
		var err error
		switch r.IntN(12) {
		case 0, 1:
			_, _, err = c.Create(ctx, path, fmt.Append(nil, i), open, jute.Persistent, 0)
		case 2:
			_, _, err = c.Create(ctx, path, nil, readOnly, jute.Ephemeral, 0)
		case 3:
			_, _, err = c.Create(ctx, root+"/seq-", []byte("s"), open, jute.PersistentSequential, 0)
		case 4:
			_, _, err = c.Create(ctx, path, nil, open, jute.Container, 0)
		case 5:
			_, _, err = c.Create(ctx, path, []byte("ttl"), open, jute.PersistentTTL, time.Hour)
		case 6:
			err = c.Delete(ctx, path, -1)
		case 7:
			_, err = c.Set(ctx, path, bytes.Repeat([]byte("x"), r.IntN(300)), -1)
		case 8:
			_, err = c.SetACL(ctx, path, readOnly, -1)
		case 9: // what a snapshot may have passed already, or not
			_, err = c.Set(ctx, shared, fmt.Append(nil, root, i), -1)
		case 10:
			_, err = c.SetACL(ctx, shared, readOnly, -1)
		case 11:
			_, err = c.Multi(ctx, []jute.Op{
				op(jute.OpDelete, &jute.DeleteRequest{Path: shared, Version: -1}),
				op(jute.OpCreate, &jute.CreateRequest{Path: shared, Data: []byte("again"), ACL: open}),
				op(jute.OpSetData, &jute.SetDataRequest{Path: path, Data: []byte("m"), Version: -1}), // it may fail
			})
		}
		if code := jute.ErrCode(0); err != nil && !errors.As(err, &code) {
			t.Errorf("%s: %v", path, err)
			return
		}
	}
}

// writers are servers that write a data directory, with a snapshot every few hundred
// transactions, while test uses them at addr; then they end.
var writers = []struct {
	name string
	run  func(t *testing.T, dir string, test func(addr string))
}{
	{"zook", func(t *testing.T, dir string, test func(addr string)) {
		s, err := server.Start(t.Context(), server.Config{DataDir: dir, SnapCount: 400, ExtendedTypes: true, PreAllocSize: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		test(s.Addr())
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}},
	{"apache", func(t *testing.T, dir string, test func(addr string)) {
		s := zktest.Apache(t, dir, "snapCount=400", "preAllocSize=64")
		test(s.Addr)
		s.Stop()
	}},
}

// fill creates what makes snapshots take their time.
func fill(t *testing.T, addr string) {
	c, err := client.Dial(t.Context(), client.Config{Servers: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ops []jute.Op
	for i := range 3000 {
		ops = append(ops, jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{
			Path: fmt.Sprintf("/shared-%d", i), Data: bytes.Repeat([]byte("d"), 50), ACL: jute.OpenACL()}})
		if len(ops) == 500 {
			if _, err := c.Multi(t.Context(), ops); err != nil {
				t.Fatal(err)
			}
			ops = nil
		}
	}
}

// The tree at 200 zxids and 100 times is what a replay from the first transaction on,
// by a program that knows no snapshots, makes of the logs. The snapshots are taken while
// the tree changes.
func TestTheTreeAtAnyMoment(t *testing.T) {
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			dir := t.TempDir()
			w.run(t, dir, func(addr string) {
				fill(t, addr)
				busy(t, addr, 3, 1200)
			})
			d := datadir.Open(dir, "")
			txns := readLogs(t, dir)
			lookAtFiles(t, d, len(txns))
			checkZxids(t, d, txns)
			checkTimes(t, d, txns)
		})
	}
}

// lookAtFiles makes sure that the directory is one that puts the test to the test.
func lookAtFiles(t *testing.T, d *datadir.Dir, txns int) {
	t.Helper()
	snaps, _ := d.Snapshots()
	logs, _ := d.Logs()
	fuzzy := 0
	for _, f := range snaps {
		r, err := snapshot.Open(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next()
		}
		if g, ok := r.Digest(); ok && g.Zxid > f.Zxid {
			fuzzy++
		}
		r.Close()
	}
	t.Logf("%d transactions in %d logs, %d snapshots, %d of them fuzzy", txns, len(logs), len(snaps), fuzzy)
	if len(snaps) < 4 || len(logs) < 4 || fuzzy == 0 || txns < 1000 {
		t.Error("that is too easy")
	}
}

func checkZxids(t *testing.T, d *datadir.Dir, txns []logged) {
	t.Helper()
	last := txns[len(txns)-1].header.Zxid
	zxids := []int64{0, 1, last}
	for range 200 {
		zxids = append(zxids, 1+rand.Int64N(last))
	}
	slices.Sort(zxids)
	m := newModel()
	for _, z := range zxids {
		for len(txns) > 0 && txns[0].header.Zxid <= z {
			m.apply(t, txns[0].header, txns[0].body)
			txns = txns[1:]
		}
		st, err := d.At(t.Context(), datadir.AtZxid(z), nil)
		if err != nil {
			t.Fatalf("at 0x%x: %v", z, err)
		}
		if err := m.same(st.Tree); err != nil {
			t.Fatalf("at 0x%x: %v", z, err)
		}
		if got := st.Tree.LastZxid(); got != z {
			t.Fatalf("at 0x%x the tree is at 0x%x", z, got)
		}
	}
}

func checkTimes(t *testing.T, d *datadir.Dir, txns []logged) {
	t.Helper()
	first, last := txns[0].header.Time, txns[len(txns)-1].header.Time
	times := []int64{first, last, last + 1}
	for range 100 {
		times = append(times, first+rand.Int64N(last-first))
	}
	slices.Sort(times)
	m := newModel()
	at := int64(0)
	for _, ms := range times {
		for len(txns) > 0 && txns[0].header.Time <= ms {
			m.apply(t, txns[0].header, txns[0].body)
			at, txns = txns[0].header.Zxid, txns[1:]
		}
		st, err := d.At(t.Context(), datadir.AtTime(time.UnixMilli(ms)), nil)
		if err != nil {
			t.Fatalf("at %d: %v", ms, err)
		}
		if err := m.same(st.Tree); err != nil {
			t.Fatalf("at %d, zxid 0x%x: %v", ms, at, err)
		}
	}
}

// A directory is read while its server writes it, rolls its logs and takes snapshots.
func TestWhileAServerWrites(t *testing.T) {
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			dir := t.TempDir()
			w.run(t, dir, func(addr string) {
				fill(t, addr)
				done := make(chan bool)
				go func() { busy(t, addr, 2, 1200); close(done) }()
				d := datadir.Open(dir, "")
				reads, before := 0, int64(0)
				for running := true; running; reads++ {
					select {
					case <-done:
						running = false
					default:
					}
					st, err := d.At(t.Context(), datadir.Moment{}, nil)
					if err != nil {
						t.Fatalf("after 0x%x: %v", before, err)
					}
					if z := st.Tree.LastZxid(); z < before {
						t.Fatalf("0x%x after 0x%x", z, before)
					} else {
						before = z
					}
				}
				txns := readLogs(t, dir)
				m := newModel()
				for _, txn := range txns {
					m.apply(t, txn.header, txn.body)
				}
				st, err := d.At(t.Context(), datadir.AtZxid(txns[len(txns)-1].header.Zxid), nil) // sessions may still be closing
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d reads of %d transactions", reads, len(txns))
				if err := m.same(st.Tree); err != nil || reads < 5 {
					t.Errorf("after %d reads: %v", reads, err)
				}
			})
		})
	}
}
