package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// configFile is a JSON file of named servers:
//
//	{
//	  "current": "prod",
//	  "contexts": {
//	    "prod": {
//	      "server": "zk1:2181,zk2:2181/app",
//	      "sessionTimeout": "30s",
//	      "auth": ["digest:user:password"],
//	      "sasl": {"user": "bob", "passwordFile": "/home/bob/.zookeeper"},
//	      "tls": {"ca": "ca.pem", "cert": "me.pem", "key": "me.key", "serverName": "zk"}
//	    }
//	  }
//	}
//
// The password of "sasl" may stand there as "password", too; else it is
// $ZOOK_SASL_PASSWORD.
//
// The file is $ZOOK_CONFIG, else zook/config.json in the user's configuration folder
// (~/.config on Linux). Having none is fine.
type configFile struct {
	Current  string                   `json:"current"`
	Contexts map[string]serverContext `json:"contexts"`
}

type serverContext struct {
	Server         string       `json:"server"`
	SessionTimeout jsonDuration `json:"sessionTimeout,omitempty"`
	Auth           []string     `json:"auth,omitempty"`
	SASL           SASL         `json:"sasl,omitzero"`
	TLS            TLS          `json:"tls,omitzero"`
}

// jsonDuration is a duration written as "30s".
type jsonDuration time.Duration

func (d *jsonDuration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = jsonDuration(v)
	return err
}

func configPath() string {
	if p := os.Getenv("ZOOK_CONFIG"); p != "" {
		return p
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "" // no home folder: nowhere for a file to be
	}
	return filepath.Join(dir, "zook", "config.json")
}

// currentContext is the context that the configuration file names as current,
// nil if there is no file or none is current.
func currentContext() (*serverContext, error) {
	path := configPath()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("ZOOK_CONFIG") == "" {
		return nil, nil
	}
	if err != nil {
		return nil, usagef("configuration: %v", err)
	}
	var f configFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, usagef("configuration %s: %v", path, err)
	}
	if f.Current == "" {
		return nil, nil
	}
	c, ok := f.Contexts[f.Current]
	if !ok {
		return nil, usagef("configuration %s: there is no context %q", path, f.Current)
	}
	if c.Server == "" {
		return nil, usagef("configuration %s: context %q names no server", path, f.Current)
	}
	return &c, nil
}
