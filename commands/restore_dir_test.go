package commands

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/internal/zktest"
	"zook/jute"
	"zook/snapshot"
)

// znodeLines are the znodes of a data directory, a line each, and its sessions.
func znodeLines(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(unserved(t, "snapshot", "export", dir)) {
		if !strings.HasPrefix(line, `{"format"`) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	if len(lines) < 3 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, `{"complete":true`) }) {
		t.Fatalf("the export of %s:\n%s", dir, strings.Join(lines, ""))
	}
	return lines
}

func compareLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s: missing %.500s", what, line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: not wanted %.500s", what, line)
		}
	}
}

// A tree goes through export and restore and is the same, digest included; and
// Apache's server, started on what restore made, has it too.
func TestRestoreToDirIsTheSame(t *testing.T) {
	s := zktest.Everything(t)
	s.Kill()
	want := znodeLines(t, s.DataDir)
	exported := writeFile(t, "tree.json", unserved(t, "snapshot", "export", s.DataDir))
	for name, source := range map[string]string{"export": exported, "directory": s.DataDir} {
		dir := filepath.Join(t.TempDir(), "new")
		got := unserved(t, "snapshot", "restore", "--to-dir", dir, "-o", "jsonl", source)
		if !strings.Contains(got, `"zxid":"0x`) || strings.Contains(got, "= ") {
			t.Fatalf("%s: %s", name, got)
		}
		compareLines(t, name, znodeLines(t, dir), want)

		// Apache starts with a snapshot of its own.
		restored, err := filepath.Glob(filepath.Join(dir, "version-2", "snapshot.*"))
		if err != nil || len(restored) != 1 {
			t.Fatalf("%q %v", restored, err)
		}
		os.Chtimes(restored[0], time.Time{}, time.Unix(1, 0))
		apache := zktest.Apache(t, dir)
		if log := apache.Log(); strings.Contains(strings.ToLower(log), "digest") {
			t.Errorf("%s: Apache's server says\n%s", name, log)
		}
		apache.Kill()
		if st, err := os.Stat(restored[0]); err != nil || st.ModTime() == time.Unix(1, 0) {
			t.Errorf("Apache has not written %s: %v", restored[0], err)
		}
		compareLines(t, name+", as Apache has it", znodeLines(t, restored[0]), want)
	}
}

// The test above would see a digest that Apache's server does not agree with.
func TestApacheTellsOfAWrongDigest(t *testing.T) {
	dir := t.TempDir()
	_, err := datadir.CreateFrom(dir, 7, snapshot.Options{}, func(w *snapshot.Writer) error {
		for _, path := range []string{"", "/zookeeper", datatree.QuotaPath} {
			w.Node(path, nil, snapshot.OpenACL, jute.StatPersisted{})
		}
		return w.Digest(snapshot.Digest{Zxid: 7, Version: 2, Digest: 12345})
	})
	if err != nil {
		t.Fatal(err)
	}
	apache := zktest.Apache(t, dir)
	if !strings.Contains(strings.ToLower(apache.Log()), "digest") {
		t.Errorf("Apache's server says nothing of the digest:\n%s", apache.Log())
	}
}

func TestRestoreToDir(t *testing.T) {
	file := fixture("3.10", "snapshot.e")
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "a", "new")
	run := func(words ...string) string {
		return strings.ReplaceAll(unserved(t, append([]string{"snapshot", "restore"}, words...)...), tmp, "TMP")
	}
	did := "12 znodes (2 ephemeral) and 2 sessions as of zxid 0xe, digest 0x46997042a"
	if got := run("--to-dir", dir, "--dry-run", file); got != "would restore "+did+"\n" {
		t.Errorf("dry run: %s", got)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a dry run has made the directory")
	}
	if got := run("--to-dir", dir, file); got != "restored "+did+": TMP/a/new/version-2/snapshot.e\n" {
		t.Errorf("got %s", got)
	}
	if got := run("--to-dir", dir, file); got != "! zook: snapshot restore: TMP/a/new/version-2/snapshot.e: it is there already, and a new data directory has no files of a server\n= 1\n" {
		t.Errorf("once more: %s", got)
	}
	// An empty version-2 and a myid are no files of a server.
	empty := filepath.Join(tmp, "empty")
	os.MkdirAll(filepath.Join(empty, "version-2"), 0o755)
	os.WriteFile(filepath.Join(empty, "myid"), []byte("1\n"), 0o644)
	if got := run("--to-dir", empty, file); !strings.HasPrefix(got, "restored ") {
		t.Errorf("an empty directory: %s", got)
	}
	part := writeFile(t, "part.json", unserved(t, "snapshot", "export", "--path", "/app", file))
	bare := writeFile(t, "bare.json", exportOf(`{"path":"/"}`, `{"path":"/a"}`))
	torn := writeFile(t, "torn.json", strings.TrimSuffix(exportOf(systemLines...), `{"complete":true}`+"\n"))
	other := filepath.Join(tmp, "other")
	for words, want := range map[string]string{
		"--to-dir " + other + " " + part:                 "! zook: snapshot restore: " + part + ": it holds /app and what is below, and a data directory is a whole tree: without --to-dir it goes into a server\n= 1\n",
		"--to-dir " + other + " " + bare:                 "! zook: snapshot restore: " + bare + ": it lacks /, /zookeeper or /zookeeper/quota, which servers need\n= 1\n",
		"--to-dir " + other + " " + torn:                 "! zook: snapshot restore: " + torn + ": damaged at offset 101 (last znode \"/zookeeper/quota\"): the end is missing: it is a part of an export\n= 9\n",
		"--to-dir " + other + " --path /app " + file:     "! zook: snapshot restore: --to-dir takes the whole tree as it is; --path is for a server\n= 2\n",
		"--to-dir " + other + " --overwrite " + file:     "! zook: snapshot restore: --to-dir takes the whole tree as it is; --overwrite is for a server\n= 2\n",
		"--to-dir " + dir + "/version-2 " + file:         "! zook: snapshot restore: TMP/a/new/version-2/snapshot.e: it is there already, and a new data directory has no files of a server\n= 1\n",
		"--to-dir " + file + " " + file:                  "! zook: snapshot restore: " + file + ": not a directory\n= 1\n",
		"--to-dir " + other + " /no/such/file":           "! zook: snapshot restore: /no/such/file: no such file or directory: SOURCE is a file or a directory, not a znode\n= 1\n",
		"--to-dir " + other:                              "! zook: snapshot restore: too few arguments; usage: zook snapshot restore SOURCE\n= 2\n",
		"--to-dir " + other + " export_test.go":          "! zook: snapshot restore: export_test.go: damaged at offset 0 (no znode before it): not a snapshot: it begins with \"pack\", not \"ZKSN\"\n= 9\n",
		"--to-dir " + other + " " + tmp + "/a/new@0x99":  "! zook: snapshot restore: TMP/a/new/version-2: 0x99 is not covered: the files cover 0xe (2026-11-21T12:25:35.974+01:00) to 0xe (2026-11-21T12:25:35.974+01:00)\n= 1\n",
		"--to-dir " + other + " " + tmp + "/a/new@noon":  "! zook: snapshot restore: TMP/a/new@noon: no such file or directory: SOURCE is a file or a directory, not a znode\n= 1\n",
		"--to-dir " + other + " " + tmp + "/a/nope@0x99": "! zook: snapshot restore: TMP/a/nope@0x99: no such file or directory: SOURCE is a file or a directory, not a znode\n= 1\n",
	} {
		if got := run(strings.Fields(words)...); got != want {
			t.Errorf("restore %s\n%s--- want\n%s", words, got, want)
		}
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a restore that failed has left a directory")
	}
	if got := run("--to-dir", other, "-o", "jsonl", dir+"@0xe"); got != `{"source":"TMP/a/new@0xe","file":"TMP/other/version-2/snapshot.e","zxid":"0xe","digest":"0x46997042a","znodes":12,"ephemerals":2,"sessions":2}`+"\n" {
		t.Errorf("as of a zxid: %s", got)
	}
}

// A snapshot that was written while the tree changed, and one that does not say
// its ACLs, are restored with a warning, and a server can start on what is made.
func TestRestoreOfAFuzzySnapshot(t *testing.T) {
	text := `{"format":"zook-snapshot","version":1,"zxid":"0x5"}` + "\n" + strings.Join(systemLines, "\n") +
		"\n" + `{"path":"/late","mzxid":"0x9","acl":[{"scheme":"auth","id":"","perms":""}]}` + "\n" + `{"complete":true,"lastZxid":"0x7"}`
	dir := filepath.Join(t.TempDir(), "new")
	got := unserved(t, "snapshot", "restore", "--to-dir", dir, writeFile(t, "tree.json", text))
	if !strings.Contains(got, "it was written while transactions 0x5 to 0x9 were applied") || !strings.Contains(got, "/snapshot.9\n") {
		t.Error(got)
	}
	st, err := datadir.Open(dir, "").Load(t.Context(), nil)
	if err != nil || st.Tree.LastZxid() != 9 || len(st.Warnings) > 0 {
		t.Errorf("%+v %v", st, err)
	}
}

// A member of an ensemble starts on it too, in the epoch that the zxids say.
func TestApacheEnsembleStartsOnARestore(t *testing.T) {
	s := zktest.ApacheEnsemble(t)
	s.Stop()
	inside := filepath.Join(s.DataDir, "version-2")
	if err := os.RemoveAll(inside); err != nil {
		t.Fatal(err)
	}
	tree := writeFile(t, "tree.json", exportOf(append(systemLines, `{"path":"/app","data":"kept","czxid":"0x700000003","mzxid":"0x700000004"}`)...))
	if got := unserved(t, "snapshot", "restore", "--to-dir", s.DataDir, tree); !strings.HasSuffix(got, "snapshot.700000004\n") {
		t.Fatal(got)
	}
	s.Start()
	if got := zook(t.Context(), s.Addr, "", "get", "-s", "-o", "jsonl", "/app"); !strings.Contains(got, `"data":"kept","stat":{"czxid":"0x700000003","mzxid":"0x700000004"`) {
		t.Error(got)
	}
	if got := zook(t.Context(), s.Addr, "", "create", "-o", "jsonl", "/new"); !strings.Contains(got, `"czxid":"0x80000000`) {
		t.Error(got)
	}
}
