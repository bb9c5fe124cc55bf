package server

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ReadConfig reads a zoo.cfg. A key without a meaning here is a warning, a line
// each with the place; a wrong value is an error with file and line.
//
// Keys and defaults are Apache's (QuorumPeerConfig.java); system properties may
// stand with or without their prefix "zookeeper.".
func ReadConfig(file string) (Config, []string, error) {
	f, err := ReadConfigFile(file, nil)
	if err != nil {
		return Config{}, nil, err
	}
	return f.Config, f.Warnings(), f.Err()
}

// ConfigFile is a zoo.cfg as it was read, right or wrong.
type ConfigFile struct {
	Path     string
	Config   Config
	Problems []Problem // in the order in which they were found
	Members  []Member  // of the ensemble: server.N

	given map[string]property // by key without prefix
}

// Problem is something wrong with a configuration.
type Problem struct {
	Place string // file:line, the file, or an environment variable
	Key   string // "" if it is not about one
	Text  string // what is wrong
	Fatal bool   // no server starts with it
	// Absent says that the key is one of Apache's that has no meaning here.
	Absent bool
}

// String is the problem in one line.
func (p Problem) String() string {
	line := p.Place + ": " + p.Text
	switch {
	case p.Key != "" && p.Fatal:
		line = p.Place + ": " + p.Key + ": " + p.Text
	case p.Key != "":
		line = p.Place + ": " + p.Key + " " + p.Text
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, line)
}

// Err is the first problem that keeps a server from starting, or nil.
func (f *ConfigFile) Err() error {
	for _, p := range f.Problems {
		if p.Fatal {
			return errors.New(p.String())
		}
	}
	return nil
}

// Warnings are the problems that a server starts with, a line each.
func (f *ConfigFile) Warnings() []string {
	var lines []string
	for _, p := range f.Problems {
		if !p.Fatal {
			lines = append(lines, p.String())
		}
	}
	return lines
}

// Setting is a key with the value in effect.
type Setting struct {
	Key    string
	Value  string
	Place  string // file:line, an environment variable, or "default"
	Secret bool   // Value is not for everybody's eyes
}

// WithDefaults is the Config with what a server takes for everything that is not set.
func (f *ConfigFile) WithDefaults() Config {
	c, _ := f.Config.withDefaults() // what is wrong is in Problems
	return c
}

// Given is the value of a key as it stands, and where.
func (f *ConfigFile) Given(key string) (value, place string, ok bool) {
	p, ok := f.given[key]
	return p.value, p.place, ok
}

// Effective is what a server would run with, by key: all keys that have a default, and
// those without that were given.
func (f *ConfigFile) Effective() []Setting {
	c := f.WithDefaults()
	var all []Setting
	add := func(key string, st setting) {
		p, given := f.given[key]
		switch {
		case st.show != nil:
			p.value = st.show(&c)
		case !given:
			return
		}
		if !given {
			p.place = "default"
		}
		all = append(all, Setting{Key: key, Value: p.value, Place: p.place, Secret: st.secret})
	}
	for _, group := range keys {
		for key, st := range group {
			if !strings.HasSuffix(key, ".") {
				add(key, st)
			}
		}
	}
	for key := range f.given {
		if st, ok := settingOf(key); ok && !isWholeKey(key) {
			add(key, st)
		}
	}
	slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// isWholeKey reports whether a key has a meaning of its own, not by how it begins.
func isWholeKey(key string) bool {
	for _, group := range keys {
		if _, ok := group[key]; ok {
			return true
		}
	}
	return false
}

// ReadConfigFile reads a zoo.cfg and what is wrong with it. getenv, unless it is nil,
// is asked for the variables that give Apache's server its system properties,
// SERVER_JVMFLAGS, JVMFLAGS and ZOO_DATADIR_AUTOCREATE_DISABLE; what the file says
// counts more. The error is of a file that cannot be read at all.
func ReadConfigFile(file string, getenv func(string) string) (*ConfigFile, error) {
	props, problems, err := readProperties(file)
	if err != nil {
		return nil, err
	}
	s := newSettings(file, problems)
	if getenv != nil {
		s.takeAll(systemProperties(getenv))
	}
	s.takeAll(props)
	s.finish()
	return &s.file, nil
}

// settings is a configuration while it is read: the Config, and what lines say that
// only makes sense together.
type settings struct {
	cfg  *Config // file.Config
	file ConfigFile
	key  string // of the line that is taken, without prefix

	host           string
	port           int // of clientPort; -1 is not set
	secureHost     string
	securePort     int
	verifyNoHost   bool // ssl.hostnameVerification=false
	enforceAuth    bool // enforce.auth.enabled
	admin          adminSettings
	dynamicFile    string
	onlyEnsembles  bool // standaloneEnabled=false
	inEnsembleFile bool // while dynamicFile is read
}

func newSettings(file string, problems []Problem) *settings {
	s := &settings{port: -1, admin: adminSettings{port: -1}, file: ConfigFile{Path: file, Problems: problems, given: map[string]property{}}}
	s.cfg = &s.file.Config
	return s
}

// takeAll sets what properties say, in their order: the last of a key counts.
func (s *settings) takeAll(props []property) {
	for _, p := range props {
		s.take(p)
	}
}

func (s *settings) take(p property) {
	s.key = strings.TrimPrefix(p.key, "zookeeper.")
	st, ok := settingOf(s.key)
	if !ok {
		s.warn(p, unknownKey(s.key))
		s.file.Problems[len(s.file.Problems)-1].Absent = absentReason(s.key) != ""
		return
	}
	if before, ok := s.file.given[s.key]; ok && !s.inEnsembleFile {
		s.warn(p, "is set at "+before.place+" too; this one counts")
	}
	s.file.given[s.key] = p
	if err := st.set(s, p.value); err != nil {
		s.file.Problems = append(s.file.Problems, Problem{Place: p.place, Key: p.key, Text: err.Error(), Fatal: true})
	}
}

// warn adds a problem that a server starts with.
func (s *settings) warn(p property, text string) {
	s.file.Problems = append(s.file.Problems, Problem{Place: p.place, Key: fmt.Sprintf("%.60s", cmp.Or(p.key, `""`)), Text: text})
}

// wrong adds a problem that no server starts with, at the line that set a key.
func (s *settings) wrong(key, format string, args ...any) {
	place := s.file.Path
	if p, ok := s.file.given[key]; ok {
		place = p.place
	}
	s.file.Problems = append(s.file.Problems, Problem{Place: place, Key: key, Text: fmt.Sprintf(format, args...), Fatal: true})
}

// isSet reports whether a key was given.
func (s *settings) isSet(key string) bool {
	_, ok := s.file.given[key]
	return ok
}

// unknownKey says that a key has no meaning here, and why or which one was probably meant.
func unknownKey(key string) string {
	const says = "has no meaning here"
	if why := absentReason(key); why != "" {
		return says + ": " + why
	}
	for _, group := range keys {
		for known := range group {
			if strings.EqualFold(known, key) {
				return says + "; did you mean " + known + "?"
			}
		}
	}
	return says
}

// finishers look at what only makes sense once all lines have been read.
var finishers = []func(*settings){
	finishDirectories,
	finishEnsemble,
	finishTLS,
	finishAuth,
	finishPorts,
	finishWords,
	finishTimes,
	finishSASL,
	finishAdmin,
	finishConns,
}

func (s *settings) finish() {
	for _, f := range finishers {
		f(s)
	}
}

// systemProperties are the -D of the variables that zkServer.sh gives to Java.
func systemProperties(getenv func(string) string) []property {
	var props []property
	if name := "ZOO_DATADIR_AUTOCREATE_DISABLE"; getenv(name) != "" {
		props = append(props, property{"zookeeper.datadir.autocreate", "false", name})
	}
	for _, name := range []string{"SERVER_JVMFLAGS", "JVMFLAGS"} {
		for _, word := range strings.Fields(getenv(name)) {
			definition, ok := strings.CutPrefix(word, "-D")
			if !ok {
				continue
			}
			key, value, _ := strings.Cut(definition, "=")
			if isOurs(key) {
				props = append(props, property{key, value, name})
			}
		}
	}
	return props
}

// isOurs reports whether a system property is of ZooKeeper, not of Java or a library,
// and not one of the scripts' own.
func isOurs(key string) bool {
	theirs := []string{"zookeeper.log.dir", "zookeeper.log.file", "zookeeper.log.threshold",
		"zookeeper.console.threshold", "zookeeper.root.logger", "zookeeper.jmx.log4j.disable"}
	if bare := slices.ContainsFunc(bareProperties, func(b string) bool {
		return key == b || strings.HasSuffix(b, ".") && strings.HasPrefix(key, b)
	}); bare {
		return true
	}
	return strings.HasPrefix(key, "zookeeper.") && !slices.Contains(theirs, key)
}

// bareProperties are the system properties of Apache's that have no prefix; one that ends
// in a dot stands for all that begin with it.
var bareProperties = []string{"jute.maxbuffer", "java.security.auth.login.config", "readonlymode.enabled",
	"fsync.warningthresholdms", "znode.container.", "learner.", "leader.", "follower.", "request_throttle_drop_stale"}
