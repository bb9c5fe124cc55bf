package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"zook/fourletter"
	"zook/internal/zktest"
)

// stranger is a port that answers every connection with serve.
func stranger(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return l.Addr().String()
}

// replying is a stranger that says the same to every word.
func replying(text string) func(net.Conn) {
	return func(c net.Conn) {
		io.ReadFull(c, make([]byte, 4))
		io.WriteString(c, text)
	}
}

func silent(c net.Conn) { io.Copy(io.Discard, c) }

func flood(c net.Conn) {
	for {
		if _, err := io.WriteString(c, "zk_avg_latency\t0\n"); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// Every word is known, answered by Apache, printed as it came, and taken apart.
func TestFourLetterWords(t *testing.T) {
	if len(fourLetterWords) != len(fourletter.Words) {
		t.Fatalf("%d words are told of, and there are %d", len(fourLetterWords), len(fourletter.Words))
	}
	onFreshServers(t, func(t *testing.T, addr string) {
		zktest.Connect(t, addr)
		for _, w := range fourLetterWords {
			words := []string{"4lw", w.Word}
			if w.Word == "stmk" {
				words = append(words, "0x106")
			}
			out := zook(t.Context(), addr, "", words...)
			if strings.Contains(out, "! ") || strings.Contains(out, "= 1") || out == "" && w.Word != "hash" {
				t.Errorf("%s: %q", w.Word, out)
			}
			var v struct {
				Server, Word string
				Reply        json.RawMessage
			}
			out = zook(t.Context(), addr, "", append(words, "-o", "jsonl")...)
			if err := json.Unmarshal([]byte(out), &v); err != nil || v.Server != addr || v.Word != w.Word || len(v.Reply) < 2 {
				t.Errorf("%s: %v in %q", w.Word, err, out)
			}
			if out = zook(t.Context(), addr, "", append(words, "-o", "table")...); !strings.HasPrefix(out, "┌") {
				t.Errorf("%s: %q", w.Word, out)
			}
		}
		if raw, _ := zktest.FourLetter(addr, "gtmk"); zook(t.Context(), addr, "", "4lw", "gtmk") != raw+"\n" {
			t.Error("the reply is not printed as it came")
		}
		if out := zook(t.Context(), addr, "", "4lw", "gtmk", "-o", "jsonl"); !strings.Contains(out, `"reply":{"mask":"0x106"}`) {
			t.Errorf("after stmk 0x106: %s", out)
		}
	})
}

func TestFourLetterUsage(t *testing.T) {
	play(t, "127.0.0.1:1", `
	$ zook 4lw -o jsonl srrv
	! zook: 4lw: there is no word "srrv", did you mean srvr? (zook 4lw lists them)
	= 2
	$ zook 4lw stmk
	! zook: 4lw: stmk needs the mask to set, such as 0xN
	= 2
	$ zook 4lw stmk x
	! zook: 4lw: "x" is not a mask, such as 262 or 0xN
	= 2
	$ zook 4lw ruok 1
	! zook: 4lw: ruok takes nothing behind it
	= 2
	$ zook 4lw srvr --data-dir /nowhere
	! zook: 4lw: only a server can do this: --data-dir reads files, which cannot be changed
	= 2
`)
	out := zook(t.Context(), "127.0.0.1:1", "", "4lw")
	if strings.Count(out, "\n") != len(fourletter.Words) || !strings.Contains(out, "crst  reset the statistics of all connections (changes the server)\n") {
		t.Error(out)
	}
}

// What is not allowed names the setting; all servers are asked at once, and what is
// seen of each is a line.
func TestFourLetterAmongStrangers(t *testing.T) {
	serves := servers[0].start(t)
	forbids := stranger(t, replying(fourletter.NotAllowed("cons")))
	out := zook(t.Context(), forbids, "", "4lw", "cons")
	if want := "! zook: 4lw " + forbids + ": the word is not allowed: 4lw.commands.whitelist in its zoo.cfg has to name it; its AdminServer, if that is on, has it as /commands/connections\n= 1\n"; out != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
	refused := fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))
	all := []struct{ addr, want string }{
		{stranger(t, silent), "no answer in time"},
		{stranger(t, flood), "no answer in time"},
		{refused, "connection refused"},
		{"no-such-host.invalid:2181", ""},
		{stranger(t, replying("HTTP/1.1 400 Bad Request\r\n\r\n")), "an HTTP server answers on this port, not ZooKeeper"},
		{stranger(t, replying("\x15\x03\x03\x00\x02\x02\x46")), "it speaks TLS on this port"},
		{stranger(t, replying("")), "it closed the connection without an answer; is that its port for TLS, or no ZooKeeper?"},
		{stranger(t, replying(fourletter.NotServing())), "it is not serving requests: it is starting, or has no quorum"},
		{stranger(t, replying("Zookeeper version: 3.8.0\nLatency min/av")), "not a reply to srvr: in line 2 "},
	}
	list := serves
	for _, s := range all {
		list += "," + s.addr
	}
	start := time.Now()
	out = zook(t.Context(), list, "", "4lw", "srvr", "--all", "--timeout", "700ms")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the dead cost %v", took)
	}
	for _, s := range all {
		if !strings.Contains(out, "! zook: 4lw "+s.addr+": "+s.want) {
			t.Errorf("%s is not told with %q", s.addr, s.want)
		}
	}
	if !strings.Contains(out, serves+":\nZookeeper version: ") || !strings.HasSuffix(out, "\n= 8\n") {
		t.Error(out)
	}

	got := zook(t.Context(), list, "", "4lw", "srvr", "--all", "--timeout", "700ms", "-o", "json")
	got = got[strings.Index(got, "\n[\n")+1 : strings.LastIndex(got, "= 8")]
	var replies []struct {
		Server, Error string
		Reply         *struct{ Mode, Zxid string }
	}
	if err := json.Unmarshal([]byte(got), &replies); err != nil || len(replies) != len(all)+1 {
		t.Fatalf("%v in %s", err, got)
	}
	if r := replies[0].Reply; r == nil || r.Mode != "standalone" || !strings.HasPrefix(r.Zxid, "0x") {
		t.Errorf("%+v", replies[0])
	}
	for i, s := range all {
		if r := replies[i+1]; r.Server != s.addr || r.Reply != nil || !strings.Contains(r.Error, s.want) {
			t.Errorf("%+v, want %s", r, s.want)
		}
	}
}

// TLS to a plain port, a certificate that nobody knows, a name that is not in it.
func TestFourLetterOverTLS(t *testing.T) {
	certs, others := zktest.NewCerts(t), zktest.NewCerts(t)
	s, secure := zktest.ApacheTLS(t, certs)
	with := func(ca string, words ...string) []string {
		return append([]string{"4lw", "ruok", "--tls-ca", ca, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey, "--timeout", "5s"}, words...)
	}
	if out := zook(t.Context(), secure, "", with(certs.CA)...); out != "imok\n" {
		t.Error(out)
	}
	for name, test := range map[string]struct {
		addr, want string
		words      []string
	}{
		"TLS to a plain port":     {s.Addr, "TLS", with(certs.CA)},
		"plain to a port for TLS": {secure, "no answer in time", []string{"4lw", "ruok", "--timeout", "500ms"}},
		"another authority":       {secure, "certificate signed by unknown authority", with(others.CA)},
		"another name":            {secure, "not zk.example", with(certs.CA, "--tls-server-name", "zk.example")},
	} {
		out := zook(t.Context(), test.addr, "", test.words...)
		if !strings.HasPrefix(out, "! zook: 4lw "+test.addr+": ") || !strings.Contains(out, test.want) || !strings.HasSuffix(out, "= 8\n") || strings.Count(out, "\n") != 2 {
			t.Errorf("%s: %s", name, out)
		}
	}
}
