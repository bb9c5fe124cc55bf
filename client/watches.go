package client

import (
	"context"
	"encoding/binary"
	"slices"

	"zook/jute"
)

// watchKind is one way to watch a path.
type watchKind int

const (
	dataWatch watchKind = iota
	existWatch
	childWatch
	persistentWatch
	recursiveWatch
	watchKinds
)

// watchTable is the paths that are watched, as the server knows them (with the
// chroot), by kind.
type watchTable [watchKinds]map[string]struct{}

func newWatchTable() watchTable {
	var t watchTable
	for k := range t {
		t[k] = map[string]struct{}{}
	}
	return t
}

func (t *watchTable) add(k watchKind, path string) { t[k][path] = struct{}{} }

// remove reports whether the watch was there.
func (t *watchTable) remove(k watchKind, path string) bool {
	_, ok := t[k][path]
	delete(t[k], path)
	return ok
}

// fired removes the one-shot watches that an event has used up.
func (t *watchTable) fired(e jute.EventType, path string) {
	switch e {
	case jute.EventNodeCreated, jute.EventNodeDataChanged:
		t.remove(dataWatch, path)
		t.remove(existWatch, path)
	case jute.EventNodeChildrenChanged:
		t.remove(childWatch, path)
	case jute.EventNodeDeleted:
		t.remove(dataWatch, path)
		t.remove(existWatch, path)
		t.remove(childWatch, path)
	}
}

func (t *watchTable) dropOneShot() {
	clear(t[dataWatch])
	clear(t[existWatch])
	clear(t[childWatch])
}

// maxRearm is about how many bytes of paths go into one setWatches, so that it
// stays below any jute.maxbuffer.
const maxRearm = 128 << 10

// rearm returns the requests that set all watches again on a new connection. The
// server answers with an event at once for a one-shot watch whose znode has
// changed since lastZxid. Batches without persistent watches are in the form
// that servers before 3.6 know.
func (t *watchTable) rearm(lastZxid int64) (frames [][]byte) {
	var batch [watchKinds][]string
	size := 0
	flush := func() {
		if size == 0 {
			return
		}
		op, req := jute.OpSetWatches, jute.Record(&jute.SetWatches{RelativeZxid: lastZxid,
			DataWatches: notNil(batch[dataWatch]), ExistWatches: notNil(batch[existWatch]), ChildWatches: notNil(batch[childWatch])})
		if batch[persistentWatch] != nil || batch[recursiveWatch] != nil {
			op, req = jute.OpSetWatches2, &jute.SetWatches2{RelativeZxid: lastZxid,
				DataWatches: notNil(batch[dataWatch]), ExistWatches: notNil(batch[existWatch]), ChildWatches: notNil(batch[childWatch]),
				PersistentWatches: notNil(batch[persistentWatch]), PersistentRecursiveWatches: notNil(batch[recursiveWatch])}
		}
		frame := newCall(op, req, nil).frame
		xid := jute.XidSetWatches
		binary.BigEndian.PutUint32(frame[4:], uint32(xid))
		frames = append(frames, frame)
		batch, size = [watchKinds][]string{}, 0
	}
	for k, paths := range t {
		for p := range paths {
			batch[k] = append(batch[k], p)
			if size += 4 + len(p); size >= maxRearm {
				flush()
			}
		}
	}
	flush()
	return frames
}

// notNil is paths, as a null vector is more than some servers can read.
func notNil(paths []string) []string {
	if paths == nil {
		return []string{}
	}
	return paths
}

// watchEvent takes an event out of the stream.
func (c *Client) watchEvent(zxid int64, body []byte) error {
	var e jute.WatcherEvent
	if err := jute.Unmarshal(body, &e); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches.fired(e.Type, e.Path)
	c.notes.event(Event{e.Type, e.State, c.strip(e.Path), max(zxid, 0)})
	return nil
}

// Watches are the watches that a session holds, by kind; the paths are sorted
// and without the chroot.
type Watches struct {
	Data       []string // of GetW, and of ExistsW on a znode that exists
	Exist      []string // of ExistsW on one that does not
	Children   []string // of ChildrenW
	Persistent []string // of AddWatch
	Recursive  []string // of AddWatch with jute.WatchPersistentRecursive
}

// Watches returns the watches that the session holds now.
func (c *Client) Watches() Watches {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := func(k watchKind) (paths []string) {
		for p := range c.watches[k] {
			paths = append(paths, c.strip(p))
		}
		slices.Sort(paths)
		return paths
	}
	return Watches{list(dataWatch), list(existWatch), list(childWatch), list(persistentWatch), list(recursiveWatch)}
}

// AddWatch watches path, and with jute.WatchPersistentRecursive all below it,
// until RemoveWatches. The znode need not exist. The watch is set again on every
// new connection and every new session; what changed meanwhile is not told, as
// servers do not tell it: a program that must not miss a change looks again on
// StateConnected. Servers before 3.6 answer jute.ErrUnimplemented.
func (c *Client) AddWatch(ctx context.Context, path string, mode jute.AddWatchMode) error {
	full, err := c.serverPath(path)
	if err != nil {
		return err
	}
	kind := persistentWatch
	if mode == jute.WatchPersistentRecursive {
		kind = recursiveWatch
	}
	return c.do(ctx, jute.OpAddWatch, &jute.AddWatchRequest{Path: full, Mode: mode}, nil, func(code jute.ErrCode) {
		if code == jute.ErrOK {
			c.watches.add(kind, full)
		}
	})
}

// CheckWatches returns nil if the server holds a watch of this session on path,
// of the type given, and jute.ErrNoWatcher if not.
func (c *Client) CheckWatches(ctx context.Context, path string, t jute.WatcherType) error {
	full, err := c.serverPath(path)
	if err != nil {
		return err
	}
	return c.do(ctx, jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: full, Type: t}, nil, nil)
}

// RemoveWatches removes the watches of this session on path, of the type given,
// or returns jute.ErrNoWatcher. Each one removed is told to OnEvent, as a
// jute.EventDataWatchRemoved, EventChildWatchRemoved or EventPersistentRemoved.
// With local set it also succeeds without a server: the session then forgets the
// watches, and they are not set again.
func (c *Client) RemoveWatches(ctx context.Context, path string, t jute.WatcherType, local bool) error {
	full, err := c.serverPath(path)
	if err != nil {
		return err
	}
	if local && c.forgetOffline(full, t) {
		return nil
	}
	err = c.do(ctx, jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: full, Type: t}, nil, func(code jute.ErrCode) {
		if code == jute.ErrOK {
			c.forget(full, t)
		}
	})
	if err == jute.ErrConnectionLoss && local && c.forgetOffline(full, t) {
		return nil
	}
	return err
}

// forgetOffline forgets watches if there is no connection, and reports whether
// it did: else the server has to be told.
func (c *Client) forgetOffline(path string, t jute.WatcherType) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn == nil && c.forget(path, t)
}

// forget drops watches from the table and tells of each; it reports whether
// there was one. c.mu is held.
func (c *Client) forget(path string, t jute.WatcherType) (any bool) {
	for k := range watchKinds {
		if !selects(t, k) || !c.watches.remove(k, path) {
			continue
		}
		any = true
		e := jute.EventPersistentRemoved
		switch k {
		case dataWatch, existWatch:
			e = jute.EventDataWatchRemoved
		case childWatch:
			e = jute.EventChildWatchRemoved
		}
		c.notes.event(Event{Type: e, State: jute.StateSyncConnected, Path: c.strip(path)})
	}
	return any
}

// selects reports whether a watcher type means watches of this kind.
func selects(t jute.WatcherType, k watchKind) bool {
	switch t {
	case jute.WatcherData:
		return k == dataWatch || k == existWatch
	case jute.WatcherChildren:
		return k == childWatch
	case jute.WatcherPersistent:
		return k == persistentWatch
	case jute.WatcherPersistentRecursive:
		return k == recursiveWatch
	}
	return t == jute.WatcherAny
}
