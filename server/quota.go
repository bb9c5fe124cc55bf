package server

import (
	"log/slog"

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
	log      *slog.Logger
	exceeded *spreadSet             // counts refusals
	pending  map[string]*pendingUse // by the path of the quota; of the goroutine that prepares
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

func newQuotaKeeper(log *slog.Logger, exceeded *spreadSet) *quotaKeeper {
	return &quotaKeeper{log: log, exceeded: exceeded, pending: map[string]*pendingUse{}}
}

// check decides whether a change may be made.
func (k *quotaKeeper) check(tree datatree.View, c charge) jute.ErrCode {
	q, ok := tree.QuotaOf(c.path)
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
		k.log.Warn("quota exceeded", "path", q.Path, "of", l.of, "used", l.used+l.grows, "limit", limit, "hard", hard)
		if hard {
			k.exceeded.join(topNamespace(c.path), spread{1, 1, 1, 1})
			return jute.ErrQuotaExceeded
		}
	}
	return jute.ErrOK
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
func (k *quotaKeeper) prepared(tree datatree.View, zxid int64, charges []charge) {
	for _, c := range charges {
		q, ok := tree.QuotaOf(c.path)
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
