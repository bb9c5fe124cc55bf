package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"zook/jute"
)

// The loads.
const (
	loadCreate = "create"
	loadSet    = "set"
	loadGet    = "get"
	loadExists = "exists"
	loadLs     = "ls"
	loadMixed  = "mixed"
	loadDelete = "delete"
	loadWatch  = "watch"
)

func benchLoads() []string {
	return []string{loadCreate, loadSet, loadGet, loadExists, loadLs, loadMixed, loadDelete, loadWatch}
}

const (
	benchDeletes  = 100_000 // znodes to delete, unless --count says how many
	benchChildren = 10      // of the znode whose children are read
)

// benchData is data that does not compress.
func benchData(size int) []byte {
	b := make([]byte, size)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// request is the next one of the connection.
func (c *benchConn) request() (jute.OpCode, jute.Record) {
	switch c.r.load {
	case loadCreate:
		return c.createOne()
	case loadSet:
		return c.setOne()
	case loadGet:
		return c.getOne()
	case loadExists:
		return c.existsOne()
	case loadLs:
		return c.lsOne()
	case loadDelete:
		return c.deleteOne()
	}
	switch k := c.rnd.IntN(100); { // loadMixed
	case k < 60:
		return c.getOne()
	case k < 70:
		return c.existsOne()
	case k < 80:
		return c.lsOne()
	case k < 90:
		return c.setOne()
	case k < 95 || c.gone == c.made:
		return c.createOne()
	}
	return c.deleteOne()
}

func (c *benchConn) path() string { return c.r.paths[c.rnd.IntN(len(c.r.paths))] }

func (c *benchConn) getOne() (jute.OpCode, jute.Record) {
	c.get.Path = c.path()
	return jute.OpGetData, &c.get
}

func (c *benchConn) existsOne() (jute.OpCode, jute.Record) {
	c.exists.Path = c.path()
	return jute.OpExists, &c.exists
}

func (c *benchConn) lsOne() (jute.OpCode, jute.Record) {
	c.ls.Path = c.r.full + "/children"
	return jute.OpGetChildren, &c.ls
}

func (c *benchConn) setOne() (jute.OpCode, jute.Record) {
	c.set = jute.SetDataRequest{Path: c.path(), Data: c.r.data, Version: -1}
	return jute.OpSetData, &c.set
}

// own is the n-th znode that the connection has made in this load.
func (c *benchConn) own(n int64) string { return c.home + "/" + strconv.FormatInt(n, 10) }

func (c *benchConn) createOne() (jute.OpCode, jute.Record) {
	c.create = jute.CreateRequest{Path: c.own(c.made), Data: c.r.data, ACL: jute.OpenACL()}
	c.made++
	return jute.OpCreate, &c.create
}

func (c *benchConn) deleteOne() (jute.OpCode, jute.Record) {
	c.delete = jute.DeleteRequest{Path: c.own(c.gone), Version: -1}
	c.gone++
	return jute.OpDelete, &c.delete
}

// prepare makes the znodes that loads read and write.
func (b *benchmark) prepare(ctx context.Context) error {
	var ops []jute.Op
	znode := func(path string, data []byte) {
		ops = append(ops, jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: b.root + path, Data: data, ACL: jute.OpenACL()}})
	}
	znode("/children", nil)
	for i := range benchChildren {
		znode(fmt.Sprintf("/children/child-%d", i), nil)
	}
	znode("/data", nil)
	for i := range b.o.znodes {
		path := fmt.Sprintf("/data/%07d", i)
		znode(path, b.data)
		b.paths = append(b.paths, b.full+path)
	}
	for len(ops) > 0 { // requests stay far below what servers take
		n, bytes := 0, 0
		for n < len(ops) && bytes < maxBatchBytes {
			q := ops[n].Body.(*jute.CreateRequest)
			bytes += len(q.Path) + len(q.Data) + 64
			n++
		}
		if _, err := b.session.Multi(ctx, ops[:n]); err != nil {
			return onPath(b.root, err)
		}
		ops = ops[n:]
	}
	return nil
}

// prepare gives each connection a place for its own znodes, and znodes to delete if
// that is the load.
func (r *benchRun) prepare(ctx context.Context, quota int64) error {
	if r.load != loadCreate && r.load != loadMixed && r.load != loadDelete {
		return nil
	}
	r.made++
	at := fmt.Sprintf("/%s-%d", r.load, r.made)
	var mu sync.Mutex
	var failed error
	create := func(path string) error {
		_, _, err := r.session.Create(ctx, r.root+path, nil, jute.OpenACL(), jute.Persistent, 0)
		return onPath(r.root+path, err)
	}
	if err := create(at); err != nil {
		return err
	}
	var all sync.WaitGroup
	for i, c := range r.conns {
		all.Go(func() {
			home := fmt.Sprintf("%s/%d", at, i)
			c.home, c.made, c.gone = r.full+home, 0, 0
			err := create(home)
			if err == nil && r.load == loadDelete {
				err = c.fill(share(quota, i, len(r.conns)), r)
			}
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				failed = err
			}
		})
	}
	all.Wait()
	return failed
}

// fill creates n znodes of the connection's own.
func (c *benchConn) fill(n int64, r *benchRun) error {
	const inFlight = 256
	c.r = r
	for got := int64(0); got < n; {
		for c.made < min(n, got+inFlight) {
			c.p.Send(c.createOne())
		}
		c.p.SetDeadline(time.Now().Add(r.env.answerTime()))
		if err := c.p.Flush(); err != nil {
			return &connectError{err}
		}
		for {
			reply, err := c.p.Receive()
			if err != nil {
				return &connectError{err}
			}
			if reply.Err != jute.ErrOK {
				return onPath(c.own(got), reply.Err)
			}
			if got++; got == c.made || !c.p.Waiting() {
				break
			}
		}
	}
	return nil
}
