package commands

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// standing is where in the history of the files the tree stands.
type standing struct {
	Zxid   Hex   `json:"zxid"` // of the last transaction in it
	Time   *Time `json:"time"` // of that; null if it is not known
	Znodes int64 `json:"znodes"`
}

func (o *offline) standing() *standing {
	s := &standing{Zxid: Hex(o.Tree.LastZxid()), Znodes: int64(o.Tree.Counts().Znodes)}
	if o.Time != 0 {
		t := Time(o.Time)
		s.Time = &t
	}
	return s
}

func (s *standing) time() string {
	if s.Time == nil {
		return "-"
	}
	return s.Time.String()
}

func (s *standing) Text(w io.Writer, style Style) {
	fmt.Fprintf(w, "%v %s %s znodes\n", s.Zxid, s.time(), style.Count(s.Znodes))
}

func (s *standing) Row(style Style) ([]string, [][]string) {
	return []string{"zxid", "time", "znodes"}, [][]string{{s.Zxid.String(), s.time(), style.Count(s.Znodes)}}
}

func newAt(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "at [ZXID|TIME|last]",
		Short: "Move in the history of files",
		Long: `In a shell or a script on files (--data-dir), make the znodes what they were at another
moment: behind a transaction, or at a time, which may be how long ago, or at the end of
the files, which are read again. A moment that they do not cover changes nothing.

Printed are the zxid and the time of the last transaction before the moment, and the number
of znodes; without an argument those of the moment at hand.`,
		Example: `  at 0x1f00000002
  at "2026-02-03 10:00"
  at 90m
  at last`,
		Args:              args(0, 1),
		ValidArgsFunction: cobra.FixedCompletions([]cobra.Completion{"last"}, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !env.Offline():
				return usagef("at is for files: --data-dir DIR says where they are")
			case !env.nested:
				return usagef("at is for the shell and for scripts: --at is for one command")
			case len(args) == 0:
				tree, err := env.offline(cmd.Context())
				if err != nil {
					return err
				}
				return env.print(tree.standing())
			}
			var to moment
			if args[0] != "last" {
				if err := to.Set(args[0]); err != nil {
					return usagef("%v", err)
				}
			}
			tree, err := env.readFiles(cmd.Context(), to)
			if err != nil {
				return err
			}
			env.dialing.Lock()
			env.files, env.filesErr, env.Files.At = tree, nil, to
			env.dialing.Unlock()
			return env.print(tree.standing())
		},
	}
}
