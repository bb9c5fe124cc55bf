//go:build unix

package commands

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// A mistake of ours in any goroutine ends top with a line, the terminal as it was.
func TestTopPanics(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	go io.Copy(io.Discard, master)
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	env := &Env{Console: &Console{tty, tty}}
	m := &monitor{ctx: t.Context(), interval: time.Second} // without an asker
	err = env.topScreen(m, []string{"127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "a mistake in zook, please report it") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	after, _ := term.GetState(int(tty.Fd()))
	if !reflect.DeepEqual(before, after) {
		t.Error("the terminal is not as it was")
	}

	broken := &topModel{monitor: m, style: Style{Width: 80}, height: 24, shown: &observed{}} // without its round
	broken.View()
	if _, cmd := broken.Update(tickMsg{}); cmd == nil || broken.err == nil {
		t.Error("a panic of the view is not noticed")
	}
}
