package commands

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/txnlog"
)

// scope is a part of the tree: a znode and what is so many levels below it.
type scope struct {
	path  string
	depth int // 0 for the znode alone, 1 with its children, -1 with all below
}

func (s *scope) holds(path []byte) bool {
	switch {
	case len(path) <= len(s.path):
		return string(path) == s.path
	case s.depth == 0 || string(path[:len(s.path)]) != s.path:
		return false
	}
	rest := path[len(s.path):]
	if s.path != "/" {
		if rest[0] != '/' {
			return false
		}
		rest = rest[1:]
	}
	return s.depth < 0 || bytes.IndexByte(rest, '/') < 0
}

// history is what transaction logs say of a part of the tree, told one change after
// the other. It knows of each znode there what the next change is to be compared with:
// that takes memory by the size of this part of the tree, whatever the logs' size.
//
// Transactions are trusted, as servers have accepted them. What a snapshot says is
// not, where a transaction of the logs may have been before it: snapshots are fuzzy.
type history struct {
	scope    scope
	keepData bool // of every znode, to compare with
	dir      *datadir.Dir
	pass     *logPass
	// each is told of every change; before, unless it is nil, of every znode that was
	// there before the logs, or before the next part of them.
	each, before func(*pastChange) error
	// everyTxn, unless it is nil, sees every transaction that deletes, of whatever
	// znode, before each is told of its changes.
	everyTxn func(*jute.TxnView)

	znodes   map[string]*pastZnode         // those that are there
	owned    map[int64]map[string]struct{} // the ephemerals among them by session
	sessions map[int64]opening             // those that are open
	seen     bool                          // there was a znode or a change
	baseline baseline                      // what znodes were taken from
	acls     map[string][]jute.ACL         // by their encoding
	view     jute.TxnView
	from     int64 // where the part of the logs at hand begins
}

// opening is when a session was opened; its time is 0 if that was before the logs.
type opening struct {
	datadir.Point
	timeout int32 // milliseconds
}

// pastZnode is a znode at some moment.
type pastZnode struct {
	stat     jute.StatPersisted
	partial  bool // its creation, and so its kind, is not known
	hasData  bool // its version and size are known
	size     int
	data     []byte // nil is null
	hasBytes bool   // data is there
	acl      []jute.ACL
	hasACL   bool // and its ACL version
	unsure   bool // transactions are missing since
}

// newHistory tells of a part of the tree in a data directory.
func (e *Env) newHistory(command string, s scope, p *Printer) (*history, error) {
	dir, err := e.dataDir()
	if err != nil {
		return nil, err
	}
	h := &history{scope: s, keepData: s.depth == 0, dir: dir, pass: &logPass{env: e, command: command, at: e.Files.At, p: p}}
	h.pass.gap, h.pass.skips = h.begin, h.skips
	return h, nil
}

// run reads all. The error is of files that cannot be read, or, once all has been
// told, of what was damaged.
func (h *history) run(ctx context.Context) error {
	logs, err := h.dir.Logs()
	if err != nil {
		return err
	}
	for _, f := range logs {
		h.pass.files = append(h.pass.files, f.Path)
	}
	h.znodes, h.owned = map[string]*pastZnode{}, map[int64]map[string]struct{}{}
	h.sessions, h.acls = map[int64]opening{}, map[string][]jute.ACL{}
	err = h.pass.run(ctx, h.record)
	if h.pass.first == (datadir.Point{}) && (err == nil || err == h.pass.faulty) {
		if err := h.beforeLogs(); err != nil {
			return err
		}
		return h.pass.faulty
	}
	return err
}

// beforeLogs takes what is known where no transaction counts.
func (h *history) beforeLogs() error {
	first, at := h.pass.behind, h.pass.at
	if first == 0 {
		return h.begin(0, noZxid)
	}
	if at != (moment{}) && !isFirst(first) {
		snaps, err := h.dir.Snapshots()
		if err != nil {
			return err
		}
		best := baselines(snaps, 0, first)
		if !at.isZxid || len(best) == 0 || best[0].Zxid > at.zxid {
			return fmt.Errorf("--at %v is before what the files tell of: the logs begin at %v", &at, Hex(first))
		}
	}
	return h.begin(0, first)
}

// record tells of the changes of a transaction.
func (h *history) record(rec *txnlog.Record) error {
	t := &rec.Header
	switch {
	case t.Type == jute.OpError:
		return nil
	case t.Type == jute.OpCreateSession:
		if len(rec.Raw) >= headerSize+4 {
			h.sessions[t.ClientID] = opening{datadir.Point{Zxid: t.Zxid, Time: t.Time}, int32(binary.BigEndian.Uint32(rec.Raw[headerSize:]))}
		}
		return nil
	case t.Type == jute.OpCloseSession:
		defer delete(h.sessions, t.ClientID)
	}
	if !h.mayConcern(rec) {
		return nil
	}
	if err := h.view.Decode(rec.Raw); err != nil {
		h.pass.tellOf(rec, fmt.Sprintf("transaction of type %v: %v", t.Type, err), "it is left out")
		return nil
	}
	if h.view.Failed() {
		return nil
	}
	if h.everyTxn != nil {
		h.everyTxn(&h.view)
	}
	for i := range h.view.Ops {
		o := &h.view.Ops[i]
		if !h.scope.holds(o.Path) || o.Type == jute.OpCheck {
			continue
		}
		if err := h.operation(o, i); err != nil {
			return err
		}
	}
	if t.Type == jute.OpCloseSession {
		return h.closeSession()
	}
	return nil
}

// headerSize is that of the TxnHeader that a transaction begins with.
const headerSize = 32

// mayConcern tells without decoding it whether a transaction may be wanted.
func (h *history) mayConcern(rec *txnlog.Record) bool {
	body := rec.Raw[headerSize:]
	switch rec.Header.Type {
	case jute.OpMulti:
		return h.everyTxn != nil || h.scope.path == "/" || bytes.Contains(body, []byte(h.scope.path))
	case jute.OpCloseSession:
		return h.everyTxn != nil || len(h.owned[rec.Header.ClientID]) > 0 ||
			h.scope.path == "/" || bytes.Contains(body, []byte(h.scope.path))
	case jute.OpDelete, jute.OpDeleteContainer:
		if h.everyTxn != nil {
			return true
		}
	}
	// All others begin with their path.
	if len(body) < 4 {
		return true
	}
	n := int64(int32(binary.BigEndian.Uint32(body)))
	return n < 0 || n > int64(len(body)-4) || h.scope.holds(body[4:4+n])
}

// operation tells of what an operation did to a znode.
func (h *history) operation(o *jute.OpView, i int) error {
	c := newPastChange(&h.view, i)
	h.addSession(c)
	t, z := &h.view.Header, h.znodes[c.Path]
	switch {
	case c.Change == changeCreate:
		z = &pastZnode{hasData: true, hasACL: true, acl: h.acl(o.ACL)}
		z.stat = jute.StatPersisted{Czxid: t.Zxid, Ctime: t.Time, Mzxid: t.Zxid, Mtime: t.Time, Pzxid: t.Zxid, EphemeralOwner: c.owner}
		z.setData(c.data, h.keepData)
		c.ACL = z.acl
		h.put(c.Path, z)
	case c.Change == changeDelete:
		c.lost(z)
		h.drop(c.Path)
	case z == nil:
		z = &pastZnode{partial: true}
		h.put(c.Path, z)
	}
	switch c.Change {
	case changeSetData:
		c.wasData(z, t.Type == jute.OpReconfig)
		z.hasData = true
		z.stat.Version, z.stat.Mzxid, z.stat.Mtime = o.Version, t.Zxid, t.Time
		z.setData(c.data, h.keepData)
	case changeSetACL:
		if c.ACL = h.acl(o.ACL); z.hasACL && follows(z.stat.Aversion, o.Version) {
			c.OldACL = z.acl
		}
		z.hasACL, z.acl, z.stat.Aversion = true, c.ACL, o.Version
	}
	h.seen = true
	return h.each(c)
}

// closeSession tells of the ephemerals that ended with their session.
func (h *history) closeSession() error {
	gone := h.owned[h.view.Header.ClientID] // all there is before 3.6
	slices.SortFunc(h.view.Closed, bytes.Compare)
	for _, path := range h.view.Closed {
		if h.scope.holds(path) {
			delete(gone, string(path))
			if err := h.ended(string(path)); err != nil {
				return err
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(gone)) {
		if err := h.ended(path); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) ended(path string) error {
	c := newClosed(&h.view, path)
	h.addSession(c)
	c.lost(h.znodes[path])
	h.drop(path)
	h.seen = true
	return h.each(c)
}

func (h *history) addSession(c *pastChange) {
	if o, ok := h.sessions[int64(*c.Session)]; ok {
		c.addSession(o)
	}
}

func (h *history) put(path string, n *pastZnode) {
	h.drop(path)
	h.znodes[path] = n
	h.seen = true
	if owner := n.stat.EphemeralOwner; isSession(owner) {
		if h.owned[owner] == nil {
			h.owned[owner] = map[string]struct{}{}
		}
		h.owned[owner][path] = struct{}{}
	}
}

func (h *history) drop(path string) {
	n := h.znodes[path]
	if n == nil {
		return
	}
	delete(h.znodes, path)
	if owner := n.stat.EphemeralOwner; isSession(owner) {
		delete(h.owned[owner], path)
		if len(h.owned[owner]) == 0 {
			delete(h.owned, owner)
		}
	}
}

// acl decodes an ACL; the same ones share their memory.
func (h *history) acl(encoded []byte) []jute.ACL {
	list, ok := h.acls[string(encoded)]
	if !ok {
		if len(h.acls) >= 10_000 { // few trees have more than a handful
			clear(h.acls)
		}
		list = (&jute.OpView{ACL: encoded}).ACLs()
		h.acls[string(encoded)] = list
	}
	return list
}

func (n *pastZnode) setData(data []byte, keep bool) {
	n.size, n.data, n.hasBytes = len(data), nil, keep
	if keep {
		n.data = data
	}
}

// isSession reports whether an ephemeralOwner is a session.
func isSession(owner int64) bool {
	kind, _ := datatree.OwnerKind(owner)
	return kind == datatree.KindEphemeral
}

// follows reports whether a version is the next (PrepRequestProcessor.checkAndIncVersion).
func follows(old, now int32) bool { return now == old+1 || old == -2 && now == 0 }
