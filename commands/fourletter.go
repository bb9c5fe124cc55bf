package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"zook/fourletter"
)

// fourLetterWord is a word that servers may know.
type fourLetterWord struct {
	Word    string `json:"word"`
	About   string `json:"about"`
	Changes bool   `json:"changes"` // something in the server

	read func(reply string) (*replyView, error)
}

var fourLetterWords = []fourLetterWord{
	{"conf", "the configuration", false, readConf},
	{"cons", "every connection: its session, what it has sent and received, its latency", false, readCons},
	{"crst", "reset the statistics of all connections", true, readAnswer(fourletter.ParseCrst)},
	{"dirs", "bytes of all snapshots and of all logs", false, readDirs},
	{"dump", "sessions by when they expire, and their ephemerals", false, readDump},
	{"envi", "the process and its machine", false, readEnvi},
	{"gtmk", "the trace mask", false, readMask},
	{"hash", "the last digests of the tree, since 3.6", false, readHash},
	{"isro", "whether it serves reads only (ro) or all (rw)", false, readIsro},
	{"mntr", "what it measures", false, readMntr},
	{"ruok", "whether it runs (imok), with a quorum or without", false, readAnswer(fourletter.ParseRuok)},
	{"srst", "reset the statistics of the server", true, readAnswer(fourletter.ParseSrst)},
	{"srvr", "version, role, zxid, latency, requests, znodes", false, readSrvr},
	{"stat", "the same and its connections, briefly", false, readSrvr},
	{"stmk", "set the trace mask to MASK", true, readMask},
	{"wchc", "watches by session; costly where there are many", false, readWchc},
	{"wchp", "watches by path; costly where there are many", false, readWchp},
	{"wchs", "how many watches there are", false, readWchs},
}

func (f *fourLetterWord) Text(w io.Writer, s Style) {
	about := f.About
	if f.Changes {
		about += s.Paint(" (changes the server)", yellow)
	}
	fmt.Fprintf(w, "%s  %s\n", s.Paint(f.Word, bold), about)
}

func (f *fourLetterWord) Row(Style) ([]string, [][]string) {
	return []string{"word", "about", "changes the server"},
		[][]string{{f.Word, f.About, map[bool]string{true: "yes"}[f.Changes]}}
}

// said is what a server replied to a word.
type said struct {
	Server string     `json:"server"`
	Word   string     `json:"word"`
	Reply  *replyView `json:"reply,omitempty"`
	Error  string     `json:"error,omitempty"` // why there is no reply

	raw     string
	heading bool // there are several servers
	err     error
}

func (x *said) Text(w io.Writer, s Style) {
	if x.raw == "" && x.err != nil {
		return // it is told on standard error
	}
	if x.heading {
		fmt.Fprintln(w, s.Paint(x.Server+":", bold))
	}
	for line := range strings.Lines(x.raw) {
		fmt.Fprintln(w, keepTabs(strings.TrimRight(line, "\r\n"), s))
	}
}

func (x *said) Row(s Style) ([]string, [][]string) {
	if x.Reply == nil {
		return nil, nil
	}
	columns, rows := x.Reply.columns, x.Reply.rows(s)
	if !x.heading {
		return columns, rows
	}
	for i, r := range rows {
		rows[i] = append([]string{x.Server}, r...)
	}
	return append([]string{"server"}, columns...), rows
}

func newFourLetter(env *Env) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "4lw [WORD [MASK]]",
		Short: "Send a four-letter word to servers",
		Long: `Send a four-letter word to the first server of --server, or with --all to all of them at
once, and print the reply as it comes, or taken apart with -o table, json or jsonl.
Without a WORD, list the words. stmk takes the trace mask to set. crst, srst and stmk
change something in the server; nothing is asked before.

A server answers only the words that 4lw.commands.whitelist in its zoo.cfg names: srvr alone
if it names none.

Exit code: 8 if a server was not reached or did not answer, 1 if it refused.`,
		Example: `  zook 4lw
  zook 4lw srvr
  zook 4lw mntr -o json | jq .reply.znode_count
  zook 4lw ruok --all -S zk1:2181,zk2:2181,zk3:2181`,
		Args: args(0, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, w := range fourLetterWords {
					out = append(out, cobra.CompletionWithDesc(w.Word, w.About))
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return env.listWords()
			}
			word, send, err := wordToSend(args)
			if err != nil {
				return err
			}
			return env.say(cmd, word, send, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "ask every server of --server")
	return cmd
}

func (e *Env) listWords() error {
	p := e.TablePrinter(true)
	for i := range fourLetterWords {
		if err := p.Print(&fourLetterWords[i]); err != nil {
			return err
		}
	}
	return p.Close()
}

// wordToSend finds the word, and makes what goes to the server of it.
func wordToSend(args []string) (word *fourLetterWord, send string, err error) {
	i := slices.IndexFunc(fourLetterWords, func(w fourLetterWord) bool { return w.Word == args[0] })
	if i < 0 {
		text := fmt.Sprintf("there is no word %q", args[0])
		if n := nearest(args[0], fourletter.Words); n != "" {
			text += ", did you mean " + n + "?"
		}
		return nil, "", usagef("%s (zook 4lw lists them)", text)
	}
	word, send = &fourLetterWords[i], args[0]
	switch {
	case word.Word != "stmk" && len(args) > 1:
		return nil, "", usagef("%s takes nothing behind it", word.Word)
	case word.Word == "stmk" && len(args) == 1:
		return nil, "", usagef("stmk needs the mask to set, such as 0x106")
	case word.Word == "stmk":
		mask, err := strconv.ParseInt(args[1], 0, 64)
		if err != nil {
			return nil, "", usagef("%q is not a mask, such as 262 or 0x106", args[1])
		}
		send = fourletter.Stmk(mask)
	}
	return word, send, nil
}

// say sends a word to the first server or to all, and prints what they reply.
func (e *Env) say(cmd *cobra.Command, word *fourLetterWord, send string, all bool) error {
	asker, addrs, err := e.asker()
	if err != nil {
		return err
	}
	if !all {
		addrs = addrs[:1]
	}
	replies := atOnce(addrs, func(addr string) *said {
		x := &said{Server: addr, Word: word.Word, heading: all}
		if x.raw, x.err = askWord(cmd.Context(), asker, addr, word, send); x.err == nil {
			x.Reply, x.err = word.read(x.raw)
		}
		return x
	})
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	var failed error
	for _, x := range replies {
		if x.err != nil {
			x.Error = x.err.Error()
			failed = cmp.Or(failed, e.report(cmd.Name(), &Error{Path: x.Server, Err: x.err}))
		}
	}
	p := e.Printer(all)
	for _, x := range replies {
		if x.err != nil && (e.Format == Table || x.raw == "" && !all) {
			continue
		}
		if err := p.Print(x); err != nil {
			return err
		}
	}
	return cmp.Or(p.Close(), failed)
}

// askWord sends a word. Its errors exit with the right code and say what to do.
func askWord(ctx context.Context, asker *fourletter.Client, addr string, word *fourLetterWord, send string) (string, error) {
	reply, err := asker.Ask(ctx, addr, send)
	switch refusal := fourletter.Refusal(reply); {
	case err != nil:
		return "", &connectError{errors.New(reason(err))}
	case errors.Is(refusal, fourletter.ErrNotAllowed):
		return "", fmt.Errorf("%w; its AdminServer, if that is on, has it as /commands/%s", refusal, fourletter.AdminCommands[word.Word])
	case refusal != nil:
		return "", refusal
	case reply == "" && word.Word != "hash":
		return "", &connectError{errors.New("it closed the connection without an answer; is that its port for TLS, or no ZooKeeper?")}
	}
	return reply, nil
}

// atOnce asks all servers at once, and returns what came of it in their order.
func atOnce[T any](addrs []string, ask func(addr string) T) []T {
	results := make([]T, len(addrs))
	var asking sync.WaitGroup
	for i, addr := range addrs {
		asking.Go(func() { results[i] = ask(addr) })
	}
	asking.Wait()
	return results
}

// replyView is a reply taken apart: its JSON, and rows of a table.
type replyView struct {
	value   any
	columns []string
	rows    func(Style) [][]string
}

// MarshalJSON encodes the value.
func (v *replyView) MarshalJSON() ([]byte, error) { return encodeJSON(v.value) }
