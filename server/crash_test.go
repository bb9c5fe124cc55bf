package server

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// The long form: go test ./server -run TestKill9 -crash.rounds 500 -timeout 30m
var crashRounds = flag.Int("crash.rounds", 50, "how often TestKill9 kills the server")

// TestKill9 kills a server under load at random moments and starts it again.
// Whatever it acknowledged must be there, with the data, versions, ephemerals and
// sequence numbers that it was acknowledged with; of what was on its way, what
// came first of each connection; and nothing else.
func TestKill9(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	writers := make([]*writer, 4)
	for i := range writers {
		writers[i] = newWriter(i, rnd.Uint64())
	}
	acknowledged, kills := 0, *crashRounds
	for round := range kills {
		cfg := Config{DataDir: dir, TickTime: 5 * time.Second, ExtendedTypes: true,
			SnapCount: 2 + rnd.IntN(400), PreAllocSize: []int64{-1, 4 << 10, 1 << 20}[rnd.IntN(3)]}
		c := startChild(t, childConfig{Config: cfg})
		var zxid int64
		for _, w := range writers {
			if err := w.verify(t, c.addr); err != nil {
				t.Fatalf("round %d: writer %d: %v\n%s", round, w.n, err, c.stderr)
			}
			zxid = max(zxid, w.lastZxid.Load())
		}
		check := openSession(t, c.addr, 20*time.Second)
		for _, name := range childrenOf(check, "/") {
			if !slices.Contains([]string{"w0", "w1", "w2", "w3", "zookeeper"}, name) {
				t.Fatalf("round %d: nobody made /%s", round, name)
			}
		}
		if at := check.sinceNow(); at < zxid {
			t.Fatalf("round %d: zxid %d was acknowledged, the server is at %d", round, zxid, at)
		}
		var load sync.WaitGroup
		for _, w := range writers {
			load.Add(1)
			go func() {
				defer load.Done()
				w.write(t)
			}()
		}
		time.Sleep(time.Duration(rnd.IntN(100)) * time.Millisecond)
		c.kill()
		load.Wait()
	}
	for _, w := range writers {
		acknowledged += w.total
	}
	if acknowledged < kills*20 {
		t.Errorf("only %d writes were acknowledged in %d rounds", acknowledged, kills)
	}
	t.Logf("%d writes acknowledged, %d kills", acknowledged, kills)
	t.Run("Apache goes on", func(t *testing.T) {
		apache := zktest.Apache(t, dir, "tickTime=5000")
		for _, w := range writers {
			if err := w.verify(t, apache.Addr); err != nil {
				t.Errorf("writer %d: %v\n%s", w.n, err, apache.Log())
			}
		}
	})
}

// writer writes below a znode of its own, on one connection, with a model of
// what it has written: its writes take effect in their order or not at all.
type writer struct {
	n        int
	rnd      *rand.Rand
	wire     *wire
	model    model // after all writes that are known to have taken effect
	inFlight []step
	total    int // acknowledged
	lastZxid atomic.Int64
}

// model is what should be there: the znodes below the writer's own, and how many
// there were ever made.
type model struct {
	made   int
	znodes map[string]znodeModel // by name
	closed bool                  // the session
	opened bool                  // the writer's own znode is there
}

type znodeModel struct {
	data      string
	version   int
	ephemeral bool
	acl       string // what it has beside the open one
}

func (m model) clone() model {
	m.znodes = maps.Clone(m.znodes)
	return m
}

// step is one write: how the model changes, and what the reply must be.
type step struct {
	op    jute.OpCode
	body  jute.Record
	apply func(*model)
	path  string // of a create's reply
}

func newWriter(n int, seed uint64) *writer {
	return &writer{n: n, rnd: rand.New(rand.NewPCG(seed, uint64(n))), model: model{znodes: map[string]znodeModel{}, closed: true}}
}

func (w *writer) home() string { return fmt.Sprintf("/w%d", w.n) }

// next is a write on what the model will be once all before it have taken effect.
func (w *writer) next(ahead *model) step {
	data := fmt.Sprint(w.rnd.Uint64())
	if !ahead.opened {
		return step{jute.OpCreate, reqCreate(w.home(), "", 0), func(m *model) { m.opened = true }, w.home()}
	}
	names := slices.Sorted(maps.Keys(ahead.znodes))
	path := func(name string) string { return w.home() + "/" + name }
	pick := ""
	if len(names) > 0 {
		pick = names[w.rnd.IntN(len(names))]
	}
	switch k := w.rnd.IntN(100); {
	case k == 0 && w.rnd.IntN(8) == 0:
		return step{jute.OpCloseSession, nil, func(m *model) {
			m.closed = true
			maps.DeleteFunc(m.znodes, func(_ string, z znodeModel) bool { return z.ephemeral })
		}, ""}
	case pick != "" && (k < 25 || len(names) > 12):
		return step{jute.OpDelete, reqDelete(path(pick), -1), func(m *model) { delete(m.znodes, pick) }, ""}
	case pick != "" && k < 60:
		return step{jute.OpSetData, reqSet(path(pick), data, -1), func(m *model) {
			z := m.znodes[pick]
			m.znodes[pick] = znodeModel{data, z.version + 1, z.ephemeral, z.acl}
		}, ""}
	case pick != "" && k < 65: // mostly one that no other znode has
		id := fmt.Sprintf("user%d:x", w.rnd.IntN(1000))
		return step{jute.OpSetACL, reqSetACL(path(pick), -1, entry("world", "anyone", jute.PermAll), entry("digest", id, jute.PermRead)), func(m *model) {
			z := m.znodes[pick]
			z.acl = id
			m.znodes[pick] = z
		}, ""}
	case pick != "" && k < 70: // both or none
		name := fmt.Sprintf("m%010d", ahead.made)
		return step{jute.OpMulti, multi(op(jute.OpDelete, reqDelete(path(pick), -1)),
			op(jute.OpCreate, reqCreate(path("m"), data, jute.PersistentSequential))), func(m *model) {
			delete(m.znodes, pick)
			m.znodes[name] = znodeModel{data: data}
			m.made++
		}, ""}
	}
	flags := []jute.CreateMode{jute.PersistentSequential, jute.EphemeralSequential}[w.rnd.IntN(2)]
	name := fmt.Sprintf("s%010d", ahead.made)
	return step{jute.OpCreate, reqCreate(path("s"), data, flags), func(m *model) {
		m.znodes[name] = znodeModel{data: data, ephemeral: flags.IsEphemeral()}
		m.made++
	}, path(name)}
}

// write writes, many requests at a time, until the server is gone.
func (w *writer) write(t *testing.T) {
	ahead := w.model.clone()
	steps := make(chan step, 64)
	go func() {
		defer close(steps)
		for xid := int32(1); !ahead.closed; xid++ {
			s := w.next(&ahead)
			s.apply(&ahead)
			select {
			case steps <- s:
			case <-time.After(10 * time.Second):
				t.Error("no reply for ten seconds")
				return
			}
			var body any
			if s.body != nil {
				body = s.body
			}
			if w.wire.tryWrite(encodeRequest(xid, s.op, body)) != nil {
				return
			}
		}
	}()
	w.inFlight = nil
	gone := false
	for s := range steps {
		if !gone {
			f, err := w.wire.next()
			if err == nil {
				w.acknowledged(t, s, &f)
				continue
			}
			gone = true
			w.wire.nc.Close()
		}
		w.inFlight = append(w.inFlight, s)
	}
}

func (w *writer) acknowledged(t *testing.T, s step, f *frame) {
	var r jute.CreateResponse
	if f.Err != jute.ErrOK {
		t.Errorf("writer %d: %v: %v", w.n, s.op, f.Err)
	} else if s.op == jute.OpCreate {
		if jute.Unmarshal(f.body, &r); r.Path != s.path {
			t.Errorf("writer %d: created %s, expected %s", w.n, r.Path, s.path)
		}
	}
	s.apply(&w.model)
	w.lastZxid.Store(f.Zxid)
	w.total++
}

// verify compares the server with the model, finds out how many of the writes in
// flight took effect, and goes on with the session.
func (w *writer) verify(t *testing.T, addr string) error {
	w.wire = w.session(t, addr)
	if w.wire == nil { // the session is closed, so the last write must have done it
		for _, s := range w.inFlight {
			s.apply(&w.model)
		}
		if !w.model.closed {
			return fmt.Errorf("its session is gone")
		}
		w.inFlight = nil
		w.wire = w.session(t, addr)
	}
	got := w.read()
	var first string
	for n := 0; ; n++ {
		diff := w.model.differs(got)
		if diff == "" {
			break
		}
		if n == 0 {
			first = diff
		}
		if n == len(w.inFlight) {
			return fmt.Errorf("%s, or something else after any of %d writes in flight", first, n)
		}
		w.inFlight[n].apply(&w.model)
	}
	w.model.closed = false
	return nil
}

// session resumes the session, or opens one if the model has none.
func (w *writer) session(t *testing.T, addr string) *wire {
	if w.model.closed {
		return openSession(t, addr, 60*time.Second)
	}
	r := w.wire.resume(addr)
	if r.session.SessionID == 0 {
		return nil
	}
	return r
}

func childrenOf(w *wire, path string) []string {
	var r jute.GetChildrenResponse
	f, _ := w.call(jute.OpGetChildren, reqList(path, false))
	jute.Unmarshal(f.body, &r)
	slices.Sort(r.Children)
	return r.Children
}

// read reads what is below the writer's znode.
func (w *writer) read() model {
	m := model{znodes: map[string]znodeModel{}}
	var home jute.ExistsResponse
	f, _ := w.wire.call(jute.OpExists, reqExists(w.home(), false))
	if f.Err != jute.ErrOK {
		return m
	}
	m.opened = true
	jute.Unmarshal(f.body, &home)
	for _, name := range childrenOf(w.wire, w.home()) {
		var r jute.GetDataResponse
		w.wire.do(jute.OpGetData, reqGet(w.home()+"/"+name, false), &r)
		z := znodeModel{data: string(r.Data), version: int(r.Stat.Version), ephemeral: r.Stat.EphemeralOwner != 0}
		var acl jute.GetACLResponse
		w.wire.do(jute.OpGetACL, reqACL(w.home()+"/"+name), &acl)
		if len(acl.ACL) != 1 || !slices.Equal(acl.ACL, jute.OpenACL()) {
			z.acl = acl.ACL[len(acl.ACL)-1].ID.ID
		}
		m.znodes[name] = z
	}
	// Clients see creations plus deletions.
	m.made = int(home.Stat.Cversion+home.Stat.NumChildren) / 2
	return m
}

func (m model) differs(got model) string {
	var s []string
	if m.opened != got.opened || m.made != got.made {
		s = append(s, fmt.Sprintf("there were %d znodes made instead of %d", got.made, m.made))
	}
	for name, want := range m.znodes {
		if z, ok := got.znodes[name]; !ok {
			s = append(s, name+" is missing")
		} else if z != want {
			s = append(s, fmt.Sprintf("%s is %+v instead of %+v", name, z, want))
		}
	}
	for name := range got.znodes {
		if _, ok := m.znodes[name]; !ok {
			s = append(s, name+" is unknown")
		}
	}
	return strings.Join(s, ", ")
}
