//go:build unix

package shell_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"zook/server"
)

// Without a terminal the lines are a script: no prompt, and it ends at the first
// failure, with its code.
func TestNoTerminal(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/a")
	cmd := exec.Command(os.Args[0], "shell", "-S", s.Addr())
	cmd.Env = append(os.Environ(), "ZOOK_TEST_IS_ZOOK=1", "XDG_STATE_HOME="+t.TempDir())
	cmd.Stdin = strings.NewReader("# what is there\nls /\nget /a\nset /a -\nget /nothing\nget /a\n")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if want := "a\nzookeeper\nx"; string(out) != want {
		t.Errorf("printed %q, want %q", out, want)
	}
	if !strings.Contains(stderr.String(), "stdin:4: set") || cmd.ProcessState.ExitCode() == 0 {
		t.Errorf("%v, stderr %q", err, stderr.String())
	}
}
