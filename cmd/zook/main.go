// Command zook is everything a person does to Apache ZooKeeper.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"zook/commands"
	"zook/shell"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := newEnv()
	env.StartShell = shell.Run
	defer env.Close()
	err := commands.Run(ctx, env, os.Args[1:])
	if line := commands.Explain(err); line != "" {
		fmt.Fprintln(os.Stderr, line)
	}
	return commands.ExitCode(err)
}

func newEnv() *commands.Env {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	env := &commands.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	if stdin, err := os.Stdin.Stat(); err == nil {
		env.Piped = stdin.Mode()&os.ModeCharDevice == 0
	}
	if isTerminal(os.Stdout) {
		env.Terminal = true
		env.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		env.Width = func() int {
			columns, _, _ := term.GetSize(int(os.Stdout.Fd()))
			return columns
		}
		if isTerminal(os.Stdin) && os.Getenv("TERM") != "dumb" {
			env.Console = &commands.Console{In: os.Stdin, Out: os.Stdout}
		}
	}
	if isTerminal(os.Stderr) {
		env.Progress = os.Stderr
		if isTerminal(os.Stdin) {
			env.Ask = ask
		}
	}
	return env
}

// ask asks on the terminal. No answer (Ctrl-D) is a no.
func ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(os.Stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
