package commands

import (
	"errors"
	"io/fs"
	"os"

	"zook/datadir"
	"zook/server"
)

// Files says that znodes are read from a data directory, and as of when. The zero
// value means that they are those of a server.
type Files struct {
	Dir string // the data directory, the version-2 in it, or a zoo.cfg
	At  moment // the zero value is the end
}

// fileFlags are the flags of Files, which only the start of zook takes.
var fileFlags = []string{"data-dir", "at"}

// check refuses flags that contradict each other: server is one of connectFlags
// that was given, "" if none was.
func (f Files) check(server string) error {
	switch {
	case f.Dir == "" && f.At != (moment{}):
		return usagef("--at is about files: it needs --data-dir")
	case f.Dir != "" && server != "":
		return usagef("--data-dir reads files and --%s is for a server: one of them is enough", server)
	}
	return nil
}

// dataDir is the directory of --data-dir.
func (e *Env) dataDir() (*datadir.Dir, error) {
	if !e.Offline() {
		return nil, usagef("this reads files: --data-dir DIR says where they are")
	}
	return findDataDir(e.Files.Dir)
}

// findDataDir finds the data directory that a person names: itself, the version-2
// in it, or a zoo.cfg, which may name two directories.
func findDataDir(name string) (*datadir.Dir, error) {
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && st.IsDir():
		return datadir.Find(name)
	case err != nil:
		return nil, err
	}
	f, err := server.ReadConfigFile(name, nil)
	if err != nil {
		return nil, err
	}
	if f.Config.DataDir == "" { // all else is for who runs a server with it
		return nil, f.Err()
	}
	return datadir.FindBoth(f.Config.DataDir, f.Config.DataLogDir)
}
