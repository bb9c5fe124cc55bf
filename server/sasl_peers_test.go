package server

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
)

// The clients of others log in to our server as they log in to Apache's.
func TestSASLOfOthers(t *testing.T) {
	t.Parallel()
	apache := zktest.ApacheSASL(t, saslUsers)
	ours := start(t, Config{TickTime: 500 * time.Millisecond, SASLUsers: saslUsers, AuthSchemes: []string{"sasl"}})
	t.Run("kazoo", func(t *testing.T) { kazooLogsIn(t, apache.Addr, ours.Addr()) })
	t.Run("Java", func(t *testing.T) { javaLogsIn(t, apache.Addr, ours.Addr()) })
}

func kazooLogsIn(t *testing.T, apache, ours string) {
	const python = "/usr/bin/python3" // Debian's, which its packages are for
	if err := exec.Command(python, "-c", "import kazoo, puresasl").Run(); err != nil {
		zktest.NeedPeer(t, "no kazoo with SASL: apt-get install python3-kazoo python3-pure-sasl")
	}
	program := filepath.Join("testdata", "sasl_kazoo.py")
	got := output(t, exec.Command(python, program, ours))
	if !strings.HasSuffix(got, "done\n") {
		t.Errorf("it did not come to its end:\n%s", got)
	}
	sameLines(t, got, output(t, exec.Command(python, program, apache)))
}

// zkCli's main class logs in as the JAAS file of its user says.
func javaLogsIn(t *testing.T, apache, ours string) {
	run := func(addr, user, password, script string) (out, lines string) {
		jaas := zktest.JAAS(t, "Client", map[string]string{"username": user, "password": password})
		return zkCliScript(zktest.Java(t, nil, "-Djava.security.auth.login.config="+jaas, "-Dzookeeper.fips-mode=false", "org.apache.zookeeper.ZooKeeperMain", "-server", addr), script)
	}
	for _, test := range []struct{ user, password, script, prints string }{
		{"bob", "secret", "create /java data sasl:bob:cdrwa\nget /java\ngetAcl /java\nwhoami\n", "sasl: bob"},
		{"ann", "geheim", "get /java\nwhoami\n", "Insufficient permission : /java"},
		{"bob", "wrong", "get /java\n", "state:AuthFailed"},
	} {
		out, got := run(ours, test.user, test.password, test.script)
		if !strings.Contains(out, test.prints) {
			t.Errorf("%s %s does not see %q:\n%s", test.user, test.password, test.prints, out)
		}
		_, want := run(apache, test.user, test.password, test.script)
		sameLines(t, got, want)
	}
}

// zkCliScript gives zkCli's main class a script. It returns all that it prints, and the
// lines that are the same each time: several threads print, so they have no order, and
// what the watcher's thread says last is lost where the program ends before.
func zkCliScript(cmd *exec.Cmd, script string) (out, lines string) {
	varies := regexp.MustCompile(`(time|[Zz]xid) = .*|sessionid 0x\w+|127\.0\.0\.1:\d+|(?m)^\[.*|^WATCHER::$|^WatchedEvent .*`)
	cmd.Stdin = strings.NewReader(script)
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	b, _ := cmd.CombinedOutput() // it fails where a command does
	l := strings.Split(varies.ReplaceAllString(string(b), "$1"), "\n")
	l = slices.DeleteFunc(l, func(line string) bool { return line == "" })
	slices.Sort(l)
	return string(b), strings.Join(l, "\n")
}
