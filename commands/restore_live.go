package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/client"
	"zook/datatree"
	"zook/jute"
)

// restored is what restore prints of a server.
type restored struct {
	Source     string `json:"source"`
	Path       string `json:"path"` // in the source
	To         string `json:"to"`
	Created    int64  `json:"created"`
	Set        int64  `json:"set"` // data
	ACLSet     int64  `json:"aclSet"`
	Deleted    int64  `json:"deleted"`
	Same       int64  `json:"same"`
	Ephemerals int64  `json:"ephemerals"` // of the source, left out
	Kept       int64  `json:"kept"`       // ephemerals of the server and what is above them, not deleted
	System     int64  `json:"system"`     // ZooKeeper's own, left alone
	DryRun     bool   `json:"dryRun,omitempty"`
}

func (r *restored) Text(w io.Writer, s Style) {
	if r.DryRun {
		fmt.Fprint(w, "would be: ")
	}
	fmt.Fprintln(w, r.counts(s))
}

// counts is such as "12 created, 0 set, 0 ACLs set, 0 deleted; 3 the same".
func (r *restored) counts(s Style) string {
	text := fmt.Sprintf("%s created, %s set, %s ACLs set, %s deleted; %s the same", s.Count(r.Created), s.Count(r.Set),
		s.Count(r.ACLSet), s.Count(r.Deleted), s.Count(r.Same))
	for _, left := range []struct {
		n    int64
		what string
	}{{r.Ephemerals, "ephemerals left out"}, {r.Kept, "kept for the server's ephemerals"}, {r.System, "of ZooKeeper itself left alone"}} {
		if left.n > 0 {
			text += fmt.Sprintf(", %s %s", s.Count(left.n), left.what)
		}
	}
	return text
}

func (r *restored) Row(s Style) ([]string, [][]string) {
	if r.DryRun { // after the steps
		return (&restoreStep{"", r.counts(s)}).Row(s)
	}
	return []string{"created", "set", "aclSet", "deleted", "same", "ephemerals", "kept", "system"}, [][]string{{s.Count(r.Created), s.Count(r.Set),
		s.Count(r.ACLSet), s.Count(r.Deleted), s.Count(r.Same), s.Count(r.Ephemerals), s.Count(r.Kept), s.Count(r.System)}}
}

// restoreStep is what a dry run prints: one change.
type restoreStep struct {
	Action string `json:"action"` // create, set, setAcl or delete; differs where it would be refused
	Path   string `json:"path"`
}

func (r *restoreStep) Text(w io.Writer, _ Style) {
	fmt.Fprintf(w, "%s\t%s\n", r.Action, printable(r.Path))
}
func (r *restoreStep) Row(Style) ([]string, [][]string) {
	return []string{"action", "path"}, [][]string{{r.Action, printable(r.Path)}}
}

// toDo is what is to happen to a znode of the server, a set of bits.
type toDo uint8

const (
	inSource toDo = 1 << iota
	setsData
	setsACL
)

// liveRestore puts a saved tree into a server.
type liveRestore struct {
	*restoreOptions
	env     *Env
	session *client.Client
	tree    savedTree
	p       *Printer // of a dry run

	there      map[string]toDo // the znodes of the server at and below to
	above      []string        // missing znodes above to, the highest first
	extras     []string        // to delete, children first
	acls       []aclChange
	facts      *savedFacts
	result     restored
	differ     string // the first znode that differs and may not be set
	differMore int64  // and how many more
	total      int64  // znodes to create or set
}

// aclChange is an ACL to be set.
type aclChange struct {
	path string
	acl  []jute.ACL
}

func (e *Env) restoreLive(cmd *cobra.Command, tree savedTree, o *restoreOptions) error {
	ctx := cmd.Context()
	r := &liveRestore{restoreOptions: o, env: e, tree: tree, there: map[string]toDo{}}
	if err := r.paths(cmd); err != nil {
		return err
	}
	var err error
	if r.session, err = e.Session(ctx); err != nil {
		return err
	}
	if r.dryRun {
		r.p = e.Printer(true)
	}
	err = r.run(ctx)
	if r.p != nil {
		if cerr := r.p.Close(); err == nil {
			err = cerr
		}
	}
	return err
}

// paths finds out what goes where.
func (r *liveRestore) paths(cmd *cobra.Command) (err error) {
	if cmd.Flags().Changed("path") {
		r.from, err = r.env.Path(r.from)
	} else {
		r.from, err = rootOf(cmd.Context(), r.tree)
	}
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("to") {
		if r.to, err = r.env.Path(r.to); err != nil {
			return err
		}
	} else {
		r.to = r.from
	}
	r.result = restored{Path: r.from, To: r.to, DryRun: r.dryRun}
	if r.to == "/" {
		return nil
	}
	return r.env.protect(r.to)
}

// rootOf is where the znodes of a saved tree begin.
func rootOf(ctx context.Context, tree savedTree) (root string, err error) {
	known := errors.New("known")
	_, err = tree.read(ctx, savedVisit{begin: func(f *savedFacts) error {
		root = f.Root
		return known
	}})
	if err == known {
		err = nil
	}
	return root, err
}

func (r *liveRestore) run(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	r.result.Source = r.facts.Name
	r.facts.warn(r.env, "restore")
	if r.differ != "" {
		return r.refusal()
	}
	if r.dryRun {
		return r.p.Print(&r.result)
	}
	if err := r.confirm(ctx); err != nil {
		return err
	}
	r.result = restored{Source: r.facts.Name, Path: r.from, To: r.to, Same: r.result.Same, Ephemerals: r.result.Ephemerals,
		Kept: r.result.Kept, System: r.result.System}
	if err := r.write(ctx); err != nil {
		return r.stopped(err)
	}
	return r.env.print(&r.result)
}

// refusal is the error of znodes that are there, and not the same.
func (r *liveRestore) refusal() error {
	err := fmt.Errorf("%w and differs", jute.ErrNodeExists)
	if r.differMore > 0 {
		err = fmt.Errorf("%w, as do %s more; nothing was changed", err, Style{Terminal: true}.Count(r.differMore))
	}
	return &Error{Path: r.differ, Err: err, Hint: "--overwrite sets data and ACLs, --dry-run tells which"}
}

// confirm asks before znodes of the server are changed.
func (r *liveRestore) confirm(ctx context.Context) error {
	s, what := Style{Terminal: true}, []string{}
	if n := r.result.Set + r.result.ACLSet; n > 0 {
		what = append(what, "overwrite "+s.Count(n)+" times")
	}
	if n := r.result.Deleted; n > 0 {
		what = append(what, "delete "+znodes(s, n))
	}
	if len(what) == 0 {
		return nil
	}
	question := strings.Join(what, " and ") + " at and below " + r.to + "?"
	return onPath(r.to, r.env.confirm(ctx, strings.ToUpper(question[:1])+question[1:]))
}

// stopped says how far the work got.
func (r *liveRestore) stopped(err error) error {
	s := Style{Terminal: true}
	return soFar(r.to, err, fmt.Sprintf("before that %s created, %s set, %s ACLs set, %s deleted", s.Count(r.result.Created),
		s.Count(r.result.Set), s.Count(r.result.ACLSet), s.Count(r.result.Deleted)))
}

// target is where a znode of the source goes; ok is false if it stays out.
func (r *liveRestore) target(z *savedZnode) (path string, ok bool) {
	if z.path != r.from && !isBelow(z.path, r.from) {
		return "", false
	}
	path = rebase(z.path, r.from, r.to)
	if !r.env.Force && (isSystem(path) || isSystem(z.path) && r.from == "/" && z.path != "/") {
		r.result.System++
		return "", false
	}
	if kind, _ := datatree.OwnerKind(z.stat.EphemeralOwner); kind == datatree.KindEphemeral {
		if _, there := r.there[path]; there {
			r.there[path] |= inSource
		}
		r.result.Ephemerals++
		return "", false
	}
	return path, true
}

// isSystem reports whether a znode is what ZooKeeper itself relies on.
func isSystem(path string) bool {
	return path == "/" || path == "/zookeeper" || isBelow(path, "/zookeeper")
}

// creation is the operation that creates a znode of the source at a path.
func (r *liveRestore) creation(path string, z *savedZnode) jute.Op {
	acl := z.acl
	if r.noACL {
		acl = jute.OpenACL()
	}
	switch kind, ttl := datatree.OwnerKind(z.stat.EphemeralOwner); kind {
	case datatree.KindContainer:
		return createOp(path, z.data, acl, jute.Container, 0)
	case datatree.KindTTL:
		return createOp(path, z.data, acl, jute.PersistentTTL, time.Duration(ttl)*time.Millisecond)
	}
	return createOp(path, z.data, acl, jute.Persistent, 0)
}
