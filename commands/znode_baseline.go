package commands

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"

	"zook/datadir"
	"zook/jute"
	"zook/snapshot"
)

// baseline is where the state of znodes before a part of the logs is known from.
type baseline struct {
	known bool  // from anything at all
	zxid  int64 // in the name of a snapshot
	all   bool  // a znode that it does not have was not there
}

// noZxid is where logs without a transaction begin: behind everything.
const noZxid = math.MaxInt64

// begin takes what is known of the znodes before the transaction next, behind which
// logs are whole. There are none for what was since after, which is 0 for the first
// part of the logs.
func (h *history) begin(after, next int64) error {
	h.from = next
	snaps, err := h.dir.Snapshots()
	if err != nil {
		return err
	}
	var damaged error
	for _, f := range baselines(snaps, after, next) {
		found, err := h.readSnapshot(f, next)
		var corrupt *snapshot.CorruptError
		switch {
		case errors.Is(err, fs.ErrNotExist): // purged meanwhile
			continue
		case errors.As(err, &corrupt):
			h.pass.warn(fmt.Sprintf("snapshot passed over: %v", err))
			damaged = cmp.Or(damaged, err)
			continue
		case err != nil:
			return err
		}
		h.baseline = baseline{known: true, zxid: f.Zxid, all: f.Zxid < next}
		return h.takeOver(found, after)
	}
	if after == 0 && isFirst(next) {
		h.baseline = baseline{known: true, all: true}
		return h.takeOver(firstTree(), after)
	}
	h.baseline = baseline{}
	switch unknown := fmt.Sprintf("no snapshot says what there was before %v", Hex(next)); {
	case damaged != nil:
		h.pass.faulty = cmp.Or(h.pass.faulty, h.pass.env.report(h.pass.command, fmt.Errorf("%s, since one is %w", unknown, errDamaged)))
	case next != noZxid:
		h.pass.warn(unknown)
	}
	for _, n := range h.znodes { // it may have been changed, or deleted
		n.hasData, n.hasACL, n.unsure = false, false, true
	}
	return nil
}

// skips reports whether a member took a snapshot from its leader instead of the
// transactions between two epochs: the snapshot is newer than its log.
func (h *history) skips(last, next int64) bool {
	snaps, err := h.dir.Snapshots()
	return err == nil && slices.ContainsFunc(snaps, func(f datadir.File) bool {
		return last < f.Zxid && f.Zxid < next && uint32(f.Zxid) > 0
	})
}

// baselines are the snapshots that tell what there was before next, the best first:
// the newest from before it, if no transaction is between them, else those from
// behind it, which hold what has not changed since.
func baselines(snaps []datadir.File, after, next int64) (files []datadir.File) {
	i, _ := slices.BinarySearchFunc(snaps, next, func(f datadir.File, zxid int64) int {
		if f.Zxid < zxid {
			return -1
		}
		return 1
	})
	for _, f := range slices.Backward(snaps[:i]) {
		if f.Zxid >= after && (f.Zxid >= next-1 || next == noZxid || f.Zxid>>32 != next>>32 && uint32(next) <= 1) {
			files = append(files, f)
		}
	}
	return append(files, snaps[i:]...)
}

// isFirst reports whether zxid is the first of all: of a server that stands alone, or
// of an ensemble.
func isFirst(zxid int64) bool { return zxid == 1 || zxid == 1<<32+1 }

// firstTree is the znodes that every tree begins with.
func firstTree() map[string]*pastZnode {
	found := map[string]*pastZnode{}
	for _, path := range []string{"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"} {
		found[path] = &pastZnode{hasData: true}
	}
	return found
}

// readSnapshot reads the znodes that were there before the transaction next.
func (h *history) readSnapshot(f datadir.File, next int64) (map[string]*pastZnode, error) {
	r, err := snapshot.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for s, err := range r.Sessions() {
		if err != nil {
			return nil, err
		}
		if _, ok := h.sessions[s.ID]; !ok {
			h.sessions[s.ID] = opening{timeout: s.Timeout}
		}
	}
	acls := map[int64][]jute.ACL{snapshot.OpenACL: jute.OpenACL()}
	for a, err := range r.ACLs() {
		if err != nil {
			return nil, err
		}
		acls[a.ID] = a.List
	}
	found := map[string]*pastZnode{}
	for {
		n, err := r.Next()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if len(n.Path) == 0 {
			n.Path = []byte("/")
		}
		if n.Stat.Czxid >= next || !h.scope.holds(n.Path) {
			continue
		}
		z := &pastZnode{stat: n.Stat, hasData: n.Stat.Mzxid < next}
		z.acl, z.hasACL = acls[n.ACL]
		if z.hasData {
			z.setData(bytes.Clone(n.Data), h.keepData)
		}
		found[string(n.Path)] = z
	}
}

// takeOver makes what was found before a part of the logs what is there. The logs
// before that ended at after.
func (h *history) takeOver(found map[string]*pastZnode, after int64) error {
	if _, has := h.znodes[h.scope.path]; has && found[h.scope.path] == nil && h.baseline.all {
		h.pass.warn(fmt.Sprintf("%s was deleted by a transaction that is missing, between %v and %v", oneWord(h.scope.path), Hex(after), Hex(h.from)))
	}
	clear(h.znodes)
	clear(h.owned)
	for path, z := range found {
		if h.scope.holds([]byte(path)) {
			h.put(path, z)
		}
	}
	if h.before == nil {
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(h.znodes)) {
		c := newBefore(path, h.znodes[path], h.from)
		c.hole = after != 0
		if err := h.before(c); err != nil {
			return err
		}
	}
	return nil
}
