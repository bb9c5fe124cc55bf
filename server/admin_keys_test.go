package server

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAdminKeys(t *testing.T) {
	all := AdminConfig{Addr: "127.0.0.1:9000", CommandURL: "/zk", IdleTimeout: 5 * time.Second, RateLimit: 2 * time.Second,
		NoSnapshot: true, NoRestore: true, ForceHTTPS: true, Tree: true, Profile: true,
		TLS: TLS{KeyStore: Store{File: "/k.pem", Type: "PEM", Password: "pw"}, TrustStore: Store{File: "/t.pem"}, ClientAuth: "need",
			OnPlainPort: true, Protocols: []string{"TLSv1.3"}, CipherSuites: []string{"A", "B"}}}
	for _, c := range []struct {
		name, file string
		want       AdminConfig
		err        string
	}{
		{name: "nothing", want: AdminConfig{Addr: ":8080"}},
		{name: "off", file: "admin.enableServer=false\nadmin.serverPort=9000"},
		{name: "a port", file: "zookeeper.admin.serverPort=0\nadmin.enableServer=true", want: AdminConfig{Addr: ":0"}},
		{name: "no limit", file: "admin.serverAddress=[::1]\nadmin.rateLimiterIntervalInMS=0", want: AdminConfig{Addr: "[::1]:8080", RateLimit: -1}},
		{name: "all", file: `admin.serverAddress=127.0.0.1
admin.serverPort=9000
admin.commandURL=/zk
admin.idleTimeout=5000
admin.rateLimiterIntervalInMS=2000
admin.snapshot.enabled=false
admin.restore.enabled=false
admin.forceHttps=true
admin.portUnification=true
admin.needClientAuth=true
admin.tree.enabled=true
admin.pprof.enabled=true
ssl.quorum.keyStore.location=/k.pem
ssl.quorum.keyStore.type=PEM
ssl.quorum.keyStore.password=pw
ssl.quorum.trustStore.location=/t.pem
ssl.quorum.enabledProtocols=TLSv1.3
ssl.quorum.ciphersuites=A,B`, want: all},
		{name: "a port that is none", file: "admin.serverPort=65536", err: "zoo.cfg:2: admin.serverPort"},
		{name: "a URL that is none", file: "admin.commandURL=commands", err: "zoo.cfg:2: admin.commandURL: it does not begin with /"},
		{name: "no boolean", file: "admin.enableServer=yes", err: "zoo.cfg:2: admin.enableServer"},
		{name: "a negative interval", file: "admin.rateLimiterIntervalInMS=-1", err: "zoo.cfg:2: admin.rateLimiter"},
		{name: "no address", file: "admin.serverAddress=", err: "zoo.cfg:2: admin.serverAddress: it is empty"},
	} {
		cfg, warnings, err := parseAll("dataDir=/d\n"+c.file, nil)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.name, err, c.err)
			}
		} else if err != nil || len(warnings) > 0 || !reflect.DeepEqual(cfg.Admin, c.want) {
			t.Errorf("%s: %v %q\n got %+v\nwant %+v", c.name, err, warnings, cfg.Admin, c.want)
		}
	}
}

// The text of zoo.cfg is shown to anyone: not what is secret in it.
func TestInitialConfigWithoutSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	text := "# ours\ndataDir=/d\nssl.keyStore.password=hunter2\nDigestAuthenticationProvider.superDigest=super:xyz=\n"
	for add, want := range map[string]string{
		"":                                   "# ours\ndataDir=/d\nssl.keyStore.password=********\nDigestAuthenticationProvider.superDigest=********\n",
		"ssl.trustStore.password=a\\\n  b\n": "",
	} {
		if err := os.WriteFile(file, []byte(text+add), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := ReadConfig(file)
		if err != nil || cfg.InitialConfig != want {
			t.Errorf("%v, %q, want %q", err, cfg.InitialConfig, want)
		}
	}
}
