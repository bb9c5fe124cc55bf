package server

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"zook/fourletter"
)

// Version is the ZooKeeper whose protocol the server speaks. Clients and
// monitoring read a number here.
const Version = "3.9.0-zook"

// fullVersion is what the words say: with the time of the commit that it was built
// from.
var fullVersion = sync.OnceValue(func() string {
	at := time.Unix(0, 0)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				at = t
			}
		}
	}
	return Version + ", built on " + at.UTC().Format("2006-01-02 15:04 MST")
})

// telnetClose is what telnet sends when a person ends it. It is no word, but not the
// length of a frame either.
const telnetClose = "\xff\xf4\xff\xfd"

// wordTimeout is how long a client has for taking some of the answer to a word.
const wordTimeout = 10 * time.Second

// maxWords is how many large answers there are at once: who asks may be slow. The
// others wait.
const maxWords = 16

// words are the four-letter words. A word is a whole connection: four bytes and no
// frame.
//
// Behaviour: the classes of org.apache.zookeeper.server.command.
var words = map[string]func(s *Server, w io.Writer){
	"conf": func(s *Server, w io.Writer) { io.WriteString(w, s.conf().Text()) },
	"cons": func(s *Server, w io.Writer) { io.WriteString(w, fourletter.ConsText(s.cons())) },
	"crst": func(s *Server, w io.Writer) { s.resetConnections(); io.WriteString(w, "Connection stats reset.\n") },
	"dirs": func(s *Server, w io.Writer) { io.WriteString(w, s.dirs().Text()) },
	"dump": func(s *Server, w io.Writer) { io.WriteString(w, s.dump().Text()) },
	"envi": func(s *Server, w io.Writer) { io.WriteString(w, s.envi().Text()) },
	"gtmk": func(s *Server, w io.Writer) { io.WriteString(w, s.traceMask()) },
	"hash": func(s *Server, w io.Writer) { io.WriteString(w, fourletter.HashText(s.hash())) },
	"isro": func(s *Server, w io.Writer) { io.WriteString(w, "rw") },
	"mntr": func(s *Server, w io.Writer) { io.WriteString(w, s.mntr().Text()) },
	"ruok": func(s *Server, w io.Writer) { io.WriteString(w, "imok") },
	"srst": func(s *Server, w io.Writer) { s.resetStats(); io.WriteString(w, "Server stats reset.\n") },
	"srvr": func(s *Server, w io.Writer) { io.WriteString(w, s.srvr().Text(false)) },
	"stat": func(s *Server, w io.Writer) { io.WriteString(w, s.stat().Text(true)) },
	"stmk": func(s *Server, w io.Writer) { io.WriteString(w, s.traceMask()) },
	"wchc": func(s *Server, w io.Writer) { fourletter.WriteWchc(w, s.wchc()) },
	"wchp": func(s *Server, w io.Writer) { fourletter.WriteWchp(w, s.wchp()) },
	"wchs": func(s *Server, w io.Writer) { io.WriteString(w, s.wchs().Text()) },
}

// largeWords are those whose answer grows with what the server holds.
var largeWords = []string{"cons", "dump", "stat", "wchc", "wchp"}

// wordsAtStart are the words that a server answers that does not serve yet.
var wordsAtStart = []string{"ruok", "envi", "gtmk", "stmk"}

// allowedWord reports whether a word is to be answered. srvr always is, since
// zkServer.sh needs it.
//
// Behaviour: FourLetterCommands.isEnabled.
func (s *Server) allowedWord(word string) bool {
	return word == "srvr" || slices.Contains(s.cfg.Words, "*") || slices.Contains(s.cfg.Words, word)
}

// answerWord answers a word and reads on until the client closes.
func (c *conn) answerWord(word string) {
	c.in.packets, c.in.bytes = 1, len(word)
	c.countArrived()
	s := c.srv
	if word == "stmk" && s.allowedWord(word) {
		c.nc.SetReadDeadline(time.Now().Add(wordTimeout))
		var mask [8]byte
		if err := c.in.read(mask[:]); err != nil {
			return
		}
		s.stats.mask.Store(int64(binary.BigEndian.Uint64(mask[:])))
	}
	if slices.Contains(largeWords, word) {
		select {
		case s.wordSlots <- struct{}{}:
			defer func() { <-s.wordSlots }()
		case <-c.ended:
			return
		}
	}
	w := bufio.NewWriterSize(slowWriter{c.nc}, 16<<10)
	s.say(w, word)
	w.Flush()
	c.out.countSent()
	closeWrite(c.nc)
	c.drain(lastWord)
}

// slowWriter gives the client wordTimeout for each piece of an answer.
type slowWriter struct{ nc net.Conn }

func (w slowWriter) Write(b []byte) (int, error) {
	w.nc.SetWriteDeadline(time.Now().Add(wordTimeout))
	return w.nc.Write(b)
}

// say writes the answer to a word.
func (s *Server) say(w io.Writer, word string) {
	switch {
	case !s.allowedWord(word):
		io.WriteString(w, fourletter.NotAllowed(word))
	case s.serving() || slices.Contains(wordsAtStart, word):
		words[word](s, w)
	case word == "isro":
		io.WriteString(w, "null")
	default:
		io.WriteString(w, fourletter.NotServing())
	}
}
