package client

import (
	"context"
	"testing"
	"time"

	"zook/internal/zktest"
	"zook/jute"
)

func TestSmoke(t *testing.T) {
	s := zktest.Apache(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for range 5 {
		t0 := time.Now()
		c, err := Dial(ctx, Config{Servers: s.Addr})
		if err != nil {
			t.Fatal(err)
		}
		t1 := time.Now()
		ch, st, err := c.Children(ctx, "/")
		t2 := time.Now()
		t.Log(ch, st, err)
		p, st, err := c.Create(ctx, "/a-", []byte("x"), jute.OpenACL(), jute.EphemeralSequential, 0)
		t.Log(p, st, err)
		t3 := time.Now()
		err = c.Close()
		t.Log(err, t1.Sub(t0), t2.Sub(t1), time.Since(t3))
	}
}
