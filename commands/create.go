package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"zook/jute"
)

// created is what create prints: the path, which for a sequential znode only
// the server knew.
type created struct {
	Path string `json:"path"`
	Stat *Stat  `json:"stat"`
}

func (c *created) Text(w io.Writer, s Style) {
	if s.Terminal {
		fmt.Fprintln(w, "Created "+printable(c.Path))
	} else {
		fmt.Fprintln(w, printable(c.Path))
	}
}

func (c *created) Row(s Style) ([]string, [][]string) {
	columns, row := c.Stat.row(c.Path, s)
	return columns, [][]string{row}
}

type createOptions struct {
	sequential, ephemeral, container, parents bool
	ttl                                       duration
	data                                      []byte
	acl                                       []jute.ACL
}

func newCreate(env *Env) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create PATH [DATA [ACL]]",
		Short: "Create a znode",
		Long: `Create a znode and print its path.

` + dataHelp + `
Without DATA the znode has none, which is not the same as empty data. ACL is a list
scheme:id:perms[,...]; world:anyone:cdrwa if not given.

An ephemeral znode lives as long as the session: on the command line zook's session
ends with the command, so -e is for the shell and for scripts. A container goes when
its last child has gone; a znode with a TTL when it has neither changed nor had
children for so long, if the server has TTL nodes switched on.`,
		Example: `  zook create /app "some text"
  zook create -p /app/config/db @db.json
  zook create -s /queue/item- "first"
  zook create -t 5m /app/lease
  zook create /secret data digest:bob:qzXn6Xz3Zbw5CWK3T3HBNzFvQgI=:cdrwa`,
		Args:              args(1, 3),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.create(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.sequential, "sequential", "s", false, "the server appends a counter of ten digits to the name")
	f.BoolVarP(&o.ephemeral, "ephemeral", "e", false, "it goes with the session")
	f.BoolVarP(&o.container, "container", "c", false, "it goes when its last child has gone")
	f.VarP(&o.ttl, "ttl", "t", "it goes when it has been idle for so long: 30s, 5m, or a number of milliseconds")
	f.BoolVarP(&o.parents, "parents", "p", false, "create missing parents too (no data, open ACL)")
	return cmd
}

// mode is the CreateMode that the flags ask for.
func (o *createOptions) mode() (jute.CreateMode, error) {
	const maxTTL = 1<<40 - 1 // milliseconds (format: EphemeralType)
	switch {
	case o.container && (o.ephemeral || o.sequential):
		return 0, usagef("-c cannot go with -e or -s: containers are neither ephemeral nor sequential")
	case o.ttl != 0 && (o.ephemeral || o.container):
		return 0, usagef("-t cannot go with -e or -c: only persistent znodes have a TTL")
	case time.Duration(o.ttl).Milliseconds() > maxTTL:
		return 0, usagef("-t: a TTL is at most %v", maxTTL*time.Millisecond)
	case o.ttl != 0 && time.Duration(o.ttl) < time.Millisecond:
		return 0, usagef("-t: a TTL is at least 1ms")
	case o.ttl != 0 && o.sequential:
		return jute.PersistentSequentialTTL, nil
	case o.ttl != 0:
		return jute.PersistentTTL, nil
	case o.container:
		return jute.Container, nil
	case o.ephemeral && o.sequential:
		return jute.EphemeralSequential, nil
	case o.ephemeral:
		return jute.Ephemeral, nil
	case o.sequential:
		return jute.PersistentSequential, nil
	}
	return jute.Persistent, nil
}

func (e *Env) create(ctx context.Context, o *createOptions, args []string) error {
	mode, err := o.mode()
	if err != nil {
		return err
	}
	toPath := e.Path
	if o.sequential {
		toPath = e.SequentialPath
	}
	path, err := toPath(args[0])
	if err != nil {
		return err
	}
	if len(args) > 1 {
		if o.data, err = e.readData(args[1]); err != nil {
			return err
		}
	}
	acl := ""
	if len(args) > 2 {
		acl = args[2]
	}
	if o.acl, err = parseACL(acl); err != nil {
		return err
	}
	if err := e.checkSize(&jute.CreateTTLRequest{Path: path, ACL: o.acl}, o.data); err != nil {
		return onPath(path, err)
	}
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	name, stat, err := z.Create(ctx, path, o.data, o.acl, mode, time.Duration(o.ttl))
	if noNode(err) && o.parents {
		if err = createParents(ctx, z, path); err == nil {
			name, stat, err = z.Create(ctx, path, o.data, o.acl, mode, time.Duration(o.ttl))
		}
	}
	if err != nil {
		return onPath(path, explainCreate(ctx, z, path, err))
	}
	if e.Format == ZkCli { // which says so on standard error
		_, err := fmt.Fprintln(e.Err, "Created "+printable(name))
		return err
	}
	return e.print(&created{name, NewStat(stat)})
}

// createParents creates what is missing above path. Others may be doing the same.
func createParents(ctx context.Context, z Znodes, path string) error {
	parent := jute.ParentPath(path)
	if parent == "/" {
		return nil
	}
	_, _, err := z.Create(ctx, parent, nil, jute.OpenACL(), jute.Persistent, 0)
	if noNode(err) {
		if err := createParents(ctx, z, parent); err != nil {
			return err
		}
		_, _, err = z.Create(ctx, parent, nil, jute.OpenACL(), jute.Persistent, 0)
	}
	if errors.Is(err, jute.ErrNodeExists) {
		return nil
	}
	return onPath(parent, err)
}

// explainCreate adds to the error of a create what the server does not say: which
// parent it is about.
func explainCreate(ctx context.Context, z Znodes, path string, err error) error {
	switch {
	case noNode(err):
		missing := jute.ParentPath(path)
		for missing != "/" {
			above := jute.ParentPath(missing)
			if stat, e := z.Exists(ctx, above); e != nil || stat != nil {
				break
			}
			missing = above
		}
		return &Error{Path: path, Err: fmt.Errorf("%w: its parent %s does not exist", err, missing), Hint: "-p creates parents"}
	case errors.Is(err, jute.ErrNoChildrenForEphemerals):
		return &Error{Path: path, Err: fmt.Errorf("%w, and %s is one", err, jute.ParentPath(path))}
	case errors.Is(err, jute.ErrNoAuth):
		return &Error{Path: path, Err: err, Hint: "the ACL of " + jute.ParentPath(path) + " wants another identity (--auth scheme:data, or addauth)"}
	case errors.Is(err, jute.ErrUnimplemented):
		return &Error{Path: path, Err: err, Hint: "containers need ZooKeeper 3.5.3, TTLs also zookeeper.extendedTypesEnabled=true on the server"}
	}
	return err
}
