package commands

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// groups are the rows: single facts first, then a list each.
func (t *snapshotStats) groups(s Style) [][]statsRow {
	zxid := "unknown"
	if t.Zxid != nil {
		zxid = t.Zxid.String()
	}
	facts := []statsRow{{"zxid", zxid, ""}, {"last zxid", t.LastZxid.String(), ""}}
	if t.Compression != "" {
		facts = append(facts, statsRow{"compression", t.Compression, ""})
	}
	for _, f := range []struct {
		what string
		n    int64
	}{{"znodes", t.Znodes}, {"persistent", t.Persistent}, {"ephemerals", t.Ephemerals}, {"containers", t.Containers}, {"TTLs", t.TTLs},
		{"parents", t.Parents}, {"without data", t.NoData}, {"sessions", int64(t.Sessions)}, {"distinct ACLs", int64(t.DistinctACLs)}} {
		facts = append(facts, statsRow{f.what, s.Count(f.n), ""})
	}
	facts = append(facts, statsRow{"bytes of data", s.Size(t.DataBytes), ""}, statsRow{"bytes of paths", s.Size(t.PathBytes), ""},
		statsRow{"tree digest", t.TreeDigest.String(), ""})
	if g := t.Digest; g != nil {
		facts = append(facts, statsRow{"digest", g.Digest.String(), fmt.Sprintf("of version %d, at zxid %v", g.Version, g.Zxid)})
	}
	return append([][]statsRow{facts}, t.lists(s)...)
}

func (t *snapshotStats) lists(s Style) [][]statsRow {
	var largest, widest, owners, acls, depths []statsRow
	for _, z := range t.Largest {
		largest = append(largest, statsRow{"largest", s.Size(z.Bytes), printable(z.Path)})
	}
	for _, z := range t.Widest {
		widest = append(widest, statsRow{"most children", s.Count(z.Children), printable(z.Path)})
	}
	for _, o := range t.Owners {
		timeout := "unknown to the snapshot"
		if o.Timeout != nil {
			timeout = "timeout " + (time.Duration(*o.Timeout) * time.Millisecond).String()
		}
		owners = append(owners, statsRow{"most ephemerals", s.Count(o.Ephemerals), fmt.Sprintf("%v, %s, %s bytes", o.Session, timeout, s.Size(o.Bytes))})
	}
	for _, a := range t.ACLs {
		var entries []string
		for _, e := range a.ACL {
			entries = append(entries, e.String())
		}
		acls = append(acls, statsRow{"most used ACLs", s.Count(a.Znodes), printable(strings.Join(entries, ","))})
	}
	for d, n := range t.Depths {
		depths = append(depths, statsRow{"by depth", s.Count(n), fmt.Sprint(d)})
	}
	return [][]statsRow{largest, widest, owners, acls, depths}
}

func (t *snapshotStats) Text(w io.Writer, s Style) { printStats(w, s, t.groups(s)) }

func (t *snapshotStats) Row(s Style) ([]string, [][]string) { return statsTable(t.groups(s)) }
