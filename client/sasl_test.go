package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/internal/digestmd5"
	"zook/internal/zktest"
	"zook/jute"
	"zook/server"
)

var saslUsers = map[string]string{"bob": "secret", "rené": "garçon", "Жук": "пароль", "quo\"te": "\\"}

// bothWithSASL are Apache's server and ours, with the same users.
func bothWithSASL(t *testing.T, f func(t *testing.T, addr string)) {
	t.Run("Apache", func(t *testing.T) {
		plain := map[string]string{"bob": "secret", "rené": "garçon", "Жук": "пароль"}
		f(t, zktest.ApacheSASL(t, plain).Addr)
	})
	t.Run("zook", func(t *testing.T) {
		s, err := server.Start(testContext(t), server.Config{SASLUsers: saslUsers, AuthSchemes: []string{"sasl"}})
		check(t, err)
		t.Cleanup(func() { s.Close() })
		f(t, s.Addr())
	})
}

func TestSASL(t *testing.T) {
	bothWithSASL(t, func(t *testing.T, addr string) {
		noLeaks(t)
		ctx := testContext(t)
		p := newProxy(t, addr)
		heard := &record{}
		c := session(t, Config{Servers: p.Addr, SessionTimeout: 10 * time.Second, SASL: &SASL{"bob", "secret"},
			Auth: []Auth{digest("ann:1")}, OnState: heard.state})
		only := []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "sasl", ID: "bob"}}}
		must[jute.Stat](t)(second(c.Create(ctx, "/bob", []byte("his"), only, jute.Persistent, 0)))
		who, err := c.WhoAmI(ctx)
		if got := fmt.Sprint(who); err != nil || !strings.Contains(got, "{sasl bob}") || !strings.Contains(got, "{digest ann}") {
			t.Errorf("whoami %s %v", got, err)
		}
		if _, _, err := session(t, Config{Servers: addr}).Get(ctx, "/bob"); err != jute.ErrNoAuth {
			t.Errorf("without a login: %v", err)
		}

		// The first request after a reconnect is already bob's.
		for range 3 {
			p.refuse.Store(true)
			p.cut()
			eventually(t, "the connection is gone", func() bool { return c.State() != StateConnected })
			results := make(chan error, 2)
			go func() { _, _, err := c.Get(ctx, "/bob"); results <- err }()
			go func() { _, _, err := c.GetW(ctx, "/bob"); results <- err }()
			time.Sleep(20 * time.Millisecond)
			p.refuse.Store(false)
			for range 2 {
				if err := <-results; err != nil {
					t.Errorf("after a reconnect: %v", err)
				}
			}
		}
		if heard.has("authentication failed") || c.Err() != nil {
			t.Errorf("heard %q, %v", heard.all(), c.Err())
		}
		for _, user := range []string{"rené", "Жук"} {
			other := session(t, Config{Servers: addr, SASL: &SASL{user, saslUsers[user]}})
			who, err := other.WhoAmI(ctx)
			if err != nil || !strings.Contains(fmt.Sprint(who), "{sasl "+user+"}") {
				t.Errorf("%s: whoami %v %v", user, who, err)
			}
		}
	})
}

func TestSASLRefused(t *testing.T) {
	bothWithSASL(t, func(t *testing.T, addr string) {
		noLeaks(t)
		for _, u := range []SASL{{"bob", "wrong"}, {"bob", ""}, {"eve", "none"}, {"Bob", "none"}} {
			start := time.Now()
			_, err := Dial(testContext(t), Config{Servers: addr, SASL: &u})
			var login *LoginError
			if !errors.As(err, &login) || !errors.Is(err, jute.ErrAuthFailed) || login.User != u.User || login.Reason != errWrongLogin {
				t.Errorf("%+v: %v", u, err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%+v: only after %v", u, took)
			}
		}
	})
}

// A server that has no users, with each server that there is.
func TestSASLWithoutUsers(t *testing.T) {
	ours, err := server.Start(testContext(t), server.Config{})
	check(t, err)
	t.Cleanup(func() { ours.Close() })
	for name, addr := range map[string]string{"Apache": zktest.Apache(t, "").Addr, "zook": ours.Addr()} {
		_, err := Dial(testContext(t), Config{Servers: addr, SASL: &SASL{"bob", "secret"}})
		if login := (*LoginError)(nil); !errors.As(err, &login) || login.Reason != errNoLogin {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// saslServer is a fakeServer that lets bob log in as long as the script does not say
// otherwise: it is called for the first and the second token of each login.
func saslServer(t *testing.T, script func(step int, h jute.RequestHeader) (frames []byte, hangUp, ok bool)) *fakeServer {
	var mu sync.Mutex
	var login *digestmd5.Server
	return newFakeServer(t, func(h jute.RequestHeader, body []byte) ([]byte, bool) {
		if h.Type != jute.OpSASL {
			return framed(&jute.ReplyHeader{Xid: h.Xid, Zxid: 1}), h.Type == jute.OpSync
		}
		mu.Lock()
		defer mu.Unlock()
		var q jute.GetSASLRequest
		check(t, jute.Unmarshal(body, &q))
		step := 2
		if len(q.Token) == 0 {
			login, step = digestmd5.NewServer(saslUsers), 1
		}
		if frames, hangUp, ok := script(step, h); ok {
			return frames, hangUp
		}
		token, err := login.Step(q.Token)
		check(t, err)
		return framed(&jute.ReplyHeader{Xid: h.Xid}, &jute.SetSASLResponse{Token: token}), false
	})
}

func TestSASLComesFirst(t *testing.T) {
	s := saslServer(t, func(step int, _ jute.RequestHeader) ([]byte, bool, bool) {
		time.Sleep(100 * time.Millisecond) // something could overtake it
		return nil, false, false
	})
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr, SASL: &SASL{"bob", "secret"}, Auth: []Auth{digest("a:b")}})
	check(t, c.Delete(ctx, "/x", -1))
	check(t, c.AddWatch(ctx, "/x", jute.WatchPersistent))
	c.Sync(ctx, "/") // the server hangs up
	eventually(t, "the connection is back", func() bool { return c.Delete(ctx, "/x", -1) == nil })
	const want = "[sasl sasl auth delete addWatch sync sasl sasl auth setWatches2 delete]"
	if seen := fmt.Sprint(s.seen()); seen != want {
		t.Errorf("the server saw\n%s, want\n%s", seen, want)
	}
}

// Servers that do not let bob in, each in its own way.
func TestSASLFaults(t *testing.T) {
	answer := func(code jute.ErrCode, token []byte) func(jute.RequestHeader) []byte {
		return func(h jute.RequestHeader) []byte {
			return framed(&jute.ReplyHeader{Xid: h.Xid, Err: code}, &jute.SetSASLResponse{Token: token})
		}
	}
	challenge := `realm="zk-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess`
	for name, test := range map[string]struct {
		step   int
		answer func(jute.RequestHeader) []byte
		says   string
		logins int
	}{
		"refused":                   {2, answer(jute.ErrAuthFailed, nil), "refuses the name or the password", 1},
		"refused where it must":     {2, answer(jute.ErrSessionClosedRequireSASLAuth, nil), "refuses the name or the password", 1},
		"refused without a word":    {2, nil, "refuses the name or the password", 2},
		"refused and may stay":      {2, answer(jute.ErrOK, nil), "refuses the name or the password", 1},
		"refused at once":           {1, answer(jute.ErrAuthFailed, nil), "has no SASL", 1}, // as 3.10 with fips-mode
		"no users":                  {1, answer(jute.ErrOK, nil), "has no SASL", 1},
		"no users, said otherwise":  {1, answer(jute.ErrOK, []byte{}), "has no SASL", 1},
		"no SASL":                   {1, answer(jute.ErrUnimplemented, nil), "has no SASL", 1},
		"another error":             {2, answer(jute.ErrSystemError, nil), "system error", 1},
		"no challenge":              {1, answer(jute.ErrOK, []byte("nonsense")), "challenge", 1},
		"huge challenge":            {1, answer(jute.ErrOK, make([]byte, 1<<20)), "too large", 1},
		"no proof of its own":       {2, answer(jute.ErrOK, []byte("rspauth=00000000000000000000000000000000")), "does not know the password itself", 1},
		"a challenge for an answer": {2, answer(jute.ErrOK, []byte(challenge)), "does not know the password itself", 1},
		"no token":                  {1, func(h jute.RequestHeader) []byte { return framed(&jute.ReplyHeader{Xid: h.Xid}) }, "the server's answer", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := saslServer(t, func(step int, h jute.RequestHeader) ([]byte, bool, bool) {
				if step != test.step {
					return nil, false, false
				}
				if test.answer == nil {
					return nil, true, true
				}
				return test.answer(h), false, true
			})
			_, err := Dial(testContext(t), Config{Servers: s.Addr, SASL: &SASL{"bob", "secret"}})
			if login := (*LoginError)(nil); !errors.As(err, &login) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, want %s", err, test.says)
			}
			time.Sleep(50 * time.Millisecond)
			if logins := strings.Count(fmt.Sprint(s.seen()), "sasl"); logins != test.logins*test.step {
				t.Errorf("it was tried %v", s.seen())
			}
		})
	}
}

// A login that is refused later ends the session: nobody knocks for ever.
func TestSASLRefusedLater(t *testing.T) {
	noLeaks(t)
	var mu sync.Mutex
	refuse := false
	s := saslServer(t, func(step int, h jute.RequestHeader) ([]byte, bool, bool) {
		mu.Lock()
		defer mu.Unlock()
		if step == 2 && refuse {
			return framed(&jute.ReplyHeader{Xid: h.Xid, Err: jute.ErrAuthFailed}, &jute.SetSASLResponse{}), true, true
		}
		return nil, false, false
	})
	ctx := testContext(t)
	heard := &record{}
	c := session(t, Config{Servers: s.Addr, SASL: &SASL{"bob", "secret"}, OnState: heard.state})
	mu.Lock()
	refuse = true
	mu.Unlock()
	c.Sync(ctx, "/") // the server hangs up
	eventually(t, "a refusal", func() bool { return errors.Is(c.Delete(ctx, "/x", -1), jute.ErrAuthFailed) })
	for range 3 {
		err := c.Delete(ctx, "/x", -1)
		if login := (*LoginError)(nil); !errors.As(err, &login) || c.Err() != err {
			t.Errorf("%v, and %v", err, c.Err())
		}
	}
	heard.expect(t, "connected", "disconnected", "connecting", "authentication failed")
	before := len(s.seen())
	time.Sleep(1500 * time.Millisecond) // go-zookeeper would be back after one
	if after := len(s.seen()); after != before || c.State() != StateAuthFailed {
		t.Errorf("%v, state %v", s.seen(), c.State())
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := c.Delete(short, "/x", -1); !errors.Is(err, jute.ErrAuthFailed) {
		t.Errorf("later: %v", err)
	}
}
