package commands

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"zook/client"
	"zook/internal/zktest"
)

// zkcliLines are typed at zkCli.sh, and at zook with -o zkcli, each at a server of
// its own (zkCli 3.8 confuses paths of watches and ephemerals in a chroot): both
// print the same on standard output, zxids and times aside.
const zkcliLines = `
create /a data
create /a/b
create /a/b/c x
create -s /a/s- x
create /z
create -e /e
create -c /container
create -t 60000 /ttl
create /acl data world:anyone:cdrwa,ip:127.0.0.1:cdrwa
ls /
ls -s /a
ls -R /
ls -R /a/b
ls /nope
ls nope
ls /a//b
get /a
get -s /a
get /a/b
get /nope
set /a new
set -s /a newer
set -v 77 /a x
set -v 2 /a x
get -w /a
set /a y
stat /a
stat /container
stat /ttl
stat /nope
stat -w /z
ls -w /a
create /a/watched
delete /z
getAcl /a
getAcl /acl
getAcl -s /a
setAcl /a world:anyone:cdrwa
setAcl -s /a world:anyone:cdrwa
setAcl -s -v 0 /a world:anyone:r
setAcl -R /a/b world:anyone:cdrwa
getAcl /a/b/c
sync /
getEphemerals
getEphemerals /e
getAllChildrenNumber /
getAllChildrenNumber /nope
addWatch -m PERSISTENT /a
set /a z
removewatches /a
addWatch -m PERSISTENT_RECURSIVE /a
create /a/b/d
delete /a/b/d
removewatches /a/b
setquota -n 1 /a
listquota /a
setquota -b 100 /a
listquota /a
delquota -n /a
listquota /a
delquota /a
listquota /a
delquota /a
config
config -s
config -c
whoami
addauth digest u:p
whoami
delete /a
delete -v 5 /a/b/c
delete /a/b/c
deleteall /a
deleteall /a
ls /
nosuchcommand
`

// marker separates the answers of zkCli: a command that prints one known line.
const marker = "printwatches is"

func TestZkCli(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(zkcliLines), "\n")
	theirs := typeAtZkCli(t, zktest.Apache(t, "").Addr, lines)
	ours := typeAtZook(t, zktest.Apache(t, "").Addr, lines)
	for i, line := range lines {
		if got, want := settle(ours[i]), settle(theirs[i]); got != want {
			t.Errorf("%s\n--- zook\n%s--- zkCli\n%s", line, got, want)
		}
	}
}

// typeAtZkCli returns what zkCli prints on standard output after each line.
func typeAtZkCli(t *testing.T, server string, lines []string) []string {
	t.Helper()
	var in bytes.Buffer
	in.WriteString("sync /\nprintwatches\n") // the event of connecting comes first
	for _, line := range lines {
		// Events are printed by another thread: let them come.
		in.WriteString(line + "\nsync /\nsync /\nprintwatches\n")
	}
	cmd := zktest.Java(t, nil, "org.apache.zookeeper.ZooKeeperMain", "-server", server)
	cmd.Stdin = &in
	out := output(t, cmd)
	parts := strings.Split(out, marker)
	if len(parts) < len(lines)+1 {
		t.Fatalf("zkCli answered %d of %d lines:\n%s", len(parts)-1, len(lines), out)
	}
	answers := make([]string, len(lines))
	for i := range lines {
		_, answers[i], _ = strings.Cut(parts[i+1], "\n") // the rest of the marker's line
		answers[i] = strings.ReplaceAll(answers[i], "Sync is OK\n", "")
	}
	return answers
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && out.Len() == 0 {
		t.Fatalf("%v: %s", err, errs.String())
	}
	return out.String()
}

func typeAtZook(t *testing.T, server string, lines []string) []string {
	t.Helper()
	var out lockedBuffer
	env := &Env{Out: &out, Err: &bytes.Buffer{}, Format: ZkCli, Connect: Connect{Server: server}}
	env.OnEvent = func(e client.Event) {
		if !env.HideEvents.Load() {
			EventItem(e).ZkCli(&out)
		}
	}
	defer env.Close()
	answers := make([]string, len(lines))
	for i, line := range lines {
		RunLine(t.Context(), env, line)
		for range 2 {
			RunLine(t.Context(), env, "sync /") // as there, for events
		}
		answers[i] = strings.ReplaceAll(out.take(), "Sync is OK\n", "")
	}
	return answers
}

// settle masks what differs by nature, and puts what has no order in order:
// events may come before or after the answer, and sets are printed as they hash.
func settle(s string) string {
	s = mask(s)
	lines := slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return l == "" })
	for i, l := range lines {
		if names, ok := strings.CutPrefix(l, "["); ok && !strings.HasPrefix(l, "[Warning]") {
			parts := strings.Split(strings.TrimSuffix(names, "]"), ", ")
			slices.Sort(parts)
			lines[i] = "[" + strings.Join(parts, ", ") + "]"
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		rank := func(l string) int {
			switch {
			case strings.HasPrefix(l, "WATCHER"), strings.HasPrefix(l, "WatchedEvent"):
				return 2
			case strings.HasPrefix(l, "ip: "), strings.HasPrefix(l, "digest: "):
				return 1
			}
			return 0
		}
		if r := rank(a) - rank(b); r != 0 || rank(a) != 1 {
			return r
		}
		return strings.Compare(a, b)
	})
	return strings.Join(lines, "\n") + "\n"
}
