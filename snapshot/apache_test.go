package snapshot

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
	"zook/jute"
	"zook/txnlog"
)

var update = flag.String("update", "", "have Apache ZooKeeper, which is of this `version`, write its testdata anew")

// connect opens a session with Apache's server.
func connect(t *testing.T, addr string) *zk.Conn {
	t.Helper()
	c, _, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// work makes znodes of every kind and leaves two sessions open.
func work(t *testing.T, addr string) {
	t.Helper()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	open := zk.WorldACL(zk.PermAll)
	c, second := connect(t, addr), connect(t, addr)
	must(c.Create("/app", []byte("v1"), 0, open))
	must(c.Create("/app/null", nil, 0, zk.DigestACL(zk.PermRead|zk.PermAdmin, "bob", "secret")))
	must(c.Create("/app/größe", []byte("ünï"), 0, append(open, zk.ACL{Perms: zk.PermRead, Scheme: "ip", ID: "127.0.0.0/8"})))
	must(c.Create("/app/seq-", bytes.Repeat([]byte{0, 1, 254, 255}, 3000), zk.FlagSequence, open))
	must(c.Create("/app/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, open))
	must(second.Create("/app/other", []byte("2"), zk.FlagEphemeral, open))
	must(c.CreateContainer("/box", nil, zk.FlagContainer, open))
	must(c.Create("/box/in", nil, 0, open))
	must(c.CreateTTL("/soon", []byte("ttl"), zk.FlagTTL, open, time.Hour))
	must(c.Set("/app", []byte("v2"), -1))
	must(c.SetACL("/app", zk.WorldACL(zk.PermRead|zk.PermCreate), -1))
	must(nil, c.Delete("/box/in", -1))
}

// apacheSnapshots has Apache's server write the same tree in every compression,
// as it does when it starts. It returns their paths.
func apacheSnapshots(t *testing.T) map[Compression]string {
	t.Helper()
	s := zktest.Apache(t, "", "preAllocSize=64")
	work(t, s.Addr)
	s.Kill()
	paths := map[Compression]string{}
	for _, c := range []Compression{None, Gzip, Snappy} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(s.DataDir)); err != nil {
			t.Fatal(err)
		}
		zktest.Apache(t, dir, "snapshot.compression.method="+c.String(), "preAllocSize=64").Kill()
		found, _ := filepath.Glob(filepath.Join(dir, "version-2", "snapshot.*"))
		found = slices.DeleteFunc(found, func(p string) bool { return filepath.Base(p) == "snapshot.0" })
		if len(found) != 1 {
			t.Fatalf("Apache wrote %q", found)
		}
		paths[c] = found[0]
	}
	return paths
}

func open(t *testing.T, path string) content {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dump is a snapshot as text.
func (c *content) dump() string {
	var out strings.Builder
	for _, s := range c.sessions {
		fmt.Fprintf(&out, "session %#x timeout %d\n", s.ID, s.Timeout)
	}
	for _, a := range c.acls {
		fmt.Fprintf(&out, "acl %d %v\n", a.ID, a.List)
	}
	for _, n := range c.nodes {
		fmt.Fprintf(&out, "%q %d bytes null=%v %.10q acl %d %+v\n", n.Path, len(n.Data), n.Data == nil, n.Data, n.ACL, n.Stat)
	}
	if c.digest != nil {
		fmt.Fprintf(&out, "digest %+v\n", *c.digest)
	}
	fmt.Fprintf(&out, "last zxid %d\n", c.zxid)
	return out.String()
}

// What Apache ZooKeeper 3.8.0 and 3.10 (a build of its source) once wrote is in
// testdata, with what is in it. Written again it is the same file.
func TestApachesGoldenSnapshots(t *testing.T) {
	if *update != "" {
		dir := "testdata/apache-" + *update
		os.MkdirAll(dir, 0o755)
		for c, path := range apacheSnapshots(t) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			os.WriteFile(filepath.Join(dir, "snapshot.e"+c.extension()), b, 0o644)
		}
		c := open(t, dir+"/snapshot.e")
		os.WriteFile(dir+"/snapshot.e.txt", []byte(c.dump()), 0o644)
	}
	for _, dir := range []string{"testdata/apache-3.8.0", "testdata/apache-3.10"} {
		want, err := os.ReadFile(dir + "/snapshot.e.txt")
		if err != nil {
			t.Fatal(err)
		}
		for _, compression := range []Compression{None, Gzip, Snappy} {
			path := dir + "/snapshot.e" + compression.extension()
			c := open(t, path)
			if got := c.dump(); got != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
			}
			checkRewrite(t, path, c)
		}
	}
}

// checkRewrite checks that a snapshot written again is the same, before compression.
func checkRewrite(t *testing.T, path string, c content) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &Reader{raw: &errReader{r: f}}
	if err := r.uncompress(); err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(r.src)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.bytes(t, None); !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, written again %d bytes, are not the same", path, len(want), len(got))
	}
}

func TestApacheWritesWeRead(t *testing.T) {
	for compression, path := range apacheSnapshots(t) {
		c := open(t, path)
		paths := map[string]Node{}
		for _, n := range c.nodes {
			paths[string(n.Path)] = n
		}
		if len(c.sessions) != 2 || c.sessions[0].Timeout != 10000 || c.digest == nil || string(paths["/app/größe"].Data) != "ünï" ||
			paths["/app/other"].Stat.EphemeralOwner == 0 || len(paths["/app/seq-0000000002"].Data) != 12000 {
			t.Errorf("compression %q:\n%s", compression, c.dump())
		}
		checkRewrite(t, path, c)
	}
}

// forApache is a tree as one of Apache's servers wants it.
func forApache() content {
	stat := func(z int64) jute.StatPersisted {
		return jute.StatPersisted{Czxid: z, Mzxid: z, Ctime: 1000, Mtime: 2000, Pzxid: z}
	}
	with := func(s jute.StatPersisted, owner int64) jute.StatPersisted { s.EphemeralOwner = owner; return s }
	const session = 0x10000000001
	root := stat(0)
	root.Pzxid, root.Cversion = 0x20, 3
	return content{
		sessions: []Session{{session, 10000}},
		acls:     []ACL{{1, jute.OpenACL()}, {7, []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}}},
		nodes: []Node{
			{Path: nil, Data: []byte{}, ACL: OpenACL, Stat: root},
			{Path: []byte("/zookeeper"), Data: []byte{}, ACL: OpenACL},
			{Path: []byte("/zookeeper/quota"), Data: []byte{}, ACL: OpenACL},
			{Path: []byte("/a"), Data: []byte("data of a"), ACL: 1, Stat: stat(0x10)},
			{Path: []byte("/a/null"), ACL: 7, Stat: stat(0x11)},
			{Path: []byte("/a/eph"), Data: []byte("mine"), ACL: 1, Stat: with(stat(0x12), session)},
			{Path: []byte("/box"), Data: []byte{}, ACL: 1, Stat: with(stat(0x13), -1<<63)},
			{Path: []byte("/big"), Data: bytes.Repeat([]byte("big"), 200_000), ACL: 1, Stat: stat(0x14)},
		},
		zxid: 0x20,
	}
}

// Apache's own tool reads what we write.
func TestSnapshotFormatterReadsWhatWeWrite(t *testing.T) {
	c := forApache()
	for _, compression := range []Compression{None, Gzip, Snappy} {
		dir := t.TempDir()
		path := filepath.Join(dir, FileName(0x20, compression))
		os.WriteFile(path, c.bytes(t, compression), 0o600)
		out, err := zktest.Java(t, nil, "org.apache.zookeeper.server.SnapshotFormatter", path).CombinedOutput()
		if err != nil {
			t.Fatalf("SnapshotFormatter: %v\n%s", err, out)
		}
		for _, want := range []string{"ZNode Details (count=9):", "/a/null\n", "  ephemeralOwner = 0x00010000000001\n", "  dataLength = 600000\n", "0x00010000000001, 10000, 1\n"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("compression %q: no %q in\n%s", compression, want, out)
			}
		}
	}
}

// Apache's server starts on a snapshot and a log of ours and serves what is in them.
func TestApacheServesWhatWeWrite(t *testing.T) {
	for _, compression := range []Compression{None, Gzip, Snappy} {
		dir := t.TempDir()
		sub := filepath.Join(dir, "version-2")
		os.Mkdir(sub, 0o755)
		c := forApache()
		if _, err := Create(sub, 0x20, Options{compression}, c.parts); err != nil {
			t.Fatal(err)
		}
		writeLog(t, sub)
		s := zktest.Apache(t, dir)
		conn := connect(t, s.Addr)
		want := map[string]string{"/a": "set by the log", "/a/null": "", "/a/eph": "mine", "/box": "", "/big": strings.Repeat("big", 200_000), "/new": "made by the log"}
		for path, data := range want {
			got, stat, err := conn.Get(path)
			if err != nil || string(got) != data {
				t.Errorf("compression %q: %s: %q, %v", compression, path, got, err)
				continue
			}
			if path == "/a" && (stat.Version != 1 || stat.Mzxid != 0x21 || stat.Czxid != 0x10 || stat.Mtime != 5000 || stat.Ctime != 1000) {
				t.Errorf("stat of /a: %+v", stat)
			}
			if path == "/a/eph" && stat.EphemeralOwner != 0x10000000001 {
				t.Errorf("stat of /a/eph: %+v", stat)
			}
		}
		if acl, _, err := conn.GetACL("/a/null"); err != nil || !reflect.DeepEqual(acl, zk.WorldACL(zk.PermRead)) {
			t.Errorf("ACL of /a/null: %v, %v", acl, err)
		}
		if children, _, err := conn.Children("/"); err != nil || len(children) != 5 {
			t.Errorf("children of the root: %q, %v", children, err)
		}
		conn.Close()
		s.Kill()
	}
}

func writeLog(t *testing.T, dir string) {
	t.Helper()
	w, err := txnlog.Create(dir, 0x21, txnlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Append(&jute.Txn{Header: jute.TxnHeader{ClientID: 1, Zxid: 0x21, Time: 5000, Type: jute.OpSetData},
		Body: &jute.SetDataTxn{Path: "/a", Data: []byte("set by the log"), Version: 1}})
	w.Append(&jute.Txn{Header: jute.TxnHeader{ClientID: 1, Cxid: 1, Zxid: 0x22, Time: 6000, Type: jute.OpCreate},
		Body: &jute.CreateTxn{Path: "/new", Data: []byte("made by the log"), ACL: jute.OpenACL(), ParentCVersion: 4}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
