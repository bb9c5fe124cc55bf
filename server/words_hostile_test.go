package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/fourletter"
	"zook/internal/zktest"
	"zook/jute"
)

// However the four letters come, there is one answer and an end.
func TestWordsHoweverTheyCome(t *testing.T) {
	certs := zktest.NewCerts(t)
	cfg := secureConfig(certs)
	cfg.Words = []string{"*"}
	s := start(t, cfg)
	for name, c := range map[string]struct {
		send func(w *wire)
		want string
	}{
		"in pieces": {func(w *wire) {
			for _, b := range []string{"r", "uo", "k"} {
				io.WriteString(w.nc, b)
				time.Sleep(10 * time.Millisecond)
			}
		}, "imok"},
		"with the end of a line": {func(w *wire) { io.WriteString(w.nc, "ruok\r\n") }, "imok"},
		"with much behind it":    {func(w *wire) { io.WriteString(w.nc, "ruok"+strings.Repeat("ruok", 10_000)) }, "imok"},
		"from a client that sends nothing more": {func(w *wire) {
			io.WriteString(w.nc, "isro")
			w.nc.(*net.TCPConn).CloseWrite()
		}, "rw"},
		"a mask in pieces": {func(w *wire) {
			io.WriteString(w.nc, "stmk\x00\x00\x00")
			time.Sleep(10 * time.Millisecond)
			io.WriteString(w.nc, "\x00\x00\x00\x01\x06")
		}, "262"},
		"a mask that is cut": {func(w *wire) {
			io.WriteString(w.nc, "stmk\x00\x00\x00")
			w.nc.(*net.TCPConn).CloseWrite()
		}, ""},
		"what telnet says at the end": {func(w *wire) { io.WriteString(w.nc, telnetClose) }, ""},
		"in capitals":                 {func(w *wire) { io.WriteString(w.nc, "RUOK") }, ""}, // the length of a frame, and too long
	} {
		t.Run(name, func(t *testing.T) {
			w := connect(t, s.Addr())
			c.send(w)
			if out, err := io.ReadAll(w.nc); string(out) != c.want || err != nil {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	client := fourletter.Client{TLS: certs.Config(t, true), Timeout: 30 * time.Second}
	client.TLS.ServerName = "localhost"
	if reply, err := client.Ask(t.Context(), s.SecureAddr(), "mntr"); err != nil || !strings.Contains(reply, "zk_znode_count\t5\n") {
		t.Errorf("mntr through TLS: %.200q, %v", reply, err)
	}
	if mask := ask(t, s, "gtmk"); mask != "262" {
		t.Errorf("gtmk %s", mask)
	}
}

// A thousand who ask at once all get an answer, and clients do not notice.
func TestAThousandWords(t *testing.T) {
	s := start(t, Config{Words: []string{"*"}})
	w := openSession(t, s.Addr(), 30*time.Second)
	w.create("/a", "", 0)
	var all sync.WaitGroup
	for i := range 1000 {
		all.Add(1)
		go func() {
			defer all.Done()
			word := []string{"mntr", "srvr", "cons", "dump", "wchp", "stat"}[i%6]
			c := fourletter.Client{Timeout: time.Minute}
			if reply, err := c.Ask(context.Background(), s.Addr(), word); err != nil || reply == "" {
				t.Errorf("%s: %q, %v", word, reply, err)
			}
		}()
	}
	w.get("/a")
	all.Wait()
	w.get("/a")
}

// Who asks for much and does not read it keeps nobody else from asking, and is not
// waited for when the server ends.
func TestWordsThatNobodyReads(t *testing.T) {
	s := start(t, Config{Words: []string{"*"}})
	w := openSession(t, s.Addr(), 30*time.Second)
	var q jute.SetWatches2
	for i := range 4000 {
		q.ExistWatches = append(q.ExistWatches, fmt.Sprintf("/%s-%d", strings.Repeat("long", 50), i))
	}
	for i := range 10 { // 8 MB of paths
		for j := range q.ExistWatches {
			q.ExistWatches[j] = fmt.Sprintf("/%d%s", i, q.ExistWatches[j][2:])
		}
		w.do(jute.OpSetWatches2, &q, nil)
	}
	if n := ask(t, s, "wchs"); n != "1 connections watching 40000 paths\nTotal watches:40000\n" {
		t.Fatal(n)
	}
	for range 2 * maxWords {
		c := connect(t, s.Addr())
		c.nc.(*net.TCPConn).SetReadBuffer(4096)
		io.WriteString(c.nc, "wchp")
	}
	for _, word := range []string{"ruok", "srvr", "mntr"} {
		began := time.Now()
		if reply := ask(t, s, word); reply == "" {
			t.Errorf("%s: no answer in %v", word, time.Since(began))
		}
	}
	w.create("/goes-on", "", 0)
	began := time.Now()
	if err := s.Close(); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("Close took %v: %v", time.Since(began), err)
	}
}

// While a server reads its files it answers words as Apache's does, and clients wait
// until it serves.
func TestWordsAtStart(t *testing.T) {
	dir := t.TempDir()
	fillDirectory(t, dir, 100_000)
	cfg := Config{DataDir: dir, Addr: fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t)), Words: []string{"*"}}
	started := make(chan *Server)
	go func() {
		s, err := Start(context.Background(), cfg)
		if err != nil {
			t.Error(err)
		}
		started <- s
	}()
	seen := map[string]string{}
	served := make(chan bool, 1)
	var s *Server
	for s == nil {
		select {
		case s = <-started:
			if s == nil {
				return
			}
			defer s.Close()
		default:
		}
		for _, word := range []string{"ruok", "isro", "mntr", "srvr"} {
			reply, err := zktest.FourLetter(cfg.Addr, word)
			if err != nil || seen[word] != "" {
				continue // it does not listen yet
			}
			seen[word] = reply
			if len(seen) == 4 {
				go func() { served <- openSession(t, cfg.Addr, 30*time.Second).exists("/many/099999") }()
			}
		}
	}
	for word, want := range map[string]string{"ruok": "imok", "isro": "null", "mntr": fourletter.NotServing(), "srvr": fourletter.NotServing()} {
		if seen[word] != want {
			t.Errorf("%s: %.200q", word, seen[word])
		}
	}
	if !<-served {
		t.Error("the client that waited does not find what was there")
	}
}

// fillDirectory makes a snapshot with n znodes below /many.
func fillDirectory(t *testing.T, dir string, n int) {
	t.Helper()
	d, err := datadir.Create(dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	tree := datatree.New()
	for i := range n + 1 {
		path := fmt.Sprintf("/many/%06d", i-1)
		if i == 0 {
			path = "/many"
		}
		txn := &jute.Txn{Header: jute.TxnHeader{Zxid: int64(i + 1), Type: jute.OpCreate},
			Body: &jute.CreateTxn{Path: path, ACL: jute.OpenACL(), ParentCVersion: int32(i)}}
		if _, err := tree.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.WriteSnapshot(tree.Export(), nil); err != nil {
		t.Fatal(err)
	}
}
