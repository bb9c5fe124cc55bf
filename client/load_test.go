package client

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestManyGoroutines(t *testing.T) {
	noLeaks(t)
	s := zktest.Apache(t, "")
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr})
	const goroutines, each = 64, 10_000 / 64
	for i := range goroutines {
		create(t, c, fmt.Sprintf("/n%d", i), jute.Persistent)
	}
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			path := fmt.Sprintf("/n%d", i)
			for range each {
				if data, _, err := c.Get(ctx, path); err != nil || string(data) != "data of "+path {
					t.Errorf("get %s: %q %v", path, data, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// A listing is many times what Apache's own client accepts.
func TestManyChildren(t *testing.T) {
	s := zktest.Apache(t, "", "snapCount=1000000")
	ctx := testContext(t)
	c := session(t, Config{Servers: s.Addr})
	create(t, c, "/many", jute.Persistent)
	const n, batch = 100_000, 1000
	var wg sync.WaitGroup
	for i := 0; i < n; i += batch {
		wg.Go(func() {
			ops := make([]jute.Op, batch)
			for j := range ops {
				ops[j] = jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{
					Path: fmt.Sprintf("/many/a-child-with-a-rather-long-name-%06d", i+j), ACL: jute.OpenACL()}}
			}
			if _, err := c.Multi(ctx, ops); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	names, stat, err := c.Children(ctx, "/many")
	if err != nil || len(names) != n || stat.NumChildren != n {
		t.Fatalf("%d names, %d in the stat, %v", len(names), stat.NumChildren, err)
	}
	// A reply that takes longer than the server may keep silent is not silence.
	p := newProxy(t, s.Addr)
	slow := session(t, Config{Servers: p.Addr, SessionTimeout: time.Second})
	p.chunk.Store(48 << 10)
	p.delay.Store(int64(20 * time.Millisecond))
	start := time.Now()
	names, _, err = slow.Children(ctx, "/many")
	if err != nil || len(names) != n || time.Since(start) < slow.SessionTimeout() {
		t.Fatalf("slowly: %d names in %v, %v", len(names), time.Since(start), err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	if len(seen) != n || !seen["a-child-with-a-rather-long-name-099999"] {
		t.Errorf("%d different names", len(seen))
	}
}

// BenchmarkGet is reads of one session, from one goroutine and from many.
func BenchmarkGet(b *testing.B) {
	s := zktest.Apache(b, "")
	ctx := context.Background()
	c, err := Dial(ctx, Config{Servers: s.Addr})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	create(b, c, "/n", jute.Persistent)
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			b.ReportAllocs()
			var wg sync.WaitGroup
			for i := range goroutines {
				wg.Go(func() {
					for range (b.N + i) / goroutines {
						if _, _, err := c.Get(ctx, "/n"); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// BenchmarkCommand is what a command does: a session, one read, the end.
func BenchmarkCommand(b *testing.B) {
	s := zktest.Apache(b, "")
	ctx := context.Background()
	for b.Loop() {
		c, err := Dial(ctx, Config{Servers: s.Addr})
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.Children(ctx, "/"); err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
