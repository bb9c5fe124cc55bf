package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
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

// anyLogin passes where the root is open.
var anyLogin = []string{"Authorization", "digest any:body"}

func takeSnapshot(t *testing.T, s *Server) []byte {
	t.Helper()
	r := get(t, s.AdminAddr(), "/commands/snapshot", anyLogin...)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("snapshot: %d %v %s", r.status, r.header, r.body)
	}
	if got := r.header["Snapshot_size"]; fmt.Sprint(got) != fmt.Sprintf("[%d]", len(r.body)) {
		t.Errorf("snapshot_size is %v, the snapshot %d bytes: %v", got, len(r.body), r.header)
	}
	return []byte(r.body)
}

func restore(t *testing.T, s *Server, body io.Reader) httpReply {
	t.Helper()
	return askHTTP(t, http.MethodPost, s.AdminAddr(), "/commands/restore", body, anyLogin...)
}

func digestOf(s *Server) int64 {
	d, _ := s.tree.Digest()
	return d
}

// A snapshot that was taken over HTTP is what Apache starts from, and what a server is
// restored from: with its tree, its sessions, watches told of the difference, and after a
// restart.
func TestSnapshotAndRestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := withAdmin(t, Config{DataDir: dir})
	w := openSession(t, s.Addr(), 20*time.Second)
	w.create("/kept", "as it was", 0)
	w.create("/kept/eph", "", jute.Ephemeral)
	image, digest, at := takeSnapshot(t, s), digestOf(s), s.tree.LastZxid()

	w.do(jute.OpSetData, &jute.SetDataRequest{Path: "/kept", Data: []byte("changed"), Version: -1}, nil)
	w.create("/new", "", 0)
	w.do(jute.OpGetData, &jute.GetDataRequest{Path: "/kept", Watch: true}, nil)
	w.do(jute.OpExists, &jute.ExistsRequest{Path: "/new", Watch: true}, nil)
	late := openSession(t, s.Addr(), 20*time.Second)
	late.create("/new/eph", "", jute.Ephemeral)
	late.do(jute.OpGetChildren, &jute.GetChildrenRequest{Path: "/", Watch: true}, nil)
	before := s.tree.LastZxid()

	r := restore(t, s, bytes.NewReader(image))
	if r.status != http.StatusOK || fields(t, r.body)["last_zxid"] != float64(at) {
		t.Fatalf("restore: %d %s", r.status, r.body)
	}
	if got := digestOf(s); got != digest {
		t.Errorf("the digest is %d, was %d", got, digest)
	}
	// Events first: the session that the snapshot knows goes on, the other has expired.
	var got []string
	for range 2 {
		f, err := w.next()
		if err != nil {
			t.Fatal(err)
		}
		e := f.event()
		got = append(got, fmt.Sprint(e.Type, e.Path))
	}
	slices.Sort(got)
	if want := fmt.Sprint(jute.EventNodeDataChanged, "/kept", " ", jute.EventNodeDeleted, "/new"); fmt.Sprint(got) != "["+strings.ReplaceAll(want, "  ", " ")+"]" {
		t.Errorf("events %v, want %v", got, want)
	}
	if data := w.get("/kept"); data != "as it was" || w.exists("/new") || !w.exists("/kept/eph") {
		t.Errorf("/kept is %q", data)
	}
	w.create("/after", "", 0)
	if zxid := s.tree.LastZxid(); zxid != before+2 { // the restored tree has one of its own
		t.Errorf("zxid %d after %d", zxid, before)
	}
	if f, err := late.next(); err != nil || f.event().Type != jute.EventNodeChildrenChanged || !late.isClosed(10*time.Second) {
		t.Errorf("a session that the snapshot does not know: %+v, %v", f, err)
	}
	if again := late.resume(s.Addr()); again.session.SessionID != 0 {
		t.Errorf("it goes on as %+v", again.session)
	}

	digest = digestOf(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	apache := zktest.Apache(t, dir)
	if out, _ := zktest.FourLetter(apache.Addr, "srvr"); !strings.Contains(out, fmt.Sprintf("Zxid: 0x%x\n", before+2)) || !strings.Contains(out, "Node count: 8") {
		t.Errorf("Apache has %s", out)
	}
	apache.Stop()
	s = withAdmin(t, Config{DataDir: dir})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	st, err := datadir.Open(dir, "").Load(t.Context(), nil)
	if err != nil || len(st.Warnings) > 0 {
		t.Errorf("%v, %q", err, st.Warnings)
	}
}

// What restores nothing leaves everything as it is.
func TestRestoreOfNonsense(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{})
	w := openSession(t, s.Addr(), 20*time.Second)
	for i := range 50 {
		w.create(fmt.Sprintf("/n%d", i), strings.Repeat("x", 100), 0)
	}
	image := takeSnapshot(t, s)
	flipped := bytes.Clone(image)
	flipped[len(image)/2] ^= 0x40
	digest, zxid := digestOf(s), s.tree.LastZxid()
	files := snapshotsOf(t, s)
	for name, body := range map[string][]byte{
		"nothing":           nil,
		"a word":            []byte("hello"),
		"half":              image[:len(image)/2],
		"a flipped bit":     flipped,
		"without its end":   image[:len(image)-40],
		"only a header":     image[:16],
		"a gzip of nothing": []byte("\x1f\x8b\x08\x00"),
		"a path that is none": hostileSnapshot(t, func(w *snapshot.Writer) {
			w.Node("/a", nil, -1, jute.StatPersisted{})
			w.Node("/a/", nil, -1, jute.StatPersisted{})
		}),
		"a znode without its parent": hostileSnapshot(t, func(w *snapshot.Writer) {
			w.Node("/a/b", nil, -1, jute.StatPersisted{})
		}),
	} {
		r := restore(t, s, bytes.NewReader(body))
		problem, _ := fields(t, r.body)["error"].(string)
		if r.status != http.StatusInternalServerError || !strings.HasPrefix(problem, "nothing restored: the snapshot") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	// The client goes in the middle.
	nc, err := net.Dial("tcp", s.AdminAddr())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(nc, "POST /commands/restore HTTP/1.1\r\nHost: x\r\nAuthorization: digest a:b\r\nContent-Length: %d\r\n\r\n", len(image))
	nc.Write(image[:len(image)/2])
	nc.Close()
	for failed := s.stats.restoreErrors.get; failed() < 10; {
		time.Sleep(5 * time.Millisecond)
	}
	if got := digestOf(s); got != digest || s.tree.LastZxid() != zxid || !slices.Equal(snapshotsOf(t, s), files) {
		t.Errorf("digest %d was %d, zxid %d was %d, %v was %v", got, digest, s.tree.LastZxid(), zxid, snapshotsOf(t, s), files)
	}
	w.create("/goes-on", "", 0)
}

func hostileSnapshot(t *testing.T, nodes func(w *snapshot.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := snapshot.NewWriter(&b, snapshot.Options{})
	w.Sessions(0, func(func(int64, int32) bool) {})
	w.ACLs(0, func(func(int64, []jute.ACL) bool) {})
	w.Node("", nil, -1, jute.StatPersisted{})
	nodes(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func snapshotsOf(t *testing.T, s *Server) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir.SnapDir, "snapshot.*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Snapshots of other servers: of Apache 3.8, which does not say its last zxid, and of one
// that is far ahead.
func TestRestoreOfOthers(t *testing.T) {
	t.Parallel()
	tree := datatree.New()
	body := &jute.CreateTxn{Path: "/far", Data: []byte("x"), ACL: jute.OpenACL(), ParentCVersion: 1}
	if _, err := tree.Apply(&jute.Txn{Header: jute.TxnHeader{Zxid: 1 << 40, Type: jute.OpCreate}, Body: body}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []snapshot.Compression{snapshot.None, snapshot.Gzip, snapshot.Snappy} {
		d, err := datadir.Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		d.Compression, d.NoLastZxid = c, true
		if err := d.WriteSnapshot(tree.Export(), nil); err != nil {
			t.Fatal(err)
		}
		image, err := os.ReadFile(filepath.Join(d.SnapDir, snapshot.FileName(1<<40, c)))
		if err != nil {
			t.Fatal(err)
		}
		s := withAdmin(t, Config{})
		if r := restore(t, s, bytes.NewReader(image)); r.status != http.StatusOK || fields(t, r.body)["last_zxid"] != float64(1<<40) {
			t.Fatalf("%v: %d %s", c, r.status, r.body)
		}
		w := openSession(t, s.Addr(), time.Second)
		if w.get("/far") != "x" || s.tree.LastZxid() != 1<<40+1 {
			t.Errorf("%v: zxid %x", c, s.tree.LastZxid())
		}
	}
}

// Writes that are on their way while the server is restored, again and again, are
// answered in order and none is half done.
func TestRestoreUnderLoad(t *testing.T) {
	t.Parallel()
	s := withAdmin(t, Config{SnapCount: 50, PreAllocSize: -1})
	w := openSession(t, s.Addr(), 20*time.Second)
	w.create("/a", "", 0)
	image := takeSnapshot(t, s)
	done := make(chan error, 1)
	go func() {
		for range 10 {
			r, err := http.NewRequest(http.MethodPost, "http://"+s.AdminAddr()+"/commands/rest", bytes.NewReader(image))
			if err == nil {
				r.Header.Set("Authorization", "digest a:b")
				var res *http.Response
				if res, err = http.DefaultClient.Do(r); err == nil && res.StatusCode != http.StatusOK {
					err = fmt.Errorf("status %d", res.StatusCode)
				}
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	last := int64(0)
	for i := 0; ; i++ {
		f, _ := w.call(jute.OpCreate, reqCreate("/a/n-", "x", jute.PersistentSequential))
		if f.Err != jute.ErrOK || f.Zxid <= last {
			t.Fatalf("create %d: %+v behind zxid %d", i, f, last)
		}
		last = f.Zxid
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			var res jute.GetChildrenResponse
			w.do(jute.OpGetChildren, &jute.GetChildrenRequest{Path: "/a"}, &res)
			w.create("/a/n-", "", jute.PersistentSequential)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}
