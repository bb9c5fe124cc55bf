package fourletter

import (
	"fmt"
	"strconv"
	"strings"
)

// Conn is a connection that a server has: a line of cons, or with less in it of
// stat.
//
//	/127.0.0.1:48312[1](queued=0,recved=5,sent=5,sid=0x1…,lop=PING,est=1732…,to=30000,lcxid=0x4,…)
type Conn struct {
	Addr     string // host:port, an IPv6 host in brackets
	Interest int    // what the server waits for: 1 to read, 4 to write
	Queued   int64  // requests that wait
	Received int64
	Sent     int64

	Session      int64 // 0 of a connection without one; then, and in stat, nothing below is known
	LastOp       string
	Established  int64 // milliseconds since the epoch
	Timeout      int64 // of the session, in milliseconds
	LastCxid     int64 // -1 if there was none
	LastZxid     int64
	LastResponse int64 // milliseconds of the server's own clock
	LastLatency  int64 // milliseconds, as all latencies
	MinLatency   int64
	AvgLatency   float64
	MaxLatency   int64
	Other        Pairs // what this package does not know
}

// ParseCons parses a reply to cons; there may be no connection in it.
func ParseCons(reply string) ([]Conn, error) {
	var conns []Conn
	err := lines("cons", reply, func(line string) string {
		c, ok := parseConn(line)
		if !ok {
			return "/host:port[ops](name=value,…) is wanted"
		}
		conns = append(conns, c)
		return ""
	})
	return conns, err
}

// ConsText is a reply to cons as a server writes it.
func ConsText(conns []Conn) string {
	var b strings.Builder
	for i := range conns {
		conns[i].text(&b, false)
	}
	b.WriteByte('\n')
	return b.String()
}

func parseConn(line string) (Conn, bool) {
	c := Conn{LastCxid: -1}
	line, ok := strings.CutPrefix(line, " ")
	body, ok2 := strings.CutSuffix(line, ")")
	open := strings.LastIndex(body, "](")
	if !ok || !ok2 || open < 0 {
		return c, false
	}
	addr := strings.LastIndexByte(body[:open], '[')
	if addr < 0 {
		return c, false
	}
	interest, err := strconv.ParseUint(body[addr+1:open], 16, 16)
	if err != nil {
		return c, false
	}
	c.Interest, c.Addr = int(interest), parseAddr(body[:addr])
	for _, field := range strings.Split(body[open+2:], ",") {
		name, value, ok := strings.Cut(field, "=")
		if !ok || !c.set(name, value) {
			return c, false
		}
	}
	return c, true
}

// parseAddr turns Java's name/address:port into host:port. An address of version 6
// may be without brackets there.
func parseAddr(s string) string {
	s = s[strings.IndexByte(s, '/')+1:]
	i := strings.LastIndexByte(s, ':')
	if i < 0 || !strings.Contains(s[:i], ":") || s[0] == '[' {
		return s
	}
	return "[" + s[:i] + "]" + s[i:]
}

// set takes a field; it reports whether the value is one.
func (c *Conn) set(name, value string) bool {
	var err error
	number := func(to *int64) { *to, err = strconv.ParseInt(value, 10, 64) }
	hex := func(to *int64) { *to, err = parseHex(value) }
	switch name {
	case "queued":
		number(&c.Queued)
	case "recved":
		number(&c.Received)
	case "sent":
		number(&c.Sent)
	case "sid":
		hex(&c.Session)
	case "lop":
		c.LastOp = value
	case "est":
		number(&c.Established)
	case "to":
		number(&c.Timeout)
	case "lcxid":
		hex(&c.LastCxid)
	case "lzxid":
		hex(&c.LastZxid)
	case "lresp":
		number(&c.LastResponse)
	case "llat":
		number(&c.LastLatency)
	case "minlat":
		number(&c.MinLatency)
	case "avglat":
		c.AvgLatency, err = parseDouble(value)
	case "maxlat":
		number(&c.MaxLatency)
	default:
		c.Other = append(c.Other, Pair{name, value})
	}
	return err == nil
}

// text writes the connection on a line; brief is as in stat.
func (c *Conn) text(b *strings.Builder, brief bool) {
	fmt.Fprintf(b, " /%s[%x](queued=%d,recved=%d,sent=%d", c.Addr, c.Interest, c.Queued, c.Received, c.Sent)
	if !brief && c.Session != 0 {
		fmt.Fprintf(b, ",sid=0x%x,lop=%s,est=%d,to=%d", uint64(c.Session), c.LastOp, c.Established, c.Timeout)
		if c.LastCxid >= 0 {
			fmt.Fprintf(b, ",lcxid=0x%x", c.LastCxid)
		}
		fmt.Fprintf(b, ",lzxid=0x%x,lresp=%d,llat=%d,minlat=%d,avglat=%s,maxlat=%d", uint64(c.LastZxid), c.LastResponse,
			c.LastLatency, c.MinLatency, strconv.FormatFloat(c.AvgLatency, 'f', -1, 64), c.MaxLatency)
		for _, p := range c.Other {
			b.WriteString("," + p.Name + "=" + p.Value)
		}
	}
	b.WriteString(")\n")
}
