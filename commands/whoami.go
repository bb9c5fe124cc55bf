package commands

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// identity is one of a session, which whoami prints.
type identity struct {
	Scheme string `json:"scheme"`
	User   string `json:"user"`

	first bool
}

func (i *identity) Text(w io.Writer, _ Style) {
	fmt.Fprintln(w, printable(i.Scheme)+" "+printable(i.User))
}

func (i *identity) Row(Style) ([]string, [][]string) {
	return []string{"scheme", "user"}, [][]string{{printable(i.Scheme), printable(i.User)}}
}

func (i *identity) ZkCli(w io.Writer) {
	if i.first {
		fmt.Fprintln(w, "Auth scheme: User")
	}
	fmt.Fprintf(w, "%s: %s\n", i.Scheme, i.User)
}

func newWhoAmI(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		Short:   "Show the identities of the session",
		Long:    "Show the identities that the server knows the session by, for its ACLs. It needs ZooKeeper 3.7.",
		Example: "  zook --auth digest:bob:secret whoami",
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			c, err := env.Session(ctx)
			if err != nil {
				return err
			}
			infos, err := c.WhoAmI(ctx)
			if err != nil {
				return err
			}
			slices.SortFunc(infos, func(a, b jute.ClientInfo) int { // servers have no order
				return cmp.Or(strings.Compare(a.AuthScheme, b.AuthScheme), strings.Compare(a.User, b.User))
			})
			p := env.TablePrinter(true)
			for i, info := range infos {
				if err := p.Print(&identity{info.AuthScheme, info.User, i == 0}); err != nil {
					return err
				}
			}
			return p.Close()
		},
	}
}
