// Command clients does what bench/compare needs beside zook bench: it makes znodes that
// stay, holds sessions that are idle, and times the start of a server.
//
//	clients fill SERVER N SIZE       N znodes of SIZE bytes, 1,000 below each parent
//	clients idle SERVER N SECONDS    N sessions that only ping
//	clients start SERVER COMMAND...  milliseconds until what COMMAND starts answers srvr
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"zook/client"
	"zook/fourletter"
	"zook/jute"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == "start" {
		took, err := start(os.Args[2], exec.Command(os.Args[3], os.Args[4:]...))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.1f\n", float64(took.Microseconds())/1000)
		return
	}
	if len(os.Args) != 5 {
		log.Fatal("usage: clients fill SERVER N SIZE | clients idle SERVER N SECONDS | clients start SERVER COMMAND...")
	}
	n, err := strconv.Atoi(os.Args[3])
	if err == nil {
		var last int
		if last, err = strconv.Atoi(os.Args[4]); err == nil {
			switch os.Args[1] {
			case "fill":
				err = fill(os.Args[2], n, make([]byte, last))
			case "idle":
				err = idle(os.Args[2], n, time.Duration(last)*time.Second)
			}
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

// start times a server from the start of its process until it serves, and ends it.
func start(server string, cmd *exec.Cmd) (time.Duration, error) {
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var asking fourletter.Client
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		reply, err := asking.Ask(context.Background(), server, "srvr")
		if err == nil && strings.HasPrefix(reply, "Zookeeper") { // otherwise it is not ready
			break
		}
		select {
		case err := <-ended:
			return 0, fmt.Errorf("it ended before it served: %v", err)
		case <-time.After(500 * time.Microsecond):
		}
	}
	took := time.Since(began)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	<-ended
	return took, nil
}

func open(server string) (*client.Pipeline, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return client.OpenPipeline(ctx, server, client.Config{})
}

// fill keeps 1,000 creates in flight: a parent and its children.
func fill(server string, n int, data []byte) error {
	p, err := open(server)
	if err != nil {
		return err
	}
	defer p.Close()
	for made := 0; made < n; {
		parent := fmt.Sprintf("/fill-%06d", made/1000)
		sent := 0
		create := func(path string, data []byte) {
			p.Send(jute.OpCreate, &jute.CreateRequest{Path: path, Data: data, ACL: jute.OpenACL()})
			sent++
		}
		create(parent, nil)
		for i := 0; i < 1000 && made < n; i++ {
			create(fmt.Sprintf("%s/znode-%03d", parent, i), data)
			made++
		}
		if err := p.Flush(); err != nil {
			return err
		}
		for ; sent > 0; sent-- {
			if r, err := p.Receive(); err != nil {
				return err
			} else if r.Err != jute.ErrOK {
				return r.Err
			}
		}
	}
	return nil
}

// idle opens the sessions, says so, and lets each ping three times in its timeout.
func idle(server string, n int, lasting time.Duration) error {
	sessions := make([]*client.Pipeline, n)
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range sessions {
		slots <- struct{}{}
		all.Go(func() {
			p, err := open(server)
			if err != nil {
				log.Fatal(err)
			}
			sessions[i] = p
			<-slots
		})
	}
	all.Wait()
	fmt.Println("idle")
	end := time.Now().Add(lasting)
	every := sessions[0].Timeout() / 3
	for i := 0; time.Now().Before(end); i++ {
		p := sessions[i%n]
		p.Send(jute.OpPing, nil)
		if err := p.Flush(); err != nil {
			return err
		}
		if _, err := p.Receive(); err != nil {
			return err
		}
		time.Sleep(every / time.Duration(n))
	}
	return nil
}
