package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zook/datatree"
	"zook/jute"
)

// This file is how restore finds out what is to be done, before it does it.

// At most so many znodes, and about so many bytes, are compared at a time.
const (
	compareBatch      = 4 * readsInFlight
	compareBatchBytes = 8 << 20
)

// comparedZnode is a znode of the source that is there already.
type comparedZnode struct {
	path string
	data []byte
	acl  []jute.ACL
	has  toDo
	gone bool
}

// look reads the server's tree and all of the source, and fills in what is to be
// done.
func (r *liveRestore) look(ctx context.Context) error {
	if err := r.list(ctx); err != nil {
		return err
	}
	if err := r.findAbove(ctx); err != nil {
		return err
	}
	shown := r.env.progress("compared")
	defer shown.Finish()
	var batch []*comparedZnode
	size, found := 0, false
	compare := func() (err error) {
		err = r.compare(ctx, batch)
		batch, size = nil, 0
		return err
	}
	var err error
	r.facts, err = r.tree.read(ctx, savedVisit{znode: func(z *savedZnode) error {
		shown.done.Add(1)
		found = found || z.path == r.from
		path, ok := r.target(z)
		if !ok {
			return nil
		}
		if err := r.possible(path, z); err != nil {
			return err
		}
		if _, there := r.there[path]; !there {
			return r.plan("create", path)
		}
		batch = append(batch, &comparedZnode{path: path, data: bytes.Clone(z.data), acl: z.acl})
		if size += len(z.data); len(batch) < compareBatch && size < compareBatchBytes {
			return nil
		}
		return compare()
	}})
	if err == nil {
		err = compare()
	}
	if err == nil && !found {
		err = errNotSaved(r.from, r.facts.Name)
	}
	if err == nil && r.delete {
		err = r.findExtras(ctx)
	}
	return err
}

// possible refuses what no server would take, before anything is changed.
func (r *liveRestore) possible(path string, z *savedZnode) error {
	var invalid *jute.PathError
	if errors.As(jute.CheckPath(path, false), &invalid) {
		return &Error{Path: path, Err: fmt.Errorf("%w: no server creates this: %s", errDamaged, invalid.Reason)}
	}
	if len(z.data) < maxPacket/2 || r.env.Force {
		return nil
	}
	op := r.creation(path, z)
	if multiSize([]jute.Op{op}) <= maxPacket {
		return nil
	}
	return &Error{Path: path, Err: fmt.Errorf("its %d bytes of data are more than the 1 MB that servers take", len(z.data)),
		Hint: "--force sends it, to a server with a larger jute.maxbuffer"}
}

// plan counts a change, and tells it in a dry run.
func (r *liveRestore) plan(action, path string) error {
	switch action {
	case "create":
		r.result.Created++
		r.total++
	case "set":
		r.result.Set++
		r.total++
	case "setAcl":
		r.result.ACLSet++
	case "delete":
		r.result.Deleted++
	}
	if !r.dryRun {
		return nil
	}
	return r.env.printAbove(r.p, &restoreStep{action, path})
}

// list lists what the server has at and below to.
func (r *liveRestore) list(ctx context.Context) error {
	skip := ""
	if !r.env.Force && r.to == "/" {
		skip = "/zookeeper"
	}
	listing := r.env.progress("listed")
	defer listing.Finish()
	tree, err := r.env.subtree(ctx, r.session, r.to, skip, false, listing)
	if noNode(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range tree.len() {
		r.there[tree.path(int32(i))] = 0
	}
	return nil
}

// findAbove finds out which znodes are missing above to.
func (r *liveRestore) findAbove(ctx context.Context) error {
	if len(r.there) > 0 {
		return nil
	}
	for path := jute.ParentPath(r.to); path != "/"; path = jute.ParentPath(path) {
		stat, err := r.stat(ctx, path)
		if err != nil {
			return err
		}
		if stat != nil {
			break
		}
		r.above = append(r.above, path)
	}
	slices.Reverse(r.above)
	for _, path := range r.above {
		if err := r.plan("create", path); err != nil {
			return err
		}
	}
	return nil
}

func (r *liveRestore) stat(ctx context.Context, path string) (*jute.Stat, error) {
	ctx, cancel := r.env.answerIn(ctx)
	defer cancel()
	stat, err := r.session.Exists(ctx, path)
	return stat, onPath(path, err)
}

// compare finds out what of a batch differs on the server.
func (r *liveRestore) compare(ctx context.Context, batch []*comparedZnode) error {
	err := parallel(ctx, readsInFlight, len(batch), func(ctx context.Context, i int) error {
		return onPath(batch[i].path, r.compareOne(ctx, batch[i]))
	})
	if err != nil {
		return err
	}
	for _, z := range batch {
		if z.gone { // meanwhile
			delete(r.there, z.path)
			if err := r.plan("create", z.path); err != nil {
				return err
			}
			continue
		}
		r.there[z.path] = inSource | z.has
		if z.has == 0 {
			r.result.Same++
			continue
		}
		if err := r.planSets(z); err != nil {
			return err
		}
	}
	return nil
}

// planSets plans to set what differs.
func (r *liveRestore) planSets(z *comparedZnode) error {
	if !r.overwrite {
		if r.differ == "" {
			r.differ = z.path
		} else {
			r.differMore++
		}
		return r.plan("differs", z.path)
	}
	if z.has&setsData != 0 {
		if err := r.plan("set", z.path); err != nil {
			return err
		}
	}
	if z.has&setsACL == 0 {
		return nil
	}
	r.acls = append(r.acls, aclChange{z.path, z.acl})
	return r.plan("setAcl", z.path)
}

var errLiveEphemeral = errors.New("it is an ephemeral of a living session there, and would go with it")

func (r *liveRestore) compareOne(ctx context.Context, z *comparedZnode) error {
	ctx, cancel := r.env.answerIn(ctx)
	defer cancel()
	data, stat, err := r.session.Get(ctx, z.path)
	switch {
	case noNode(err):
		z.gone = true
		return nil
	case err != nil:
		return err
	case isEphemeral(&stat):
		return errLiveEphemeral
	}
	if !bytes.Equal(data, z.data) { // whether there is none or it is empty is no matter
		z.has |= setsData
	}
	if r.noACL {
		return nil
	}
	acl, _, err := r.session.ACL(ctx, z.path)
	if err != nil && !noNode(err) {
		return err
	}
	if !slices.EqualFunc(acl, z.acl, sameACL) {
		z.has |= setsACL
	}
	return nil
}

// sameACL reports whether an entry of a server is that of the source, as far as
// can be told: the server shows the digest in it only to whom the ACL makes admin.
func sameACL(shown, saved jute.ACL) bool {
	if user, masked := strings.CutSuffix(shown.ID.ID, ":x"); masked && shown.ID.Scheme == "digest" && saved.ID.Scheme == "digest" {
		name, _, _ := strings.Cut(saved.ID.ID, ":")
		return shown.Perms == saved.Perms && user == name
	}
	return shown == saved
}

// findExtras finds out what the server has and the source has not, but for the
// server's ephemerals and what is above them.
func (r *liveRestore) findExtras(ctx context.Context) error {
	for path, has := range r.there {
		if has&inSource == 0 && !datatree.IsSpecial(path) {
			r.extras = append(r.extras, path)
		}
	}
	slices.Sort(r.extras)
	slices.Reverse(r.extras) // children before their parents
	live := make([]bool, len(r.extras))
	err := parallel(ctx, readsInFlight, len(r.extras), func(ctx context.Context, i int) error {
		stat, err := r.stat(ctx, r.extras[i])
		live[i] = stat != nil && isEphemeral(stat)
		return err
	})
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	extras := r.extras[:0]
	for i, path := range r.extras {
		if live[i] || keep[path] {
			keep[jute.ParentPath(path)] = true
			r.result.Kept++
			continue
		}
		if err := r.plan("delete", path); err != nil {
			return err
		}
		extras = append(extras, path)
	}
	r.extras = extras
	return nil
}
