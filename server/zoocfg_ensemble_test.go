package server

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	for line, want := range map[string]string{
		"a:1:2":                              "[{a 1 2}] false  ",
		"a:1:2:participant":                  "[{a 1 2}] false  ",
		"a:1:2:OBSERVER":                     "[{a 1 2}] true  ",
		"a:1:2;2181":                         "[{a 1 2}] false 0.0.0.0:2181 ",
		"a:1:2:participant;b:2181":           "[{a 1 2}] false b:2181 ",
		"[::1]:1:2;[::2]:2181":               "[{::1 1 2}] false [::2]:2181 ",
		"a:1:2;;2281":                        "[{a 1 2}] false  0.0.0.0:2281",
		"a:1:2;2181;b:2281":                  "[{a 1 2}] false 0.0.0.0:2181 b:2281",
		"a:1:2|b:3:4":                        "[{a 1 2} {b 3 4}] false  ",
		"a:1:2:observer|b:3:4:observer;2181": "[{a 1 2} {b 3 4}] true 0.0.0.0:2181 ",
		"a":                                  "host:port:electionPort",
		"a:1":                                "host:port:electionPort",
		"":                                   "host:port:electionPort",
		"a:1:2:x:y":                          "host:port:electionPort",
		"a:1:2;1;2;3":                        "host:port:electionPort",
		"a:1:2;a:b:c":                        "host:port:electionPort",
		"a:1:2;[::1":                         "host:port:electionPort",
		"[::1:1:2":                           "host:port:electionPort",
		"a:x:2":                              "is not a number",
		"a:1:65536":                          "is not a number",
		"a:1:2;x":                            "is not a number",
		"a:1:1":                              "are both 1",
		"a:1:2:leader":                       "neither participant nor observer",
		"a:1:2:observer|b:1:2:participant":   "different roles",
	} {
		m, err := parseMember(line)
		got := fmt.Sprintf("%v %v %s %s", m.Hosts, m.Observer, m.ClientAddr, m.SecureAddr)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

// What is in the file that dynamicConfigFile names, and in myid.
func TestEnsembleFiles(t *testing.T) {
	for _, c := range []struct {
		name, static, dynamic, myid string
		addr                        string
		says                        []string // what is wrong
	}{
		{"one server", "", "server.1=localhost:1:2:participant;127.0.0.1:2182\n", "1\n", "127.0.0.1:2182", nil},
		{"without myid", "clientPort=2183", "server.1=localhost:1:2;127.0.0.1:2182\n", "", ":2183", nil},
		{"the same port twice", "clientPort=2182", "server.1=localhost:1:2;2182", "1", "0.0.0.0:2182", nil},
		{"another port", "clientPort=2183", "server.1=localhost:1:2;2182", "1", ":2183",
			[]string{"zoo.cfg:2: clientPort: it differs from that of server.1, 0.0.0.0:2182"}},
		{"no number", "", "server.1=localhost:1:2", "x\n", ":2181", []string{`myid: "x" is not the number of a server`}},
		{"several", "", "server.1=localhost:1:2;2182\nserver.2=localhost:3:4;2183", "2", "0.0.0.0:2183",
			[]string{"zoo.cfg.dynamic:2: an ensemble of 2 servers is not served yet"}},
		{"several, and no myid", "", "server.1=localhost:1:2;2182\nserver.2=localhost:3:4;2183", "", ":2181",
			[]string{"zoo.cfg.dynamic:2: an ensemble of 2 servers", "myid: it is missing"}},
		{"servers in both files", "server.5=localhost:1:2", "server.1=localhost:1:2", "", ":2181",
			[]string{"zoo.cfg:2: server.5 has to be in the file of dynamicConfigFile"}},
		{"other keys", "", "server.1=localhost:1:2\nversion=100000000\ntickTime=5", "", ":2181",
			[]string{"zoo.cfg.dynamic:2: version does not belong", "zoo.cfg.dynamic:3: tickTime does not belong"}},
		{"groups", "", "server.1=localhost:1:2\ngroup.1=1\nweight.1=1", "", ":2181", nil},
		{"no server", "", "server.1=localhost", "", ":2181", []string{"zoo.cfg.dynamic:1: server.1: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			static, dynamic := filepath.Join(dir, "zoo.cfg"), filepath.Join(dir, "zoo.cfg.dynamic")
			os.WriteFile(static, []byte("dataDir="+dir+"\n"+c.static+"\ndynamicConfigFile="+dynamic+"\n"), 0o644)
			os.WriteFile(dynamic, []byte(c.dynamic), 0o644)
			if c.myid != "" {
				os.WriteFile(filepath.Join(dir, "myid"), []byte(c.myid), 0o644)
			}
			f, err := ReadConfigFile(static, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Config.Addr != c.addr {
				t.Errorf("address %s, want %s", f.Config.Addr, c.addr)
			}
			var said []string
			for _, p := range f.Problems {
				said = append(said, strings.ReplaceAll(p.String(), dir+"/", ""))
			}
			same := slices.EqualFunc(said, c.says, func(got, want string) bool { return strings.HasPrefix(got, want) })
			if !same || (f.Err() != nil) != (len(c.says) > 0) {
				t.Errorf("said %q, want %q", said, c.says)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	os.WriteFile(file, []byte("dataDir=/d\ndynamicConfigFile=/nowhere/zoo.cfg.dynamic"), 0o644)
	if _, _, err := ReadConfig(file); err == nil || !strings.Contains(err.Error(), "zoo.cfg:2: dynamicConfigFile: open /nowhere/zoo.cfg.dynamic: no such file") {
		t.Errorf("no dynamic file: %v", err)
	}
}

// What is printed of a configuration, set again, is the same configuration.
func TestEffectiveIsTheSame(t *testing.T) {
	for _, c := range configs {
		if c.err != "" {
			continue
		}
		props, problems := parseProperties([]byte(c.file), "zoo.cfg")
		s := newSettings("zoo.cfg", problems)
		s.takeAll(props)
		s.finish()
		again := newSettings("again.cfg", nil)
		for _, e := range s.file.Effective() {
			if st, _ := settingOf(e.Key); st.show != nil && e.Value == "" {
				continue // it is off
			}
			again.take(property{e.Key, e.Value, "again.cfg:1"})
		}
		again.finish()
		if err := again.file.Err(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, want := fmt.Sprintf("%+v", again.file.Effective()), fmt.Sprintf("%+v", s.file.Effective())
		strip := func(s string) string {
			return strings.ReplaceAll(placesOf.ReplaceAllString(s, ""), "Place:default", "")
		}
		if strip(got) != strip(want) {
			t.Errorf("%s:\n%s\nis shown, and set again it is\n%s", c.name, want, got)
		}
	}
}

var placesOf = regexp.MustCompile(`Place:\S+`)
