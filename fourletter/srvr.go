package fourletter

import (
	"fmt"
	"strconv"
	"strings"
)

// Srvr is the reply to srvr, and with Clients the one to stat.
type Srvr struct {
	Version     string // such as "3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC"
	ReadOnly    bool   // serves reads only: it has lost its quorum
	Clients     []Conn // of stat
	MinLatency  int64  // milliseconds, as all latencies
	AvgLatency  float64
	MaxLatency  int64
	Received    int64 // packets, as Sent
	Sent        int64
	Connections int64
	Outstanding int64 // requests that wait
	Zxid        int64
	Mode        string // standalone, leader, follower, observer, read-only
	Znodes      int64
	Proposals   *Proposals // of a leader
	Other       Pairs      // what this package does not know
}

// Proposals are the sizes in bytes of what a leader has proposed; -1 if it has not
// yet.
type Proposals struct{ Last, Min, Max int64 }

const (
	readOnlyLine   = "READ-ONLY mode; serving only read-only clients"
	proposalSizes  = "Proposal sizes last/min/max"
	latencyLine    = "Latency min/avg/max"
	versionLine    = "Zookeeper version"
	clientsHeading = "Clients:"
)

// Number returns the version alone, such as 3.8.0.
func (s *Srvr) Number() string {
	n, _, _ := strings.Cut(s.Version, "-")
	n, _, _ = strings.Cut(n, ",")
	return n
}

// ParseSrvr parses a reply to srvr or to stat.
func ParseSrvr(reply string) (*Srvr, error) {
	s := &Srvr{}
	seen := false
	err := lines("srvr", reply, func(line string) string {
		switch {
		case line == readOnlyLine:
			s.ReadOnly = true
			return ""
		case line == clientsHeading:
			return ""
		case line[0] == ' ':
			c, ok := parseConn(line)
			if !ok {
				return "not a connection"
			}
			s.Clients = append(s.Clients, c)
			return ""
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return "a name, a colon and a value are wanted"
		}
		seen = seen || name == "Mode"
		if !s.set(name, strings.TrimPrefix(value, " ")) {
			return "not a number"
		}
		return ""
	})
	if err == nil && !seen {
		err = &ParseError{Word: "srvr", Text: reply, Reason: "there is no Mode in it"}
	}
	return s, err
}

func (s *Srvr) set(name, value string) bool {
	var err error
	number := func(to *int64) { *to, err = strconv.ParseInt(value, 10, 64) }
	switch name {
	case versionLine:
		s.Version = value
	case latencyLine:
		err = triple(value, func(parts []string) (err error) {
			if s.MinLatency, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
				return err
			}
			if s.AvgLatency, err = parseDouble(parts[1]); err != nil {
				return err
			}
			s.MaxLatency, err = strconv.ParseInt(parts[2], 10, 64)
			return err
		})
	case "Received":
		number(&s.Received)
	case "Sent":
		number(&s.Sent)
	case "Connections":
		number(&s.Connections)
	case "Outstanding":
		number(&s.Outstanding)
	case "Zxid":
		s.Zxid, err = parseHex(value)
	case "Mode":
		s.Mode = value
	case "Node count":
		number(&s.Znodes)
	case proposalSizes:
		s.Proposals = &Proposals{}
		err = triple(value, func(parts []string) (err error) {
			for i, to := range []*int64{&s.Proposals.Last, &s.Proposals.Min, &s.Proposals.Max} {
				if *to, err = strconv.ParseInt(parts[i], 10, 64); err != nil {
					return err
				}
			}
			return nil
		})
	default:
		s.Other = append(s.Other, Pair{name, value})
	}
	return err == nil
}

// triple takes a/b/c apart.
func triple(s string, each func(parts []string) error) error {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return strconv.ErrSyntax
	}
	return each(parts)
}

// Text is the reply to srvr, or with clients to stat, as a server writes it.
func (s *Srvr) Text(clients bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", versionLine, s.Version)
	if s.ReadOnly {
		b.WriteString(readOnlyLine + "\n")
	}
	if clients {
		b.WriteString(clientsHeading + "\n")
		for i := range s.Clients {
			s.Clients[i].text(&b, true)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s: %d/%s/%d\n", latencyLine, s.MinLatency, Double(s.AvgLatency), s.MaxLatency)
	fmt.Fprintf(&b, "Received: %d\nSent: %d\nConnections: %d\nOutstanding: %d\nZxid: 0x%x\nMode: %s\n",
		s.Received, s.Sent, s.Connections, s.Outstanding, uint64(s.Zxid), s.Mode)
	s.Other.text(&b, "", ": ")
	fmt.Fprintf(&b, "Node count: %d\n", s.Znodes)
	if p := s.Proposals; p != nil {
		fmt.Fprintf(&b, "%s: %d/%d/%d\n", proposalSizes, p.Last, p.Min, p.Max)
	}
	return b.String()
}

// Double is a number as Java writes it, which always has a fraction.
func Double(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
