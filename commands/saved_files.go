package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// savedSnapshot is a snapshot as a savedTree.
type savedSnapshot struct{ path, name string }

func (s *savedSnapshot) Close() error { return nil }

func (s *savedSnapshot) read(ctx context.Context, v savedVisit) (*savedFacts, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r, err := snapshot.NewReader(file, s.name)
	if err != nil {
		return nil, err
	}
	f := &savedFacts{Name: s.name, Root: "/", Zxid: -1, Sessions: map[int64]int32{}, compression: r.Compression()}
	if zxid, ok := snapshot.ParseName(filepath.Base(s.name)); ok {
		f.Zxid, f.LastZxid = zxid, zxid
	}
	for session, err := range r.Sessions() {
		if err != nil {
			return nil, err
		}
		f.Sessions[session.ID] = session.Timeout
	}
	acls := map[int64][]jute.ACL{snapshot.OpenACL: jute.OpenACL()}
	for a, err := range r.ACLs() {
		if err != nil {
			return nil, err
		}
		acls[a.ID] = a.List
	}
	if v.begin != nil {
		if err := v.begin(f); err != nil {
			return nil, err
		}
	}
	if err := s.readZnodes(ctx, r, v, f, acls); err != nil {
		return nil, err
	}
	if g, ok := r.Digest(); ok {
		f.Digest, f.LastZxid = &g, max(f.LastZxid, g.Zxid)
	}
	if zxid, ok := r.LastZxid(); ok {
		f.LastZxid = max(f.LastZxid, zxid)
	}
	return f, nil
}

func (s *savedSnapshot) readZnodes(ctx context.Context, r *snapshot.Reader, v savedVisit, f *savedFacts, acls map[int64][]jute.ACL) error {
	order, stop := newZnodeOrder("/"), stopCheck{ctx: ctx}
	for {
		n, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		z := savedZnode{path: string(n.Path), data: n.Data, acl: acls[n.ACL], stat: n.Stat}
		if z.path == "" {
			z.path = "/"
		}
		if !v.loose {
			if err := order.add(z.path); err != nil {
				return &snapshot.CorruptError{File: s.name, Offset: n.Offset, Path: z.path, Reason: err.Error()}
			}
		}
		if z.acl == nil {
			z.acl = nobody
			f.NoACL++
		}
		f.add(&z)
		if err := v.znode(&z); err != nil {
			return err
		}
		if err := stop.check(); err != nil {
			return err
		}
	}
}

// savedDir is the state of a data directory as a savedTree.
type savedDir struct {
	name  string
	state *datadir.State
}

// openSavedDir loads a data directory as it was at a moment.
func (e *Env) openSavedDir(ctx context.Context, name string, at moment) (savedTree, error) {
	dir, err := findDataDir(name)
	if err != nil {
		return nil, err
	}
	shown := e.progress("read")
	defer shown.Finish()
	state, err := dir.At(ctx, at.inFiles(), &shown.done)
	var log *txnlog.CorruptError
	if errors.As(err, &log) && log.Zxid != 0 {
		return nil, &Error{Err: err, Hint: fmt.Sprintf("%s@0x%x is before that", name, log.Zxid)}
	}
	if err != nil {
		return nil, err
	}
	for _, w := range state.Warnings {
		fmt.Fprintln(e.Err, oneLine("zook: warning: "+w))
	}
	if at != (moment{}) {
		name += "@" + at.String()
	}
	return &savedDir{name, state}, nil
}

func (d *savedDir) Close() error { return nil }

func (d *savedDir) read(ctx context.Context, v savedVisit) (*savedFacts, error) {
	digest, zxid := d.state.Tree.Digest()
	f := &savedFacts{Name: d.name, Root: "/", Zxid: zxid, LastZxid: max(zxid, d.state.Fuzzy), Sessions: d.state.Sessions,
		Digest: &snapshot.Digest{Zxid: zxid, Version: datatree.DigestVersion, Digest: digest}}
	if v.begin != nil {
		if err := v.begin(f); err != nil {
			return nil, err
		}
	}
	stop := stopCheck{ctx: ctx}
	return f, d.walk(&stop, v, f, "/")
}

// walk visits the znodes from path down, children in the order of their names.
func (d *savedDir) walk(stop *stopCheck, v savedVisit, f *savedFacts, path string) error {
	n, _ := d.state.Tree.Lookup(path)
	z := savedZnode{path: path, data: n.Data, acl: n.ACL, stat: n.Stat}
	f.add(&z)
	if err := v.znode(&z); err != nil {
		return err
	}
	if err := stop.check(); err != nil || n.NumChildren == 0 {
		return err
	}
	view := d.state.Tree.View()
	names, _, _ := view.Children(path, nil, nil)
	view.Close()
	slices.Sort(names)
	for _, name := range names {
		if err := d.walk(stop, v, f, jute.JoinPath(path, name)); err != nil {
			return err
		}
	}
	return nil
}
