package fourletter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cons asks a server for its connections: with cons, and if that is not allowed
// through its AdminServer, which admin says.
func (c *Client) Cons(ctx context.Context, addr string) (conns []Conn, admin bool, err error) {
	return askEither(ctx, c, addr, "cons", ParseCons, parseAdminCons)
}

// Dump asks a server for the sessions and ephemerals that it knows of, in the same
// way as Cons. AdminServer tells not when sessions expire, and a follower's only
// those with ephemerals.
func (c *Client) Dump(ctx context.Context, addr string) (d *Dump, admin bool, err error) {
	return askEither(ctx, c, addr, "dump", ParseDump, parseAdminDump)
}

// Wchp asks a server for the paths that its clients watch, in the same way as
// Cons. That is costly for a server with many watches.
func (c *Client) Wchp(ctx context.Context, addr string) (paths []PathSessions, admin bool, err error) {
	return askEither(ctx, c, addr, "wchp", ParseWchp, parseAdminWchp)
}

// askEither asks for a word whose reply is never empty.
func askEither[T any](ctx context.Context, c *Client, addr, word string, parse func(string) (T, error), parseAdmin func([]byte) (T, error)) (v T, admin bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, defaultTimeout))
	defer cancel()
	reply, err := c.Ask(ctx, addr, word)
	if err == nil && reply == "" {
		err = errNoReply
	}
	if err == nil {
		v, err = parse(reply)
	}
	if !errors.Is(err, ErrNotAllowed) {
		return v, false, err
	}
	body, adminErr := c.askAdmin(ctx, addr, AdminCommands[word])
	if adminErr != nil {
		return v, false, err // the whitelist is what the operator can change
	}
	v, err = parseAdmin(body)
	return v, true, err
}

var errNoReply = &ForeignError{"it closed the connection without an answer: this may be a port for TLS, or no ZooKeeper"}

func foreignAdmin(command string) error {
	return &ForeignError{"AdminServer's " + command + " are in a form that is not known"}
}

func parseAdminCons(body []byte) ([]Conn, error) {
	type conn struct {
		Addr         string    `json:"remote_socket_address"`
		Interest     int       `json:"interest_ops"`
		Queued       int64     `json:"outstanding_requests"`
		Received     int64     `json:"packets_received"`
		Sent         int64     `json:"packets_sent"`
		Session      int64     `json:"session_id"`
		LastOp       string    `json:"last_operation"`
		Established  adminTime `json:"established"`
		Timeout      int64     `json:"session_timeout"`
		LastCxid     int64     `json:"last_cxid"`
		LastZxid     int64     `json:"last_zxid"`
		LastResponse int64     `json:"last_response_time"`
		LastLatency  int64     `json:"last_latency"`
		MinLatency   int64     `json:"min_latency"`
		AvgLatency   float64   `json:"avg_latency"`
		MaxLatency   int64     `json:"max_latency"`
	}
	var v struct {
		Plain  *[]conn `json:"connections"`
		Secure []conn  `json:"secure_connections"`
	}
	if json.Unmarshal(body, &v) != nil || v.Plain == nil {
		return nil, foreignAdmin("connections")
	}
	var conns []Conn
	for _, c := range slices.Concat(*v.Plain, v.Secure) {
		conns = append(conns, Conn{Addr: parseAddr(c.Addr), Interest: c.Interest, Queued: c.Queued, Received: c.Received, Sent: c.Sent,
			Session: c.Session, LastOp: c.LastOp, Established: int64(c.Established), Timeout: c.Timeout, LastCxid: c.LastCxid,
			LastZxid: c.LastZxid, LastResponse: c.LastResponse, LastLatency: c.LastLatency, MinLatency: c.MinLatency,
			AvgLatency: c.AvgLatency, MaxLatency: c.MaxLatency})
	}
	return conns, nil
}

// adminTime is milliseconds since the epoch, as a number or as a date with a zone.
type adminTime int64

func (t *adminTime) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		*t = adminTime(ms)
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000-0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			*t = adminTime(at.UnixMilli())
			return nil
		}
	}
	return nil // it is not known
}

func parseAdminDump(body []byte) (*Dump, error) {
	var v struct {
		Expiries   *map[string][]int64 `json:"expiry_time_to_session_ids"`
		Ephemerals map[int64][]string  `json:"session_id_to_ephemeral_paths"`
	}
	if json.Unmarshal(body, &v) != nil || v.Expiries == nil {
		return nil, foreignAdmin("sessions")
	}
	d := &Dump{}
	for _, ids := range *v.Expiries { // the keys are times of a clock that only the server has
		d.Expiries = append(d.Expiries, Expiry{Sessions: ids})
	}
	for id, paths := range v.Ephemerals {
		d.Ephemerals = append(d.Ephemerals, SessionPaths{id, paths})
	}
	slices.SortFunc(d.Ephemerals, func(a, b SessionPaths) int { return cmp.Compare(a.Session, b.Session) })
	return d, nil
}

func parseAdminWchp(body []byte) ([]PathSessions, error) {
	var v struct {
		Paths *map[string][]int64 `json:"path_to_session_ids"`
	}
	if json.Unmarshal(body, &v) != nil || v.Paths == nil {
		return nil, foreignAdmin("watches")
	}
	var list []PathSessions
	for path, ids := range *v.Paths {
		list = append(list, PathSessions{path, ids})
	}
	slices.SortFunc(list, func(a, b PathSessions) int { return cmp.Compare(a.Path, b.Path) })
	return list, nil
}
