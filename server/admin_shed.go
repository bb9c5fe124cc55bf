package server

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// adminShed closes about so many percent of the connections, so that their clients go to
// other servers.
//
// Behaviour: Commands.ShedConnectionsCommand.
func adminShed(a *adminServer, r *http.Request) adminAnswer {
	const maxBody = 64 << 10
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var fields map[string]any
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &fields)
	}
	percentage, given := fields["percentage"]
	n := asInt(percentage)
	bad := ""
	switch {
	case err != nil:
		bad = "Invalid JSON or failed to read request body: " + err.Error()
	case !given:
		bad = "Missing required field: percentage"
	case n < 0 || n > 100:
		bad = "Percentage must be between 0 and 100"
	}
	if bad != "" {
		return adminAnswer{status: http.StatusBadRequest, fields: jsonObject{{"error", bad}}}
	}
	shed := a.srv.shed(n)
	a.log.Info("AdminServer: connections shed", "from", r.RemoteAddr, "percentage", n, "connections", shed)
	return tell(jsonField{"connections_shed", shed}, jsonField{"percentage_requested", n})
}

// asInt is a value as a whole number, 0 of what is none (JsonNode.asInt).
func asInt(v any) int {
	switch v := v.(type) {
	case float64:
		return int(v)
	case string:
		n, _ := strconv.Atoi(v)
		return n
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

// shed closes each connection with a probability of percentage, and returns how many it
// has closed.
func (s *Server) shed(percentage int) int {
	var closing []*conn
	s.mu.Lock()
	for c := range s.conns {
		if rand.IntN(100) < percentage {
			closing = append(closing, c)
		}
	}
	s.mu.Unlock()
	for _, c := range closing {
		c.close()
	}
	return len(closing)
}
