package zktest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Members are the servers of an ensemble; server.1 is the first.
type Members []*Server

// Ensemble starts n Apache ZooKeepers that are an ensemble, waits until all serve,
// and stops them when the test ends. Each of config is a line of every zoo.cfg.
// A member that is gone for 2 seconds is no follower any more.
func Ensemble(tb testing.TB, n int, config ...string) Members {
	tb.Helper()
	var members Members
	var servers []string
	ports := make([]int, n)
	for i := range ports {
		ports[i] = FreePort(tb)
		servers = append(servers, fmt.Sprintf("server.%d=127.0.0.1:%d:%d:participant;127.0.0.1:%d", i+1, FreePort(tb), FreePort(tb), ports[i]))
	}
	config = append(append(servers, "reconfigEnabled=true", "standaloneEnabled=false", "skipACL=yes",
		"initLimit=20", "syncLimit=4"), config...)
	for i, port := range ports {
		s := &Server{main: "org.apache.zookeeper.server.quorum.QuorumPeerMain", DataDir: tb.TempDir()}
		if err := os.WriteFile(filepath.Join(s.DataDir, "myid"), fmt.Append(nil, i+1), 0o644); err != nil {
			tb.Fatal(err)
		}
		configure(tb, s, port, config)
		members = append(members, s)
	}
	tb.Cleanup(func() {
		for _, s := range members {
			s.Kill()
		}
	})
	for _, s := range members {
		s.Launch()
	}
	for _, s := range members {
		s.Await()
	}
	return members
}

// Addrs is the address of every member, as -S takes them.
func (m Members) Addrs() string {
	var addrs []string
	for _, s := range m {
		addrs = append(addrs, s.Addr)
	}
	return strings.Join(addrs, ",")
}

// Leader is the index of the member that leads; it waits until there is one.
func (m Members) Leader() int {
	m[0].tb.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for i, s := range m {
			if s.cmd == nil {
				continue
			}
			if out, _ := fourLetter(s.Addr, "srvr", 500*time.Millisecond); strings.Contains(out, "Mode: leader") {
				return i
			}
		}
	}
	m[0].tb.Fatal("no member leads")
	return -1
}

// Follower is the index of a member that runs and does not lead.
func (m Members) Follower() int {
	m[0].tb.Helper()
	leader := m.Leader()
	for i, s := range m {
		if i != leader && s.cmd != nil {
			return i
		}
	}
	m[0].tb.Fatal("no member follows")
	return -1
}
