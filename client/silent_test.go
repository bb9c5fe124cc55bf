package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"zook/jute"
	"zook/server"
)

// A server that hangs keeps its sockets open and says nothing.
func TestServerFallsSilent(t *testing.T) {
	noLeaks(t)
	s := zook(t, server.Config{TickTime: 500 * time.Millisecond})
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr(), SessionTimeout: 2 * time.Second})
	leaving, err := Dial(ctx, Config{Servers: s.Addr()})
	check(t, err)
	s.Pause()

	start := time.Now()
	if err := leaving.Close(); err != jute.ErrConnectionLoss {
		t.Errorf("close without an answer: %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("close took %v", took)
	}
	if _, _, err := c.Get(ctx, "/"); err != jute.ErrConnectionLoss {
		t.Errorf("in flight: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := Dial(short, Config{Servers: s.Addr()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("dial of a server that accepts and says nothing: %v", err)
	}
	id := c.SessionID()
	s.Resume()
	if _, _, err := c.Get(ctx, "/"); err != nil || c.SessionID() != id {
		t.Errorf("after it goes on: %v, session 0x%x was 0x%x", err, c.SessionID(), id)
	}
}
