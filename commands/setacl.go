package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newSetACL(env *Env) *cobra.Command {
	var stat, recursive bool
	var version int32
	cmd := &cobra.Command{
		Use:   "setAcl PATH ACL",
		Short: "Set who may do what with a znode",
		Long: `Set the ACL of a znode; with -R also of all znodes below it. ACL is a list
scheme:id:perms[,...], where the letters of perms are c to create and d to delete
children, r to read, w to write, a to set the ACL.

Schemes are world (id anyone), auth (whoever this session has proved to be), digest
(id user:base64(sha1(user:password))), ip (an address or a network), x509, sasl.`,
		Example: `  zook setAcl /app world:anyone:r,ip:10.0.0.0/8:cdrwa
  zook --auth digest:bob:secret setAcl -R /app auth::cdrwa
  zook setAcl -v 2 /app world:anyone:r`,
		Args:              args(2, 2),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if stat && recursive {
				return usagef("-R shows no metadata: leave -s")
			}
			path, err := env.Path(args[0])
			if err != nil {
				return err
			}
			acl, err := parseACL(args[1])
			if err != nil {
				return err
			}
			if recursive {
				return env.setACLs(cmd.Context(), cmd.CalledAs(), path, acl, version)
			}
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			z, err := env.Znodes(ctx)
			if err != nil {
				return err
			}
			st, err := setACL(ctx, z, path, acl, version)
			if err != nil {
				return err
			}
			return env.print(&changed{path, NewStat(st), stat})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&stat, "stat", "s", false, "print the metadata after the change")
	f.BoolVarP(&recursive, "recursive", "R", false, "all znodes below too")
	f.Int32VarP(&version, "version", "v", -1, "only if the ACL has this version")
	return cmd
}

func setACL(ctx context.Context, z Znodes, path string, acl []jute.ACL, version int32) (jute.Stat, error) {
	st, err := z.SetACL(ctx, path, acl, version)
	if errors.Is(err, jute.ErrInvalidACL) {
		for _, a := range acl {
			if a.ID.Scheme == "auth" {
				err = fmt.Errorf("%w: auth stands for an identity of this session, which has none (--auth scheme:data, or addauth)", err)
			}
		}
	}
	return st, onPath(path, explainVersion(ctx, z, path, version, err, aclVersion))
}

// setACLs sets the ACL of a whole tree, which is listed first: the new ACL may
// forbid to read it. Failures are reported, and the first one is returned.
func (e *Env) setACLs(ctx context.Context, command, root string, acl []jute.ACL, version int32) error {
	session, err := e.Session(ctx)
	if err != nil {
		return err
	}
	listing := e.progress("listed")
	t, err := e.subtree(ctx, session, root, "", true, listing)
	listing.Finish()
	if err != nil {
		return onPath(root, err)
	}
	shown := e.progress("set")
	defer shown.Finish()
	shown.total.Store(int64(t.len()))
	failed := make([]error, t.len())
	err = parallel(ctx, readsInFlight, t.len(), func(ctx context.Context, i int) error {
		ctx, cancel := e.answerIn(ctx)
		defer cancel()
		path := t.path(int32(i))
		_, err := setACL(ctx, session, path, acl, version)
		if noNode(err) && i > 0 {
			err = nil // gone meanwhile
		}
		shown.done.Add(1)
		if ExitCode(err) == ExitNoConnection {
			return err
		}
		failed[i] = err
		return nil
	})
	if err != nil {
		n := Style{Terminal: true}.Count(shown.done.Load())
		return onPath(root, fmt.Errorf("%w (up to %s ACLs were set before)", err, n))
	}
	var first error
	for _, err := range failed {
		if err != nil {
			err = e.report(command, err)
			if first == nil {
				first = err
			}
		}
	}
	return first
}
