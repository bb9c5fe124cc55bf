package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// dial opens a session with go-zookeeper, a client that is none of ours.
func dial(t *testing.T, addr string) *zk.Conn {
	t.Helper()
	c, events, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogger(quiet{}), zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for e := range events {
		if e.State == zk.StateHasSession {
			return c
		}
	}
	t.Fatal("no session")
	return nil
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestRestartKeepsWhatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir})
	c := dial(t, s.Addr())
	must(c.Create("/a", []byte("x"), 0, zk.WorldACL(zk.PermAll)))
	must(c.Create("/a/e", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))
	if p := must(c.Create("/a/s-", nil, zk.FlagSequence, zk.WorldACL(zk.PermAll))); p != "/a/s-0000000001" {
		t.Errorf("sequential: %s", p)
	}
	must(c.Set("/a", []byte("y"), 0))
	if _, err := c.Set("/a", nil, 0); !errors.Is(err, zk.ErrBadVersion) {
		t.Errorf("set with an old version: %v", err)
	}
	data, before, err := c.Get("/a")
	if err != nil || string(data) != "y" {
		t.Fatalf("%q, %v", data, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = start(t, Config{DataDir: dir})
	c = dial(t, s.Addr())
	data, after, err := c.Get("/a")
	if err != nil || string(data) != "y" || *after != *before {
		t.Errorf("after a restart: %q %+v, %v; before %+v", data, after, err, before)
	}
	if ok, _, _ := c.Exists("/a/e"); !ok {
		t.Error("an ephemeral went before its session expired")
	}
}

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
