package server

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"zook/datatree"
	"zook/jute"
)

// quotaKeeper refuses what would exceed a hard limit and logs what exceeds a soft
// one. The tree counts what is applied; what is prepared and not yet applied is
// counted here, so that a client that does not wait for its answers is refused what
// one that waits is. Only the operations of one multi do not see each other, as with
// Apache.
//
// Behaviour: ZooKeeperServer.checkQuota.
type quotaKeeper struct {
	tree *datatree.Tree
	log  *slog.Logger

	// Of the goroutine that prepares.
	pending map[string]*pendingUse // by the path of the quota
	warned  time.Time
	silent  int // warnings since then

	mu       sync.Mutex
	exceeded map[string]int64 // refusals by the first element of the path
}

// charge is what a change at path adds to the counts of its quota.
type charge struct {
	path string
	use  datatree.Usage
}

// pendingUse is what the tree does not count yet of one quota.
type pendingUse struct {
	parts []pendingPart // oldest first
	sum   datatree.Usage
}

type pendingPart struct {
	zxid int64
	use  datatree.Usage
}

func newQuotaKeeper(tree *datatree.Tree, log *slog.Logger) *quotaKeeper {
	return &quotaKeeper{tree: tree, log: log, pending: map[string]*pendingUse{}, exceeded: map[string]int64{}}
}

// quietTime is for how long a warning keeps others back: a client over a soft limit
// would write a line with every request.
const quietTime = time.Second

// check decides whether a change may be made.
func (k *quotaKeeper) check(c charge) jute.ErrCode {
	q, ok := k.tree.QuotaOf(c.path)
	if !ok {
		return jute.ErrOK
	}
	if q.Unreadable {
		return jute.ErrMarshallingError // as Apache says it
	}
	used := q.Used
	if p := k.notYetIn(q); p != nil {
		used.Count += p.sum.Count
		used.Bytes += p.sum.Bytes
	}
	for _, l := range []struct {
		of               string
		grows            int64
		used, soft, hard int64
	}{
		{"znodes", c.use.Count, used.Count, q.Soft.Count, q.Hard.Count},
		{"bytes", c.use.Bytes, used.Bytes, q.Soft.Bytes, q.Hard.Bytes},
	} {
		limit, hard := l.soft, l.hard > -1 // beside a hard limit the soft one counts for nothing
		if hard {
			limit = l.hard
		}
		if l.grows == 0 || limit <= -1 || l.used+l.grows <= limit {
			continue
		}
		k.warn(q.Path, l.of, l.used+l.grows, limit, hard)
		if hard {
			k.count(c.path)
			return jute.ErrQuotaExceeded
		}
	}
	return jute.ErrOK
}

func (k *quotaKeeper) warn(path, of string, used, limit int64, hard bool) {
	if time.Since(k.warned) < quietTime {
		k.silent++
		return
	}
	k.log.Warn("quota exceeded", "path", path, "of", of, "used", used, "limit", limit, "hard", hard, "notLogged", k.silent)
	k.warned, k.silent = time.Now(), 0
}

func (k *quotaKeeper) count(path string) {
	namespace, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.exceeded[namespace]++
}

// refused returns how often a quota was exceeded, by the first element of the path
// (quota_exceeded_error_per_namespace).
func (k *quotaKeeper) refused() map[string]int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := make(map[string]int64, len(k.exceeded))
	for namespace, n := range k.exceeded {
		m[namespace] = n
	}
	return m
}

// notYetIn returns what q does not count yet, nil for nothing.
func (k *quotaKeeper) notYetIn(q datatree.Quota) *pendingUse {
	p := k.pending[q.Path]
	if p == nil {
		return nil
	}
	for len(p.parts) > 0 && p.parts[0].zxid <= q.Zxid {
		p.sum.Count -= p.parts[0].use.Count
		p.sum.Bytes -= p.parts[0].use.Bytes
		p.parts = p.parts[1:]
	}
	if len(p.parts) == 0 {
		delete(k.pending, q.Path)
		return nil
	}
	return p
}

// prepared notes what a transaction will change.
func (k *quotaKeeper) prepared(zxid int64, charges []charge) {
	for _, c := range charges {
		q, ok := k.tree.QuotaOf(c.path)
		if !ok {
			continue
		}
		p := k.notYetIn(q)
		if p == nil {
			p = &pendingUse{}
			k.pending[q.Path] = p
		}
		p.parts = append(p.parts, pendingPart{zxid, c.use})
		p.sum.Count += c.use.Count
		p.sum.Bytes += c.use.Bytes
	}
}
