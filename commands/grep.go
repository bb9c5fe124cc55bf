package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// match is what grep prints: a line, or that binary data matches, or with -l a
// path.
type match struct {
	Path   string `json:"path"`
	Line   int    `json:"line,omitempty"` // counted from 1
	Match  string `json:"text,omitempty"` // the line
	Binary bool   `json:"binary,omitempty"`

	spans            [][]int // what matched in the line
	showPath, number bool
}

func (m *match) Text(w io.Writer, s Style) {
	path := printable(m.Path)
	switch {
	case m.Binary:
		fmt.Fprintf(w, "binary data of %s matches\n", path)
	case m.Line == 0:
		fmt.Fprintln(w, s.Paint(path, color.FgMagenta))
	default:
		if m.showPath {
			io.WriteString(w, s.Paint(path, color.FgMagenta)+":")
		}
		if m.number {
			fmt.Fprintf(w, "%d:", m.Line)
		}
		fmt.Fprintln(w, m.painted(s))
	}
}

// painted is the line with what matched in colour.
func (m *match) painted(s Style) string {
	var b strings.Builder
	at := 0
	for _, span := range m.spans {
		b.WriteString(keepTabs(m.Match[at:span[0]], s))
		if span[0] < span[1] {
			b.WriteString(s.Paint(keepTabs(m.Match[span[0]:span[1]], s), bold, red))
		}
		at = span[1]
	}
	b.WriteString(keepTabs(m.Match[at:], s))
	return b.String()
}

// keepTabs is printable for a line of text: tabs stay, and for a program all does.
func keepTabs(line string, s Style) string {
	if !s.Terminal {
		return line
	}
	parts := strings.Split(line, "\t")
	for i := range parts {
		parts[i] = printable(parts[i])
	}
	return strings.Join(parts, "\t")
}

func (m *match) Row(s Style) ([]string, [][]string) {
	text, number := printable(m.Match), ""
	if m.Binary {
		text = "(binary data)"
	}
	if m.Line > 0 {
		number = fmt.Sprint(m.Line)
	}
	return []string{"path", "line", "text"}, [][]string{{printable(m.Path), number, text}}
}

// errNoMatch is told by the exit code alone, as grep does.
var errNoMatch = reportedError{errors.New("nothing found")}

type grepOptions struct {
	ignoreCase, list, invert, fixed, numbers, recursive bool

	pattern *regexp.Regexp
}

func newGrep(env *Env) *cobra.Command {
	var o grepOptions
	cmd := &cobra.Command{
		Use:   "grep PATTERN [PATH...]",
		Short: "Search the data of znodes for a pattern",
		Long: `Print the lines in the data of znodes that match a regular expression (RE2: that of
egrep, without back references). With -r, and without a PATH, the znodes below are
searched too: without a PATH those below the working path.

Of data that is not text only the fact is told. The exit code is 0 if something was
found and 1 if not; a znode that could not be read gives the code of that.`,
		Example: `  zook grep -r 'host=db[0-9]+' /app
  zook grep -il password          # in the whole tree
  zook grep -F '"port":9092' /brokers/ids/0 /brokers/ids/1`,
		Args: args(1, -1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, partial string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return env.completePaths(-1)(cmd, args, partial)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			pattern, paths := args[0], env.workingPath(args[1:])
			o.recursive = o.recursive || len(args) == 1
			if err := o.compile(pattern); err != nil {
				return err
			}
			p := env.Printer(true)
			shown := env.progress("searched")
			defer shown.Finish()
			any := false
			err := env.eachRoot(cmd, p, paths, func(root string) error {
				found, err := env.grep(cmd, p, shown, root, &o, o.recursive || len(paths) > 1)
				any = any || found
				return err
			})
			if err == nil && !any {
				return errNoMatch
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "search all znodes below too")
	f.BoolVarP(&o.ignoreCase, "ignore-case", "i", false, "upper and lower case are the same")
	f.BoolVarP(&o.fixed, "fixed-strings", "F", false, "the pattern is plain text")
	f.BoolVarP(&o.list, "files-with-matches", "l", false, "print only the paths of znodes with a match")
	f.BoolVarP(&o.invert, "invert-match", "v", false, "print the lines that do not match")
	f.BoolVarP(&o.numbers, "line-number", "n", false, "print the number of each line")
	return cmd
}

func (o *grepOptions) compile(pattern string) (err error) {
	text := pattern
	if o.fixed {
		text = regexp.QuoteMeta(text)
	}
	if o.ignoreCase {
		text = "(?i)" + text
	}
	if o.pattern, err = regexp.Compile(text); err != nil {
		return usagef("the pattern %q is not valid: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

// grep searches the znode root, and all below it with -r. Only what matches is
// kept of what the walk reads ahead.
func (e *Env) grep(cmd *cobra.Command, p *Printer, shown *progress, root string, o *grepOptions, showPath bool) (any bool, err error) {
	var unread error
	read := func(ctx context.Context, path string) (names []string, found []*match, err error) {
		ctx, cancel := e.answerIn(ctx)
		defer cancel()
		data, stat, err := e.get(ctx, path, false)
		if err != nil {
			return nil, nil, err
		}
		if o.recursive && stat.NumChildren > 0 {
			names, _, err = e.children(ctx, path, false)
		}
		return names, o.search(path, data, showPath), err
	}
	err = walkTree(cmd.Context(), e, root, read, func(v visited[[]*match]) error {
		shown.done.Add(1)
		if v.Err != nil {
			stop, reported := e.unread(cmd, p, v.Path, v.Err)
			if unread = reported; stop != nil {
				return stop
			}
		}
		for _, m := range v.Value {
			any = true
			if err := e.printAbove(p, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = unread
	}
	return any, err
}

// search returns what there is to print of a znode.
func (o *grepOptions) search(path string, data []byte, showPath bool) (found []*match) {
	if len(data) == 0 {
		return nil
	}
	text := isText(data)
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if o.pattern.Match(line) == o.invert {
			continue
		}
		switch {
		case o.list:
			return []*match{{Path: path}}
		case !text:
			return []*match{{Path: path, Binary: true}}
		}
		m := &match{Path: path, Line: number, Match: string(line), showPath: showPath, number: o.numbers}
		if !o.invert {
			m.spans = o.pattern.FindAllIndex(line, -1)
		}
		found = append(found, m)
	}
	return found
}
