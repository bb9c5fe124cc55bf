package fourletter

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// The AdminServer of ZooKeeper since 3.5 tells over HTTP what the words tell, and
// has no whitelist: http://host:8080/commands/monitor and others, as JSON.
// Format: Commands.java.

const defaultAdminPort = 8080

// AdminCommands are the commands of AdminServer that tell what a word does.
var AdminCommands = map[string]string{
	"conf": "configuration", "cons": "connections", "crst": "connection_stat_reset", "dirs": "dirs", "dump": "dump",
	"envi": "environment", "gtmk": "get_trace_mask", "hash": "hash", "isro": "is_read_only", "mntr": "monitor",
	"ruok": "ruok", "srst": "stat_reset", "srvr": "server_stats", "stat": "stats", "stmk": "set_trace_mask",
	"wchc": "watches", "wchp": "watches_by_path", "wchs": "watch_summary",
}

// askAdmin returns what the AdminServer on the host of addr says to a command.
func (c *Client) askAdmin(ctx context.Context, addr, command string) ([]byte, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port := cmp.Or(c.AdminPort, defaultAdminPort)
	url := fmt.Sprintf("http://%s/commands/%s", net.JoinHostPort(host, strconv.Itoa(port)), command)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAdmin))
	if err != nil {
		return nil, err
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(body, &failed); err != nil {
		return nil, &ForeignError{fmt.Sprintf("port %d answers %s, which is not AdminServer's", port, res.Status)}
	}
	if failed.Error != "" {
		if err := Refusal(failed.Error); err != nil {
			return nil, err
		}
		return nil, &ForeignError{"AdminServer: " + failed.Error}
	}
	return body, nil
}

// maxAdmin is the most that is read of an answer, some hundred kilobytes usually.
const maxAdmin = 64 << 20

// parseAdminStats makes a reply to srvr out of server_stats.
func parseAdminStats(body []byte) (*Srvr, error) {
	var v struct {
		Version  string
		ReadOnly bool `json:"read_only"`
		Stats    *struct {
			Sent        int64   `json:"packets_sent"`
			Received    int64   `json:"packets_received"`
			Mode        string  `json:"server_state"`
			Zxid        int64   `json:"last_processed_zxid"`
			Outstanding int64   `json:"outstanding_requests"`
			Min         int64   `json:"min_latency"`
			Avg         float64 `json:"avg_latency"`
			Max         int64   `json:"max_latency"`
			Connections int64   `json:"num_alive_client_connections"`
		} `json:"server_stats"`
		Znodes int64 `json:"node_count"`
	}
	if err := json.Unmarshal(body, &v); err != nil || v.Stats == nil {
		return nil, &ForeignError{"AdminServer's server_stats are in a form that is not known"}
	}
	s := v.Stats
	return &Srvr{Version: v.Version, ReadOnly: v.ReadOnly, MinLatency: s.Min, AvgLatency: s.Avg, MaxLatency: s.Max,
		Received: s.Received, Sent: s.Sent, Connections: s.Connections, Outstanding: s.Outstanding, Zxid: s.Zxid,
		Mode: s.Mode, Znodes: v.Znodes}, nil
}

// parseAdminPairs makes names and values out of monitor or configuration, in
// their order.
func parseAdminPairs(body []byte, rename func(string) string) (Pairs, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, &ForeignError{"AdminServer's answer is in a form that is not known"}
	}
	var pairs Pairs
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		switch value.(type) {
		case string, json.Number, bool:
			if name != "command" {
				pairs = append(pairs, Pair{rename(name.(string)), fmt.Sprint(value)})
			}
		}
	}
	return pairs, nil
}

// camel turns client_port into clientPort, as conf calls it.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}
