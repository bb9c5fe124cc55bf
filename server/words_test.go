package server

import (
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
)

// Without configuration srvr is answered and nothing else, as by Apache.
func TestWhitelist(t *testing.T) {
	for _, c := range []struct {
		words      []string
		yes, never []string
	}{
		{nil, []string{"srvr"}, []string{"ruok", "stat", "isro"}},
		{[]string{"ruok", "cons"}, []string{"srvr", "ruok", "cons"}, []string{"stat"}},
		{[]string{"*"}, fourletter.Words, nil},
	} {
		s := start(t, Config{Words: c.words})
		for _, word := range c.never {
			if reply := ask(t, s, word); reply != fourletter.NotAllowed(word) {
				t.Errorf("%v: %s is answered with %q", c.words, word, reply)
			}
		}
		for _, word := range c.yes {
			send := word
			if word == "stmk" {
				send = fourletter.Stmk(5)
			}
			if err := fourletter.Refusal(ask(t, s, send)); err != nil {
				t.Errorf("%v: %s is refused: %v", c.words, word, err)
			}
		}
	}
}

func ask(t *testing.T, s *Server, word string) string {
	t.Helper()
	reply, err := zktest.FourLetter(s.Addr(), word)
	if err != nil {
		t.Errorf("%s: %v", word, err)
	}
	return reply
}

// What a connection has done is in cons, and goes with crst.
func TestConsOfAConnection(t *testing.T) {
	s := start(t, Config{Words: []string{"*"}})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/a", "", 0)
	conns, err := fourletter.ParseCons(ask(t, s, "cons"))
	if err != nil || len(conns) != 2 {
		t.Fatalf("%+v, %v", conns, err)
	}
	if c := conns[0]; c.Received != 2 || c.Sent != 2 || c.LastOp != "CREA" || c.Session != w.session.SessionID || c.LastZxid != 2 || c.Timeout != 10_000 {
		t.Errorf("%+v", c)
	}
}
