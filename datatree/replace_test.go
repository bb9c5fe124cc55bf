package datatree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zook/jute"
)

func TestReplace(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	for _, world := range []*world{w, other} {
		world.create("/same", "x")
		world.create("/changed", "x")
		world.create("/parent", "")
		world.create("/parent/old", "")
	}
	w.create("/gone", "")
	w.createAs(7, "/gone/ephemeral", "", jute.OpenACL())
	other.set("/changed", "y")
	other.delete("/parent/old")
	other.create("/parent/new", "z")

	type watched struct {
		*recorder
		path, want string
	}
	var watches []watched
	watch := func(path string, want string, set func(path string, r *recorder)) {
		r := &recorder{}
		set(path, r)
		watches = append(watches, watched{r, path, want})
	}
	data := func(path string, r *recorder) { get(t, w.tree, path, r) }
	child := func(path string, r *recorder) { list(t, w.tree, path, r) }
	watch("/same", "", data)
	watch("/same", "", child)
	watch("/changed", "NodeDataChanged /changed@99", data)
	watch("/parent", "NodeChildrenChanged /parent@99", child)
	watch("/", "NodeChildrenChanged /@99", child)
	watch("/parent/old", "NodeDeleted /parent/old@99", child)
	watch("/parent/new", "NodeCreated /parent/new@99", func(path string, r *recorder) { exists(w.tree, path, r) })
	watch("/", "NodeCreated /parent/new@99, NodeDataChanged /changed@99, NodeDeleted /gone/ephemeral@99, "+
		"NodeDeleted /gone@99, NodeDeleted /parent/old@99", func(path string, r *recorder) {
		addWatch(w.tree, path, jute.WatchPersistentRecursive, r)
	})

	counts, digest := other.tree.Counts(), must64(other.tree.Digest())
	w.tree.Replace(other.tree, 99)
	if got := w.tree.LastZxid(); got != 99 {
		t.Errorf("last zxid %d", got)
	}
	for _, r := range watches {
		got := strings.Split(r.take(), ", ")
		slices.Sort(got)
		if got := strings.Join(got, ", "); got != r.want {
			t.Errorf("%s:\n got %s\nwant %s", r.path, got, r.want)
		}
	}
	counts.Watches = w.tree.Counts().Watches
	if got := w.tree.Counts(); got != counts {
		t.Errorf("counts %+v, want %+v", got, counts)
	}
	if got := must64(w.tree.Digest()); got != digest {
		t.Errorf("digest %d, want %d", got, digest)
	}
	if owners := w.tree.EphemeralOwners(); len(owners) != 0 {
		t.Errorf("ephemerals of %v", owners)
	}

	// Transactions and the watches that stayed go on.
	w.zxid = 99
	w.set("/same", "again")
	expect(t, "a watch on what was the same", watches[0].recorder, "NodeDataChanged /same@100")
}

func must64(v, _ int64) int64 { return v }

// What is being walked cannot go on when the tree holds something else.
func TestReplaceEndsAWalk(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	for i := range 10 {
		w.create(fmt.Sprintf("/%d", i), "")
	}
	e := w.tree.Export()
	e.limit = 1
	err := e.Walk(func(path string, _ Node) error {
		if path != "/" {
			w.tree.Replace(other.tree, 99)
		}
		return nil
	})
	if err == nil {
		t.Error("the walk ended well")
	}
}
