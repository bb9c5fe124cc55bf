package client

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func digest(userPassword string) Auth { return Auth{"digest", []byte(userPassword)} }

func TestAuth(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	p := newProxy(t, s.Addr)
	heard := &record{}
	c := session(t, Config{Servers: p.Addr, SessionTimeout: 10 * time.Second, Auth: []Auth{digest("ann:1")}, OnState: heard.state})
	mine := []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "auth"}}}
	must[jute.Stat](t)(second(c.Create(ctx, "/ann", nil, mine, jute.Persistent, 0)))
	check(t, c.AddAuth(ctx, digest("bob:2")))
	check(t, c.AddAuth(ctx, digest("bob:2")))
	must[jute.Stat](t)(second(c.Create(ctx, "/bob", nil, []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: jute.DigestID("bob:2")}}}, jute.Persistent, 0)))
	stranger := session(t, Config{Servers: s.Addr})
	if _, _, err := stranger.Get(ctx, "/ann"); err != jute.ErrNoAuth {
		t.Errorf("without the identity: %v", err)
	}

	// The first request after a reconnect already has the identities.
	for range 3 {
		p.refuse.Store(true)
		p.cut()
		eventually(t, "the connection is gone", func() bool { return c.State() != StateConnected })
		results := make(chan error, 2)
		go func() { _, _, err := c.Get(ctx, "/ann"); results <- err }()
		go func() { _, _, err := c.GetW(ctx, "/bob"); results <- err }()
		time.Sleep(20 * time.Millisecond)
		p.refuse.Store(false)
		for range 2 {
			if err := <-results; err != nil {
				t.Errorf("after a reconnect: %v", err)
			}
		}
	}
	if len(c.auths) != 2 {
		t.Errorf("identities %v", c.auths)
	}

	// One that is refused ends the connection, not the session, and is not sent again.
	id := c.SessionID()
	heard.clear()
	if err := c.AddAuth(ctx, Auth{"nonsense", []byte("x")}); err != jute.ErrAuthFailed {
		t.Errorf("an unknown scheme: %v", err)
	}
	must[jute.Stat](t)(second(c.Get(ctx, "/ann")))
	if c.SessionID() != id {
		t.Errorf("session 0x%x was 0x%x", c.SessionID(), id)
	}
	heard.expect(t, "disconnected", "connecting", "connected")
	who, err := c.WhoAmI(ctx)
	if want := []string{"ann", "bob"}; err != nil || !slices.Equal(digestUsers(who), want) {
		t.Errorf("whoami %v %v, want %v", who, err, want)
	}

	if _, err := Dial(ctx, Config{Servers: s.Addr, Auth: []Auth{digest("ann:1"), {"nonsense", nil}}}); err != jute.ErrAuthFailed {
		t.Errorf("dial with an unknown scheme: %v", err)
	}
}

func digestUsers(who []jute.ClientInfo) (users []string) {
	for _, w := range who {
		if w.AuthScheme == "digest" {
			users = append(users, w.User)
		}
	}
	slices.Sort(users)
	return users
}

// A server that refuses what another accepted: whoever waits is told.
func TestAuthRefusedLater(t *testing.T) {
	noLeaks(t)
	var refuse atomic.Bool
	s := newFakeServer(t, func(h jute.RequestHeader, _ []byte) ([]byte, bool) {
		if h.Type == jute.OpAuth && refuse.Load() {
			return framed(&jute.ReplyHeader{Xid: h.Xid, Err: jute.ErrAuthFailed}), true
		}
		return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 1}), h.Type == jute.OpSync
	})
	ctx := testContext(t)
	heard := &record{}
	c := session(t, Config{Servers: s.Addr, Auth: []Auth{digest("a:b")}, OnState: heard.state})
	refuse.Store(true)
	c.Sync(ctx, "/")
	eventually(t, "a refusal", func() bool { return c.Delete(ctx, "/x", -1) == jute.ErrAuthFailed })
	if c.State() != StateAuthFailed {
		t.Errorf("state %v", c.State())
	}
	time.Sleep(300 * time.Millisecond)
	tries := 0
	for _, op := range s.seen() {
		if op == jute.OpAuth {
			tries++
		}
	}
	if tries > 4 {
		t.Errorf("%d tries in no time with an identity that is refused", tries)
	}
	refuse.Store(false)
	eventually(t, "it is accepted again", func() bool {
		err := c.Delete(ctx, "/x", -1)
		if err != nil && !errors.Is(err, jute.ErrAuthFailed) {
			t.Fatal(err)
		}
		return err == nil
	})
	heard.expect(t, "connected", "disconnected", "connecting", "authentication failed", "connected")
}
