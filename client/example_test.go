package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"zook/client"
	"zook/jute"
)

// Everything that happens below a znode, as it happens.
func ExampleClient_AddWatch() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	events := make(chan client.Event, 100)
	c, err := client.Dial(ctx, client.Config{
		Servers: "zk1:2181,zk2:2181,zk3:2181/app",
		OnEvent: func(e client.Event) { events <- e },
		OnState: func(s client.State) { log.Println("session", s) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.AddWatch(ctx, "/config", jute.WatchPersistentRecursive); err != nil {
		log.Fatal(err)
	}
	for e := range events {
		fmt.Println(e.Type, e.Path)
	}
}
