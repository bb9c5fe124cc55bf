package server

import (
	"encoding/binary"
	"io"
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

// wordTimeout is how long a client has for taking the answer to a word.
const wordTimeout = 5 * time.Second

// words are the four-letter words. A word is a whole connection: four bytes and no
// frame.
//
// Behaviour: the classes of org.apache.zookeeper.server.command.
var words = map[string]func(s *Server) string{
	"conf": func(s *Server) string { return s.conf().Text() },
	"cons": func(s *Server) string { return fourletter.ConsText(s.cons()) },
	"crst": func(s *Server) string { s.resetConnections(); return "Connection stats reset.\n" },
	"dirs": func(s *Server) string { return s.dirs().Text() },
	"dump": func(s *Server) string { return s.dump().Text() },
	"envi": func(s *Server) string { return s.envi().Text() },
	"gtmk": func(s *Server) string { return s.traceMask() },
	"hash": func(s *Server) string { return fourletter.HashText(s.hash()) },
	"isro": func(s *Server) string { return "rw" },
	"mntr": func(s *Server) string { return s.mntr().Text() },
	"ruok": func(s *Server) string { return "imok" },
	"srst": func(s *Server) string { s.resetStats(); return "Server stats reset.\n" },
	"srvr": func(s *Server) string { return s.srvr().Text(false) },
	"stat": func(s *Server) string { return s.stat().Text(true) },
	"stmk": func(s *Server) string { return s.traceMask() },
	"wchc": func(s *Server) string { return fourletter.WchcText(s.wchc()) },
	"wchp": func(s *Server) string { return fourletter.WchpText(s.wchp()) },
	"wchs": func(s *Server) string { return s.wchs().Text() },
}

// allowed reports whether a word is to be answered. srvr always is, since
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
	if !s.allowedWord(word) {
		c.lastWords(fourletter.NotAllowed(word))
		return
	}
	s.log.Debug("four-letter word", "word", word, "from", c.nc.RemoteAddr().String())
	if word == "stmk" {
		c.nc.SetReadDeadline(time.Now().Add(wordTimeout))
		var mask [8]byte
		if err := c.in.read(mask[:]); err != nil {
			return
		}
		s.stats.mask.Store(int64(binary.BigEndian.Uint64(mask[:])))
	}
	c.lastWords(words[word](s))
}

// lastWords sends text that ends the connection.
func (c *conn) lastWords(text string) {
	c.nc.SetWriteDeadline(time.Now().Add(wordTimeout))
	io.WriteString(c.nc, text)
	c.out.countSent()
	closeWrite(c.nc)
	c.drain()
}
