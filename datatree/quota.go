package datatree

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"zook/jute"
)

// Names below /zookeeper/quota/<path> (Quotas.java).
const (
	QuotaLimits = "zookeeper_limits"
	QuotaStats  = "zookeeper_stats"
)

// track is the content of a stats znode by its keys: "count" and "bytes", and
// whatever else somebody wrote there. Format: StatsTrack.java.
//
//	count=4,bytes=5=;byteHardLimit=10;countHardLimit=10
type track map[string]int64

// parseTrack leaves out what is no number. It reports whether all of it is as
// Apache can read it.
func parseTrack(b []byte) (t track, ok bool) {
	t = track{}
	pairs := strings.FieldsFunc(string(b), func(r rune) bool { return r == ',' || r == ';' })
	ok = len(pairs) == 0 || b[0] == pairs[0][0] // Java's split finds an empty pair before a separator
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		has := strings.TrimRight(value, "=") != ""
		value, _, _ = strings.Cut(value, "=")
		if value == "" {
			value = "-1"
		}
		v, err := strconv.ParseInt(value, 10, 64)
		if err == nil {
			t[key] = v
		}
		ok = ok && has && err == nil
	}
	return t, ok
}

// value is -1 where nothing is.
func (t track) value(key string) int64 {
	if v, ok := t[key]; ok {
		return v
	}
	return -1
}

// encode writes count and bytes first. The odd "=" behind them keeps the rest
// from servers of 3.4.
func (t track) encode() []byte {
	b := append([]byte("count="), strconv.FormatInt(t["count"], 10)...)
	b = strconv.AppendInt(append(b, ",bytes="...), t["bytes"], 10)
	first := "="
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if key != "count" && key != "bytes" {
			b = append(append(append(b, first+";"...), key...), '=')
			b, first = strconv.AppendInt(b, t[key], 10), ""
		}
	}
	return b
}

// Usage is a number of znodes and of bytes of data.
type Usage struct{ Count, Bytes int64 }

// Quota is what is known of a quota. A limit of less than 0 is none.
type Quota struct {
	Path       string // of the znode that it is for
	Soft, Hard Usage  // limits
	Used       Usage
	// Unreadable says that somebody wrote limits or counts that are none.
	Unreadable bool
	// Zxid is of the last transaction that Used counts.
	Zxid int64
}

// QuotaOf returns the quota that a change at path counts for, the nearest one from
// path upwards. Without both of its znodes there is none, and neither is there of
// the root.
func (v View) QuotaOf(path string) (q Quota, ok bool) {
	p, ok := v.t.nearestQuota(path)
	if !ok {
		return q, false
	}
	return v.t.quotaAt(p)
}

// Quotas returns all quotas, in no order.
func (t *Tree) Quotas() []Quota {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []Quota
	for p := range t.quotas {
		if q, ok := t.quotaAt(p); ok {
			all = append(all, q)
		}
	}
	return all
}

// quotaAt returns the quota for the znode at p.
func (t *Tree) quotaAt(p string) (q Quota, ok bool) {
	limits, stats := t.node(QuotaPath+p+"/"+QuotaLimits), t.node(QuotaPath+p+"/"+QuotaStats)
	if limits == nil || stats == nil {
		return q, false
	}
	l, lok := parseTrack(t.data(limits))
	s, sok := parseTrack(t.data(stats))
	return Quota{Path: p, Unreadable: !lok || !sok, Soft: Usage{l.value("count"), l.value("bytes")}, Hard: Usage{l.value("countHardLimit"), l.value("byteHardLimit")},
		Used: Usage{s.value("count"), s.value("bytes")}, Zxid: t.LastZxid()}, true
}

// nearestQuota finds the nearest path from path upwards that has a quota.
func (t *Tree) nearestQuota(path string) (string, bool) {
	if len(t.quotas) == 0 {
		return "", false
	}
	for p := path; p != rootPath; p = jute.ParentPath(p) {
		if _, ok := t.quotas[p]; ok {
			return p, true
		}
	}
	return "", false
}

// quotaCreated notices a limits or stats znode that has been created at path.
func (t *Tree) quotaCreated(parent, name string) {
	if !strings.HasPrefix(parent, QuotaPath+"/") {
		return
	}
	switch path := strings.TrimPrefix(parent, QuotaPath); name {
	case QuotaLimits:
		t.quotas[path] = struct{}{}
	case QuotaStats:
		t.recount(path)
	}
}

// quotaDeleted notices a limits znode that has been deleted.
func (t *Tree) quotaDeleted(parent, name string) {
	if name == QuotaLimits && strings.HasPrefix(parent, QuotaPath+"/") {
		delete(t.quotas, strings.TrimPrefix(parent, QuotaPath))
	}
}

// recount counts the subtree of a path into its stats znode.
func (t *Tree) recount(path string) {
	stats := t.find(QuotaPath + path + "/" + QuotaStats)
	if stats == 0 {
		return
	}
	var count int
	var bytes int64
	if id := t.find(path); id != 0 {
		count, bytes = t.subtree(id)
	}
	t.setQuietly(stats, track{"count": int64(count), "bytes": bytes}.encode())
}

// charge adds a change at path to the stats of the nearest quota above it.
func (t *Tree) charge(path string, bytes, count int64) {
	p, ok := t.nearestQuota(path)
	if !ok {
		return
	}
	if stats := t.find(QuotaPath + p + "/" + QuotaStats); stats != 0 {
		tr, _ := parseTrack(t.data(t.nodes.at(stats)))
		tr["count"] = tr.value("count") + count
		tr["bytes"] = tr.value("bytes") + bytes
		t.setQuietly(stats, tr.encode())
	}
}

// setQuietly changes data without a new version, time or watch event, as quota
// statistics do. What is below /zookeeper has no part in the digest.
func (t *Tree) setQuietly(id uint32, data []byte) {
	t.dataSize += int64(len(data)) - int64(max(t.nodes.at(id).dataLen, 0))
	t.putData(id, data)
}
