package server

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// Whatever clients with different identities ask for, they read and change what ACLs
// allow, and nothing else.
func TestNothingButWhatACLsAllow(t *testing.T) {
	certs := zktest.NewCerts(t)
	cfg := secureConfig(certs)
	cfg.SuperDigest, cfg.ExtendedTypes = jute.DigestID("super:pw"), true
	s := start(t, cfg)
	for seed := range uint64(3) {
		w := newACLWalk(t, certs, s.Addr(), s.SecureAddr(), seed)
		w.ours = true
		w.run(1500)
		w.didEverything()
	}
}

// The model is of Apache's rules: it foretells what Apache answers.
func TestTheModelOfACLsIsApaches(t *testing.T) {
	certs := zktest.NewCerts(t)
	apache, secure := zktest.ApacheTLS(t, certs, "ssl.clientAuth=want", "DigestAuthenticationProvider.superDigest="+jute.DigestID("super:pw"))
	w := newACLWalk(t, certs, apache.Addr, secure, 100)
	w.model.old = !zktest.OtherVersion()
	w.run(600)
}

// aclWalk does one random request after the other and compares each answer with the
// model.
type aclWalk struct {
	t     *testing.T
	rnd   *rand.Rand
	base  string
	model aclModel
	wires map[*modelClient]*wire

	eventsToo bool
	ours      bool
	step      string
	early     []jute.WatcherEvent // what came before the last reply
	asked     map[string]int      // how often each operation was allowed and refused
}

func newACLWalk(t *testing.T, certs zktest.Certs, plain, secure string, seed uint64) *aclWalk {
	w := &aclWalk{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), base: fmt.Sprintf("/walk%d", seed), wires: map[*modelClient]*wire{}, asked: map[string]int{}}
	w.model.nodes = map[string]*modelNode{w.base: {acl: jute.OpenACL()}}
	add := func(name string, ids []jute.ID, conn *wire, logins ...string) {
		c := &modelClient{name: name, ids: ids, super: name == "super"}
		for _, login := range logins {
			conn.do(jute.OpAuth, reqAuth("digest", login), nil)
		}
		w.model.clients = append(w.model.clients, c)
		w.wires[c] = conn
	}
	open := func() *wire { return openSession(t, plain, 20*time.Second) }
	add("nobody", nil, open())
	add("ann", []jute.ID{annID}, open(), "ann:pw")
	add("wrong", []jute.ID{{Scheme: "digest", ID: jute.DigestID("ann:other")}}, open(), "ann:other")
	add("both", []jute.ID{annID, bobID}, open(), "ann:pw", "bob:pw")
	add("cert", []jute.ID{certID}, mustSecure(t, secure, certs.Config(t, true)))
	add("super", []jute.ID{{Scheme: "digest", ID: jute.DigestID("super:pw")}}, open(), "super:pw")
	w.wires[w.model.clients[0]].create(w.base, "", 0)
	for _, c := range w.wires {
		c.do(jute.OpAddWatch, &jute.AddWatchRequest{Path: w.base, Mode: jute.WatchPersistentRecursive}, nil)
	}
	return w
}

func (w *aclWalk) run(steps int) {
	for range steps {
		if w.t.Failed() {
			return
		}
		c := w.model.clients[w.rnd.IntN(len(w.model.clients))]
		switch w.rnd.IntN(12) {
		case 0, 1, 2:
			w.write(c, w.randomWrite(true))
		case 3:
			w.multi(c)
		case 4:
			w.multiRead(c)
		case 5:
			w.setWatches(c)
		case 6:
			w.others(c)
		default:
			w.read(c, w.randomRead())
		}
	}
}

// didEverything checks that the walk had each operation allowed and refused.
func (w *aclWalk) didEverything() {
	w.t.Helper()
	for _, kind := range []jute.OpCode{jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpSetData, jute.OpSetACL,
		jute.OpMulti, jute.OpGetData, jute.OpGetChildren, jute.OpGetChildren2, jute.OpGetAllChildrenNumber, jute.OpGetACL, jute.OpExists} {
		for _, came := range []string{" ok", " refused"} {
			if w.asked[kind.String()+came] == 0 {
				w.t.Errorf("%v was never%s", kind, came)
			}
		}
	}
}

// path is one below base, whose own parent the model knows nothing of.
func (w *aclWalk) path() string {
	path := w.base
	for range 1 + w.rnd.IntN(3) {
		path += "/" + string(rune('a'+w.rnd.IntN(2)))
	}
	return path
}

// acl is a random ACL; the entry of everybody is not in all of them.
func (w *aclWalk) acl() []jute.ACL {
	var acl []jute.ACL
	for range 1 + w.rnd.IntN(3) {
		id := modelEntries[w.rnd.IntN(len(modelEntries))]
		if w.rnd.IntN(6) == 0 {
			id = jute.ID{Scheme: "auth"}
		}
		acl = append(acl, jute.ACL{Perms: jute.Perms(w.rnd.IntN(32)), ID: id})
	}
	return acl
}

func (w *aclWalk) randomWrite(ttlToo bool) jute.Op {
	path, data := w.path(), fmt.Sprintf("%x", w.rnd.Uint32())
	switch w.rnd.IntN(9) {
	case 0:
		return op(jute.OpCreate, reqCreate(path, data, 0, w.acl()...))
	case 1:
		return op(jute.OpCreate2, reqCreate(path, data, jute.CreateMode(w.rnd.IntN(2)), w.acl()...))
	case 2:
		return op(jute.OpCreateContainer, reqCreate(path, data, jute.Container, w.acl()...))
	case 3:
		if ttlToo {
			return op(jute.OpCreateTTL, reqCreate(path, data, jute.PersistentTTL, w.acl()...))
		}
		return op(jute.OpCreate, reqCreate(path, data, jute.Ephemeral, w.acl()...))
	case 4, 5:
		return op(jute.OpDelete, reqDelete(path, -1))
	case 6:
		return op(jute.OpSetACL, reqSetACL(path, -1, w.acl()...))
	}
	return op(jute.OpSetData, reqSet(path, data, -1))
}

func (w *aclWalk) randomRead() jute.Op {
	path, watch := w.path(), w.rnd.IntN(3) == 0
	switch w.rnd.IntN(6) {
	case 0:
		return op(jute.OpGetChildren, reqList(path, watch))
	case 1:
		return op(jute.OpGetChildren2, reqList(path, watch))
	case 2:
		return op(jute.OpGetACL, reqACL(path))
	case 3:
		return op(jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: path})
	case 4:
		return op(jute.OpExists, reqExists(path, watch))
	}
	return op(jute.OpGetData, reqGet(path, watch))
}

// says compares an answer with the model's.
func (w *aclWalk) says(got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s:\n got %s\nwant %s", w.step, got, want)
	}
}

// ask sends a request as a client, and keeps the events before its reply.
func (w *aclWalk) ask(c *modelClient, typ jute.OpCode, body jute.Record) (f frame) {
	w.step = fmt.Sprintf("%s: %v %+v", c.name, typ, body)
	f, w.early = w.wires[c].call(typ, body)
	came := " ok"
	if f.Err == jute.ErrNoAuth {
		came = " refused"
	}
	w.asked[typ.String()+came]++
	return f
}

func (w *aclWalk) write(c *modelClient, o jute.Op) {
	body := o.Body
	if create, ok := body.(*jute.CreateRequest); ok && o.Type == jute.OpCreateTTL {
		body = &jute.CreateTTLRequest{Path: create.Path, Data: create.Data, ACL: create.ACL, Flags: create.Flags, TTL: 3_600_000}
	}
	want, events := w.model.write(c, o)
	w.expecting(c, events, func() { w.says(w.ask(c, o.Type, body).Err.Error(), want.Error()) })
}

func (w *aclWalk) multi(c *modelClient) {
	var ops []jute.Op
	for range 1 + w.rnd.IntN(4) {
		o := w.randomWrite(false)
		if o.Type == jute.OpSetACL { // no client can put it into a multi
			o = op(jute.OpCheck, &jute.CheckVersionRequest{Path: w.path(), Version: -1})
		}
		ops = append(ops, o)
	}
	want, events := w.model.multi(c, ops)
	w.expecting(c, events, func() {
		f := w.ask(c, jute.OpMulti, multi(ops...))
		var res jute.MultiResponse
		if err := jute.Unmarshal(f.body, &res); err != nil {
			w.t.Errorf("%s: %v", w.step, err)
		}
		var got []jute.ErrCode
		for _, r := range res.Results {
			got = append(got, r.Err)
			if r.Err == jute.ErrNoAuth {
				w.asked["multi refused"]++
			}
		}
		w.says(fmt.Sprint(got), fmt.Sprint(want))
	})
}

// expecting does a client's write and looks at what everybody is told of it.
func (w *aclWalk) expecting(writer *modelClient, want []modelEvent, write func()) {
	w.t.Helper()
	write()
	told := map[*modelClient][]jute.WatcherEvent{writer: w.early}
	for c, conn := range w.wires {
		xid := conn.xid
		conn.xid = jute.XidPing - 1 // the reply to a ping has this xid
		_, events := conn.call(jute.OpPing, nil)
		conn.xid, told[c] = xid, append(told[c], events...)
	}
	if !w.model.old {
		w.checkEvents(told, want)
	}
}

// checkEvents checks that each client is told of the znodes that it may read, once,
// in order, and of no others. A change of children is told to who may read the parent.
func (w *aclWalk) checkEvents(told map[*modelClient][]jute.WatcherEvent, want []modelEvent) {
	w.t.Helper()
	for c, events := range told {
		var got, may []string
		for _, e := range events {
			if e.Type != jute.EventNodeChildrenChanged { // those are of watches that are set now and then
				got = append(got, fmt.Sprint(e.Type, e.Path))
			} else if n := w.model.nodes[e.Path]; n != nil && !c.may(n.acl, jute.PermRead) {
				w.t.Errorf("%s: %s, who may not read it, is told that the children of %s have changed", w.step, c.name, e.Path)
			}
		}
		for _, e := range want {
			if c.may(e.acl, jute.PermRead) {
				may = append(may, fmt.Sprint(e.typ, e.path))
			}
		}
		if !slices.Equal(got, may) {
			w.t.Errorf("%s: %s is told %v, not %v", w.step, c.name, got, may)
		}
	}
}

func (w *aclWalk) read(c *modelClient, o jute.Op) {
	f := w.ask(c, o.Type, o.Body)
	w.says(inWords(o.Type, f.Err, f.body), w.model.read(c, o))
	if len(w.early) > 0 {
		w.t.Errorf("%s: events %v, though nothing has changed", w.step, w.early)
	}
}

// inWords is an answer as the model gives it.
func inWords(typ jute.OpCode, err jute.ErrCode, body []byte) string {
	if err != jute.ErrOK {
		return err.Error()
	}
	rec := responses[typ]()
	if err := jute.Unmarshal(body, rec); err != nil {
		return err.Error()
	}
	return recordInWords(rec)
}

func recordInWords(rec jute.Record) string {
	switch r := rec.(type) {
	case *jute.GetDataResponse:
		return fmt.Sprintf("data %q", r.Data)
	case *jute.GetChildrenResponse:
		return fmt.Sprintf("children %q", sortedCopy(r.Children))
	case *jute.GetChildren2Response:
		return fmt.Sprintf("children %q", sortedCopy(r.Children))
	case *jute.GetAllChildrenNumberResponse:
		return fmt.Sprintf("%d below", r.TotalNumber)
	case *jute.GetACLResponse:
		return fmt.Sprintf("ACL %v", r.ACL)
	}
	return "it is there"
}

func (w *aclWalk) multiRead(c *modelClient) {
	var ops []jute.Op
	var want []string
	for range 1 + w.rnd.IntN(4) {
		o := op(jute.OpGetData, reqGet(w.path(), false))
		if w.rnd.IntN(2) == 0 {
			o = op(jute.OpGetChildren, reqList(w.path(), false))
		}
		ops = append(ops, o)
		want = append(want, w.model.read(c, o))
	}
	f := w.ask(c, jute.OpMultiRead, multi(ops...))
	var res jute.MultiResponse
	if err := jute.Unmarshal(f.body, &res); err != nil {
		w.t.Errorf("%s: %v", w.step, err)
	}
	var got []string
	for _, r := range res.Results {
		if r.Err != jute.ErrOK {
			got = append(got, r.Err.Error())
		} else {
			got = append(got, recordInWords(r.Body))
		}
	}
	w.says(strings.Join(got, "; "), strings.Join(want, "; "))
}

// setWatches asks what was missed since the beginning: of znodes that are there it
// is told to who may read them (Apache tells everybody), and that others are gone is
// no secret.
func (w *aclWalk) setWatches(c *modelClient) {
	path := w.path()
	w.step = fmt.Sprintf("%s: setWatches %s", c.name, path)
	_, events := w.wires[c].call(jute.OpSetWatches2, &jute.SetWatches2{DataWatches: []string{path}, ChildWatches: []string{path}, ExistWatches: []string{path}})
	n := w.model.nodes[path]
	for _, e := range events {
		if e.Path != path || w.ours && n != nil && !c.may(n.acl, jute.PermRead) {
			w.t.Errorf("%s: told %v", w.step, e)
		}
	}
	if n != nil && c.may(n.acl, jute.PermRead) && len(events) == 0 {
		w.t.Errorf("%s: told nothing", w.step)
	}
	// None of them is left to fire twice.
	for _, kind := range []jute.WatcherType{jute.WatcherData, jute.WatcherChildren} {
		w.wires[c].call(jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: path, Type: kind})
	}
}

// others are requests that no ACL is asked about.
func (w *aclWalk) others(c *modelClient) {
	path := w.path()
	switch w.rnd.IntN(4) {
	case 0:
		if f := w.ask(c, jute.OpSync, &jute.SyncRequest{Path: path}); f.Err != jute.ErrOK {
			w.t.Errorf("%s: %v", w.step, f.Err)
		}
	case 1:
		if f := w.ask(c, jute.OpReconfig, &jute.ReconfigRequest{JoiningServers: []byte("server.1=a:1:2;3"), CurConfigID: -1}); f.Err == jute.ErrOK {
			w.t.Errorf("%s: it went through", w.step)
		}
	case 2:
		if c.super {
			return
		}
		for _, o := range []jute.Op{op(jute.OpSetData, reqSet("/zookeeper/config", "x", -1)), op(jute.OpSetACL, reqSetACL("/zookeeper/config", -1, jute.OpenACL()...))} {
			if f := w.ask(c, o.Type, o.Body); f.Err != jute.ErrNoAuth {
				w.t.Errorf("%s: %v", w.step, f.Err)
			}
		}
	case 3:
		f := w.ask(c, jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: path})
		var res jute.GetEphemeralsResponse
		if err := jute.Unmarshal(f.body, &res); err != nil {
			w.t.Errorf("%s: %v", w.step, err)
		}
		w.says(fmt.Sprintf("%q", sortedCopy(res.Ephemerals)), fmt.Sprintf("%q", sortedCopy(w.model.ephemerals(c, path))))
	}
}
