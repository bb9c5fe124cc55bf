package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"

	"github.com/spf13/cobra"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// restoredDir is what restore --to-dir prints.
type restoredDir struct {
	Source     string `json:"source"`
	File       string `json:"file,omitempty"` // the snapshot; not there in a dry run
	Zxid       Hex    `json:"zxid"`
	Digest     Hex    `json:"digest"`
	Znodes     int64  `json:"znodes"`
	Ephemerals int64  `json:"ephemerals"` // of them
	Sessions   int    `json:"sessions"`
	DryRun     bool   `json:"dryRun,omitempty"`
}

func (r *restoredDir) Text(w io.Writer, s Style) {
	did := "restored"
	if r.DryRun {
		did = "would restore"
	}
	fmt.Fprintf(w, "%s %s (%s ephemeral) and %s sessions as of zxid %v, digest %v", did, znodes(s, r.Znodes),
		s.Count(r.Ephemerals), s.Count(int64(r.Sessions)), r.Zxid, r.Digest)
	if r.File != "" {
		fmt.Fprintf(w, ": %s", printable(r.File))
	}
	fmt.Fprintln(w)
}

func (r *restoredDir) Row(s Style) ([]string, [][]string) {
	return []string{"znodes", "ephemerals", "sessions", "zxid", "digest", "file"}, [][]string{{s.Count(r.Znodes), s.Count(r.Ephemerals),
		s.Count(int64(r.Sessions)), r.Zxid.String(), r.Digest.String(), printable(r.File)}}
}

// dirRestore writes a tree as the snapshot of a new data directory.
type dirRestore struct {
	env    *Env
	tree   savedTree
	shown  *progress
	facts  *savedFacts // of a first reading
	system int         // how many there are of what every server's tree has

	acls   [][]jute.ACL // the table: reference 1 is the first
	aclRef map[string]int64
}

func (e *Env) restoreDir(cmd *cobra.Command, tree savedTree, dir string, dryRun bool) error {
	if err := datadir.CheckFresh(dir); err != nil {
		return err
	}
	r := &dirRestore{env: e, tree: tree, shown: e.progress("read"), aclRef: map[string]int64{}}
	defer func() { r.shown.Finish() }()
	if err := r.look(cmd.Context()); err != nil {
		return err
	}
	r.facts.warn(e, "restore")
	result := &restoredDir{Source: r.facts.Name, Zxid: Hex(r.facts.LastZxid), Digest: Hex(r.facts.TreeDigest), Znodes: r.facts.Znodes,
		Ephemerals: r.facts.Ephemerals, Sessions: len(r.facts.Sessions), DryRun: dryRun}
	if dryRun {
		return e.print(result)
	}
	r.shown.Finish()
	r.shown = e.progress("written")
	r.shown.total.Store(r.facts.Znodes)
	var err error
	result.File, err = datadir.CreateFrom(dir, r.facts.LastZxid, snapshot.Options{}, func(w *snapshot.Writer) error {
		return r.write(cmd.Context(), w)
	})
	if err != nil {
		return err
	}
	return e.print(result)
}

// look reads the tree once, to know that it is whole and what its ACLs are.
func (r *dirRestore) look(ctx context.Context) (err error) {
	r.facts, err = r.tree.read(ctx, savedVisit{znode: func(z *savedZnode) error {
		r.shown.done.Add(1)
		if z.path == "/" || z.path == "/zookeeper" || z.path == datatree.QuotaPath {
			r.system++
		}
		r.ref(z.acl)
		return nil
	}})
	switch {
	case err != nil:
		return err
	case r.facts.Root != "/":
		return &Error{Err: fmt.Errorf("%s: it holds %s and what is below, and a data directory is a whole tree", r.facts.Name, r.facts.Root),
			Hint: "without --to-dir it goes into a server"}
	case r.system < 3:
		return fmt.Errorf("%s: it lacks /, /zookeeper or %s, which servers need", r.facts.Name, datatree.QuotaPath)
	}
	return nil
}

// ref is the reference of an ACL in the table.
func (r *dirRestore) ref(acl []jute.ACL) int64 {
	var key []byte
	for i := range acl {
		key = acl[i].Append(key)
	}
	ref, ok := r.aclRef[string(key)]
	if !ok {
		if ref = snapshot.OpenACL; !isOpen(acl) {
			r.acls = append(r.acls, acl)
			ref = int64(len(r.acls))
		}
		r.aclRef[string(key)] = ref
	}
	return ref
}

func isOpen(acl []jute.ACL) bool { return len(acl) == 1 && acl[0] == jute.OpenACL()[0] }

var errSourceChanged = errors.New("it has changed since it was read first")

func (r *dirRestore) write(ctx context.Context, w *snapshot.Writer) error {
	table := len(r.acls)
	w.Sessions(len(r.facts.Sessions), maps.All(r.facts.Sessions)) // the writer's error sticks
	w.ACLs(table, r.table())
	again, err := r.tree.read(ctx, savedVisit{loose: true, znode: func(z *savedZnode) error {
		r.shown.done.Add(1)
		path := z.path
		if path == "/" {
			path = ""
		}
		return w.Node(path, z.data, r.ref(z.acl), z.stat)
	}})
	if err != nil {
		return err
	}
	if again.Znodes != r.facts.Znodes || again.TreeDigest != r.facts.TreeDigest || len(r.acls) != table {
		return fmt.Errorf("%s: %w", r.facts.Name, errSourceChanged)
	}
	w.Digest(snapshot.Digest{Zxid: r.facts.LastZxid, Version: datatree.DigestVersion, Digest: int64(r.facts.TreeDigest)})
	return w.LastZxid(r.facts.LastZxid)
}

// table is the ACL table.
func (r *dirRestore) table() iter.Seq2[int64, []jute.ACL] {
	return func(yield func(int64, []jute.ACL) bool) {
		for i, acl := range r.acls {
			if !yield(int64(i+1), acl) {
				return
			}
		}
	}
}
