// Package shell is the interactive shell: it reads lines with go-prompt and
// hands them to package commands.
//
// How it fits together:
//
//   - shell (shell.go) is the loop: read a line, run it, until something ends it.
//   - keys reads the terminal for go-prompt and puts the shell's own keys
//     (editing.go, search.go) in between.
//   - canvas is what go-prompt draws on; screen puts that on the terminal and
//     keeps it intact while events and messages are printed above it.
//   - menu asks package completions in the background.
//   - link watches the connection, says what happens to it, and opens it again.
//   - history is the file of past lines.
//
// However the shell ends, the terminal is left as it was found: raw mode is on
// only while a line is being typed, and the terminal's Close runs last.
package shell

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/c-bata/go-prompt"
	"golang.org/x/term"

	"zook/client"
	"zook/commands"
)

// The colours of the menu.
const (
	menuText      = prompt.White
	menuNote      = prompt.LightGray
	menuColor     = prompt.DarkGray
	selectedText  = prompt.Black
	selectedColor = prompt.Cyan
	menuRows      = 8
)

type shell struct {
	env     *commands.Env
	format  commands.Format // of events
	tty     *terminal
	screen  *screen
	canvas  *canvas
	keys    *keys
	menu    *menu
	history *history
	link    *link
	prompt  *prompt.Prompt

	// What follows belongs to the goroutine of the loop, which go-prompt draws and
	// acts on.
	prefix  string
	search  *search          // nil while there is none
	listed  string           // the line that list is for
	list    []prompt.Suggest // in the menu
	showAll bool             // the menu is wanted, though no word has begun
	tabbed  string           // the line that a Tab waits for candidates for
	leaving bool

	mu     sync.Mutex
	cancel context.CancelFunc // ends the running command; nil at the prompt
	ctx    context.Context    // of the running command
	ended  error              // why the shell is to end
}

// Run reads lines from env.In and runs them until quit, the end of the input, a
// signal, or the end of ctx. With a terminal on both ends it is the shell, whose
// commands may fail; else env.In is a script, which ends at the first failure.
func Run(ctx context.Context, env *commands.Env) error {
	in, isIn := env.In.(*os.File)
	out, isOut := env.Out.(*os.File)
	if !isIn || !isOut || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) || !hasTTY() {
		if env.In == nil {
			return nil
		}
		return commands.RunScript(ctx, env, "stdin", env.In, false)
	}
	t, err := openTerminal(in)
	if err != nil {
		return err
	}
	defer t.Close()
	defer func(was *os.File) { os.Stderr = was }(os.Stderr)
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		defer null.Close()
		os.Stderr = null // cobra and go-prompt complain there; env.Err is not it
	}
	s := newShell(env, t, out)
	defer s.borrow()()
	return s.loop(ctx)
}

// hasTTY reports whether go-prompt can open the terminal: it panics if not.
func hasTTY() bool {
	if devTTY == "" {
		return true
	}
	f, err := os.OpenFile(devTTY, os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func newShell(env *commands.Env, t *terminal, out *os.File) *shell {
	size := func() (int, int) {
		columns, rows, err := term.GetSize(int(out.Fd()))
		if err != nil || columns < 2 || rows < 2 {
			return 80, 24 // as a container's terminal says at first
		}
		return columns, rows
	}
	s := &shell{env: env, format: env.Format, tty: t, history: openHistory(historyPath())}
	s.screen = &screen{out: out, size: size, color: env.Color}
	s.canvas = &canvas{show: s.screen.show}
	s.keys = &keys{tty: t, bind: s.bind, refresh: s.refresh}
	s.link = &link{env: env, tell: s.tell, changed: s.linkChanged}
	s.menu = newMenu(s, s.link, s.keys.wantRefresh)
	s.prompt = prompt.New(nil, s.complete,
		prompt.OptionParser(s.keys), prompt.OptionWriter(s.canvas),
		prompt.OptionLivePrefix(func() (string, bool) { return s.prefix, true }),
		prompt.OptionHistory(slices.Clone(s.history.lines)),
		prompt.OptionAddASCIICodeBind(prompt.ASCIICodeBind{ASCIICode: []byte(actionKey), Fn: s.keys.do}),
		prompt.OptionCompletionWordSeparator(separators), prompt.OptionMaxSuggestion(menuRows),
		prompt.OptionPrefixTextColor(stateColor), prompt.OptionPreviewSuggestionTextColor(prompt.Turquoise),
		prompt.OptionSuggestionTextColor(menuText), prompt.OptionSuggestionBGColor(menuColor),
		prompt.OptionDescriptionTextColor(menuNote), prompt.OptionDescriptionBGColor(menuColor),
		prompt.OptionSelectedSuggestionTextColor(selectedText), prompt.OptionSelectedSuggestionBGColor(selectedColor),
		prompt.OptionSelectedDescriptionTextColor(selectedText), prompt.OptionSelectedDescriptionBGColor(selectedColor),
		prompt.OptionScrollbarBGColor(menuColor), prompt.OptionScrollbarThumbColor(prompt.LightGray))
	return s
}

// borrow puts the shell in between the commands and the terminal, until giveBack.
func (s *shell) borrow() (giveBack func()) {
	env := s.env
	in, out, err, progress, ask := env.In, env.Out, env.Err, env.Progress, env.Ask
	env.In, env.Out, env.Err, env.Ask = commandInput{s}, s.screen, s.screen, s.ask
	if progress != nil {
		env.Progress = s.screen
	}
	env.Shell, env.OnEvent, env.OnState = s, s.event, s.link.onState
	return func() {
		env.In, env.Out, env.Err, env.Progress, env.Ask = in, out, err, progress, ask
		env.Shell = nil
	}
}

// loop reads and runs lines until something ends the shell.
func (s *shell) loop(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopSignals := s.watchSignals(ctx)
	defer stopSignals()
	defer watchTerminal(s.resized, s.resumed)()
	s.link.resume()
	defer s.link.pause()
	for {
		line := s.readLine()
		if s.leaving {
			break
		}
		if strings.TrimSpace(line) != "" {
			s.history.add(line)
			s.run(line)
		}
		if s.leaving {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

func (s *shell) readLine() string {
	s.updatePrefix()
	return s.prompt.Input()
}

// run runs one line and prints its error.
func (s *shell) run(line string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.mu.Lock()
	s.ctx, s.cancel = ctx, cancel
	if s.ended != nil || s.keys.interrupted() {
		cancel()
	}
	s.mu.Unlock()
	s.link.pause()
	err := protect(func() error { return commands.RunLine(ctx, s.env, line) })
	s.link.resume()
	s.mu.Lock()
	s.cancel = nil
	s.leaving = s.leaving || s.ended != nil
	s.mu.Unlock()
	if ctx.Err() != nil {
		s.screen.startLine() // the terminal has echoed ^C
	}
	if text := commands.Explain(err); text != "" {
		fmt.Fprintln(s.screen, text)
	}
	s.menu.forget()
}

// protect turns a panic in a command into an error: a mistake of ours costs a
// command, not the session.
func protect(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("this is a mistake in zook, please report it: %v", r)
		}
	}()
	return do()
}

// Lines implements commands.Shell.
func (s *shell) Lines() []string { return s.history.session() }

// Quit implements commands.Shell.
func (s *shell) Quit() { s.leaving = true }

// watchSignals makes Ctrl-C end the running command, or clear the line, and the
// signals that end a process end the shell. The caller's handlers of these
// signals, which end everything, are off meanwhile.
func (s *shell) watchSignals(ctx context.Context) (stop func()) {
	signal.Reset(append(deadly, os.Interrupt)...)
	ch := make(chan os.Signal, 16)
	signal.Notify(ch, append(deadly, os.Interrupt)...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-ch:
				if sig == os.Interrupt {
					s.interrupt()
					continue
				}
				s.end(fmt.Errorf("ended by a signal: %v", sig))
				signal.Reset(deadly...) // the next one does not wait for a command
			case <-ctx.Done():
				s.end(ctx.Err())
				return
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(ch); close(done) }
}

func (s *shell) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	} else {
		s.keys.inject(ctrlC)
	}
}

// end ends the shell as soon as the running command has returned.
func (s *shell) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = why
	}
	if s.cancel != nil {
		s.cancel()
	}
	s.keys.hangUp()
}

func (s *shell) resized() {
	s.screen.redraw()
	s.keys.wantRefresh() // the prompt may be too long now
}

func (s *shell) resumed() {
	if s.screen.isShown() {
		s.tty.Setup()
		s.screen.redrawHere()
	}
}

// event prints a watch event above the line.
func (s *shell) event(e client.Event) {
	if s.env.HideEvents.Load() {
		return
	}
	var b bytes.Buffer
	p := (&commands.Env{Out: &b, Format: s.format, Terminal: true, Color: s.env.Color}).Printer(false)
	p.Print(commands.EventItem(e))
	p.Close()
	s.screen.print(b.String())
}

// tell prints a message about the connection above the line.
func (s *shell) tell(text string, c prompt.Color) {
	s.screen.print(s.screen.inColor(text, c) + "\n")
}

func (s *shell) linkChanged() {
	s.menu.forget()
	s.keys.wantRefresh()
}

// ask is commands.Env.Ask.
func (s *shell) ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(s.screen, "%s [y/N] ", question)
	line, err := bufio.NewReaderSize(commandInput{s}, 16).ReadString('\n')
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		s.screen.startLine() // Ctrl-D is no answer, and ends no line
	} else {
		s.screen.newLine()
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}

// commandInput is standard input for commands: Ctrl-C ends a Read.
type commandInput struct{ s *shell }

func (in commandInput) Read(p []byte) (int, error) {
	in.s.mu.Lock()
	ctx := in.s.ctx
	in.s.mu.Unlock()
	return in.s.keys.readLine(ctx, p)
}
