package client

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestOperations(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "", "enforceQuota=true")
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr, SessionTimeout: 4 * time.Second})

	t.Run("the session", func(t *testing.T) {
		if c.SessionID() == 0 || c.SessionTimeout() != 4*time.Second || c.Server() != s.Addr || c.State() != StateConnected || c.Chroot() != "" {
			t.Errorf("session 0x%x, timeout %v, server %q, state %v, chroot %q",
				c.SessionID(), c.SessionTimeout(), c.Server(), c.State(), c.Chroot())
		}
	})
	t.Run("create, get, set, delete", func(t *testing.T) {
		p, stat, err := c.Create(ctx, "/a", []byte("one"), jute.OpenACL(), jute.Persistent, 0)
		if err != nil || p != "/a" || stat.DataLength != 3 || stat.Czxid == 0 {
			t.Fatalf("create: %q %+v %v", p, stat, err)
		}
		if c.LastZxid() != stat.Czxid {
			t.Errorf("last zxid 0x%x after a create at 0x%x", c.LastZxid(), stat.Czxid)
		}
		if _, _, err := c.Create(ctx, "/a", nil, jute.OpenACL(), jute.Persistent, 0); err != jute.ErrNodeExists {
			t.Errorf("create again: %v", err)
		}
		stat, err = c.Set(ctx, "/a", []byte("three"), 0)
		if err != nil || stat.Version != 1 {
			t.Fatalf("set: %+v %v", stat, err)
		}
		if _, err := c.Set(ctx, "/a", nil, 0); err != jute.ErrBadVersion {
			t.Errorf("set of an old version: %v", err)
		}
		data, got, err := c.Get(ctx, "/a")
		if err != nil || string(data) != "three" || got != stat {
			t.Errorf("get: %q %+v %v, want the stat of set %+v", data, got, err, stat)
		}
		if err := c.Delete(ctx, "/a", 7); err != jute.ErrBadVersion {
			t.Errorf("delete of another version: %v", err)
		}
		check(t, c.Delete(ctx, "/a", 1))
		if _, _, err := c.Get(ctx, "/a"); err != jute.ErrNoNode {
			t.Errorf("get of what is deleted: %v", err)
		}
	})
	t.Run("exists", func(t *testing.T) {
		stat, err := c.Exists(ctx, "/")
		if err != nil || stat == nil || stat.NumChildren == 0 {
			t.Errorf("of /: %+v %v", stat, err)
		}
		stat, err = c.Exists(ctx, "/none")
		if err != nil || stat != nil {
			t.Errorf("of nothing: %+v %v", stat, err)
		}
	})
	t.Run("null data and empty data", func(t *testing.T) {
		for name, data := range map[string][]byte{"/null": nil, "/empty": {}} {
			must[jute.Stat](t)(second(c.Create(ctx, name, data, jute.OpenACL(), jute.Persistent, 0)))
			got, _, err := c.Get(ctx, name)
			if err != nil || len(got) != 0 || (got == nil) != (data == nil) {
				t.Errorf("%s: %#v %v", name, got, err)
			}
		}
	})
	t.Run("the kinds of znode", func(t *testing.T) {
		create(t, c, "/kinds", jute.Persistent)
		if p := create(t, c, "/kinds/s-", jute.PersistentSequential); p != "/kinds/s-0000000000" {
			t.Errorf("sequential: %s", p)
		}
		if p := create(t, c, "/kinds/", jute.EphemeralSequential); p != "/kinds/0000000001" {
			t.Errorf("sequential without a name: %s", p)
		}
		p := create(t, c, "/kinds/e", jute.Ephemeral)
		if stat := must[*jute.Stat](t)(c.Exists(ctx, p)); stat.EphemeralOwner != c.SessionID() {
			t.Errorf("ephemeral owner 0x%x, session 0x%x", stat.EphemeralOwner, c.SessionID())
		}
		create(t, c, "/kinds/c", jute.Container)
		ttl, stat, err := c.Create(ctx, "/kinds/t", nil, jute.OpenACL(), jute.PersistentTTL, time.Hour)
		if err != nil || ttl != "/kinds/t" || stat.Czxid == 0 {
			t.Errorf("ttl: %s %+v %v", ttl, stat, err)
		}
		if _, _, err := c.Create(ctx, "/kinds/t2", nil, jute.OpenACL(), jute.PersistentTTL, -time.Second); err != jute.ErrBadArguments {
			t.Errorf("a negative ttl: %v", err)
		}
		if _, _, err := c.Create(ctx, "/kinds/e/below", nil, jute.OpenACL(), jute.Persistent, 0); err != jute.ErrNoChildrenForEphemerals {
			t.Errorf("below an ephemeral: %v", err)
		}
		names, stat, err := c.Children(ctx, "/kinds")
		slices.Sort(names)
		if want := []string{"0000000001", "c", "e", "s-0000000000", "t"}; err != nil || !slices.Equal(names, want) || stat.NumChildren != 5 {
			t.Errorf("children %q, %d in the stat, %v", names, stat.NumChildren, err)
		}
		if err := c.Delete(ctx, "/kinds", -1); err != jute.ErrNotEmpty {
			t.Errorf("delete with children: %v", err)
		}
	})
	t.Run("ephemerals and counts", func(t *testing.T) {
		paths, err := c.Ephemerals(ctx, "/kinds")
		slices.Sort(paths)
		if err != nil || !slices.Equal(paths, []string{"/kinds/0000000001", "/kinds/e"}) {
			t.Errorf("ephemerals: %q %v", paths, err)
		}
		if n, err := c.AllChildrenNumber(ctx, "/kinds"); err != nil || n != 5 {
			t.Errorf("all children of /kinds: %d %v", n, err)
		}
		if _, err := c.AllChildrenNumber(ctx, "/none"); err != jute.ErrNoNode {
			t.Errorf("all children of nothing: %v", err)
		}
	})
	t.Run("ACLs", func(t *testing.T) {
		create(t, c, "/acl", jute.Persistent)
		acl := []jute.ACL{{Perms: jute.PermRead, ID: jute.ID{Scheme: "world", ID: "anyone"}}}
		stat, err := c.SetACL(ctx, "/acl", acl, 0)
		if err != nil || stat.Aversion != 1 {
			t.Fatalf("setACL: %+v %v", stat, err)
		}
		got, stat, err := c.ACL(ctx, "/acl")
		if err != nil || !slices.Equal(got, acl) || stat.Aversion != 1 {
			t.Errorf("getACL: %v %+v %v", got, stat, err)
		}
		if _, err := c.Set(ctx, "/acl", nil, -1); err != jute.ErrNoAuth {
			t.Errorf("set of what may only be read: %v", err)
		}
		if _, err := c.SetACL(ctx, "/kinds", nil, -1); err != jute.ErrInvalidACL {
			t.Errorf("an empty ACL: %v", err)
		}
	})
	t.Run("sync, config, whoami", func(t *testing.T) {
		check(t, c.Sync(ctx, "/"))
		if err := c.Sync(ctx, "/none"); err != nil {
			t.Errorf("sync of a path that is not there: %v", err)
		}
		if _, _, err := c.Config(ctx); err != nil {
			t.Errorf("config: %v", err)
		}
		if _, _, err := c.Reconfig(ctx, "", "3", "", -1); err == nil {
			t.Error("a standalone server was reconfigured")
		}
		who, err := c.WhoAmI(ctx)
		if err != nil || !slices.Contains(who, jute.ClientInfo{AuthScheme: "ip", User: "127.0.0.1"}) {
			t.Errorf("whoami: %v %v", who, err)
		}
	})
	t.Run("quota, whose code go-zookeeper does not know", func(t *testing.T) {
		create(t, c, "/zookeeper/quota/kinds", jute.Persistent)
		must[jute.Stat](t)(second(c.Create(ctx, "/zookeeper/quota/kinds/zookeeper_limits",
			[]byte("count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1"), jute.OpenACL(), jute.Persistent, 0)))
		must[jute.Stat](t)(second(c.Create(ctx, "/zookeeper/quota/kinds/zookeeper_stats",
			[]byte("count=6,bytes=0"), jute.OpenACL(), jute.Persistent, 0)))
		if _, _, err := c.Create(ctx, "/kinds/more", nil, jute.OpenACL(), jute.Persistent, 0); err != jute.ErrQuotaExceeded {
			t.Errorf("over the quota: %v", err)
		}
	})
	t.Run("refused before they are sent", func(t *testing.T) {
		for _, path := range []string{"", "foo", "/a//b", "/a/../b", "/a/", "/a\x00b"} {
			var bad *jute.PathError
			_, _, getErr := c.Get(ctx, path)
			_, _, createErr := c.Create(ctx, path, nil, jute.OpenACL(), jute.Persistent, 0)
			_, multiErr := c.Multi(ctx, []jute.Op{{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: path}}})
			for _, err := range []error{getErr, createErr, multiErr, c.Delete(ctx, path, -1), c.AddWatch(ctx, path, 0), c.Sync(ctx, path)} {
				if !errors.As(err, &bad) || bad.Path != path {
					t.Errorf("%q: %v", path, err)
				}
			}
		}
		var large *FrameTooLargeError
		_, err := c.Set(ctx, "/kinds", make([]byte, 1<<20), -1)
		if !errors.As(err, &large) || large.Limit != DefaultMaxFrame || large.Size <= 1<<20 || !strings.Contains(err.Error(), "jute.maxbuffer") {
			t.Errorf("1 MiB of data: %v", err)
		}
		if c.State() != StateConnected {
			t.Errorf("the session is %v", c.State())
		}
		// As much as fits: 8 of header, 10 of path, 4 of length, 4 of version.
		fits := bytes.Repeat([]byte("x"), DefaultMaxFrame-8-10-4-4)
		must[jute.Stat](t)(c.Set(ctx, "/kinds", fits, -1))
		got, _, err := c.Get(ctx, "/kinds")
		if err != nil || !bytes.Equal(got, fits) {
			t.Errorf("the largest data: %d bytes back, %v", len(got), err)
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		cancel()
		if _, _, err := c.Get(over, "/"); err != context.Canceled {
			t.Errorf("get: %v", err)
		}
	})
}

// second drops the first of three results.
func second[A, B any](_ A, b B, err error) (B, error) { return b, err }

// What is sent one after the other is done in that order, however much is under way.
func TestStartMulti(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr})
	var waits []func(context.Context) ([]jute.OpResult, error)
	path := ""
	for range 50 {
		path += "/n"
		wait, err := c.StartMulti([]jute.Op{{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: path, ACL: jute.OpenACL()}}})
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, wait)
	}
	for i, wait := range waits {
		if results, err := wait(ctx); err != nil || len(results) != 1 {
			t.Fatalf("multi %d: %v %v", i, results, err)
		}
	}
	wait, err := c.StartMulti([]jute.Op{{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: "/n", Version: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wait(ctx); err != jute.ErrNotEmpty {
		t.Errorf("a multi that fails: %v", err)
	}
	big := []jute.Op{{Type: jute.OpSetData, Body: &jute.SetDataRequest{Path: "/n", Data: make([]byte, DefaultMaxFrame), Version: -1}}}
	var large *FrameTooLargeError
	if _, err := c.StartMulti(big); !errors.As(err, &large) {
		t.Errorf("a multi that is too large: %v", err)
	}
}

func TestMulti(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	root := session(t, Config{Servers: s.Addr})
	create(t, root, "/app", jute.Persistent)
	for _, chroot := range []string{"", "/app"} {
		c := session(t, Config{Servers: s.Addr + chroot})
		ops := []jute.Op{
			{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: "/m", ACL: jute.OpenACL()}},
			{Type: jute.OpCreate2, Body: &jute.CreateRequest{Path: "/m/s", ACL: jute.OpenACL(), Flags: jute.PersistentSequential}},
			{Type: jute.OpSetData, Body: &jute.SetDataRequest{Path: "/m", Data: []byte("x"), Version: 0}},
			{Type: jute.OpCheck, Body: &jute.CheckVersionRequest{Path: "/m", Version: 1}},
			{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: "/m/s0000000000", Version: -1}},
		}
		res, err := c.Multi(ctx, ops)
		if err != nil || len(res) != 5 {
			t.Fatalf("chroot %q: %v %v", chroot, res, err)
		}
		if p := res[0].Body.(*jute.CreateResponse).Path; p != "/m" {
			t.Errorf("chroot %q: created %q", chroot, p)
		}
		if p := res[1].Body.(*jute.CreateResponse).Path; p != "/m/s0000000000" {
			t.Errorf("chroot %q: created %q", chroot, p)
		}
		if v := res[2].Body.(*jute.SetDataResponse).Stat.Version; v != 1 {
			t.Errorf("chroot %q: set version %d", chroot, v)
		}
		if p := ops[0].Body.(*jute.CreateRequest).Path; p != "/m" {
			t.Errorf("chroot %q: the caller's request now says %q", chroot, p)
		}

		res, err = c.Multi(ctx, []jute.Op{
			{Type: jute.OpSetData, Body: &jute.SetDataRequest{Path: "/m", Data: []byte("y"), Version: -1}},
			{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: "/none", Version: -1}},
			{Type: jute.OpDelete, Body: &jute.DeleteRequest{Path: "/m", Version: -1}},
		})
		if err != jute.ErrNoNode || len(res) != 3 || res[0].Err != jute.ErrOK || res[1].Err != jute.ErrNoNode || res[2].Err != jute.ErrRuntimeInconsistency {
			t.Errorf("chroot %q: a multi that fails: %+v %v", chroot, res, err)
		}
		if data, _, err := c.Get(ctx, "/m"); err != nil || string(data) != "x" {
			t.Errorf("chroot %q: after the multi that failed: %q %v", chroot, data, err)
		}

		res, err = c.MultiRead(ctx, []jute.Op{
			{Type: jute.OpGetData, Body: &jute.GetDataRequest{Path: "/m"}},
			{Type: jute.OpGetData, Body: &jute.GetDataRequest{Path: "/none"}},
			{Type: jute.OpGetChildren, Body: &jute.GetChildrenRequest{Path: "/"}},
		})
		if err != nil || len(res) != 3 || res[1].Err != jute.ErrNoNode {
			t.Fatalf("chroot %q: multiRead: %+v %v", chroot, res, err)
		}
		if data := res[0].Body.(*jute.GetDataResponse).Data; string(data) != "x" {
			t.Errorf("chroot %q: multiRead: data %q", chroot, data)
		}
		if names := res[2].Body.(*jute.GetChildrenResponse).Children; !slices.Contains(names, "m") {
			t.Errorf("chroot %q: multiRead: children %q", chroot, names)
		}
	}
	if res, err := root.Multi(ctx, nil); err != nil || res != nil {
		t.Errorf("a multi of nothing: %v %v", res, err)
	}
	if _, err := root.Multi(ctx, []jute.Op{{Type: jute.OpSync, Body: &jute.SyncRequest{Path: "/"}}}); err == nil {
		t.Error("sync was part of a multi")
	}
}

func TestChroot(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	root := session(t, Config{Servers: s.Addr})
	c := session(t, Config{Servers: s.Addr + "/app/one"})
	if c.Chroot() != "/app/one" {
		t.Errorf("chroot %q", c.Chroot())
	}
	if _, _, err := c.Children(ctx, "/"); err != jute.ErrNoNode {
		t.Errorf("/ of a chroot that is not there: %v", err)
	}
	create(t, root, "/app", jute.Persistent)
	create(t, c, "/", jute.Persistent) // the chroot itself
	if p := create(t, c, "/", jute.EphemeralSequential); p != "/0000000000" {
		t.Errorf("sequential in the chroot: %s", p)
	}
	if p := create(t, c, "/e", jute.Ephemeral); p != "/e" {
		t.Errorf("created %s", p)
	}
	if names, _, err := root.Children(ctx, "/app/one"); err != nil || len(names) != 2 {
		t.Errorf("seen from outside: %q %v", names, err)
	}
	if data, _, err := root.Get(ctx, "/app/one/e"); err != nil || string(data) != "data of /e" {
		t.Errorf("seen from outside: %q %v", data, err)
	}
	check(t, c.do(ctx, jute.OpCreate, &jute.CreateRequest{Path: "/app/one-more", ACL: jute.OpenACL(), Flags: jute.Ephemeral}, nil, nil))
	paths, err := c.Ephemerals(ctx, "/")
	slices.Sort(paths)
	if err != nil || !slices.Equal(paths, []string{"/0000000000", "/e"}) {
		t.Errorf("ephemerals: %q %v", paths, err)
	}
	if n, err := c.AllChildrenNumber(ctx, "/"); err != nil || n != 2 {
		t.Errorf("all children: %d %v", n, err)
	}
	if _, _, err := c.Config(ctx); err != nil {
		t.Errorf("config, which is outside: %v", err)
	}
}
