package commands

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
	"zook/snapshot"
)

// treeFile is what a test writes a snapshot of.
type treeFile struct {
	sessions []snapshot.Session
	acls     map[int64][]jute.ACL
	nodes    []snapshot.Node
}

// add adds a znode whose metadata is usual for the n-th.
func (f *treeFile) add(path string, data []byte, change ...func(*snapshot.Node)) {
	n := int64(len(f.nodes))
	node := snapshot.Node{Path: []byte(path), Data: data, ACL: snapshot.OpenACL, Stat: jute.StatPersisted{
		Czxid: 0x100000000 + n, Mzxid: 0x100000000 + 2*n, Pzxid: 0x100000000 + n, Ctime: 1_700_000_000_000 + 977*n, Mtime: 1_700_000_000_000 + 3_600_000*n,
		Version: int32(n % 5), Cversion: int32(n % 7), Aversion: int32(n % 3)}}
	for _, c := range change {
		c(&node)
	}
	f.nodes = append(f.nodes, node)
}

// top adds what is in every tree.
func (f *treeFile) top() {
	zero := func(n *snapshot.Node) { n.Stat = jute.StatPersisted{} }
	f.add("", []byte{}, zero)
	f.add("/zookeeper", nil, zero)
	f.add("/zookeeper/config", []byte{}, zero)
	f.add("/zookeeper/quota", []byte{}, zero)
}

func (f *treeFile) parts(w *snapshot.Writer) error {
	w.Sessions(len(f.sessions), func(yield func(int64, int32) bool) {
		for _, s := range f.sessions {
			if !yield(s.ID, s.Timeout) {
				return
			}
		}
	})
	w.ACLs(len(f.acls), func(yield func(int64, []jute.ACL) bool) {
		for _, id := range slices.Sorted(maps.Keys(f.acls)) {
			if !yield(id, f.acls[id]) {
				return
			}
		}
	})
	for _, n := range f.nodes {
		if err := w.Node(string(n.Path), n.Data, n.ACL, n.Stat); err != nil {
			return err
		}
	}
	w.Digest(snapshot.Digest{Zxid: 0x100000001, Version: 2, Digest: -5})
	return w.LastZxid(0x100000001)
}

func (f *treeFile) write(t testing.TB, zxid int64, compression snapshot.Compression) string {
	t.Helper()
	path, err := snapshot.Create(t.TempDir(), zxid, snapshot.Options{Compression: compression}, f.parts)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func owner(id int64) func(*snapshot.Node) {
	return func(n *snapshot.Node) { n.Stat.EphemeralOwner = id }
}

// oddTree has what a tree may have.
func oddTree() *treeFile {
	const session = 0x100000000000000
	r := rand.New(rand.NewSource(7))
	f := &treeFile{}
	for i := range int64(300) {
		f.sessions = append(f.sessions, snapshot.Session{ID: session + 7919*i, Timeout: int32(4000 + i)}, snapshot.Session{ID: r.Int63n(1 << 60), Timeout: 30000})
	}
	f.sessions = append(f.sessions, snapshot.Session{ID: 5, Timeout: 1}, snapshot.Session{ID: session, Timeout: 77}, snapshot.Session{ID: math.MinInt64, Timeout: -1})
	f.top()
	for _, path := range []string{"/app", "/app/deep", "/gone", "/zookeeper/config"} { // quotas
		for i, part := range strings.Split(path[1:], "/") {
			at := "/zookeeper/quota/" + strings.Join(append(strings.Split(path[1:], "/")[:i:i], part), "/")
			if !slices.ContainsFunc(f.nodes, func(n snapshot.Node) bool { return string(n.Path) == at }) {
				f.add(at, nil)
			}
		}
		f.add("/zookeeper/quota"+path+"/zookeeper_limits", []byte("count=10,bytes=1000"))
		f.add("/zookeeper/quota"+path+"/zookeeper_stats", []byte("count=-1,bytes=-1"))
	}
	f.add("/zookeeper/quota/nostats", nil)
	f.add("/zookeeper/quota/nostats/zookeeper_limits", []byte("count=1,bytes=1"))
	f.add("/app", []byte("some data"))
	f.add("/app/deep", bytes.Repeat([]byte{0, 255, '\n'}, 10_000))
	path := "/app/deep"
	for i := range 100 {
		path += fmt.Sprint("/", i%10)
		f.add(path, []byte(path))
	}
	f.add("/app/eph", nil, owner(session))
	f.add("/app/eph2", []byte("e"), owner(session+7919))
	f.add("/app/lost", []byte("its session is not there"), owner(0x77))
	f.add("/box", nil, owner(math.MinInt64))
	f.add("/soon", nil, owner(-1<<56|3600_000))
	f.add("/odd", nil)
	for _, name := range []string{"größe", "日本語", "😀", "\uffff", "a b", `"quoted"`, `back\slash`, "\x01\x02\x1f", "tab\tnew\nline\r\b\f", "\x7f", "\u2028", "bad\xff\xfe", "cut\xe2\x82", "sur\xed\xa0\x80rogate", "%d", "'", "<>&", " ", "[1]"} {
		f.add("/odd/"+name, []byte(name))
	}
	f.add("/times", nil)
	for i, ms := range []int64{0, -1, 1, 999, 253402300800000, -12219292800001, -62135769600001, 1e18, -1e16, 1_709_210_096_000, 1_743_296_400_000} {
		f.add(fmt.Sprint("/times/", i), nil, func(n *snapshot.Node) {
			n.Stat.Ctime, n.Stat.Mtime = ms, ms+1800_000
			n.Stat.Version, n.Stat.Cversion, n.Stat.Aversion = math.MinInt32, -1, math.MaxInt32
		})
	}
	f.add("/zxids", nil)
	for i, zxid := range []int64{1, 0xfffffff, 1<<56 - 1, 1 << 56, math.MinInt64, -1} {
		f.add(fmt.Sprint("/zxids/", i), nil, func(n *snapshot.Node) {
			n.Stat.Czxid, n.Stat.Mzxid, n.Stat.Pzxid = zxid, zxid, zxid/3
		})
	}
	f.add("/wide", nil)
	for i, words := range [][]string{shuffled(numbered("n%d", 3000)), numbered("lock-%010d", 2000), shuffled(collisions(6)), crowded(r, 1000, 1023)} {
		parent := fmt.Sprint("/wide/", i)
		f.add(parent, nil)
		seen := map[string]bool{}
		for _, w := range words {
			if !seen[w] {
				f.add(parent+"/"+w, []byte(w))
			}
			seen[w] = true
		}
	}
	return f
}

// byLevel has the same znodes, those of one level behind those of the one above.
func (f *treeFile) byLevel() *treeFile {
	nodes := slices.Clone(f.nodes)
	slices.SortStableFunc(nodes, func(a, b snapshot.Node) int {
		return cmp.Compare(bytes.Count(a.Path, []byte("/")), bytes.Count(b.Path, []byte("/")))
	})
	return &treeFile{f.sessions, f.acls, nodes}
}

// snapshotFormatter is what Apache's SnapshotFormatter prints, but for the time.
func snapshotFormatter(t *testing.T, zone string, args ...string) string {
	t.Helper()
	args = append([]string{"-Dfile.encoding=UTF-8", "-Duser.timezone=" + zone, "org.apache.zookeeper.server.SnapshotFormatter"}, args...)
	cmd := zktest.Java(t, nil, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("SnapshotFormatter %q: %v", args, err)
	}
	return withoutTime(string(out))
}

var ncduTime = regexp.MustCompile(`"timestamp":\d{13}`)

func withoutTime(s string) string { return ncduTime.ReplaceAllString(s, `"timestamp":NOW`) }

// zoneOfTest names the local zone of a process that inZone has started.
const zoneOfTest = "ZOOK_TEST_ZONE"

// inZone reports whether the local zone is this one. If not, it runs the test again in
// a process where it is: servers of other tests read time.Local while this one runs.
func inZone(t *testing.T, name string) bool {
	t.Helper()
	if zone := os.Getenv(zoneOfTest); zone != "" {
		return zone == name
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), zoneOfTest+"="+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
	return false
}

// sameText fails with the first line that is different.
func sameText(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			t.Errorf("%s: line %d is %.300q, want %.300q", what, i+1, a[i], b[min(i, len(b)-1)])
			return
		}
	}
	t.Errorf("%s: %d lines, want %d", what, len(a), len(b))
}

// Line for line what Apache's tool prints: of snapshots that Apache wrote, and our
// server, and of a tree with all that there may be.
func TestSnapshotDumpIsApaches(t *testing.T) {
	if !inZone(t, "Europe/Berlin") {
		return
	}
	odd := oddTree()
	files := map[string]string{
		"3.8": fixture("3.8.0", "snapshot.e"), "3.10": fixture("3.10", "snapshot.e.snappy"), "ours": ownSnapshot(t),
		"odd": odd.write(t, 0x5f, snapshot.None), "by level": odd.byLevel().write(t, 0x5f, snapshot.None),
	}
	s := zktest.Everything(t)
	s.Kill()
	written, err := filepath.Glob(filepath.Join(s.DataDir, "version-2", "snapshot.*"))
	if err != nil || len(written) == 0 {
		t.Fatal(written, err)
	}
	files["everything"] = written[len(written)-1]
	for name, file := range files {
		sameText(t, name, unserved(t, "snapshot", "dump", "-o", "zkcli", file), snapshotFormatter(t, "Europe/Berlin", file))
		if name == "odd" || name == "everything" {
			sameText(t, name+" -d", unserved(t, "snapshot", "dump", "-o", "zkcli", "-d", file), snapshotFormatter(t, "Europe/Berlin", "-d", file))
			sameText(t, name+" -json", withoutTime(unserved(t, "snapshot", "dump", "-json", file)), snapshotFormatter(t, "Europe/Berlin", "-json", file))
		}
	}
}

// ownSnapshot is one that our server wrote.
func ownSnapshot(t *testing.T) string {
	dir := t.TempDir()
	s, err := server.Start(t.Context(), server.Config{DataDir: dir, SnapCount: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := client.Dial(t.Context(), client.Config{Servers: s.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 1000 {
		mode := jute.Persistent
		if i%10 == 0 {
			mode = jute.Ephemeral
		}
		if _, _, err := c.Create(t.Context(), fmt.Sprintf("/n%d", i), []byte("x"), jute.OpenACL(), mode, 0); err != nil {
			t.Fatal(err)
		}
	}
	for wait := time.Now(); time.Since(wait) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		if written, _ := filepath.Glob(filepath.Join(dir, "version-2", "snapshot.[1-9a-f]*")); len(written) > 0 {
			return written[len(written)-1]
		}
	}
	t.Fatal("no snapshot")
	return ""
}

// What is packed is the same as what is not, data and all.
func TestSnapshotDumpOfPacked(t *testing.T) {
	odd := oddTree()
	plain := odd.write(t, 0x5f, snapshot.None)
	for _, words := range [][]string{{"-o", "zkcli"}, {"-o", "zkcli", "-d"}, {"-json"}, {"-o", "jsonl"}} {
		words = append([]string{"snapshot", "dump"}, words...)
		want := withoutTime(unserved(t, append(words, plain)...))
		for _, compression := range []snapshot.Compression{snapshot.Gzip, snapshot.Snappy} {
			packed := odd.write(t, 0x5f, compression)
			sameText(t, fmt.Sprint(words, compression), withoutTime(unserved(t, append(words, packed)...)), want)
		}
	}
}

// The zxid that Apache's tool finds in the name of a file.
func TestZxidOfName(t *testing.T) {
	for name, want := range map[string]int64{
		"snapshot.5f": 0x5f, "/x/snapshot.5F.gz": 0x5f, "snapshot.7fffffffffffffff": math.MaxInt64, "snapshot.-1f": -0x1f,
		"snapshot": -1, "snapshot.": -1, "snapshot..5": -1, "snapshot.x": -1, "snapshot.0x5": -1, "copy.snapshot.5": -1, "log.5": -1, "snapshot.8000000000000000": -1,
	} {
		if got := zxidOfName(name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}
