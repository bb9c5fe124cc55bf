package server

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/internal/zktest"
)

// The clients of others, as they are, against our server. What they print is
// compared with what they print against Apache's.

// bothServers starts Apache's server and ours, alike.
func bothServers(t *testing.T) (apache, ours string) {
	t.Helper()
	a := zktest.Apache(t, "", "tickTime=1000")
	return a.Addr, start(t, Config{TickTime: time.Second, ExtendedTypes: true, Words: []string{"*"}}).Addr()
}

// output runs a command for at most a minute and returns what it prints.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	return out.String()
}

// sameLines compares two outputs line by line.
func sameLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		gl, wl := "nothing", "nothing"
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			t.Errorf("line %d:\n ours   %s\n Apache %s", i+1, gl, wl)
		}
	}
}

// python is Debian's, which its packages are for.
const python = "/usr/bin/python3"

// TestClientsOfOthers has them all work at once on one server of each kind.
func TestClientsOfOthers(t *testing.T) {
	apache, ours := bothServers(t)
	both := func(name string, run func(t *testing.T, addr string) string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, want string
			t.Run("run", func(t *testing.T) {
				t.Run("ours", func(t *testing.T) { t.Parallel(); got = run(t, ours) })
				t.Run("Apache's", func(t *testing.T) { t.Parallel(); want = run(t, apache) })
			})
			if !strings.HasSuffix(got, "done\n") {
				t.Errorf("it did not come to its end:\n%s", got)
			}
			sameLines(t, got, want)
		})
	}
	both("go-zookeeper", goClient)
	both("zkCli", zkCli)
	both("cli_mt", cliMt)
	if err := exec.Command(python, "-c", "import kazoo").Run(); err != nil {
		zktest.NeedPeer(t, "no kazoo: apt-get install python3-kazoo")
	}
	for _, program := range []string{"kazoo_program.py", "kazoo_recipes.py"} {
		both(program, func(t *testing.T, addr string) string {
			return output(t, exec.Command(python, filepath.Join("testdata", program), addr))
		})
	}
	cProgram := compileC(t)
	both("C", func(t *testing.T, addr string) string { return output(t, exec.Command(cProgram, addr)) })
	jars := compileJava(t)
	for _, class := range []string{"JavaClientProgram", "CuratorProgram"} {
		both(class, func(t *testing.T, addr string) string { return output(t, zktest.Java(t, jars, class, addr)) })
	}
}

// compileC makes a program of the C client's library.
func compileC(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/usr/include/zookeeper/zookeeper.h"); err != nil {
		zktest.NeedPeer(t, "no headers of the C client: apt-get install libzookeeper-mt-dev")
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		zktest.NeedPeer(t, "no cc: apt-get install gcc libc6-dev")
	}
	program := filepath.Join(t.TempDir(), "c_client")
	output(t, exec.Command(cc, "-Wall", "-DTHREADED", "-o", program, filepath.Join("testdata", "c_client.c"), "-lzookeeper_mt"))
	return program
}

// compileJava makes the programs of Java's client and of Curator, and returns what
// their class path needs beyond Apache's jars.
func compileJava(t *testing.T) []string {
	t.Helper()
	javac, err := exec.LookPath("javac")
	if err != nil {
		zktest.NeedPeer(t, "no javac: apt-get install default-jdk-headless")
	}
	classes := t.TempDir()
	path := []string{classes}
	for _, name := range []string{"curator-client", "curator-framework", "curator-recipes", "guava", "failureaccess"} {
		jar := "/usr/share/java/" + name + ".jar"
		if _, err := os.Stat(jar); err != nil && name != "failureaccess" { // which only newer guavas have
			zktest.NeedPeer(t, "no %s: apt-get install libcurator-recipes-java", jar)
		}
		path = append(path, jar)
	}
	args := []string{"-J-XX:TieredStopAtLevel=1", "-nowarn", "-proc:none", "-d", classes,
		"-cp", strings.Join(append(path, "/usr/share/java/zookeeper.jar", "/usr/share/java/zookeeper-jute.jar"), ":")}
	for _, class := range []string{"JavaClientProgram", "CuratorProgram", "CuratorRecipes"} {
		args = append(args, filepath.Join("testdata", class+".java"))
	}
	output(t, exec.Command(javac, args...))
	return path
}

// zkCli's main class reads commands from a script. Its watcher prints on a thread
// of its own, so the order of lines is left out.
func zkCli(t *testing.T, addr string) string {
	script, err := os.ReadFile(filepath.Join("testdata", "zkcli_script"))
	if err != nil {
		t.Fatal(err)
	}
	varies := regexp.MustCompile(`(time|[Zz]xid) = .*|127\.0\.0\.1:\d+`)
	cmd := zktest.Java(t, nil, "org.apache.zookeeper.ZooKeeperMain", "-server", addr)
	cmd.Stdin = bytes.NewReader(script)
	out := output(t, cmd)
	for _, must := range []string{"newest", "[a, e, s-0000000002, x]", "Sync is OK", "WatchedEvent state:SyncConnected type:NodeDataChanged path:/z"} {
		if !strings.Contains(out, must) {
			t.Errorf("it does not print %q", must)
		}
	}
	lines := strings.Split(varies.ReplaceAllString(out, "$1"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\ndone\n"
}

// cliMt is the C client's shell, which reads commands and prints what comes, when it
// comes.
func cliMt(t *testing.T, addr string) string {
	const cli = "/usr/lib/zookeeper/bin/cli_mt"
	if _, err := os.Stat(cli); err != nil {
		zktest.NeedPeer(t, "no %s: apt-get install zookeeper-bin", cli)
	}
	c := newTalk(t, exec.Command(cli, addr))
	c.say("", "Got a new session id")
	c.say("create /c", "[/c]: rc = 0")
	c.say("set /c data", "/c: rc = 0")
	c.say("get /c", "data\n")
	c.say("create +e /c/e", "[/c/e]: rc = 0")
	c.say("create +s /c/s", "name = /c/s0000000001")
	c.say("create2 /c/2", "[/c/2]: rc = 0")
	c.say("ls /c", "s0000000001\n")
	c.say("ls2 /c", "version=1")
	c.say("exists /c/none", "Error -101")
	c.say("create /c", "-110")
	c.say("delete /c", "-111")
	c.say("wexists /c/w", "-101")
	c.say("create /c/w", "CREATED_EVENT")
	c.say("wexists /c/w", "") // of one that is there it prints nothing
	c.say("set /c/w x", "CHANGED_EVENT")
	c.say("wexists /c/w", "") // of one that is there it prints nothing
	c.say("delete /c/w", "DELETED_EVENT")
	c.say("sync /c", "[/c]: rc = 0")
	c.say("addauth digest u:p", "")
	c.say("get /c", "version=1")
	c.say("quit", "")
	return "done\n"
}

// talk is a program that is told lines and answers when it likes.
type talk struct {
	t     *testing.T
	stdin io.Writer

	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{}
}

func newTalk(t *testing.T, cmd *exec.Cmd) *talk {
	c := &talk{t: t, more: make(chan struct{}, 1)}
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = c, c
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return c
}

// Write takes what the program prints.
func (c *talk) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return c.said.Write(b)
}

// say tells a line and waits until the program has printed the answer.
func (c *talk) say(line, answer string) {
	c.t.Helper()
	if line != "" {
		c.mu.Lock()
		c.said.Reset()
		c.mu.Unlock()
		if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
			c.t.Fatal(err)
		}
	}
	deadline := time.After(10 * time.Second)
	for {
		c.mu.Lock()
		said := c.said.String()
		c.mu.Unlock()
		if strings.Contains(said, answer) {
			return
		}
		select {
		case <-c.more:
		case <-deadline:
			c.t.Fatalf("%q was answered with\n%s\nnot with %q", line, said, answer)
		}
	}
}
