package fourletter

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// SessionPaths is a session with paths: those that it watches (wchc), or those of
// its ephemerals (dump).
type SessionPaths struct {
	Session int64
	Paths   []string
}

// ParseWchc parses a reply to wchc: watches by session; there may be none.
func ParseWchc(reply string) ([]SessionPaths, error) {
	var list []SessionPaths
	err := lines("wchc", reply, func(line string) string {
		if path, ok := strings.CutPrefix(line, "\t"); ok {
			if len(list) == 0 {
				return "a session is wanted before a path"
			}
			last := &list[len(list)-1]
			last.Paths = append(last.Paths, path)
			return ""
		}
		id, err := parseHex(line)
		if err != nil || !strings.HasPrefix(line, "0x") {
			return "a session is wanted"
		}
		list = append(list, SessionPaths{Session: id})
		return ""
	})
	return list, err
}

// WriteWchc writes a reply to wchc as a server does.
func WriteWchc(w io.Writer, list iter.Seq[SessionPaths]) {
	for s := range list {
		fmt.Fprintf(w, "0x%x\n", uint64(s.Session))
		for _, p := range s.Paths {
			io.WriteString(w, "\t"+p+"\n")
		}
	}
	io.WriteString(w, "\n")
}

// PathSessions is a path with the sessions that watch it.
type PathSessions struct {
	Path     string
	Sessions []int64
}

// ParseWchp parses a reply to wchp: watches by path; there may be none.
func ParseWchp(reply string) ([]PathSessions, error) {
	var list []PathSessions
	err := lines("wchp", reply, func(line string) string {
		if session, ok := strings.CutPrefix(line, "\t"); ok {
			id, err := parseHex(session)
			if err != nil || len(list) == 0 {
				return "a session behind a path is wanted"
			}
			last := &list[len(list)-1]
			last.Sessions = append(last.Sessions, id)
			return ""
		}
		if line[0] != '/' {
			return "a path is wanted"
		}
		list = append(list, PathSessions{Path: line})
		return ""
	})
	return list, err
}

// WriteWchp writes a reply to wchp as a server does.
func WriteWchp(w io.Writer, list iter.Seq[PathSessions]) {
	for p := range list {
		io.WriteString(w, p.Path+"\n")
		for _, id := range p.Sessions {
			fmt.Fprintf(w, "\t0x%x\n", uint64(id))
		}
	}
	io.WriteString(w, "\n")
}

// Dump is the reply to dump. A leader and a standalone server know all sessions by
// when they expire; a follower knows the ids and, since 3.5, the timeouts.
type Dump struct {
	Expiries   []Expiry
	Global     []GlobalSession
	Ephemerals []SessionPaths
	// Connections are lines of the connections by when they expire, since 3.5.
	Connections []string
}

// Expiry is the sessions that expire together.
type Expiry struct {
	At       string // in the words of the server's date
	Sessions []int64
}

// GlobalSession is a session as a follower knows it.
type GlobalSession struct {
	Session int64
	Timeout int64 // milliseconds
}

// Sessions returns the ids of all sessions in the dump.
func (d *Dump) Sessions() []int64 {
	var ids []int64
	for _, e := range d.Expiries {
		ids = append(ids, e.Sessions...)
	}
	for _, g := range d.Global {
		ids = append(ids, g.Session)
	}
	return ids
}

const (
	trackerHeading     = "SessionTracker dump:"
	ephemeralsHeading  = "ephemeral nodes dump:"
	connectionsHeading = "Connections dump:"
)

// ParseDump parses a reply to dump.
func ParseDump(reply string) (*Dump, error) {
	d := &Dump{}
	section := ""
	err := lines("dump", reply, func(line string) string {
		switch strings.TrimSpace(line) {
		case trackerHeading, ephemeralsHeading, connectionsHeading:
			section = strings.TrimSpace(line)
			return ""
		}
		switch section {
		case trackerHeading:
			return d.session(line)
		case ephemeralsHeading:
			return d.ephemeral(line)
		case connectionsHeading:
			if !strings.HasPrefix(line, "Connections Sets") {
				d.Connections = append(d.Connections, line)
			}
			return ""
		}
		return trackerHeading + " is wanted"
	})
	if err == nil && section == "" {
		err = &ParseError{Word: "dump", Text: reply, Reason: "there is nothing in it"}
	}
	return d, err
}

// session takes a line of the sessions. What it does not know it passes over: a
// follower before 3.5 prints the name of a Java object here.
func (d *Dump) session(line string) string {
	if id, ok := strings.CutPrefix(line, "\t"); ok {
		v, err := parseHex(id)
		if err != nil || len(d.Expiries) == 0 {
			return "a session is wanted"
		}
		last := &d.Expiries[len(d.Expiries)-1]
		last.Sessions = append(last.Sessions, v)
		return ""
	}
	if id, timeout, ok := strings.Cut(line, "\t"); ok && strings.HasPrefix(id, "0x") {
		v, err := parseHex(id)
		ms, err2 := strconv.ParseInt(strings.TrimSuffix(timeout, "ms"), 10, 64)
		if err != nil || err2 != nil {
			return "a session and its timeout are wanted"
		}
		d.Global = append(d.Global, GlobalSession{v, ms})
		return ""
	}
	if _, at, ok := strings.Cut(line, " expire at "); ok {
		d.Expiries = append(d.Expiries, Expiry{At: strings.TrimSuffix(at, ":")})
	}
	return ""
}

func (d *Dump) ephemeral(line string) string {
	if path, ok := strings.CutPrefix(line, "\t"); ok {
		if len(d.Ephemerals) == 0 {
			return "a session is wanted before a path"
		}
		last := &d.Ephemerals[len(d.Ephemerals)-1]
		last.Paths = append(last.Paths, path)
		return ""
	}
	if strings.HasPrefix(line, "Sessions with Ephemerals") {
		return ""
	}
	id, err := parseHex(strings.TrimSuffix(line, ":"))
	if err != nil {
		return "a session is wanted"
	}
	d.Ephemerals = append(d.Ephemerals, SessionPaths{Session: id})
	return ""
}

// Text is the reply as a server writes it.
func (d *Dump) Text() string {
	var b strings.Builder
	b.WriteString(trackerHeading + "\n")
	total := 0
	for _, e := range d.Expiries {
		total += len(e.Sessions)
	}
	if len(d.Global) == 0 {
		fmt.Fprintf(&b, "Session Sets (%d)/(%d):\n", len(d.Expiries), total)
	}
	for _, e := range d.Expiries {
		fmt.Fprintf(&b, "%d expire at %s:\n", len(e.Sessions), e.At)
		for _, id := range e.Sessions {
			fmt.Fprintf(&b, "\t0x%x\n", uint64(id))
		}
	}
	if len(d.Global) > 0 {
		fmt.Fprintf(&b, "Global Sessions(%d):\n", len(d.Global))
		for _, g := range d.Global {
			fmt.Fprintf(&b, "0x%x\t%dms\n", uint64(g.Session), g.Timeout)
		}
	}
	fmt.Fprintf(&b, "%s\nSessions with Ephemerals (%d):\n", ephemeralsHeading, len(d.Ephemerals))
	for _, e := range d.Ephemerals {
		fmt.Fprintf(&b, "0x%x:\n", uint64(e.Session))
		for _, p := range e.Paths {
			b.WriteString("\t" + p + "\n")
		}
	}
	b.WriteString(connectionsHeading + "\n")
	if len(d.Connections) > 0 {
		b.WriteString(strings.Join(d.Connections, "\n") + "\n")
	}
	return b.String()
}
