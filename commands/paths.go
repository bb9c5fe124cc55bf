package commands

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/completions"
	"zook/jute"
)

// Path is the absolute path that an argument names, checked as the server would.
// A relative one is taken against the working path and may begin with . and ..;
// one slash at the end, which completion leaves, is dropped.
func (e *Env) Path(arg string) (string, error) {
	if len(arg) > 1 {
		arg = strings.TrimSuffix(arg, "/")
	}
	return e.path(arg, false)
}

// SequentialPath is Path for a znode whose name the server ends with a counter:
// the path may end in a slash.
func (e *Env) SequentialPath(arg string) (string, error) { return e.path(arg, true) }

func (e *Env) path(arg string, sequential bool) (string, error) {
	path := arg
	if arg != "" && arg[0] != '/' && e.Cwd != "" {
		dir, rest := e.Cwd, arg
		for rest != "" {
			first, more, _ := strings.Cut(rest, "/")
			if first == ".." {
				dir = jute.ParentPath(dir)
			} else if first != "." {
				break
			}
			rest = more
		}
		path = dir
		if rest != "" {
			path = jute.JoinPath(dir, rest)
		}
	}
	if err := jute.CheckPath(path, sequential); err != nil {
		return "", err
	}
	return path, nil
}

// cwd is the working path, "/" before the first cd.
func (e *Env) cwd() string {
	if e.Cwd == "" {
		return "/"
	}
	return e.Cwd
}

// eachPath calls do for each path that args name and prints the item that it
// returns, if any. As coreutils do, it goes on after a failure, which it reports,
// and returns the first one. The ctx of each call ends when the time for an
// answer is up. It closes p,
// which is nil for commands that print nothing.
func (e *Env) eachPath(cmd *cobra.Command, p *Printer, args []string, do func(ctx context.Context, path string) (Item, error)) error {
	var first error
	for _, arg := range args {
		err := e.onePath(cmd, p, arg, do)
		if err == nil {
			continue
		}
		if len(args) > 1 {
			if p != nil {
				p.Flush() // so that what was found comes before the report
			}
			err = e.report(cmd.CalledAs(), err)
		}
		if first == nil {
			first = err
		}
		if cmd.Context().Err() != nil || noTree(err) {
			break
		}
	}
	if p == nil {
		return first
	}
	if err := p.Close(); first == nil {
		return err
	}
	return first
}

func (e *Env) onePath(cmd *cobra.Command, p *Printer, arg string, do func(ctx context.Context, path string) (Item, error)) error {
	path, err := e.Path(arg)
	if err != nil {
		return err
	}
	ctx, cancel := e.answerIn(cmd.Context())
	defer cancel()
	item, err := do(ctx, path)
	if err != nil {
		return onPath(path, err)
	}
	if item == nil {
		return nil
	}
	return p.Print(item)
}

// answerIn limits ctx to the time that the server has for an answer. Files have any.
func (e *Env) answerIn(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.Offline() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, e.answerTime())
}

// answerTime is how long a server has for an answer.
func (e *Env) answerTime() time.Duration { return cmp.Or(e.Connect.Timeout, defaultTimeout) }

// completionTime is how long completion waits for the server.
const completionTime = 2 * time.Second

// completePaths completes the first n arguments of a command as znode paths, all
// of them if n is -1. It is a ValidArgsFunction.
func (e *Env) completePaths(n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, partial string) ([]cobra.Completion, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		if n >= 0 && len(args) >= n {
			return nil, directive
		}
		if err := cmd.Root().PersistentPreRunE(cmd, nil); err != nil { // cobra has not: -S may be on the line
			return nil, directive
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		if e.Lister != nil {
			return completions.Cobra(completions.Paths(ctx, e.Lister, e.Cwd, partial))
		}
		z, err := e.Znodes(ctx)
		if err != nil {
			return nil, directive
		}
		return completions.Cobra(completions.Paths(ctx, lister{z}, e.Cwd, partial))
	}
}

// lister shows completions the children of znodes.
type lister struct{ z Znodes }

func (l lister) Children(ctx context.Context, path string) ([]string, error) {
	names, _, err := l.z.Children(ctx, path)
	return names, err
}

// noNode reports whether err says that there is no such znode.
func noNode(err error) bool { return errors.Is(err, jute.ErrNoNode) }
