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

// parseTrack leaves out what is no number.
func parseTrack(b []byte) track {
	t := track{}
	for _, pair := range strings.FieldsFunc(string(b), func(r rune) bool { return r == ',' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		value, _, _ = strings.Cut(value, "=")
		if value == "" {
			value = "-1"
		}
		if v, err := strconv.ParseInt(value, 10, 64); err == nil {
			t[key] = v
		}
	}
	return t
}

// add counts on from what is there, -1 where nothing is.
func (t track) add(key string, n int64) {
	v, ok := t[key]
	if !ok {
		v = -1
	}
	t[key] = v + n
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
	stats := t.nodes[QuotaPath+path+"/"+QuotaStats]
	if stats == nil {
		return
	}
	var count int
	var bytes int64
	if n := t.nodes[path]; n != nil {
		count, bytes = t.subtree(path, n)
	}
	t.setQuietly(stats, track{"count": int64(count), "bytes": bytes}.encode())
}

// charge adds a change at path to the stats of the nearest quota above it.
func (t *Tree) charge(path string, bytes, count int64) {
	if len(t.quotas) == 0 {
		return
	}
	for p := path; p != rootPath; p = jute.ParentPath(p) {
		if _, ok := t.quotas[p]; !ok {
			continue
		}
		if stats := t.nodes[QuotaPath+p+"/"+QuotaStats]; stats != nil {
			tr := parseTrack(stats.data)
			tr.add("count", count)
			tr.add("bytes", bytes)
			t.setQuietly(stats, tr.encode())
		}
		return
	}
}

// setQuietly changes data without a new version, time or watch event, as quota
// statistics do. What is below /zookeeper has no part in the digest.
func (t *Tree) setQuietly(n *node, data []byte) {
	t.dataSize += int64(len(data) - len(n.data))
	n.data = data
}
