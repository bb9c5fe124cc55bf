package commands

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
)

// ensembleOfOne starts an Apache ZooKeeper that is an ensemble of one server, the
// least that can be reconfigured, and returns its host:port.
func ensembleOfOne(t *testing.T) (addr, spec string) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ports := make(map[int]bool)
	port := func() int {
		for {
			if p := zktest.FreePort(t); !ports[p] {
				ports[p] = true
				return p
			}
		}
	}
	client := port()
	addr = fmt.Sprintf("127.0.0.1:%d", client)
	spec = fmt.Sprintf("127.0.0.1:%d:%d:participant;127.0.0.1:%d", port(), port(), client)
	write("myid", "1\n")
	cfg := write("zoo.cfg", strings.Join([]string{
		"dataDir=" + dir, "tickTime=500", "initLimit=10", "syncLimit=5", "admin.enableServer=false",
		"standaloneEnabled=false", "reconfigEnabled=true", "skipACL=yes", "4lw.commands.whitelist=*",
		"dynamicConfigFile=" + write("zoo.cfg.dynamic", "server.1="+spec+"\n"),
	}, "\n")+"\n")
	cmd := zktest.Java(t, nil, "org.apache.zookeeper.server.quorum.QuorumPeerMain", cfg)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 600 {
		if out, err := zktest.FourLetter(addr, "srvr"); err == nil && strings.Contains(out, "Mode: leader") {
			return addr, spec
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the ensemble does not start:\n%s", log.String())
	return "", ""
}

func TestReconfig(t *testing.T) {
	addr, spec := ensembleOfOne(t)
	version := regexp.MustCompile(`1[0-9a-f]{8}`) // a zxid of the first epoch
	const added = "server.2=127.0.0.1:1:2:observer;127.0.0.1:3"
	file := filepath.Join(t.TempDir(), "members")
	if err := os.WriteFile(file, []byte("server.1="+spec+"\n"+added+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line []string
		want string
	}{
		{[]string{"config"}, "server.1=SPEC\nversion=V\n"},
		{[]string{"config", "-c"}, "V CLIENT\n"},
		{[]string{"reconfig", "-add", added}, "server.1=SPEC\n" + added + "\nversion=V\n"},
		{[]string{"config", "-o", "jsonl"}, `{"version":"V","servers":[{"id":"1","spec":"SPEC","client":"CLIENT"},` +
			`{"id":"2","spec":"127.0.0.1:1:2:observer;127.0.0.1:3","client":"127.0.0.1:3"}]}` + "\n"},
		{[]string{"reconfig", "-remove", "2", "-o", "zkcli"}, "Committed new configuration:\nserver.1=SPEC\nversion=V\n"},
		{[]string{"reconfig", "-file", file}, "server.1=SPEC\n" + added + "\nversion=V\n"},
		{[]string{"reconfig", "-members", "server.1=" + spec}, "server.1=SPEC\nversion=V\n"},
		{[]string{"reconfig", "-v", "5", "-remove", "2"}, "! zook: reconfig: bad version\n= 5\n"},
		{[]string{"reconfig", "-add", "server.2=nonsense"}, "! zook: reconfig: bad arguments\n= 1\n"},
	} {
		got := zook(t.Context(), addr, "", c.line...)
		got = strings.NewReplacer(spec, "SPEC", addr, "CLIENT").Replace(got)
		if got = version.ReplaceAllString(got, "V"); got != c.want {
			t.Errorf("%q\n--- got\n%s--- want\n%s", c.line, got, c.want)
		}
	}
}
