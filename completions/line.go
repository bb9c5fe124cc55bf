package completions

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Line gives the candidates for the last word of line, the part of a command
// line before the cursor without the program's name: commands, flags and what
// the commands' ValidArgsFunction offer. It asks cobra's `__complete`, as the
// scripts of `zook completion` do.
//
// A candidate's Text replaces the last word, LastWord(line). It starts with the
// word as it was typed and goes on in the same quotes, which it closes unless
// it is Partial.
//
// Line puts root back as it was, so that one tree serves many lines, though not
// two at once. Of a line that makes no sense there are no candidates; cobra then
// complains on os.Stderr.
func Line(ctx context.Context, root *cobra.Command, line string) []Candidate {
	s := scan(line)
	if s.escaped {
		return nil
	}
	if !s.inWord {
		s.words = append(s.words, "")
	}
	cmd, _, err := root.Find(s.words[:len(s.words)-1])
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, s.words...))
	defer restore(root, cmd)
	if root.ExecuteContext(ctx) != nil {
		return nil
	}

	partial := s.words[len(s.words)-1]
	if name, value, ok := strings.Cut(partial, "="); ok && strings.HasPrefix(name, "-") {
		partial = value // candidates for --flag=value are those of the value
	}
	candidates := parse(out.String())
	kept := candidates[:0]
	for _, c := range candidates {
		rest, ok := strings.CutPrefix(c.Text, partial)
		if !ok {
			continue
		}
		c.Text = line[s.start:] + escape(rest, s.quote)
		if !c.Partial && s.quote != 0 {
			c.Text += string(s.quote)
		}
		kept = append(kept, c)
	}
	// A command's own flags come before those of every command.
	slices.SortStableFunc(kept, func(a, b Candidate) int { return cmp.Compare(rank(cmd, a.Text), rank(cmd, b.Text)) })
	return kept
}

func rank(cmd *cobra.Command, text string) int {
	shared := cmd.InheritedFlags()
	name, long := strings.CutPrefix(text, "--")
	letter, short := strings.CutPrefix(text, "-")
	if long && shared.Lookup(name) != nil || short && len(letter) == 1 && shared.ShorthandLookup(letter) != nil {
		return 1
	}
	return 0
}

// LastWord is the last word of line as it was typed, quotes and all; "" after a
// blank.
func LastWord(line string) string { return line[scan(line).start:] }

// parse reads what `__complete` prints: a candidate a line, its description
// after a tab, and the directive in the last line.
func parse(out string) []Candidate {
	out, last, ok := cutLast(strings.TrimSuffix(out, "\n"), ":")
	bits, err := strconv.Atoi(last)
	directive := cobra.ShellCompDirective(bits)
	const none = cobra.ShellCompDirectiveError | cobra.ShellCompDirectiveFilterFileExt | cobra.ShellCompDirectiveFilterDirs
	if !ok || err != nil || directive&none != 0 {
		return nil
	}
	var cs []Candidate
	for text := range strings.Lines(out) {
		text, desc, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\t")
		if !strings.HasPrefix(text, "_activeHelp_ ") {
			cs = append(cs, Candidate{text, desc, directive&cobra.ShellCompDirectiveNoSpace != 0})
		}
	}
	return cs
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// restore undoes what a run of `__complete` leaves in the tree: the hidden
// command, and the values of the flags on the line.
func restore(root, cmd *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() == cobra.ShellCompRequestCmd {
			root.RemoveCommand(c)
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			list.Replace(nil)
		} else {
			f.Value.Set(f.DefValue)
		}
		f.Changed = false
	})
}

// escape spells text so that Split reads it as itself inside the open quote.
func escape(text string, quote rune) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case quote == '\'' && r == '\'':
			b.WriteString(`'\''`)
			continue
		case quote == '"' && strings.ContainsRune("\\\"$`", r), quote == 0 && special(r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
