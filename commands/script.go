package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"zook/client"
	"zook/jute"
)

// addScript lets zook without a command run a script.
func addScript(root *cobra.Command, env *Env) {
	root.Long += "\n\nWithout a command zook runs a script of them, from a pipe or with -f (zook help scripts)."
	var file string
	var keepGoing bool
	f := root.Flags()
	f.StringVarP(&file, "file", "f", "", "run the script in this `FILE`; - for standard input")
	f.BoolVarP(&keepGoing, "keep-going", "k", false, "of a script: go on after a command that failed")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case env.nested:
			return usagef("a command is wanted")
		case file != "" && file != "-":
			r, err := os.Open(file)
			if err != nil {
				return err
			}
			defer r.Close()
			return RunScript(cmd.Context(), env, file, r, keepGoing)
		case env.In != nil && (file == "-" || env.Piped):
			return RunScript(cmd.Context(), env, "stdin", env.In, keepGoing)
		case file != "" || keepGoing:
			return usagef("there is no script: -f names its file, or it comes through a pipe")
		}
		return cmd.Help()
	}
}

func newScripts(*Env) *cobra.Command {
	return &cobra.Command{
		Use:   "scripts",
		Short: "Explain how scripts run",
		Long: `A script is a command a line, from a file (zook -f FILE) or through a pipe. It runs in
one session, so that ephemeral znodes live until its end, and stops at the first command
that fails; zook exits with the code of that. -k goes on, except without a connection,
and exits with the code of the first failure.

A line that begins with # is a comment. A line goes on in the next one after a \ at its
end, and inside of quotes. Quotes and escapes are those of a POSIX shell. Nothing is
asked. Events of watches are printed between commands; watch -n 1 waits for one.

cd and quit work as in the shell. With -f, standard input is free for data (set PATH -);
through a pipe it is the script itself.`,
		Example: `  zook -f setup.zk
  zook -k -o jsonl < probes.zk
  zook <<END
    cd /app
    create -e lock
    set state running
  END`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// maxScriptLine is how long a command of a script may be, in bytes.
const maxScriptLine = 64 << 20

// busyInput is standard input where a script comes from it.
type busyInput struct{}

func (busyInput) Read([]byte) (int, error) {
	return 0, usagef("- is standard input, and the script comes from there; @FILE is for data in a file, and zook -f leaves standard input free")
}

// placedError is an error of a line of a script.
type placedError struct {
	place string // file:line
	err   error
}

func (e *placedError) Error() string { return e.place + ": " + e.err.Error() }
func (e *placedError) Unwrap() error { return e.err }

// placed is err with its place in the script that runs, if one does.
func (e *Env) placed(err error) error {
	var known *placedError
	if err == nil || e.place == "" || errors.As(err, &known) {
		return err
	}
	return &placedError{e.place, err}
}

// script is a script that runs. It is the Shell of its commands.
type script struct {
	env     *Env
	left    bool // by quit
	out     lineWriter
	events  eventQueue
	expired atomic.Bool // the session, and with it the ephemeral znodes
}

// lineWriter begins what another command prints on a line of its own: the data of
// a znode may not have ended the last one.
type lineWriter struct {
	w      io.Writer
	inLine bool // the last byte was no end of a line
	other  bool // what follows is of another command
}

func (l *lineWriter) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if l.inLine && l.other {
		if _, err := io.WriteString(l.w, "\n"); err != nil {
			return 0, err
		}
	}
	l.inLine, l.other = b[len(b)-1] != '\n', false
	return l.w.Write(b)
}

// Lines are none: a script may be long, and needs no memory of itself.
func (s *script) Lines() []string { return nil }
func (s *script) Quit()           { s.left = true }

// RunScript runs the commands that r holds, until one fails unless keepGoing is
// set, and ends the session. name is for the errors, which say name:line. The
// error is the first one; with keepGoing all have been told. If r is env.In, commands
// cannot read data from there.
func RunScript(ctx context.Context, env *Env, name string, r io.Reader, keepGoing bool) error {
	s := &script{env: env}
	in, piped, out, ask, shell, onEvent, onState := env.In, env.Piped, env.Out, env.Ask, env.Shell, env.OnEvent, env.OnState
	defer func() {
		env.In, env.Piped, env.Out, env.Ask, env.Shell, env.OnEvent, env.OnState = in, piped, out, ask, shell, onEvent, onState
		env.place = ""
	}()
	if r == in {
		env.In, env.Piped = busyInput{}, false
	}
	s.out.w = out
	env.Out, env.Ask, env.Shell, env.OnEvent = &s.out, nil, s, s.events.push
	env.OnState = func(state client.State) {
		if state == client.StateExpired {
			s.expired.Store(true)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := s.runAll(ctx, name, readScript(ctx, r), keepGoing)
	env.Close() // after which no event comes
	if err := s.printEvents(); first == nil {
		first = err
	}
	return first
}

func (s *script) runAll(ctx context.Context, name string, lines <-chan scriptLine, keepGoing bool) (first error) {
	for !s.left && ctx.Err() == nil {
		var line scriptLine
		var more bool
		select {
		case line, more = <-lines:
		case <-ctx.Done():
		}
		if !more {
			break
		}
		s.env.place = fmt.Sprintf("%s:%d", name, line.number)
		err := s.env.placed(s.run(ctx, line))
		if err == nil {
			continue
		}
		lost := ExitCode(err) == ExitNoConnection
		if first == nil && (lost || !keepGoing) {
			return err
		}
		if text := Explain(err); text != "" {
			fmt.Fprintln(s.env.Err, text)
		}
		if first == nil {
			first = reportedError{err}
		}
		if lost {
			break
		}
	}
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// run runs one command, and prints the events that came until its end.
func (s *script) run(ctx context.Context, line scriptLine) error {
	if line.err != nil {
		return line.err
	}
	if s.expired.Swap(false) {
		return fmt.Errorf("%w, and with it the ephemeral znodes and watches of the script", jute.ErrSessionExpired)
	}
	s.out.other = true
	err := RunLine(ctx, s.env, line.text)
	if e := s.printEvents(); err == nil {
		err = e
	}
	return err
}

func (s *script) printEvents() error {
	for _, event := range s.events.take() {
		if s.env.HideEvents.Load() {
			continue
		}
		s.out.other = true
		if err := s.env.print(EventItem(event)); err != nil {
			return err
		}
	}
	return nil
}

// scriptLine is a command of a script.
type scriptLine struct {
	text   string
	number int   // of its first line, from 1
	err    error // the script cannot be read
}

// readScript reads commands until the end of r, which closes the channel, or that
// of ctx, which may not: a read may be waiting for input.
func readScript(ctx context.Context, r io.Reader) <-chan scriptLine {
	lines := make(chan scriptLine)
	go func() {
		defer close(lines)
		scanScript(r, func(l scriptLine) bool {
			select {
			case lines <- l:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	return lines
}

// scanScript calls yield with each command until it returns false.
func scanScript(r io.Reader, yield func(scriptLine) bool) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxScriptLine)
	var text strings.Builder
	var q quoting
	number, first := 0, 0
	for in.Scan() {
		line := in.Text()
		if number++; number == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // which some editors begin a file with
		}
		if text.Len() == 0 {
			if isComment(line) {
				continue
			}
			first = number
		}
		text.WriteString(line)
		for i := range len(line) {
			q.plain(line[i])
		}
		if text.Len() > maxScriptLine {
			yield(scriptLine{number: first, err: bufio.ErrTooLong})
			return
		}
		if q.quote != 0 || q.escaped { // it goes on
			text.WriteByte('\n')
			q.plain('\n')
			continue
		}
		if !yield(scriptLine{text: text.String(), number: first}) {
			return
		}
		text.Reset()
	}
	if err := in.Err(); err != nil {
		yield(scriptLine{number: number + 1, err: err})
	} else if text.Len() > 0 {
		yield(scriptLine{text: strings.TrimSuffix(text.String(), "\n"), number: first}) // Split says what is open
	}
}
