package commands

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"zook/jute"
)

// aclList is what getAcl prints of one znode.
type aclList struct {
	Path string     `json:"path"`
	ACL  []aclEntry `json:"acl"`
	Stat *Stat      `json:"stat,omitempty"`

	several bool
}

type aclEntry struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
	Perms  string `json:"perms"` // letters of cdrwa
}

func (a aclEntry) String() string { return a.Scheme + ":" + a.ID + ":" + a.Perms }

func newACLList(path string, acl []jute.ACL) *aclList {
	l := &aclList{Path: path, ACL: []aclEntry{}}
	for _, a := range acl {
		l.ACL = append(l.ACL, aclEntry{a.ID.Scheme, a.ID.ID, a.Perms.String()})
	}
	return l
}

// Text writes an entry a line, in the form that setAcl takes; of several znodes
// after the path.
func (l *aclList) Text(w io.Writer, s Style) {
	printHeader(w, l.Path, l.several, s)
	for _, a := range l.ACL {
		if l.several && !s.Terminal {
			fmt.Fprint(w, printable(l.Path)+" ")
		}
		fmt.Fprintln(w, printable(a.String()))
	}
	if l.Stat != nil {
		l.Stat.Text(w, l.Path, s)
	}
}

func (l *aclList) Row(Style) (columns []string, rows [][]string) {
	for _, a := range l.ACL {
		rows = append(rows, []string{printable(l.Path), printable(a.Scheme), printable(a.ID), a.Perms})
	}
	return []string{"path", "scheme", "id", "perms"}, rows
}

func (l *aclList) ZkCli(w io.Writer) {
	for _, a := range l.ACL {
		fmt.Fprintf(w, "'%s,'%s\n: %s\n", a.Scheme, a.ID, a.Perms)
	}
	if l.Stat != nil {
		zkcliStat(w, &l.Stat.stat)
	}
}

func newGetACL(env *Env) *cobra.Command {
	var stat bool
	cmd := &cobra.Command{
		Use:   "getAcl PATH...",
		Short: "Show who may do what with znodes",
		Long: `Show the ACLs of znodes: lines scheme:id:perms, as setAcl takes them. The letters of
perms are c to create and d to delete children, r to read, w to write, a to set the ACL.`,
		Example: `  zook getAcl /app
  zook getAcl -o json /app /secret`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				z, err := env.Znodes(ctx)
				if err != nil {
					return nil, err
				}
				acl, st, err := z.ACL(ctx, path)
				if err != nil {
					return nil, err
				}
				l := newACLList(path, acl)
				l.several = len(args) > 1
				if stat {
					l.Stat = NewStat(st)
				}
				return l, nil
			})
		},
	}
	cmd.Flags().BoolVarP(&stat, "stat", "s", false, "and the metadata")
	return cmd
}
