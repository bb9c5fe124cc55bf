package server

import (
	"log/slog"
	"sync"
	"time"

	"zook/datatree"
	"zook/jute"
)

// request is a write on its way to being a transaction. It is found again by
// session and cxid, so that whoever applies the transaction can answer it.
type request struct {
	session int64
	cxid    int32
	op      jute.OpCode
	body    []byte // encoded; not shared
	ids     []jute.ID
	since   time.Duration // since epoch, of a client's request; else 0

	alone *exclusive // instead of all else: what exclusively asks for
}

// requests is a list of them that goes from one connection to the next.
type requests struct{ all []request }

var requestLists = sync.Pool{New: func() any { return &requests{} }}

// preparer turns requests into transactions. It looks at the tree and at what is
// prepared and not yet applied; losing the right to prepare means to throw it
// away and make a new one from the applied tree.
//
// Behaviour: PrepRequestProcessor.java.
type preparer struct {
	tree     *datatree.Tree
	auth     *authenticator
	sessions *sessionTable
	cfg      *Config
	quotas   *quotaKeeper     // nil where they are not enforced
	now      func() time.Time // for the time of transactions
	stats    *stats

	zxid     int64
	digest   int64
	digester datatree.Digester

	// view is open while some requests are prepared: opened for each look at the tree,
	// it collided with the goroutine that applies at every second one.
	view   datatree.View
	viewed int // requests prepared in it; 0 if it is closed

	// What is needed once for each request. The memory of transactions and of changes
	// is taken for many at a time: one by one, the garbage collector had a fourth of the
	// pipeline's time.
	draft   draft
	decoder jute.Decoder
	asked   asked
	txns    chunk[preparedTxn]
	changes chunk[change]

	mu      sync.Mutex
	pending map[string]*change // by path: the newest change not yet applied
	order   []*change          // oldest first
}

// change is a znode as it will be once a prepared transaction is applied.
type change struct {
	path    string
	zxid    int64
	deleted bool
	node    datatree.Node
}

func newPreparer(tree *datatree.Tree, auth *authenticator, sessions *sessionTable, cfg *Config, stats *stats, log *slog.Logger) *preparer {
	digest, zxid := tree.Digest()
	p := &preparer{tree: tree, auth: auth, sessions: sessions, cfg: cfg, now: time.Now, stats: stats,
		zxid: zxid, digest: digest, pending: map[string]*change{}}
	if cfg.EnforceQuota {
		p.quotas = newQuotaKeeper(log, stats.quotaExceeded)
	}
	return p
}

// applied forgets the changes of transactions up to zxid, which the tree holds now.
func (p *preparer) applied(zxid int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := 0
	for ; i < len(p.order) && p.order[i].zxid <= zxid; i++ {
		c := p.order[i]
		if p.pending[c.path] == c {
			delete(p.pending, c.path)
		}
		*c = change{} // what is in the same chunk may be needed longer
		p.order[i] = nil
	}
	p.order = p.order[i:]
	p.stats.changesRemoved.add(int64(i))
}

// prepare returns the transaction of a request. A refused request is one too:
// it takes a zxid and says why.
func (p *preparer) prepare(r *request) *jute.Txn {
	p.zxid++
	p.openView()
	memory := p.memory(len(r.body))
	txn := &memory.txn
	txn.Header = jute.TxnHeader{ClientID: r.session, Cxid: r.cxid, Zxid: p.zxid, Time: p.now().UnixMilli(), Type: r.op}
	d := &p.draft
	if cap(d.changes) > manyChanges { // a large multi's point to more memory
		d.changes = nil
	}
	*d = draft{p: p, txn: txn, memory: memory, ids: r.ids, changes: d.changes[:0], digest: p.digest}
	body, err := d.request(r)
	if err != jute.ErrOK {
		txn.Header.Type = jute.OpError
		body = &jute.ErrorTxn{Err: err}
	} else {
		d.keep()
	}
	txn.Body = body
	if !p.cfg.NoTreeDigest {
		memory.digest = jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: p.digest}
		txn.Digest = &memory.digest
	}
	return txn
}

// maxViewed is how many requests are prepared in one view, while nothing can be applied.
const maxViewed = 64

func (p *preparer) openView() {
	if p.viewed == maxViewed {
		p.closeView()
	}
	if p.viewed == 0 {
		p.view = p.tree.View()
	}
	p.viewed++
}

// closeView lets others apply.
func (p *preparer) closeView() {
	if p.viewed > 0 {
		p.viewed = 0
		p.view.Close()
	}
}

// preparedTxn is a transaction with what most have.
type preparedTxn struct {
	txn     jute.Txn
	digest  jute.TxnDigest
	create  jute.CreateTxn
	delete  jute.DeleteTxn
	setData jute.SetDataTxn
}

// memory returns memory for a transaction of a request of so many bytes. A large one has
// its own, so that none like it keeps it.
func (p *preparer) memory(size int) *preparedTxn {
	const large = 4 << 10
	if size > large {
		return &preparedTxn{}
	}
	return p.txns.take()
}

// asked are requests that are decoded, one of each kind at a time.
type asked struct {
	create  jute.CreateRequest
	delete  jute.DeleteRequest
	setData jute.SetDataRequest
}

// chunk gives values out of memory that was taken for some of them at once. It goes when
// the last of these is not needed any more.
type chunk[T any] struct{ left []T }

func (c *chunk[T]) take() *T {
	const some = 32
	if len(c.left) == 0 {
		c.left = make([]T, some)
	}
	v := &c.left[0]
	c.left = c.left[1:]
	return v
}

// draft is a transaction in the making: its changes take effect for later
// requests only when it is kept.
type draft struct {
	p       *preparer
	txn     *jute.Txn
	memory  *preparedTxn // for the body; a multi's operations come one after the other
	ids     []jute.ID
	changes []*change
	index   map[string]*change // by path, the newest; only kept of many changes
	charges []charge           // to quotas
	digest  int64
}

// manyChanges is where a search of changes costs more than an index.
const manyChanges = 16

// change notes a change.
func (d *draft) change(what change) {
	c := d.p.changes.take()
	*c = what
	c.zxid = d.txn.Header.Zxid
	d.changes = append(d.changes, c)
	if len(d.changes) == manyChanges {
		d.index = make(map[string]*change)
		for _, c := range d.changes {
			d.index[c.path] = c
		}
	} else if d.index != nil {
		d.index[c.path] = c
	}
}

// changed returns what this transaction makes of a znode, nil if it leaves it.
func (d *draft) changed(path string) *change {
	if d.index != nil {
		return d.index[path]
	}
	for i := len(d.changes) - 1; i >= 0; i-- {
		if c := d.changes[i]; c.path == path {
			return c
		}
	}
	return nil
}

func (d *draft) keep() {
	if len(d.charges) > 0 {
		d.p.quotas.prepared(d.p.view, d.txn.Header.Zxid, d.charges)
	}
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	for _, c := range d.changes {
		d.p.pending[c.path] = c
	}
	d.p.order = append(d.p.order, d.changes...)
	d.p.stats.changesQueued.add(int64(len(d.changes)))
	d.p.digest = d.digest
}

// look returns a znode as it stands after everything prepared so far.
func (d *draft) look(path string) (datatree.Node, jute.ErrCode) {
	if c := d.changed(path); c != nil {
		return c.result()
	}
	if n, err, ok := d.p.prepared(path); ok {
		return n, err
	}
	n, ok := d.p.view.Lookup(path)
	if !ok {
		return n, jute.ErrNoNode
	}
	return n, jute.ErrOK
}

// prepared returns a znode that is prepared and not yet applied.
func (p *preparer) prepared(path string) (n datatree.Node, err jute.ErrCode, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.pending[path]
	if c == nil {
		return n, err, false
	}
	n, err = c.result()
	return n, err, true
}

func (c *change) result() (datatree.Node, jute.ErrCode) {
	if c.deleted {
		return datatree.Node{}, jute.ErrNoNode
	}
	return c.node, jute.ErrOK
}

// put notes that a znode will be n. Its digest is still that of before, and is
// brought up to date here.
func (d *draft) put(path string, n datatree.Node) {
	digest := d.p.digester.Node(path, n.Data, &n.Stat)
	d.digest += int64(digest) - int64(n.Digest)
	n.Digest = digest
	d.change(change{path: path, node: n})
}

// charge notes what a quota will count.
func (d *draft) charge(path string, bytes, count int64) {
	if d.p.quotas != nil {
		d.charges = append(d.charges, charge{path, datatree.Usage{Count: count, Bytes: bytes}})
	}
}

// checkQuota decides whether bytes and znodes may be added at path, and notes them.
func (d *draft) checkQuota(path string, bytes, count int64) jute.ErrCode {
	if d.p.quotas == nil {
		return jute.ErrOK
	}
	d.charge(path, bytes, count)
	return d.p.quotas.check(d.p.view, d.charges[len(d.charges)-1])
}

// drop notes that a znode will be gone and its parent will have changed.
func (d *draft) drop(path string, n, parent datatree.Node) {
	parent.NumChildren--
	parent.Stat.Pzxid = d.txn.Header.Zxid
	d.put(jute.ParentPath(path), parent)
	d.charge(path, -int64(len(n.Data)), -1)
	d.digest -= int64(n.Digest)
	d.change(change{path: path, deleted: true})
}
