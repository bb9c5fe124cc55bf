//go:build unix

package shell_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zook/internal/zktest"
	"zook/server"
)

// commandShell is a command shell with zook in its PATH.
func commandShell(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		zktest.NeedPeer(t, "no %s: apt-get install %s", name, name)
	}
	bin := t.TempDir()
	script := "#!/bin/sh\nZOOK_TEST_IS_ZOOK=1 exec '" + os.Args[0] + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "zook"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+t.TempDir(), "HISTFILE=", "PS1=$ ")
	return cmd
}

func TestBash(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(library); err != nil {
		zktest.NeedPeer(t, "no %s: apt-get install bash-completion", library)
	}
	s := zooKeeper(t, server.Config{}, "/brokers", "/brokers/ids", "/brokers/topics", "/broom", "/config", "/my dir", "/my dir/x", "/my dir/y")
	p := sitsAt(t, 100, 24, commandShell(t, "bash", "--norc", "-i"))
	p.types(". " + library + "; . <(zook completion bash); bind 'set bell-style none'; export ZOOK_SERVER=" + s.Addr() + "; clear<Enter>")
	p.waitsUntil("bash", func(screen string) bool { return screen == "$" })

	p.types("zook ls /brok<Tab>")
	p.waitsForEnd("zook ls /brokers/") // it has children: no blank
	p.types("t<Tab>x")
	p.waitsForEnd("zook ls /brokers/topics x")
	p.types("<C-U>zook get /bro<Tab><Tab>")
	p.waits("/brokers", "/broom")
	p.types("<C-U>zook get /my<Tab>y<Enter>")
	p.waits(`zook get /my\ dir/y`)
	p.types("<C-U>zook ls --rec<Tab>x")
	p.waitsForEnd("zook ls --recursive x")
	p.types("<C-U>zook ls -o zk<Tab>x")
	p.waitsForEnd("zook ls -o zkcli x")
	p.types("<C-U>zook exi<Tab>x")
	p.waitsForEnd("zook exists x")

	// The server that the line names, rather than the environment.
	other := zooKeeper(t, server.Config{}, "/elsewhere")
	p.types("<C-U>zook -S " + other.Addr() + " get /else<Tab>x")
	p.waitsForEnd("get /elsewhere x")
	p.types("<C-U>zook -S 127.0.0.1:1 get /else<Tab>x")
	p.waitsForEnd("get /elsex") // nobody there: nothing, and no noise
}

func TestZsh(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/brokers", "/brokers/ids", "/brokers/topics", "/my dir", "/my dir/x")
	p := sitsAt(t, 100, 24, commandShell(t, "zsh", "-f", "-i"))
	p.types("autoload -Uz compinit; compinit -u -D; . <(zook completion zsh); export ZOOK_SERVER=" + s.Addr() + "; clear<Enter>")
	p.waitsUntil("zsh", func(screen string) bool { return screen == "$" })
	p.types("zook ls /bro<Tab>t<Tab>x")
	p.waitsForEnd("zook ls /brokers/topics x")
	p.types("<C-U>zook get /my<Tab>x<Enter>")
	p.waits("zook get /my\\ dir/x\nx")
	p.types("<C-U>zook ls --rec<Tab>x")
	p.waitsForEnd("zook ls --recursive x")
}

func TestFish(t *testing.T) {
	s := zooKeeper(t, server.Config{}, "/brokers", "/brokers/ids", "/broom")
	for line, want := range map[string]string{
		"zook ls /bro":                "/brokers\n/broom\n",
		"zook ls /broke":              "/brokers/\t1 child\n",
		"zook ls --rec":               "--recursive\tlist paths",
		"zook -S 127.0.0.1:1 ls /bro": "",
		"zook exi":                    "exists\t",
	} {
		cmd := commandShell(t, "fish", "--no-config", "-c", "zook completion fish | source; complete -C '"+line+"'")
		cmd.Env = append(cmd.Env, "ZOOK_SERVER="+s.Addr())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), want) || want == "" && len(out) > 0 {
			t.Errorf("%s: got %q, %v; want %q", line, out, err, want)
		}
	}
}

// There is no PowerShell to try it in.
func TestPowerShellScript(t *testing.T) {
	cmd := exec.Command(os.Args[0], "completion", "powershell")
	cmd.Env = append(os.Environ(), "ZOOK_TEST_IS_ZOOK=1")
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "Register-ArgumentCompleter -CommandName 'zook'") {
		t.Errorf("%v:\n%s", err, out)
	}
}
