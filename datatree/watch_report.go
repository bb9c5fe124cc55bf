package datatree

import "zook/jute"

// WatchSums says how many watches there are, as Apache counts them: it has a table of those
// on data (getData, exists, persistent and recursive ones) and one of those on children
// (getChildren, and persistent ones again). A watcher watches a path once in a table, in
// however many ways.
type WatchSums struct {
	Data, Child int
	// Paths and Watchers are how many paths and watchers there are in the first table:
	// all that wchs, wchc and wchp know of.
	Paths, Watchers int
}

// WatchSums counts the watches.
func (t *Tree) WatchSums() WatchSums {
	t.watches.mu.Lock()
	defer t.watches.mu.Unlock()
	return t.watches.sums
}

// OnFired sets a function that is told how many watchers each event had, if any. It is
// called while the tree is locked. Set it before anything is applied.
func (t *Tree) OnFired(fn func(typ jute.EventType, watchers int)) { t.watches.onFired = fn }

// WatchesByPath calls fn for each path with those that watch it, in no order, as wchp
// reports them: without watches that are on children alone. Each path is as it stands when
// fn is called; fn may take its time, and must not keep the slice.
func (t *Tree) WatchesByPath(fn func(path string, watchers []Watcher)) {
	var found []Watcher
	for id := uint32(1); ; id++ {
		path, more := t.watches.watchersOf(id, &found)
		if !more {
			return
		}
		if len(found) > 0 {
			fn(path, found)
		}
	}
}

func (t *watchTable) watchersOf(p uint32, found *[]Watcher) (path string, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*found = (*found)[:0]
	if p > t.paths.last {
		return "", false
	}
	at := t.paths.at(p)
	for id := at.first; id != 0; {
		e := t.entries.at(id)
		if e.kinds&ofDataTable != 0 {
			*found = append(*found, t.watchers.at(e.watcher).w)
		}
		id = e.nextOfPath
	}
	return at.path, true
}

// WatchesByWatcher calls fn for each watcher with the paths that it watches, as wchc reports
// them: in the manner of WatchesByPath.
func (t *Tree) WatchesByWatcher(fn func(w Watcher, paths []string)) {
	var found []string
	for id := uint32(1); ; id++ {
		w, more := t.watches.pathsOf(id, &found)
		if !more {
			return
		}
		if len(found) > 0 {
			fn(w, found)
		}
	}
}

func (t *watchTable) pathsOf(o uint32, found *[]string) (w Watcher, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*found = (*found)[:0]
	if o > t.watchers.last {
		return nil, false
	}
	at := t.watchers.at(o)
	for id := at.first; id != 0; {
		e := t.entries.at(id)
		if e.kinds&ofDataTable != 0 {
			*found = append(*found, t.paths.at(e.path).path)
		}
		id = e.nextOfWatch
	}
	return at.w, true
}
