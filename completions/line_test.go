package completions

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// root is a small tree with every kind of thing to complete.
func root(zk Lister) *cobra.Command {
	root := &cobra.Command{Use: "zook", SilenceErrors: true, SilenceUsage: true}
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringP("output", "o", "", "how to print")
	root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json\tone document", "jsonl", "text"}, cobra.ShellCompDirectiveNoFileComp))
	paths := func(cmd *cobra.Command, _ []string, partial string) ([]string, cobra.ShellCompDirective) {
		return Cobra(Paths(cmd.Context(), zk, "/", partial))
	}
	run := func(*cobra.Command, []string) {}
	ls := &cobra.Command{Use: "ls PATH", Short: "List children", Run: run, ValidArgsFunction: paths}
	ls.Flags().BoolP("recursive", "R", false, "the whole subtree")
	ls.Flags().StringSlice("skip", nil, "leave out")
	root.AddCommand(ls, &cobra.Command{Use: "lsof", Short: "Something else", Run: run})
	return root
}

func TestLine(t *testing.T) {
	zk := tree{"/a/b", "/my dir/x", "/my dir/y", "/it's", "/leaf"}
	r := root(zk)
	for _, c := range []struct{ line, want string }{
		{"", "help | ls | lsof"},
		{"l", "ls | lsof"},
		{"ls --r", "--recursive"},
		{"ls -o js", "json | jsonl"},
		{"ls --output=js", "--output=json | --output=jsonl"},
		{"ls -R -o ", "json | jsonl | text"},
		{"ls /le", "/leaf"},
		{"ls  /a", "/a/"},
		{"ls '/le", "'/leaf'"},
		{`ls "/le`, `"/leaf"`},
		{`ls /my`, `/my\ dir/`},
		{`ls '/my`, `'/my dir/`},
		{`ls /my\ dir/`, `/my\ dir/x | /my\ dir/y`},
		{`ls "/my dir/`, `"/my dir/x" | "/my dir/y"`},
		{`ls '/my d'ir/x`, `'/my d'ir/x`},
		{`ls /it`, `/it\'s`},
		{`ls '/it`, `'/it'\''s'`},
		{`ls -R /le`, "/leaf"},
		{`ls /le\`, ""},
		{"nonsense /", ""},
		{"ls --nonsense /le", ""},
		{"ls --nonsense=1 /le", ""},
		{"ls --help /le", ""},
		{"ls --skip a --sk", "--skip"},
		{"ls -", "--help | -h | --recursive | -R | --skip | --output | -o"},
	} {
		if got := texts(Line(context.Background(), r, c.line)); got != c.want {
			t.Errorf("%q: got %s, want %s", c.line, got, c.want)
		}
	}
	if got := Line(context.Background(), r, "ls --o"); len(got) != 1 || got[0].Description != "how to print" {
		t.Errorf("a flag without its description: %+v", got)
	}
}

// What Line offers, taken, must mean the candidate and nothing else.
func FuzzLine(f *testing.F) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		f.Fatal(err)
	}
	defer func(was *os.File) { os.Stderr = was }(os.Stderr)
	os.Stderr = null // cobra complains there
	zk := tree{"/a/b", "/my dir/x", "/it's", `/"$\`, "/日本", "/leaf"}
	for _, s := range []string{"", "ls /", "ls '/my", `ls "/`, "-o", "ls --o=j", "ls -R ", "help ", `\`, "ls -- -"} {
		f.Add(s)
	}
	r := root(zk)
	f.Fuzz(func(t *testing.T, line string) {
		word := LastWord(line)
		for _, c := range Line(context.Background(), r, line) {
			if !strings.HasPrefix(c.Text, word) {
				t.Fatalf("%q: %q does not start with %q", line, c.Text, word)
			}
			if c.Partial {
				continue
			}
			before, err := Split(strings.TrimSuffix(line, word))
			if err != nil {
				t.Fatalf("%q: the words before the last: %v", line, err)
			}
			after, err := Split(strings.TrimSuffix(line, word) + c.Text)
			if err != nil || len(after) != len(before)+1 {
				t.Fatalf("%q: taking %q gives %q, %v", line, c.Text, after, err)
			}
		}
	})
}
