package commands

import (
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

func newCd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "cd [PATH]",
		Short: "Change the working path",
		Long: `Change the path against which relative paths are taken, in the shell and in a
script: to PATH, which must exist; to / without one; to the one before with -, which
is printed.

In the PATH of cd, . and .. may be anywhere and are worked out from the text alone:
cd ../b/./c. Elsewhere they may only begin a relative path (ls ../b): znode paths
themselves have no such parts.`,
		Example: `  cd /app/config
  cd ..
  cd -`,
		Args:              args(0, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !env.nested {
				return usagef("cd is for the shell and for scripts: every zook command starts at /")
			}
			to := "/"
			if len(args) > 0 {
				to = args[0]
			}
			return env.changePath(cmd, to)
		},
	}
}

func (e *Env) changePath(cmd *cobra.Command, to string) error {
	back := to == "-"
	if back && e.cwdBefore == "" {
		return usagef("there is no working path before this one")
	} else if back {
		to = e.cwdBefore
	}
	path, err := lexical(e.cwd(), to)
	if err != nil {
		return err
	}
	ctx, cancel := e.answerIn(cmd.Context())
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	stat, err := z.Exists(ctx, path)
	if err == nil && stat == nil {
		err = jute.ErrNoNode
	}
	if err != nil {
		return onPath(path, err)
	}
	e.cwdBefore, e.Cwd = e.cwd(), path
	if back {
		return e.print(&found{path})
	}
	return nil
}

// lexical is the path that to names for somebody at cwd, with . and .. worked out
// wherever they are.
func lexical(cwd, to string) (string, error) {
	if to == "" {
		return "", &jute.PathError{Path: to, Reason: "it is empty"}
	}
	path := cwd
	if to[0] == '/' {
		path = "/"
	}
	for _, name := range strings.Split(strings.Trim(to, "/"), "/") {
		switch name {
		case "":
			if strings.Trim(to, "/") != "" {
				return "", &jute.PathError{Path: to, Reason: "it has an empty element"}
			}
		case ".":
		case "..":
			path = jute.ParentPath(path)
		default:
			path = jute.JoinPath(path, name)
		}
	}
	return path, jute.CheckPath(path, false)
}
