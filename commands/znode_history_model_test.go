package commands

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/client"
	"zook/datadir"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

// diarist changes znodes at random and writes down what it did, in the words of
// log -o jsonl: what that says has to be the same.
type diarist struct {
	t       *testing.T
	rng     *rand.Rand
	dial    func() *client.Client
	clients []*client.Client
	znodes  map[string]*diaryZnode
	diary   []told
}

type diaryZnode struct {
	version, aversion int32
	data              []byte
	owner             *client.Client // of an ephemeral
	mode              string
	czxid, mzxid      int64
}

// told is what log says of a change, as far as the diarist knows it too.
type told struct {
	Change, Path, Mode, Cause     string
	Zxid, Session                 Hex
	Version, OldVersion, Aversion *int32
	Length, OldLength             *int
	Data, OldData                 *string
	ACL                           string
	Multi                         *inMulti
	SessionTimeout                int32
	SessionOpened                 bool
	mzxidBefore                   int64 // of "before"
}

func (d *diarist) client() *client.Client { return d.clients[d.rng.IntN(len(d.clients))] }

// did writes down a change that the last request of c made.
func (d *diarist) did(c *client.Client, e told) {
	e.Zxid, e.Session = Hex(c.LastZxid()), Hex(c.SessionID())
	e.SessionTimeout, e.SessionOpened = int32(c.SessionTimeout()/time.Millisecond), true
	d.diary = append(d.diary, e)
}

var diaryPaths = []string{"/h", "/h/a", "/h/a/x", "/h/b", "/h/lock"}

const open, alsoLocal = "world:anyone:cdrwa", "world:anyone:cdrwa,ip:127.0.0.1:r"

// createTold is what a create says, and the znode afterwards.
func (d *diarist) createTold(path string, data []byte, mode jute.CreateMode, c *client.Client) told {
	z := &diaryZnode{data: data, mode: "persistent"}
	if mode == jute.Ephemeral {
		z.mode, z.owner = "ephemeral", c
	}
	d.znodes[path] = z
	return told{Change: "create", Path: path, Mode: z.mode, Version: new(int32), Aversion: new(int32), Length: new(len(data)),
		Data: text(data), ACL: open}
}

func (d *diarist) setTold(path string, data []byte) told {
	z := d.znodes[path]
	old := *z
	z.version, z.data = z.version+1, data
	return told{Change: "setData", Path: path, Version: new(z.version), OldVersion: new(old.version),
		Length: new(len(data)), OldLength: new(len(old.data)), Data: text(data)}
}

func (d *diarist) deleteTold(path, cause string) told {
	z := d.znodes[path]
	delete(d.znodes, path)
	return told{Change: "delete", Path: path, Mode: z.mode, Cause: cause, OldVersion: new(z.version), OldLength: new(len(z.data)),
		OldData: text(z.data)}
}

// text is data as JSON has it, "base64:" before what is none; nil for null.
func text(data []byte) *string {
	if data == nil {
		return nil
	}
	if !json.Valid([]byte(fmt.Sprintf("%q", data))) {
		return new("base64:" + base64.StdEncoding.EncodeToString(data))
	}
	return new(string(data))
}

func (d *diarist) data() []byte {
	switch d.rng.IntN(6) {
	case 0:
		return nil
	case 1:
		return []byte{}
	case 2:
		return []byte{0, 0xff, byte(d.rng.IntN(256))}
	}
	return []byte(fmt.Sprintf("line\nvalue %d\n", d.rng.IntN(1000)))
}

func (d *diarist) refuse(c *client.Client, err error, want jute.ErrCode) {
	d.t.Helper()
	if !errors.Is(err, want) {
		d.t.Fatalf("%v, want %v", err, want)
	}
}

func (d *diarist) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// step does one thing at random.
func (d *diarist) step() {
	ctx, c := d.t.Context(), d.client()
	path := diaryPaths[d.rng.IntN(len(diaryPaths))]
	z := d.znodes[path]
	switch n := d.rng.IntN(20); {
	case n == 0:
		d.endSession(c)
	case n == 1: // a multi that is refused changes nothing
		_, err := c.Multi(ctx, []jute.Op{{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: "/h-new", ACL: jute.OpenACL()}},
			{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: "/nothing", Version: -1}}})
		d.refuse(c, err, jute.ErrNoNode)
	case n == 2 && z == nil && d.canCreate(path):
		first, second := d.data(), d.data()
		_, err := c.Multi(ctx, []jute.Op{
			{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: path, Data: first, ACL: jute.OpenACL()}},
			{Type: jute.OpSetData, Body: &jute.SetDataRequest{Path: path, Data: second, Version: 0}}})
		d.ok(err)
		create := d.createTold(path, first, jute.Persistent, c)
		create.Multi = &inMulti{1, 2}
		d.did(c, create)
		set := d.setTold(path, second)
		set.Multi = &inMulti{2, 2}
		d.did(c, set)
	case n < 9 && z == nil:
		mode := jute.Persistent
		if d.rng.IntN(2) == 0 {
			mode = jute.Ephemeral
		}
		data := d.data()
		_, _, err := c.Create(ctx, path, data, jute.OpenACL(), mode, 0)
		switch {
		case d.canCreate(path):
			d.ok(err)
			d.did(c, d.createTold(path, data, mode, c))
		case err == nil:
			d.t.Fatalf("%s was created", path)
		}
	case z == nil:
		_, err := c.Set(ctx, path, nil, -1)
		d.refuse(c, err, jute.ErrNoNode)
	case n < 14:
		data := d.data()
		_, err := c.Set(ctx, path, data, z.version)
		d.ok(err)
		d.did(c, d.setTold(path, data))
	case n < 16:
		text := []string{open, alsoLocal}[d.rng.IntN(2)]
		acl, err := jute.ParseACLs(text)
		d.ok(err)
		_, err = c.SetACL(ctx, path, acl, -1)
		d.ok(err)
		z.aversion++
		d.did(c, told{Change: "setACL", Path: path, Aversion: new(z.aversion), ACL: text})
	default:
		err := c.Delete(ctx, path, -1)
		if d.hasChildren(path) {
			d.refuse(c, err, jute.ErrNotEmpty)
			return
		}
		d.ok(err)
		d.did(c, d.deleteTold(path, "request"))
	}
}

func (d *diarist) canCreate(path string) bool {
	parent := jute.ParentPath(path)
	return parent == "/" || d.znodes[parent] != nil && d.znodes[parent].owner == nil
}

func (d *diarist) hasChildren(path string) bool {
	for p := range d.znodes {
		if strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

// endSession closes a session, whose ephemerals go with it, and opens another.
func (d *diarist) endSession(c *client.Client) {
	i := slices.Index(d.clients, c)
	opened := d.dial()
	d.ok(c.Close())
	other := d.clients[(i+1)%len(d.clients)]
	d.clients[i] = opened
	var gone []told
	for _, path := range diaryPaths {
		if z := d.znodes[path]; z != nil && z.owner == c {
			gone = append(gone, d.deleteTold(path, "sessionClosed"))
		}
	}
	// The next transaction comes right behind: its zxid tells that of the close.
	_, err := other.Set(d.t.Context(), "/nothing", nil, -1)
	d.refuse(other, err, jute.ErrNoNode)
	for _, e := range gone {
		e.Zxid, e.Session = Hex(other.LastZxid()-1), Hex(c.SessionID())
		e.SessionTimeout, e.SessionOpened = int32(c.SessionTimeout()/time.Millisecond), true
		d.diary = append(d.diary, e)
	}
}

// logSays is what log -o jsonl tells.
func logSays(t *testing.T, dir string, words ...string) (all []told, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	env := &Env{Out: &out, Err: &errs}
	err := Run(context.Background(), env, append([]string{"--data-dir", dir, "log", "-o", "jsonl"}, words...))
	if err != nil {
		fmt.Fprintln(&errs, Explain(err))
	}
	for line := range strings.Lines(out.String()) {
		var j struct {
			Change, Path, Mode, Cause, Zxid, Session string
			SessionTimeout                           int32
			SessionOpened                            *string
			Version, OldVersion, Aversion            *int32
			DataLength, OldDataLength                *int
			Data, DataBase64, OldData, OldDataBase64 *string
			ACL, OldACL                              []aclEntry
			Multi                                    *inMulti
			Mzxid                                    string
		}
		if err := json.Unmarshal([]byte(line), &j); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		e := told{Change: j.Change, Path: j.Path, Mode: j.Mode, Cause: j.Cause, Version: j.Version, OldVersion: j.OldVersion,
			Aversion: j.Aversion, Length: j.DataLength, OldLength: j.OldDataLength, Data: j.Data, OldData: j.OldData,
			Multi: j.Multi, SessionTimeout: j.SessionTimeout, SessionOpened: j.SessionOpened != nil}
		if j.DataBase64 != nil {
			e.Data = new("base64:" + *j.DataBase64)
		}
		if j.OldDataBase64 != nil {
			e.OldData = new("base64:" + *j.OldDataBase64)
		}
		var acl []string
		for _, a := range j.ACL {
			acl = append(acl, a.String())
		}
		e.ACL = strings.Join(acl, ",")
		e.Zxid, e.Session = hexOf(t, j.Zxid), hexOf(t, j.Session)
		e.mzxidBefore = int64(hexOf(t, j.Mzxid))
		all = append(all, e)
	}
	return all, errs.String(), ExitCode(err)
}

func hexOf(t *testing.T, s string) Hex {
	t.Helper()
	if s == "" {
		return 0
	}
	v, err := parseZxid(s)
	if err != nil {
		t.Fatal(err)
	}
	return Hex(v)
}

// compare compares what log tells with the diary.
func (d *diarist) compare(t *testing.T, what string, got, want []told) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w told
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if !reflect.DeepEqual(g, w) {
			gj, _ := json.Marshal(g)
			wj, _ := json.Marshal(w)
			t.Fatalf("%s: change %d of %d\ngot  %s\nwant %s", what, i+1, len(want), gj, wj)
		}
	}
}

// diaryOf is the part of the diary that is of a znode, or of all below it.
func (d *diarist) diaryOf(path string, below bool) (all []told) {
	for _, e := range d.diary {
		if e.Path == path || below && strings.HasPrefix(e.Path, path+"/") {
			all = append(all, e)
		}
	}
	return all
}

// checkAll compares the histories of all znodes.
func (d *diarist) checkAll(t *testing.T, dir string) {
	t.Helper()
	for _, path := range diaryPaths {
		got, stderr, code := logSays(t, dir, path)
		if want := d.diaryOf(path, false); len(want) > 0 || code != ExitNoNode {
			d.compare(t, path, got, want)
			if code != ExitOK || stderr != "" {
				t.Fatalf("%s: exit code %d: %s", path, code, stderr)
			}
		}
	}
	for _, path := range diaryPaths {
		if d.znodes[path] != nil {
			d.checkBlame(t, dir, path, true)
		}
	}
	got, _, _ := logSays(t, dir, "-r", "-p", "/h")
	want := d.diaryOf("/h", true)
	d.compare(t, "-r /h", got, want)
}

// checkBlame compares what blame says with the znode's stat, and, where all of the logs
// are there, with the diary.
func (d *diarist) checkBlame(t *testing.T, dir, path string, all bool) {
	t.Helper()
	stat, err := d.clients[0].Exists(t.Context(), path)
	if d.ok(err); stat == nil {
		t.Fatalf("%s is not there", path)
	}
	var out, errs strings.Builder
	env := &Env{Out: &out, Err: &errs}
	if err := Run(context.Background(), env, []string{"--data-dir", dir, "blame", "-o", "jsonl", path}); err != nil {
		t.Fatalf("%s: %v", path, Explain(err))
	}
	zxids := map[string]Hex{"created": Hex(stat.Czxid), "data": Hex(stat.Mzxid)}
	if stat.Pzxid != stat.Czxid {
		zxids["children"] = Hex(stat.Pzxid)
	}
	for line := range strings.Lines(out.String()) {
		var row struct {
			What, Zxid, Session, Type string
			Version, NumChildren      *int32
			DataLength                *int32
		}
		d.ok(json.Unmarshal([]byte(line), &row))
		if row.What == "acl" {
			continue
		}
		if want, ok := zxids[row.What]; !ok || row.Zxid != want.String() {
			t.Fatalf("%s: %s is of %s by blame, of %v by its stat", path, row.What, row.Zxid, want)
		}
		delete(zxids, row.What)
		switch {
		case row.What == "data" && (*row.Version != stat.Version || *row.DataLength != stat.DataLength),
			row.What == "children" && row.NumChildren != nil && *row.NumChildren != stat.NumChildren:
			t.Fatalf("%s: blame says %s, its stat is %+v", path, line, stat)
		case all && row.What != "children":
			i := slices.IndexFunc(d.diary, func(e told) bool { return e.Path == path && e.Zxid.String() == row.Zxid })
			if i < 0 || d.diary[i].Session.String() != row.Session {
				t.Fatalf("%s: blame says %s, of which the diary knows nothing", path, line)
			}
		}
	}
	if len(zxids) > 0 {
		t.Fatalf("%s: blame does not say who did %v", path, zxids)
	}
}

// The same tale must come out of the logs as the clients that did it all would tell,
// whatever is between: snapshots, new logs, restarts, and the purge of what is old.
func TestLogTellsWhatWasDone(t *testing.T) {
	t.Run("zook", func(t *testing.T) {
		dir := t.TempDir()
		cfg := server.Config{Addr: fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t)), DataDir: dir, SnapCount: 60, PreAllocSize: 1 << 16}
		s := (*server.Server)(nil)
		start := func() {
			var err error
			if s, err = server.Start(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
		}
		start()
		t.Cleanup(func() { s.Close() })
		keepDiary(t, dir, cfg.Addr, 600, func() { s.Close(); start() })
	})
	t.Run("apache", func(t *testing.T) {
		s := zktest.Apache(t, "", "snapCount=60")
		keepDiary(t, s.DataDir, s.Addr, 300, func() { s.Stop(); s.Start() })
	})
}

func keepDiary(t *testing.T, dir, addr string, steps int, restart func()) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &diarist{t: t, rng: rand.New(rand.NewPCG(seed, 0)), znodes: map[string]*diaryZnode{}}
	d.dial = func() *client.Client {
		c, err := client.Dial(t.Context(), client.Config{Servers: addr, SessionTimeout: 10 * time.Second})
		d.ok(err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	for range 3 {
		d.clients = append(d.clients, d.dial())
	}
	for i := range 3 {
		for range steps / 3 {
			d.step()
		}
		d.checkAll(t, dir) // of a running server
		if i == 2 {
			break
		}
		restart()
		for _, c := range d.clients {
			for tries := 0; ; tries++ {
				if _, err := c.Exists(t.Context(), "/"); err == nil {
					break
				} else if tries == 200 {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
	d.checkAll(t, dir)
	d.checkPurged(t, dir)
}

// checkPurged purges the logs one after the other, with and without the snapshot from
// just before those that are left.
func (d *diarist) checkPurged(t *testing.T, dir string) {
	files := datadir.Open(dir, "")
	logs, err := files.Logs()
	d.ok(err)
	snaps, err := files.Snapshots()
	d.ok(err)
	if len(logs) < 3 || len(snaps) < 4 {
		t.Fatalf("%d logs and %d snapshots are too few", len(logs), len(snaps))
	}
	for i := 1; i < len(logs); i++ {
		for _, before := range []bool{true, false} {
			first := logs[i].Zxid
			copied := filepath.Join(t.TempDir(), "version-2")
			d.ok(os.Mkdir(copied, 0o755))
			keep := logs[i:]
			for _, s := range snaps {
				if s.Zxid >= first || before && s.Zxid == first-1 {
					keep = append(keep, s)
				}
			}
			for _, f := range keep {
				d.ok(os.Link(f.Path, filepath.Join(copied, filepath.Base(f.Path))))
			}
			for _, path := range diaryPaths {
				got, stderr, _ := logSays(t, filepath.Dir(copied), path)
				what := fmt.Sprintf("%s from %v on, snapshot %v", path, Hex(first), before)
				if len(keep) == len(logs)-i && !strings.Contains(stderr, "no snapshot says") {
					t.Fatalf("%s: without a snapshot stderr is %q", what, stderr)
				}
				d.comparePurged(t, what, path, int64(first), got, stderr == "")
				if stderr == "" && d.znodes[path] != nil {
					d.checkBlame(t, filepath.Dir(copied), path, false)
				}
			}
		}
	}
}

// comparePurged compares what is told once logs begin at first.
func (d *diarist) comparePurged(t *testing.T, what, path string, first int64, got []told, known bool) {
	t.Helper()
	var was *told // the znode's state before first, nil if it was not there
	var acl string
	var want []told
	for _, e := range d.diaryOf(path, false) {
		if int64(e.Zxid) >= first {
			want = append(want, e)
			continue
		}
		switch e.Change {
		case "create":
			was = &told{Change: "before", Path: path, Zxid: e.Zxid, Mode: e.Mode, mzxidBefore: int64(e.Zxid), Version: e.Version,
				Length: e.Length, Data: e.Data}
			if e.Mode == "ephemeral" {
				was.Session = e.Session
			}
			acl = e.ACL
		case "setData":
			was.Version, was.Length, was.Data, was.mzxidBefore = e.Version, e.Length, e.Data, int64(e.Zxid)
		case "setACL":
			acl = e.ACL
		case "delete":
			was = nil
		}
	}
	if len(got) > 0 && got[0].Change == "before" {
		g := got[0]
		got = got[1:]
		if was == nil {
			t.Fatalf("%s: it was not there before", what)
		}
		if g.Version == nil { // what was before the first change of the data is not known
			was.Version, was.Length, was.Data, was.mzxidBefore = nil, nil, nil, 0
		}
		if len(want) == 0 {
			was.ACL = acl
		} else {
			g.ACL = "" // perhaps younger, in a fuzzy snapshot
		}
		g.Aversion = nil
		d.compare(t, what+", before", []told{g}, []told{*was})
	} else if known && was != nil && !slices.ContainsFunc(want, func(e told) bool { return e.Change == "delete" }) {
		t.Fatalf("%s: it was there before, which is not told", what)
	}
	for i := range got {
		g := &got[i]
		if i >= len(want) {
			break
		}
		w := &want[i]
		// Of the sessions and of what there was before the logs less is known.
		w.SessionOpened, w.SessionTimeout = g.SessionOpened, g.SessionTimeout
		if g.OldLength == nil {
			w.OldLength, w.OldData = nil, nil
		}
		if w.Change == "delete" && g.OldVersion == nil {
			w.OldVersion = nil
		}
		if w.Change == "delete" && g.Mode == "" {
			w.Mode = ""
		}
	}
	d.compare(t, what, got, want)
}
