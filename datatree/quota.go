package datatree

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"zook/jute"
)

// Names below /zookeeper/quota/<path> (Quotas.java).
const (
	QuotaLimits = "zookeeper_limits"
	QuotaStats  = "zookeeper_stats"
)

// Quota is the content of a limits or stats znode: what is counted or allowed,
// -1 where nothing is said.
type Quota struct {
	Count, Bytes         int64
	CountHard, BytesHard int64
}

// ParseQuota parses "count=4,bytes=5=;byteHardLimit=10;countHardLimit=10" and
// the shorter forms of older servers; what it does not know it leaves out.
// Format: StatsTrack.java.
func ParseQuota(b []byte) Quota {
	q := Quota{-1, -1, -1, -1}
	for _, pair := range strings.FieldsFunc(string(b), func(r rune) bool { return r == ',' || r == ';' }) {
		kv := strings.SplitN(pair, "=", 3)
		if len(kv) < 2 {
			continue
		}
		v, err := strconv.ParseInt(kv[1], 10, 64)
		if err != nil {
			continue
		}
		switch kv[0] {
		case "count":
			q.Count = v
		case "bytes":
			q.Bytes = v
		case "countHardLimit":
			q.CountHard = v
		case "byteHardLimit":
			q.BytesHard = v
		}
	}
	return q
}

// String is the content as Apache writes it. The odd "=" after the bytes keeps
// it readable for servers of 3.4.
func (q Quota) String() string {
	s := fmt.Sprintf("count=%d,bytes=%d", q.Count, q.Bytes)
	var extra []string
	if q.BytesHard != -1 {
		extra = append(extra, fmt.Sprintf(";byteHardLimit=%d", q.BytesHard))
	}
	if q.CountHard != -1 {
		extra = append(extra, fmt.Sprintf(";countHardLimit=%d", q.CountHard))
	}
	if len(extra) == 0 {
		return s
	}
	sort.Strings(extra)
	return s + "=" + strings.Join(extra, "")
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
	q := Quota{0, 0, -1, -1}
	if n := t.nodes[path]; n != nil {
		count, bytes := t.subtree(path, n)
		q.Count, q.Bytes = int64(count), bytes
	}
	t.setQuietly(QuotaPath+path+"/"+QuotaStats, stats, []byte(q.String()))
}

// charge adds a change at path to the stats of the nearest quota above it.
func (t *Tree) charge(path string, bytes int64, count int64) {
	if len(t.quotas) == 0 {
		return
	}
	for p := path; p != rootPath; p = jute.ParentPath(p) {
		if _, ok := t.quotas[p]; !ok {
			continue
		}
		statsPath := QuotaPath + p + "/" + QuotaStats
		if stats := t.nodes[statsPath]; stats != nil {
			q := ParseQuota(stats.data)
			q.Count += count
			q.Bytes += bytes
			t.setQuietly(statsPath, stats, []byte(q.String()))
		}
		return
	}
}

// setQuietly changes data without a new version, time or watch event, as quota
// statistics do. What is below /zookeeper has no part in the digest.
func (t *Tree) setQuietly(path string, n *node, data []byte) {
	t.dataSize += int64(len(data) - len(n.data))
	n.data = data
	t.rehash(path, n)
}
