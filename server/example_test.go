package server_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/server"
)

// A server for one test: any free port, a directory that goes with it.
func ExampleStart() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	c, _, err := zk.Connect([]string{s.Addr()}, 10*time.Second, zk.WithLogInfo(false))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	path, err := c.Create("/job-", []byte("data"), zk.FlagSequence, zk.WorldACL(zk.PermAll))
	if err != nil {
		log.Fatal(err)
	}
	data, stat, err := c.Get(path)
	fmt.Println(path, string(data), stat.Version, err)
	// Output: /job-0000000000 data 0 <nil>
}

// A test that restarts its server gives it a directory: what was acknowledged is
// there afterwards, and a client with a session goes on with it.
func ExampleStart_restart() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg := server.Config{DataDir: dir, Addr: "127.0.0.1:0"}
	s, err := server.Start(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	cfg.Addr = s.Addr() // the same port again
	c, _, err := zk.Connect([]string{cfg.Addr}, 10*time.Second, zk.WithLogger(log.New(io.Discard, "", 0)))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Create("/here", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); err != nil {
		log.Fatal(err)
	}

	if err := s.Close(); err != nil {
		log.Fatal(err)
	}
	if s, err = server.Start(context.Background(), cfg); err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	there, _, err := c.Exists("/here")
	for err != nil { // until the client is connected again
		there, _, err = c.Exists("/here")
	}
	fmt.Println(there)
	// Output: true
}
