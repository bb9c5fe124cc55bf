package commands

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
	"zook/txnlog"
)

// startFollow starts a follow and returns once it is where it begins.
func startFollow(t *testing.T, words ...string) *watcherRun {
	t.Helper()
	w := &watcherRun{terminal: newTerminal(""), t: t, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	t.Cleanup(cancel)
	go func() { w.ended <- Run(ctx, &w.Env, append([]string{"txnlog", "follow"}, words...)) }()
	until(t, "follow", func() bool { return strings.Contains(w.peek(), "! zook: following ") || len(w.ended) > 0 })
	return w
}

// stopped is what was printed until Ctrl-C.
func (w *watcherRun) stopped() string {
	w.t.Helper()
	w.cancel()
	select {
	case err := <-w.ended:
		w.finish(err)
	case <-time.After(20 * time.Second):
		w.t.Fatalf("it does not end; printed\n%s", w.peek())
	}
	return w.take()
}

// What servers log under load, over rolls, is followed in order and completely: it is
// what dump finds afterwards.
func TestTxnlogFollowServers(t *testing.T) {
	const znodes = 1500
	for name, start := range map[string]func(t *testing.T, dir string) (addr string, stop func()){
		"zook": func(t *testing.T, dir string) (string, func()) {
			s, err := server.Start(t.Context(), server.Config{DataDir: dir, SnapCount: 300})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s.Addr(), func() { s.Close() }
		},
		"apache": func(t *testing.T, dir string) (string, func()) {
			s := zktest.Apache(t, dir, "snapCount=300")
			return s.Addr, s.Stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := startFollow(t, "-o", "jsonl", dir)
			addr, stop := start(t, dir)
			c := dial(t, addr)
			parallel(t.Context(), 64, znodes, func(ctx context.Context, i int) error {
				_, _, err := c.Create(ctx, fmt.Sprintf("/n%d", i), make([]byte, i%700), jute.OpenACL(), jute.Persistent, 0)
				if err != nil {
					t.Error(err)
				}
				return err
			})
			c.Close()
			until(t, "end of the session", func() bool { return strings.Contains(f.peek(), `"closeSession"`) })
			stop()
			got := f.stopped()
			logs, err := txnlog.Files(dir)
			if err != nil || len(logs) < 4 {
				t.Fatalf("%d logs, %v", len(logs), err)
			}
			want := "! zook: following " + dir + "\n" + zook(t.Context(), "", "", "txnlog", "dump", "-o", "jsonl", filepath.Join(dir, "version-2"))
			if got != want {
				t.Errorf("follow printed %d bytes, dump %d:\n%.2000s\n---\n%.2000s", len(got), len(want), got, want)
			}
			if n := strings.Count(want, `"create`); n < znodes {
				t.Errorf("%d lines of creation", n)
			}
		})
	}
}

// It begins where it is told to, and then prints what dump does.
func TestTxnlogFollow(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	version2 := filepath.Join("data", "version-2")
	os.MkdirAll(version2, 0o755)
	os.WriteFile("zoo.cfg", []byte("dataDir=data\nclientPort=2181\n"), 0o644)
	writeTxns(t, version2, sample()[:6]...)
	for _, c := range []struct {
		begin, flags, dir string
		first             int // that is printed
	}{
		{"", "", "data", 7},
		{"-n 2", "", "data", 5},
		{"-n 100", "", version2, 1},
		{"--from start", "", "zoo.cfg", 1},
		{"--from 0x6", "", "data", 6},
		{"--from 8", "", "data", 8},
		{"-n 5", "-o jsonl", "data", 2},
		{"-n 4", "-o json --type write --data hex", "data", 3},
		{"-n 5", "-o table --path /a/", "data", 2},
	} {
		f := startFollow(t, strings.Fields(c.begin+" "+c.flags+" "+c.dir)...)
		next := writeTxns(t, version2, sample()[6:9]...)
		until(t, "the last line", func() bool { return strings.Contains(f.peek(), "0x9") || strings.Contains(c.flags, "table") })
		if strings.Contains(c.flags, "table") { // which comes at the end
			time.Sleep(10 * followPause)
		}
		_, got, _ := strings.Cut(f.stopped(), "\n")
		if want := dump(t, dir, fmt.Sprintf("%s --zxid %d.. data", c.flags, c.first)); got != want {
			t.Errorf("%s\n--- got\n%s--- want\n%s", c.begin, got, want)
		}
		os.Remove(next)
	}
	f := startFollow(t, "--from", "start", "-o", "zkcli", "data")
	until(t, "lines", func() bool { return strings.Contains(f.peek(), "zxid 0x6 ") })
	lines := strings.SplitAfter(dump(t, dir, "-o zkcli data"), "\n")
	want := strings.Join(lines[1:len(lines)-2], "") // without what frames a file
	if got := f.stopped(); got != "! zook: following data\n"+want {
		t.Errorf("-o zkcli\n--- got\n%s--- want\n%s", got, want)
	}
}

// Faults are told once: those of a crash, those that end the log, and what is missing.
func TestTxnlogFollowFaults(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("log.1", logOf(t, 3)[:200])
	f := startFollow(t, "--from", "start", ".")
	until(t, "0x2", func() bool { return strings.Contains(f.peek(), " 0x2 ") })
	writeTxns(t, dir, sample()[4:6]...)
	until(t, "0x6", func() bool { return strings.Contains(f.peek(), " 0x6 ") })
	expect(t, f.stopped(), `
	! zook: following .
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 create /a size=3
	! zook: log.1: torn by a crash at offset 167 (last good zxid 0x2): the file ends inside a record of 76 bytes
	! zook: log.5: the transactions between 0x2 and 0x5 are not there
	2026-01-02T04:04:05.005+01:00 0x5 0x1000a 0x5 createTTL /ttl size=2 ttl=1m30s
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1
	`)
	damaged := logOf(t, 3)
	damaged[65+12+37] = 'x'
	put("log.1", damaged)
	f = startFollow(t, "--from", "start", ".")
	until(t, "0x6", func() bool { return strings.Contains(f.peek(), " 0x6 ") })
	expect(t, f.stopped(), `
	! zook: following .
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	! zook: txnlog follow: log.1: damaged at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc55511ea, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3
	! zook: log.5: the transactions between 0x1 and 0x5 are not there
	2026-01-02T04:04:05.005+01:00 0x5 0x1000a 0x5 createTTL /ttl size=2 ttl=1m30s
	2026-01-02T04:04:06.006+01:00 0x6 0x1000a 0x6 setData /a size=4 version=1
	= 9
	`)
	os.Remove("log.5")
	f = startFollow(t, "--from", "start", ".") // the newest: nothing comes behind it
	until(t, "end", func() bool { return len(f.ended) > 0 })
	expect(t, f.stopped(), `
	! zook: following .
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	! zook: txnlog follow: log.1: damaged at offset 65 (last good zxid 0x1): the checksum of a record of 89 bytes is 0xc55511ea, not 0xc0a911d3 as it says; the next whole record is at offset 167, zxid 0x3
	= 9
	`)
	unknown := logOf(t, 3)
	unknown[65+12+31] = 99
	put("log.1", resum(unknown, 65))
	f = startFollow(t, "--from", "start", ".")
	until(t, "0x3", func() bool { return strings.Contains(f.peek(), " 0x3 ") })
	expect(t, f.stopped(), `
	! zook: following .
	! zook: txnlog follow: log.1: damaged at offset 65 (last good zxid 0x2): transaction of type op 99: op 99 is not a transaction
	2026-01-02T04:04:01.001+01:00 0x1 0x1000a 0x1 createSession timeout=30s
	2026-01-02T04:04:02.002+01:00 0x2 0x1000a 0x2 op 99 DAMAGED: transaction of type op 99: op 99 is not a transaction
	2026-01-02T04:04:03.003+01:00 0x3 0x1000a 0x3 create2 /a/e size=0 ephemeral
	= 9
	`)
	put("log.1", []byte("no log, and never will be"))
	put("file", []byte("dataDir\n"))
	os.Mkdir("empty", 0o755)
	for words, want := range map[string]string{
		".":                       "! zook: txnlog follow: log.1: damaged at offset 0 (no transaction before it): not a transaction log: it begins with \"no l\", not \"ZKLG\"\n= 9\n",
		"gone":                    "! zook: txnlog follow: gone: no such file or directory\n= 1\n",
		"-n -1 .":                 "! zook: txnlog follow: -n: 0 or more transactions\n= 2\n",
		"-n 1 --from start .":     "! zook: txnlog follow: -n and --from both say where to begin: one of them is enough\n= 2\n",
		"--from x .":              "! zook: txnlog follow: --from: \"x\" is neither start nor a zxid such as 0x1f00000002 (zook txnlog follow --help)\n= 2\n",
		"":                        "! zook: txnlog follow: which logs? usage: zook txnlog follow [DIR]\n= 2\n",
		"--since 1h --until 2h .": "! zook: txnlog follow: --until is before --since\n= 2\n",
	} {
		f := startFollow(t, strings.Fields(words)...)
		until(t, words, func() bool { return len(f.ended) > 0 })
		if got := strings.TrimPrefix(f.stopped(), "! zook: following .\n"); got != want {
			t.Errorf("%s\n got %swant %s", words, got, want)
		}
	}
	if got := startFollow(t, "empty").stopped(); got != "! zook: following empty\n" {
		t.Errorf("an empty directory: %s", got)
	}
	if os.Getuid() != 0 && runtime.GOOS != "windows" {
		os.Chmod("empty", 0)
		f := startFollow(t, "empty")
		until(t, "end", func() bool { return len(f.ended) > 0 })
		expect(t, f.stopped(), "! zook: txnlog follow: empty: permission denied\n= 1\n")
	}
}
