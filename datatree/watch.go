package datatree

import (
	"encoding/binary"
	"sync"

	"zook/jute"
)

// Event is a change that a watch was set for.
type Event struct {
	Type jute.EventType
	Path string
	Zxid int64
	ACL  []jute.ACL // of the znode: a watcher that may not read it is not told

	frame []byte
}

// Frame is the event as a client is sent it, its length in front. It is made once for
// all watchers; only valid during Notify.
func (e *Event) Frame() []byte {
	if len(e.frame) == 0 {
		b := (&jute.ReplyHeader{Xid: jute.XidNotification, Zxid: e.Zxid}).Append(append(e.frame, 0, 0, 0, 0))
		b = (&jute.WatcherEvent{Type: e.Type, State: jute.StateSyncConnected, Path: e.Path}).Append(b)
		binary.BigEndian.PutUint32(b, uint32(len(b)-4))
		e.frame = b
	}
	return e.frame
}

// Watcher is told of changes. Notify is called while the tree is locked: it must
// not block, must not call the tree, and must not keep e.
type Watcher interface{ Notify(e *Event) }

// watchKind is a set of kinds of watch.
type watchKind uint8

const (
	watchData      watchKind = 1 << iota // one-shot, set by getData and exists
	watchChild                           // one-shot, set by getChildren
	watchPersist                         // stays; data and children of one znode
	watchRecursive                       // stays; a subtree, without child events

	// Apache keeps two tables, and counts a watch in each that holds it. Its
	// reports are of the first.
	ofDataTable  = watchData | watchPersist | watchRecursive
	ofChildTable = watchChild | watchPersist
	watchAll     = ofDataTable | ofChildTable
)

// watchTable holds the watches: one entry for each pair of a path and a watcher, with the
// kinds of watch that it is. An entry is in the list of its path and in that of its watcher,
// so that a change finds its watchers, and the end of a connection its watches, and either
// takes entries out of the other's list without a search. It has its own lock since watches
// are set by readers of the tree.
//
// An entry takes 32 bytes, and 4 to 8 to find it by its pair. All links are numbers, which
// the garbage collector has no part in. The maps of maps that were here before took eight times
// that (BenchmarkWatchTable).
type watchTable struct {
	mu       sync.Mutex
	pathIDs  map[string]uint32
	paths    slab[watchedPath]
	ids      map[Watcher]uint32
	watchers slab[watcher]
	entries  slab[watch]
	pairs    hashIndex // of the entries, by path and watcher

	recursive int // entries with a recursive watch, to skip the climb where there are none
	sums      WatchSums
	event     Event                     // what is fired now, to need none for each
	firing    uint64                    // counts the events
	onFired   func(jute.EventType, int) // what OnFired set
}

type watchedPath struct {
	path  string
	first uint32 // entry
	data  uint32 // entries that Apache has in its first table
}

type watcher struct {
	w     Watcher
	first uint32
	data  uint32
	told  uint64 // the firing that this watcher was told of last
}

// watch is an entry. The lists are linked both ways; 0 ends them.
type watch struct {
	path, watcher            uint32
	nextOfPath, prevOfPath   uint32
	nextOfWatch, prevOfWatch uint32 // of the watcher
	nextOfPair               uint32 // in the bucket of pairs
	kinds                    watchKind
}

func newWatchTable() watchTable {
	return watchTable{pathIDs: map[string]uint32{}, ids: map[Watcher]uint32{}}
}

func (t *watchTable) add(path string, w Watcher, kinds watchKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pathIDs[path]
	if p == 0 {
		p = t.paths.take()
		t.paths.at(p).path = path
		t.pathIDs[path] = p
	}
	o := t.ids[w]
	if o == 0 {
		o = t.watchers.take()
		t.watchers.at(o).w = w
		t.ids[w] = o
	}
	id := t.findPair(p, o)
	if id == 0 {
		id = t.link(p, o)
	}
	t.setKinds(id, t.entries.at(id).kinds|kinds)
}

// link makes an entry without kinds.
func (t *watchTable) link(p, o uint32) uint32 {
	path, owner := t.paths.at(p), t.watchers.at(o)
	id := t.entries.take()
	*t.entries.at(id) = watch{path: p, watcher: o, nextOfPath: path.first, nextOfWatch: owner.first}
	if path.first != 0 {
		t.entries.at(path.first).prevOfPath = id
	}
	if owner.first != 0 {
		t.entries.at(owner.first).prevOfWatch = id
	}
	path.first, owner.first = id, id
	t.pairs.insert(t, id)
	return id
}

// setKinds changes what kinds of watch an entry is, and counts; one that is none ends.
func (t *watchTable) setKinds(id uint32, to watchKind) {
	e := t.entries.at(id)
	had := e.kinds
	e.kinds = to
	path, owner := t.paths.at(e.path), t.watchers.at(e.watcher)
	if change := holds(to, ofDataTable) - holds(had, ofDataTable); change != 0 {
		t.sums.Data += change
		t.sums.Paths += counts(&path.data, change)
		t.sums.Watchers += counts(&owner.data, change)
	}
	t.sums.Child += holds(to, ofChildTable) - holds(had, ofChildTable)
	t.recursive += holds(to, watchRecursive) - holds(had, watchRecursive)
	if to == 0 {
		t.unlink(id)
	}
}

// holds is 1 if there is one of kinds among have.
func holds(have, kinds watchKind) int {
	if have&kinds != 0 {
		return 1
	}
	return 0
}

// counts adds change to n and returns how that changes the number of those that are not 0.
func counts(n *uint32, change int) int {
	before := *n
	*n += uint32(change)
	switch {
	case before == 0:
		return 1
	case *n == 0:
		return -1
	}
	return 0
}

func (t *watchTable) unlink(id uint32) {
	e := *t.entries.at(id)
	t.pairs.remove(t, id)
	path, owner := t.paths.at(e.path), t.watchers.at(e.watcher)
	if e.prevOfPath != 0 {
		t.entries.at(e.prevOfPath).nextOfPath = e.nextOfPath
	} else {
		path.first = e.nextOfPath
	}
	if e.nextOfPath != 0 {
		t.entries.at(e.nextOfPath).prevOfPath = e.prevOfPath
	}
	if e.prevOfWatch != 0 {
		t.entries.at(e.prevOfWatch).nextOfWatch = e.nextOfWatch
	} else {
		owner.first = e.nextOfWatch
	}
	if e.nextOfWatch != 0 {
		t.entries.at(e.nextOfWatch).prevOfWatch = e.prevOfWatch
	}
	t.entries.give(id)
	if path.first == 0 {
		delete(t.pathIDs, path.path)
		t.paths.give(e.path)
	}
	if owner.first == 0 {
		delete(t.ids, owner.w)
		t.watchers.give(e.watcher)
	}
	if len(t.ids) == 0 && t.entries.last > 1<<16 { // what a crowd has left behind
		t.pathIDs, t.ids = map[string]uint32{}, map[Watcher]uint32{}
		t.paths, t.watchers, t.entries, t.pairs = slab[watchedPath]{}, slab[watcher]{}, slab[watch]{}, hashIndex{}
	}
}

// find returns the entry of a pair, or 0.
func (t *watchTable) find(path string, w Watcher) uint32 {
	p, o := t.pathIDs[path], t.ids[w]
	if p == 0 || o == 0 {
		return 0
	}
	return t.findPair(p, o)
}

func (t *watchTable) findPair(p, o uint32) uint32 {
	id := t.pairs.first(hashPair(p, o))
	for id != 0 {
		e := t.entries.at(id)
		if e.path == p && e.watcher == o {
			break
		}
		id = e.nextOfPair
	}
	return id
}

// hashOf and nextOf are for pairs.
func (t *watchTable) hashOf(id uint32) uint32 {
	e := t.entries.at(id)
	return hashPair(e.path, e.watcher)
}

func (t *watchTable) nextOf(id uint32) *uint32 { return &t.entries.at(id).nextOfPair }

func hashPair(path, watcher uint32) uint32 {
	h := (uint64(path)<<32 | uint64(watcher)) * 0x9E3779B97F4A7C15
	h = (h ^ h>>32) * 0xD6E8FEB86659FD93
	return uint32(h >> 32)
}

// remove takes kinds of a watch away and reports whether there were any.
func (t *watchTable) remove(path string, w Watcher, kinds watchKind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.find(path, w)
	if id == 0 || t.entries.at(id).kinds&kinds == 0 {
		return false
	}
	t.setKinds(id, t.entries.at(id).kinds&^kinds)
	return true
}

func (t *watchTable) has(path string, w Watcher, kinds watchKind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.find(path, w)
	return id != 0 && t.entries.at(id).kinds&kinds != 0
}

// fire tells every watcher of an event once, and takes one-shot watches away.
func (t *watchTable) fire(typ jute.EventType, path string, zxid int64, acl []jute.ACL) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pathIDs) == 0 {
		return
	}
	var oneShot, staying watchKind
	switch typ {
	case jute.EventNodeCreated, jute.EventNodeDataChanged:
		oneShot, staying = watchData, watchPersist|watchRecursive
	case jute.EventNodeDeleted:
		oneShot, staying = watchData|watchChild, watchPersist|watchRecursive
	case jute.EventNodeChildrenChanged:
		oneShot, staying = watchChild, watchPersist
	}
	t.event = Event{typ, path, zxid, acl, t.event.frame[:0]}
	t.firing++
	told := t.tell(path, oneShot|staying, oneShot)
	if t.recursive > 0 && typ != jute.EventNodeChildrenChanged {
		for path != rootPath {
			path = jute.ParentPath(path)
			told += t.tell(path, watchRecursive, 0)
		}
	}
	if told > 0 && t.onFired != nil {
		t.onFired(typ, told)
	}
}

// tell tells those that watch path in one of kinds and have not been told, takes oneShot
// away from them, and returns their number.
func (t *watchTable) tell(path string, kinds, oneShot watchKind) (told int) {
	p := t.pathIDs[path]
	if p == 0 {
		return 0
	}
	for id := t.paths.at(p).first; id != 0; {
		e := t.entries.at(id)
		this := id
		id = e.nextOfPath
		if e.kinds&kinds == 0 {
			continue
		}
		if w := t.watchers.at(e.watcher); w.told != t.firing {
			w.told = t.firing
			w.w.Notify(&t.event)
			told++
		}
		if e.kinds&oneShot != 0 {
			t.setKinds(this, e.kinds&^oneShot)
		}
	}
	return told
}

func kindsOf(typ jute.WatcherType) watchKind {
	switch typ {
	case jute.WatcherChildren:
		return watchChild
	case jute.WatcherData:
		return watchData
	case jute.WatcherPersistent:
		return watchPersist
	case jute.WatcherPersistentRecursive:
		return watchRecursive
	case jute.WatcherAny:
		return watchAll
	}
	return 0
}

// RemoveWatcher removes all watches of w. It sets others free to go on now and then: w may
// have a million.
func (t *Tree) RemoveWatcher(w Watcher) {
	for t.watches.removeSome(w, 1000) {
	}
}

// removeSome removes n watches at most, and reports whether there are more.
func (t *watchTable) removeSome(w Watcher, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; n > 0; n-- {
		o := t.ids[w]
		if o == 0 {
			return false
		}
		t.setKinds(t.watchers.at(o).first, 0)
	}
	return true
}
