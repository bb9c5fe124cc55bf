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

// connect is a client that waits until it has a session.
func connect(addr string) (*zk.Conn, <-chan zk.Event) {
	c, events, err := zk.Connect([]string{addr}, 10*time.Second, zk.WithLogger(log.New(io.Discard, "", 0)))
	if err != nil {
		log.Fatal(err)
	}
	await(events, zk.StateHasSession)
	return c, events
}

// await waits until a client says that it is in a state.
func await(events <-chan zk.Event, state zk.State) {
	for e := range events {
		if e.State == state {
			return
		}
	}
}

// What becomes of a program whose session expires: its ephemeral znodes go, its peers
// are told, and its client has a new session.
func ExampleServer_ExpireSession() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	leader, events := connect(s.Addr())
	defer leader.Close()
	leader.Create("/leader", []byte("me"), zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	peer, _ := connect(s.Addr())
	defer peer.Close()
	_, _, changes, _ := peer.ExistsW("/leader")

	if err := s.ExpireSession(leader.SessionID()); err != nil {
		log.Fatal(err)
	}
	fmt.Println((<-changes).Type)
	await(events, zk.StateExpired)
	await(events, zk.StateHasSession)
	there, _, err := leader.Exists("/leader")
	fmt.Println("the leader is still there:", there, err)
	// Output:
	// EventNodeDeleted
	// the leader is still there: false <nil>
}

// A network that fails for a moment: the client comes back with the same session.
func ExampleServer_DropConnections() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	c, events := connect(s.Addr())
	defer c.Close()
	session := c.SessionID()

	fmt.Println("dropped:", s.DropConnections())
	await(events, zk.StateDisconnected)
	await(events, zk.StateHasSession)
	fmt.Println("the same session:", c.SessionID() == session)
	// Output:
	// dropped: 1
	// the same session: true
}

// Of several clients, only one loses its connection.
func ExampleServer_DropConnection() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	a, events := connect(s.Addr())
	defer a.Close()
	b, _ := connect(s.Addr())
	defer b.Close()

	fmt.Println(s.DropConnection(a.SessionID()))
	await(events, zk.StateDisconnected)
	fmt.Println(b.State())
	// Output:
	// true
	// StateHasSession
}

// A server that hangs: what is asked of it has no answer until it goes on.
func ExampleServer_Pause() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	c, _ := connect(s.Addr())
	defer c.Close()

	s.Pause()
	answer := make(chan error)
	go func() {
		_, err := c.Create("/a", nil, 0, zk.WorldACL(zk.PermAll))
		answer <- err
	}()
	select {
	case <-answer:
		fmt.Println("an answer")
	case <-time.After(100 * time.Millisecond):
		fmt.Println("no answer")
	}
	s.Resume()
	fmt.Println("then:", <-answer)
	// Output:
	// no answer
	// then: <nil>
}

// A server that is restarted has the same address and the same data, and its
// clients come back to their sessions.
func ExampleServer_Restart() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { s.Close() }() // of the one that runs then
	c, events := connect(s.Addr())
	defer c.Close()
	c.Create("/here", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))

	if s, err = s.Restart(context.Background()); err != nil {
		log.Fatal(err)
	}
	await(events, zk.StateDisconnected)
	await(events, zk.StateHasSession)
	there, _, err := c.Exists("/here")
	fmt.Println(there, err)
	// Output: true <nil>
}

// Who is connected, and for how long a silent client keeps its session.
func ExampleServer_Sessions() {
	s, err := server.Start(context.Background(), server.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	c, _ := connect(s.Addr())
	defer c.Close()
	for _, session := range s.Sessions() {
		fmt.Println(session.ID == c.SessionID(), session.Timeout, session.Client != "")
	}
	// Output: true 10s true
}

// A test that has the server down for a while gives it a directory, and starts it
// again with Restart. What was acknowledged is there, and sessions live on.
func ExampleServer_Close() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := server.Start(context.Background(), server.Config{DataDir: dir})
	if err != nil {
		log.Fatal(err)
	}
	c, events := connect(s.Addr())
	defer c.Close()
	c.Create("/here", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))

	if err := s.Close(); err != nil {
		log.Fatal(err)
	}
	await(events, zk.StateDisconnected)
	if s, err = s.Restart(context.Background()); err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	await(events, zk.StateHasSession)
	there, _, err := c.Exists("/here")
	fmt.Println(there, err)
	// Output: true <nil>
}
