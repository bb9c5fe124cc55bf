package commands

import (
	"context"
	"errors"
	"maps"
	"slices"

	"zook/client"
	"zook/jute"
)

// oneShotWatcher watches with watches that end with their first event, as servers
// before 3.6 know no others: one on the data and one on the children of every
// znode, set again with the read that says what has changed. So that it can say
// that, it remembers every znode. After an outage the server itself tells which
// watches would have fired; after the end of a session everything is read again.
type oneShotWatcher struct {
	w     *watching
	known map[string]*knownZnode
	redo  []client.Event // whose reads failed
}

// knownZnode is a znode as it was when its watches were set.
type knownZnode struct {
	czxid, mzxid, pzxid int64
	children            []string // names, sorted; none without -r
	deleted             bool     // the deletion of a child has been told, pzxid is older
}

func (o *oneShotWatcher) arm(ctx context.Context) error {
	o.known = map[string]*knownZnode{}
	for _, root := range o.w.roots {
		if _, err := o.scan(ctx, root); err != nil {
			return onPath(root, err)
		}
	}
	return nil
}

func (o *oneShotWatcher) rest(context.Context) {}

func zkEvent(t jute.EventType, path string, zxid int64) client.Event {
	return client.Event{Type: t, State: jute.StateSyncConnected, Path: path, Zxid: zxid}
}

// scan watches the znode at root, and those below it with -r, and tells of the
// creation of those that were not known.
func (o *oneShotWatcher) scan(ctx context.Context, root string) (created []client.Event, err error) {
	found, err := o.load(ctx, root)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if o.known[path] == nil {
			created = append(created, zkEvent(jute.EventNodeCreated, path, found[path].czxid))
		}
	}
	maps.Copy(o.known, found)
	return created, nil
}

// load watches the znode at root, and those below it with -r. A root that is
// missing is watched for its creation.
func (o *oneShotWatcher) load(ctx context.Context, root string) (map[string]*knownZnode, error) {
	found := map[string]*knownZnode{}
	read := func(ctx context.Context, path string) ([]string, *knownZnode, error) {
		z, err := o.watch(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		return z.children, z, nil
	}
	err := walk(ctx, root, read, func(v visited[*knownZnode]) error {
		if errors.Is(v.Err, jute.ErrNoAuth) && v.Path != root {
			return nil // nobody tells whoever may not read
		}
		found[v.Path] = v.Value
		return v.Err
	})
	if noNode(err) {
		err = nil
	}
	return found, err
}

// watch sets both watches on a znode. Children that may not be listed are left
// out.
func (o *oneShotWatcher) watch(ctx context.Context, path string) (*knownZnode, error) {
	ctx, cancel := o.w.env.answerIn(ctx)
	defer cancel()
	stat, err := o.w.session.ExistsW(ctx, path)
	switch {
	case err != nil:
		return nil, err
	case stat == nil:
		return nil, jute.ErrNoNode
	}
	z := &knownZnode{czxid: stat.Czxid, mzxid: stat.Mzxid, pzxid: stat.Pzxid}
	names, children, err := o.w.session.ChildrenW(ctx, path)
	if errors.Is(err, jute.ErrNoAuth) {
		return z, nil
	}
	if err != nil {
		return nil, err
	}
	z.pzxid = children.Pzxid
	if o.w.recursive {
		slices.Sort(names)
		z.children = names
	}
	return z, nil
}

func (o *oneShotWatcher) event(ctx context.Context, e client.Event) (changes []client.Event, err error) {
	switch e.Type {
	case jute.EventNodeCreated, jute.EventNodeDeleted:
		changes, err = o.cameOrWent(ctx, e)
	case jute.EventNodeDataChanged:
		changes, err = o.dataChanged(ctx, e.Path)
	case jute.EventNodeChildrenChanged:
		changes, err = o.childrenChanged(ctx, e.Path)
	}
	if err != nil {
		o.redo = append(o.redo, e)
	}
	return changes, err
}

// cameOrWent deals with creations, which only the watch of a missing root tells,
// and deletions. That others than roots come back their parents tell.
func (o *oneShotWatcher) cameOrWent(ctx context.Context, e client.Event) (changes []client.Event, err error) {
	if e.Type == jute.EventNodeDeleted {
		changes = o.forget(e.Path)
		if above := o.known[jute.ParentPath(e.Path)]; above != nil && o.w.recursive {
			above.deleted = true
		}
	}
	if slices.Contains(o.w.roots, e.Path) {
		created, err := o.scan(ctx, e.Path)
		return append(changes, created...), err
	}
	return changes, nil
}

// forget drops a znode and all below it, and tells of their deletion.
func (o *oneShotWatcher) forget(path string) (deleted []client.Event) {
	z := o.known[path]
	if z == nil {
		return nil
	}
	for _, name := range z.children {
		deleted = append(deleted, o.forget(jute.JoinPath(path, name))...)
	}
	delete(o.known, path)
	return append(deleted, zkEvent(jute.EventNodeDeleted, path, 0))
}

func (o *oneShotWatcher) dataChanged(ctx context.Context, path string) ([]client.Event, error) {
	ctx, cancel := o.w.env.answerIn(ctx)
	defer cancel()
	stat, err := o.w.session.ExistsW(ctx, path)
	if err != nil {
		return nil, err
	}
	z := o.known[path]
	switch {
	case stat == nil:
		return o.forget(path), nil
	case z == nil:
		return nil, nil // the parent tells of it
	case z.czxid != stat.Czxid: // it has gone and come back
		deleted := o.forget(path)
		created, err := o.scan(ctx, path)
		return append(deleted, created...), err
	case z.mzxid == stat.Mzxid:
		return nil, nil
	}
	z.mzxid = stat.Mzxid
	return []client.Event{zkEvent(jute.EventNodeDataChanged, path, z.mzxid)}, nil
}

func (o *oneShotWatcher) childrenChanged(ctx context.Context, path string) (changes []client.Event, err error) {
	ctx, cancel := o.w.env.answerIn(ctx)
	defer cancel()
	names, stat, err := o.w.session.ChildrenW(ctx, path)
	z := o.known[path]
	switch {
	case noNode(err), errors.Is(err, jute.ErrNoAuth):
		return nil, nil // the watch on the data tells of its deletion
	case err != nil:
		return nil, err
	case z == nil || z.pzxid == stat.Pzxid:
		return nil, nil
	}
	if o.w.recursive {
		if changes, err = o.compareChildren(ctx, path, z, names); err != nil {
			return changes, err
		}
	}
	if len(changes) == 0 && !z.deleted {
		changes = append(changes, zkEvent(jute.EventNodeChildrenChanged, path, stat.Pzxid))
	}
	z.pzxid, z.deleted = stat.Pzxid, false
	return changes, nil
}

// compareChildren tells which children have come and gone.
func (o *oneShotWatcher) compareChildren(ctx context.Context, path string, z *knownZnode, names []string) (changes []client.Event, err error) {
	slices.Sort(names)
	for _, name := range z.children {
		if _, there := slices.BinarySearch(names, name); !there {
			changes = append(changes, o.forget(jute.JoinPath(path, name))...)
		}
	}
	z.children = names
	for _, name := range names {
		child := jute.JoinPath(path, name)
		if o.known[child] != nil {
			continue
		}
		created, err := o.scan(ctx, child)
		if err != nil {
			return changes, err
		}
		changes = append(changes, created...)
	}
	return changes, nil
}

func (o *oneShotWatcher) catchUp(ctx context.Context, newSession bool) (changes []client.Event, err error) {
	if newSession {
		return o.readAgain(ctx)
	}
	redo := o.redo
	o.redo = nil
	for i, e := range redo {
		more, err := o.event(ctx, e)
		changes = append(changes, more...)
		if err != nil {
			o.redo = append(o.redo, redo[i+1:]...)
			return changes, err
		}
	}
	return changes, nil
}

// readAgain watches everything in a new session, and compares it with what was
// known.
func (o *oneShotWatcher) readAgain(ctx context.Context) (changes []client.Event, err error) {
	now := map[string]*knownZnode{}
	for _, root := range o.w.roots {
		found, err := o.load(ctx, root)
		if err != nil {
			return nil, err
		}
		maps.Copy(now, found)
	}
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(o.known))) { // children first
		if z := now[path]; z == nil || z.czxid != o.known[path].czxid {
			changes = append(changes, zkEvent(jute.EventNodeDeleted, path, 0))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(now)) {
		z, was := now[path], o.known[path]
		if was == nil || was.czxid != z.czxid {
			changes = append(changes, zkEvent(jute.EventNodeCreated, path, z.czxid))
			continue
		}
		if was.mzxid != z.mzxid {
			changes = append(changes, zkEvent(jute.EventNodeDataChanged, path, z.mzxid))
		}
		if was.pzxid != z.pzxid && !o.w.recursive {
			changes = append(changes, zkEvent(jute.EventNodeChildrenChanged, path, z.pzxid))
		}
	}
	o.known, o.redo = now, nil
	return changes, nil
}
