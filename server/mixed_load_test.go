package server

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"zook/internal/zktest"
	"zook/jute"
)

var mixedConns = []string{"a", "b", "c", "d"}

// loadKind is how the requests of a load are sent.
type loadKind int

const (
	oneByOne loadKind = iota // each when the one before is answered
	inBursts                 // several of a connection without waiting
	atOnce                   // all of all connections without waiting
)

func (k loadKind) String() string { return [...]string{"one by one", "in bursts", "at once"}[k] }

// loadMaker makes a load out of chance, the same for the same seed. Paths are few, so
// that requests meet.
//
// Where Apache's server is 3.8, the load keeps out of the way of what it does otherwise
// than 3.9: only below p may it be that a znode cannot be read, and nothing watches there
// (3.8 tells of such znodes); and a session watches a path in one way (ZOOKEEPER-4466).
type loadMaker struct {
	load
	rnd   *rand.Rand
	kind  loadKind
	free  bool // of what 3.8 does
	xids  map[string]int32
	zxids int64
	made  []string // paths that may be there
}

func makeLoad(seed uint64, steps int, kind loadKind) *load {
	m := &loadMaker{rnd: rand.New(rand.NewPCG(42, seed)), kind: kind, free: zktest.OtherVersion(), xids: map[string]int32{}}
	m.root = "/mixed00000/r"
	m.made = []string{m.root}
	m.quota()
	for burst := 1; len(m.steps) < steps; burst++ {
		conn := mixedConns[m.rnd.IntN(len(mixedConns))]
		switch k := m.rnd.IntN(100); {
		case kind == atOnce:
			m.request(conn)
		case k == 0:
			m.add(conn, jute.OpCloseSession, nil, "closes its session")
		case k == 1:
			m.steps = append(m.steps, loadStep{conn: conn, does: "loses its connection"})
		case k < 4:
			// Each is one user: what auth stands for is in the order of a Java HashSet.
			m.add(conn, jute.OpAuth, reqAuth("digest", mixedUsers[conn]), "is "+mixedUsers[conn])
		case kind == inBursts && k < 60:
			for range 2 + m.rnd.IntN(12) {
				m.request(conn)
				// Apache checks what comes behind a setACL against the ACL before it, as
				// long as that is not applied.
				if last := &m.steps[len(m.steps)-1]; last.op != jute.OpSetACL {
					last.burst = burst
				}
			}
		default:
			m.request(conn)
		}
	}
	if kind == atOnce {
		m.add("d", jute.OpCloseSession, nil, "closes its session")
	}
	return &m.load
}

var mixedUsers = map[string]string{"a": "ann:secret", "b": "bob:secret", "c": "cy:secret", "d": "ann:secret"}

func pick[T any](rnd *rand.Rand, of ...T) T { return of[rnd.IntN(len(of))] }

// one reports a chance of one in n.
func (m *loadMaker) one(n int) bool { return m.rnd.IntN(n) == 0 }

// add records a request.
func (m *loadMaker) add(conn string, op jute.OpCode, body any, does string) *loadStep {
	m.xids[conn]++
	if throughPipeline(op) && op != jute.OpSync {
		m.zxids++
	}
	m.steps = append(m.steps, loadStep{conn: conn, op: op, frame: encodeRequest(m.xids[conn], op, body), does: fmt.Sprintf("%v %s", op, does)})
	return &m.steps[len(m.steps)-1]
}

// quota gives the load two quotas. In bursts none is hard: Apache checks those against
// what is applied so far, which is left to chance there.
func (m *loadMaker) quota() {
	at := "/zookeeper/quota" + m.root
	for _, n := range []struct{ path, data string }{{jute.ParentPath(at), ""}, {at, ""}, {at + "/q", ""}, {at + "/q/zookeeper_limits", m.limits()}, {at + "/q/zookeeper_stats", ""},
		{at + "/q/a", ""}, {at + "/q/a/zookeeper_limits", m.limits()}, {at + "/q/a/zookeeper_stats", ""}} {
		m.add("a", jute.OpCreate, reqCreate(n.path, n.data, 0), n.path)
	}
}

func (m *loadMaker) limits() string {
	soft := fmt.Sprintf("count=%d,bytes=%d", m.rnd.IntN(9)-1, m.rnd.IntN(200)-1)
	if m.kind == inBursts || m.one(3) {
		return soft
	}
	return soft + fmt.Sprintf("=;byteHardLimit=%d;countHardLimit=%d", m.rnd.IntN(300)-1, m.rnd.IntN(12)-1)
}

// path is one of a few, often one that has been created, rarely one that cannot be.
func (m *loadMaker) path() string {
	switch k := m.rnd.IntN(40); {
	case k == 0:
		return m.badPath()
	case k < 20:
		return m.made[m.rnd.IntN(len(m.made))]
	}
	p := m.root
	// /e is of the ephemerals of d, which go together, in no order with Apache: nobody
	// watches it.
	for range 1 + m.rnd.IntN(3) {
		p += "/" + pick(m.rnd, "a", "b", "c", "p", "q")
	}
	return p
}

func (m *loadMaker) badPath() string {
	r := m.root
	if m.kind != atOnce && m.one(10) { // what is on its way is checked against the quotas that there are
		return "/zookeeper/quota" + r + "/q/" + pick(m.rnd, "zookeeper_stats", "zookeeper_limits")
	}
	return pick(m.rnd, "", "x", "x/y", "//", r+"/", r+"//a", r+"/./a", r+"/..", r+"/a/../b", r+"/\x00", r+"/a\x01", r+"/\u0080", r+"/\ue000", r+"/\ufff0",
		r+"/größe", r+"/a b", r+"/%2f", r+"/"+strings.Repeat("n", 1000), r+strings.Repeat("/d", 300), "/zookeeper/config")
}

// private reports whether a path is below p, where anything can be unreadable.
func (m *loadMaker) private(path string) bool { return strings.Contains(path, "/p") }

// watchable is a path that may be watched, and how: 0 once, 1 persistent, 2 recursive.
func (m *loadMaker) watchable(conn string) (path string, way int) {
	path = m.path()
	for m.kind == atOnce && path == m.root {
		path = m.path()
	}
	if m.free {
		return path, m.rnd.IntN(3)
	}
	for m.private(path) || path == m.root {
		path = m.path()
	}
	f := fnv.New32a()
	f.Write([]byte(conn + path))
	return path, max(0, int(f.Sum32()%5)-2)
}

func (m *loadMaker) data() []byte {
	switch k := m.rnd.IntN(30); {
	case k < 5:
		return nil
	case k < 10:
		return []byte{}
	case k == 10:
		return []byte(strings.Repeat("large ", 20_000))
	}
	return []byte(strings.Repeat("x", m.rnd.IntN(40)))
}

func (m *loadMaker) version() int32 {
	return pick[int32](m.rnd, -1, -1, -1, -1, 0, 0, 1, 2, 3, -2, 99)
}

func (m *loadMaker) acl(path string) []jute.ACL {
	ann, bob := jute.DigestID("ann:secret"), jute.DigestID("bob:secret")
	perms := jute.Perms(m.rnd.IntN(32))
	if m.one(15) {
		return pick(m.rnd, nil, []jute.ACL{}, []jute.ACL{entry("none", "x", 31)}, []jute.ACL{entry("digest", "x", 31)}, []jute.ACL{entry("world", "anyone", 1), entry("ip", "x", 1)})
	}
	if m.private(path) || m.free {
		return pick(m.rnd, jute.OpenACL(), []jute.ACL{entry("digest", ann, perms)}, []jute.ACL{entry("auth", "", 31)}, []jute.ACL{entry("digest", bob, 31), entry("world", "anyone", perms)},
			[]jute.ACL{entry("ip", "127.0.0.1", perms), entry("digest", ann, 31)}, []jute.ACL{entry("ip", "10.0.0.0/8", 31)}, []jute.ACL{entry("world", "anyone", 0)})
	}
	return pick(m.rnd, jute.OpenACL(), jute.OpenACL(), jute.OpenACL(), []jute.ACL{entry("world", "anyone", perms|jute.PermRead)},
		[]jute.ACL{entry("digest", ann, 31), entry("world", "anyone", jute.PermRead)}, []jute.ACL{entry("auth", "", 31), entry("world", "anyone", jute.PermRead)},
		[]jute.ACL{entry("ip", "127.0.0.0/8", perms|jute.PermRead), entry("ip", "127.0.0.0/8", perms|jute.PermRead)})
}

// request records a request of any kind.
func (m *loadMaker) request(conn string) {
	if m.rnd.IntN(100) < 55 {
		op, body := m.write(conn, false)
		if m.one(50) {
			m.add(conn, op, append(jute.Marshal(body), 1, 2, 3), "with bytes behind it: "+bodyText(body))
		} else {
			m.add(conn, op, body, bodyText(body))
		}
		return
	}
	op, body := m.read(conn)
	if m.one(40) {
		b := jute.Marshal(body)
		m.add(conn, op, b[:m.rnd.IntN(len(b)+1)], "cut off: "+bodyText(body))
		return
	}
	s := m.add(conn, op, body, bodyText(body))
	if op == jute.OpSetWatches || op == jute.OpSetWatches2 {
		s.since = 1 + m.rnd.Int64N(m.zxids+1)
	}
}

// write is a request that becomes a transaction.
func (m *loadMaker) write(conn string, inMulti bool) (jute.OpCode, jute.Record) {
	switch k := m.rnd.IntN(100); {
	case k < 40:
		return m.create(conn, inMulti)
	case k < 58:
		return jute.OpDelete, reqDelete(m.path(), m.version())
	case k < 78:
		if m.kind != atOnce && m.one(12) {
			return jute.OpSetData, reqSet("/zookeeper/quota"+m.root+"/q"+pick(m.rnd, "", "/a")+"/zookeeper_limits", m.limits(), -1)
		}
		return jute.OpSetData, &jute.SetDataRequest{Path: m.dataPath(), Data: m.data(), Version: m.version()}
	case inMulti:
		return jute.OpCheck, &jute.CheckVersionRequest{Path: m.path(), Version: m.version()}
	case k < 86:
		path := m.path()
		if strings.HasPrefix(path, "/zookeeper") {
			path = m.root
		}
		return jute.OpSetACL, &jute.SetACLRequest{Path: path, ACL: m.acl(path), Version: m.version()}
	case k == 86:
		return jute.OpReconfig, &jute.ReconfigRequest{CurConfigID: -1}
	case k == 87:
		return jute.OpMulti, multi(op(jute.OpGetData, reqGet(m.root, false)))
	}
	q := &jute.MultiRequest{}
	for range m.rnd.IntN(7) {
		typ, body := m.write(conn, true)
		q.Ops = append(q.Ops, op(typ, body))
	}
	return jute.OpMulti, q
}

// dataPath leaves the counts of quotas alone: a number that is none ends Apache's server.
func (m *loadMaker) dataPath() string {
	for {
		if p := m.path(); !strings.HasPrefix(p, "/zookeeper/quota/") {
			return p
		}
	}
}

func (m *loadMaker) create(conn string, inMulti bool) (jute.OpCode, jute.Record) {
	path := m.path()
	flags := pick[jute.CreateMode](m.rnd, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6)
	if m.one(30) {
		flags = pick[jute.CreateMode](m.rnd, -1, 7, 100)
	}
	op := pick(m.rnd, jute.OpCreate, jute.OpCreate, jute.OpCreate2, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL)
	// Containers and TTL nodes are mostly asked for as they should be.
	if !m.one(10) {
		switch {
		case op == jute.OpCreateContainer:
			flags = jute.Container
		case op == jute.OpCreateTTL && !flags.IsTTL():
			flags = pick(m.rnd, jute.PersistentTTL, jute.PersistentSequentialTTL)
		case op == jute.OpCreate || op == jute.OpCreate2:
			flags &= 3
		}
	}
	if inMulti && !m.free && op != jute.OpCreateTTL && (!flags.Valid() || flags.IsTTL() || op == jute.OpCreateContainer && flags != jute.Container) {
		op, flags = jute.OpCreate, jute.Persistent // 3.8 makes something else of these
	}
	switch {
	case flags.IsSequential():
		m.remember(fmt.Sprintf("%s%010d", path, m.rnd.IntN(8)))
	case !strings.HasPrefix(path, "/zookeeper"):
		m.remember(path)
	}
	if m.kind == atOnce && conn == "d" && flags.IsEphemeral() {
		path = m.root + "/e/" + pick(m.rnd, "x", "y", "z")
	}
	acl := m.acl(path)
	if acl == nil && inMulti {
		acl = []jute.ACL{} // a multi with null takes no zxid of Apache's
	}
	if op != jute.OpCreateTTL {
		return op, &jute.CreateRequest{Path: path, Data: m.data(), ACL: acl, Flags: flags}
	}
	ttl := pick[int64](m.rnd, 100_000, 100_000, 1<<40-1, 0, 1<<40)
	if m.one(20) && flags.IsTTL() { // else Apache's server ends
		ttl = -1
	}
	return op, &jute.CreateTTLRequest{Path: path, Data: m.data(), ACL: acl, Flags: flags, TTL: ttl}
}

func (m *loadMaker) remember(path string) {
	if len(m.made) < 40 {
		m.made = append(m.made, path)
	} else {
		m.made[1+m.rnd.IntN(39)] = path
	}
}
