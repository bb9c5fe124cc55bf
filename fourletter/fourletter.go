// Package fourletter speaks ZooKeeper's four-letter words: it sends one, and
// takes the reply apart into a typed value.
//
// A word is a whole connection: the client sends four bytes, the server answers
// with text and closes. There are three kinds of reply:
//
//	lines "key<sep>value"        srvr and the end of stat (": "), conf and envi ("="),
//	                             mntr (tab), dirs and hash (": ")
//	lists, indented by a tab     dump, wchc, wchp
//	one word, number or line     ruok isro gtmk stmk crst srst wchs
//
// and cons and the clients in stat have a form of their own. Each reply is a type
// here with a ParseXxx and a Text that writes it as a server does, so that what one
// side writes the other reads. The formats differ a little between ZooKeeper 3.4
// and 3.10; parsers take them all, and keep or pass over what they do not know.
//
// Instead of its reply a server may say that the word is not allowed
// (ErrNotAllowed) or that it does not serve now (ErrNotServing).
//
// Format: the classes of org.apache.zookeeper.server.command, ServerStats.java,
// ServerCnxn.java, WatchManager.java, ExpiryQueue.java, ZooKeeperServer.dumpConf.
package fourletter

import (
	"errors"
	"fmt"
	"strings"
)

// Words are all words that a server may know.
var Words = []string{"conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr",
	"ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs"}

// What a server may say instead of a reply.
const (
	notServing = "This ZooKeeper instance is not currently serving requests"
	notAllowed = " is not executed because it is not in the whitelist."
)

var (
	// ErrNotServing is of a server that runs and has no quorum, or is starting.
	ErrNotServing = errors.New("it is not serving requests: it is starting, or has no quorum")
	// ErrNotAllowed is of a word that 4lw.commands.whitelist does not name.
	ErrNotAllowed = errors.New("the word is not allowed: 4lw.commands.whitelist in its zoo.cfg has to name it")
)

// NotServing and NotAllowed are the lines that a server writes.
func NotServing() string            { return notServing + "\n" }
func NotAllowed(word string) string { return word + notAllowed + "\n" }

// Refusal returns ErrNotServing or ErrNotAllowed if the reply is that, else nil.
func Refusal(reply string) error {
	switch line := strings.TrimSpace(reply); {
	case line == notServing:
		return ErrNotServing
	case strings.HasSuffix(line, notAllowed) && !strings.Contains(line, "\n"):
		return ErrNotAllowed
	}
	return nil
}

// ParseError is a reply that is none of its word.
type ParseError struct {
	Word   string
	Line   int    // from 1; 0 for the whole
	Text   string // the line, or the beginning of the reply
	Reason string
}

// Error is one line.
func (e *ParseError) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf(" in line %d", e.Line)
	}
	return fmt.Sprintf("not a reply to %s:%s %s: %q", e.Word, where, e.Reason, head(e.Text))
}

// head is the beginning of a text.
func head(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// lines calls each for the lines of a reply until it returns a reason why one is
// wrong. Empty lines are passed over.
func lines(word, reply string, each func(line string) (reason string)) error {
	if err := Refusal(reply); err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(reply) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if reason := each(line); reason != "" {
			return &ParseError{Word: word, Line: n, Text: line, Reason: reason}
		}
	}
	return nil
}
