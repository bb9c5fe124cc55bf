package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Member is a line server.N of an ensemble's configuration:
//
//	server.N=host:port:electionPort[:role][|host:port:electionPort[:role]…][;[host:]clientPort[;[host:]secureClientPort]]
//
// Format: QuorumPeer.QuorumServer.
type Member struct {
	ID       int64
	Hosts    []MemberHost // several only with multiAddress.enabled
	Observer bool
	// ClientAddr and SecureAddr are where clients connect, host:port; "" if the line
	// does not say.
	ClientAddr, SecureAddr string
	Place                  string // file:line
}

// MemberHost is one address of a member.
type MemberHost struct {
	Host               string
	Port, ElectionPort int
}

// ensembleKeys are about servers that form an ensemble. A single server.N is a
// standalone server, as in Apache.
var ensembleKeys = setters{
	"server.":           {set: setMember},
	"dynamicConfigFile": {set: func(s *settings, v string) error { s.dynamicFile = v; return nonEmpty(v) }},
	"standaloneEnabled": {
		set: func(s *settings, v string) error {
			on, err := parseBool(v)
			s.onlyEnsembles = !on
			return err
		},
		show: func(*Config) string { return "true" },
	},

	// What only the servers of an ensemble say to each other.
	"group.":      {set: func(*settings, string) error { return nil }},
	"weight.":     {set: func(*settings, string) error { return nil }},
	"initLimit":   unused(1, 1<<31-1),
	"syncLimit":   unused(1, 1<<31-1),
	"electionAlg": unused(3, 3),
}

// unused is a number that a standalone server does not look at.
func unused(lowest, highest int) setting {
	return setting{set: func(_ *settings, v string) error {
		_, err := parseNumber(v, lowest, highest)
		return err
	}}
}

func setMember(s *settings, v string) error {
	id, err := strconv.ParseInt(strings.TrimPrefix(s.key, "server."), 10, 64)
	if err != nil {
		return fmt.Errorf("what follows server. is the number of a server")
	}
	m, err := parseMember(v)
	if err != nil {
		return err
	}
	m.ID, m.Place = id, s.file.given[s.key].place
	for i, other := range s.file.Members {
		if other.ID == id {
			s.file.Members[i] = m
			return nil
		}
	}
	s.file.Members = append(s.file.Members, m)
	return nil
}

func parseMember(v string) (Member, error) {
	const form = "%.100q is not host:port:electionPort[:role][;[host:]clientPort]"
	var m Member
	parts := strings.Split(v, ";")
	if len(parts) > 3 {
		return m, fmt.Errorf(form, v)
	}
	role := ""
	for _, address := range strings.Split(parts[0], "|") {
		fields := hostAndPorts(address)
		if len(fields) < 3 || len(fields) > 4 || fields[0] == "" {
			return m, fmt.Errorf(form, v)
		}
		h := MemberHost{Host: fields[0]}
		var err error
		if h.Port, err = parseNumber(fields[1], 1, 65535); err != nil {
			return m, err
		}
		if h.ElectionPort, err = parseNumber(fields[2], 1, 65535); err != nil {
			return m, err
		}
		if h.Port == h.ElectionPort {
			return m, fmt.Errorf("port and electionPort are both %d", h.Port)
		}
		if len(fields) == 4 {
			if r := strings.ToLower(strings.TrimSpace(fields[3])); role != "" && role != r {
				return m, fmt.Errorf("its addresses have different roles")
			} else {
				role = r
			}
		}
		m.Hosts = append(m.Hosts, h)
	}
	switch role {
	case "observer":
		m.Observer = true
	case "", "participant":
	default:
		return m, fmt.Errorf("%.60q is neither participant nor observer", role)
	}
	for i, addr := range parts[1:] {
		if addr == "" {
			continue
		}
		fields := hostAndPorts(addr)
		if len(fields) == 0 || len(fields) > 2 {
			return m, fmt.Errorf(form, v)
		}
		if _, err := parseNumber(fields[len(fields)-1], 0, 65535); err != nil {
			return m, err
		}
		host := "0.0.0.0"
		if len(fields) == 2 {
			host = fields[0]
		}
		*[]*string{&m.ClientAddr, &m.SecureAddr}[i] = net.JoinHostPort(host, fields[len(fields)-1])
	}
	return m, nil
}

// hostAndPorts cuts host:port[:more], where an IPv6 address stands in brackets.
func hostAndPorts(s string) []string {
	if inside, ok := strings.CutPrefix(s, "["); ok {
		host, rest, ok := strings.Cut(inside, "]")
		if !ok || rest != "" && rest[0] != ':' {
			return nil
		}
		if rest == "" {
			return []string{host}
		}
		return append([]string{host}, strings.Split(rest[1:], ":")...)
	}
	return strings.Split(s, ":")
}

// finishEnsemble takes the dynamic file, and refuses what would be an ensemble: a
// server that runs alone where several are meant would be a second truth.
func finishEnsemble(s *settings) {
	if s.dynamicFile != "" {
		s.takeEnsembleFile()
	}
	voters, observers := 0, 0
	for _, m := range s.file.Members {
		if m.Observer {
			observers++
		} else {
			voters++
		}
	}
	last := len(s.file.Members) - 1
	switch {
	case voters > 1:
		s.ensembleWrong(s.file.Members[last].Place, "an ensemble of %d servers is not served yet; one server.N, or none, is a standalone server", last+1)
	case observers > 0:
		s.ensembleWrong(s.file.Members[last].Place, "observers need an ensemble of participants")
	case s.onlyEnsembles:
		s.wrong("standaloneEnabled", "ensembles, also of one server, are not served yet")
	}
	if len(s.file.Members) > 0 {
		s.takeOwnMember(voters)
	}
}

func (s *settings) ensembleWrong(place, format string, args ...any) {
	s.file.Problems = append(s.file.Problems, Problem{Place: place, Text: fmt.Sprintf(format, args...), Fatal: true})
}

// takeEnsembleFile reads the file that dynamicConfigFile names. Only it has the lines
// of the ensemble then, and nothing else.
func (s *settings) takeEnsembleFile() {
	for _, m := range s.file.Members {
		s.ensembleWrong(m.Place, "server.%d has to be in the file of dynamicConfigFile", m.ID)
	}
	s.file.Members = nil
	props, problems, err := readProperties(s.dynamicFile)
	if err != nil {
		s.wrong("dynamicConfigFile", "%v", err)
		return
	}
	s.file.Problems = append(s.file.Problems, problems...)
	s.inEnsembleFile = true
	defer func() { s.inEnsembleFile = false }()
	for _, p := range props {
		switch {
		case strings.HasPrefix(p.key, "server."), strings.HasPrefix(p.key, "group"), strings.HasPrefix(p.key, "weight"):
			s.take(p)
		default:
			s.ensembleWrong(p.place, "%.60s does not belong into the file of dynamicConfigFile", p.key)
		}
	}
}

// takeOwnMember takes the client ports of the server.N that the file myid says is this
// one. Behaviour: QuorumPeerConfig.setupMyId, setupClientPort.
func (s *settings) takeOwnMember(voters int) {
	file := filepath.Join(s.cfg.DataDir, "myid")
	id, err := ReadMyID(s.cfg.DataDir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			if voters < 2 {
				return // a standalone server needs none
			}
			err = errors.New("it is missing, and says which server.N this is")
		}
		s.ensembleWrong(file, "%v", err)
		return
	}
	i := slices.IndexFunc(s.file.Members, func(m Member) bool { return m.ID == id })
	if i == -1 || s.file.Members[i].ClientAddr == "" {
		return
	}
	m := s.file.Members[i]
	host, port, _ := net.SplitHostPort(m.ClientAddr)
	n, _ := strconv.Atoi(port)
	if s.port != -1 && (s.port != n || s.host != "" && s.host != host && !net.ParseIP(s.host).IsUnspecified()) {
		s.wrong("clientPort", "it differs from that of server.%d, %s", id, m.ClientAddr)
		return
	}
	s.host, s.port = host, n
}

// ReadMyID reads the file myid of a data directory: the number of the server in its
// ensemble. The error is fs.ErrNotExist where there is none.
func ReadMyID(dataDir string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(dataDir, "myid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(strings.ReplaceAll(string(b), "\r", "\n"), "\n")
	id, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.60q is not the number of a server", line)
	}
	return id, nil
}
