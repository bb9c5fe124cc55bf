package datatree

import (
	"maps"
	"testing"

	"zook/jute"
)

func stats(t *testing.T, tree *Tree, path string) string {
	t.Helper()
	n, ok := tree.Lookup(QuotaPath + path + "/" + QuotaStats)
	if !ok {
		t.Fatalf("no statistics of %s", path)
	}
	return string(n.Data)
}

func (w *world) quota(path string) {
	w.t.Helper()
	for p := QuotaPath; len(p) < len(QuotaPath+path); {
		rest := (QuotaPath + path)[len(p)+1:]
		for i := range rest + "/" {
			if i == len(rest) || rest[i] == '/' {
				p += "/" + rest[:i]
				break
			}
		}
		if _, ok := w.tree.Lookup(p); !ok {
			w.create(p, "")
		}
	}
	w.create(QuotaPath+path+"/"+QuotaLimits, "count=5,bytes=100=;byteHardLimit=-1;countHardLimit=-1")
	w.create(QuotaPath+path+"/"+QuotaStats, "count=0,bytes=0")
}

func TestQuotaStatistics(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "123")
	w.create("/a/b", "45")
	w.create("/ab", "not below /a")
	w.quota("/a")
	check := func(what, want string) {
		t.Helper()
		if got := stats(t, w.tree, "/a"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	before, _ := w.tree.Lookup(QuotaPath + "/a/" + QuotaStats)
	digest, _ := w.tree.Digest()
	check("counted at once", "count=2,bytes=5")
	w.create("/a/c", "1234567")
	check("create", "count=3,bytes=12")
	w.set("/a/c", "1")
	check("a shorter value", "count=3,bytes=6")
	w.apply(0, jute.OpSetData, &jute.SetDataTxn{Path: "/a/c", Version: 2})
	check("null", "count=3,bytes=5")
	w.delete("/a/b")
	check("delete", "count=2,bytes=3")
	w.set("/ab", "x")
	w.createAs(7, "/a/e", "eph", jute.OpenACL())
	check("an ephemeral", "count=3,bytes=6")
	w.apply(7, jute.OpCloseSession, &jute.CloseSessionTxn{PathsToDelete: []string{"/a/e"}})
	check("and its end", "count=2,bytes=3")
	w.quota("/a/c")
	w.set("/a/c", "1234")
	check("a nearer quota counts alone", "count=2,bytes=3")
	if got := stats(t, w.tree, "/a/c"); got != "count=1,bytes=4" {
		t.Errorf("the nearer one: %s", got)
	}
	after, _ := w.tree.Lookup(QuotaPath + "/a/" + QuotaStats)
	if before.Stat != after.Stat {
		t.Errorf("counting changed the Stat: %+v, %+v", before.Stat, after.Stat)
	}
	// What is below /zookeeper is not in the digest.
	w.delete(QuotaPath + "/a/c/" + QuotaLimits)
	before2, _ := w.tree.Digest()
	w.delete(QuotaPath + "/a/c/" + QuotaStats)
	if d, _ := w.tree.Digest(); d != before2 || d == digest {
		t.Errorf("digest %x after a change below /zookeeper, %x before", d, before2)
	}
	w.set("/a/c", "12")
	check("the nearer quota is gone", "count=2,bytes=1")
	w.delete(QuotaPath + "/a/" + QuotaLimits)
	w.create("/a/x", "")
	check("no quota any more", "count=2,bytes=1")
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

// A start counts anew, and keeps nothing of what was there.
func TestQuotaStatisticsAtAStart(t *testing.T) {
	w := newWorld(t)
	w.create("/a", "123")
	w.quota("/a")
	w.quota("/none/such")
	w.set(QuotaPath+"/a/"+QuotaStats, "count=77,bytes=77")
	tree := load(t, w.tree.Export(), func() {})
	if got := stats(t, tree, "/a"); got != "count=1,bytes=3" {
		t.Error(got)
	}
	if got := stats(t, tree, "/none/such"); got != "count=0,bytes=0" {
		t.Error(got)
	}
	w2 := &world{t: t, tree: tree, zxid: w.zxid}
	w2.create("/a/b", "1")
	if got := stats(t, tree, "/a"); got != "count=2,bytes=4" {
		t.Errorf("after the start: %s", got)
	}
}

// Statistics that a client has written: what else they say is kept.
func TestQuotaStatisticsOfOthers(t *testing.T) {
	for said, want := range map[string]string{
		"count=1,bytes=2": "count=2,bytes=5",
		"count=1,bytes=2=;byteHardLimit=-1;countHardLimit=9": "count=2,bytes=5=;byteHardLimit=-1;countHardLimit=9",
		"count=1":  "count=2,bytes=2",
		"":         "count=0,bytes=2",
		"nonsense": "count=0,bytes=2=;nonsense=-1",
		"count=x,bytes=9223372036854775808,count": "count=0,bytes=2",
	} {
		w := newWorld(t)
		w.create("/a", "")
		w.quota("/a")
		w.set(QuotaPath+"/a/"+QuotaStats, said)
		w.create("/a/b", "123")
		if got := stats(t, w.tree, "/a"); got != want {
			t.Errorf("%q became %q, want %q", said, got, want)
		}
	}
}

// Whatever somebody wrote into the znode of a quota: what is written after it can be
// read, and says the same.
func FuzzTrack(f *testing.F) {
	for _, s := range []string{"", "count=4,bytes=5", "count=4,bytes=5=;byteHardLimit=10;countHardLimit=10", "count=,;=;x", "a==5", "\x00=1", "count=-9223372036854775808"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		first, _ := parseTrack(b)
		first["count"], first["bytes"] = first.value("count"), first.value("bytes")
		if again, ok := parseTrack(first.encode()); !ok || !maps.Equal(again, first) {
			t.Errorf("%q: %v became %q, which is %v, %v", b, first, first.encode(), again, ok)
		}
	})
}
