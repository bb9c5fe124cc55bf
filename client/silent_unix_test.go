//go:build unix

package client

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

// A server process that is stopped keeps its sockets open and says nothing.
func TestServerFallsSilent(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr, SessionTimeout: 2 * time.Second})
	leaving, err := Dial(ctx, Config{Servers: s.Addr})
	check(t, err)
	check(t, syscall.Kill(s.Pid(), syscall.SIGSTOP))
	defer syscall.Kill(s.Pid(), syscall.SIGCONT)

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
	if _, err := Dial(short, Config{Servers: s.Addr}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("dial of a server that accepts and says nothing: %v", err)
	}
	check(t, syscall.Kill(s.Pid(), syscall.SIGCONT))
	if _, _, err := c.Get(ctx, "/"); err != nil && err != jute.ErrSessionExpired {
		t.Errorf("after it goes on: %v", err)
	}
}
