package commands

import (
	"slices"

	"zook/fourletter"
)

// Replies that are lists, as JSON and as tables.

func readCons(reply string) (*replyView, error) {
	conns, err := fourletter.ParseCons(reply)
	if err != nil {
		return nil, err
	}
	list := []*connected{}
	for i := range conns {
		list = append(list, newConnected("", &conns[i]))
	}
	const server = 1 // the column
	return &replyView{list, without(connectedColumns, server), func(s Style) (rows [][]string) {
		for _, x := range list {
			_, r := x.Row(s)
			rows = append(rows, without(r[0], server))
		}
		return rows
	}}, nil
}

// without is the list without its i-th.
func without(list []string, i int) []string { return slices.Delete(slices.Clone(list), i, i+1) }

// dumpView is the JSON of dump.
type dumpView struct {
	Expiries   []expiryView   `json:"expiries,omitempty"` // of a leader, or a server that stands alone
	Sessions   []timeoutView  `json:"sessions,omitempty"` // of a follower
	Ephemerals []sessionPaths `json:"ephemerals"`
}

type expiryView struct {
	At       string `json:"at"` // in the words of the server
	Sessions []Hex  `json:"sessions"`
}

type timeoutView struct {
	Session   Hex   `json:"session"`
	TimeoutMs int64 `json:"timeoutMs"`
}

type sessionPaths struct {
	Session Hex      `json:"session"`
	Paths   []string `json:"paths"`
}

func newSessionPaths(list []fourletter.SessionPaths) []sessionPaths {
	views := []sessionPaths{}
	for _, s := range list {
		views = append(views, sessionPaths{Hex(s.Session), append([]string{}, s.Paths...)})
	}
	return views
}

func readDump(reply string) (*replyView, error) {
	d, err := fourletter.ParseDump(reply)
	if err != nil {
		return nil, err
	}
	v := &dumpView{Ephemerals: newSessionPaths(d.Ephemerals)}
	for _, x := range d.Expiries {
		v.Expiries = append(v.Expiries, expiryView{x.At, hexes(x.Sessions)})
	}
	for _, g := range d.Global {
		v.Sessions = append(v.Sessions, timeoutView{Hex(g.Session), g.Timeout})
	}
	return &replyView{v, []string{"session", "expires", "timeout", "ephemerals"}, v.rows}, nil
}

func hexes(ids []int64) []Hex {
	list := []Hex{}
	for _, id := range ids {
		list = append(list, Hex(id))
	}
	return list
}

func (v *dumpView) rows(s Style) (rows [][]string) {
	paths := map[Hex][]string{}
	for _, e := range v.Ephemerals {
		paths[e.Session] = e.Paths
	}
	add := func(id Hex, expires, timeout string) {
		rows = append(rows, []string{id.String(), expires, timeout, s.Count(int64(len(paths[id])))})
		for _, p := range paths[id] {
			rows = append(rows, []string{"", "", "", printable(p)})
		}
		delete(paths, id)
	}
	for _, x := range v.Expiries {
		for _, id := range x.Sessions {
			add(id, printable(x.At), "-")
		}
	}
	for _, t := range v.Sessions {
		add(t.Session, "-", s.Count(t.TimeoutMs))
	}
	for _, e := range v.Ephemerals {
		if _, left := paths[e.Session]; left {
			add(e.Session, "-", "-")
		}
	}
	return rows
}

func readWchc(reply string) (*replyView, error) {
	sessions, err := fourletter.ParseWchc(reply)
	if err != nil {
		return nil, err
	}
	list := newSessionPaths(sessions)
	return &replyView{list, []string{"session", "path"}, func(Style) (rows [][]string) {
		for _, x := range list {
			for _, p := range x.Paths {
				rows = append(rows, []string{x.Session.String(), printable(p)})
			}
		}
		return rows
	}}, nil
}

func readWchp(reply string) (*replyView, error) {
	paths, err := fourletter.ParseWchp(reply)
	if err != nil {
		return nil, err
	}
	type pathSessions struct {
		Path     string `json:"path"`
		Sessions []Hex  `json:"sessions"`
	}
	list := []pathSessions{}
	for _, p := range paths {
		list = append(list, pathSessions{p.Path, hexes(p.Sessions)})
	}
	return &replyView{list, []string{"path", "session"}, func(Style) (rows [][]string) {
		for _, x := range list {
			for _, id := range x.Sessions {
				rows = append(rows, []string{printable(x.Path), id.String()})
			}
		}
		return rows
	}}, nil
}
