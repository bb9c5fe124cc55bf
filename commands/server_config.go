package commands

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"zook/server"
)

// defaultConfigDirs are where zoo.cfg is if ZOOCFGDIR does not say: in the directory of
// an unpacked ZooKeeper, or where packages put it.
var defaultConfigDirs = []string{"conf", "/etc/zookeeper/conf", "/etc/zookeeper"}

// configPath is the zoo.cfg that a person means by an argument, or by none.
// Behaviour: zkEnv.sh and the beginning of zkServer.sh.
func (o *serverOptions) configPath(args []string) (string, error) {
	dir := cmp.Or(o.configDir, os.Getenv("ZOOCFGDIR"))
	name := cmp.Or(os.Getenv("ZOOCFG"), "zoo.cfg")
	if len(args) > 0 {
		name = args[0]
	}
	if filepath.Base(name) != name { // a path, which no directory goes before
		return name, nil
	}
	if dir != "" {
		if inDir := filepath.Join(dir, name); len(args) == 0 || exists(inDir) {
			return inDir, nil
		}
	}
	if len(args) > 0 {
		return name, nil
	}
	for _, d := range defaultConfigDirs {
		if path := filepath.Join(d, name); exists(path) {
			return path, nil
		}
	}
	return "", usagef("which zoo.cfg? There is no %s in %s, and neither ZOOCFGDIR nor --config says where it is",
		name, strings.Join(defaultConfigDirs, ", "))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readConfig reads the zoo.cfg and the system properties of the environment. It has a
// dataDir; what else is wrong with it is in its Problems.
func (o *serverOptions) readConfig(args []string) (*server.ConfigFile, error) {
	path, err := o.configPath(args)
	if err != nil {
		return nil, err
	}
	f, err := server.ReadConfigFile(path, os.Getenv)
	if err != nil {
		return nil, err
	}
	if f.Config.DataDir == "" {
		return nil, f.Err()
	}
	return f, nil
}

// tellConfig says which file it is, as zkServer.sh does.
func (e *Env) tellConfig(f *server.ConfigFile) {
	fmt.Fprintln(e.Err, "Using config: "+printable(f.Path))
}

// pidFile is where the number of the process that runs in the background stands.
func pidFile(f *server.ConfigFile) string {
	return cmp.Or(os.Getenv("ZOOPIDFILE"), filepath.Join(f.Config.DataDir, "zookeeper_server.pid"))
}

// outFile is where a server in the background writes its log: in ZOO_LOG_DIR, or in the
// data directory.
func outFile(f *server.ConfigFile) string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = filepath.Base(u.Username)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return filepath.Join(cmp.Or(os.Getenv("ZOO_LOG_DIR"), f.Config.DataDir), "zookeeper-"+name+"-server-"+host+".out")
}

// clientAddress is where a client on this machine reaches a server that listens on addr.
func clientAddress(addr string) (host, port string) {
	host, port, _ = net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return host, port
}

// notThere reports whether err says that a file is missing.
func notThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
