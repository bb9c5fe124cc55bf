package commands

import (
	"context"
	"errors"
	"fmt"

	"zook/client"
	"zook/jute"
)

// persistentWatcher watches with the persistent watches of ZooKeeper 3.6. It
// keeps nothing of the tree: what changed while there was no connection it finds
// by zxids.
type persistentWatcher struct {
	w      *watching
	exists map[string]bool // roots

	// seen is a zxid up to which the session has heard of every change. rest moves
	// it on; events of later ones may be told twice after an outage.
	seen int64
}

func (p *persistentWatcher) arm(ctx context.Context) error {
	p.exists = map[string]bool{}
	mode := jute.WatchPersistent
	if p.w.recursive {
		mode = jute.WatchPersistentRecursive
	}
	for _, root := range p.w.roots {
		if err := p.armRoot(ctx, root, mode); err != nil {
			return err
		}
	}
	p.seen = p.w.session.LastZxid()
	return nil
}

func (p *persistentWatcher) armRoot(ctx context.Context, root string, mode jute.AddWatchMode) error {
	ctx, cancel := p.w.env.answerIn(ctx)
	defer cancel()
	if err := p.w.session.AddWatch(ctx, root, mode); err != nil {
		return onPath(root, err)
	}
	stat, err := p.w.session.Exists(ctx, root)
	p.exists[root] = stat != nil
	return onPath(root, err)
}

func (p *persistentWatcher) event(_ context.Context, e client.Event) ([]client.Event, error) {
	p.note(e)
	return []client.Event{e}, nil
}

func (p *persistentWatcher) note(e client.Event) {
	if _, ok := p.exists[e.Path]; !ok {
		return
	}
	switch e.Type {
	case jute.EventNodeCreated:
		p.exists[e.Path] = true
	case jute.EventNodeDeleted:
		p.exists[e.Path] = false
	}
}

// rest asks for anything: the events of all changes before the zxid of the answer
// have come before it.
func (p *persistentWatcher) rest(ctx context.Context) {
	if p.w.session.State() != client.StateConnected {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	if _, err := p.w.session.Exists(ctx, p.w.roots[0]); err == nil && !p.w.lost {
		p.seen = max(p.seen, p.w.session.LastZxid())
	}
}

// catchUp looks for changes after seen. Those after the answer to its first
// question are left to the watches, which have been set again a moment before:
// what changed in that moment is told twice.
func (p *persistentWatcher) catchUp(ctx context.Context, _ bool) ([]client.Event, error) {
	var changes []client.Event
	until := int64(0)
	for _, root := range p.w.roots {
		_, stat, err := p.w.read(ctx, root, false)
		if err != nil && !noNode(err) {
			return nil, err
		}
		if until == 0 {
			until = p.w.session.LastZxid()
		}
		if until < p.seen {
			fmt.Fprintln(p.w.env.Err, "zook: the server's history has gone back: what changed cannot be told")
			break
		}
		if until == p.seen {
			break // nothing did
		}
		found, err := p.changesAt(ctx, root, stat, noNode(err), until)
		if err != nil {
			return nil, err
		}
		changes = append(changes, found...)
	}
	for _, e := range changes {
		p.note(e)
	}
	p.seen = until
	return changes, nil
}

// changesAt are the changes at root, and below it with -r.
func (p *persistentWatcher) changesAt(ctx context.Context, root string, stat jute.Stat, gone bool, until int64) (changes []client.Event, err error) {
	deleted := client.Event{Type: jute.EventNodeDeleted, State: jute.StateSyncConnected, Path: root}
	switch {
	case gone && p.exists[root]:
		return []client.Event{deleted}, nil
	case gone:
		return nil, nil
	case p.exists[root] && stat.Czxid > p.seen && stat.Czxid <= until:
		changes = append(changes, deleted)
	}
	if !p.w.recursive {
		return append(changes, changesOf(root, &stat, p.seen, until)...), nil
	}
	err = walk(ctx, root, func(ctx context.Context, path string) ([]string, jute.Stat, error) {
		return p.w.read(ctx, path, true)
	}, func(v visited[jute.Stat]) error {
		if v.Err != nil && !errors.Is(v.Err, jute.ErrNoAuth) {
			return v.Err
		}
		changes = append(changes, changesOf(v.Path, &v.Value, p.seen, until)...)
		return nil
	})
	if noNode(err) { // of root, by now: that is an event
		err = nil
	}
	return changes, err
}

// changesOf are the changes of a znode after the zxid seen, up to until.
func changesOf(path string, s *jute.Stat, seen, until int64) (changes []client.Event) {
	is := func(zxid int64, t jute.EventType) bool {
		found := zxid > seen && zxid <= until
		if found {
			changes = append(changes, client.Event{Type: t, State: jute.StateSyncConnected, Path: path, Zxid: zxid})
		}
		return found
	}
	if s.Czxid > until || is(s.Czxid, jute.EventNodeCreated) {
		return changes
	}
	is(s.Mzxid, jute.EventNodeDataChanged)
	is(s.Pzxid, jute.EventNodeChildrenChanged)
	return changes
}
