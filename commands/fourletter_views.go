package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"zook/fourletter"
)

// Replies to four-letter words as JSON and as tables.

// namedValues are the names and values of a reply, in its order; numbers says that
// values which are numbers are numbers in JSON too.
type namedValues struct {
	fourletter.Pairs
	numbers bool
	more    fourletter.Pairs // at the end, as JSON already
}

func (v namedValues) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	field := func(name string, value []byte) {
		b.WriteByte(map[bool]byte{true: '{', false: ','}[b.Len() == 0])
		key, _ := encodeJSON(name)
		b.Write(bytes.TrimSpace(key))
		b.WriteByte(':')
		b.Write(bytes.TrimSpace(value))
	}
	for _, p := range v.Pairs {
		value, err := encodeJSON(p.Value)
		if err != nil {
			return nil, err
		}
		if v.numbers && isJSONNumber(p.Value) {
			value = []byte(p.Value)
		}
		field(p.Name, value)
	}
	for _, p := range v.more {
		field(p.Name, []byte(p.Value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// isJSONNumber reports whether the text is a number of JSON.
func isJSONNumber(text string) bool {
	var n json.Number
	return text != "" && text[0] != '"' && json.Unmarshal([]byte(text), &n) == nil && n != ""
}

func (v namedValues) view() *replyView {
	return &replyView{v, []string{"name", "value"}, func(Style) (rows [][]string) {
		for _, p := range v.Pairs {
			rows = append(rows, []string{printable(p.Name), printable(p.Value)})
		}
		return rows
	}}
}

func readMntr(reply string) (*replyView, error) {
	m, err := fourletter.ParseMntr(reply)
	if err != nil {
		return nil, err
	}
	return namedValues{Pairs: m.Pairs, numbers: true}.view(), nil
}

func readEnvi(reply string) (*replyView, error) {
	e, err := fourletter.ParseEnvi(reply)
	if err != nil {
		return nil, err
	}
	return namedValues{Pairs: e.Pairs}.view(), nil
}

func readConf(reply string) (*replyView, error) {
	c, err := fourletter.ParseConf(reply)
	if err != nil {
		return nil, err
	}
	v := namedValues{Pairs: c.Pairs, numbers: true}
	if len(c.Membership) > 0 {
		lines, err := encodeJSON(c.Membership)
		if err != nil {
			return nil, err
		}
		v.more = fourletter.Pairs{{Name: "membership", Value: string(lines)}}
	}
	return v.view(), nil
}

// srvrView is the JSON of srvr and stat.
type srvrView struct {
	Version     string            `json:"version"`
	Mode        string            `json:"mode"`
	ReadOnly    bool              `json:"readOnly"`
	Zxid        Hex               `json:"zxid"`
	Latency     latency           `json:"latencyMs"`
	Received    int64             `json:"received"`
	Sent        int64             `json:"sent"`
	Connections int64             `json:"connections"`
	Outstanding int64             `json:"outstanding"`
	Znodes      int64             `json:"znodes"`
	Proposals   *proposals        `json:"proposalBytes,omitempty"`
	Clients     []briefConn       `json:"clients,omitempty"`
	Other       map[string]string `json:"other,omitempty"`
}

type proposals struct {
	Last int64 `json:"last"`
	Min  int64 `json:"min"`
	Max  int64 `json:"max"`
}

type briefConn struct {
	Client   string `json:"client"`
	Received int64  `json:"received"`
	Sent     int64  `json:"sent"`
	Queued   int64  `json:"queued"`
}

func readSrvr(reply string) (*replyView, error) {
	s, err := fourletter.ParseSrvr(reply)
	if err != nil {
		return nil, err
	}
	v := &srvrView{Version: s.Version, Mode: s.Mode, ReadOnly: s.ReadOnly, Zxid: Hex(s.Zxid),
		Latency: latency{s.MinLatency, s.AvgLatency, s.MaxLatency}, Received: s.Received, Sent: s.Sent,
		Connections: s.Connections, Outstanding: s.Outstanding, Znodes: s.Znodes}
	if p := s.Proposals; p != nil {
		v.Proposals = &proposals{p.Last, p.Min, p.Max}
	}
	for _, c := range s.Clients {
		v.Clients = append(v.Clients, briefConn{c.Addr, c.Received, c.Sent, c.Queued})
	}
	for _, p := range s.Other {
		if v.Other == nil {
			v.Other = map[string]string{}
		}
		v.Other[p.Name] = p.Value
	}
	return &replyView{v, []string{"name", "value"}, v.rows}, nil
}

func (v *srvrView) rows(s Style) [][]string {
	rows := [][]string{
		{"version", printable(v.Version)}, {"mode", printable(v.Mode)}, {"zxid", v.Zxid.String()},
		{"latency min/avg/max", fmt.Sprintf("%d/%.4g/%d", v.Latency.Min, v.Latency.Avg, v.Latency.Max)},
		{"received", s.Count(v.Received)}, {"sent", s.Count(v.Sent)}, {"connections", s.Count(v.Connections)},
		{"outstanding", s.Count(v.Outstanding)}, {"znodes", s.Count(v.Znodes)},
	}
	if v.ReadOnly {
		rows = append(rows, []string{"read-only", "yes"})
	}
	if p := v.Proposals; p != nil {
		rows = append(rows, []string{"proposal bytes last/min/max", fmt.Sprintf("%d/%d/%d", p.Last, p.Min, p.Max)})
	}
	for _, c := range v.Clients {
		rows = append(rows, []string{"client", fmt.Sprintf("%s: received %s, sent %s, queued %s",
			printable(c.Client), s.Count(c.Received), s.Count(c.Sent), s.Count(c.Queued))})
	}
	return rows
}

func readDirs(reply string) (*replyView, error) {
	d, err := fourletter.ParseDirs(reply)
	if err != nil {
		return nil, err
	}
	return &replyView{struct {
		DataDirSize int64 `json:"dataDirSize"`
		LogDirSize  int64 `json:"logDirSize"`
	}{d.DataDirSize, d.LogDirSize}, []string{"snapshots", "logs"}, func(s Style) [][]string {
		return [][]string{{s.Size(d.DataDirSize), s.Size(d.LogDirSize)}}
	}}, nil
}

func readWchs(reply string) (*replyView, error) {
	w, err := fourletter.ParseWchs(reply)
	if err != nil {
		return nil, err
	}
	return &replyView{struct {
		Connections int `json:"connections"`
		Paths       int `json:"paths"`
		Watches     int `json:"watches"`
	}{w.Connections, w.Paths, w.Watches}, []string{"connections", "paths", "watches"}, func(s Style) [][]string {
		return [][]string{{s.Count(int64(w.Connections)), s.Count(int64(w.Paths)), s.Count(int64(w.Watches))}}
	}}, nil
}

func readHash(reply string) (*replyView, error) {
	digests, err := fourletter.ParseHash(reply)
	if err != nil {
		return nil, err
	}
	type digest struct {
		Zxid   Hex `json:"zxid"`
		Digest Hex `json:"digest"`
	}
	list := []digest{}
	for _, d := range digests {
		list = append(list, digest{Hex(d.Zxid), Hex(d.Digest)})
	}
	return &replyView{list, []string{"zxid", "digest"}, func(Style) (rows [][]string) {
		for _, d := range list {
			rows = append(rows, []string{d.Zxid.String(), d.Digest.String()})
		}
		return rows
	}}, nil
}

func readIsro(reply string) (*replyView, error) {
	readOnly, err := fourletter.ParseIsro(reply)
	if err != nil {
		return nil, err
	}
	return oneValue("readOnly", readOnly), nil
}

func readMask(reply string) (*replyView, error) {
	mask, err := fourletter.ParseMask(reply)
	if err != nil {
		return nil, err
	}
	return oneValue("mask", Hex(mask)), nil
}

// readAnswer is for words whose reply is always the same.
func readAnswer(parse func(string) error) func(string) (*replyView, error) {
	return func(reply string) (*replyView, error) {
		if err := parse(reply); err != nil {
			return nil, err
		}
		return oneValue("answer", strings.TrimSpace(reply)), nil
	}
}

func oneValue(name string, value any) *replyView {
	return &replyView{map[string]any{name: value}, []string{name}, func(Style) [][]string {
		return [][]string{{fmt.Sprint(value)}}
	}}
}
