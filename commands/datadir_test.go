package commands

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// history writes a data directory: transactions 1 to n, a second apart, in logs of ten,
// and snapshots at some of them.
func writeHistory(t *testing.T, n int64, snapshots ...int64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	d, err := datadir.Create(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	tree := datatree.New()
	var log *txnlog.Writer
	save := func(z int64) {
		if slices.Contains(snapshots, z) {
			if err := d.WriteSnapshot(tree.Export(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	save(0)
	for z := int64(1); z <= n; z++ {
		txn := &jute.Txn{Header: jute.TxnHeader{Zxid: z, Time: 1_700_000_000_000 + z*1000, Type: jute.OpCreate},
			Body: &jute.CreateTxn{Path: "/n" + Hex(z).String(), Data: []byte("data"), ACL: jute.OpenACL(), ParentCVersion: int32(z)}}
		if _, err := tree.Apply(txn); err != nil {
			t.Fatal(err)
		}
		digest, _ := tree.Digest()
		txn.Digest = &jute.TxnDigest{Version: datatree.DigestVersion, TreeDigest: digest}
		if log == nil {
			if log, err = txnlog.Create(d.LogDir, z, txnlog.Options{Prealloc: 4096}); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Append(txn); err != nil {
			t.Fatal(err)
		}
		if z%10 == 0 || z == n {
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			log = nil
		}
		save(z)
	}
	return dir
}

func datadirOf(t *testing.T, dir string, more ...string) string {
	t.Helper()
	got := zook(t.Context(), "", "", append([]string{"datadir", dir}, more...)...)
	return regexp.MustCompile(regexp.QuoteMeta(dir)).ReplaceAllString(got, "DIR")
}

func TestDatadir(t *testing.T) {
	dir := writeHistory(t, 50, 0, 12, 20, 33, 45)
	got := mask(strings.ReplaceAll(datadirOf(t, dir), "0x", "="))
	want := `snapshot.0	whole	=0	=0	-	-	SIZE	SIZE	4 znodes
snapshot.c	whole	=c	=c	-	TIME	SIZE	SIZE	16 znodes
snapshot.14	whole	=14	=14	-	TIME	SIZE	SIZE	24 znodes
snapshot.21	whole	=21	=21	-	TIME	SIZE	SIZE	37 znodes
snapshot.2d	whole	=2d	=2d	-	TIME	SIZE	SIZE	49 znodes
log.1	whole	=1	=a	TIME	TIME	SIZE	SIZE	10 transactions
log.b	whole	=b	=14	TIME	TIME	SIZE	SIZE	10 transactions
log.15	whole	=15	=1e	TIME	TIME	SIZE	SIZE	10 transactions
log.1f	whole	=1f	=28	TIME	TIME	SIZE	SIZE	10 transactions
log.29	whole	=29	=32	TIME	TIME	SIZE	SIZE	10 transactions
covered	=0 (TIME) to =32 (TIME)
start	snapshot.2d and log.29, 5 transactions: =32 (TIME), 54 znodes, 0 sessions
purge	snapshot.0 snapshot.c log.1 (SIZE), to keep 3 snapshots: then =14 (TIME) to =32 (TIME) are covered
`
	sizes := regexp.MustCompile(`(\t)\d+(\t)\d+(\t)`)
	got = sizes.ReplaceAllString(got, "${1}SIZE${2}SIZE$3")
	got = regexp.MustCompile(`log.1 \(\d+\)`).ReplaceAllString(got, "log.1 (SIZE)")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// json has every field, and -o table a row a file.
func TestDatadirFormats(t *testing.T) {
	dir := writeHistory(t, 25, 0, 12)
	out := datadirOf(t, dir, "-o", "json", "--verify")
	var plain map[string]any
	if err := json.Unmarshal([]byte(out), &plain); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	snap := plain["snapshots"].([]any)[1].(map[string]any)
	log := plain["logs"].([]any)[2].(map[string]any)
	start := plain["start"].(map[string]any)
	for name, got := range map[string]any{
		"0xc":                           snap["zxid"],
		"0x15":                          log["first"].(map[string]any)["zxid"],
		"0x19":                          start["last"].(map[string]any)["zxid"],
		"2023-11-14T23:13:45.000+01:00": log["last"].(map[string]any)["time"],
	} {
		if got != name {
			t.Errorf("got %v, want %s in\n%s", got, name, out)
		}
	}
	if start["ok"] != true || start["znodes"] != 29.0 || start["replayed"] != 13.0 {
		t.Errorf("start %v", start)
	}
	if size, used := log["size"].(float64), log["used"].(float64); used >= size || used < 300 {
		t.Errorf("%v of %v bytes used", used, size)
	}
	table := datadirOf(t, dir, "-o", "table")
	if strings.Count(table, "whole") != 5 || !strings.Contains(table, "│ snapshot.c │ whole │ 0xc ") {
		t.Errorf("the table is\n%s", table)
	}
	if lines := datadirOf(t, dir, "-o", "jsonl"); strings.Count(lines, "\n") != 1 {
		t.Errorf("jsonl is %q", lines)
	}
}

// What is wrong with files is told for each; the exit code is that of a start.
func TestDatadirFaults(t *testing.T) {
	in := func(dir, file string) string { return filepath.Join(dir, "version-2", file) }
	damage := func(file string, offset int) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[(offset+len(b))%len(b)] ^= 0x20
		os.WriteFile(file, b, 0o644)
	}
	for _, c := range []struct {
		name string
		harm func(dir string)
		args []string
		says []string
		ends string
	}{
		{"an old snapshot", func(dir string) { damage(in(dir, "snapshot.c"), -20) }, nil,
			[]string{"snapshot.c\tdamaged\t", "damaged\tDIR/version-2/snapshot.c: damaged at offset ", "start\tsnapshot.21 and "}, ""},
		{"an old snapshot, with --verify", func(dir string) { damage(in(dir, "snapshot.c"), -20) }, []string{"--verify"},
			[]string{"! zook: datadir: DIR/version-2/snapshot.c: damaged at offset "}, "= 9\n"},
		{"the newest snapshot", func(dir string) { damage(in(dir, "snapshot.21"), -20) }, nil,
			[]string{"snapshot.21\tdamaged\t0x21\t-\t", "start\tsnapshot.14 and log.15 to log.29, 30 transactions", "warning\tsnapshot passed over: DIR/version-2/snapshot.21: damaged"}, ""},
		{"an old log", func(dir string) { damage(in(dir, "log.1"), 300) }, nil,
			[]string{"log.1\tdamaged\t0x1\t0x2\t", "covered\t0x0 (2023-11-14T23:13:21.000+01:00) to 0x2 (2023-11-14T23:13:22.000+01:00), 0xc (", "start\tsnapshot.21 and "}, ""},
		{"a log that is needed", func(dir string) { damage(in(dir, "log.1f"), 700) }, nil,
			[]string{"start\tfails: DIR/version-2/log.1f: damaged at offset", "! zook: datadir: DIR/version-2/log.1f: damaged at offset"}, "= 9\n"},
		{"a log that is gone", func(dir string) { os.Remove(in(dir, "log.15")) }, nil,
			[]string{"missing\t0x15 to 0x1e", "start\tsnapshot.21 and "}, ""},
		{"a log that is gone, with --verify", func(dir string) { os.Remove(in(dir, "log.15")) }, []string{"--verify"},
			[]string{"missing\t0x15 to 0x1e", "! zook: datadir: damaged: the transactions 0x15 to 0x1e are missing"}, "= 9\n"},
		{"a log that is gone and needed", func(dir string) {
			os.Remove(in(dir, "log.29"))
			os.Remove(in(dir, "log.1f"))
			os.Remove(in(dir, "snapshot.21"))
		}, nil,
			[]string{"covered\t0x0 (2023-11-14T23:13:21.000+01:00) to 0x1e", "start\tsnapshot.14 and log.15, "}, ""},
		{"a torn end", func(dir string) { os.Truncate(in(dir, "log.29"), 900) }, nil,
			[]string{"log.29\ttorn\t0x29\t", "torn\tDIR/version-2/log.29: torn by a crash at offset", "warning\tan unfinished transaction is left out"}, ""},
		{"no snapshot", func(dir string) {
			for _, f := range []string{"0", "c", "14", "21"} {
				os.Remove(in(dir, "snapshot."+f))
			}
		}, nil, []string{"start\tan empty tree and log.1 to log.29, 50 transactions", "warning\tthere is no snapshot: Apache ZooKeeper does not start on logs alone"}, ""},
		{"snapshots that are all damaged", func(dir string) {
			for _, f := range []string{"0", "c", "14", "21"} {
				damage(in(dir, "snapshot."+f), -20)
			}
		}, nil, []string{"start\tfails: DIR/version-2: no snapshot is whole: "}, "= 9\n"},
		{"another digest, with --verify", func(dir string) { otherHistory(t, dir) }, []string{"--verify"},
			[]string{"! zook: datadir: "}, "= 9\n"},
		{"nothing", func(dir string) { os.RemoveAll(in(dir, "")); os.Mkdir(in(dir, ""), 0o755) }, nil,
			[]string{"covered\tnothing", "start\tan empty tree and no log, 0 transactions: 0x0, 4 znodes"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeHistory(t, 50, 0, 12, 20, 33)
			c.harm(dir)
			got := datadirOf(t, dir, c.args...)
			for _, s := range c.says {
				if !strings.Contains(got, s) {
					t.Errorf("%q is not in\n%s", s, got)
				}
			}
			if !strings.HasSuffix(got, c.ends) || c.ends == "" && strings.Contains(got, "\n= ") {
				t.Errorf("it ends otherwise than in %q:\n%s", c.ends, got)
			}
		})
	}
}

// otherHistory replaces the newest snapshot by one of another tree, whole in itself.
func otherHistory(t *testing.T, dir string) {
	t.Helper()
	tree := datatree.New()
	for z := int64(1); z <= 50; z++ {
		tree.Apply(&jute.Txn{Header: jute.TxnHeader{Zxid: z, Type: jute.OpCreate}, Body: &jute.CreateTxn{Path: "/other" + Hex(z).String(), ParentCVersion: int32(z)}})
	}
	if err := datadir.Open(dir, "").WriteSnapshot(tree.Export(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "version-2", snapshot.FileName(50, snapshot.None))); err != nil {
		t.Fatal(err)
	}
}

func TestDatadirUsage(t *testing.T) {
	dir := writeHistory(t, 5, 0)
	for _, c := range []struct {
		words []string
		says  string
		code  string
	}{
		{[]string{"datadir"}, "--data-dir DIR says where they are", "= 2\n"},
		{[]string{"--data-dir", dir, "datadir", dir}, "one of them is enough", "= 2\n"},
		{[]string{"datadir", "--retain", "2", dir}, "at least 3", "= 2\n"},
		{[]string{"datadir", dir + "-none"}, "no such file or directory", "= 1\n"},
		{[]string{"datadir", filepath.Dir(dir)}, "not a data directory", "= 1\n"},
	} {
		got := zook(t.Context(), "", "", c.words...)
		if !strings.Contains(got, c.says) || !strings.HasSuffix(got, c.code) || strings.Count(got, "\n") != 2 {
			t.Errorf("%v: %q", c.words, got)
		}
	}
	if got := zook(t.Context(), "", "", "--data-dir", dir, "datadir"); !strings.Contains(got, "\nstart\tsnapshot.0 and log.1, 5 transactions") {
		t.Errorf("with --data-dir: %q", got)
	}
}
